import PacketWire

// Messages about ports, tables and queues.

extension MessagePrinter {
  func write(_ port: PortDescription, to writer: inout TextWriter) {
    writer.append(" ")
    // Here the port's own name follows, so that its number is what has to be told.
    FlowNames().write(port.number, to: &writer)
    writer.append("(\(port.name)): addr:")
    writer.ethernet(port.address.rawValue)
    writer.append("\n     config:     ")
    flags(UInt64(port.configuration.rawValue), Self.configurationNames, to: &writer)
    writer.append("\n     state:      ")
    state(port.state, to: &writer)
    writer.append("\n")
    features("     current:    ", port.current, to: &writer)
    features("     advertised: ", port.advertised, to: &writer)
    features("     supported:  ", port.supported, to: &writer)
    features("     peer:       ", port.peer, to: &writer)
    writer.append(
      "     speed: \(port.currentSpeedKilobits / 1000) Mbps now, \(port.maximumSpeedKilobits / 1000) Mbps max\n"
    )
  }

  private static let configurationNames: [(UInt64, String)] = [
    (1 << 0, "PORT_DOWN"), (1 << 1, "NO_STP"), (1 << 2, "NO_RECV"), (1 << 3, "NO_RECV_STP"),
    (1 << 4, "NO_FLOOD"), (1 << 5, "NO_FWD"), (1 << 6, "NO_PACKET_IN"),
  ]

  private static let featureNames: [(UInt64, String)] = [
    (1 << 0, "10MB-HD"), (1 << 1, "10MB-FD"), (1 << 2, "100MB-HD"), (1 << 3, "100MB-FD"), (1 << 4, "1GB-HD"),
    (1 << 5, "1GB-FD"), (1 << 6, "10GB-FD"), (1 << 7, "40GB-FD"), (1 << 8, "100GB-FD"), (1 << 9, "1TB-FD"),
    (1 << 10, "OTHER"), (1 << 11, "COPPER"), (1 << 12, "FIBER"), (1 << 13, "AUTO_NEG"),
    (1 << 14, "AUTO_PAUSE"), (1 << 15, "AUTO_PAUSE_ASYM"),
  ]

  private func features(_ label: String, _ features: PortFeatures, to writer: inout TextWriter) {
    guard !features.isEmpty else { return }
    writer.append(label)
    flags(UInt64(features.rawValue), Self.featureNames, to: &writer)
    writer.append("\n")
  }

  private func state(_ state: PortState, to writer: inout TextWriter) {
    let plain = UInt64(state.rawValue & 7)
    let spanning = state.spanningTree
    guard spanning != 0 else {
      return flags(plain, [(1, "LINK_DOWN"), (2, "BLOCKED"), (4, "LIVE")], to: &writer)
    }
    if plain != 0 {
      flags(plain, [(1, "LINK_DOWN"), (2, "BLOCKED"), (4, "LIVE")], to: &writer)
      writer.append(" ")
    }
    writer.append(["STP_LISTEN", "STP_LEARN", "STP_FORWARD", "STP_BLOCK"][Int(spanning & 3)])
  }

  func write(_ status: PortStatus, to writer: inout TextWriter) {
    writer.append(" \(status.reason.name):")
    write(status.port, to: &writer)
  }

  func write(_ modification: PortModification, _ version: OpenFlowVersion, to writer: inout TextWriter) {
    writer.append(" port: ")
    names.write(modification.port, to: &writer)
    writer.append(": addr:")
    writer.ethernet(modification.address.rawValue)
    writer.append("\n     config: ")
    flags(UInt64(modification.configuration.rawValue), Self.configurationNames, to: &writer)
    writer.append("\n     mask:   ")
    flags(UInt64(modification.mask.rawValue), Self.configurationNames, to: &writer)
    writer.append("\n     advertise: ")
    if modification.advertise.isEmpty {
      writer.append("UNCHANGED")
    } else {
      flags(UInt64(modification.advertise.rawValue), Self.featureNames, to: &writer)
    }
    writer.append("\n")
  }

  // MARK: Statistics

  func write(_ ports: [PortStatistics], to writer: inout TextWriter) {
    writer.append(" \(ports.count) ports\n")
    for port in ports {
      writer.append("  port ")
      if port.port < .maximum, names.portName(port.port) == nil, port.port.rawValue < 10 {
        writer.append(" ")
      }
      names.write(port.port, to: &writer)
      writer.append(": rx ")
      counter("pkts=", port.receivedPackets, ", ", to: &writer)
      counter("bytes=", port.receivedBytes, ", ", to: &writer)
      counter("drop=", port.receiveDrops, ", ", to: &writer)
      counter("errs=", port.receiveErrors, ", ", to: &writer)
      counter("frame=", port.frameErrors, ", ", to: &writer)
      counter("over=", port.overrunErrors, ", ", to: &writer)
      counter("crc=", port.checksumErrors, "\n", to: &writer)
      writer.append("           tx ")
      counter("pkts=", port.sentPackets, ", ", to: &writer)
      counter("bytes=", port.sentBytes, ", ", to: &writer)
      counter("drop=", port.sendDrops, ", ", to: &writer)
      counter("errs=", port.sendErrors, ", ", to: &writer)
      counter("coll=", port.collisions, "\n", to: &writer)
      if let seconds = port.durationSeconds {
        writer.append("           duration=")
        writer.duration(seconds, port.durationNanoseconds)
        writer.append("\n")
      }
    }
  }

  /// A counter, or `?` if it is not known.
  private func counter(_ label: String, _ value: UInt64, _ end: String, to writer: inout TextWriter) {
    writer.append(label)
    if value == .max { writer.append("?") } else { writer.decimal(value) }
    writer.append(end)
  }

  func write(_ request: QueueRequest, to writer: inout TextWriter) {
    writer.append(" port=")
    names.write(request.port, to: &writer)
    writer.append(" queue=")
    if request.queueID == .max { writer.append("ALL") } else { writer.decimal(request.queueID) }
  }

  func write(_ queues: [QueueStatistics], to writer: inout TextWriter) {
    writer.append(" \(queues.count) queues\n")
    for queue in queues {
      writer.append("  port ")
      names.write(queue.port, to: &writer)
      writer.append(" queue \(queue.queueID): ")
      counter("bytes=", queue.sentBytes, ", ", to: &writer)
      counter("pkts=", queue.sentPackets, ", ", to: &writer)
      counter("errors=", queue.sendErrors, ", duration=", to: &writer)
      if let seconds = queue.durationSeconds {
        writer.duration(seconds, queue.durationNanoseconds)
      } else {
        writer.append("?")
      }
      writer.append("\n")
    }
  }

  // MARK: Tables

  /// Tables one after another; of those that say the same as the one before, only the numbers.
  func write(_ tables: [TableStatistics], _ version: OpenFlowVersion, to writer: inout TextWriter) {
    writer.append("\n")
    var index = 0
    while index < tables.count {
      let table = tables[index]
      if index > 0, isDitto(table, tables[index &- 1], version) {
        var last = index
        while last &+ 1 < tables.count, isDitto(tables[last &+ 1], table, version) { last &+= 1 }
        if last == index {
          writer.append("  table \(table.tableID): ditto\n")
        } else {
          writer.append("  tables \(table.tableID)...\(tables[last].tableID): ditto\n")
        }
        index = last &+ 1
        continue
      }
      write(table, isFirst: index == 0, version, to: &writer)
      index &+= 1
    }
  }

  private func isDitto(_ table: TableStatistics, _ other: TableStatistics, _ version: OpenFlowVersion) -> Bool
  {
    table.activeCount == other.activeCount && table.lookupCount == other.lookupCount
      && table.matchedCount == other.matchedCount
      && (version >= .v13 || table.maximumEntries == other.maximumEntries)
  }

  private func write(
    _ table: TableStatistics, isFirst: Bool, _ version: OpenFlowVersion, to writer: inout TextWriter
  ) {
    writer.append("  table ")
    names.write(table: table.tableID, to: &writer)
    if !table.name.isEmpty, !table.name.utf8.elementsEqual("table\(table.tableID)".utf8) {
      writer.append(" (\"\(table.name)\")")
    }
    writer.append(":\n    active=\(table.activeCount), lookup=\(table.lookupCount)")
    writer.append(", matched=\(table.matchedCount)\n")
    if version < .v13 {
      if isFirst {
        writer.append("    max_entries=\(table.maximumEntries)\n    matching:\n")
        writer.append("      exact match or wildcard: in_port eth_{src,dst,type} vlan_{vid,pcp} ")
        writer.append("ip_{src,dst} nw_{proto,tos} tcp_{src,dst}\n")
      } else {
        writer.append("    (same features)\n")
      }
    }
    writer.append("\n")
  }
}

extension FlowNames {
  /// The name of a port; nil if only its number is known.
  func portName(_ port: OpenFlowPortNumber) -> String? {
    let text = self.text(port)
    return text.utf8.elementsEqual(FlowNames().text(port).utf8) ? nil : text
  }
}
