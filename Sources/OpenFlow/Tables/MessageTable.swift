// The numbers of every message, in one table from which both decoding and encoding look them up.

/// One message: its number in some versions.
struct MessageRow {
  /// How the number is carried.
  enum Place: UInt8 {
    case message, multipartRequest, multipartReply
  }

  let kind: MessageKind
  let name: String
  let dialect: MessageDialect
  let place: Place
  let number: UInt32
  let versions: ClosedRange<OpenFlowVersion>
}

extension MessageRow {
  private static func message(
    _ kind: MessageKind, _ name: String, _ number: UInt32,
    _ versions: ClosedRange<OpenFlowVersion> = .v10 ... .v15, _ dialect: MessageDialect = .standard
  ) -> MessageRow {
    MessageRow(
      kind: kind, name: name, dialect: dialect, place: .message, number: number, versions: versions)
  }

  private static func multipart(
    _ request: MessageKind, _ reply: MessageKind, _ name: String, _ number: UInt32,
    _ versions: ClosedRange<OpenFlowVersion> = .v10 ... .v15, _ dialect: MessageDialect = .standard
  ) -> [MessageRow] {
    [
      MessageRow(
        kind: request, name: name + " request", dialect: dialect, place: .multipartRequest, number: number,
        versions: versions),
      MessageRow(
        kind: reply, name: name + " reply", dialect: dialect, place: .multipartReply, number: number,
        versions: versions),
    ]
  }

  /// Messages of the specification (OFPT_*).
  private static let standard: [MessageRow] = [
    message(.hello, "OFPT_HELLO", 0),
    message(.error, "OFPT_ERROR", 1),
    message(.echoRequest, "OFPT_ECHO_REQUEST", 2),
    message(.echoReply, "OFPT_ECHO_REPLY", 3),
    message(.featuresRequest, "OFPT_FEATURES_REQUEST", 5),
    message(.featuresReply, "OFPT_FEATURES_REPLY", 6),
    message(.getConfigurationRequest, "OFPT_GET_CONFIG_REQUEST", 7),
    message(.getConfigurationReply, "OFPT_GET_CONFIG_REPLY", 8),
    message(.setConfiguration, "OFPT_SET_CONFIG", 9),
    message(.packetIn, "OFPT_PACKET_IN", 10),
    message(.flowRemoved, "OFPT_FLOW_REMOVED", 11),
    message(.portStatus, "OFPT_PORT_STATUS", 12),
    message(.packetOut, "OFPT_PACKET_OUT", 13),
    message(.flowModification, "OFPT_FLOW_MOD", 14),
    message(.portModification, "OFPT_PORT_MOD", 15, .v10 ... .v10),
    message(.groupModification, "OFPT_GROUP_MOD", 15, .v11 ... .v15),
    message(.portModification, "OFPT_PORT_MOD", 16, .v11 ... .v15),
    message(.tableModification, "OFPT_TABLE_MOD", 17, .v11 ... .v15),
    message(.barrierRequest, "OFPT_BARRIER_REQUEST", 18, .v10 ... .v10),
    message(.barrierReply, "OFPT_BARRIER_REPLY", 19, .v10 ... .v10),
    message(.barrierRequest, "OFPT_BARRIER_REQUEST", 20, .v11 ... .v15),
    message(.barrierReply, "OFPT_BARRIER_REPLY", 21, .v11 ... .v15),
    message(.queueConfigurationRequest, "OFPT_QUEUE_GET_CONFIG_REQUEST", 20, .v10 ... .v10),
    message(.queueConfigurationReply, "OFPT_QUEUE_GET_CONFIG_REPLY", 21, .v10 ... .v10),
    message(.queueConfigurationRequest, "OFPT_QUEUE_GET_CONFIG_REQUEST", 22, .v11 ... .v13),
    message(.queueConfigurationReply, "OFPT_QUEUE_GET_CONFIG_REPLY", 23, .v11 ... .v13),
    message(.roleRequest, "OFPT_ROLE_REQUEST", 24, .v12 ... .v15),
    message(.roleReply, "OFPT_ROLE_REPLY", 25, .v12 ... .v15),
    message(.asyncRequest, "OFPT_GET_ASYNC_REQUEST", 26, .v13 ... .v15),
    message(.asyncReply, "OFPT_GET_ASYNC_REPLY", 27, .v13 ... .v15),
    message(.setAsync, "OFPT_SET_ASYNC", 28, .v13 ... .v15),
    message(.meterModification, "OFPT_METER_MOD", 29, .v13 ... .v15),
    message(.roleStatus, "OFPT_ROLE_STATUS", 30, .v14 ... .v15),
    message(.tableStatus, "OFPT_TABLE_STATUS", 31, .v14 ... .v15),
    message(.requestForward, "OFPT_REQUESTFORWARD", 32, .v14 ... .v15),
    message(.bundleControl, "OFPT_BUNDLE_CONTROL", 33, .v14 ... .v15),
    message(.bundleAdd, "OFPT_BUNDLE_ADD_MESSAGE", 34, .v14 ... .v15),
  ]

  /// Messages of extensions (NXT_*, ONFT_*).
  private static let extended: [MessageRow] = [
    message(.roleRequest, "NXT_ROLE_REQUEST", 10, .v10 ... .v15, .nicira),
    message(.roleReply, "NXT_ROLE_REPLY", 11, .v10 ... .v15, .nicira),
    message(.setFlowFormat, "NXT_SET_FLOW_FORMAT", 12, .v10 ... .v15, .nicira),
    message(.flowModification, "NXT_FLOW_MOD", 13, .v10 ... .v15, .nicira),
    message(.flowRemoved, "NXT_FLOW_REMOVED", 14, .v10 ... .v15, .nicira),
    message(.flowModTableID, "NXT_FLOW_MOD_TABLE_ID", 15, .v10 ... .v15, .nicira),
    message(.setPacketInFormat, "NXT_SET_PACKET_IN_FORMAT", 16, .v10 ... .v15, .nicira),
    message(.packetIn, "NXT_PACKET_IN", 17, .v10 ... .v15, .nicira),
    message(.flowAge, "NXT_FLOW_AGE", 18, .v10 ... .v15, .nicira),
    message(.setAsync, "NXT_SET_ASYNC_CONFIG", 19, .v10 ... .v15, .nicira),
    message(.setControllerID, "NXT_SET_CONTROLLER_ID", 20, .v10 ... .v15, .nicira),
    message(.flowMonitorCancel, "NXT_FLOW_MONITOR_CANCEL", 21, .v10 ... .v15, .nicira),
    message(.flowMonitorPaused, "NXT_FLOW_MONITOR_PAUSED", 22, .v10 ... .v15, .nicira),
    message(.flowMonitorResumed, "NXT_FLOW_MONITOR_RESUMED", 23, .v10 ... .v15, .nicira),
    message(.tlvTableModification, "NXT_TLV_TABLE_MOD", 24, .v10 ... .v15, .nicira),
    message(.tlvTableRequest, "NXT_TLV_TABLE_REQUEST", 25, .v10 ... .v15, .nicira),
    message(.tlvTableReply, "NXT_TLV_TABLE_REPLY", 26, .v10 ... .v15, .nicira),
    message(.setAsync, "NXT_SET_ASYNC_CONFIG2", 27, .v10 ... .v15, .nicira),
    message(.resume, "NXT_RESUME", 28, .v10 ... .v15, .nicira),
    message(.flushConnections, "NXT_CT_FLUSH_ZONE", 29, .v10 ... .v15, .nicira),
    message(.packetIn, "NXT_PACKET_IN2", 30, .v10 ... .v15, .nicira),
    message(.groupModification, "NXT_GROUP_MOD", 31, .v10 ... .v10, .nicira),
    message(.requestForward, "NXT_REQUESTFORWARD", 132, .v10 ... .v12, .nicira),
    message(.flushConnectionsByTuple, "NXT_CT_FLUSH", 32, .v10 ... .v15, .nicira),
    message(.bundleControl, "ONFT_BUNDLE_CONTROL", 2300, .v13 ... .v13, .onf),
    message(.bundleAdd, "ONFT_BUNDLE_ADD_MESSAGE", 2301, .v13 ... .v13, .onf),
    message(.requestForward, "ONFT_REQUESTFORWARD", 2350, .v13 ... .v13, .onf),
  ]

  /// Multipart messages of the specification (OFPST_*) and of extensions (NXST_*).
  private static let multiparts: [[MessageRow]] = [
    multipart(.descriptionRequest, .descriptionReply, "OFPST_DESC", 0),
    multipart(.flowStatisticsRequest, .flowStatisticsReply, "OFPST_FLOW", 1),
    multipart(.flowStatisticsRequest, .flowStatisticsReply, "NXST_FLOW", 0, .v10 ... .v15, .nicira),
    multipart(.aggregateStatisticsRequest, .aggregateStatisticsReply, "OFPST_AGGREGATE", 2),
    multipart(
      .aggregateStatisticsRequest, .aggregateStatisticsReply, "NXST_AGGREGATE", 1, .v10 ... .v15, .nicira),
    multipart(.tableStatisticsRequest, .tableStatisticsReply, "OFPST_TABLE", 3),
    multipart(.portStatisticsRequest, .portStatisticsReply, "OFPST_PORT", 4),
    multipart(.queueStatisticsRequest, .queueStatisticsReply, "OFPST_QUEUE", 5),
    multipart(.groupStatisticsRequest, .groupStatisticsReply, "OFPST_GROUP", 6, .v11 ... .v15),
    multipart(.groupDescriptionRequest, .groupDescriptionReply, "OFPST_GROUP_DESC", 7, .v11 ... .v15),
    multipart(.groupFeaturesRequest, .groupFeaturesReply, "OFPST_GROUP_FEATURES", 8, .v12 ... .v15),
    multipart(.groupStatisticsRequest, .groupStatisticsReply, "NXST_GROUP", 7, .v10 ... .v10, .nicira),
    multipart(.groupDescriptionRequest, .groupDescriptionReply, "NXST_GROUP_DESC", 8, .v10 ... .v10, .nicira),
    multipart(.groupFeaturesRequest, .groupFeaturesReply, "NXST_GROUP_FEATURES", 9, .v10 ... .v11, .nicira),
    multipart(.meterStatisticsRequest, .meterStatisticsReply, "OFPST_METER", 9, .v13 ... .v15),
    multipart(.meterConfigurationRequest, .meterConfigurationReply, "OFPST_METER_CONFIG", 10, .v13 ... .v15),
    multipart(.meterFeaturesRequest, .meterFeaturesReply, "OFPST_METER_FEATURES", 11, .v13 ... .v15),
    multipart(.tableFeaturesRequest, .tableFeaturesReply, "OFPST_TABLE_FEATURES", 12, .v13 ... .v15),
    multipart(.portDescriptionRequest, .portDescriptionReply, "OFPST_PORT_DESC", 13),
    multipart(.tableDescriptionRequest, .tableDescriptionReply, "OFPST_TABLE_DESC", 14, .v14 ... .v15),
    multipart(.queueDescriptionRequest, .queueDescriptionReply, "OFPST_QUEUE_DESC", 15, .v14 ... .v15),
    multipart(.flowMonitorRequest, .flowMonitorReply, "OFPST_FLOW_MONITOR", 16, .v14 ... .v15),
    multipart(.flowMonitorRequest, .flowMonitorReply, "NXST_FLOW_MONITOR", 2, .v10 ... .v12, .nicira),
    multipart(.flowMonitorRequest, .flowMonitorReply, "ONFST_FLOW_MONITOR", 1870, .v13 ... .v13, .onf),
    multipart(.ipfixBridgeRequest, .ipfixBridgeReply, "NXST_IPFIX_BRIDGE", 3, .v10 ... .v15, .nicira),
    multipart(.ipfixFlowRequest, .ipfixFlowReply, "NXST_IPFIX_FLOW", 4, .v10 ... .v15, .nicira),
  ]

  /// Every row.
  static let all: [MessageRow] = standard + extended + multiparts.flatMap { $0 }

  /// Where in `all` the row of a number is.
  private static let byNumber: [UInt64: Int] = {
    var index: [UInt64: Int] = [:]
    for (position, row) in all.enumerated() {
      for version in OpenFlowVersion.allCases where row.versions.contains(version) {
        index[key(row.dialect, row.place, row.number, version)] = position
      }
    }
    return index
  }()

  private static func key(
    _ dialect: MessageDialect, _ place: Place, _ number: UInt32, _ version: OpenFlowVersion
  ) -> UInt64 {
    UInt64(dialect.rawValue) << 48 | UInt64(place.rawValue) << 40 | UInt64(version.rawValue) << 32
      | UInt64(number)
  }

  /// The row of a received number; nil if the version has no such message.
  static func find(
    _ dialect: MessageDialect, _ place: Place, _ number: UInt32, _ version: OpenFlowVersion
  ) -> MessageRow? {
    guard let position = byNumber[key(dialect, place, number, version)] else { return nil }
    return all[position]
  }

  /// The row of a kind of message in a version, of one dialect if it exists in it; nil if there is none.
  static func find(_ kind: MessageKind, _ version: OpenFlowVersion, preferring dialect: MessageDialect)
    -> MessageRow?
  {
    var found: MessageRow?
    for row in all where row.kind == kind && row.versions.contains(version) {
      if row.dialect == dialect { return row }
      if found == nil { found = row }
    }
    return found
  }
}
