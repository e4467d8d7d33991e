/// A Geneve header without its options (RFC 8926, section 3.4): eight bytes as one number.
public struct GeneveBase: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  /// Version 2, length of the options in words 6, flags 8, type 16, network identifier 24, reserved 8.
  public var rawValue: UInt64

  /// Makes a header from its eight bytes.
  @inlinable
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// Makes a header.
  ///
  /// - Precondition: `optionByteCount` is a multiple of four, at most `GeneveHeader.maximumOptionByteCount`.
  @inlinable
  public init(
    networkIdentifier: UInt32, type: EtherType = .ethernet, isControl: Bool = false,
    hasCriticalOption: Bool = false, optionByteCount: Int = 0
  ) {
    precondition(
      optionByteCount >= 0 && optionByteCount <= GeneveHeader.maximumOptionByteCount
        && optionByteCount & 3 == 0)
    rawValue =
      UInt64(truncatingIfNeeded: optionByteCount / 4) << 56 | (isControl ? 1 << 55 : 0)
      | (hasCriticalOption ? 1 << 54 : 0) | UInt64(type.rawValue) << 32 | UInt64(networkIdentifier << 8)
  }

  /// The version; only zero is specified.
  @inlinable
  public var version: UInt8 { UInt8(truncatingIfNeeded: rawValue >> 62) }

  /// Length of the options, in bytes.
  @inlinable
  public var optionByteCount: Int { Int(truncatingIfNeeded: rawValue >> 56 & 0x3f) &* 4 }

  /// Whether this is a control packet, which is not forwarded.
  @inlinable
  public var isControl: Bool { rawValue & 1 << 55 != 0 }

  /// Whether an option is critical.
  @inlinable
  public var hasCriticalOption: Bool { rawValue & 1 << 54 != 0 }

  /// The type of what follows.
  @inlinable
  public var type: EtherType { EtherType(rawValue: UInt16(truncatingIfNeeded: rawValue >> 32)) }

  /// The network identifier, 24 bits.
  @inlinable
  public var networkIdentifier: UInt32 { UInt32(truncatingIfNeeded: rawValue) >> 8 }
}

/// A view of a Geneve header with its options (RFC 8926, section 3.4).
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
    let base = GeneveBase(rawValue: bytes.bigEndian64(at: 0))
    guard base.version == 0, bytes.byteCount >= Self.minimumByteCount &+ base.optionByteCount else {
      return nil
    }
    self.bytes = bytes
  }

  /// The header without its options.
  @inlinable
  public var base: GeneveBase { GeneveBase(rawValue: bytes.bigEndian64(at: 0)) }

  /// Length of the header with its options, in bytes.
  @inlinable
  public var headerByteCount: Int { Self.minimumByteCount &+ base.optionByteCount }

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
  /// - Precondition: `offset + minimumByteCount` lies within the bytes.
  @inlinable
  public static func write(_ base: GeneveBase, to bytes: inout MutableRawSpan, at offset: Int = 0) {
    bytes.store(bigEndian64: base.rawValue, at: offset)
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
