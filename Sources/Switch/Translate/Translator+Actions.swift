import Datapath
import OpenFlow
import PacketWire

extension Translator {
  /// Runs actions in their order.
  func perform(_ actions: [Action]) {
    if actions.isEmpty { note(.action, "drop") }
    for (index, action) in actions.enumerated() {
      if isDone { return }
      if needsParsing(action) { leave(.parsing, repeatingAction: true) } else { run(action) }
      if let freeze { return keep(actions[(freeze.repeatsAction ? index : index + 1)...]) }
      if endsList {
        endsList = false
        return
      }
    }
  }

  /// Runs an action, and shows that it does.
  func run(_ action: Action) {
    note(.action, text.action(action))
    perform(action)
  }

  private func perform(_ action: Action) {
    switch action {
    case .output(let port, let maximumByteCount): output(port, maximumByteCount: maximumByteCount)
    case .outputField(let field, let maximumByteCount):
      field.unwildcard(in: &wildcards)
      let port = UInt32(truncatingIfNeeded: field.value(in: key))
      if port <= 0xffff || port >= 0xffff_ff00 {
        // A 16-bit field holds OpenFlow 1.0's numbers.
        let number = port <= 0xffff ? OpenFlowPortNumber(openFlow10: UInt16(port)) : OpenFlowPortNumber(port)
        output(number, maximumByteCount: maximumByteCount)
      }
    case .outputTruncated(let port, let maximumByteCount): outputTruncated(port, maximumByteCount)
    case .enqueue(let port, let queue): enqueue(port, queue)
    case .controller(let controller):
      if controller.isPausing {
        leave(.controller(controller), repeatingAction: false)
      } else {
        sendToController(controller)
      }
    case .resubmit(let resubmit):
      lookUp(
        table: resubmit.table ?? place.table, inPort: resubmit.port == .inPort ? nil : resubmit.port,
        usesConnectionTuple: resubmit.usesConnectionTuple, controllerHearsMiss: false)
    case .gotoTable(let table): lookUp(table: table, controllerHearsMiss: true)
    case .clone(let inner): clone(inner)
    case .exit: isDone = true
    case .writeActions(let actions):
      place.packet.actionSet += actions
      place.packet.noteOutput()
      noteActionSet("is")
    case .clearActions:
      noteActionSet("was")
      place.packet.actionSet = []
      place.packet.noteOutput()
    case .writeMetadata(let value, let mask):
      key[.metadata] = key[.metadata] & ~mask | value & mask
    case .stackPush(let field): push(field)
    case .stackPop(let field): pop(field)
    case .learn(let learn): self.learn(learn)
    case .setQueue(let queue):
      wildcards.fill(.skbPriority)
      key[.skbPriority] = UInt64(queue)
    case .popQueue:
      wildcards.fill(.skbPriority)
      key[.skbPriority] = request.key[.skbPriority]
      note(.detail, "queue = \(request.key[.skbPriority])")
    case .finTimeout(let idle, let hard): finTimeout(idle, hard)
    case .note, .conjunction: break
    case .debugRecirculate: leave(.parsing, repeatingAction: false)
    case .connectionTrack(let track): self.track(track)
    case .connectionTrackClear:
      guard place.packet.isTracked else { return }
      place.packet.forgetConnection()
      actions.append(.connectionTrackClear)
    case .checkPacketLarger(let byteCount, let result):
      leave(.length(byteCount: byteCount, result: result), repeatingAction: false)
    case .debugSlow: result.slowPath.insert(.action)
    case .group(let number): group(number)
    case .meter(let number): meter(number)
    case .bundle, .multipath, .sample, .nat,
      .encapsulate, .decapsulate, .decrementNSHTTL, .deleteField:
      ignore(action)
    default: change(action)
    }
  }

  private func ignore(_ action: Action) {
    note(.error, "\(text.action(action)): not supported by this switch, ignored")
  }

  /// Runs an action that changes headers or metadata.
  private func change(_ action: Action) {
    switch action {
    case .setField(let set): setField(set)
    case .move(let source, let destination):
      guard source.field.prerequisite.isSatisfied(by: key) else { return }
      source.unwildcard(in: &wildcards)
      write(destination, source.value(in: key))
      note(.detail, nowText(destination))
    case .setVLANID(let id, let pushes): setVLAN(bits: 0x0fff, value: id, pushesIfNeeded: pushes)
    case .setVLANPriority(let priority, let pushes):
      setVLAN(bits: 0xe000, value: UInt16(priority) << 13, pushesIfNeeded: pushes)
    case .stripVLAN:
      wildcards.fill(.vlanTCI)
      if key.hasVLAN { key.popVLAN() }
    case .pushVLAN(let tpid):
      wildcards.fill(.vlanTCI)
      key.pushVLAN(tpid: tpid, tci: 0x1000)
    case .setEthernetSource(let address): write(Subfield(.ethSource), FieldValue(address))
    case .setEthernetDestination(let address): write(Subfield(.ethDestination), FieldValue(address))
    case .setIPv4Source(let address): write(Subfield(.ipSource), FieldValue(address), if: key.isIPv4)
    case .setIPv4Destination(let address):
      write(Subfield(.ipDestination), FieldValue(address), if: key.isIPv4)
    case .setIPDSCP(let value):
      write(Subfield(.ipTOS, offset: 2, bitCount: 6), FieldValue(value >> 2), if: isIP)
    case .setIPECN(let value): write(Subfield(.ipECN), FieldValue(value), if: isIP)
    case .setIPTTL(let value): write(Subfield(.ipTTL), FieldValue(value), if: isIP)
    case .setTransportSource(let port): writePort(.transportSource, port)
    case .setTransportDestination(let port): writePort(.transportDestination, port)
    case .decrementTTL(let controllers): decrementTTL(controllers)
    case .pushMPLS(let type): pushMPLS(type)
    case .popMPLS(let type): popMPLS(type)
    case .setMPLSLabel(let label): write(Subfield(.mplsLabel), FieldValue(label), if: key.isMPLS)
    case .setMPLSTrafficClass(let value): write(Subfield(.mplsTC), FieldValue(value), if: key.isMPLS)
    case .setMPLSTTL(let value): write(Subfield(.mplsTTL), FieldValue(value), if: key.isMPLS)
    case .decrementMPLSTTL: decrementMPLSTTL()
    case .setTunnel(let id, _): key.tunnelID = id
    default: ignore(action)
    }
  }

  private var isIP: Bool { key.isIPv4 || key.isIPv6 }

  private func setField(_ set: SetFieldAction) {
    // A packet that lacks the field passes unchanged, as OVS has it.
    set.field.prerequisite.unwildcard(in: &wildcards)
    guard set.field.prerequisite.isSatisfied(by: key) else { return }
    // Whether an address can be written into the packet depends on there being a protocol (Commit.swift).
    if [.ipv4, .ipv6].contains(set.field.prerequisite) { wildcards.fill(.ipProtocol) }
    set.field.unwildcard(set.mask, in: &wildcards)
    set.field.set(set.value, mask: set.mask, in: &key)
  }

  private func write(_ field: Subfield, _ value: FieldValue, if applies: Bool = true) {
    guard applies else { return }
    field.unwildcard(in: &wildcards)
    field.set(value, in: &key)
  }

  /// Writes a transport port, if the packet has one.
  private func writePort(_ place: KeyPlace, _ port: UInt16) {
    guard isIP, key.fragment & 2 == 0, [6, 17, 132].contains(key.ipProtocol) else { return }
    wildcards.fill(.ipProtocol)
    wildcards.fill(place)
    key[place] = UInt64(port)
  }

  private func setVLAN(bits: UInt16, value: UInt16, pushesIfNeeded: Bool) {
    wildcards.vlanTCI |= bits | 0x1000
    guard key.hasVLAN || pushesIfNeeded else { return }
    if !key.hasVLAN { key.pushVLAN(tpid: 0x8100, tci: 0x1000) }
    key.vlanTCI = key.vlanTCI & ~bits | value & bits | 0x1000
  }

  private func decrementTTL(_ controllers: [UInt16]) {
    guard isIP else { return }
    wildcards.fill(.ipTTL)
    wildcards.fill(.ipProtocol)
    guard key.timeToLive <= 1 else {
      key.timeToLive -= 1
      return
    }
    note(.warning, "\(key.isIPv4 ? "IPv4" : "IPv6") decrement TTL exception")
    for controller in controllers {
      var action = ControllerAction()
      action.controller = controller
      action.reason = 2
      sendToController(action)
    }
    endsList = true
  }

  // MARK: MPLS

  private func pushMPLS(_ type: UInt16) {
    let entries = labels()
    guard entries.count < KeyPlace.mplsEntryCount else {
      fail(
        .tooManyMPLSLabels,
        "bridge \(bridge.name): dropping packet on which an MPLS push action can't be performed as it would have more MPLS LSEs than the 3 supported."
      )
      return
    }
    let entry: UInt32
    if let outer = entries.first {
      for index in entries.indices { wildcards.fill(.mplsEntry(index)) }
      entry = outer & ~0x100
    } else {
      // A new stack takes its class and time to live from the packet (OpenFlow 1.5.1, section 7.2.6.10).
      let (ttl, tos) = isIP ? (key.timeToLive == 0 ? 64 : key.timeToLive, key.typeOfService) : (64, 0)
      if isIP {
        Subfield(.ipTOS, offset: 2, bitCount: 6).unwildcard(in: &wildcards)
        wildcards.fill(.ipTTL)
      }
      let label: UInt32 = key.isIPv6 ? 2 : 0
      entry = label << 12 | UInt32(tos >> 2 & 7) << 9 | 0x100 | UInt32(ttl)
      // What lies beneath a label can't be seen, and has to be as wanted before.
      commit()
      key.hideHeaders()
    }
    setEntries([entry] + entries)
    key.etherType = type
  }

  /// The labels that are known, the outermost first; which is the bottom is looked at.
  private func labels() -> [UInt32] {
    guard key.isMPLS else { return [] }
    for index in 0..<KeyPlace.mplsEntryCount {
      wildcards[.mplsEntry(index)] |= 0x100
      if key[.mplsEntry(index)] & 0x100 != 0 { break }
    }
    return Commit.entries(key)
  }

  private func popMPLS(_ type: UInt16) {
    var entries = labels()
    guard let last = entries.last else { return }
    guard entries.count < KeyPlace.mplsEntryCount || last & 0x100 != 0 else {
      fail(
        .tooManyMPLSLabels,
        "bridge \(bridge.name): dropping packet on which an MPLS pop action can't be performed as it has more MPLS LSEs than the 3 supported."
      )
      return
    }
    for index in entries.indices.dropFirst() { wildcards.fill(.mplsEntry(index)) }
    entries.removeFirst()
    setEntries(entries)
    key.etherType = type
    if !key.isMPLS { place.packet.wasMPLS = true }
  }

  private func setEntries(_ entries: [UInt32]) {
    for index in 0..<KeyPlace.mplsEntryCount {
      key[.mplsEntry(index)] = index < entries.count ? UInt64(entries[index]) : 0
    }
  }

  private func decrementMPLSTTL() {
    guard key.isMPLS else { return }
    let field = Subfield(.mplsTTL)
    field.unwildcard(in: &wildcards)
    let ttl = field.value(in: key)
    if ttl > 1 {
      field.set(ttl - 1, in: &key)
    } else {
      note(.warning, "MPLS decrement TTL exception")
      var action = ControllerAction()
      action.reason = 2
      sendToController(action)
      endsList = true
    }
  }

  private func noteActionSet(_ verb: String) {
    // Ports have their numbers here, whatever the rest shows.
    let set = place.packet.actionSet
    note(.detail, "action set \(verb): " + (set.isEmpty ? "empty" : TraceText().actions(set)))
  }

  // MARK: Stack and clones

  private func push(_ field: Subfield) {
    field.unwildcard(in: &wildcards)
    place.packet.stack.push(field.value(in: key), bitCount: Int(field.bitCount))
  }

  private func pop(_ field: Subfield) {
    guard let value = place.packet.stack.pop() else {
      note(.warning, "popping from empty stack")
      return
    }
    write(field, value)
    note(.detail, nowText(field))
  }

  /// What is shown of a field that took a value from elsewhere.
  private func nowText(_ field: Subfield) -> String {
    let value = field.value(in: key)
    let name = String(text.action(.stackPop(field)).dropFirst("pop:".utf8.count))
    return "\(name) is now \(value == 0 ? "0" : "0x" + String(value, radix: 16))"
  }

  /// Runs actions whose changes are undone behind them.
  ///
  /// Whatever they change in the packet, the next output changes back.
  private func clone(_ actions: [Action]) {
    guard mayEnter() else { return }
    // What both the copy and the packet need is done once.
    if actions.contains(where: { !$0.isReversible }) { commit() }
    detour {
      place.depth += 1
      perform(actions)
      runActionSet()
    }
  }

  /// Sends to a port by one of its queues; a queue is a priority of the packet, as OVS's userspace datapath has it.
  private func enqueue(_ port: OpenFlowPortNumber, _ queue: UInt32) {
    guard port != key.inPort else { return }
    let before = key[.skbPriority]
    wildcards.fill(.skbPriority)
    key[.skbPriority] = UInt64(queue)
    send(to: port == .inPort ? key.inPort : port)
    key[.skbPriority] = before
  }

  /// Lets the rule that runs end soon after its connection ended.
  private func finTimeout(_ idleSeconds: UInt16, _ hardSeconds: UInt16) {
    guard let rule = place.rule, key.isIPv4 || key.isIPv6, key.ipProtocol == 6 else { return }
    result.credits.append(.finished(rule, bridge, idleSeconds: idleSeconds, hardSeconds: hardSeconds))
  }

  private func learn(_ learn: LearnAction) {
    for specification in learn.specifications {
      if case .field(let source) = specification.source { source.unwildcard(in: &wildcards) }
    }
    // Flows that are looked over ask for the rule too: their next packets are to teach it again.
    guard request.mayHaveSideEffects || request.trace == nil else {
      note(.warning, "suppressing side effects, so learn action ignored")
      return
    }
    let learned = LearnedRule(bridge: bridge, action: learn, key: key)
    let change = FlowMod(learned)
    note(.detail, text.learned(change))
    let hasRoom = bridge.tables.hasRoom(for: change, limit: learn.limit)
    if let field = learn.result {
      write(field, hasRoom ? 1 : 0)
      note(.detail, nowText(field))
    }
    if hasRoom { result.learned.append(learned) } else { note(.detail, "Limit exceeded, learn failed") }
  }
}
