import Datapath

// Messages about flows and packets.

extension MessagePrinter {
  func write(_ request: FlowStatisticsRequest, to writer: inout TextWriter) {
    if let table = request.table {
      writer.append(" table=")
      names.write(table: table, to: &writer)
    }
    if request.outPort != .none {
      writer.append(" out_port=")
      names.write(request.outPort, to: &writer)
    }
    writer.append(" ")
    request.match.write(priority: 0x8000, names: names, to: &writer)
  }

  func write(_ sum: AggregateStatistics, to writer: inout TextWriter) {
    writer.append(" packet_count=")
    writer.decimal(sum.packetCount)
    writer.append(" byte_count=")
    writer.decimal(sum.byteCount)
    writer.append(" flow_count=")
    writer.decimal(sum.flowCount)
    writer.append("\n")
  }

  func write(_ removed: FlowRemoved, to writer: inout TextWriter) {
    writer.append(" ")
    removed.match.write(priority: removed.priority, names: names, to: &writer)
    writer.append(" reason=\(removed.reason.name)")
    if let table = removed.table {
      writer.append(" table_id=")
      names.write(table: table, to: &writer)
    }
    if removed.cookie != 0 {
      writer.append(" cookie:")
      writer.hex(removed.cookie)
    }
    writer.append(" duration")
    writer.duration(removed.durationSeconds, removed.durationNanoseconds)
    writer.append(" idle\(removed.idleTimeoutSeconds)")
    if removed.hardTimeoutSeconds != 0 { writer.append(" hard\(removed.hardTimeoutSeconds)") }
    writer.append(" pkts\(removed.packetCount) bytes\(removed.byteCount)\n")
  }

  func write(_ packetIn: PacketIn, to writer: inout TextWriter) {
    if packetIn.table != 0 {
      writer.append(" table_id=")
      names.write(table: packetIn.table, to: &writer)
    }
    if packetIn.cookie != .max {
      writer.append(" cookie=0x")
      writer.hexDigits(packetIn.cookie)
    }
    writer.append(" total_len=\(packetIn.totalByteCount) ")
    packetIn.metadata.write(priority: 0x8000, names: names, to: &writer)
    if writer.bytes.last != 0x20 { writer.append(" ") }
    writer.append("(via \(packetIn.reason.name)) data_len=\(packetIn.packet.count)")
    if packetIn.buffer == .max {
      writer.append(" (unbuffered)")
      if packetIn.totalByteCount != packetIn.packet.count { writer.append(" (***total_len != data_len***)") }
    } else {
      writer.append(" buffer=")
      writer.hex(packetIn.buffer, 8)
      if packetIn.totalByteCount < packetIn.packet.count { writer.append(" (***total_len < data_len***)") }
    }
    writer.append("\n")
    if !packetIn.userData.isEmpty { hexBytes(" userdata=", packetIn.userData, to: &writer) }
    if !packetIn.continuation.isEmpty { hexBytes(" continuation=", packetIn.continuation, to: &writer) }
    if verbosity > 0 { packet(packetIn.packet, to: &writer) }
    if verbosity > 1 { HexDump.write(packetIn.packet, to: &writer) }
  }

  private func hexBytes(_ label: String, _ bytes: [UInt8], to writer: inout TextWriter) {
    writer.append(label)
    for (index, byte) in bytes.enumerated() {
      if index > 0 { writer.append(".") }
      writer.hexDigits(byte, 2)
    }
    writer.append("\n")
  }

  func write(_ packetOut: PacketOut, to writer: inout TextWriter) {
    writer.append(" ")
    packetOut.metadata.write(priority: 0x8000, names: names, to: &writer)
    if writer.bytes.last != 0x20 { writer.append(" ") }
    writer.append("actions=")
    ActionFormatter(names: names).write(packetOut.actions, to: &writer)
    if packetOut.buffer == .max {
      writer.append(" data_len=\(packetOut.packet.count)\n")
      if verbosity > 0, !packetOut.packet.isEmpty { packet(packetOut.packet, to: &writer) }
      if verbosity > 1 { HexDump.write(packetOut.packet, to: &writer) }
    } else {
      writer.append(" buffer=")
      writer.hex(packetOut.buffer, 8)
      writer.append("\n")
    }
  }

  /// One line about a packet's headers.
  private func packet(_ bytes: [UInt8], to writer: inout TextWriter) {
    HexDump.write(bytes, to: &writer)
  }
}
