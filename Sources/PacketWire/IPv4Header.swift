/// A view of an IPv4 header (RFC 791, section 3.1).
public struct IPv4Header: ~Escapable {
  /// Length of a header without options, in bytes.
  @inlinable
  public static var minimumByteCount: Int { 20 }
  /// Length of a header with all the options it can hold, in bytes.
  @inlinable
  public static var maximumByteCount: Int { 60 }
  /// Where the header says what the payload is.
  @inlinable
  public static var protocolOffset: Int { 9 }
  @usableFromInline let bytes: RawSpan

  /// Views a header; nil if it is cut short or not of version 4.
  ///
  /// Whether the packet is as long as it says is another question: see `hasValidLength`.
  @inlinable
  @_lifetime(copy bytes)
  public init?(_ bytes: RawSpan) {
    guard bytes.byteCount >= Self.minimumByteCount else { return nil }
    let first = bytes.byte(at: 0)
    let headerByteCount = Int(first & 0xf) &* 4
    guard first >> 4 == 4, headerByteCount >= Self.minimumByteCount, bytes.byteCount >= headerByteCount else {
      return nil
    }
    self.bytes = bytes
  }

  /// Length of the header with its options, in bytes.
  @inlinable
  public var headerByteCount: Int { Int(bytes.byte(at: 0) & 0xf) &* 4 }

  /// Differentiated services code point (6 bits) and congestion notification (2 bits).
  @inlinable
  public var typeOfService: UInt8 { bytes.byte(at: 1) }

  /// Length of header and payload, in bytes, as the header says.
  @inlinable
  public var totalLength: UInt16 { bytes.bigEndian16(at: 2) }

  /// The identification that the fragments of one packet share.
  @inlinable
  public var identification: UInt16 { bytes.bigEndian16(at: 4) }

  /// The flags (3 bits) and the fragment offset (13 bits, in units of 8 bytes).
  @inlinable
  public var fragmentation: IPv4Fragmentation { IPv4Fragmentation(rawValue: bytes.bigEndian16(at: 6)) }

  /// How many more hops the packet may take.
  @inlinable
  public var timeToLive: UInt8 { bytes.byte(at: 8) }

  /// What the payload is.
  @inlinable
  public var protocolNumber: IPProtocol { IPProtocol(rawValue: bytes.byte(at: Self.protocolOffset)) }

  /// The checksum as the header says.
  @inlinable
  public var checksum: UInt16 { bytes.bigEndian16(at: 10) }

  /// Where the packet comes from.
  @inlinable
  public var source: IPv4Address { bytes.ipv4Address(at: 12) }

  /// Where the packet goes.
  @inlinable
  public var destination: IPv4Address { bytes.ipv4Address(at: 16) }

  /// Whether the bytes hold the whole packet, and the packet its header.
  @inlinable
  public var hasValidLength: Bool {
    let length = Int(totalLength)
    return length >= headerByteCount && length <= bytes.byteCount
  }

  /// Whether the header's checksum is right.
  @inlinable
  public var hasValidChecksum: Bool {
    bytes.extracting(first: headerByteCount).onesComplementSum == 0xffff
  }

  /// The options.
  @inlinable
  public var options: HeaderOptions {
    @_lifetime(copy self)
    get { HeaderOptions(bytes.extracting(Self.minimumByteCount..<headerByteCount)) }
  }

  /// What follows the header: up to the total length, or to the end of the bytes where that comes first.
  @inlinable
  public var payload: RawSpan {
    @_lifetime(copy self)
    get { bytes.extracting(first: max(headerByteCount, Int(totalLength))).from(headerByteCount) }
  }

  /// Writes a header, with its checksum or with zero in its place.
  ///
  /// `optionByteCount` bytes of options, already stored behind the place of the header, are counted in.
  ///
  /// - Precondition: `optionByteCount` is a multiple of four, at most 40; the header lies within the bytes.
  @inlinable
  public static func write(
    source: IPv4Address, destination: IPv4Address, protocol number: IPProtocol, totalLength: UInt16,
    typeOfService: UInt8 = 0, timeToLive: UInt8 = 64, identification: UInt16 = 0,
    fragmentation: IPv4Fragmentation = IPv4Fragmentation(), optionByteCount: Int = 0,
    hasChecksum: Bool = true, to bytes: inout MutableRawSpan, at offset: Int = 0
  ) {
    precondition(optionByteCount >= 0 && optionByteCount <= 40 && optionByteCount & 3 == 0)
    let headerByteCount = minimumByteCount &+ optionByteCount
    bytes.store(byte: 0x40 | UInt8(truncatingIfNeeded: headerByteCount / 4), at: offset)
    bytes.store(byte: typeOfService, at: offset &+ 1)
    bytes.store(bigEndian16: totalLength, at: offset &+ 2)
    bytes.store(bigEndian16: identification, at: offset &+ 4)
    bytes.store(bigEndian16: fragmentation.rawValue, at: offset &+ 6)
    bytes.store(byte: timeToLive, at: offset &+ 8)
    bytes.store(byte: number.rawValue, at: offset &+ 9)
    bytes.store(bigEndian16: 0, at: offset &+ 10)
    bytes.store(source, at: offset &+ 12)
    bytes.store(destination, at: offset &+ 16)
    guard hasChecksum else { return }
    let sum = bytes.bytes.extracting(offset..<offset &+ headerByteCount).onesComplementSum
    bytes.store(bigEndian16: ~sum, at: offset &+ 10)
  }
}

/// The flags and the fragment offset of an IPv4 header (RFC 791, section 3.1).
public struct IPv4Fragmentation: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  /// The 16 bits as on the wire.
  public var rawValue: UInt16

  /// Makes flags and offset from their 16 bits.
  @inlinable
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// Makes flags and offset; the offset, in bytes, is rounded down to a multiple of eight.
  @inlinable
  public init(isFragmentable: Bool = true, hasMore: Bool = false, offset: Int = 0) {
    rawValue =
      (isFragmentable ? 0 : 0x4000) | (hasMore ? 0x2000 : 0) | UInt16(truncatingIfNeeded: offset >> 3)
      & 0x1fff
  }

  /// Neither a fragment nor to be fragmented.
  @inlinable
  public static var dontFragment: IPv4Fragmentation { IPv4Fragmentation(rawValue: 0x4000) }

  /// Whether a router may cut the packet.
  @inlinable
  public var isFragmentable: Bool { rawValue & 0x4000 == 0 }

  /// Whether further fragments follow.
  @inlinable
  public var hasMore: Bool { rawValue & 0x2000 != 0 }

  /// Where the payload belongs in the whole packet's, in bytes.
  @inlinable
  public var offset: Int { Int(rawValue & 0x1fff) << 3 }

  /// Whether the packet is a fragment.
  @inlinable
  public var isFragment: Bool { rawValue & 0x3fff != 0 }

  /// Whether the packet is a fragment other than the first, and so without a transport header.
  @inlinable
  public var isLaterFragment: Bool { rawValue & 0x1fff != 0 }
}
