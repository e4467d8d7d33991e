// The numbers by which Hyper-V names the parts of an extensible switch.

/// A port of one virtual switch (`NDIS_SWITCH_PORT_ID`).
public struct SwitchPortID: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  /// The number; a packet's out-of-band data has room for sixteen of its bits.
  public let rawValue: UInt32

  /// Makes an identifier from its number.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The source of packets that the switch trusts (`NDIS_SWITCH_DEFAULT_PORT_ID`).
  public static var trusted: SwitchPortID { SwitchPortID(rawValue: 0) }
}

/// A network adapter at a port (`NDIS_SWITCH_NIC_INDEX`).
///
/// Only the external port has more than one: index 0 stands for all of them, 1 and up for the physical ones.
public struct SwitchNICIndex: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  /// The number.
  public let rawValue: UInt16

  /// Makes an index from its number.
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// The adapter of a port that has only one (`NDIS_SWITCH_DEFAULT_NIC_INDEX`).
  public static var only: SwitchNICIndex { SwitchNICIndex(rawValue: 0) }
}

/// One attached virtual switch: a filter module, as the driver numbers them.
public struct SwitchID: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  /// The number.
  public let rawValue: UInt32

  /// Makes an identifier from its number.
  public init(rawValue: UInt32) { self.rawValue = rawValue }
}
