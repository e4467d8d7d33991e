/// A view of a GRE header (RFC 2784, section 2.1; key and sequence number: RFC 2890, section 2).
public struct GREHeader: ~Escapable {
  /// Length of a header without optional fields, in bytes.
  @inlinable
  public static var minimumByteCount: Int { 4 }
  /// Length of a header with all optional fields, in bytes.
  @inlinable
  public static var maximumByteCount: Int { 16 }
  @usableFromInline let bytes: RawSpan

  /// Views a header.
  ///
  /// Nil if it is cut short, if its version is not zero, or if it asks for source routing (RFC 1701).
  @inlinable
  @_lifetime(copy bytes)
  public init?(_ bytes: RawSpan) {
    guard bytes.byteCount >= Self.minimumByteCount, bytes.bigEndian16(at: 0) & 0x4007 == 0,
      bytes.byteCount >= Self.byteCount(flags: bytes.byte(at: 0))
    else { return nil }
    self.bytes = bytes
  }

  @inlinable
  static func byteCount(flags: UInt8) -> Int {
    minimumByteCount &+ (flags & 0x80 != 0 ? 4 : 0) &+ (flags & 0x20 != 0 ? 4 : 0)
      &+ (flags & 0x10 != 0 ? 4 : 0)
  }

  /// Length of a header with the optional fields named, in bytes.
  @inlinable
  public static func byteCount(hasChecksum: Bool, hasKey: Bool, hasSequenceNumber: Bool) -> Int {
    minimumByteCount &+ (hasChecksum ? 4 : 0) &+ (hasKey ? 4 : 0) &+ (hasSequenceNumber ? 4 : 0)
  }

  /// Length of the header with its optional fields, in bytes.
  @inlinable
  public var headerByteCount: Int { Self.byteCount(flags: bytes.byte(at: 0)) }

  /// Whether a checksum field is present.
  @inlinable
  public var hasChecksum: Bool { bytes.byte(at: 0) & 0x80 != 0 }

  /// Whether a key is present.
  @inlinable
  public var hasKey: Bool { bytes.byte(at: 0) & 0x20 != 0 }

  /// Whether a sequence number is present.
  @inlinable
  public var hasSequenceNumber: Bool { bytes.byte(at: 0) & 0x10 != 0 }

  /// The type of what follows.
  @inlinable
  public var type: EtherType { EtherType(rawValue: bytes.bigEndian16(at: 2)) }

  /// The checksum over header and payload, if present.
  @inlinable
  public var checksum: UInt16? { hasChecksum ? bytes.bigEndian16(at: 4) : nil }

  /// The key, if present.
  @inlinable
  public var key: UInt32? { hasKey ? bytes.bigEndian32(at: hasChecksum ? 8 : 4) : nil }

  /// The sequence number, if present.
  @inlinable
  public var sequenceNumber: UInt32? {
    hasSequenceNumber ? bytes.bigEndian32(at: headerByteCount &- 4) : nil
  }

  /// Whether the checksum, if present, is right for header and payload.
  ///
  /// The bytes viewed must end where the packet ends.
  @inlinable
  public var hasValidChecksum: Bool { !hasChecksum || bytes.onesComplementSum == 0xffff }

  /// What follows the header.
  @inlinable
  public var payload: RawSpan {
    @_lifetime(copy self)
    get { bytes.from(headerByteCount) }
  }

  /// Writes a header; a checksum field is zero until `completeChecksum`.
  ///
  /// - Precondition: the header lies within the bytes.
  @inlinable
  public static func write(
    type: EtherType = .ethernet, key: UInt32? = nil, sequenceNumber: UInt32? = nil, hasChecksum: Bool = false,
    to bytes: inout MutableRawSpan, at offset: Int = 0
  ) {
    let flags: UInt16 =
      (hasChecksum ? 0x8000 : 0) | (key == nil ? 0 : 0x2000) | (sequenceNumber == nil ? 0 : 0x1000)
    bytes.store(bigEndian16: flags, at: offset)
    bytes.store(bigEndian16: type.rawValue, at: offset &+ 2)
    var next = offset &+ minimumByteCount
    if hasChecksum {
      bytes.store(bigEndian32: 0, at: next)
      next &+= 4
    }
    if let key {
      bytes.store(bigEndian32: key, at: next)
      next &+= 4
    }
    if let sequenceNumber { bytes.store(bigEndian32: sequenceNumber, at: next) }
  }

  /// Stores the checksum of the packet, header and payload, that starts at an offset and ends with the bytes.
  ///
  /// - Precondition: the header there was written with a checksum field.
  @inlinable
  public static func completeChecksum(in bytes: inout MutableRawSpan, at offset: Int = 0) {
    bytes.store(bigEndian16: 0, at: offset &+ 4)
    let sum = InternetChecksum.of(bytes.bytes.from(offset))
    bytes.store(bigEndian16: sum, at: offset &+ 4)
  }
}
