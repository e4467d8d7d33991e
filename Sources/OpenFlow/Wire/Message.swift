public import Datapath

/// An OpenFlow message, independent of the version that carries it.
///
/// `Message.decode` reads one, `encode` writes one. What a version cannot express is left out by `encode`.
public enum Message: Sendable {
  /// The versions that the sender speaks.
  case hello(Hello)
  /// An error.
  case error(ErrorMessage)
  /// Is anyone there? The bytes come back.
  case echoRequest([UInt8])
  /// Yes.
  case echoReply([UInt8])
  /// What can you do?
  case featuresRequest
  /// What the switch can do.
  case featuresReply(SwitchFeatures)
  /// What is the configuration?
  case getConfigurationRequest
  /// The configuration.
  case getConfigurationReply(SwitchConfiguration)
  /// Change the configuration.
  case setConfiguration(SwitchConfiguration)
  /// A packet for the controller.
  case packetIn(PacketIn)
  /// A packet for the switch.
  case packetOut(PacketOut)
  /// Let a paused packet go on.
  case resume(PacketIn)
  /// Change flows.
  case flowModification(FlowMod)
  /// A flow was removed.
  case flowRemoved(FlowRemoved)
  /// A port changed.
  case portStatus(PortStatus)
  /// Configure a port.
  case portModification(PortModification)
  /// Change groups.
  case groupModification(GroupMod)
  /// Change meters.
  case meterModification(MeterMod)
  /// Another controller's request.
  case requestForward(RequestForward)
  /// Finish everything sent before.
  case barrierRequest
  /// Everything before is finished.
  case barrierReply
  /// Ask for a role.
  case roleRequest(RoleMessage)
  /// The role held.
  case roleReply(RoleMessage)
  /// The role changed.
  case roleStatus(RoleStatus)
  /// Which messages are sent unasked?
  case asyncRequest
  /// Which messages are sent unasked.
  case asyncReply(AsyncConfiguration)
  /// Change which messages are sent unasked.
  case setAsync(AsyncConfiguration)
  /// Open, close, commit or discard a bundle.
  case bundleControl(BundleControl)
  /// Put a message into a bundle.
  case bundleAdd(BundleAdd)
  /// Use Nicira's flow format (true) or OpenFlow 1.0's in what follows.
  case setFlowFormat(nicira: Bool)
  /// Whether flow modifications of OpenFlow 1.0 carry a table number.
  case flowModTableID(Bool)
  /// Send packets in this form.
  case setPacketInFormat(PacketInFormat)
  /// The number by which `controller` actions choose this connection.
  case setControllerID(UInt16)
  /// Forget the tracked connections of a zone.
  case flushConnections(zone: UInt16)
  /// Forget the tracked connections that have all that is said.
  case flushConnectionsByTuple(ConnectionMessage)
  /// Who are you?
  case descriptionRequest
  /// Who the switch is.
  case descriptionReply(SwitchDescription)
  /// Flows and their statistics, please.
  case flowStatisticsRequest(FlowStatisticsRequest)
  /// Flows and their statistics.
  case flowStatisticsReply([FlowDescription], more: Bool)
  /// The sum of some flows' statistics, please.
  case aggregateStatisticsRequest(FlowStatisticsRequest)
  /// The sum of some flows' statistics.
  case aggregateStatisticsReply(AggregateStatistics)
  /// Statistics of all tables, please.
  case tableStatisticsRequest
  /// Statistics of tables.
  case tableStatisticsReply([TableStatistics], more: Bool)
  /// Statistics of one port or, for `.none`, of all.
  case portStatisticsRequest(OpenFlowPortNumber)
  /// Statistics of ports.
  case portStatisticsReply([PortStatistics], more: Bool)
  /// Statistics of some queues.
  case queueStatisticsRequest(QueueRequest)
  /// Statistics of queues.
  case queueStatisticsReply([QueueStatistics], more: Bool)
  /// What can the tables do?
  case tableFeaturesRequest
  /// What tables can do.
  case tableFeaturesReply([TableFeatures], more: Bool)
  /// Descriptions of all ports, or of one (OpenFlow 1.5).
  case portDescriptionRequest(OpenFlowPortNumber)
  /// Descriptions of ports.
  case portDescriptionReply([PortDescription], more: Bool)
  /// Statistics of one group or of all, please.
  case groupStatisticsRequest(UInt32)
  /// Statistics of groups.
  case groupStatisticsReply([GroupStatistics], more: Bool)
  /// Descriptions of all groups, or of one (OpenFlow 1.5).
  case groupDescriptionRequest(UInt32)
  /// Descriptions of groups.
  case groupDescriptionReply([GroupDescription], more: Bool)
  /// What can groups do?
  case groupFeaturesRequest
  /// What groups can do.
  case groupFeaturesReply(GroupFeatures)
  /// Statistics of one meter or of all, please.
  case meterStatisticsRequest(UInt32)
  /// Statistics of meters.
  case meterStatisticsReply([MeterStatistics], more: Bool)
  /// Descriptions of one meter or of all, please.
  case meterConfigurationRequest(UInt32)
  /// Descriptions of meters.
  case meterConfigurationReply([MeterConfiguration], more: Bool)
  /// What can meters do?
  case meterFeaturesRequest
  /// What meters can do.
  case meterFeaturesReply(MeterFeatures)
  /// A message of a known kind, of which only the body's bytes are kept.
  case opaque(MessageKind, [UInt8])
}

extension Message {
  /// What the message is about.
  public var kind: MessageKind {
    switch self {
    case .hello: .hello
    case .error: .error
    case .echoRequest: .echoRequest
    case .echoReply: .echoReply
    case .featuresRequest: .featuresRequest
    case .featuresReply: .featuresReply
    case .getConfigurationRequest: .getConfigurationRequest
    case .getConfigurationReply: .getConfigurationReply
    case .setConfiguration: .setConfiguration
    case .packetIn: .packetIn
    case .packetOut: .packetOut
    case .resume: .resume
    case .flowModification: .flowModification
    case .flowRemoved: .flowRemoved
    case .flowStatisticsRequest: .flowStatisticsRequest
    case .flowStatisticsReply: .flowStatisticsReply
    case .aggregateStatisticsRequest: .aggregateStatisticsRequest
    case .portStatus: .portStatus
    case .portModification: .portModification
    case .groupModification: .groupModification
    case .meterModification: .meterModification
    case .requestForward: .requestForward
    case .barrierRequest: .barrierRequest
    case .barrierReply: .barrierReply
    case .roleRequest: .roleRequest
    case .roleReply: .roleReply
    case .roleStatus: .roleStatus
    case .asyncRequest: .asyncRequest
    case .asyncReply: .asyncReply
    case .setAsync: .setAsync
    case .bundleControl: .bundleControl
    case .bundleAdd: .bundleAdd
    case .setFlowFormat: .setFlowFormat
    case .flowModTableID: .flowModTableID
    case .setPacketInFormat: .setPacketInFormat
    case .setControllerID: .setControllerID
    case .flushConnections: .flushConnections
    case .flushConnectionsByTuple: .flushConnectionsByTuple
    case .descriptionRequest: .descriptionRequest
    case .descriptionReply: .descriptionReply
    case .aggregateStatisticsReply: .aggregateStatisticsReply
    case .tableStatisticsRequest: .tableStatisticsRequest
    case .tableStatisticsReply: .tableStatisticsReply
    case .portStatisticsRequest: .portStatisticsRequest
    case .portStatisticsReply: .portStatisticsReply
    case .queueStatisticsRequest: .queueStatisticsRequest
    case .queueStatisticsReply: .queueStatisticsReply
    case .tableFeaturesRequest: .tableFeaturesRequest
    case .tableFeaturesReply: .tableFeaturesReply
    case .portDescriptionRequest: .portDescriptionRequest
    case .portDescriptionReply: .portDescriptionReply
    case .groupStatisticsRequest: .groupStatisticsRequest
    case .groupStatisticsReply: .groupStatisticsReply
    case .groupDescriptionRequest: .groupDescriptionRequest
    case .groupDescriptionReply: .groupDescriptionReply
    case .groupFeaturesRequest: .groupFeaturesRequest
    case .groupFeaturesReply: .groupFeaturesReply
    case .meterStatisticsRequest: .meterStatisticsRequest
    case .meterStatisticsReply: .meterStatisticsReply
    case .meterConfigurationRequest: .meterConfigurationRequest
    case .meterConfigurationReply: .meterConfigurationReply
    case .meterFeaturesRequest: .meterFeaturesRequest
    case .meterFeaturesReply: .meterFeaturesReply
    case .opaque(let kind, _): kind
    }
  }
}

/// In which form packets are sent to a controller (NXPIF_*).
public enum PacketInFormat: UInt32, Hashable, Sendable {
  /// The specification's (OFPT_PACKET_IN).
  case standard = 0
  /// NXT_PACKET_IN.
  case nicira = 1
  /// NXT_PACKET_IN2, which can be resumed.
  case nicira2 = 2

  /// The name that commands print and accept.
  public var name: String {
    switch self {
    case .standard: "standard"
    case .nicira: "nxt_packet_in"
    case .nicira2: "nxt_packet_in2"
    }
  }

  /// The format with a name; nil if there is none.
  public init?(name: String) {
    switch name {
    case "standard", "openflow10": self = .standard
    case "nxt_packet_in", "nxm": self = .nicira
    case "nxt_packet_in2": self = .nicira2
    default: return nil
    }
  }
}

/// The form that messages to a peer take: the version, and for OpenFlow 1.0 the flow format negotiated.
public struct WireProtocol: Hashable, Sendable {
  /// The version.
  public var version: OpenFlowVersion
  /// Whether flows of OpenFlow 1.0 travel in Nicira's extended form.
  public var usesNiciraFlows: Bool
  /// Whether flow modifications carry a table number.
  ///
  /// OpenFlow 1.1 and later always do.
  public var hasTableID: Bool
  /// In which form packets are sent to the controller.
  public var packetInFormat: PacketInFormat

  /// Makes a form.
  public init(
    _ version: OpenFlowVersion, niciraFlows: Bool = false, tableID: Bool = false,
    packetInFormat: PacketInFormat = .standard
  ) {
    self.version = version
    self.packetInFormat = packetInFormat
    usesNiciraFlows = niciraFlows
    hasTableID = tableID || version != .v10
  }

  /// The dialect in which flow messages are sent.
  var flowDialect: MessageDialect { usesNiciraFlows && version == .v10 ? .nicira : .standard }
}

/// A message as it came.
public struct ReceivedMessage: Sendable {
  /// The version that carried it.
  public var version: OpenFlowVersion
  /// The transaction it belongs to.
  public var xid: UInt32
  /// Whose numbering it used; a reply has to use the same.
  public var dialect: MessageDialect
  /// The name of the form it came in, such as `OFPT_FLOW_MOD`.
  public var name: String
  /// What it says.
  public var message: Message

  /// The form of a reply to this message.
  public var replyProtocol: WireProtocol {
    WireProtocol(version, niciraFlows: dialect == .nicira, tableID: true)
  }
}
