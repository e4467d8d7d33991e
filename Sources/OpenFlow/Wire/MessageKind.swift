/// What a message is about, whatever number its version gives it.
public enum MessageKind: UInt8, Hashable, Sendable {
  case hello, error, echoRequest, echoReply
  case featuresRequest, featuresReply
  case getConfigurationRequest, getConfigurationReply, setConfiguration
  case packetIn, flowRemoved, portStatus, packetOut, flowModification, portModification
  case groupModification, meterModification, tableModification
  case barrierRequest, barrierReply
  case queueConfigurationRequest, queueConfigurationReply
  case roleRequest, roleReply, roleStatus
  case asyncRequest, asyncReply, setAsync
  case bundleControl, bundleAdd
  case requestForward, tableStatus
  case setFlowFormat, flowModTableID, setPacketInFormat, setControllerID, flowAge, resume
  case flowMonitorCancel, flowMonitorPaused, flowMonitorResumed
  case tlvTableModification, tlvTableRequest, tlvTableReply
  case flushConnections, flushConnectionsByTuple
  case descriptionRequest, descriptionReply
  case flowStatisticsRequest, flowStatisticsReply
  case aggregateStatisticsRequest, aggregateStatisticsReply
  case tableStatisticsRequest, tableStatisticsReply
  case portStatisticsRequest, portStatisticsReply
  case queueStatisticsRequest, queueStatisticsReply
  case groupStatisticsRequest, groupStatisticsReply
  case groupDescriptionRequest, groupDescriptionReply
  case groupFeaturesRequest, groupFeaturesReply
  case meterStatisticsRequest, meterStatisticsReply
  case meterConfigurationRequest, meterConfigurationReply
  case meterFeaturesRequest, meterFeaturesReply
  case tableFeaturesRequest, tableFeaturesReply
  case portDescriptionRequest, portDescriptionReply
  case tableDescriptionRequest, tableDescriptionReply
  case queueDescriptionRequest, queueDescriptionReply
  case flowMonitorRequest, flowMonitorReply
  case ipfixBridgeRequest, ipfixBridgeReply
  case ipfixFlowRequest, ipfixFlowReply
}

/// Which organisation's numbering a message uses.
public enum MessageDialect: UInt8, Hashable, Sendable {
  /// That of the specification.
  case standard = 0
  /// The Nicira extensions.
  case nicira = 1
  /// The extensions of the Open Networking Foundation.
  case onf = 2

  var vendor: UInt32 {
    switch self {
    case .standard: ErrorVendor.standard.rawValue
    case .nicira: ErrorVendor.nicira.rawValue
    case .onf: ErrorVendor.onf.rawValue
    }
  }
}
