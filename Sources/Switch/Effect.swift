public import Datapath
public import JSON
public import PacketWire
public import Vlog

/// What the switch wants done outside.
public enum Effect: Sendable {
  /// Send a message to the database server.
  case databaseSend(JSONValue)
  /// Close the connection to the database server, which is of no more use; `databaseClosed` follows.
  case databaseClose(reason: String)

  /// Open a stream to an address (`tcp:…`, `unix:…`); answered by `streamOpened` or `streamClosed`.
  case openStream(StreamID, address: String)
  /// Send bytes on a stream.
  case streamSend(StreamID, [UInt8])
  /// Take no more from a stream until all that was sent on it has left; answered by `streamDrained`.
  case awaitDrain(StreamID)
  /// Close a stream after what was sent has left. No `streamClosed` follows.
  case closeStream(StreamID)
  /// Accept streams at an address (`ptcp:…`, `punix:…`); answered by `listenerFailed` if that can not be.
  case openListener(ListenerID, address: String)
  /// Stop accepting there. Streams accepted so far stay open.
  case closeListener(ListenerID)

  /// Send a message to the datapath, in the netlink format of `Datapath/Protocol`.
  case datapathSend([UInt8])
  /// Let the datapath take a frame as if it had come in by a port (`netdev-dummy/receive`).
  case datapathReceive(datapath: String, DatapathPortNumber, frame: [UInt8])
  /// Change a network device of the host.
  case configureDevice(name: String, DeviceChange)
  /// Say what the devices look like now, counters and all.
  case refreshDevices

  /// Answer a user's command.
  case reply(CommandID, CommandReply)
  /// Write a line to the log.
  case log(module: StaticString, LogLevel, String)
  /// The configuration was applied for the first time: a detaching daemon may let its parent go.
  case ready
  /// End the program, removing what the datapath holds if `cleanup` is set.
  case exit(cleanup: Bool)
}

/// What to change of a network device; what is nil stays.
public struct DeviceChange: Sendable, Equatable {
  /// The Ethernet address.
  public var ethernetAddress: MACAddress?
  /// The largest payload of a frame, in bytes.
  public var maximumTransmissionUnit: Int?
  /// Whether it is up.
  public var isUp: Bool?

  init(ethernetAddress: MACAddress? = nil, maximumTransmissionUnit: Int? = nil, isUp: Bool? = nil) {
    self.ethernetAddress = ethernetAddress
    self.maximumTransmissionUnit = maximumTransmissionUnit
    self.isUp = isUp
  }
}

/// The answer to a user's command.
public enum CommandReply: Sendable, Equatable {
  /// It was done; the text is printed.
  case success(String)
  /// It was not done; the text says why.
  case failure(String)
}

/// What is written to the log at level DBG, if somebody wants to read it.
public struct LoggedDetails: OptionSet, Sendable {
  /// A bit for each kind.
  public let rawValue: UInt8

  /// Makes a set from its bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// What datapaths are asked and answer (module `dpif`).
  public static let datapathRequests = LoggedDetails(rawValue: 1)
  /// Packets that came up, and the flows that they lead to (module `dpif_netdev`).
  public static let datapathFlows = LoggedDetails(rawValue: 2)
  /// The messages of OpenFlow connections (module `vconn`).
  public static let messages = LoggedDetails(rawValue: 4)
  /// How select groups come to choose buckets as they do (module `ofproto_dpif`).
  public static let groups = LoggedDetails(rawValue: 8)
}

/// One call of `VirtualSwitch.step`: its time, and the effects that it has so far.
///
/// Every part of the switch holds the one turn of its switch, so that time and effects need not be handed down
/// through each call.
final class Turn {
  /// The time of this call.
  var now = Moment(milliseconds: 0)
  /// What is to be done, in order.
  var effects: [Effect] = []

  /// What the log wants to know in detail, so that texts are made only for somebody.
  var details: LoggedDetails = []

  /// Adds an effect.
  func emit(_ effect: Effect) { effects.append(effect) }

  /// Writes a line to the log.
  func log(_ module: StaticString, _ level: LogLevel, _ text: String) {
    effects.append(.log(module: module, level, text))
  }
}
