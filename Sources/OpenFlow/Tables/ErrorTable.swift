// The numbers of every error, version by version. A row lists where a numbering begins; it holds for later
// versions until another entry replaces or ends it. Where two errors share numbers in a version, the first
// row is the one that decoding gives.

/// One error: its name, and the numbers it travels under.
struct ErrorRow {
  /// Which error this is.
  let error: OpenFlowError
  /// The name in the specification, which commands print.
  let name: String
  /// The numberings, in order of version.
  let codes: [Code]

  init(_ error: OpenFlowError, _ name: String, _ codes: [Code]) {
    self.error = error
    self.name = name
    self.codes = codes
  }

  /// A numbering and the first version that has it.
  struct Code {
    let since: OpenFlowVersion
    let number: ErrorNumber?

    init(_ since: OpenFlowVersion, _ type: UInt16, _ code: UInt16) {
      self.init(since, .standard, type, code)
    }

    init(_ since: OpenFlowVersion, _ vendor: ErrorVendor, _ type: UInt16, _ code: UInt16) {
      self.since = since
      number = ErrorNumber(vendor: vendor, type: type, code: code)
    }

    init(ended since: OpenFlowVersion) {
      self.since = since
      number = nil
    }
  }
}

extension ErrorRow {
  /// Errors in messages, actions, instructions and matches.
  static let requests: [ErrorRow] = [
    ErrorRow(.helloFailedIncompatible, "OFPHFC_INCOMPATIBLE", [Code(.v10, 0, 0)]),
    ErrorRow(.helloFailedNotPermitted, "OFPHFC_EPERM", [Code(.v10, 0, 1)]),
    ErrorRow(.badRequestBadVersion, "OFPBRC_BAD_VERSION", [Code(.v10, 1, 0)]),
    ErrorRow(.badRequestBadType, "OFPBRC_BAD_TYPE", [Code(.v10, 1, 1)]),
    ErrorRow(.badRequestBadStatistics, "OFPBRC_BAD_STAT", [Code(.v10, 1, 2)]),
    ErrorRow(.badRequestBadExperimenter, "OFPBRC_BAD_VENDOR", [Code(.v10, 1, 3)]),
    ErrorRow(.badRequestBadExperimenterType, "OFPBRC_BAD_SUBTYPE", [Code(.v10, 1, 4)]),
    ErrorRow(.badRequestNotPermitted, "OFPBRC_EPERM", [Code(.v10, 1, 5)]),
    ErrorRow(.badRequestBadLength, "OFPBRC_BAD_LEN", [Code(.v10, 1, 6)]),
    ErrorRow(.badRequestBufferEmpty, "OFPBRC_BUFFER_EMPTY", [Code(.v10, 1, 7)]),
    ErrorRow(.badRequestBufferUnknown, "OFPBRC_BUFFER_UNKNOWN", [Code(.v10, 1, 8)]),
    ErrorRow(.badRequestBadTableID, "OFPBRC_BAD_TABLE_ID", [Code(.v10, .nicira, 1, 512), Code(.v11, 1, 9)]),
    ErrorRow(.badRequestIsSecondary, "OFPBRC_IS_SECONDARY", [Code(.v10, 1, 5), Code(.v12, 1, 10)]),
    ErrorRow(.badRequestBadPort, "OFPBRC_BAD_PORT", [Code(.v10, .nicira, 1, 514), Code(.v12, 1, 11)]),
    ErrorRow(.badRequestBadPacket, "OFPBRC_BAD_PACKET", [Code(.v12, 1, 12)]),
    ErrorRow(.badRequestMultipartBufferOverflow, "OFPBRC_MULTIPART_BUFFER_OVERFLOW", [Code(.v13, 1, 13)]),
    ErrorRow(
      .badRequestMultipartRequestTimeout, "OFPBRC_MULTIPART_REQUEST_TIMEOUT",
      [Code(.v13, .onf, 2640, 0), Code(.v14, 1, 14)]),
    ErrorRow(
      .badRequestMultipartReplyTimeout, "OFPBRC_MULTIPART_REPLY_TIMEOUT",
      [Code(.v13, .onf, 2641, 0), Code(.v14, 1, 15)]),
    ErrorRow(.badRequestMultipartBadSchedule, "OFPBRC_MULTIPART_BAD_SCHED", [Code(.v15, 1, 16)]),
    ErrorRow(.badRequestPipelineFieldsOnly, "OFPBRC_PIPELINE_FIELDS_ONLY", [Code(.v15, 1, 17)]),
    ErrorRow(.badRequestUnknown, "OFPBRC_UNKNOWN", [Code(.v15, 1, 18)]),
    ErrorRow(.badActionBadType, "OFPBAC_BAD_TYPE", [Code(.v10, 2, 0)]),
    ErrorRow(.badActionBadLength, "OFPBAC_BAD_LEN", [Code(.v10, 2, 1)]),
    ErrorRow(.badActionBadExperimenter, "OFPBAC_BAD_VENDOR", [Code(.v10, 2, 2)]),
    ErrorRow(.badActionBadExperimenterType, "OFPBAC_BAD_VENDOR_TYPE", [Code(.v10, 2, 3)]),
    ErrorRow(.badActionBadOutPort, "OFPBAC_BAD_OUT_PORT", [Code(.v10, 2, 4)]),
    ErrorRow(.badActionBadArgument, "OFPBAC_BAD_ARGUMENT", [Code(.v10, 2, 5)]),
    ErrorRow(.badActionNotPermitted, "OFPBAC_EPERM", [Code(.v10, 2, 6)]),
    ErrorRow(.badActionTooMany, "OFPBAC_TOO_MANY", [Code(.v10, 2, 7)]),
    ErrorRow(.badActionBadQueue, "OFPBAC_BAD_QUEUE", [Code(.v10, 2, 8)]),
    ErrorRow(.badActionBadOutGroup, "OFPBAC_BAD_OUT_GROUP", [Code(.v10, .nicira, 2, 9), Code(.v11, 2, 9)]),
    ErrorRow(
      .badActionMatchInconsistent, "OFPBAC_MATCH_INCONSISTENT",
      [Code(.v10, .nicira, 1, 522), Code(.v11, 2, 10)]),
    ErrorRow(.badActionUnsupportedOrder, "OFPBAC_UNSUPPORTED_ORDER", [Code(.v11, 2, 11)]),
    ErrorRow(.badActionBadTag, "OFPBAC_BAD_TAG", [Code(.v11, 2, 12)]),
    ErrorRow(.badActionBadSetType, "OFPBAC_BAD_SET_TYPE", [Code(.v10, .nicira, 1, 523), Code(.v12, 2, 13)]),
    ErrorRow(.badActionBadSetLength, "OFPBAC_BAD_SET_LEN", [Code(.v10, .nicira, 1, 524), Code(.v12, 2, 14)]),
    ErrorRow(
      .badActionBadSetArgument, "OFPBAC_BAD_SET_ARGUMENT", [Code(.v10, .nicira, 1, 525), Code(.v12, 2, 15)]),
    ErrorRow(.badActionBadSetMask, "OFPBAC_BAD_SET_MASK", [Code(.v13, .onf, 4250, 0), Code(.v15, 2, 16)]),
    ErrorRow(.badActionBadMeter, "OFPBAC_BAD_METER", [Code(.v15, 2, 17)]),
    ErrorRow(.badInstructionUnknownInstruction, "OFPBIC_UNKNOWN_INST", [Code(.v11, 3, 0)]),
    ErrorRow(
      .badInstructionUnsupportedInstruction, "OFPBIC_UNSUP_INST",
      [Code(.v10, .nicira, 2, 257), Code(.v11, 3, 1)]),
    ErrorRow(.badInstructionBadTableID, "OFPBIC_BAD_TABLE_ID", [Code(.v11, 3, 2)]),
    ErrorRow(.badInstructionUnsupportedMetadata, "OFPBIC_UNSUP_METADATA", [Code(.v11, 3, 3)]),
    ErrorRow(.badInstructionUnsupportedMetadataMask, "OFPBIC_UNSUP_METADATA_MASK", [Code(.v11, 3, 4)]),
    ErrorRow(.badInstructionBadExperimenter, "OFPBIC_BAD_EXPERIMENTER", [Code(.v11, 3, 5)]),
    ErrorRow(
      .badInstructionBadExperimenterType, "OFPBIC_BAD_EXP_TYPE", [Code(.v11, 3, 5), Code(.v12, 3, 6)]),
    ErrorRow(.badInstructionBadLength, "OFPBIC_BAD_LEN", [Code(.v12, 3, 7)]),
    ErrorRow(.badInstructionNotPermitted, "OFPBIC_EPERM", [Code(.v12, 3, 8)]),
    ErrorRow(
      .badInstructionDuplicateInstruction, "OFPBIC_DUP_INST",
      [Code(.v11, .nicira, 3, 256), Code(.v12, .onf, 2600, 0), Code(.v14, 3, 9)]),
    ErrorRow(.badMatchBadType, "OFPBMC_BAD_TYPE", [Code(.v11, 4, 0)]),
    ErrorRow(.badMatchBadLength, "OFPBMC_BAD_LEN", [Code(.v11, 4, 1)]),
    ErrorRow(.badMatchBadTag, "OFPBMC_BAD_TAG", [Code(.v11, 4, 2)]),
    ErrorRow(.badMatchBadDLAddressMask, "OFPBMC_BAD_DL_ADDR_MASK", [Code(.v11, 4, 3)]),
    ErrorRow(.badMatchBadNWAddressMask, "OFPBMC_BAD_NW_ADDR_MASK", [Code(.v11, 4, 4)]),
    ErrorRow(.badMatchBadWildcards, "OFPBMC_BAD_WILDCARDS", [Code(.v10, .nicira, 1, 262), Code(.v11, 4, 5)]),
    ErrorRow(.badMatchBadField, "OFPBMC_BAD_FIELD", [Code(.v10, .nicira, 0, 263), Code(.v11, 4, 6)]),
    ErrorRow(.badMatchBadValue, "OFPBMC_BAD_VALUE", [Code(.v10, .nicira, 1, 258), Code(.v11, 4, 7)]),
    ErrorRow(.badMatchBadMask, "OFPBMC_BAD_MASK", [Code(.v10, .nicira, 1, 259), Code(.v12, 4, 8)]),
    ErrorRow(.badMatchBadPrerequisite, "OFPBMC_BAD_PREREQ", [Code(.v10, .nicira, 1, 260), Code(.v12, 4, 9)]),
    ErrorRow(.badMatchDuplicateField, "OFPBMC_DUP_FIELD", [Code(.v10, .nicira, 1, 261), Code(.v12, 4, 10)]),
    ErrorRow(.badMatchNotPermitted, "OFPBMC_EPERM", [Code(.v12, 4, 11)]),
  ]

  /// Errors in changing flows, groups, ports, tables, queues, meters and roles.
  static let objects: [ErrorRow] = [
    ErrorRow(
      .flowModFailedBadEmergencyTimeout, "OFPFMFC_BAD_EMERG_TIMEOUT", [Code(.v10, 3, 3), Code(ended: .v11)]),
    ErrorRow(.flowModFailedUnsupported, "OFPFMFC_UNSUPPORTED", [Code(.v10, 3, 5), Code(ended: .v11)]),
    ErrorRow(.flowModFailedUnknown, "OFPFMFC_UNKNOWN", [Code(.v11, 5, 0)]),
    ErrorRow(.flowModFailedTableFull, "OFPFMFC_TABLE_FULL", [Code(.v10, 3, 0), Code(.v11, 5, 1)]),
    ErrorRow(.flowModFailedBadTableID, "OFPFMFC_BAD_TABLE_ID", [Code(.v11, 5, 2)]),
    ErrorRow(.flowModFailedOverlap, "OFPFMFC_OVERLAP", [Code(.v10, 3, 1), Code(.v11, 5, 3)]),
    ErrorRow(.flowModFailedNotPermitted, "OFPFMFC_EPERM", [Code(.v10, 3, 2), Code(.v11, 5, 4)]),
    ErrorRow(.flowModFailedBadTimeout, "OFPFMFC_BAD_TIMEOUT", [Code(.v11, 5, 5)]),
    ErrorRow(.flowModFailedBadCommand, "OFPFMFC_BAD_COMMAND", [Code(.v10, 3, 4), Code(.v11, 5, 6)]),
    ErrorRow(
      .flowModFailedBadFlags, "OFPFMFC_BAD_FLAGS",
      [Code(.v10, .nicira, 3, 258), Code(.v11, .nicira, 5, 258), Code(.v12, 5, 7)]),
    ErrorRow(.flowModFailedCantSync, "OFPFMFC_CANT_SYNC", [Code(.v14, 5, 8)]),
    ErrorRow(
      .flowModFailedBadPriority, "OFPFMFC_BAD_PRIORITY", [Code(.v13, .onf, 2360, 0), Code(.v14, 5, 9)]),
    ErrorRow(.flowModFailedIsSync, "OFPFMFC_IS_SYNC", [Code(.v14, 5, 10)]),
    ErrorRow(
      .groupModFailedGroupExists, "OFPGMFC_GROUP_EXISTS", [Code(.v10, .nicira, 6, 0), Code(.v11, 6, 0)]),
    ErrorRow(
      .groupModFailedInvalidGroup, "OFPGMFC_INVALID_GROUP", [Code(.v10, .nicira, 6, 1), Code(.v11, 6, 1)]),
    ErrorRow(
      .groupModFailedWeightUnsupported, "OFPGMFC_WEIGHT_UNSUPPORTED",
      [Code(.v10, .nicira, 6, 2), Code(.v11, 6, 2)]),
    ErrorRow(
      .groupModFailedOutOfGroups, "OFPGMFC_OUT_OF_GROUPS", [Code(.v10, .nicira, 6, 3), Code(.v11, 6, 3)]),
    ErrorRow(
      .groupModFailedOutOfBuckets, "OFPGMFC_OUT_OF_BUCKETS", [Code(.v10, .nicira, 6, 4), Code(.v11, 6, 4)]),
    ErrorRow(
      .groupModFailedChainingUnsupported, "OFPGMFC_CHAINING_UNSUPPORTED",
      [Code(.v10, .nicira, 6, 5), Code(.v11, 6, 5)]),
    ErrorRow(
      .groupModFailedWatchUnsupported, "OFPGMFC_WATCH_UNSUPPORTED",
      [Code(.v10, .nicira, 6, 6), Code(.v11, 6, 6)]),
    ErrorRow(.groupModFailedLoop, "OFPGMFC_LOOP", [Code(.v10, .nicira, 6, 7), Code(.v11, 6, 7)]),
    ErrorRow(
      .groupModFailedUnknownGroup, "OFPGMFC_UNKNOWN_GROUP", [Code(.v10, .nicira, 6, 8), Code(.v11, 6, 8)]),
    ErrorRow(
      .groupModFailedChainedGroup, "OFPGMFC_CHAINED_GROUP",
      [Code(.v10, .nicira, 6, 9), Code(ended: .v11), Code(.v12, 6, 9)]),
    ErrorRow(
      .groupModFailedBadType, "OFPGMFC_BAD_TYPE",
      [Code(.v10, .nicira, 6, 10), Code(ended: .v11), Code(.v12, 6, 10)]),
    ErrorRow(
      .groupModFailedBadCommand, "OFPGMFC_BAD_COMMAND",
      [Code(.v10, .nicira, 6, 11), Code(ended: .v11), Code(.v12, 6, 11)]),
    ErrorRow(
      .groupModFailedBadBucket, "OFPGMFC_BAD_BUCKET",
      [Code(.v10, .nicira, 6, 12), Code(ended: .v11), Code(.v12, 6, 12)]),
    ErrorRow(
      .groupModFailedBadWatch, "OFPGMFC_BAD_WATCH",
      [Code(.v10, .nicira, 6, 13), Code(ended: .v11), Code(.v12, 6, 13)]),
    ErrorRow(
      .groupModFailedNotPermitted, "OFPGMFC_EPERM",
      [Code(.v10, .nicira, 6, 14), Code(ended: .v11), Code(.v12, 6, 14)]),
    ErrorRow(
      .groupModFailedUnknownBucket, "OFPGMFC_UNKNOWN_BUCKET",
      [Code(.v10, .nicira, 6, 15), Code(ended: .v11), Code(.v15, 6, 15)]),
    ErrorRow(
      .groupModFailedBucketExists, "OFPGMFC_BUCKET_EXISTS",
      [Code(.v10, .nicira, 6, 16), Code(ended: .v11), Code(.v15, 6, 16)]),
    ErrorRow(.portModFailedBadPort, "OFPPMFC_BAD_PORT", [Code(.v10, 4, 0), Code(.v11, 7, 0)]),
    ErrorRow(.portModFailedBadHardwareAddress, "OFPPMFC_BAD_HW_ADDR", [Code(.v10, 4, 1), Code(.v11, 7, 1)]),
    ErrorRow(.portModFailedBadConfiguration, "OFPPMFC_BAD_CONFIG", [Code(.v11, 7, 2)]),
    ErrorRow(.portModFailedBadAdvertise, "OFPPMFC_BAD_ADVERTISE", [Code(.v11, 7, 3)]),
    ErrorRow(.portModFailedNotPermitted, "OFPPMFC_EPERM", [Code(.v12, 7, 4)]),
    ErrorRow(.tableModFailedBadTable, "OFPTMFC_BAD_TABLE", [Code(.v11, 8, 0)]),
    ErrorRow(.tableModFailedBadConfiguration, "OFPTMFC_BAD_CONFIG", [Code(.v11, 8, 1)]),
    ErrorRow(.tableModFailedNotPermitted, "OFPTMFC_EPERM", [Code(.v12, 8, 2)]),
    ErrorRow(.queueOperationFailedBadPort, "OFPQOFC_BAD_PORT", [Code(.v10, 5, 0), Code(.v11, 9, 0)]),
    ErrorRow(.queueOperationFailedBadQueue, "OFPQOFC_BAD_QUEUE", [Code(.v10, 5, 1), Code(.v11, 9, 1)]),
    ErrorRow(.queueOperationFailedNotPermitted, "OFPQOFC_EPERM", [Code(.v10, 5, 2), Code(.v11, 9, 2)]),
    ErrorRow(.switchConfigFailedBadFlags, "OFPSCFC_BAD_FLAGS", [Code(.v11, 10, 0)]),
    ErrorRow(.switchConfigFailedBadLength, "OFPSCFC_BAD_LEN", [Code(.v11, 10, 1)]),
    ErrorRow(.switchConfigFailedNotPermitted, "OFPSCFC_EPERM", [Code(.v12, 10, 2)]),
    ErrorRow(.roleRequestFailedStale, "OFPRRFC_STALE", [Code(.v12, 11, 0)]),
    ErrorRow(.roleRequestFailedUnsupported, "OFPRRFC_UNSUP", [Code(.v12, 11, 1)]),
    ErrorRow(
      .roleRequestFailedBadRole, "OFPRRFC_BAD_ROLE", [Code(.v10, .nicira, 1, 513), Code(.v12, 11, 2)]),
    ErrorRow(.roleRequestFailedIDUnsup, "OFPRRFC_ID_UNSUP", [Code(.v15, 11, 3)]),
    ErrorRow(.roleRequestFailedIDInUse, "OFPRRFC_ID_IN_USE", [Code(.v15, 11, 4)]),
    ErrorRow(.meterModFailedUnknown, "OFPMMFC_UNKNOWN", [Code(.v13, 12, 0)]),
    ErrorRow(.meterModFailedMeterExists, "OFPMMFC_METER_EXISTS", [Code(.v13, 12, 1)]),
    ErrorRow(.meterModFailedInvalidMeter, "OFPMMFC_INVALID_METER", [Code(.v13, 12, 2)]),
    ErrorRow(.meterModFailedUnknownMeter, "OFPMMFC_UNKNOWN_METER", [Code(.v13, 12, 3)]),
    ErrorRow(.meterModFailedBadCommand, "OFPMMFC_BAD_COMMAND", [Code(.v13, 12, 4)]),
    ErrorRow(.meterModFailedBadFlags, "OFPMMFC_BAD_FLAGS", [Code(.v13, 12, 5)]),
    ErrorRow(.meterModFailedBadRate, "OFPMMFC_BAD_RATE", [Code(.v13, 12, 6)]),
    ErrorRow(.meterModFailedBadBurst, "OFPMMFC_BAD_BURST", [Code(.v13, 12, 7)]),
    ErrorRow(.meterModFailedBadBand, "OFPMMFC_BAD_BAND", [Code(.v13, 12, 8)]),
    ErrorRow(.meterModFailedBadBandValue, "OFPMMFC_BAD_BAND_VALUE", [Code(.v13, 12, 9)]),
    ErrorRow(.meterModFailedOutOfMeters, "OFPMMFC_OUT_OF_METERS", [Code(.v13, 12, 10)]),
    ErrorRow(.meterModFailedOutOfBands, "OFPMMFC_OUT_OF_BANDS", [Code(.v13, 12, 11)]),
    ErrorRow(.tableFeaturesFailedBadTable, "OFPTFFC_BAD_TABLE", [Code(.v13, 13, 0)]),
    ErrorRow(.tableFeaturesFailedBadMetadata, "OFPTFFC_BAD_METADATA", [Code(.v13, 13, 1)]),
    ErrorRow(.tableFeaturesFailedNotPermitted, "OFPTFFC_EPERM", [Code(.v13, 13, 5)]),
    ErrorRow(.tableFeaturesFailedBadCapabilities, "OFPTFFC_BAD_CAPA", [Code(.v15, 13, 6)]),
    ErrorRow(.tableFeaturesFailedBadMaxEntries, "OFPTFFC_BAD_MAX_ENT", [Code(.v15, 13, 7)]),
    ErrorRow(.tableFeaturesFailedBadFeatures, "OFPTFFC_BAD_FEATURES", [Code(.v15, 13, 8)]),
    ErrorRow(.tableFeaturesFailedBadCommand, "OFPTFFC_BAD_COMMAND", [Code(.v15, 13, 9)]),
    ErrorRow(.tableFeaturesFailedTooMany, "OFPTFFC_TOO_MANY", [Code(.v15, 13, 10)]),
  ]

  /// Errors in properties, asynchronous configuration, monitors and bundles, and those of extensions.
  static let extensions: [ErrorRow] = [
    ErrorRow(
      .badPropertyBadType, "OFPBPC_BAD_TYPE",
      [Code(.v10, .nicira, 13, 2), Code(.v12, .nicira, 25, 0), Code(.v13, 13, 2), Code(.v14, 14, 0)]),
    ErrorRow(
      .badPropertyBadLength, "OFPBPC_BAD_LEN",
      [Code(.v10, .nicira, 13, 3), Code(.v12, .nicira, 26, 0), Code(.v13, 13, 3), Code(.v14, 14, 1)]),
    ErrorRow(
      .badPropertyBadValue, "OFPBPC_BAD_VALUE",
      [Code(.v10, .nicira, 13, 4), Code(.v12, .nicira, 27, 0), Code(.v13, 13, 4), Code(.v14, 14, 2)]),
    ErrorRow(
      .badPropertyTooMany, "OFPBPC_TOO_MANY",
      [Code(.v10, .nicira, 14, 3), Code(.v12, .nicira, 28, 0), Code(.v13, .onf, 4443, 0), Code(.v14, 14, 3)]),
    ErrorRow(
      .badPropertyDuplicateType, "OFPBPC_DUP_TYPE",
      [Code(.v10, .nicira, 14, 4), Code(.v12, .nicira, 29, 0), Code(.v13, .onf, 4444, 0), Code(.v14, 14, 4)]),
    ErrorRow(
      .badPropertyBadExperimenter, "OFPBPC_BAD_EXPERIMENTER",
      [Code(.v10, .nicira, 14, 5), Code(.v12, .nicira, 30, 0), Code(.v13, .onf, 4445, 0), Code(.v14, 14, 5)]),
    ErrorRow(
      .badPropertyBadExperimenterType, "OFPBPC_BAD_EXP_TYPE",
      [Code(.v10, .nicira, 14, 6), Code(.v12, .nicira, 31, 0), Code(.v13, .onf, 4446, 0), Code(.v14, 14, 6)]),
    ErrorRow(
      .badPropertyBadExperimenterValue, "OFPBPC_BAD_EXP_VALUE",
      [Code(.v10, .nicira, 14, 7), Code(.v12, .nicira, 32, 0), Code(.v13, .onf, 4447, 0), Code(.v14, 14, 7)]),
    ErrorRow(
      .badPropertyNotPermitted, "OFPBPC_EPERM",
      [Code(.v10, .nicira, 14, 8), Code(.v12, .nicira, 33, 0), Code(.v13, .onf, 4448, 0), Code(.v14, 14, 8)]),
    ErrorRow(.asyncConfigFailedInvalid, "OFPACFC_INVALID", [Code(.v13, .onf, 2370, 0), Code(.v14, 15, 0)]),
    ErrorRow(
      .asyncConfigFailedUnsupported, "OFPACFC_UNSUPPORTED", [Code(.v13, .onf, 2371, 0), Code(.v14, 15, 1)]),
    ErrorRow(
      .asyncConfigFailedNotPermitted, "OFPACFC_EPERM", [Code(.v13, .onf, 2372, 0), Code(.v14, 15, 2)]),
    ErrorRow(.flowMonitorFailedUnknown, "OFPMOFC_UNKNOWN", [Code(.v14, 16, 0)]),
    ErrorRow(
      .flowMonitorFailedMonitorExists, "OFPMOFC_MONITOR_EXISTS",
      [Code(.v10, .nicira, 1, 517), Code(.v12, .nicira, 6, 0), Code(.v14, 16, 1)]),
    ErrorRow(.flowMonitorFailedInvalidMonitor, "OFPMOFC_INVALID_MONITOR", [Code(.v14, 16, 2)]),
    ErrorRow(
      .flowMonitorFailedUnknownMonitor, "OFPMOFC_UNKNOWN_MONITOR",
      [Code(.v10, .nicira, 1, 519), Code(.v12, .nicira, 8, 0), Code(.v14, 16, 3)]),
    ErrorRow(.flowMonitorFailedBadCommand, "OFPMOFC_BAD_COMMAND", [Code(.v14, 16, 4)]),
    ErrorRow(
      .flowMonitorFailedBadFlags, "OFPMOFC_BAD_FLAGS",
      [Code(.v10, .nicira, 1, 518), Code(.v12, .nicira, 7, 0), Code(.v14, 16, 5)]),
    ErrorRow(.flowMonitorFailedBadTableID, "OFPMOFC_BAD_TABLE_ID", [Code(.v14, 16, 6)]),
    ErrorRow(.flowMonitorFailedBadOut, "OFPMOFC_BAD_OUT", [Code(.v14, 16, 7)]),
    ErrorRow(.bundleFailedUnknown, "OFPBFC_UNKNOWN", [Code(.v13, .onf, 2300, 0), Code(.v14, 17, 0)]),
    ErrorRow(.bundleFailedNotPermitted, "OFPBFC_EPERM", [Code(.v13, .onf, 2301, 0), Code(.v14, 17, 1)]),
    ErrorRow(.bundleFailedBadID, "OFPBFC_BAD_ID", [Code(.v13, .onf, 2302, 0), Code(.v14, 17, 2)]),
    ErrorRow(
      .bundleFailedBundleExist, "OFPBFC_BUNDLE_EXIST", [Code(.v13, .onf, 2303, 0), Code(.v14, 17, 3)]),
    ErrorRow(
      .bundleFailedBundleClosed, "OFPBFC_BUNDLE_CLOSED", [Code(.v13, .onf, 2304, 0), Code(.v14, 17, 4)]),
    ErrorRow(
      .bundleFailedOutOfBundles, "OFPBFC_OUT_OF_BUNDLES", [Code(.v13, .onf, 2305, 0), Code(.v14, 17, 5)]),
    ErrorRow(.bundleFailedBadType, "OFPBFC_BAD_TYPE", [Code(.v13, .onf, 2306, 0), Code(.v14, 17, 6)]),
    ErrorRow(.bundleFailedBadFlags, "OFPBFC_BAD_FLAGS", [Code(.v13, .onf, 2307, 0), Code(.v14, 17, 7)]),
    ErrorRow(
      .bundleFailedMessageBadLength, "OFPBFC_MSG_BAD_LEN", [Code(.v13, .onf, 2308, 0), Code(.v14, 17, 8)]),
    ErrorRow(
      .bundleFailedMessageBadXid, "OFPBFC_MSG_BAD_XID", [Code(.v13, .onf, 2309, 0), Code(.v14, 17, 9)]),
    ErrorRow(
      .bundleFailedMessageUnsupported, "OFPBFC_MSG_UNSUP", [Code(.v13, .onf, 2310, 0), Code(.v14, 17, 10)]),
    ErrorRow(
      .bundleFailedMessageConflict, "OFPBFC_MSG_CONFLICT", [Code(.v13, .onf, 2311, 0), Code(.v14, 17, 11)]),
    ErrorRow(
      .bundleFailedMessageTooMany, "OFPBFC_MSG_TOO_MANY", [Code(.v13, .onf, 2312, 0), Code(.v14, 17, 12)]),
    ErrorRow(
      .bundleFailedMessageFailed, "OFPBFC_MSG_FAILED", [Code(.v13, .onf, 2313, 0), Code(.v14, 17, 13)]),
    ErrorRow(.bundleFailedTimeout, "OFPBFC_TIMEOUT", [Code(.v13, .onf, 2314, 0), Code(.v14, 17, 14)]),
    ErrorRow(
      .bundleFailedBundleInProgress, "OFPBFC_BUNDLE_IN_PROGRESS",
      [Code(.v13, .onf, 2315, 0), Code(.v14, 17, 15)]),
    ErrorRow(.bundleFailedSchedNotSupported, "OFPBFC_SCHED_NOT_SUPPORTED", [Code(.v15, 17, 16)]),
    ErrorRow(.bundleFailedSchedFuture, "OFPBFC_SCHED_FUTURE", [Code(.v15, 17, 17)]),
    ErrorRow(.bundleFailedSchedPast, "OFPBFC_SCHED_PAST", [Code(.v15, 17, 18)]),
    ErrorRow(.bundleFailedBadVersion, "OFPBFC_BAD_VERSION", [Code(.v14, .nicira, 22, 0)]),
    ErrorRow(
      .niciraBadRequestNXMInvalid, "NXBRC_NXM_INVALID",
      [Code(.v10, .nicira, 1, 256), Code(.v12, .nicira, 2, 0)]),
    ErrorRow(
      .niciraBadRequestNXMBadType, "NXBRC_NXM_BAD_TYPE",
      [Code(.v10, .nicira, 1, 257), Code(.v12, .nicira, 3, 0)]),
    ErrorRow(
      .niciraBadRequestMustBeZero, "NXBRC_MUST_BE_ZERO",
      [Code(.v10, .nicira, 1, 515), Code(.v12, .nicira, 4, 0)]),
    ErrorRow(
      .niciraBadRequestBadReason, "NXBRC_BAD_REASON",
      [Code(.v10, .nicira, 1, 516), Code(.v12, .nicira, 5, 0)]),
    ErrorRow(
      .niciraBadRequestFlowMonitorBadEvent, "NXBRC_FM_BAD_EVENT",
      [Code(.v10, .nicira, 1, 520), Code(.v12, .nicira, 9, 0)]),
    ErrorRow(
      .niciraBadRequestUnencodableError, "NXBRC_UNENCODABLE_ERROR",
      [Code(.v10, .nicira, 1, 521), Code(.v12, .nicira, 10, 0)]),
    ErrorRow(
      .niciraBadActionMustBeZero, "NXBAC_MUST_BE_ZERO",
      [Code(.v10, .nicira, 2, 256), Code(.v12, .nicira, 11, 0)]),
    ErrorRow(
      .niciraFlowModFailedHardware, "NXFMFC_HARDWARE",
      [Code(.v10, .nicira, 5, 256), Code(.v12, .nicira, 12, 0)]),
    ErrorRow(
      .niciraFlowModFailedBadTableID, "NXFMFC_BAD_TABLE_ID",
      [Code(.v10, .nicira, 5, 257), Code(.v12, .nicira, 13, 0)]),
    ErrorRow(
      .niciraBadActionBadConjunction, "NXBAC_BAD_CONJUNCTION",
      [Code(.v10, .nicira, 2, 526), Code(.v12, .nicira, 15, 0)]),
    ErrorRow(
      .niciraTLVTableModFailedBadCommand, "NXTTMFC_BAD_COMMAND",
      [Code(.v10, .nicira, 1, 527), Code(.v12, .nicira, 16, 0)]),
    ErrorRow(
      .niciraTLVTableModFailedBadOptionLength, "NXTTMFC_BAD_OPT_LEN",
      [Code(.v10, .nicira, 1, 528), Code(.v12, .nicira, 17, 0)]),
    ErrorRow(
      .niciraTLVTableModFailedBadFieldIndex, "NXTTMFC_BAD_FIELD_IDX",
      [Code(.v10, .nicira, 1, 529), Code(.v12, .nicira, 18, 0)]),
    ErrorRow(
      .niciraTLVTableModFailedTableFull, "NXTTMFC_TABLE_FULL",
      [Code(.v10, .nicira, 1, 530), Code(.v12, .nicira, 19, 0)]),
    ErrorRow(
      .niciraTLVTableModFailedAlreadyMapped, "NXTTMFC_ALREADY_MAPPED",
      [Code(.v10, .nicira, 1, 531), Code(.v12, .nicira, 20, 0)]),
    ErrorRow(
      .niciraTLVTableModFailedDuplicateEntry, "NXTTMFC_DUP_ENTRY",
      [Code(.v10, .nicira, 1, 532), Code(.v12, .nicira, 21, 0)]),
    ErrorRow(.niciraQueueOperationFailedQueueError, "NXQOFC_QUEUE_ERROR", [Code(.v14, .nicira, 23, 0)]),
    ErrorRow(
      .niciraNotSupported, "NXR_NOT_SUPPORTED", [Code(.v10, .nicira, 1, 533), Code(.v12, .nicira, 34, 0)]),
    ErrorRow(.niciraStale, "NXR_STALE", [Code(.v10, .nicira, 1, 534), Code(.v12, .nicira, 35, 0)]),
    ErrorRow(
      .niciraStatisticsNotConfigured, "NXST_NOT_CONFIGURED",
      [Code(.v10, .nicira, 1, 535), Code(.v12, .nicira, 36, 0)]),
    ErrorRow(
      .niciraFlowModFailedInvalidTLVField, "NXFMFC_INVALID_TLV_FIELD",
      [Code(.v10, .nicira, 1, 536), Code(.v12, .nicira, 37, 0)]),
    ErrorRow(
      .niciraTLVTableModFailedInvalidTLVDelete, "NXTTMFC_INVALID_TLV_DEL",
      [Code(.v10, .nicira, 1, 537), Code(.v12, .nicira, 38, 0)]),
    ErrorRow(.niciraBadActionBadHeaderType, "NXBAC_BAD_HEADER_TYPE", [Code(.v13, .nicira, 39, 0)]),
    ErrorRow(
      .niciraBadActionUnknownEncapsulationProperty, "NXBAC_UNKNOWN_ED_PROP", [Code(.v13, .nicira, 40, 0)]),
    ErrorRow(.niciraBadActionBadEncapsulationProperty, "NXBAC_BAD_ED_PROP", [Code(.v13, .nicira, 41, 0)]),
    ErrorRow(
      .niciraBadActionCTDatapathSupport, "NXBAC_CT_DATAPATH_SUPPORT",
      [Code(.v10, .nicira, 1, 265), Code(.v12, .nicira, 42, 0)]),
    ErrorRow(
      .niciraBadMatchCTDatapathSupport, "NXBMC_CT_DATAPATH_SUPPORT",
      [Code(.v10, .nicira, 1, 264), Code(.v12, .nicira, 43, 0)]),
    ErrorRow(.niciraTableFeaturesDuplicateTable, "NXTFFC_DUP_TABLE", [Code(.v13, .nicira, 44, 0)]),
  ]

  /// Every row, in order of `OpenFlowError.rawValue`.
  static let all: [ErrorRow] = requests + objects + extensions
}
