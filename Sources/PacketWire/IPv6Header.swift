/// A view of an IPv6 header (RFC 8200, section 3).
public struct IPv6Header: ~Escapable {
  /// Length of the header without extension headers, in bytes.
  @inlinable
  public static var byteCount: Int { 40 }
  /// Where the header says what follows it.
  @inlinable
  public static var nextHeaderOffset: Int { 6 }
  /// How many extension headers of one packet are walked over; a packet with more is malformed.
  @inlinable
  public static var maximumExtensionCount: Int { 16 }
  @usableFromInline let bytes: RawSpan

  /// Views a header; nil if it is cut short or not of version 6.
  ///
  /// Whether the packet is as long as it says is another question: see `hasValidLength`.
  @inlinable
  @_lifetime(copy bytes)
  public init?(_ bytes: RawSpan) {
    guard bytes.byteCount >= Self.byteCount, bytes.byte(at: 0) >> 4 == 6 else { return nil }
    self.bytes = bytes
  }

  /// Differentiated services code point (6 bits) and congestion notification (2 bits).
  @inlinable
  public var trafficClass: UInt8 { UInt8(truncatingIfNeeded: bytes.bigEndian16(at: 0) >> 4) }

  /// The flow label, 20 bits.
  @inlinable
  public var flowLabel: UInt32 { bytes.bigEndian32(at: 0) & 0xf_ffff }

  /// Length of what follows this header, extension headers included, in bytes.
  @inlinable
  public var payloadLength: UInt16 { bytes.bigEndian16(at: 4) }

  /// The extension header or payload that follows.
  @inlinable
  public var nextHeader: IPProtocol { IPProtocol(rawValue: bytes.byte(at: Self.nextHeaderOffset)) }

  /// How many more hops the packet may take.
  @inlinable
  public var hopLimit: UInt8 { bytes.byte(at: 7) }

  /// Where the packet comes from.
  @inlinable
  public var source: IPv6Address { bytes.ipv6Address(at: 8) }

  /// Where the packet goes.
  @inlinable
  public var destination: IPv6Address { bytes.ipv6Address(at: 24) }

  /// Whether the bytes hold the whole packet.
  @inlinable
  public var hasValidLength: Bool { Int(payloadLength) <= bytes.byteCount &- Self.byteCount }

  /// What follows the header: up to the payload length, or to the end of the bytes where that comes first.
  @inlinable
  public var payload: RawSpan {
    @_lifetime(copy self)
    get { bytes.from(Self.byteCount).extracting(first: Int(payloadLength)) }
  }

  /// Walks over the extension headers; nil if they are cut short or too many.
  @inlinable
  public var extensions: IPv6Extensions? { IPv6Extensions(payload, nextHeader: nextHeader) }

  /// Writes a header.
  ///
  /// - Precondition: `offset + byteCount` lies within the bytes.
  @inlinable
  public static func write(
    source: IPv6Address, destination: IPv6Address, nextHeader: IPProtocol, payloadLength: UInt16,
    trafficClass: UInt8 = 0, flowLabel: UInt32 = 0, hopLimit: UInt8 = 64, to bytes: inout MutableRawSpan,
    at offset: Int = 0
  ) {
    let first: UInt32 = 6 << 28 | UInt32(trafficClass) << 20 | flowLabel & 0xf_ffff
    bytes.store(bigEndian32: first, at: offset)
    bytes.store(bigEndian16: payloadLength, at: offset &+ 4)
    bytes.store(byte: nextHeader.rawValue, at: offset &+ 6)
    bytes.store(byte: hopLimit, at: offset &+ 7)
    bytes.store(source, at: offset &+ 8)
    bytes.store(destination, at: offset &+ 24)
  }
}

/// The fragment header of an IPv6 packet (RFC 8200, section 4.5).
public struct IPv6Fragment: Hashable, Sendable, BitwiseCopyable {
  /// Length of the header, in bytes.
  @inlinable
  public static var byteCount: Int { 8 }

  /// What the payload of the whole packet is.
  public var nextHeader: IPProtocol
  /// The offset (13 bits, in units of 8 bytes), two reserved bits, and "more fragments" (1 bit).
  public var rawOffset: UInt16
  /// The identification that the fragments of one packet share.
  public var identification: UInt32

  /// Makes a fragment header; the offset, in bytes, is rounded down to a multiple of eight.
  @inlinable
  public init(nextHeader: IPProtocol, offset: Int, hasMore: Bool, identification: UInt32) {
    self.nextHeader = nextHeader
    self.rawOffset = UInt16(truncatingIfNeeded: offset) & 0xfff8 | (hasMore ? 1 : 0)
    self.identification = identification
  }

  /// Reads a fragment header.
  ///
  /// - Precondition: the bytes hold `byteCount` of them.
  @inlinable
  init(_ bytes: RawSpan) {
    nextHeader = IPProtocol(rawValue: bytes.byte(at: 0))
    rawOffset = bytes.bigEndian16(at: 2)
    identification = bytes.bigEndian32(at: 4)
  }

  /// Where the payload belongs in the whole packet's, in bytes.
  @inlinable
  public var offset: Int { Int(rawOffset & 0xfff8) }

  /// Whether further fragments follow.
  @inlinable
  public var hasMore: Bool { rawOffset & 1 != 0 }

  /// Whether the packet is in truth whole (RFC 6946, "atomic fragment").
  @inlinable
  public var isAtomic: Bool { offset == 0 && !hasMore }

  /// Writes the header.
  ///
  /// - Precondition: `offset + byteCount` lies within the bytes.
  @inlinable
  public func write(to bytes: inout MutableRawSpan, at offset: Int = 0) {
    bytes.store(byte: nextHeader.rawValue, at: offset)
    bytes.store(byte: 0, at: offset &+ 1)
    bytes.store(bigEndian16: rawOffset, at: offset &+ 2)
    bytes.store(bigEndian32: identification, at: offset &+ 4)
  }
}

/// What a walk over the extension headers of an IPv6 packet found (RFC 8200, section 4).
public struct IPv6Extensions: Hashable, Sendable, BitwiseCopyable {
  /// Length of the extension headers walked over, in bytes: where the upper header starts in the payload.
  public var byteCount = 0
  /// What stands there; for a fragment other than the first, `ipv6Fragment`.
  public var upperProtocol: IPProtocol
  /// The fragment header, if there is one.
  public var fragment: IPv6Fragment?
  /// Where the field that names the upper protocol stands, counted from the start of the payload.
  ///
  /// It is -34 (byte 6 of the IPv6 header) if there are no extension headers.
  public var protocolOffset = -34

  /// Walks over the headers in a payload that starts with a header of type `nextHeader`.
  ///
  /// Nil if a header is cut short, or if there are more than `IPv6Header.maximumExtensionCount`.
  @inlinable
  public init?(_ payload: RawSpan, nextHeader: IPProtocol) {
    // Almost all packets have none, and should pay nothing.
    upperProtocol = nextHeader
    if IPv6Extensions.isExtension(nextHeader), !walk(payload) { return nil }
  }

  /// Whether a header type is one that the walk steps over.
  @inlinable
  public static func isExtension(_ header: IPProtocol) -> Bool {
    switch header {
    case .hopByHopOptions, .ipv6Routing, .ipv6Fragment, .authentication, .destinationOptions: true
    default: false
    }
  }

  @usableFromInline
  mutating func walk(_ payload: RawSpan) -> Bool {
    var count = 0
    while IPv6Extensions.isExtension(upperProtocol) {
      count += 1
      let rest = payload.from(byteCount)
      guard count <= IPv6Header.maximumExtensionCount, rest.byteCount >= 8 else { return false }
      let length: Int
      switch upperProtocol {
      case .ipv6Fragment: length = IPv6Fragment.byteCount
      case .authentication: length = (Int(rest.byte(at: 1)) &+ 2) &* 4
      default: length = (Int(rest.byte(at: 1)) &+ 1) &* 8
      }
      guard rest.byteCount >= length else { return false }
      if upperProtocol == .ipv6Fragment {
        let header = IPv6Fragment(rest)
        fragment = header
        if header.offset != 0 {
          byteCount &+= length
          return true
        }
      }
      protocolOffset = byteCount
      upperProtocol = IPProtocol(rawValue: rest.byte(at: 0))
      byteCount &+= length
    }
    return true
  }
}
