// What: the flows in one datapath, from the first packet of each to its removal.
//
// Why: the datapath knows nothing of OpenFlow. It forwards by flows that the switch derived from its rules when a packet
// came that none of them matched; they have to go when nothing uses them, and to change when the rules do.
//
// How: a packet that no flow matches comes up as a miss. It is translated, the result is installed as a flow, and the packet
// itself is executed. Twice a second the datapath's counters are read: what is new is credited to the rules that the
// flow stands for; a flow that is idle for too long is removed; and one that was translated before the last change of anything
// is translated again, and corrected or removed if it came out otherwise.
//
// What is not installed, for a limit or because of an error, is only slower: the next packet comes up again.

import Datapath
import OpenFlow
import PacketWire

/// The flows that the switch put into one datapath.
final class DatapathFlows {
  /// How deep frames of the switch's own may cause others.
  static var maximumInjectionDepth: Int { 4 }

  let datapath: DatapathLink
  let environment: TranslationEnvironment
  private let context: SwitchContext
  /// What may be configured.
  var limits = Limits()
  /// What was counted.
  private(set) var counters = Counters()
  /// Takes packets that rules send to controllers.
  var tellControllers: ((ControllerPacket) -> Void)?
  /// Takes the rules that `learn` actions ask for; what is left to do if that changes any is this part's.
  var learn: ((LearnedRule) -> Void)?

  private var flows: [FlowIdentifier: InstalledFlow] = [:]
  /// Whether flows match only what was looked at; if not, they match packets like their first one alone.
  var wildcardsFlows = true
  /// Whether the datapath is asked for identifiers and counters only when it dumps its flows.
  var dumpsTersely = true
  /// The most flows that there were, an average that forgets slowly, and how long the last dump took.
  private(set) var highestCount = 0
  private(set) var averageCount = 0
  private(set) var dumpMilliseconds: Int64 = 1
  /// The commands that wait for the end of a dump.
  private var dumpWaiters: [CommandID] = []
  /// How many flows are still to go for each command that removes all.
  private var removals: [CommandID: Int] = [:]
  /// The commands that have what they waited for; each is given out once.
  private var finished: [CommandID] = []
  private var dumpNumber: UInt64 = 0
  private var isDumping = false
  /// The state of everything when the last dump began.
  private var dumpedGeneration: UInt64 = 0
  /// How long flows rest after a dump before a change lets them be looked over again, in milliseconds.
  static var changeRestMilliseconds: Int64 { 20 }
  /// The longest rest after a dump that took long, in milliseconds: the host may have slept meanwhile.
  static var longestRestMilliseconds: Int64 { 5000 }
  private var dumpStart: Int64 = 0
  private var nextDump: Int64 = 0

  init(datapath: DatapathLink, environment: TranslationEnvironment, context: SwitchContext) {
    self.datapath = datapath
    self.environment = environment
    self.context = context
  }

  /// How many flows there are.
  var count: Int { flows.count }

  private var now: Int64 { context.now }

  /// Counts every change after which a translation may come out otherwise.
  private var generation: UInt64 {
    var sum = environment.generation &+ datapath.generation
    for bridge in datapath.bridges.values {
      sum &+= bridge.generation &+ bridge.tables.generation &+ bridge.addresses.generation
    }
    return sum
  }

  // MARK: Packets that come up

  /// Takes a packet that matched no flow, or that a flow sends to the daemon.
  func receive(_ command: PacketMessage.Command, _ message: PacketMessage) {
    guard let key = message.key, message.packet.count >= 14 else {
      counters.malformed &+= 1
      return
    }
    switch command {
    case .miss:
      counters.misses &+= 1
      translate(message, key, installs: true)
    case .action:
      counters.actions &+= 1
      guard let cookie = message.userData.flatMap(UserspaceCookie.init) else {
        counters.malformed &+= 1
        return
      }
      switch cookie.reason {
      case .slowPath: translate(message, key, installs: false)
      case .controller(let said): tellControllers(said, message, key)
      case .sflow, .ipfix, .flowSample: break
      }
    case .execute: counters.malformed &+= 1
    }
  }

  private func translate(_ message: PacketMessage, _ key: FlowKey, installs: Bool) {
    guard let input = interface(of: key) else {
      counters.unknownPort &+= 1
      return
    }
    var openFlowKey = key
    openFlowKey.inPort = input.number
    let request = TranslationRequest(
      bridge: input.bridge, key: openFlowKey, now: now)
    // What the packet itself teaches is a change too: the flow that it leaves may have to be another for the next one.
    let generation = generation
    let translation = Translator.translate(request, environment)
    applySideEffects(translation, key, byteCount: message.packet.count)
    execute(translation.actions, on: message.packet, key)
    if installs { install(key, translation, generation) }
    inject(translation.injections, depth: 0)
  }

  /// The interface that a packet came in by.
  private func interface(of key: borrowing FlowKey) -> Interface? {
    let port = DatapathPortNumber(key.inPort.rawValue)
    if environment.tunnels.isTunnel(port) { return environment.tunnels.interface(port: port, key: key) }
    return datapath.interfaces[port]
  }

  private func applySideEffects(_ translation: Translation, _ key: borrowing FlowKey, byteCount: Int) {
    let flags = UInt16(truncatingIfNeeded: key.words[5] >> 48)
    for credit in translation.credits {
      credit.apply(packets: 1, bytes: UInt64(byteCount), now: now, tcpFlags: flags)
    }
    for rule in translation.learned { learn?(rule) }
  }

  private func execute(_ actions: [DatapathAction], on packet: [UInt8], _ key: FlowKey) {
    guard !actions.isEmpty else { return }
    if case .drop = actions[0] { return }
    counters.executed &+= 1
    context.channel.send(
      .packet(.execute, PacketMessage(packet: packet, key: key, actions: actions)), datapath: datapath.index)
  }

  private func tellControllers(_ said: UserspaceCookie.Controller, _ message: PacketMessage, _ key: FlowKey) {
    guard !said.isSuppressed, let pause = environment.pauses.pause(said.recirculation, now: now),
      let bridge = datapath.bridges[pause.bridge]
    else { return }
    var openFlowKey = key
    openFlowKey.inPort = pause.inPort
    var next = 0
    for word in KeySegments.words(ofSegment: 8) {
      openFlowKey.words[word] = pause.pipeline[next]
      next += 1
    }
    tellControllers?(
      ControllerPacket(bridge: bridge, pause: pause, key: openFlowKey, frame: message.packet))
  }

  // MARK: Packets of the switch's own

  /// Runs actions on a frame as if it had come in by a port (packet-out).
  func send(frame: [UInt8], bridge: Bridge, inPort: OpenFlowPortNumber, actions: [Action]) {
    run(frame, bridge, inPort, actions: actions, depth: 0)
  }

  private func inject(_ injections: [Injection], depth: Int) {
    for injection in injections {
      guard depth < Self.maximumInjectionDepth else {
        counters.injectionsTooDeep &+= 1
        return
      }
      run(injection.frame, injection.bridge, .local, actions: nil, depth: depth + 1)
    }
  }

  private func run(
    _ frame: [UInt8], _ bridge: Bridge, _ inPort: OpenFlowPortNumber, actions: [Action]?, depth: Int
  ) {
    guard var key = context.frames.key(of: frame) else {
      counters.malformed &+= 1
      return
    }
    key.inPort = inPort
    let request = TranslationRequest(
      bridge: bridge, key: key, now: now, actions: actions)
    let translation = Translator.translate(request, environment)
    applySideEffects(translation, key, byteCount: frame.count)
    var datapathKey = key
    let port = bridge.interface(inPort)?.datapathNumber ?? .none
    datapathKey.inPort = OpenFlowPortNumber(port.rawValue)
    execute(translation.actions, on: frame, datapathKey)
    inject(translation.injections, depth: depth)
  }

  // MARK: Flows

  private func install(_ key: FlowKey, _ translation: Translation, _ generation: UInt64) {
    let identifier = Self.identifier(of: key)
    guard flows[identifier] == nil else { return }
    guard flows.count < limits.flowCount else {
      counters.refusedByLimit &+= 1
      return
    }
    let mask = datapathMask(translation.wildcards, of: key)
    let actions = installedActions(translation, key)
    flows[identifier] = InstalledFlow(
      key: PackedKey(key), mask: PackedKey(mask), actions: actions, credits: translation.credits,
      generation: generation, createdMilliseconds: now, usedMilliseconds: now, learned: translation.learned)
    counters.installed &+= 1
    highestCount = max(highestCount, flows.count)
    put(identifier, key, mask, actions)
    if nextDump == 0 { nextDump = now &+ limits.revalidationMilliseconds }
  }

  private func put(_ identifier: FlowIdentifier, _ key: FlowKey, _ mask: FlowKey, _ actions: [DatapathAction])
  {
    let message = FlowMessage(key: key, mask: mask, actions: actions, identifier: identifier)
    request(.flow(.new, message), flags: .create, .put(identifier))
  }

  private func request(_ body: Datapath.Message.Body, flags: MessageFlags = [], _ question: FlowQuestion) {
    context.channel.request(
      body, datapath: datapath.index, flags: flags, .flow(datapathType: datapath.type, question))
  }

  /// Takes what the datapath answered.
  func answered(_ question: FlowQuestion, _ answer: DatapathAnswer) {
    switch question {
    case .put(let identifier):
      // Forgets a flow that the datapath did not take.
      guard case .failed = answer else { return }
      counters.refusedByDatapath &+= 1
      if flows[identifier]?.isGoing == false { flows[identifier] = nil }
    case .change(let identifier):
      guard case .failed = answer else { return }
      // It goes on doing what it did, which is wrong by now.
      counters.refusedByDatapath &+= 1
      if flows[identifier]?.isGoing == false { remove(identifier) }
    case .remove(let identifier, let command): removed(identifier, answer, for: command)
    case .dump: receiveDump(answer)
    }
  }

  /// The commands that have what they waited for since the last call.
  func takeFinished() -> [CommandID] {
    let taken = finished
    finished = []
    return taken
  }

  /// A flow's name: a hash of the whole key, so that packets of one kind that come up together make one flow.
  static func identifier(of key: borrowing FlowKey) -> FlowIdentifier {
    var high: UInt64 = 0x243f_6a88_85a3_08d3
    var low: UInt64 = 0x1319_8a2e_0370_7344
    for index in 0..<FlowKey.wordCount where key.words[index] != 0 {
      high = WordHash.mix(high, key.words[index] ^ UInt64(index))
      low = WordHash.mix(low &+ UInt64(index), key.words[index])
    }
    return FlowIdentifier(high: high, low: low)
  }

  /// The mask of a flow: what the translation looked at, without what exists in the pipeline only.
  private func datapathMask(_ wildcards: FlowKey, of key: FlowKey) -> FlowKey {
    var mask = wildcards
    if !wildcardsFlows {
      for word in 0..<FlowKey.wordCount where key.words[word] != 0 { mask.words[word] = ~0 }
    }
    mask.words[0] = ~0
    for word in KeySegments.words(ofSegment: 8) { mask.words[word] = 0 }
    if !key.tunnelDestination.isZero {
      mask.words[30] = key.words[30] != 0 ? ~0 : 0
      for word in 31...34 { mask.words[word] = key.words[30] == 0 ? ~0 : 0 }
      mask.words[35] = ~0
      mask.words[36] |= 0xffff << 48
    }
    return mask
  }

  private func installedActions(_ translation: Translation, _ key: FlowKey) -> [DatapathAction] {
    guard !translation.slowPath.isEmpty else { return translation.actions }
    let cookie = UserspaceCookie(.slowPath(translation.slowPath), inPort: key.inPort.rawValue)
    return [.userspace(UserspaceAction(userData: cookie.encode()))]
  }

  /// Takes the counters of all flows; what was not named is gone.
  private func receiveDump(_ answer: DatapathAnswer) {
    isDumping = false
    dumpMilliseconds = max(1, min(Self.longestRestMilliseconds, now &- dumpStart))
    averageCount = (averageCount &+ flows.count) / 2
    defer {
      finished += dumpWaiters
      dumpWaiters = []
    }
    // A long dump is followed by as long a rest.
    nextDump = now &+ max(limits.revalidationMilliseconds, dumpMilliseconds)
    guard case .done(let messages) = answer else { return }
    // Only a datapath without flows needs no looking over: what it has and we do not know is to be removed.
    if messages.isEmpty, flows.isEmpty { nextDump = 0 }
    counters.dumped &+= UInt64(messages.count)
    let current = generation
    for message in messages {
      guard case .flow(_, let flow) = message.body, let identifier = flow.identifier else { continue }
      if flows[identifier] == nil {
        // Nobody here put it there: a daemon before this one did.
        remove(identifier)
      } else {
        lookOver(identifier, flow.statistics, current)
      }
    }
    for (identifier, flow) in flows where flow.lastDump != dumpNumber && flow.createdMilliseconds < dumpStart
    {
      flows[identifier] = nil
    }
  }

  /// Credits what is new in a flow's counters; answers whether anything is.
  @discardableResult
  private func credit(_ identifier: FlowIdentifier, _ statistics: Datapath.FlowStatistics?) -> Bool {
    guard let statistics, var flow = flows[identifier] else { return false }
    let packets = statistics.packets &- min(statistics.packets, flow.creditedPackets)
    let bytes = statistics.bytes &- min(statistics.bytes, flow.creditedBytes)
    guard packets > 0 else { return false }
    flow.creditedPackets = statistics.packets
    flow.creditedBytes = statistics.bytes
    let used = statistics.usedMilliseconds.map { Int64(truncatingIfNeeded: $0) } ?? now
    flow.usedMilliseconds = max(flow.usedMilliseconds, min(used, now))
    flows[identifier] = flow
    for credit in flow.credits {
      credit.apply(
        packets: packets, bytes: bytes, now: flow.usedMilliseconds, tcpFlags: statistics.tcpFlags)
    }
    for rule in flow.learned { learn?(rule) }
    return true
  }

  /// Looks over one flow of a dump: counters, age, and whether it is still right.
  private func lookOver(
    _ identifier: FlowIdentifier, _ statistics: Datapath.FlowStatistics?, _ generation: UInt64
  ) {
    let wasUsed = credit(identifier, statistics)
    guard var flow = flows[identifier] else { return }
    flow.lastDump = dumpNumber
    flows[identifier] = flow
    if flow.isGoing {
      remove(identifier)
    } else if flow.usedMilliseconds &+ limits.idleMilliseconds <= now {
      counters.removedIdle &+= 1
      remove(identifier)
    } else if flow.generation != generation {
      revalidate(identifier, flow, wasUsed: wasUsed)
    }
  }

  private func revalidate(_ identifier: FlowIdentifier, _ old: InstalledFlow, wasUsed: Bool) {
    let key = old.key.key
    guard let input = interface(of: key) else {
      counters.removedChanged &+= 1
      remove(identifier)
      return
    }
    var openFlowKey = key
    openFlowKey.inPort = input.number
    let request = TranslationRequest(
      bridge: input.bridge, key: openFlowKey, mayHaveSideEffects: wasUsed, now: now)
    let translation = Translator.translate(request, environment)
    let mask = PackedKey(datapathMask(translation.wildcards, of: key))
    guard mask == old.mask else {
      counters.removedChanged &+= 1
      remove(identifier)
      return
    }
    var flow = old
    flow.credits = translation.credits
    flow.learned = translation.learned
    flow.generation = generation
    flow.actions = installedActions(translation, key)
    flows[identifier] = flow
    if flow.actions != old.actions {
      counters.updated &+= 1
      let message = FlowMessage(key: key, mask: mask.key, actions: flow.actions, identifier: identifier)
      self.request(.flow(.set, message), .change(identifier))
    }
    inject(translation.injections, depth: 0)
  }

  /// Removes a flow; its last counters come with the answer.
  private func remove(_ identifier: FlowIdentifier, for command: CommandID? = nil) {
    flows[identifier]?.isGoing = true
    var message = FlowMessage(key: nil, identifier: identifier)
    message.identifierFlags = FlowMessage.terse
    request(.flow(.delete, message), flags: .echo, .remove(identifier, for: command))
  }

  private func removed(_ identifier: FlowIdentifier, _ answer: DatapathAnswer, for command: CommandID?) {
    switch answer {
    case .done(let messages):
      for message in messages {
        if case .flow(_, let last) = message.body { credit(identifier, last.statistics) }
      }
      flows[identifier] = nil
    case .failed(let code):
      // Whatever else is wrong, it is still there: the next dump names it, and it is removed again.
      let noEntry: UInt32 = 2
      if code == noEntry { flows[identifier] = nil }
    }
    guard let command, let open = removals[command] else { return }
    removals[command] = open > 1 ? open - 1 : nil
    if open == 1 { finished.append(command) }
  }

  /// Removes every flow (`upcall/disable-megaflows`, `revalidator/purge`).
  ///
  /// A command that waits for it is among `takeFinished` when all have gone.
  func removeAll(for command: CommandID? = nil) {
    if let command {
      guard !flows.isEmpty else {
        finished.append(command)
        return
      }
      removals[command] = flows.count
    }
    for identifier in flows.keys.sorted(by: { ($0.high, $0.low) < ($1.high, $1.low) }) {
      remove(identifier, for: command)
    }
  }

  /// Forgets every flow, since someone else removed them from the datapath.
  func forgetAll() { flows = [:] }

  /// Reads the counters and looks over all flows now (`revalidator/wait`); the command is then among `takeFinished`.
  func lookOverNow(for command: CommandID) {
    guard !flows.isEmpty || isDumping else {
      finished.append(command)
      return
    }
    dumpWaiters.append(command)
    if !isDumping { dump() }
  }

  /// Does what is due at this time.
  func run() {
    if nextDump != 0, !isDumping, generation != dumpedGeneration {
      // Something has changed: flows that are wrong now shall not stay until the next round.
      let rest = max(Self.changeRestMilliseconds, dumpMilliseconds)
      nextDump = min(nextDump, max(now, dumpStart &+ dumpMilliseconds &+ rest))
    }
    guard nextDump != 0, nextDump <= now, !isDumping else { return }
    dump()
  }

  private func dump() {
    dumpNumber &+= 1
    dumpStart = now
    dumpedGeneration = generation
    isDumping = true
    var message = FlowMessage(key: nil)
    message.identifierFlags = dumpsTersely ? FlowMessage.terse : 0
    request(.flow(.get, message), flags: .dump, .dump)
  }

  /// When `run` has something to do next, in milliseconds.
  var nextWakeup: Int64? { nextDump == 0 || isDumping ? nil : nextDump }
}

/// A packet that a rule sends to controllers.
struct ControllerPacket {
  /// The bridge.
  var bridge: Bridge
  /// What the pipeline knew of it.
  var pause: Pause
  /// Its headers and pipeline fields, with OpenFlow port numbers.
  var key: FlowKey
  /// The packet.
  var frame: [UInt8]
}
