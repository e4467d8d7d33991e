// Requests about flows.

extension Engine {
  mutating func answer(
    flow command: MessageCommand, _ request: FlowMessage, _ header: NetlinkHeader
  ) throws(DatapathErrorCode) -> [NetlinkMessage] {
    switch command {
    case .new: return try putFlow(request, header)
    case .set:
      guard let flow = findFlow(request) else { throw .noEntry }
      if let actions = request.actions { try replace(actions, of: flow) }
      if request.clears { clearStatistics(of: flow) }
      return answerChange(flow, .new, request, header)
    case .get:
      if header.flags.rawValue & 0x300 == 0x300 { return dumpFlows(request, header) }
      guard let flow = findFlow(request) else { throw .noEntry }
      let description = describe(flow, flags: request.identifierFlags ?? 0)
      return [NetlinkMessage(header.reply(), .flow(.new, description))] + acknowledge(header)
    case .delete:
      if request.key == nil && request.identifier == nil {
        removeAllFlows()
        return header.flags.contains(.acknowledge) ? [NetlinkMessage(header.reply(), .error(0))] : []
      }
      guard let flow = findFlow(request) else { throw .noEntry }
      let replies = answerChange(flow, .delete, request, header)
      removeFlow(flow)
      return replies
    }
  }

  private func answerChange(
    _ flow: FlowHandle, _ command: MessageCommand, _ request: FlowMessage, _ header: NetlinkHeader
  ) -> [NetlinkMessage] {
    var replies: [NetlinkMessage] = []
    if header.flags.contains(.echo) {
      let description = describe(flow, flags: request.identifierFlags ?? 0)
      replies.append(NetlinkMessage(header.reply(), .flow(command, description)))
    }
    if header.flags.contains(.acknowledge) { replies.append(NetlinkMessage(header.reply(), .error(0))) }
    return replies
  }

  private mutating func putFlow(
    _ request: FlowMessage, _ header: NetlinkHeader
  ) throws(DatapathErrorCode) -> [NetlinkMessage] {
    guard let packedKey = request.packedKey, let actions = request.actions else { throw .invalid }
    let key = packedKey.key
    let mask = Engine.datapathMask(request.mask)
    if let flow = findExact(key, mask, request.identifier) {
      if header.flags.contains(.exclusive) { throw .exists }
      try replace(actions, of: flow)
      if request.clears { clearStatistics(of: flow) }
      return answerChange(flow, .new, request, header)
    }
    let words = try compile(actions)
    let (flow, refusal) = table.add(key: key, mask: mask, hash: hash)
    switch refusal {
    case .tooManyMasks, .tooManyFlows: throw .noSpace
    case nil: break
    }
    table.records[flow].program = programs.store(words)
    while control.flows.count <= flow.index { control.flows.append(nil) }
    control.flows[flow.index] = FlowControl(
      key: packedKey, actions: actions, identifier: request.identifier)
    if let identifier = request.identifier { control.flowsByIdentifier[identifier] = flow }
    return answerChange(flow, .new, request, header)
  }

  /// The mask that flows are kept under: exact where none is given, and never of the OpenFlow pipeline's words.
  static func datapathMask(_ mask: FlowKey?) -> FlowKey {
    var result: FlowKey
    if let mask {
      result = mask
    } else {
      result = FlowKey()
      for word in 0..<FlowKey.wordCount { result.words[word] = ~0 }
    }
    for word in KeySegment.pipeline.words { result.words[word] = 0 }
    return result
  }

  func compile(_ actions: [DatapathAction]) throws(DatapathErrorCode) -> [UInt64] {
    do {
      return try ProgramCompiler.compile(actions, maximumDepth: actionDepthLimit)
    } catch {
      throw error == .unsupported ? .notSupported : .invalid
    }
  }

  private mutating func replace(_ actions: [DatapathAction], of flow: FlowHandle) throws(DatapathErrorCode) {
    let words = try compile(actions)
    programs.remove(table.records[flow].program)
    table.records[flow].program = programs.store(words)
    control.flows[flow.index]?.actions = actions
  }

  private mutating func clearStatistics(of flow: FlowHandle) {
    table.records[flow].packets = 0
    table.records[flow].bytes = 0
    table.records[flow].usedMilliseconds = 0
    table.records[flow].tcpFlags = 0
  }

  private func findExact(_ key: FlowKey, _ mask: FlowKey, _ identifier: FlowIdentifier?) -> FlowHandle? {
    if let identifier, let flow = control.flowsByIdentifier[identifier] { return flow }
    let flow = table.find(key: key, mask: mask, hash: hash)
    return flow.isNone ? nil : flow
  }

  /// The flow that a request means: by identifier, by key and mask, or by a key that it matches.
  mutating func findFlow(_ request: FlowMessage) -> FlowHandle? {
    if let identifier = request.identifier { return control.flowsByIdentifier[identifier] }
    guard let key = request.key else { return nil }
    if request.mask != nil { return findExact(key, Engine.datapathMask(request.mask), nil) }
    guard workCount == 0 else { return nil }
    bank.store(key, at: KeyRow(0))
    var searched = 0
    let flow = table.search(KeyRow(0), bank, hash, searched: &searched)
    return flow.isNone ? nil : flow
  }

  mutating func removeFlow(_ flow: FlowHandle) {
    programs.remove(table.records[flow].program)
    table.remove(flow)
    if flow.index < control.flows.count {
      if let identifier = control.flows[flow.index]?.identifier {
        control.flowsByIdentifier[identifier] = nil
      }
      control.flows[flow.index] = nil
    }
  }

  mutating func removeAllFlows() {
    for place in 0..<table.highestFlow where table.records[FlowHandle(place)].isAlive {
      removeFlow(FlowHandle(place))
    }
  }

  /// The next messages of a dump of flows, from a place of the table on, which is moved; it is nil after the last message of all.
  ///
  /// There may be none, with more to come.
  public func nextFlows(of request: NetlinkMessage, from place: inout Int?, maximumCount: Int) -> [[UInt8]] {
    guard case .flow(_, let asked) = request.body, var position = place else { return [] }
    let flows = describeFlows(
      from: &position, maximumCount: maximumCount, flags: asked.identifierFlags ?? 0)
    let header = request.header
    var replies = flows.map {
      NetlinkMessage(header.reply(flags: .multipart), .flow(.new, $0.message)).encode()
    }
    place = position < table.highestFlow ? position : nil
    if place == nil { replies.append(NetlinkMessage(header.reply(), .done).encode()) }
    return replies
  }

  private func dumpFlows(_ request: FlowMessage, _ header: NetlinkHeader) -> [NetlinkMessage] {
    var replies: [NetlinkMessage] = []
    for place in 0..<table.highestFlow where table.records[FlowHandle(place)].isAlive {
      let description = describe(FlowHandle(place), flags: request.identifierFlags ?? 0)
      replies.append(NetlinkMessage(header.reply(flags: .multipart), .flow(.new, description)))
    }
    replies.append(NetlinkMessage(header.reply(), .done))
    return replies
  }

  func describe(_ flow: FlowHandle, flags: UInt32) -> FlowMessage {
    var message = FlowMessage()
    let remembered = flow.index < control.flows.count ? control.flows[flow.index] : nil
    message.identifier = remembered?.identifier
    if flags & 1 == 0 || message.identifier == nil {
      message.packedKey = remembered?.key ?? PackedKey(table.key(of: flow))
      if flags & 2 == 0 { message.mask = table.mask(of: flow) }
    }
    if flags & 4 == 0 { message.actions = remembered?.actions ?? [] }
    let record = table.records[flow]
    var statistics = FlowStatistics()
    statistics.packets = record.packets
    statistics.bytes = record.bytes
    statistics.usedMilliseconds = record.packets == 0 ? nil : record.usedMilliseconds
    statistics.tcpFlags = record.tcpFlags
    message.statistics = statistics
    return message
  }
}
