// What: the messages between the daemon and a datapath: generic netlink with an `ovs_header`, byte for byte
// what Linux's openvswitch families and the OVS driver for Windows speak.
//
// Why: it is the only way from the daemon to a datapath, whether that runs in a worker thread or in a kernel,
// so any of the four combinations of old and new daemon and datapath works.
//
// How: netlink header (16 bytes), generic netlink header (4), datapath number (4), attributes. Families have
// fixed numbers, as the Windows driver has it, since there is no controller to ask.

/// The families of messages, by their fixed netlink types.
public struct MessageFamily: RawRepresentable, Hashable, Sendable {
  /// The netlink message type.
  public var rawValue: UInt16

  /// Makes a family from its netlink type.
  @inlinable
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// An error or an acknowledgement (`NLMSG_ERROR`).
  public static var error: MessageFamily { MessageFamily(rawValue: 2) }
  /// The end of a dump (`NLMSG_DONE`).
  public static var done: MessageFamily { MessageFamily(rawValue: 3) }
  /// The handle that a message comes by (`ovs_win_control`; Windows only).
  public static var control: MessageFamily { MessageFamily(rawValue: 17) }
  /// Datapaths (`ovs_datapath`).
  public static var datapath: MessageFamily { MessageFamily(rawValue: 18) }
  /// Packets (`ovs_packet`).
  public static var packet: MessageFamily { MessageFamily(rawValue: 19) }
  /// Ports (`ovs_vport`).
  public static var vport: MessageFamily { MessageFamily(rawValue: 20) }
  /// Flows (`ovs_flow`).
  public static var flow: MessageFamily { MessageFamily(rawValue: 21) }
  /// Devices behind ports (`ovs_win_netdev`; Windows only).
  public static var networkDevice: MessageFamily { MessageFamily(rawValue: 22) }
  /// A number that the Windows driver has set aside; its messages about connections are nfnetlink's.
  public static var connectionTrack: MessageFamily { MessageFamily(rawValue: 23) }
  /// Limits of connections in a zone (`ovs_ct_limit`).
  public static var connectionLimit: MessageFamily { MessageFamily(rawValue: 24) }
  /// Meters (`ovs_meter`).
  public static var meter: MessageFamily { MessageFamily(rawValue: 25) }
  /// Settings of connection tracking; numbers from 64 to 255 are this datapath's own.
  public static var connectionSettings: MessageFamily { MessageFamily(rawValue: 64) }

  /// Connections that are tracked: nfnetlink's type, which has the command in its lower byte (`NFNL_SUBSYS_CTNETLINK`).
  public static func connection(_ command: ConnectionCommand) -> MessageFamily {
    MessageFamily(rawValue: 1 << 8 | UInt16(command.rawValue))
  }

  /// Timeout policies (`NFNL_SUBSYS_CTNETLINK_TIMEOUT`).
  public static func timeoutPolicy(_ command: TimeoutPolicyCommand) -> MessageFamily {
    MessageFamily(rawValue: 8 << 8 | UInt16(command.rawValue))
  }

  /// Whether it is a type of nfnetlink: those of generic netlink are smaller.
  public var isNetfilter: Bool { rawValue >> 8 != 0 }
}

/// Commands of the datapath, vport and flow families, which number them alike.
public enum MessageCommand: UInt8, Sendable {
  /// Creates something, or reports that it exists.
  case new = 1
  /// Deletes something.
  case delete = 2
  /// Asks for one, or with the dump flag for all.
  case get = 3
  /// Changes something.
  case set = 4
}

/// Flags of a netlink message (`NLM_F_*`).
public struct MessageFlags: OptionSet, Sendable, Hashable {
  /// The bits.
  public var rawValue: UInt16

  /// Makes a set of flags from its bits.
  @inlinable
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// The message asks for something.
  public static var request: MessageFlags { MessageFlags(rawValue: 0x1) }
  /// More parts follow, up to a done message.
  public static var multipart: MessageFlags { MessageFlags(rawValue: 0x2) }
  /// The sender wants an acknowledgement.
  public static var acknowledge: MessageFlags { MessageFlags(rawValue: 0x4) }
  /// The sender wants what resulted to be sent back.
  public static var echo: MessageFlags { MessageFlags(rawValue: 0x8) }
  /// The sender wants all of them.
  public static var dump: MessageFlags { MessageFlags(rawValue: 0x300) }
  /// Create where there is none (new requests).
  public static var create: MessageFlags { MessageFlags(rawValue: 0x400) }
  /// Refuse where there is one already (new requests).
  public static var exclusive: MessageFlags { MessageFlags(rawValue: 0x200) }
}

/// What stands before a message's attributes.
public struct NetlinkHeader: Equatable, Sendable {
  /// What kind of message it is.
  public var flags: MessageFlags
  /// Chosen by who asks; the answer repeats it.
  public var sequence: UInt32
  /// The netlink port of who asks.
  public var processID: UInt32
  /// The datapath that is meant.
  public var datapathIndex: Int32

  /// Makes a header.
  public init(
    flags: MessageFlags = .request, sequence: UInt32 = 0, processID: UInt32 = 0, datapathIndex: Int32 = 0
  ) {
    self.flags = flags
    self.sequence = sequence
    self.processID = processID
    self.datapathIndex = datapathIndex
  }

  /// Whether all there are of something are asked for (`NLM_F_DUMP`: both of its bits).
  public var isDump: Bool { flags.isSuperset(of: .dump) }

  /// The header of an answer to this message.
  public func reply(flags: MessageFlags = []) -> NetlinkHeader {
    NetlinkHeader(flags: flags, sequence: sequence, processID: processID, datapathIndex: datapathIndex)
  }
}

/// A message to or from a datapath.
public struct NetlinkMessage: Equatable, Sendable {
  /// What stands before the attributes.
  public var header: NetlinkHeader
  /// What it says.
  public var body: Body

  /// Makes a message.
  public init(_ header: NetlinkHeader = NetlinkHeader(), _ body: Body) {
    self.header = header
    self.body = body
  }

  /// What a message says.
  public enum Body: Equatable, Sendable {
    /// About a datapath.
    case datapath(MessageCommand, DatapathMessage)
    /// About a port.
    case vport(MessageCommand, VportMessage)
    /// About a flow.
    case flow(MessageCommand, FlowMessage)
    /// About a packet.
    case packet(PacketMessage.Command, PacketMessage)
    /// About the handle that it comes by.
    case control(ControlCommand, ControlMessage)
    /// About a device behind a port.
    case networkDevice(NetworkDeviceMessage)
    /// About connections that are tracked.
    case tracking(TrackingMessage)
    /// About a meter.
    case meter(DatapathMeterCommand, MeterMessage)
    /// Something failed, with an `errno` value; zero acknowledges.
    case error(UInt32)
    /// A dump is complete.
    case done
  }

  static var headerByteCount: Int { 24 }

  /// The message's bytes.
  public func encode() -> [UInt8] {
    var writer = AttributeWriter()
    let (family, command, version) = identity
    writer.append(littleEndian: 0, byteCount: 4)
    writer.append(littleEndian: UInt64(family.rawValue), byteCount: 2)
    writer.append(littleEndian: UInt64(header.flags.rawValue), byteCount: 2)
    writer.append(littleEndian: UInt64(header.sequence), byteCount: 4)
    writer.append(littleEndian: UInt64(header.processID), byteCount: 4)
    switch body {
    case .error(let code):
      writer.append(littleEndian: UInt64(UInt32(0) &- code), byteCount: 4)
      writer.append([UInt8](repeating: 0, count: 16))
    case .done: writer.append(littleEndian: 0, byteCount: 4)
    default:
      writer.append([command, version, 0, 0])
      writer.append(littleEndian: UInt64(UInt32(bitPattern: header.datapathIndex)), byteCount: 4)
    }
    switch body {
    case .datapath(_, let message): message.encode(into: &writer)
    case .vport(_, let message): message.encode(into: &writer)
    case .flow(_, let message): message.encode(into: &writer)
    case .packet(_, let message): message.encode(into: &writer)
    case .control(_, let message): message.encode(into: &writer)
    case .networkDevice(let message): message.encode(into: &writer)
    case .tracking(let message): message.encode(into: &writer)
    case .meter(_, let message): message.encode(into: &writer)
    case .error, .done: break
    }
    var bytes = writer.bytes
    let count = bytes.count
    for index in 0..<4 { bytes[index] = UInt8(truncatingIfNeeded: count >> (8 * index)) }
    return bytes
  }

  private var identity: (family: MessageFamily, command: UInt8, version: UInt8) {
    switch body {
    case .datapath(let command, _): (.datapath, command.rawValue, 2)
    case .vport(let command, _): (.vport, command.rawValue, 1)
    case .flow(let command, _): (.flow, command.rawValue, 1)
    case .packet(let command, _): (.packet, command.rawValue, 1)
    case .control(let command, _): (.control, command.rawValue, 1)
    case .networkDevice: (.networkDevice, NetworkDeviceMessage.getCommand, 1)
    case .tracking(let message): message.identity
    case .meter(let command, _): (.meter, command.rawValue, 1)
    case .error: (.error, 0, 0)
    case .done: (.done, 0, 0)
    }
  }

  /// The messages that `bytes` consist of.
  ///
  /// - Throws: ``MessageError`` for the first that makes no sense.
  public static func decode(_ bytes: [UInt8]) throws(MessageError) -> [NetlinkMessage] {
    var messages: [NetlinkMessage] = []
    var position = 0
    while position < bytes.count {
      let left = bytes.count - position
      guard left >= 16 else { throw .truncated(needed: 16, found: left) }
      let length = Int(littleEndian(bytes, position, 4))
      guard length >= 16 else { throw .truncated(needed: 16, found: length) }
      guard length <= left else { throw .truncated(needed: length, found: left) }
      messages.append(try decode(bytes, position..<(position + length)))
      position = min(bytes.count, position + (length + 3) & ~3)
    }
    return messages
  }

  private static func decode(_ bytes: [UInt8], _ range: Range<Int>) throws(MessageError) -> NetlinkMessage {
    let start = range.lowerBound
    let family = MessageFamily(rawValue: UInt16(littleEndian(bytes, start + 4, 2)))
    var header = NetlinkHeader(
      flags: MessageFlags(rawValue: UInt16(littleEndian(bytes, start + 6, 2))),
      sequence: littleEndian(bytes, start + 8, 4), processID: littleEndian(bytes, start + 12, 4))
    switch family {
    case .done: return NetlinkMessage(header, .done)
    case .error:
      guard range.count >= 20 else { throw .truncated(needed: 20, found: range.count) }
      return NetlinkMessage(header, .error(0 &- littleEndian(bytes, start + 16, 4)))
    case .datapath, .vport, .flow, .packet, .control, .networkDevice, .meter: break
    default:
      guard TrackingMessage.has(family) else { throw .unknownFamily(family.rawValue) }
    }
    guard range.count >= headerByteCount else {
      throw .truncated(needed: headerByteCount, found: range.count)
    }
    header.datapathIndex = Int32(bitPattern: littleEndian(bytes, start + 20, 4))
    let command = bytes[start + 16]
    var reader = AttributeReader(message: bytes, range: (start + 24)..<range.upperBound, depth: 0)
    return NetlinkMessage(header, try body(of: family, command, &reader))
  }

  private static func body(
    of family: MessageFamily, _ command: UInt8, _ reader: inout AttributeReader
  ) throws(MessageError) -> Body {
    let unknown = MessageError.unknownCommand(family: family.rawValue, command: command)
    switch family {
    case .packet:
      guard let command = PacketMessage.Command(rawValue: command) else { throw unknown }
      return .packet(command, try PacketMessage(decoding: &reader))
    case .control:
      guard let command = ControlCommand(rawValue: command) else { throw unknown }
      return .control(command, try ControlMessage(decoding: &reader, of: command))
    case .networkDevice:
      guard command == NetworkDeviceMessage.getCommand else { throw unknown }
      return .networkDevice(try NetworkDeviceMessage(decoding: &reader))
    case .meter:
      guard let command = DatapathMeterCommand(rawValue: command) else { throw unknown }
      return .meter(command, try MeterMessage(decoding: &reader))
    case .datapath, .vport, .flow: break
    default:
      guard let message = try TrackingMessage(of: family, command, &reader) else { throw unknown }
      return .tracking(message)
    }
    guard let command = MessageCommand(rawValue: command) else { throw unknown }
    switch family {
    case .datapath: return .datapath(command, try DatapathMessage(decoding: &reader))
    case .vport: return .vport(command, try VportMessage(decoding: &reader))
    default: return .flow(command, try FlowMessage(decoding: &reader))
    }
  }

  private static func littleEndian(_ bytes: [UInt8], _ offset: Int, _ count: Int) -> UInt32 {
    var value: UInt32 = 0
    for index in 0..<count { value |= UInt32(bytes[offset + index]) << UInt32(8 * index) }
    return value
  }
}
