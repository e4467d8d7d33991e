// What: one packet's way through the OpenFlow tables of its bridge, and of those that it is patched to, to what the datapath is
// to do with it.
//
// Why: the datapath asks once for many packets. The answer is a list of datapath actions and the bits of the headers
// that were looked at on the way: every packet that agrees in those gets the same actions.
//
// How: a translator is made for each translation and thrown away. It holds where the packet is and what it carries
// (`place`, the headers as they are now among it), the headers as the datapath's packet has them (`base`; Commit.swift
// emits the difference), and the mask so far. The parts:
//
//     Place.swift               a point of the packet's way, saved and restored as one
//     Translator.swift          tables, resubmits, detours, limits
//     Translator+Actions.swift  each OpenFlow action
//     Translator+Freeze.swift   leaving the way for another lookup of the packet, and going on
//     Translator+Output.swift   where a packet leaves: ports, patches, controllers
//     Translator+Group.swift    groups and their buckets
//     Translator+Meter.swift    meters, those of controllers among them
//     Translator+Normal.swift   NORMAL and FLOOD: VLANs and learned addresses
//     Translator+Tunnel.swift   into a tunnel, and at its end
//
// Nothing here changes the switch: what a packet teaches is in the translation's credits, and whoever asked applies them.

import Datapath
import OpenFlow
import PacketWire

/// Translates one packet.
final class Translator {
  /// How deep resubmits to the same or an earlier table, and patches, may nest.
  static var maximumDepth: Int { 64 }
  /// How many lookups one packet may cause.
  static var maximumResubmits: Int { 4096 }
  /// How many bytes `push` may put on the stack.
  static var maximumStackByteCount: Int { 65536 }

  /// The group address of spanning tree's messages (IEEE 802.1D, table 7-9).
  private static var spanningTreeAddress: UInt64 { 0x0180_c200_0000 }

  let environment: TranslationEnvironment
  let request: TranslationRequest
  var result = Translation()
  /// The datapath actions so far.
  var actions: [DatapathAction] = []
  /// What was looked at so far.
  var wildcards = FlowKey()
  /// The headers of the datapath's packet after the datapath actions so far.
  var base: FlowKey
  /// Where the packet is, and what it carries.
  var place: Place
  var resubmitCount = 0
  /// How many buckets of groups the packet ran through.
  var bucketCount = 0
  /// Which groups that buckets watch are live, as far as was asked.
  var groupLiveness: [WatchedGroup: Bool] = [:]
  /// Set by `exit`, by failures and where the way is left: nothing more is run.
  var isDone = false
  /// The way that is being left, if one is.
  var freeze: Freeze?
  /// Set by an action after which the rest of its own list is not run, but that of others is.
  var endsList = false

  /// Whether the actions that run were collected by `write_actions`.
  private(set) var isInActionSet = false

  private init(_ request: TranslationRequest, _ environment: TranslationEnvironment) {
    self.request = request
    self.environment = environment
    base = request.key
    place = Place(
      bridge: request.bridge, table: 0,
      trace: request.trace?.add(.bridge, "bridge(\"\(request.bridge.name)\")"),
      packet: PipelinePacket(entering: request.key))
  }

  /// The packet's headers as the actions so far have left them.
  var key: FlowKey {
    _read { yield place.packet.key }
    _modify { yield &place.packet.key }
  }
  /// The bridge whose pipeline the packet is in.
  var bridge: Bridge { place.bridge }

  /// Translates a packet.
  static func translate(_ request: TranslationRequest, _ environment: TranslationEnvironment) -> Translation {
    let translator = Translator(request, environment)
    translator.run()
    return translator.result
  }

  private func run() {
    lookAtEverydayFields()
    if request.frozen == nil, let input = bridge.interface(key.inPort), case .tunnel = input.kind {
      result.credits.append(.received(input))
    }
    if let frozen = request.frozen {
      thaw(frozen)
    } else if key[.recirculationID] != 0 {
      fail(
        .noRecirculationContext,
        "Recirculation context not found for ID \(String(key[.recirculationID], radix: 16))")
    }
    if let actions = request.actions {
      perform(actions)
      runActionSet()
    } else if !isDone {
      enterBridge(request.frozen)
    }
    finishFreezing()
    finish()
  }

  /// The fields that every translation depends on.
  private func lookAtEverydayFields() {
    wildcards.fill(KeyPlace.inPort.through(.recirculationID))
    wildcards.fill(.ethType)
    wildcards.fill(.packetType)
    if key.isIPv4 || key.isIPv6 { wildcards.fill(.ipFragment.low(2)) }
  }

  /// Begins at a bridge's first table, or where the packet was left, with the port that the packet came in by in the key.
  func enterBridge(_ frozen: Frozen? = nil) {
    if let input = bridge.interface(key.inPort) {
      let isSpanningTree = key.ethernetDestination.rawValue == Self.spanningTreeAddress
      if input.configuration.contains(isSpanningTree ? .noReceiveSpanningTree : .noReceive)
        || input.configuration.contains(.portDown)
      {
        note(.detail, "\(input.name): port is down or does not receive, dropping")
        return
      }
    }
    if let frozen { return resume(frozen) }
    lookUp(table: 0, controllerHearsMiss: true, endsWithActionSet: place.depth == 0)
    runActionSet()
  }

  private func finish() {
    if let failure = result.failure {
      actions = [.drop(reason: failure.rawValue)]
      result.injections = []
    }
    actions.openLastClone()
    wildcards.clearPipeline()
    if request.frozen != nil {
      // Those came from the state, whose number every packet of the flow has.
      wildcards.clear(KeySegment.tunnel.place)
      wildcards.clear(KeySegment.tunnelOptions.place)
    }
    // Headers that the packet does not have were looked at only where actions had added them; a datapath's flow
    // without a tag matches packets without one.
    if !request.key.isMPLS {
      wildcards.clear(KeySegment.mpls.place)
    }
    if !request.key.hasVLAN {
      wildcards.vlanTCI = 0
      wildcards.clear(.furtherTags)
    }
    if wildcards.vlanTCI != 0 { wildcards.vlanTCI |= 0x1000 }
    if key.isIPv4 && request.key.ipProtocol == 1 || key.isIPv6 && request.key.ipProtocol == 58 {
      // ICMP's type and code have eight bits.
      wildcards[.transportSource] &= KeyPlace.icmpType.ones
      wildcards[.transportDestination] &= KeyPlace.icmpCode.ones
    }
    result.actions = actions
    result.wildcards = wildcards
    result.finalKey = key
    result.finalKey.clear(.actionSetOutput)
  }

  // MARK: Tables

  /// Runs the actions of the most important rule of a table, or what a miss asks for.
  ///
  /// The first table of all shows the action set as its own last step.
  func lookUp(
    table wanted: UInt8, inPort: OpenFlowPortNumber? = nil, usesConnectionTuple: Bool = false,
    controllerHearsMiss: Bool, endsWithActionSet: Bool = false
  ) {
    if place.packet.wasMPLS { return leave(.parsing, repeatingAction: true) }
    guard mayResubmit() else { return }
    if usesConnectionTuple {
      guard key[.ctProtocol] != 0, key.isIPv4 || key.isIPv6 else {
        wildcards.fill(.ctProtocol)
        note(.error, "resubmit(ct) with non-tracked or non-IP packet!")
        return
      }
      swapTuple()
    }
    let realPort = key.inPort
    if let inPort { key.inPort = inPort }
    let rule = bridge.tables.lookup(table: wanted, key, wildcards: &wildcards)
    key.inPort = realPort
    if usesConnectionTuple { swapTuple() }
    result.credits.append(.lookup(bridge, table: wanted, found: rule != nil))
    var caller = place
    place.rule = rule
    place.cookie = rule?.cookie ?? 0
    place.isInBucket = false
    place.trace = place.trace?.add(.table, tableStep(wanted, rule, controllerHearsMiss))
    resubmitCount += 1
    // Going on to a later table can not go round in circles.
    if wanted <= place.table { place.depth += 1 }
    place.table = wanted
    if let rule {
      result.credits.append(.rule(rule))
      perform(rule.actions)
    } else {
      miss(controllerHearsMiss)
    }
    if endsWithActionSet { runActionSet() }
    // The packet stays as the table has left it.
    caller.packet = place.packet
    place = caller
  }

  /// Lets the packet's addresses, protocol and ports, and what was looked at of them, change places with the connection's.
  private func swapTuple() {
    let isIPv4 = key.isIPv4
    key.swapTuple(isIPv4: isIPv4)
    wildcards.swapTuple(isIPv4: isIPv4)
  }

  /// Leaves the way for a detour, and returns to where and what the packet was.
  ///
  /// An `exit` on the detour ends the detour alone; a failure ends everything. If the detour is left for another lookup, the rest of it alone
  /// goes on from there. What the detour does to the packet and no later action could undo, it does to a copy.
  func detour(onCopy: Bool = false, _ body: () -> Void) {
    let before = place
    let (start, baseBefore) = (actions.count, base)
    body()
    finishFreezing()
    if !onCopy, actions[start...].contains(where: { !$0.isReversible }) {
      let own = Array(actions[start...])
      actions.removeSubrange(start...)
      actions.append(.clone(own))
      base = baseBefore
    }
    place = before
    if result.failure == nil { isDone = false }
  }

  private func miss(_ controllerHears: Bool) {
    guard controllerHears, bridge.sendsMissesToController else {
      note(.action, "drop")
      return
    }
    note(.action, "CONTROLLER:65535")
    guard bridge.interface(key.inPort)?.configuration.contains(.noPacketIn) != true else { return }
    var action = ControllerAction()
    action.reason = PacketInReason.implicitMiss.rawValue
    sendToController(action)
  }

  /// Whether the packet may be looked up, or go through a group, once more.
  func mayResubmit() -> Bool {
    if place.depth >= Self.maximumDepth {
      fail(.recursionTooDeep, "over max translation depth \(Self.maximumDepth)")
    } else if resubmitCount >= Self.maximumResubmits {
      fail(.tooManyResubmits, "over \(Self.maximumResubmits) resubmit actions")
    } else if place.packet.stack.byteCount > Self.maximumStackByteCount {
      fail(.stackTooDeep, "resubmits yielded over 64 kB of stack")
    } else {
      return true
    }
    return false
  }

  /// Stops the translation; the packet is dropped.
  func fail(_ failure: TranslationFailure, _ text: @autoclosure () -> String) {
    if result.failure == nil { result.failure = failure }
    note(.error, text())
    isDone = true
  }

  /// Notes a step, if someone reads them.
  func note(_ kind: TraceNode.Kind, _ text: @autoclosure () -> String) {
    if let trace = place.trace { trace.add(kind, text()) }
  }

  /// How rules and actions of the bridge are shown.
  var text: TraceText { request.usesNames ? TraceText(names: bridge.names) : TraceText() }

  private func tableStep(_ table: UInt8, _ rule: Rule?, _ controllerHearsMiss: Bool) -> String {
    let number = String(table)
    let prefix = String(repeating: " ", count: max(0, 2 - number.utf8.count)) + number + ". "
    guard let rule else {
      let isHeard = controllerHearsMiss && bridge.sendsMissesToController
      // The rule of the switch's own that stands for a miss is recognised in the first bridge alone.
      if bridge !== request.bridge { return prefix + (isHeard ? "reg0=0x1" : "reg0=0x2") + ", priority 0" }
      return prefix + (isHeard ? "No match, and a \"packet-in\" is called for." : "No match.")
    }
    return prefix + text.rule(rule)
  }

  // MARK: Actions that come last

  /// Runs what `write_actions` collected, in the order that OpenFlow 1.5.1, section 5.6, gives.
  func runActionSet() {
    guard !isDone, !place.packet.actionSet.isEmpty else { return }
    let set = ActionSet.ordered(place.packet.actionSet)
    place.packet.actionSet = []
    let outer = place.trace
    place.trace = outer?.add(.table, "--. Executing action set:")
    let wasInActionSet = isInActionSet
    isInActionSet = true
    perform(set)
    isInActionSet = wasInActionSet
    place.trace = outer
  }
}
