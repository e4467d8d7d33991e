// What the Windows driver's device is told about the handle that tells it: the family `ovs_win_control`, which stands
// for what a socket's system calls do elsewhere.

/// Commands of the control family (`enum ovs_win_control_cmd`).
public enum ControlCommand: UInt8, Sendable {
  /// Answer when there is an event to read.
  case awaitEvent = 0
  /// Answer when there is a packet to read.
  case awaitPacket = 1
  /// Join or leave a multicast group.
  case joinGroup = 2
  /// Begin or end to receive packets.
  case subscribePackets = 3
  /// What reading an event is inside the driver; nobody may ask for it.
  case readEvent = 4
  /// What reading a packet is inside the driver; nobody may ask for it.
  case readPacket = 5
  /// Set a handle's netlink protocol, and ask for its number.
  case socketProperties = 6
  /// Ask for the device's counters; not known to other drivers.
  case counters = 64
}

/// The multicast groups of the driver.
public enum MulticastGroup {
  /// Ports that come, go and change.
  public static var vport: UInt32 { 101 }
}

/// A counter, for people to read.
public struct NamedCounter: Equatable, Sendable {
  /// What it counts.
  public var name: [UInt8]
  /// How often.
  public var value: UInt64

  /// Makes a counter.
  public init(name: [UInt8], value: UInt64) {
    self.name = name
    self.value = value
  }
}

/// A message of the control family.
public struct ControlMessage: Equatable, Sendable {
  /// The group to join or leave (`OVS_NL_ATTR_MCAST_GRP`).
  public var group: UInt32?
  /// Whether to join (1) or leave (0) (`OVS_NL_ATTR_MCAST_JOIN`).
  public var joins: UInt8?
  /// Whether packets are to come: 0 none, 1 one at each read, 2 as many as a read has room for
  /// (`OVS_NL_ATTR_PACKET_SUBSCRIBE`; other drivers know 0 and 1).
  public var subscription: UInt8?
  /// Who is to receive packets (`OVS_NL_ATTR_PACKET_PID`).
  public var receiver: UInt32?
  /// The handle's netlink protocol (`OVS_NL_ATTR_SOCK_PROTO`).
  public var socketProtocol: UInt32?
  /// The handle's number, in answers (`OVS_NL_ATTR_SOCK_PID`).
  public var socketProcessID: UInt32?
  /// Counters, in answers.
  public var counters: [NamedCounter] = []

  /// Makes a message that says nothing.
  public init() {}

  private static var counterAttribute: UInt16 { 16 }

  func encode(into writer: inout AttributeWriter) {
    if let group { writer.put(0, uint32: group) }
    if let joins { writer.put(1, uint8: joins) }
    if let subscription { writer.put(2, uint8: subscription) }
    if let receiver { writer.put(3, uint32: receiver) }
    if let socketProtocol { writer.put(0, uint32: socketProtocol) }
    if let socketProcessID { writer.put(1, uint32: socketProcessID) }
    for counter in counters {
      let start = writer.begin(Self.counterAttribute)
      writer.put(1, text: counter.name)
      writer.put(2, uint64: counter.value)
      writer.finish(start)
    }
  }

  init(decoding reader: inout AttributeReader, of command: ControlCommand) throws(MessageError) {
    while let attribute = try reader.next() {
      switch (attribute.type, command) {
      case (0, .socketProperties): socketProtocol = try attribute.uint32()
      case (1, .socketProperties): socketProcessID = try attribute.uint32()
      case (0, _): group = try attribute.uint32()
      case (1, _):
        try attribute.require(byteCount: 1)
        joins = attribute.byte(at: 0)
      case (2, _):
        try attribute.require(byteCount: 1)
        subscription = attribute.byte(at: 0)
      case (3, _): receiver = try attribute.uint32()
      case (Self.counterAttribute, .counters): counters.append(try Self.counter(attribute.nested()))
      default: break
      }
    }
  }

  private static func counter(_ reader: AttributeReader) throws(MessageError) -> NamedCounter {
    var reader = reader
    var counter = NamedCounter(name: [], value: 0)
    while let attribute = try reader.next() {
      if attribute.type == 1 { counter.name = attribute.text() }
      if attribute.type == 2 { counter.value = try attribute.uint64() }
    }
    return counter
  }
}
