extension Message {
  /// Writes the message.
  ///
  /// A multipart reply that exceeds one message's length becomes several, one after another in the result. The
  /// result is empty if the version has no such message.
  @export(interface)
  public func encode(_ form: WireProtocol, xid: UInt32) -> [UInt8] {
    guard let row = row(form) else { return [] }
    let parts = MultipartWriter(form.version, row, xid)
    var writer = WireWriter()
    switch self {
    case .flowStatisticsReply(let flows, let more):
      parts.write(flows, more, &writer) { flow, body in flow.encode(to: &body, form.version, row.dialect) }
    case .tableStatisticsReply(let tables, let more):
      parts.write(tables, more, &writer) { table, body in table.encode(to: &body, form.version) }
    case .portStatisticsReply(let ports, let more):
      parts.write(ports, more, &writer) { port, body in port.encode(to: &body, form.version) }
    case .queueStatisticsReply(let queues, let more):
      parts.write(queues, more, &writer) { queue, body in queue.encode(to: &body, form.version) }
    case .tableFeaturesReply(let tables, let more):
      parts.write(tables, more, &writer) { table, body in table.encode(to: &body) }
    case .portDescriptionReply(let ports, let more):
      parts.write(ports, more, &writer) { port, body in port.encode(to: &body, form.version) }
    case .groupStatisticsReply(let groups, let more):
      parts.write(groups, more, &writer) { group, body in group.encode(to: &body, form.version) }
    case .groupDescriptionReply(let groups, let more):
      parts.write(groups, more, &writer) { group, body in group.encode(to: &body, form.version) }
    case .meterStatisticsReply(let meters, let more):
      parts.write(meters, more, &writer) { meter, body in meter.encode(to: &body) }
    case .meterConfigurationReply(let meters, let more):
      parts.write(meters, more, &writer) { meter, body in meter.encode(to: &body) }
    case .groupModification(let change) where !change.isExpressible(in: form.version): break
    default:
      let envelope = MessageEnvelope(version: form.version, xid: xid, row: row, hasMore: false)
      let start = envelope.begin(&writer)
      encodeBody(to: &writer, row, form)
      writer.endMessage(from: start)
    }
    return writer.bytes
  }

  private func row(_ form: WireProtocol) -> MessageRow? {
    // The two Nicira forms of packets differ in their numbers alone.
    if case .packetIn = self, form.packetInFormat != .standard {
      return MessageRow.find(.nicira, .message, form.packetInFormat == .nicira ? 17 : 30, form.version)
    }
    return MessageRow.find(kind, form.version, preferring: dialect(form))
  }

  /// The dialect to look for first.
  private func dialect(_ form: WireProtocol) -> MessageDialect {
    switch kind {
    case .flowModification, .flowStatisticsRequest, .flowStatisticsReply, .aggregateStatisticsRequest,
      .aggregateStatisticsReply, .flowRemoved:
      form.flowDialect
    default: .standard
    }
  }

  private func encodeBody(to writer: inout WireWriter, _ row: MessageRow, _ form: WireProtocol) {
    let version = form.version
    switch self {
    case .hello(let hello): hello.encode(to: &writer)
    case .error(let error): error.encode(to: &writer, version)
    case .echoRequest(let bytes), .echoReply(let bytes), .opaque(_, let bytes): writer.append(bytes)
    case .featuresReply(let features): features.encode(to: &writer, version)
    case .getConfigurationReply(let configuration), .setConfiguration(let configuration):
      configuration.encode(to: &writer, version)
    case .packetIn, .packetOut, .resume, .flowModification, .flowRemoved:
      encodeFlow(to: &writer, row, form)
    case .flowStatisticsRequest(let request), .aggregateStatisticsRequest(let request):
      request.encode(to: &writer, version, row.dialect)
    case .portStatus(let status): status.encode(to: &writer, version)
    case .portModification(let modification): modification.encode(to: &writer, version)
    case .descriptionReply(let description): description.encode(to: &writer)
    case .aggregateStatisticsReply(let sum): sum.encode(to: &writer, version)
    case .portStatisticsRequest(let port):
      writer.portNumber(port, version)
      writer.zeros(version == .v10 ? 6 : 4)
    case .queueStatisticsRequest(let request): request.encode(to: &writer, version)
    case .portDescriptionRequest(let port):
      guard version >= .v15 else { break }
      writer.portNumber(port, version)
      writer.zeros(4)
    case .groupModification, .requestForward, .groupStatisticsRequest, .groupDescriptionRequest,
      .groupFeaturesReply:
      encodeGroups(to: &writer, version)
    case .meterModification(let change): change.encode(to: &writer)
    case .meterStatisticsRequest(let meter), .meterConfigurationRequest(let meter):
      writer.uint32(meter)
      writer.zeros(4)
    case .meterFeaturesReply(let features): features.encode(to: &writer)
    default: encodeSession(to: &writer, row, version)
    }
  }

  private func encodeGroups(to writer: inout WireWriter, _ version: OpenFlowVersion) {
    switch self {
    case .groupModification(let change): change.encode(to: &writer, version)
    case .requestForward(let forward): forward.encode(to: &writer)
    case .groupDescriptionRequest where !version.hasBucketIDs: break
    case .groupStatisticsRequest(let group), .groupDescriptionRequest(let group):
      writer.uint32(group)
      writer.zeros(4)
    case .groupFeaturesReply(let features): features.encode(to: &writer)
    default: break
    }
  }

  private func encodeFlow(to writer: inout WireWriter, _ row: MessageRow, _ form: WireProtocol) {
    let version = form.version
    switch self {
    case .packetIn(let packetIn):
      switch form.packetInFormat {
      case .standard: packetIn.encode(to: &writer, version)
      case .nicira: packetIn.encodeNicira(to: &writer, form.version)
      case .nicira2: packetIn.encodeProperties(to: &writer, version)
      }
    case .resume(let packetIn): packetIn.encodeProperties(to: &writer, version)
    case .packetOut(let packetOut): packetOut.encode(to: &writer, version)
    case .flowRemoved(let removed): removed.encode(to: &writer, version, row.dialect)
    case .flowModification(let mod):
      if row.dialect == .nicira {
        mod.encodeNicira(to: &writer, hasTableID: form.hasTableID)
      } else if version == .v10 {
        mod.encode10(to: &writer, hasTableID: form.hasTableID)
      } else {
        mod.encode11(to: &writer, version)
      }
    default: break
    }
  }

  private func encodeSession(to writer: inout WireWriter, _ row: MessageRow, _ version: OpenFlowVersion) {
    switch self {
    case .roleRequest(let role), .roleReply(let role):
      if row.dialect == .nicira {
        role.encodeNicira(to: &writer)
      } else {
        role.encode(to: &writer)
      }
    case .roleStatus(let status): status.encode(to: &writer)
    case .asyncReply(let configuration), .setAsync(let configuration):
      if row.dialect == .standard, version >= .v14 {
        configuration.encodeProperties(to: &writer)
      } else {
        configuration.encodeFixed(to: &writer)
      }
    case .bundleControl(let control): control.encode(to: &writer)
    case .bundleAdd(let add): add.encode(to: &writer)
    case .setFlowFormat(let nicira): writer.uint32(nicira ? 2 : 0)
    case .flowModTableID(let flag):
      writer.uint8(flag ? 1 : 0)
      writer.zeros(7)
    case .setPacketInFormat(let format): writer.uint32(format.rawValue)
    case .setControllerID(let number), .flushConnections(let number):
      writer.zeros(6)
      writer.uint16(number)
    case .flushConnectionsByTuple(let filter): filter.encodeFlush(to: &writer)
    default: break
    }
  }
}

/// Spreads the entries of a multipart message over as many messages as they need.
struct MultipartWriter {
  private let version: OpenFlowVersion
  private let row: MessageRow
  private let xid: UInt32

  init(_ version: OpenFlowVersion, _ row: MessageRow, _ xid: UInt32) {
    self.version = version
    self.row = row
    self.xid = xid
  }

  /// Writes the entries, each by `encode`.
  ///
  /// An entry that does not fit even a message of its own is left out.
  func write<Entry>(
    _ entries: [Entry], _ more: Bool, _ writer: inout WireWriter,
    _ encode: (Entry, inout WireWriter) -> Void
  ) {
    let last = MessageEnvelope(version: version, xid: xid, row: row, hasMore: more)
    let continued = MessageEnvelope(version: version, xid: xid, row: row, hasMore: true)
    var body = WireWriter()
    for entry in entries {
      var one = WireWriter()
      encode(entry, &one)
      guard one.count <= Self.maximumBodyByteCount else { continue }
      if body.count &+ one.count > Self.maximumBodyByteCount {
        emit(continued, body, &writer)
        body = WireWriter()
      }
      body.append(one.bytes)
    }
    emit(last, body, &writer)
  }

  /// What a message can hold beside its longest envelope.
  static var maximumBodyByteCount: Int { Int(UInt16.max) &- 24 }

  private func emit(_ envelope: MessageEnvelope, _ body: WireWriter, _ writer: inout WireWriter) {
    let start = envelope.begin(&writer)
    writer.append(body.bytes)
    writer.endMessage(from: start)
  }
}
