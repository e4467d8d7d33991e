public import PacketWire

/// A network device of the host, as whoever watches the host tells the switch of it.
public struct NetworkDevice: Sendable, Equatable {
  /// The device's name.
  public var name = ""
  /// The host's number for it.
  public var index: UInt32 = 0
  /// The Ethernet address.
  public var ethernetAddress = MACAddress.zero
  /// The largest payload of a frame, in bytes.
  public var maximumTransmissionUnit = 1500
  /// Whether an administrator has it up.
  public var isUp = false
  /// Whether it has a carrier.
  public var hasCarrier = false
  /// How many times the carrier came or went.
  public var carrierChangeCount = 0
  /// Speed in bits a second, if known.
  public var bitsPerSecond: Int64?
  /// Whether both ends may speak at once, if known.
  public var isFullDuplex: Bool?
  /// The driver's name, version and firmware version, as `Interface.status` names them.
  public var status: [(name: String, value: String)] = []
  /// Its addresses.
  public var addresses: [NetworkAddress] = []
  /// What it counted, in the names of `Interface.statistics` (`rx_packets`, …); empty if not known.
  public var statistics: [(name: String, value: UInt64)] = []

  /// Makes a device of which nothing else is known.
  public init(
    name: String = "", index: UInt32 = 0, ethernetAddress: MACAddress = .zero, isUp: Bool = false,
    hasCarrier: Bool = false
  ) {
    self.name = name
    self.index = index
    self.ethernetAddress = ethernetAddress
    self.isUp = isUp
    self.hasCarrier = hasCarrier
  }

  /// Whether two descriptions say the same.
  public static func == (left: NetworkDevice, right: NetworkDevice) -> Bool {
    left.name == right.name && left.index == right.index && left.ethernetAddress == right.ethernetAddress
      && left.maximumTransmissionUnit == right.maximumTransmissionUnit && left.isUp == right.isUp
      && left.hasCarrier == right.hasCarrier && left.carrierChangeCount == right.carrierChangeCount
      && left.bitsPerSecond == right.bitsPerSecond && left.isFullDuplex == right.isFullDuplex
      && left.addresses == right.addresses
      && left.status.elementsEqual(right.status) { $0.name == $1.name && $0.value == $1.value }
      && left.statistics.elementsEqual(right.statistics) { $0.name == $1.name && $0.value == $1.value }
  }
}

/// An address of a network device; IPv4 addresses are in their mapped form (RFC 4291, section 2.5.5.2).
public struct NetworkAddress: Hashable, Sendable {
  /// The address.
  public var address: IPv6Address
  /// How many leading bits name the network, counted in the 128-bit form.
  public var prefixBitCount: Int

  /// Makes an address.
  public init(address: IPv6Address, prefixBitCount: Int) {
    self.address = address
    self.prefixBitCount = prefixBitCount
  }
}

/// A route of the host; IPv4 addresses are in their mapped form.
public struct NetworkRoute: Hashable, Sendable {
  /// The destination network.
  public var destination: IPv6Address
  /// How many leading bits of the destination count, in the 128-bit form.
  public var prefixBitCount: Int
  /// The next hop; nil if the destination is on the link.
  public var gateway: IPv6Address?
  /// The source address that the host would choose.
  public var preferredSource: IPv6Address?
  /// The number of the device.
  public var deviceIndex: UInt32
  /// The device's name.
  public var deviceName: String
  /// The mark that packets must have, if any.
  public var mark: UInt32
  /// Whether the route leads to the host itself.
  public var isLocal: Bool

  /// Makes a route.
  public init(
    destination: IPv6Address, prefixBitCount: Int, gateway: IPv6Address? = nil,
    preferredSource: IPv6Address? = nil, deviceIndex: UInt32 = 0, deviceName: String, mark: UInt32 = 0,
    isLocal: Bool = false
  ) {
    self.destination = destination
    self.prefixBitCount = prefixBitCount
    self.gateway = gateway
    self.preferredSource = preferredSource
    self.deviceIndex = deviceIndex
    self.deviceName = deviceName
    self.mark = mark
    self.isLocal = isLocal
  }
}
