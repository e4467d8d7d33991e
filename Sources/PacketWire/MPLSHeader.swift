/// An entry of an MPLS label stack (RFC 3032, section 2.1).
public struct MPLSEntry: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  /// The 32 bits as on the wire: label 20, traffic class 3, bottom of stack 1, time to live 8.
  public var rawValue: UInt32

  /// Makes an entry from its 32 bits.
  @inlinable
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Makes an entry; bits that do not fit are cut off.
  @inlinable
  public init(label: UInt32, trafficClass: UInt8 = 0, isBottom: Bool, timeToLive: UInt8) {
    rawValue = label << 12 | UInt32(trafficClass & 7) << 9 | (isBottom ? 0x100 : 0) | UInt32(timeToLive)
  }

  /// The label, 20 bits.
  @inlinable
  public var label: UInt32 { rawValue >> 12 }

  /// The traffic class, 0 to 7 (RFC 5462).
  @inlinable
  public var trafficClass: UInt8 { UInt8(truncatingIfNeeded: rawValue >> 9) & 7 }

  /// Whether this is the last entry of the stack.
  @inlinable
  public var isBottom: Bool { rawValue & 0x100 != 0 }

  /// The time to live.
  @inlinable
  public var timeToLive: UInt8 { UInt8(truncatingIfNeeded: rawValue) }
}

/// A view of the first entry of an MPLS label stack (RFC 3032, section 2.1).
public struct MPLSHeader: ~Escapable {
  /// Length of one entry, in bytes.
  @inlinable
  public static var byteCount: Int { 4 }
  @usableFromInline let bytes: RawSpan

  /// Views an entry; nil if it is cut short.
  @inlinable
  @_lifetime(copy bytes)
  public init?(_ bytes: RawSpan) {
    guard bytes.byteCount >= Self.byteCount else { return nil }
    self.bytes = bytes
  }

  /// The entry.
  @inlinable
  public var entry: MPLSEntry { MPLSEntry(rawValue: bytes.bigEndian32(at: 0)) }

  /// What follows: the next entry, or behind the bottom of the stack the packet.
  @inlinable
  public var payload: RawSpan {
    @_lifetime(copy self)
    get { bytes.from(Self.byteCount) }
  }

  /// Writes an entry.
  ///
  /// - Precondition: `offset + byteCount` lies within the bytes.
  @inlinable
  public static func write(_ entry: MPLSEntry, to bytes: inout MutableRawSpan, at offset: Int = 0) {
    bytes.store(bigEndian32: entry.rawValue, at: offset)
  }
}
