// What: what the parts of one datapath's flows have in common: how a packet or a flow of the datapath is translated, what of
// that the datapath is told, and how it is asked.

import Datapath
import OpenFlow
import PacketWire

/// One datapath, as the parts see it that keep its flows.
final class FlowSide {
  /// How deep frames of the switch's own may cause others.
  static var maximumInjectionDepth: Int { 4 }

  let datapath: DatapathLink
  let environment: TranslationEnvironment
  let context: SwitchContext
  /// What may be configured.
  var limits = DatapathFlows.Limits()
  /// What was counted.
  var counters = DatapathFlows.Counters()
  /// Whether flows match only what was looked at; if not, they match packets like their first one alone.
  var wildcardsFlows = true

  init(datapath: DatapathLink, environment: TranslationEnvironment, context: SwitchContext) {
    self.datapath = datapath
    self.environment = environment
    self.context = context
  }

  /// The time of this step, in milliseconds.
  var now: Int64 { context.now }

  /// Counts every change after which a translation may come out otherwise.
  var generation: UInt64 { environment.generation &+ datapath.changes.count }

  /// Asks the datapath something about flows.
  func ask(
    _ command: MessageCommand, _ message: FlowMessage, flags: MessageFlags = [], _ question: FlowQuestion
  ) {
    context.channel.request(
      .flow(command, message), datapath: datapath.index, flags: flags,
      .flow(datapathType: datapath.type, question))
  }

  // MARK: Translation

  /// Translates a packet with the datapath's port numbers; nil if it came in by no interface, and if it goes on from a state
  /// that is not there.
  func translate(_ key: FlowKey, mayHaveSideEffects: Bool = true) -> Translation? {
    if key[.recirculationID] != 0 { return resume(key, mayHaveSideEffects) }
    guard let input = interface(of: key) else { return nil }
    var openFlowKey = key
    openFlowKey.inPort = input.number
    let request = TranslationRequest(
      bridge: input.bridge, key: openFlowKey, mayHaveSideEffects: mayHaveSideEffects, now: now)
    return Translator.translate(request, environment)
  }

  /// Translates a packet that comes back from another lookup.
  private func resume(_ key: FlowKey, _ mayHaveSideEffects: Bool) -> Translation? {
    let number = UInt32(truncatingIfNeeded: key[.recirculationID])
    guard let frozen = environment.frozen.frozen(number, now: now),
      let bridge = datapath.bridges[frozen.bridge]
    else { return nil }
    let request = TranslationRequest(
      bridge: bridge, key: key, mayHaveSideEffects: mayHaveSideEffects, now: now, frozen: frozen)
    var translation = Translator.translate(request, environment)
    translation.credits.append(.frozen(environment.frozen, number))
    return translation
  }

  /// Counts a packet that can't be translated; those that come back to no state have been counted.
  func countUntranslated(_ key: borrowing FlowKey) {
    if key[.recirculationID] == 0 { counters.unknownPort &+= 1 }
  }

  /// The interface that a packet came in by.
  private func interface(of key: borrowing FlowKey) -> Interface? {
    let port = DatapathPortNumber(key.inPort.rawValue)
    if environment.tunnels.isTunnel(port) { return environment.tunnels.interface(port: port, key: key) }
    return datapath.interfaces[port]
  }

  /// The mask of a flow: what the translation looked at, without what exists in the pipeline only.
  func datapathMask(_ wildcards: FlowKey, of key: FlowKey) -> FlowKey {
    var mask = wildcards
    if !wildcardsFlows {
      for word in 0..<FlowKey.wordCount where key.words[word] != 0 { mask.words[word] = ~0 }
    }
    mask.fill(KeyPlace.inPort.through(.recirculationID))
    mask.clearPipeline()
    if !key.tunnelDestination.isZero {
      let isIPv4 = key[.tunnelAddresses] != 0
      for place in [KeyPlace.tunnelAddresses, .tunnelIPv6Source, .tunnelIPv6Destination] {
        if isIPv4 == (place == .tunnelAddresses) { mask.fill(place) } else { mask.clear(place) }
      }
      mask.fill(.tunnelID)
      mask.fill(.tunnelFlags)
    }
    return mask
  }

  /// What the datapath does with a flow's packets: what was translated, or to send each up.
  func installedActions(_ translation: Translation, _ key: FlowKey) -> [DatapathAction] {
    guard !translation.slowPath.isEmpty else { return translation.actions }
    let cookie = UserspaceCookie(.slowPath(translation.slowPath), inPort: key.inPort.rawValue)
    let up = DatapathAction.userspace(UserspaceAction(userData: cookie.encode()))
    return [up.metered(by: bridge(of: key)?.tables.meters.slowPath)]
  }

  /// The bridge whose pipeline a packet enters, or goes on in.
  private func bridge(of key: borrowing FlowKey) -> Bridge? {
    let number = UInt32(truncatingIfNeeded: key[.recirculationID])
    guard number != 0 else { return interface(of: key)?.bridge }
    return environment.frozen.frozen(number, now: now).flatMap { datapath.bridges[$0.bridge] }
  }

  // MARK: Packets

  /// Does with a packet what its translation says, apart from frames of the switch's own.
  func carryOut(
    _ translation: Translation, on packet: [UInt8], _ key: FlowKey, _ steps: inout [FlowStep]
  ) {
    carryOut(translation, on: packet, key, key, &steps)
  }

  /// Runs actions on a frame as if it had come in by a port (packet-out).
  func send(frame: [UInt8], bridge: Bridge, inPort: OpenFlowPortNumber, actions: [Action]) -> [FlowStep] {
    var steps: [FlowStep] = []
    run(frame, bridge, inPort, actions: actions, depth: 0, &steps)
    return steps
  }

  /// Lets a packet go on that a controller gives back.
  func resume(_ packet: ResumedPacket) -> [FlowStep] {
    var steps: [FlowStep] = []
    guard var key = context.frames.key(of: packet.frame) else {
      counters.malformed &+= 1
      return steps
    }
    key.takeMetadata(packet.key)
    key[.recirculationID] = 0
    let request = TranslationRequest(bridge: packet.bridge, key: key, now: now, frozen: packet.frozen)
    let translation = Translator.translate(request, environment)
    var datapathKey = key
    datapathKey.inPort = OpenFlowPortNumber(packet.datapathPort.rawValue)
    datapathKey.clearPipeline()
    carryOut(translation, on: packet.frame, key, datapathKey, &steps)
    inject(translation.injections, &steps)
    return steps
  }

  /// Sends frames of the switch's own.
  func inject(_ injections: [Injection], depth: Int = 0, _ steps: inout [FlowStep]) {
    for injection in injections {
      guard depth < Self.maximumInjectionDepth else {
        counters.injectionsTooDeep &+= 1
        return
      }
      run(injection.frame, injection.bridge, .local, actions: nil, depth: depth + 1, &steps)
    }
  }

  private func run(
    _ frame: [UInt8], _ bridge: Bridge, _ inPort: OpenFlowPortNumber, actions: [Action]?, depth: Int,
    _ steps: inout [FlowStep]
  ) {
    guard var key = context.frames.key(of: frame) else {
      counters.malformed &+= 1
      return
    }
    key.inPort = inPort
    let request = TranslationRequest(bridge: bridge, key: key, now: now, actions: actions)
    let translation = Translator.translate(request, environment)
    var datapathKey = key
    let port = bridge.interface(inPort)?.datapathNumber ?? .none
    datapathKey.inPort = OpenFlowPortNumber(port.rawValue)
    carryOut(translation, on: frame, key, datapathKey, &steps)
    inject(translation.injections, depth: depth, &steps)
  }

  private func carryOut(
    _ translation: Translation, on packet: [UInt8], _ key: borrowing FlowKey, _ datapathKey: FlowKey,
    _ steps: inout [FlowStep]
  ) {
    let flags = UInt16(truncatingIfNeeded: key[.tcpFlags])
    for credit in translation.credits {
      credit.apply(packets: 1, bytes: UInt64(packet.count), now: now, tcpFlags: flags)
    }
    for rule in translation.learned { steps.append(.learn(rule)) }
    execute(translation.actions, on: packet, datapathKey)
  }

  private func execute(_ actions: [DatapathAction], on packet: [UInt8], _ key: FlowKey) {
    guard !actions.isEmpty else { return }
    if case .drop = actions[0] { return }
    counters.executed &+= 1
    context.channel.send(
      .packet(.execute, PacketMessage(packet: packet, key: key, actions: actions)), datapath: datapath.index)
  }
}
