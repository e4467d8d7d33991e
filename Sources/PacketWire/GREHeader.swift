/// The part of a GRE header that is always there (RFC 2784, section 2.1; RFC 2890, section 2): four bytes as one number.
public struct GREBase: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  /// Flags and version 16, type 16.
  public var rawValue: UInt32

  /// Makes a header from its four bytes.
  @inlinable
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Makes a header.
  @inlinable
  public init(flags: UInt16, type: EtherType) { rawValue = UInt32(flags) << 16 | UInt32(type.rawValue) }

  /// The flag that a checksum field is present.
  @inlinable
  public static var checksumFlag: UInt16 { 0x8000 }
  /// The flag that a key is present.
  @inlinable
  public static var keyFlag: UInt16 { 0x2000 }
  /// The flag that a sequence number is present.
  @inlinable
  public static var sequenceFlag: UInt16 { 0x1000 }

  /// The flags and the version.
  @inlinable
  public var flags: UInt16 { UInt16(truncatingIfNeeded: rawValue >> 16) }

  /// Whether the version is zero, and no source routing is asked for (RFC 1701).
  @inlinable
  public var isSupported: Bool { flags & 0x4007 == 0 }

  /// The bits of the flags that mean nothing and are sent as zero.
  @inlinable
  public var reservedBits: UInt16 { flags & 0x0ff8 }

  /// Whether a checksum field is present.
  @inlinable
  public var hasChecksum: Bool { flags & Self.checksumFlag != 0 }

  /// Whether a key is present.
  @inlinable
  public var hasKey: Bool { flags & Self.keyFlag != 0 }

  /// Whether a sequence number is present.
  @inlinable
  public var hasSequenceNumber: Bool { flags & Self.sequenceFlag != 0 }

  /// The type of what follows.
  @inlinable
  public var type: EtherType { EtherType(rawValue: UInt16(truncatingIfNeeded: rawValue)) }

  /// Length of the header with its optional fields, in bytes.
  @inlinable
  public var headerByteCount: Int {
    4 &+ (hasChecksum ? 4 : 0) &+ (hasKey ? 4 : 0) &+ (hasSequenceNumber ? 4 : 0)
  }

  /// Where a checksum stands, if present.
  @inlinable
  public static var checksumOffset: Int { 4 }

  /// Where a key stands, if present.
  @inlinable
  public var keyOffset: Int { hasChecksum ? 8 : 4 }

  /// Where a sequence number stands, if present: it is the last field.
  @inlinable
  public var sequenceNumberOffset: Int { headerByteCount &- 4 }
}

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
    guard bytes.byteCount >= Self.minimumByteCount else { return nil }
    let base = GREBase(rawValue: bytes.bigEndian32(at: 0))
    guard base.isSupported, bytes.byteCount >= base.headerByteCount else { return nil }
    self.bytes = bytes
  }

  /// The part of the header that is always there.
  @inlinable
  public var base: GREBase { GREBase(rawValue: bytes.bigEndian32(at: 0)) }

  /// The checksum over header and payload, if present.
  @inlinable
  public var checksum: UInt16? { base.hasChecksum ? bytes.bigEndian16(at: GREBase.checksumOffset) : nil }

  /// The key, if present.
  @inlinable
  public var key: UInt32? { base.hasKey ? bytes.bigEndian32(at: base.keyOffset) : nil }

  /// The sequence number, if present.
  @inlinable
  public var sequenceNumber: UInt32? {
    base.hasSequenceNumber ? bytes.bigEndian32(at: base.sequenceNumberOffset) : nil
  }

  /// Whether the checksum, if present, is right for header and payload.
  ///
  /// The bytes viewed must end where the packet ends.
  @inlinable
  public var hasValidChecksum: Bool { !base.hasChecksum || bytes.onesComplementSum == 0xffff }

  /// What follows the header.
  @inlinable
  public var payload: RawSpan {
    @_lifetime(copy self)
    get { bytes.from(base.headerByteCount) }
  }

  /// Writes a header with the fields that are given, and returns its length in bytes.
  ///
  /// - Precondition: the header lies within the bytes.
  @inlinable
  @discardableResult
  public static func write(
    type: EtherType = .ethernet, key: UInt32? = nil, sequenceNumber: UInt32? = nil, checksum: UInt16? = nil,
    to bytes: inout MutableRawSpan, at offset: Int = 0
  ) -> Int {
    let flags =
      (checksum == nil ? 0 : GREBase.checksumFlag) | (key == nil ? 0 : GREBase.keyFlag)
      | (sequenceNumber == nil ? 0 : GREBase.sequenceFlag)
    let base = GREBase(flags: flags, type: type)
    bytes.store(bigEndian32: base.rawValue, at: offset)
    if let checksum {
      bytes.store(bigEndian16: checksum, at: offset &+ GREBase.checksumOffset)
      bytes.store(bigEndian16: 0, at: offset &+ GREBase.checksumOffset &+ 2)
    }
    if let key { bytes.store(bigEndian32: key, at: offset &+ base.keyOffset) }
    if let sequenceNumber {
      bytes.store(bigEndian32: sequenceNumber, at: offset &+ base.sequenceNumberOffset)
    }
    return base.headerByteCount
  }

  /// Stores the checksum of the packet, header and payload, that starts at an offset and ends with the bytes.
  ///
  /// - Precondition: the header there was written with a checksum field.
  @inlinable
  public static func completeChecksum(in bytes: inout MutableRawSpan, at offset: Int = 0) {
    bytes.store(bigEndian16: 0, at: offset &+ GREBase.checksumOffset)
    let sum = InternetChecksum.of(bytes.bytes.from(offset))
    bytes.store(bigEndian16: sum, at: offset &+ GREBase.checksumOffset)
  }
}
