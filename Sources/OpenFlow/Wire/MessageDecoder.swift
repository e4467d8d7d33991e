extension Message {
  /// Reads one message, whose length the stream has cut out.
  ///
  /// - Parameters:
  ///   - bytes: The message, header included.
  ///   - hasTableID: Whether the peer asked that flow modifications of OpenFlow 1.0 carry a table number.
  ///   - checksActions: Whether the actions of a flow modification have to make sense for its match.
  /// - Throws: The error to answer with, by `ErrorMessage(error, about: bytes)`.
  @export(interface)
  public static func decode(
    _ bytes: [UInt8], hasTableID: Bool = false, checksActions: Bool = true
  ) throws(OpenFlowError) -> ReceivedMessage {
    // A hello is read whatever version its header claims; that is how versions are negotiated.
    if let header = MessageHeader(bytes), header.type == 0, header.length == bytes.count {
      var reader = WireReader(bytes, from: MessageHeader.byteCount)
      let hello = Hello.decode(&reader, headerVersion: header.version)
      let version = OpenFlowVersion(rawValue: header.version) ?? .v15
      return ReceivedMessage(
        version: version, xid: header.xid, dialect: .standard, name: "OFPT_HELLO", message: .hello(hello))
    }
    var reader = WireReader([])
    let envelope = try MessageEnvelope.open(bytes, &reader)
    if envelope.row.kind.isPaddedRequest, bytes.count % 8 != 0 { throw .badRequestBadLength }
    let message = try decodeBody(&reader, envelope, hasTableID: hasTableID)
    try checkEnd(reader, envelope)
    if checksActions, case .flowModification(let change) = message {
      try ActionCheck.check(change.actions, match: change.match, table: change.table, in: envelope.version)
    }
    return ReceivedMessage(
      version: envelope.version, xid: envelope.xid, dialect: envelope.row.dialect, name: envelope.row.name,
      message: message)
  }

  /// Refuses bytes behind a request whose length is fixed, as Open vSwitch does.
  private static func checkEnd(_ reader: WireReader, _ envelope: MessageEnvelope) throws(OpenFlowError) {
    if envelope.row.kind.isFixedRequest, !reader.isAtEnd { throw .badRequestBadLength }
  }

  private static func decodeBody(
    _ reader: inout WireReader, _ envelope: MessageEnvelope, hasTableID: Bool
  ) throws(OpenFlowError) -> Message {
    let version = envelope.version
    switch envelope.row.kind {
    case .error: return try .error(.decode(&reader, version))
    case .echoRequest: return .echoRequest(reader.rest())
    case .echoReply: return .echoReply(reader.rest())
    case .featuresReply: return try .featuresReply(.decode(&reader, version))
    case .getConfigurationReply: return try .getConfigurationReply(.decode(&reader, version))
    case .setConfiguration: return try .setConfiguration(.decode(&reader, version))
    case .packetIn, .packetOut, .resume, .flowModification, .flowRemoved:
      return try decodeFlow(&reader, envelope, hasTableID: hasTableID)
    case .portStatus: return try .portStatus(.decode(&reader, version))
    case .portModification: return try .portModification(.decode(&reader, version))
    case .groupModification: return try .groupModification(.decode(&reader, version))
    case .meterModification: return try .meterModification(.decode(&reader))
    case .requestForward: return try .requestForward(.decode(&reader, version))
    case .roleStatus: return try .roleStatus(.decode(&reader))
    case .featuresRequest, .getConfigurationRequest, .barrierRequest, .barrierReply, .asyncRequest,
      .descriptionRequest, .tableStatisticsRequest, .groupFeaturesRequest, .meterFeaturesRequest:
      return try decodeEmpty(&reader, envelope.row.kind)
    case .roleRequest, .roleReply, .asyncReply, .setAsync, .bundleControl, .bundleAdd, .setFlowFormat,
      .flowModTableID, .setPacketInFormat, .setControllerID, .flushConnections,
      .flushConnectionsByTuple:
      return try decodeSession(&reader, envelope)
    default:
      return try decodeMultipart(&reader, envelope)
    }
  }

  private static func decodeFlow(
    _ reader: inout WireReader, _ envelope: MessageEnvelope, hasTableID: Bool
  ) throws(OpenFlowError) -> Message {
    let version = envelope.version
    let isNicira = envelope.row.dialect == .nicira
    switch envelope.row.kind {
    case .packetIn:
      guard isNicira else { return try .packetIn(.decode(&reader, version)) }
      return try .packetIn(envelope.row.number == 17 ? .decodeNicira(&reader) : .decodeProperties(&reader))
    case .resume: return try .resume(.decodeProperties(&reader))
    case .packetOut: return try .packetOut(.decode(&reader, version))
    case .flowRemoved: return try .flowRemoved(.decode(&reader, version, envelope.row.dialect))
    default:
      if isNicira { return try .flowModification(.decodeNicira(&reader, hasTableID: hasTableID)) }
      if version == .v10 { return try .flowModification(.decode10(&reader, hasTableID: hasTableID)) }
      return try .flowModification(.decode11(&reader, version))
    }
  }

  private static func decodeEmpty(
    _ reader: inout WireReader, _ kind: MessageKind
  ) throws(OpenFlowError) -> Message {
    switch kind {
    case .featuresRequest: return .featuresRequest
    case .getConfigurationRequest: return .getConfigurationRequest
    case .barrierRequest: return .barrierRequest
    case .barrierReply: return .barrierReply
    case .asyncRequest: return .asyncRequest
    case .descriptionRequest: return .descriptionRequest
    case .groupFeaturesRequest: return .groupFeaturesRequest
    case .meterFeaturesRequest: return .meterFeaturesRequest
    default: return .tableStatisticsRequest
    }
  }

  private static func decodeSession(
    _ reader: inout WireReader, _ envelope: MessageEnvelope
  ) throws(OpenFlowError) -> Message {
    let isNicira = envelope.row.dialect == .nicira
    switch envelope.row.kind {
    case .roleRequest: return try .roleRequest(isNicira ? .decodeNicira(&reader) : .decode(&reader))
    case .roleReply: return try .roleReply(isNicira ? .decodeNicira(&reader) : .decode(&reader))
    case .asyncReply: return try .asyncReply(decodeAsync(&reader, envelope))
    case .setAsync: return try .setAsync(decodeAsync(&reader, envelope))
    case .bundleControl: return try .bundleControl(.decode(&reader))
    case .bundleAdd: return try .bundleAdd(.decode(&reader, envelope.version, xid: envelope.xid))
    case .setFlowFormat: return try .setFlowFormat(nicira: decodeFlowFormat(&reader))
    case .flowModTableID:
      let flag = try reader.uint8()
      try reader.skip(7)
      return .flowModTableID(flag != 0)
    case .setPacketInFormat:
      guard let format = try PacketInFormat(rawValue: reader.uint32()) else { throw .badRequestNotPermitted }
      return .setPacketInFormat(format)
    case .setControllerID:
      try reader.skipZero(6, else: .niciraBadRequestMustBeZero)
      return try .setControllerID(reader.uint16())
    case .flushConnectionsByTuple: return try .flushConnectionsByTuple(.decodeFlush(&reader))
    default:
      try reader.skipZero(6, else: .niciraBadRequestMustBeZero)
      return try .flushConnections(zone: reader.uint16())
    }
  }

  private static func decodeFlowFormat(_ reader: inout WireReader) throws(OpenFlowError) -> Bool {
    switch try reader.uint32() {
    case 0: return false
    case 2: return true
    default: throw .badRequestNotPermitted
    }
  }

  private static func decodeAsync(
    _ reader: inout WireReader, _ envelope: MessageEnvelope
  ) throws(OpenFlowError) -> AsyncConfiguration {
    let hasProperties =
      envelope.row.dialect == .standard ? envelope.version >= .v14 : envelope.row.number == 27
    return try hasProperties ? .decodeProperties(&reader) : .decodeFixed(&reader)
  }

  private static func decodeMultipart(
    _ reader: inout WireReader, _ envelope: MessageEnvelope
  ) throws(OpenFlowError) -> Message {
    let version = envelope.version
    let more = envelope.hasMore
    switch envelope.row.kind {
    case .descriptionReply: return try .descriptionReply(.decode(&reader))
    case .flowStatisticsRequest:
      return try .flowStatisticsRequest(.decode(&reader, version, envelope.row.dialect))
    case .flowStatisticsReply:
      var flows: [FlowDescription] = []
      while !reader.isAtEnd { flows.append(try .decode(&reader, version, envelope.row.dialect)) }
      return .flowStatisticsReply(flows, more: more)
    case .aggregateStatisticsRequest:
      return try .aggregateStatisticsRequest(.decode(&reader, version, envelope.row.dialect))
    case .aggregateStatisticsReply: return try .aggregateStatisticsReply(.decode(&reader, version))
    case .tableStatisticsReply:
      var tables: [TableStatistics] = []
      while !reader.isAtEnd { tables.append(try .decode(&reader, version)) }
      return .tableStatisticsReply(tables, more: more)
    case .portStatisticsRequest:
      let port = try reader.portNumber(version)
      try reader.skip(version == .v10 ? 6 : 4)
      return .portStatisticsRequest(port)
    case .portStatisticsReply:
      var ports: [PortStatistics] = []
      while !reader.isAtEnd { ports.append(try .decode(&reader, version)) }
      return .portStatisticsReply(ports, more: more)
    case .queueStatisticsRequest: return try .queueStatisticsRequest(.decode(&reader, version))
    case .queueStatisticsReply:
      var queues: [QueueStatistics] = []
      while !reader.isAtEnd { queues.append(try .decode(&reader, version)) }
      return .queueStatisticsReply(queues, more: more)
    case .tableFeaturesRequest where reader.isAtEnd: return .tableFeaturesRequest
    case .tableFeaturesReply:
      var tables: [TableFeatures] = []
      while !reader.isAtEnd { tables.append(try .decode(&reader)) }
      return .tableFeaturesReply(tables, more: more)
    case .portDescriptionRequest:
      guard version >= .v15 else { return .portDescriptionRequest(.none) }
      let port = try reader.portNumber(version)
      try reader.skip(4)
      return .portDescriptionRequest(port)
    case .portDescriptionReply:
      var ports: [PortDescription] = []
      while !reader.isAtEnd { ports.append(try .decode(&reader, version)) }
      return .portDescriptionReply(ports, more: more)
    case .groupStatisticsRequest, .groupStatisticsReply, .groupDescriptionRequest, .groupDescriptionReply,
      .groupFeaturesReply:
      return try decodeGroups(&reader, envelope)
    case .meterStatisticsRequest, .meterStatisticsReply, .meterConfigurationRequest, .meterConfigurationReply,
      .meterFeaturesReply:
      return try decodeMeters(&reader, envelope)
    default:
      return .opaque(envelope.row.kind, reader.rest())
    }
  }

  private static func decodeGroups(
    _ reader: inout WireReader, _ envelope: MessageEnvelope
  ) throws(OpenFlowError) -> Message {
    let version = envelope.version
    switch envelope.row.kind {
    case .groupStatisticsRequest:
      let group = try reader.uint32()
      try reader.skip(4)
      return .groupStatisticsRequest(group)
    case .groupStatisticsReply:
      var groups: [GroupStatistics] = []
      while !reader.isAtEnd { groups.append(try .decode(&reader, version)) }
      return .groupStatisticsReply(groups, more: envelope.hasMore)
    case .groupDescriptionRequest:
      guard version.hasBucketIDs else { return .groupDescriptionRequest(GroupNumber.all) }
      let group = try reader.uint32()
      try reader.skip(4)
      return .groupDescriptionRequest(group)
    case .groupDescriptionReply:
      var groups: [GroupDescription] = []
      while !reader.isAtEnd { groups.append(try .decode(&reader, version)) }
      return .groupDescriptionReply(groups, more: envelope.hasMore)
    default: return try .groupFeaturesReply(.decode(&reader))
    }
  }

  private static func decodeMeters(
    _ reader: inout WireReader, _ envelope: MessageEnvelope
  ) throws(OpenFlowError) -> Message {
    switch envelope.row.kind {
    case .meterStatisticsRequest, .meterConfigurationRequest:
      let meter = try reader.uint32()
      try reader.skip(4)
      return envelope.row.kind == .meterStatisticsRequest
        ? .meterStatisticsRequest(meter) : .meterConfigurationRequest(meter)
    case .meterStatisticsReply:
      var meters: [MeterStatistics] = []
      while !reader.isAtEnd { meters.append(try .decode(&reader)) }
      return .meterStatisticsReply(meters, more: envelope.hasMore)
    case .meterConfigurationReply:
      var meters: [MeterConfiguration] = []
      while !reader.isAtEnd { meters.append(try .decode(&reader)) }
      return .meterConfigurationReply(meters, more: envelope.hasMore)
    default: return try .meterFeaturesReply(.decode(&reader))
    }
  }
}

extension MessageKind {
  /// Whether a switch gets it, and its length is the same always.
  fileprivate var isFixedRequest: Bool {
    switch self {
    case .featuresRequest, .getConfigurationRequest, .setConfiguration, .barrierRequest, .asyncRequest,
      .descriptionRequest, .tableStatisticsRequest, .portStatisticsRequest, .queueStatisticsRequest,
      .portDescriptionRequest, .groupStatisticsRequest, .groupDescriptionRequest, .groupFeaturesRequest,
      .meterStatisticsRequest, .meterConfigurationRequest, .meterFeaturesRequest, .roleRequest,
      .setFlowFormat, .flowModTableID, .setPacketInFormat,
      .setControllerID, .flushConnections:
      true
    default: false
    }
  }

  /// Whether a switch gets it, and its end is padded to eight bytes in every version.
  fileprivate var isPaddedRequest: Bool {
    switch self {
    case .flowModification, .flowStatisticsRequest, .meterModification: true
    default: false
    }
  }
}
