public import Datapath
public import PacketWire

/// A NIC of a virtual switch, as far as user mode is told.
public struct NetworkPort: Equatable, Sendable {
  /// The name by which it is bound to a port of the datapath.
  public var name: [UInt8]
  /// Whether it leads to the host itself or elsewhere.
  public var type: VportType
  /// Its Ethernet address.
  public var ethernetAddress: MACAddress
  /// The largest payload of a frame, in bytes.
  public var maximumTransmissionUnit: UInt32
  /// Whether it is connected.
  public var isConnected: Bool
  /// Its speed in bits a second, if known.
  public var bitsPerSecond: UInt64?

  /// Makes a description.
  public init(
    name: [UInt8], type: VportType = .netdev, ethernetAddress: MACAddress, maximumTransmissionUnit: UInt32,
    isConnected: Bool, bitsPerSecond: UInt64? = nil
  ) {
    self.name = name
    self.type = type
    self.ethernetAddress = ethernetAddress
    self.maximumTransmissionUnit = maximumTransmissionUnit
    self.isConnected = isConnected
    self.bitsPerSecond = bitsPerSecond
  }
}
