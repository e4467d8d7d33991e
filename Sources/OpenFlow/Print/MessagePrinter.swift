// What: messages as OVS's tools print them, for `ovs-ofctl show`, `dump-*`, `snoop`, `monitor`, and for logs.
//
// How: one line with the message's name, version and transaction, then what it says. Each kind of message has an
// extension in a file of its own; all write bytes to one `TextWriter`.

/// Prints messages.
public struct MessagePrinter {
  /// The names of ports and tables to print instead of numbers.
  public var names: FlowNames
  /// How much to print: the headers of packets from 1, data of echoes from 2, the bytes of packets from 3, those of messages from 5.
  public var verbosity: Int

  /// Makes a printer.
  public init(names: FlowNames = FlowNames(), verbosity: Int = 0) {
    self.names = names
    self.verbosity = verbosity
  }

  /// The text of a message, with a newline at the end.
  @export(interface)
  public func text(_ bytes: [UInt8]) -> String {
    String(decoding: textBytes(bytes), as: UTF8.self)
  }

  /// The text of a message as UTF-8 bytes.
  @export(interface)
  public func textBytes(_ bytes: [UInt8]) -> [UInt8] {
    var writer = TextWriter()
    guard let head = MessageHeader(bytes) else {
      writer.append(
        bytes.isEmpty
          ? "OpenFlow message is empty\n" : "OpenFlow packet too short (only \(bytes.count) bytes):\n")
      HexDump.write(bytes, to: &writer)
      return writer.bytes
    }
    if head.length != bytes.count {
      odd(bytes, head, to: &writer)
      return writer.bytes
    }
    do throws(OpenFlowError) {
      let received = try Message.decode(bytes, hasTableID: true)
      header(received, to: &writer)
      if Message.hasMore(bytes) { writer.append(" flags=[more]") }
      body(received, to: &writer)
      writer.removeBlank()
      if verbosity >= 5 {
        if writer.bytes.last != 0x0a { writer.append("\n") }
        HexDump.write(bytes, to: &writer)
      }
    } catch {
      failure(error, bytes, to: &writer)
    }
    if writer.bytes.last != 0x0a { writer.append("\n") }
    return writer.bytes
  }

  private func header(_ received: ReceivedMessage, to writer: inout TextWriter) {
    writer.append(received.name)
    if received.version != .v10 {
      writer.append(" (")
      writer.append(received.version.shortName)
      writer.append(")")
    }
    writer.append(" (xid=")
    writer.hex(received.xid)
    writer.append("):")
  }

  /// A message that is longer or shorter than it says.
  private func odd(_ bytes: [UInt8], _ head: MessageHeader, to writer: inout TextWriter) {
    if head.length > bytes.count {
      // What kind of message it is can be read if its header is there.
      var patched = bytes
      patched[2] = UInt8(truncatingIfNeeded: bytes.count >> 8)
      patched[3] = UInt8(truncatingIfNeeded: bytes.count)
      if envelope(patched, to: &writer) { writer.append("\n") }
      writer.append("(***truncated to \(bytes.count) bytes from \(head.length)***)\n")
    } else {
      writer.append("(***only uses \(head.length) bytes out of \(bytes.count)***)\n")
    }
    HexDump.write(bytes, to: &writer)
  }

  /// The name, version and number of a message whose body may be wrong; false if not even they are known.
  func envelope(_ bytes: [UInt8], to writer: inout TextWriter) -> Bool {
    var reader = WireReader([])
    guard let envelope = try? MessageEnvelope.open(bytes, &reader) else { return false }
    writer.append(envelope.row.name)
    if envelope.version != .v10 { writer.append(" (\(envelope.version.shortName))") }
    writer.append(" (xid=")
    writer.hex(envelope.xid)
    writer.append("):")
    return true
  }

  private func failure(_ error: OpenFlowError, _ bytes: [UInt8], to writer: inout TextWriter) {
    if envelope(bytes, to: &writer) { writer.append(" ") }
    writer.append("***decode error: ")
    writer.append(error.name)
    writer.append("***\n")
    HexDump.write(bytes, to: &writer)
  }

  private func body(_ received: ReceivedMessage, to writer: inout TextWriter) {
    switch received.message {
    case .hello(let hello): write(hello, to: &writer)
    case .error(let error): write(error, to: &writer)
    case .echoRequest(let bytes), .echoReply(let bytes):
      writer.append(" \(bytes.count) bytes of payload\n")
      if verbosity > 1 { HexDump.write(bytes, to: &writer) }
    case .featuresReply(let features): write(features, received.version, to: &writer)
    case .getConfigurationReply(let configuration), .setConfiguration(let configuration):
      write(configuration, to: &writer)
    case .portStatus(let status): write(status, to: &writer)
    case .portModification(let modification): write(modification, received.version, to: &writer)
    case .descriptionReply(let description): write(description, to: &writer)
    case .tableStatisticsReply(let tables, _): write(tables, received.version, to: &writer)
    case .portStatisticsRequest(let port):
      writer.append(" port_no=")
      names.write(port, to: &writer)
    case .portStatisticsReply(let ports, _): write(ports, to: &writer)
    case .queueStatisticsRequest(let request): write(request, to: &writer)
    case .queueStatisticsReply(let queues, _): write(queues, to: &writer)
    case .portDescriptionRequest(let port):
      guard port != .none else { break }
      writer.append(" port=")
      names.write(port, to: &writer)
    case .portDescriptionReply(let ports, _):
      writer.append("\n")
      for port in ports.sorted(by: { $0.number < $1.number }) { write(port, to: &writer) }
    case .roleRequest(let role), .roleReply(let role): write(role, to: &writer)
    case .roleStatus(let status): write(status, to: &writer)
    case .bundleControl(let control): write(control, to: &writer)
    case .bundleAdd(let add): write(add, to: &writer)
    case .groupModification(let change): write(change, received.version, to: &writer)
    case .requestForward(let forward): write(forward, to: &writer)
    case .groupStatisticsRequest(let group), .groupDescriptionRequest(let group):
      write(group: group, to: &writer)
    case .groupStatisticsReply(let groups, _): write(groups, to: &writer)
    case .groupDescriptionReply(let groups, _): write(groups, received.version, to: &writer)
    case .groupFeaturesReply(let features): write(features, received.version, to: &writer)
    case .meterModification(let change): write(change, to: &writer)
    case .meterStatisticsRequest(let meter), .meterConfigurationRequest(let meter):
      write(meter: meter, to: &writer)
    case .meterStatisticsReply(let meters, _): write(meters, to: &writer)
    case .meterConfigurationReply(let meters, _): write(meters, to: &writer)
    case .meterFeaturesReply(let features): write(features, to: &writer)
    default: flowBody(received, to: &writer)
    }
  }

  private func flowBody(_ received: ReceivedMessage, to writer: inout TextWriter) {
    switch received.message {
    case .flowModification(let mod):
      writer.append(" ")
      writer.append(mod.printed(in: received.version).text(names: names))
    case .flowRemoved(let removed): write(removed, to: &writer)
    case .flowStatisticsRequest(let request), .aggregateStatisticsRequest(let request):
      write(request, to: &writer)
    case .flowStatisticsReply(let flows, _):
      for flow in flows {
        writer.append("\n")
        flow.write(names: names, to: &writer.bytes)
      }
    case .aggregateStatisticsReply(let sum): write(sum, to: &writer)
    case .packetIn(let packetIn), .resume(let packetIn): write(packetIn, received.version, to: &writer)
    case .packetOut(let packetOut): write(packetOut, to: &writer)
    case .setFlowFormat(let nicira): writer.append(nicira ? " format=nxm" : " format=openflow10")
    case .flowModTableID(let isEnabled): writer.append(isEnabled ? " enable" : " disable")
    case .setPacketInFormat(let format): writer.append(" format=\(format.name)")
    case .setControllerID(let number): writer.append(" id=\(number)")
    case .flushConnections(let zone):
      writer.append(" zone_id=\(zone)")
    case .flushConnectionsByTuple(let filter): writer.append(" " + filter.flushText)
    default: break
    }
  }
}

extension FlowMod {
  /// The change as it is printed for a version: in those that imply a flag, the flag is not shown.
  func printed(in version: OpenFlowVersion) -> FlowMod {
    guard version < .v12 else { return self }
    var mod = self
    mod.flags.remove(.resetCounts)
    return mod
  }
}

/// Bytes in hexadecimal, sixteen to a line, with the same as text beside or not.
enum HexDump {
  static func write(_ bytes: [UInt8], hasText: Bool = true, to writer: inout TextWriter) {
    var offset = 0
    while offset < bytes.count {
      let line = bytes[offset..<min(offset &+ 16, bytes.count)]
      writer.hexDigits(UInt32(truncatingIfNeeded: offset), 8)
      writer.append("  ")
      for index in 0..<line.count {
        writer.hexDigits(line[offset &+ index], 2)
        writer.append(index == 7 ? "-" : " ")
      }
      if hasText { writeText(line, to: &writer) } else { writer.removeBlank() }
      writer.append("\n")
      offset &+= 16
    }
  }

  private static func writeText(_ line: ArraySlice<UInt8>, to writer: inout TextWriter) {
    for _ in line.count..<16 { writer.append("   ") }
    writer.append("|")
    for byte in line { writer.append(byte >= 0x20 && byte < 0x7f ? byte : UInt8(ascii: ".")) }
    for _ in line.count..<16 { writer.append(" ") }
    writer.append("|")
  }
}
