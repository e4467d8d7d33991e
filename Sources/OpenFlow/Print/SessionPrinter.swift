// Messages about the connection and the switch as a whole.

extension MessagePrinter {
  func write(_ hello: Hello, to writer: inout TextWriter) {
    writer.append("\n version bitmap: ")
    var isFirst = true
    for bit in 0..<UInt8(32) where hello.versions.rawValue & 1 << UInt32(bit) != 0 {
      if !isFirst { writer.append(", ") }
      writer.hex(bit, 2)
      isFirst = false
    }
    writer.append("\n")
  }

  func write(_ error: ErrorMessage, to writer: inout TextWriter) {
    guard let known = error.error else {
      writer.append(" ***decode error: type \(error.type), code \(error.code)***\n")
      HexDump.write(error.data, to: &writer)
      return
    }
    writer.append(" ")
    writer.append(known.name)
    writer.append("\n")
    if known == .helloFailedIncompatible || known == .helloFailedNotPermitted {
      writer.bytes.append(contentsOf: error.data)
      writer.append("\n")
    } else {
      quoted(error.data, to: &writer)
    }
  }

  /// The message that an error is about, of which only the beginning may be there.
  private func quoted(_ data: [UInt8], to writer: inout TextWriter) {
    if !data.isEmpty { writer.bytes.append(contentsOf: textBytes(data)) }
  }

  func write(_ features: SwitchFeatures, _ version: OpenFlowVersion, to writer: inout TextWriter) {
    writer.append(" dpid:")
    writer.hexDigits(features.datapathID, 16)
    writer.append("\nn_tables:\(features.tableCount), n_buffers:\(features.bufferCount)")
    if features.auxiliaryID != 0 { writer.append(", auxiliary_id:\(features.auxiliaryID)") }
    writer.append("\n")
    writer.append("capabilities: ")
    flags(UInt64(features.capabilities.rawValue), Self.capabilityNames, to: &writer)
    writer.append("\n")
    if version == .v10 {
      writer.append("actions: ")
      var isFirst = true
      // The order is that of the newer numbering, in which "enqueue" stands where "output" leaves off.
      for bit in [0, 11, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10] where features.actions & 1 << UInt32(bit) != 0 {
        if !isFirst { writer.append(" ") }
        writer.append(Self.actionNames[bit])
        isFirst = false
      }
      writer.append("\n")
    }
    for port in features.ports.sorted(by: { $0.number < $1.number }) { write(port, to: &writer) }
  }

  private static let capabilityNames: [(UInt64, String)] = [
    (1 << 0, "FLOW_STATS"), (1 << 1, "TABLE_STATS"), (1 << 2, "PORT_STATS"), (1 << 5, "IP_REASM"),
    (1 << 16, "STP"), (1 << 3, "GROUP_STATS"), (1 << 6, "QUEUE_STATS"), (1 << 7, "ARP_MATCH_IP"),
    (1 << 8, "PORT_BLOCKED"), (1 << 9, "BUNDLES"), (1 << 10, "FLOW_MONITORING"),
  ]

  private static let actionNames = [
    "output", "set_vlan_vid", "set_vlan_pcp", "strip_vlan", "mod_dl_src", "mod_dl_dst", "mod_nw_src",
    "mod_nw_dst", "mod_nw_tos", "mod_tp_src", "mod_tp_dst", "enqueue",
  ]

  /// The names of the bits that are set, `0` for none, and unknown bits as a number.
  func flags(_ bits: UInt64, _ names: [(UInt64, String)], to writer: inout TextWriter) {
    guard bits != 0 else { return writer.append("0") }
    var rest = bits
    var isFirst = true
    for (bit, name) in names where bits & bit != 0 {
      if !isFirst { writer.append(" ") }
      writer.append(name)
      rest &= ~bit
      isFirst = false
    }
    guard rest != 0 else { return }
    if !isFirst { writer.append(" ") }
    writer.hex(rest)
  }

  func write(_ configuration: SwitchConfiguration, to writer: inout TextWriter) {
    writer.append(" frags=\(configuration.fragments.name)")
    if configuration.invalidTTLToController == true { writer.append(" invalid_ttl_to_controller") }
    writer.append(" miss_send_len=\(configuration.missSendLength)\n")
  }

  func write(_ description: SwitchDescription, to writer: inout TextWriter) {
    writer.append("\nManufacturer: \(description.manufacturer)\n")
    writer.append("Hardware: \(description.hardware)\n")
    writer.append("Software: \(description.software)\n")
    writer.append("Serial Num: \(description.serialNumber)\n")
    writer.append("DP Description: \(description.datapath)\n")
  }

  func write(_ role: RoleMessage, to writer: inout TextWriter) {
    writer.append(" role=\(Self.name(role.role))")
    if let generation = role.generationID { writer.append(" generation_id=\(generation)") }
  }

  func write(_ status: RoleStatus, to writer: inout TextWriter) {
    writer.append(" role=\(Self.name(status.role))")
    if status.generationID != .max { writer.append(" generation_id=\(status.generationID)") }
    switch status.reason {
    case .primaryRequested: writer.append(" reason=master_request")
    case .configuration: writer.append(" reason=configuration_changed")
    case .experimenter: writer.append(" reason=experimenter_data_changed")
    }
  }

  private static func name(_ role: ControllerRole) -> String {
    switch role {
    case .noChange: "nochange"
    case .equal: "equal"
    case .primary: "primary"
    case .secondary: "secondary"
    }
  }

  func write(_ control: BundleControl, to writer: inout TextWriter) {
    writer.append("\n bundle_id=")
    writer.alternateHex(UInt64(control.bundleID))
    writer.append(" type=")
    switch control.type {
    case .openRequest: writer.append("OPEN_REQUEST")
    case .openReply: writer.append("OPEN_REPLY")
    case .closeRequest: writer.append("CLOSE_REQUEST")
    case .closeReply: writer.append("CLOSE_REPLY")
    case .commitRequest: writer.append("COMMIT_REQUEST")
    case .commitReply: writer.append("COMMIT_REPLY")
    case .discardRequest: writer.append("DISCARD_REQUEST")
    case .discardReply: writer.append("DISCARD_REPLY")
    }
    writer.append(" flags=")
    flags(UInt64(control.flags.rawValue), [(1, "atomic"), (2, "ordered")], to: &writer)
  }

  func write(_ add: BundleAdd, to writer: inout TextWriter) {
    writer.append("\n bundle_id=")
    writer.alternateHex(UInt64(add.bundleID))
    writer.append(" flags=")
    flags(UInt64(add.flags.rawValue), [(1, "atomic"), (2, "ordered")], to: &writer)
    writer.append("\n")
    writer.bytes.append(contentsOf: textBytes(add.message))
  }
}
