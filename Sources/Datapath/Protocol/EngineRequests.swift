// The daemon's requests, as a datapath answers them: an echo where it is asked for, an acknowledgement where
// that is asked for, an error always.

import PacketWire

extension Engine {
  /// Does what messages ask, and returns the messages that answer, one an element.
  public mutating func handle(message bytes: [UInt8], nowMilliseconds: UInt64) -> [[UInt8]] {
    now = nowMilliseconds
    let messages: [NetlinkMessage]
    do {
      messages = try NetlinkMessage.decode(bytes)
    } catch {
      return [Engine.refusal(of: bytes, error).encode()]
    }
    var replies: [[UInt8]] = []
    for message in messages {
      for reply in reply(to: message) { replies.append(reply.encode()) }
    }
    return replies
  }

  /// Does what a message asks, and returns the messages that answer.
  mutating func reply(to message: NetlinkMessage) -> [NetlinkMessage] {
    do {
      return try answer(message)
    } catch {
      return [NetlinkMessage(message.header.reply(), .error(error.rawValue))]
    }
  }

  /// The answer to bytes that are no request.
  public static func refusal(of bytes: [UInt8], _ error: MessageError) -> NetlinkMessage {
    let code: DatapathErrorCode =
      switch error {
      case .unknownFamily, .unknownCommand: .notSupported
      default: .invalid
      }
    return NetlinkMessage(headerOfBroken(bytes).reply(), .error(code.rawValue))
  }

  private static func headerOfBroken(_ bytes: [UInt8]) -> NetlinkHeader {
    guard bytes.count >= 16 else { return NetlinkHeader() }
    let view = Attribute(type: 0, message: bytes, range: 0..<16, depth: 0)
    return NetlinkHeader(
      flags: [], sequence: UInt32(truncatingIfNeeded: view.littleEndian(at: 8, byteCount: 4)),
      processID: UInt32(truncatingIfNeeded: view.littleEndian(at: 12, byteCount: 4)))
  }

  private mutating func answer(_ message: NetlinkMessage) throws(DatapathErrorCode) -> [NetlinkMessage] {
    let header = message.header
    switch message.body {
    case .datapath(let command, let request): return try answer(datapath: command, request, header)
    case .vport(let command, let request): return try answer(vport: command, request, header)
    case .flow(let command, let request): return try answer(flow: command, request, header)
    case .packet(.execute, let request):
      try execute(request)
      return acknowledge(header)
    case .tracking(let request): return try answer(tracking: request, header)
    case .meter(let command, let request): return try answer(meter: command, request, header)
    case .packet, .control, .networkDevice, .error, .done: throw .notSupported
    }
  }

  /// What follows a request that succeeded: the echo, then the acknowledgement.
  func acknowledge(_ header: NetlinkHeader, _ echo: NetlinkMessage.Body? = nil) -> [NetlinkMessage] {
    var replies: [NetlinkMessage] = []
    if let echo, header.flags.contains(.echo) { replies.append(NetlinkMessage(header.reply(), echo)) }
    if header.flags.contains(.acknowledge) { replies.append(NetlinkMessage(header.reply(), .error(0))) }
    return replies
  }

  // MARK: Datapath

  private mutating func answer(
    datapath command: MessageCommand, _ request: DatapathMessage, _ header: NetlinkHeader
  ) throws(DatapathErrorCode) -> [NetlinkMessage] {
    switch command {
    case .get:
      let record = NetlinkMessage.Body.datapath(.new, describeDatapath())
      guard header.isDump else { return [NetlinkMessage(header.reply(), record)] + acknowledge(header) }
      return [NetlinkMessage(header.reply(flags: .multipart), record), NetlinkMessage(header.reply(), .done)]
    case .new, .set:
      if let features = request.userFeatures { control.userFeatures = features }
      if command == .new, let name = request.name { control.name = name }
      return acknowledge(header, .datapath(.new, describeDatapath()))
    case .delete:
      removeAllFlows()
      for place in 0..<ports.placeCount where ports.records[PortHandle(place)].isPresent {
        removePort(PortHandle(place))
      }
      return acknowledge(header, .datapath(.delete, describeDatapath()))
    }
  }

  func describeDatapath() -> DatapathMessage {
    var message = DatapathMessage()
    message.name = control.name
    message.userFeatures = control.userFeatures
    message.statistics = statistics
    message.drops = DropCounts { dropCount($0) }
    return message
  }

  // MARK: Ports

  private mutating func answer(
    vport command: MessageCommand, _ request: VportMessage, _ header: NetlinkHeader
  ) throws(DatapathErrorCode) -> [NetlinkMessage] {
    if command == .new { return try addPort(request, header) }
    if command == .get && header.isDump {
      var replies: [NetlinkMessage] = []
      for place in 0..<ports.placeCount where ports.records[PortHandle(place)].isPresent {
        let port = describePort(PortHandle(place))
        replies.append(NetlinkMessage(header.reply(flags: .multipart), .vport(.new, port)))
      }
      return replies + [NetlinkMessage(header.reply(), .done)]
    }
    let index: PortHandle
    if let number = request.number {
      index = ports.index(number.rawValue)
    } else if let name = request.name {
      index = ports.index(named: name)
    } else {
      throw .invalid
    }
    guard !index.isNone else { throw .noDevice }
    switch command {
    case .get:
      return [NetlinkMessage(header.reply(), .vport(.new, describePort(index)))] + acknowledge(header)
    case .delete:
      let description = describePort(index)
      removePort(index)
      return acknowledge(header, .vport(.delete, description))
    case .new, .set:
      if let type = request.type, type != ports.records[index].type { throw .invalid }
      apply(request, to: index)
      return acknowledge(header, .vport(.new, describePort(index)))
    }
  }

  private mutating func addPort(
    _ request: VportMessage, _ header: NetlinkHeader
  ) throws(DatapathErrorCode) -> [NetlinkMessage] {
    guard let type = request.type, let name = request.name, !name.isEmpty else { throw .invalid }
    let tunnel = TunnelKind(type)
    guard tunnel != nil || type == .netdev || type == .internal else { throw .notSupported }
    guard ports.index(named: name).isNone else { throw .exists }
    guard let number = request.number?.rawValue ?? ports.freeNumber() else { throw .noSpace }
    guard number <= PortTable.maximumNumber else { throw .outOfRange }
    guard ports.index(number).isNone else { throw .busy }
    var record = PortRecord()
    record.number = number
    record.type = type
    record.tunnel = tunnel
    if let carrier = tunnel?.row.carrier {
      record.tunnelProtocol = carrier.protocolNumber.rawValue
      record.destinationPort = carrier.defaultPort
    }
    guard ports.add(record, name: name) else { throw .noSpace }
    upcalls.makeLines(forRecordCount: ports.records.count)
    let index = ports.index(number)
    apply(request, to: index)
    return acknowledge(header, .vport(.new, describePort(index)))
  }

  private mutating func apply(_ request: VportMessage, to index: PortHandle) {
    if let options = request.options {
      if let port = options.destinationPort { ports.records[index].destinationPort = port }
      ports.records[index].usesGroupPolicy = options.usesGroupPolicy
    }
    if let ids = request.upcallProcessIDs { control.upcallProcessIDs[ports.records[index].number] = ids }
  }

  private mutating func removePort(_ index: PortHandle) {
    outputs.clear(index, sent: 0, &ports, &pool)
    var kept = 0
    for position in 0..<outputs.activeCount where outputs.active[position] != index {
      outputs.active[kept] = outputs.active[position]
      kept += 1
    }
    outputs.activeCount = kept
    control.upcallProcessIDs[ports.records[index].number] = nil
    ports.remove(index)
  }

  func describePort(_ index: PortHandle) -> VportMessage {
    let record = ports.records[index]
    var message = VportMessage()
    message.number = DatapathPortNumber(record.number)
    message.type = record.type
    message.name = ports.names[index.index]
    message.upcallProcessIDs = control.upcallProcessIDs[record.number]
    if record.destinationPort != 0 {
      message.options = VportOptions(destinationPort: record.destinationPort)
      message.options?.usesGroupPolicy = record.usesGroupPolicy
    }
    var statistics = VportStatistics()
    statistics.receivedPackets = record.receivedPackets
    statistics.receivedBytes = record.receivedBytes
    statistics.receivedDropped = record.receivedDropped
    statistics.sentPackets = record.sentPackets
    statistics.sentBytes = record.sentBytes
    statistics.sentDropped = record.sentDropped
    message.statistics = statistics
    return message
  }

  /// Says what a port can do by itself; without this it is taken to do nothing.
  public mutating func setCapabilities(_ capabilities: OffloadCapabilities, of port: DatapathPortNumber) {
    let index = ports.index(port.rawValue)
    if !index.isNone { ports.records[index].capabilities = capabilities }
  }

  /// Says whether somebody takes what is sent to a port; without this somebody does.
  public mutating func setAdapter(isPresent: Bool, of port: DatapathPortNumber) {
    let index = ports.index(port.rawValue)
    if !index.isNone { ports.records[index].hasAdapter = isPresent }
  }

  // MARK: Packets

  /// Runs actions on a packet that the daemon gives.
  private mutating func execute(_ request: PacketMessage) throws(DatapathErrorCode) {
    guard request.packet.count >= 14, workCount == 0 else { throw .invalid }
    guard let actions = request.actions else { throw .invalid }
    let words: [UInt64]
    do {
      words = try ProgramCompiler.compile(actions, maximumDepth: actionDepthLimit)
    } catch {
      throw error == .unsupported ? .notSupported : .invalid
    }
    let slot = pool.take(byteCount: request.packet.count)
    guard !slot.isNone else { throw .noMemory }
    var state = PacketState()
    state.slot = slot
    state.start = pool.address(of: slot) + PacketPool.headroomByteCount
    state.count = request.packet.count
    pool.copy(RawSpan(_elements: request.packet.span), to: state.start)
    let row = KeyRow(0)
    bank.store(request.key ?? FlowKey(), at: row)
    bank.keepMetadata(row)
    state.inPort = UInt32(truncatingIfNeeded: bank.base[row][.inPort])
    Parser.parse(&state, pool, &bank, tagLimit: tagLimit)
    let program = programs.store(words)
    states[row] = state
    arrivals[0] = state.inPort
    workCount = 1
    runAll(program.index, &state, level: 0)
    runRounds(from: 1)
    programs.remove(program)
  }
}
