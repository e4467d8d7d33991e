/// What follows a network service header (RFC 8300, section 2.2, "Next Protocol").
public struct NetworkServiceProtocol: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  /// The number on the wire.
  public let rawValue: UInt8

  /// Makes a protocol from its number.
  @inlinable
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// IPv4.
  @inlinable
  public static var ipv4: Self { Self(rawValue: 1) }
  /// IPv6.
  @inlinable
  public static var ipv6: Self { Self(rawValue: 2) }
  /// Ethernet.
  @inlinable
  public static var ethernet: Self { Self(rawValue: 3) }
  /// Another network service header.
  @inlinable
  public static var networkService: Self { Self(rawValue: 4) }
  /// MPLS.
  @inlinable
  public static var mpls: Self { Self(rawValue: 5) }
}

/// A view of a network service header (RFC 8300, section 2).
public struct NetworkServiceHeader: ~Escapable {
  /// Length of the base and service path headers, in bytes.
  @inlinable
  public static var baseByteCount: Int { 8 }
  /// Length of a header with the fixed context of metadata type 1, in bytes.
  @inlinable
  public static var fixedContextByteCount: Int { 24 }
  /// Length of the longest header that the length field can say, in bytes.
  @inlinable
  public static var maximumByteCount: Int { 63 * 4 }
  @usableFromInline let bytes: RawSpan

  /// Views a header.
  ///
  /// Nil if it is cut short, if its version is not zero, or if its length does not fit its metadata type.
  @inlinable
  @_lifetime(copy bytes)
  public init?(_ bytes: RawSpan) {
    guard bytes.byteCount >= Self.baseByteCount, bytes.byte(at: 0) >> 6 == 0 else { return nil }
    let length = Int(bytes.bigEndian16(at: 0) & 0x3f) &* 4
    guard length >= Self.baseByteCount, bytes.byteCount >= length else { return nil }
    if bytes.byte(at: 2) & 0xf == 1, length != Self.fixedContextByteCount { return nil }
    self.bytes = bytes
  }

  /// Length of the header with its context, in bytes.
  @inlinable
  public var headerByteCount: Int { Int(bytes.bigEndian16(at: 0) & 0x3f) &* 4 }

  /// The two bits behind the version: 2 for an OAM packet, 1 is not assigned.
  @inlinable
  public var flags: UInt8 { bytes.byte(at: 0) >> 4 & 3 }

  /// How many more service functions the packet may visit, 0 to 63.
  @inlinable
  public var timeToLive: UInt8 { UInt8(truncatingIfNeeded: bytes.bigEndian16(at: 0) >> 6) & 0x3f }

  /// The metadata type: 1 for a fixed context of 16 bytes, 2 for one of variable length.
  @inlinable
  public var metadataType: UInt8 { bytes.byte(at: 2) & 0xf }

  /// What follows the header.
  @inlinable
  public var nextProtocol: NetworkServiceProtocol { NetworkServiceProtocol(rawValue: bytes.byte(at: 3)) }

  /// The service path identifier (24 bits) and the service index (8 bits).
  @inlinable
  public var path: UInt32 { bytes.bigEndian32(at: 4) }

  /// The service path identifier, 24 bits.
  @inlinable
  public var pathIdentifier: UInt32 { path >> 8 }

  /// The service index.
  @inlinable
  public var serviceIndex: UInt8 { UInt8(truncatingIfNeeded: path) }

  /// Word `index`, 0 to 3, of the fixed context; zero if the metadata type is not 1.
  @inlinable
  public func context(_ index: Int) -> UInt32 {
    guard metadataType == 1, index >= 0, index < 4 else { return 0 }
    return bytes.bigEndian32(at: 8 &+ 4 &* index)
  }

  /// The context headers of either metadata type.
  @inlinable
  public var contextBytes: RawSpan {
    @_lifetime(copy self)
    get { bytes.extracting(Self.baseByteCount..<headerByteCount) }
  }

  /// What follows the header.
  @inlinable
  public var payload: RawSpan {
    @_lifetime(copy self)
    get { bytes.from(headerByteCount) }
  }

  /// Writes base and service path headers; the caller stores the context behind them.
  ///
  /// - Precondition: `contextByteCount` is a multiple of four, at most 244; `offset + baseByteCount` lies
  ///   within the bytes.
  @inlinable
  public static func write(
    flags: UInt8 = 0, timeToLive: UInt8 = 63, metadataType: UInt8, nextProtocol: NetworkServiceProtocol,
    path: UInt32, contextByteCount: Int, to bytes: inout MutableRawSpan, at offset: Int = 0
  ) {
    let words = UInt16(truncatingIfNeeded: (baseByteCount &+ contextByteCount) / 4) & 0x3f
    let first = UInt16(flags & 3) << 12 | UInt16(timeToLive & 0x3f) << 6 | words
    bytes.store(bigEndian16: first, at: offset)
    bytes.store(byte: metadataType & 0xf, at: offset &+ 2)
    bytes.store(byte: nextProtocol.rawValue, at: offset &+ 3)
    bytes.store(bigEndian32: path, at: offset &+ 4)
  }
}
