// What controllers do with flows: change them, ask for them, and send packets through them.

import Datapath
import OpenFlow

extension BridgeAgent {
  /// Handles the messages about flows and packets.
  func handleFlows(_ request: ReceivedMessage, _ session: OpenFlowSession) throws(OpenFlowError) {
    switch request.message {
    case .flowModification(let change):
      report(try self.change(change))
      if change.buffer != .max, !change.command.isDelete { throw .badRequestBufferUnknown }
    case .packetOut(let packet):
      try check(packet, request.version)
      packetsOut.append(.sent(packet))
    case .resume(let packet): packetsOut.append(.resumed(try resumed(packet, request.version)))
    case .flowStatisticsRequest(let wanted):
      replyFlows(bridge.tables.rules(RuleFilter(wanted)), to: request, session)
    case .aggregateStatisticsRequest(let wanted):
      reply(.aggregateStatisticsReply(aggregateStatistics(wanted)), to: request, session)
    case .tableFeaturesRequest:
      reply(.tableFeaturesReply(tableFeatures(request.version), more: false), to: request, session)
    case .flushConnections(let zone): flush(ConnectionMessage(zone: zone))
    case .flushConnectionsByTuple(let filter): flush(filter)
    case .groupModification, .groupStatisticsRequest, .groupDescriptionRequest, .groupFeaturesRequest:
      try handleGroups(request, session)
    case .meterModification, .meterConfigurationRequest, .meterStatisticsRequest, .meterFeaturesRequest:
      try handleMeters(request, session)
    default: throw .badRequestBadType
    }
  }

  /// Has the datapath forget connections; whether there were any is not said, as in Open vSwitch.
  private func flush(_ filter: ConnectionMessage) {
    context.channel.send(.tracking(.connection(.delete, filter)), datapath: bridge.datapath.index)
  }

  /// How many flows are described at a time: a whole table's descriptions at once would need much memory.
  private static var flowsAtOnce: Int { 256 }

  /// Sends descriptions of rules.
  private func replyFlows(_ rules: [Rule], to request: ReceivedMessage, _ session: OpenFlowSession) {
    var first = 0
    repeat {
      let end = min(first + Self.flowsAtOnce, rules.count)
      let flows = rules[first..<end].map { description(of: $0) }
      reply(.flowStatisticsReply(flows, more: end < rules.count), to: request, session)
      first = end
    } while first < rules.count
  }

  /// Carries out the messages of a bundle: all of them or none.
  ///
  /// What is wrong with one of them is said of that one; the error that is thrown is about the bundle.
  func commit(_ bundle: Bundle, _ session: OpenFlowSession) throws(OpenFlowError) {
    var effects: [FlowEffect] = []
    var packets: [ControllersPacket] = []
    var ports: [PortModification] = []
    var forwarded: [ForwardedGroupMod] = []
    for bytes in bundle.messages {
      do throws(OpenFlowError) {
        let received = try Self.message(in: bytes, session.form)
        switch received.message {
        case .flowModification(let change): effects.append(contentsOf: try self.change(change))
        case .groupModification(let change):
          let made = try bridge.tables.apply(change, now: context.now)
          effects.append(contentsOf: made)
          forwarded.append(ForwardedGroupMod(change, made, xid: received.xid))
        case .packetOut(let packet):
          try check(packet, session.form.version)
          packets.append(.sent(packet))
        case .portModification(let change):
          // A port can't be put back as it was unseen, so no bundle can promise to change it with all else.
          guard !bundle.flags.contains(.atomic) else { throw .bundleFailedMessageFailed }
          _ = try port(of: change)
          ports.append(change)
        default: throw .bundleFailedMessageUnsupported
        }
      } catch {
        bridge.tables.undo(effects)
        refuse(error, bytes, session)
        throw .bundleFailedMessageFailed
      }
    }
    report(effects)
    for request in forwarded { forward(request, from: session) }
    for change in ports { try modifyPort(change) }
    packetsOut.append(contentsOf: packets)
  }

  /// The message that one of a bundle's messages brings.
  private static func message(in bytes: [UInt8], _ form: WireProtocol) throws(OpenFlowError)
    -> ReceivedMessage
  {
    guard case .bundleAdd(let addition) = try Message.decode(bytes, hasTableID: form.hasTableID).message
    else {
      throw .bundleFailedMessageUnsupported
    }
    return try Message.decode(addition.message, hasTableID: form.hasTableID)
  }

  // MARK: changes

  /// Checks and carries out a change to the flow tables; who asked reports what it did.
  func change(_ change: FlowMod) throws(OpenFlowError) -> [FlowEffect] {
    if !change.command.isDelete {
      try bridge.tables.checkResources(of: change.actions)
      noteUnknownMeters(in: change.actions)
    }
    return try bridge.tables.apply(change, now: context.now)
  }

  /// Tells controllers what a change did.
  func report(_ effects: [FlowEffect]) {
    for effect in effects {
      switch effect {
      case .removed(let rule, let reason): ruleRemoved(rule, reason)
      case .group(_, let group?): logChoice(of: group)
      case .added, .modified, .group: break
      }
    }
    removeOrphans()
  }

  /// Removes the learned rules that were to go with those that learned them.
  private func removeOrphans() {
    for rule in bridge.tables.removeOrphans() { ruleRemoved(rule, .delete) }
  }

  /// Removes the rules whose time is over.
  func expireRules() {
    for (rule, reason) in bridge.tables.expire(now: context.now) { ruleRemoved(rule, reason) }
    removeOrphans()
  }

  /// Tells controllers that a rule is gone, if it wants that.
  func ruleRemoved(_ rule: Rule, _ reason: FlowRemovedReason) {
    guard rule.flags.contains(.sendFlowRemoved), !rule.isHidden else { return }
    var message = FlowRemoved()
    message.reason = reason
    message.table = rule.table
    message.match = rule.wholeMatch
    message.priority = UInt16(clamping: rule.priority)
    message.cookie = rule.cookie
    message.idleTimeoutSeconds = rule.idleTimeoutSeconds
    message.hardTimeoutSeconds = rule.hardTimeoutSeconds
    message.packetCount = rule.packetCount
    message.byteCount = rule.byteCount
    let age = Age(since: rule.createdMilliseconds, now: context.now)
    message.durationSeconds = age.seconds
    message.durationNanoseconds = age.nanoseconds
    for session in listenersTo(.flowRemoved, reason: reason.rawValue) {
      notify(.flowRemoved(message), session)
    }
  }

  // MARK: statistics

  /// A rule as statistics replies describe it.
  func description(of rule: Rule) -> FlowDescription {
    var flow = FlowDescription()
    flow.table = rule.table
    flow.match = rule.wholeMatch
    flow.priority = UInt16(clamping: rule.priority)
    flow.cookie = rule.cookie
    let now = context.now
    let age = Age(since: rule.createdMilliseconds, now: now)
    flow.durationSeconds = age.seconds
    flow.durationNanoseconds = age.nanoseconds
    flow.idleTimeoutSeconds = rule.idleTimeoutSeconds
    flow.hardTimeoutSeconds = rule.hardTimeoutSeconds
    flow.idleAgeSeconds = UInt16(clamping: max(0, now - rule.usedMilliseconds) / 1000)
    flow.hardAgeSeconds = UInt16(clamping: max(0, now - rule.modifiedMilliseconds) / 1000)
    flow.importance = rule.importance
    flow.flags = rule.flags
    flow.packetCount = rule.packetCount
    flow.byteCount = rule.byteCount
    flow.actions = rule.actions
    return flow
  }

  /// The sum of the flows that a request means.
  func aggregateStatistics(_ wanted: FlowStatisticsRequest) -> AggregateStatistics {
    var sum = AggregateStatistics(packetCount: 0, byteCount: 0, flowCount: 0)
    for rule in bridge.tables.rules(RuleFilter(wanted)) {
      sum.packetCount &+= rule.packetCount
      sum.byteCount &+= rule.byteCount
      sum.flowCount &+= 1
    }
    return sum
  }

  // MARK: packets

  /// Throws what is wrong with a controller's packet, or with actions on such a packet.
  func check(_ packet: PacketOut, _ version: OpenFlowVersion) throws(OpenFlowError) {
    guard packet.buffer == .max else { throw .badRequestBufferUnknown }
    guard packet.packet.count >= 14 else { throw .badRequestBadLength }
    guard
      packet.inPort < .maximum || packet.inPort == .local || packet.inPort == .none
        || packet.inPort == .controller
    else { throw .badRequestBadPort }
    try bridge.tables.checkResources(of: packet.actions)
    guard var key = context.frames.key(of: packet.packet) else { throw .badRequestBadLength }
    for word in 0..<FlowKey.wordCount { key.words[word] |= packet.metadata.key.words[word] }
    var mask = FlowKey()
    for word in 0..<FlowKey.wordCount { mask.words[word] = ~0 }
    try ActionCheck.check(
      packet.actions, match: Match(key: key, mask: mask), table: 0, in: version)
  }

  /// A packet that a controller gives back, with the place at which it goes on.
  private func resumed(
    _ packet: PacketIn, _ version: OpenFlowVersion
  ) throws(OpenFlowError) -> ResumedPacket {
    let continuation = try Continuation.decode(packet.continuation, version)
    // What was said of a bridge that has gone, or before the switch began anew, says nothing of those of now.
    guard let target = bridge.datapath.bridges.values.first(where: { $0.instance == continuation.bridge })
    else { throw .niciraStale }
    guard packet.packet.count >= 14 else { throw .badRequestBadLength }
    for part in continuation.parts { try target.tables.checkResources(of: part.actions) }
    try target.tables.checkResources(of: continuation.actionSet)
    let key = packet.metadata.key
    return ResumedPacket(
      frame: packet.packet, bridge: target, key: key,
      frozen: Frozen(continuation, bridge: target, key: key),
      datapathPort: DatapathPortNumber(
        continuation.datapathPort == 0 ? DatapathPortNumber.none.rawValue : continuation.datapathPort))
  }

  /// Sends a packet to the controllers that want it.
  func packetIn(_ packet: ControllerPacket) {
    let action = packet.pause.controller
    let reason = PacketInReason(rawValue: action.reason) ?? .action
    for session in listenersTo(.packetIn, reason: reason.rawValue)
    where session.controllerID == action.controller {
      guard !session.isBehind else {
        droppedMessageCount &+= 1
        continue
      }
      notify(.packetIn(packetIn(packet, reason, session.form.version)), session)
    }
  }

  private func packetIn(
    _ packet: ControllerPacket, _ reason: PacketInReason, _ version: OpenFlowVersion
  ) -> PacketIn {
    let action = packet.pause.controller
    var message = PacketIn(packet: packet.frame, reason: reason, inPort: packet.pause.inPort)
    // Nothing is buffered, so whoever asked for the beginning alone would never see the rest.
    message.totalByteCount = packet.frame.count
    message.table = packet.pause.table
    message.cookie = packet.pause.cookie
    message.metadata = packet.metadata
    message.userData = action.userData
    if let frozen = packet.pause.frozen {
      message.continuation = frozen.continuation(
        bridge: packet.bridge, datapathPort: packet.datapathPort
      ).encode(version)
    }
    return message
  }
}

extension FlowTables {
  /// Checks that everything is there that actions name.
  func checkResources(of actions: [Action]) throws(OpenFlowError) {
    try ActionCheck.checkNesting(actions, below: Translator.maximumDepth)
    let resources = ActionCheck.Resources(
      tableCount: Self.visibleCount, searchedTableCount: Self.count)
    try resources.check(
      actions, hasGroup: { groups[$0] != nil }, hasMeter: { meters[$0] != nil })
  }
}

extension RuleFilter {
  /// The rules that a statistics request means.
  init(_ wanted: FlowStatisticsRequest) {
    table = wanted.table
    match = wanted.match
    cookie = wanted.cookie
    cookieMask = wanted.cookieMask
    outPort = wanted.outPort
    outGroup = wanted.outGroup
  }
}

extension ControllerPacket {
  /// What a packet-in says of the pipeline: the input port, and what is set of the tunnel, metadata, registers and the connection.
  var metadata: Match {
    var mask = FlowKey()
    // The action set's output and the conjunction are the pipeline's own, and not said.
    for word in KeySegment.tunnel.words where key.words[word] != 0 { mask.words[word] = ~0 }
    if key[.metadata] != 0 { mask.fill(.metadata) }
    for index in 0..<KeyPlace.registers.words.count * 2 where key[.registers.half(index)] != 0 {
      mask.fill(.registers.half(index))
    }
    if key[.packetMark] != 0 { mask.fill(.packetMark) }
    fillConnection(&mask)
    var match = Match(key: key, mask: mask)
    match.set(.inPortOXM, FieldValue(pause.inPort.rawValue))
    return match
  }

  /// Adds what connection tracking has said of the packet; its tuple only if it begins a connection or belongs to one.
  private func fillConnection(_ mask: inout FlowKey) {
    let state = UInt32(truncatingIfNeeded: key[.ctState])
    if state != 0 {
      mask.fill(.ctState)
      mask.fill(.ethType)
      let isKnown = state & (TrackState.isNew | TrackState.isEstablished | TrackState.isReply) != 0
      if isKnown && key[.ctProtocol] != 0 {
        mask.fill(.ctProtocol)
        mask.fill(.ctTransportPorts)
        if key[.ethType] == 0x86dd {
          mask.fill(.ctIPv6Source)
          mask.fill(.ctIPv6Destination)
        } else {
          mask.fill(.ctAddresses)
        }
      }
    }
    for place in [KeyPlace.ctZone, .ctMark] where key[place] != 0 { mask.fill(place) }
    if key[wide: .ctLabel] != 0 { mask.fill(.ctLabel) }
  }
}
