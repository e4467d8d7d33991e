/// The control information of a VLAN tag (IEEE 802.1Q, clause 9.6).
public struct VLANControl: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  /// The 16 bits as on the wire: priority 3, drop eligible 1, VLAN identifier 12.
  public var rawValue: UInt16

  /// Makes control information from its 16 bits.
  @inlinable
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// Makes control information; bits that do not fit are cut off.
  @inlinable
  public init(identifier: UInt16, priority: UInt8 = 0, isDropEligible: Bool = false) {
    rawValue = identifier & 0xfff | UInt16(priority & 7) << 13 | (isDropEligible ? 0x1000 : 0)
  }

  /// The VLAN, 0 to 4095; zero means that only the priority counts.
  @inlinable
  public var identifier: UInt16 { rawValue & 0xfff }

  /// The priority code point, 0 to 7.
  @inlinable
  public var priority: UInt8 { UInt8(truncatingIfNeeded: rawValue >> 13) }

  /// The drop eligible indicator; flow keys use the bit to say that a tag is present.
  @inlinable
  public var isDropEligible: Bool { rawValue & 0x1000 != 0 }
}

/// A view of what a VLAN tag type announces: control information and the type of what follows.
public struct VLANHeader: ~Escapable {
  /// Length, in bytes.
  @inlinable
  public static var byteCount: Int { 4 }
  @usableFromInline let bytes: RawSpan

  /// Views the bytes that follow a tag type; nil if they are cut short.
  @inlinable
  @_lifetime(copy bytes)
  public init?(_ bytes: RawSpan) {
    guard bytes.byteCount >= Self.byteCount else { return nil }
    self.bytes = bytes
  }

  /// The control information.
  @inlinable
  public var control: VLANControl { VLANControl(rawValue: bytes.bigEndian16(at: 0)) }

  /// The type of what follows.
  @inlinable
  public var type: EtherType { EtherType(rawValue: bytes.bigEndian16(at: 2)) }

  /// What follows.
  @inlinable
  public var payload: RawSpan {
    @_lifetime(copy self)
    get { bytes.from(Self.byteCount) }
  }

  /// Writes control information and the type that follows, after a tag type.
  ///
  /// - Precondition: `offset + byteCount` lies within the bytes.
  @inlinable
  public static func write(
    control: VLANControl, type: EtherType, to bytes: inout MutableRawSpan, at offset: Int = 0
  ) {
    bytes.store(bigEndian16: control.rawValue, at: offset)
    bytes.store(bigEndian16: type.rawValue, at: offset &+ 2)
  }
}
