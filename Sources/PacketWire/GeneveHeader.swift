/// A view of a Geneve header (RFC 8926, section 3.4).
public struct GeneveHeader: ~Escapable {
  /// Length of a header without options, in bytes.
  @inlinable
  public static var minimumByteCount: Int { 8 }
  /// Length of all the options that a header can hold, in bytes.
  @inlinable
  public static var maximumOptionByteCount: Int { 63 * 4 }
  /// The UDP port that is assigned to Geneve.
  @inlinable
  public static var port: UInt16 { 6081 }
  @usableFromInline let bytes: RawSpan

  /// Views a header; nil if it, with its options, is cut short, or its version is not zero.
  @inlinable
  @_lifetime(copy bytes)
  public init?(_ bytes: RawSpan) {
    guard bytes.byteCount >= Self.minimumByteCount else { return nil }
    let first = bytes.byte(at: 0)
    guard first >> 6 == 0, bytes.byteCount >= Self.minimumByteCount &+ Int(first) &* 4 else { return nil }
    self.bytes = bytes
  }

  /// Length of the options, in bytes.
  @inlinable
  public var optionByteCount: Int { Int(bytes.byte(at: 0) & 0x3f) &* 4 }

  /// Length of the header with its options, in bytes.
  @inlinable
  public var headerByteCount: Int { Self.minimumByteCount &+ optionByteCount }

  /// Whether this is a control packet, which is not forwarded.
  @inlinable
  public var isControl: Bool { bytes.byte(at: 1) & 0x80 != 0 }

  /// Whether an option is critical.
  @inlinable
  public var hasCriticalOption: Bool { bytes.byte(at: 1) & 0x40 != 0 }

  /// The type of what follows.
  @inlinable
  public var type: EtherType { EtherType(rawValue: bytes.bigEndian16(at: 2)) }

  /// The network identifier, 24 bits.
  @inlinable
  public var networkIdentifier: UInt32 { bytes.bigEndian32(at: 4) >> 8 }

  /// The options as on the wire.
  @inlinable
  public var optionBytes: RawSpan {
    @_lifetime(copy self)
    get { bytes.extracting(Self.minimumByteCount..<headerByteCount) }
  }

  /// The options.
  @inlinable
  public var options: GeneveOptions {
    @_lifetime(copy self)
    get { GeneveOptions(optionBytes) }
  }

  /// What follows the header.
  @inlinable
  public var payload: RawSpan {
    @_lifetime(copy self)
    get { bytes.from(headerByteCount) }
  }

  /// Writes a header; the caller stores the options behind it.
  ///
  /// - Precondition: `optionByteCount` is a multiple of four, at most `maximumOptionByteCount`;
  ///   `offset + minimumByteCount` lies within the bytes.
  @inlinable
  public static func write(
    networkIdentifier: UInt32, type: EtherType = .ethernet, isControl: Bool = false,
    hasCriticalOption: Bool = false, optionByteCount: Int = 0, to bytes: inout MutableRawSpan,
    at offset: Int = 0
  ) {
    precondition(
      optionByteCount >= 0 && optionByteCount <= maximumOptionByteCount && optionByteCount & 3 == 0)
    bytes.store(byte: UInt8(truncatingIfNeeded: optionByteCount / 4), at: offset)
    bytes.store(byte: (isControl ? 0x80 : 0) | (hasCriticalOption ? 0x40 : 0), at: offset &+ 1)
    bytes.store(bigEndian16: type.rawValue, at: offset &+ 2)
    bytes.store(bigEndian32: networkIdentifier << 8, at: offset &+ 4)
  }
}

/// An option of a Geneve header (RFC 8926, section 3.5).
public struct GeneveOption: ~Escapable {
  /// Length of an option without its value, in bytes.
  @inlinable
  public static var headerByteCount: Int { 4 }

  /// Who defines the type.
  public let optionClass: UInt16
  /// The type, its "critical" bit included.
  public let type: UInt8
  /// The value, 0 to 124 bytes.
  public let value: RawSpan

  @inlinable
  @_lifetime(copy value)
  init(optionClass: UInt16, type: UInt8, value: RawSpan) {
    self.optionClass = optionClass
    self.type = type
    self.value = value
  }

  /// Whether a receiver that does not know the option must drop the packet.
  @inlinable
  public var isCritical: Bool { type & 0x80 != 0 }

  /// Writes an option.
  ///
  /// - Precondition: the value's length is a multiple of four, at most 124 bytes; the option lies within the bytes.
  @inlinable
  public static func write(
    optionClass: UInt16, type: UInt8, value: RawSpan, to bytes: inout MutableRawSpan, at offset: Int = 0
  ) {
    precondition(value.byteCount <= 124 && value.byteCount & 3 == 0)
    bytes.store(bigEndian16: optionClass, at: offset)
    bytes.store(byte: type, at: offset &+ 2)
    bytes.store(byte: UInt8(truncatingIfNeeded: value.byteCount / 4), at: offset &+ 3)
    bytes.store(bytes: value, at: offset &+ headerByteCount)
  }
}

/// Walks over the options of a Geneve header.
public struct GeneveOptions: ~Escapable {
  @usableFromInline var rest: RawSpan
  /// Whether the walk met an option that is cut short, and ended there.
  public private(set) var isMalformed = false

  /// Walks over bytes that hold options.
  @inlinable
  @_lifetime(copy bytes)
  public init(_ bytes: RawSpan) { rest = bytes }

  /// Takes the next option; nil at the end of the list.
  @_lifetime(copy self)
  public mutating func next() -> GeneveOption? {
    if rest.isEmpty { return nil }
    guard rest.byteCount >= GeneveOption.headerByteCount,
      rest.byteCount >= GeneveOption.headerByteCount &+ Int(rest.byte(at: 3) & 0x1f) &* 4
    else {
      isMalformed = true
      rest = rest.from(rest.byteCount)
      return nil
    }
    let optionClass = rest.bigEndian16(at: 0)
    let type = rest.byte(at: 2)
    let length = GeneveOption.headerByteCount &+ Int(rest.byte(at: 3) & 0x1f) &* 4
    let value = rest.extracting(GeneveOption.headerByteCount..<length)
    rest = rest.from(length)
    return GeneveOption(optionClass: optionClass, type: type, value: value)
  }
}
