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

  func write(_ packetIn: PacketIn, _ version: OpenFlowVersion, to writer: inout TextWriter) {
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
    if !packetIn.continuation.isEmpty {
      // What another switch has written may be anything.
      if let read = try? Continuation.decode(packetIn.continuation, version, isStrict: false) {
        read.write(names: names, to: &writer)
      } else {
        hexBytes(" continuation=", packetIn.continuation, to: &writer)
      }
    }
    if verbosity > 0 { packet(packetIn.packet, to: &writer) }
    if verbosity > 2 { HexDump.write(packetIn.packet, hasText: false, to: &writer) }
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
      if verbosity > 2 { HexDump.write(packetOut.packet, hasText: false, to: &writer) }
    } else {
      writer.append(" buffer=")
      writer.hex(packetOut.buffer, 8)
      writer.append("\n")
    }
  }

  /// One line about a packet's headers, without its newline.
  public func text(ofPacket bytes: [UInt8]) -> String {
    var writer = TextWriter()
    packet(bytes, to: &writer)
    if writer.bytes.last == 0x0a { writer.bytes.removeLast() }
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  /// One line about a packet's headers, with the checksum of its transport header.
  private func packet(_ bytes: [UInt8], to writer: inout TextWriter) {
    guard let key = FrameParser().key(of: bytes) else { return HexDump.write(bytes, to: &writer) }
    writer.append(key.text(names: names))
    if let (name, offset) = checksum(key), let start = transportStart(bytes, key),
      start &+ offset &+ 2 <= bytes.count
    {
      let value = UInt16(bytes[start &+ offset]) << 8 | UInt16(bytes[start &+ offset &+ 1])
      writer.append(" \(name)_csum:")
      writer.hexDigits(value)
    }
    writer.append("\n")
  }

  /// What the transport's checksum is called, and where in its header it lies.
  private func checksum(_ key: FlowKey) -> (String, Int)? {
    guard Field.ipFragment.value(in: key) & 2 == 0 else { return nil }
    let isIPv6 = Field.ethType.value(in: key) == 0x86dd
    switch Field.ipProtocol.value(in: key) {
    case 6: return ("tcp", 16)
    case 17: return ("udp", 6)
    case 132: return ("sctp", 8)
    case 1 where !isIPv6: return ("icmp", 2)
    case 58 where isIPv6: return ("icmp6", 2)
    default: return nil
    }
  }

  /// Where the transport header of an IP packet begins; nil behind IPv6 extension headers.
  private func transportStart(_ bytes: [UInt8], _ key: FlowKey) -> Int? {
    var offset = 12
    while offset &+ 4 <= bytes.count {
      let type = UInt16(bytes[offset]) << 8 | UInt16(bytes[offset &+ 1])
      if type != 0x8100 && type != 0x88a8 { break }
      offset &+= 4
    }
    offset &+= 2
    guard offset < bytes.count else { return nil }
    switch Field.ethType.value(in: key) {
    case 0x0800: return offset &+ Int(bytes[offset] & 0x0f) &* 4
    case 0x86dd:
      guard offset &+ 40 <= bytes.count, FieldValue(bytes[offset &+ 6]) == Field.ipProtocol.value(in: key)
      else { return nil }
      return offset &+ 40
    default: return nil
    }
  }
}
