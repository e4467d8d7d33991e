public import JSON
public import PacketWire

/// What happens to the switch from outside.
public enum Event: Sendable {
  /// The connection to the database server is up.
  case databaseOpened
  /// A message of the database server (RFC 7047).
  case databaseReceived(JSONValue)
  /// The connection to the database server is down; whoever runs the switch opens it again.
  case databaseClosed(reason: String)

  /// A listener accepted a stream, to which the caller gave a number by `VirtualSwitch.makeStreamID()`.
  case streamAccepted(ListenerID, StreamID, peer: String)
  /// A stream that the switch asked for is open.
  case streamOpened(StreamID)
  /// Bytes of a stream.
  case streamReceived(StreamID, [UInt8])
  /// What `Effect.awaitDrain` waits for: everything sent on a stream has left.
  case streamDrained(StreamID)
  /// A stream that the switch did not close is gone, or could not be opened.
  case streamClosed(StreamID, reason: String)
  /// A listener could not be opened.
  case listenerFailed(ListenerID, reason: String)

  /// A message of the datapath, in the netlink format of `Datapath/Protocol`: a reply, a notification, an upcall.
  case datapathReceived([UInt8])

  /// What the host's network devices look like now. The list is whole: a device not in it is gone.
  case devicesChanged([Device])
  /// What the host's routes look like now. The list is whole.
  case routesChanged([HostRoute])

  /// A user's command, to be answered by one `Effect.reply`.
  case command(CommandID, name: String, arguments: [String])
}

/// A network device of the host, as far as the switch cares.
public struct Device: Sendable, Equatable {
  /// The device's name.
  public var name: String
  /// The host's number for it.
  public var index: UInt32
  /// The Ethernet address.
  public var ethernetAddress: MACAddress
  /// The largest payload of a frame, in bytes.
  public var maximumTransmissionUnit: Int
  /// Whether an administrator has it up.
  public var isUp: Bool
  /// Whether it has a carrier.
  public var hasCarrier: Bool
  /// How many times the carrier came or went, as far as known.
  public var carrierChangeCount: Int
  /// Speed in bits a second, if known.
  public var bitsPerSecond: Int64?
  /// Whether both ends may speak at once, if known.
  public var isFullDuplex: Bool?
  /// The driver's name, version and firmware version: what `Interface.status` shows.
  public var status: [(name: String, value: String)]
  /// Its addresses.
  public var addresses: [DeviceAddress]
  /// What it counted, in the names of `Interface.statistics` (`rx_packets`, …); empty if not known.
  public var statistics: [(name: String, value: UInt64)]

  /// Makes a device.
  public init(
    name: String, index: UInt32, ethernetAddress: MACAddress, maximumTransmissionUnit: Int = 1500,
    isUp: Bool = true,
    hasCarrier: Bool = true, carrierChangeCount: Int = 0, bitsPerSecond: Int64? = nil,
    isFullDuplex: Bool? = nil,
    status: [(name: String, value: String)] = [], addresses: [DeviceAddress] = [],
    statistics: [(name: String, value: UInt64)] = []
  ) {
    self.name = name
    self.index = index
    self.ethernetAddress = ethernetAddress
    self.maximumTransmissionUnit = maximumTransmissionUnit
    self.isUp = isUp
    self.hasCarrier = hasCarrier
    self.carrierChangeCount = carrierChangeCount
    self.bitsPerSecond = bitsPerSecond
    self.isFullDuplex = isFullDuplex
    self.status = status
    self.addresses = addresses
    self.statistics = statistics
  }

  /// Whether two descriptions say the same.
  public static func == (left: Device, right: Device) -> Bool {
    left.name == right.name && left.index == right.index && left.ethernetAddress == right.ethernetAddress
      && left.maximumTransmissionUnit == right.maximumTransmissionUnit && left.isUp == right.isUp
      && left.hasCarrier == right.hasCarrier && left.carrierChangeCount == right.carrierChangeCount
      && left.bitsPerSecond == right.bitsPerSecond && left.isFullDuplex == right.isFullDuplex
      && left.addresses == right.addresses
      && left.status.elementsEqual(right.status) { $0.name == $1.name && $0.value == $1.value }
      && left.statistics.elementsEqual(right.statistics) { $0.name == $1.name && $0.value == $1.value }
  }
}

/// An address of a network device.
///
/// IPv4 addresses are in their mapped form (`::ffff:a.b.c.d`, RFC 4291, 2.5.5.2).
public struct DeviceAddress: Sendable, Hashable {
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

/// A route of the host.
///
/// IPv4 addresses are in their mapped form, as in `DeviceAddress`.
public struct HostRoute: Sendable, Hashable {
  /// The destination network.
  public var destination: IPv6Address
  /// How many leading bits of the destination count, in the 128-bit form.
  public var prefixBitCount: Int
  /// The next hop; nil if the destination is on the link.
  public var gateway: IPv6Address?
  /// The source address that the host would choose.
  public var preferredSource: IPv6Address?
  /// The device's name.
  public var deviceName: String
  /// The mark that packets must have, if any.
  public var mark: UInt32
  /// Whether the route leads to the host itself.
  public var isLocal: Bool

  /// Makes a route.
  public init(
    destination: IPv6Address, prefixBitCount: Int, gateway: IPv6Address? = nil,
    preferredSource: IPv6Address? = nil,
    deviceName: String, mark: UInt32 = 0, isLocal: Bool = false
  ) {
    self.destination = destination
    self.prefixBitCount = prefixBitCount
    self.gateway = gateway
    self.preferredSource = preferredSource
    self.deviceName = deviceName
    self.mark = mark
    self.isLocal = isLocal
  }
}
