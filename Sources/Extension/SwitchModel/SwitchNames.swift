// The numbers by which Hyper-V names the parts of an extensible switch.

/// A port of one virtual switch (`NDIS_SWITCH_PORT_ID`).
public struct SwitchPortID: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  /// The number; a packet's out-of-band data has room for sixteen of its bits.
  public let rawValue: UInt32

  /// Makes an identifier from its number.
  @inlinable
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The source of packets that the switch trusts (`NDIS_SWITCH_DEFAULT_PORT_ID`).
  @inlinable public static var trusted: SwitchPortID { SwitchPortID(rawValue: 0) }
}

/// A network adapter at a port (`NDIS_SWITCH_NIC_INDEX`).
///
/// Only the external port has more than one: index 0 stands for the port's virtual adapter, 1 to 32 for the physical
/// ones beneath it.
public struct SwitchNICIndex: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  /// The number.
  public let rawValue: UInt16

  /// Makes an index from its number.
  @inlinable
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// The adapter of a port that has only one (`NDIS_SWITCH_DEFAULT_NIC_INDEX`).
  @inlinable public static var only: SwitchNICIndex { SwitchNICIndex(rawValue: 0) }
  /// The largest that the documentation allows.
  @inlinable public static var maximum: UInt16 { 32 }
}

/// One attached virtual switch: a filter module, as the driver numbers them.
public struct SwitchID: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  /// The number, from 0 on.
  public let rawValue: UInt32

  /// Makes an identifier from its number.
  @inlinable
  public init(rawValue: UInt32) { self.rawValue = rawValue }
}

/// An adapter: a place that packets come from and go to.
public struct AdapterKey: Hashable, Sendable, BitwiseCopyable {
  /// The virtual switch.
  public var switchID: SwitchID
  /// The port.
  public var port: SwitchPortID
  /// The adapter at the port.
  public var index: SwitchNICIndex

  /// Names an adapter.
  @inlinable
  public init(_ switchID: SwitchID, _ port: SwitchPortID, _ index: SwitchNICIndex) {
    self.switchID = switchID
    self.port = port
    self.index = index
  }

  /// All of it in one number: switch, port, index.
  @inline(__always)
  var packed: UInt64 {
    UInt64(switchID.rawValue & 0xffff) << 48 | UInt64(port.rawValue) << 16 | UInt64(index.rawValue)
  }

  /// What a number names that was made by ``packed``.
  init(packed: UInt64) {
    self.init(
      SwitchID(rawValue: UInt32(truncatingIfNeeded: packed >> 48)),
      SwitchPortID(rawValue: UInt32(truncatingIfNeeded: packed >> 16)),
      SwitchNICIndex(rawValue: UInt16(truncatingIfNeeded: packed)))
  }
}

/// What a port or an adapter belongs to.
public enum AdapterKind: UInt8, Sendable {
  /// The network outside: one port with all physical adapters.
  case external
  /// A machine, by a paravirtual adapter.
  case synthetic
  /// A machine, by an emulated adapter.
  case emulated
  /// The management operating system.
  case `internal`

  /// The kind of a port from its number (`NDIS_SWITCH_PORT_TYPE`); an unknown one is taken for a machine's.
  public init(portType: UInt32) {
    switch portType {
    case 1: self = .external
    case 3: self = .emulated
    case 4: self = .internal
    default: self = .synthetic
    }
  }

  /// The kind of an adapter from its number (`NDIS_SWITCH_NIC_TYPE`); an unknown one is taken for a machine's.
  public init(nicType: UInt32) {
    switch nicType {
    case 0: self = .external
    case 2: self = .emulated
    case 3: self = .internal
    default: self = .synthetic
    }
  }
}
