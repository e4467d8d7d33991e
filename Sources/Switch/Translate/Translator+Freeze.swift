// What: leaves a packet's way in the middle, and goes on from there.
//
// How: whoever leaves the way notes why; the lists of actions that are being run then end one after the other, from the inside
// out, and each adds what it has left. Where the way began, at the end of a bridge, a clone or the whole translation, all of that
// becomes a state with a number (Frozen.swift), and the packet is sent to its other lookup. An upcall with that number is
// translated from there on.

import Datapath
import OpenFlow

/// What a packet leaves its way for.
enum FreezeCause {
  /// To have its headers read again.
  case parsing
  /// To have `dp_hash` computed, with an algorithm and a basis of the datapath.
  case hash(algorithm: UInt32, basis: UInt32)
  /// To wait for a controller.
  case controller(ControllerAction)
  /// To be told by its length: the way goes on with one value of a field or another.
  case length(byteCount: UInt16, result: Subfield)
}

/// A way that is being left.
struct Freeze {
  var cause: FreezeCause
  /// Whether the action that is being run is to run again.
  var repeatsAction: Bool
  /// What is left of the actions, the innermost list first.
  var rest: [FrozenActions] = []
  /// The cookie of the outermost rule.
  var cookie: UInt64 = 0
  /// Where the steps of the rule are noted that leaves the way.
  var trace: TraceNode?
}

/// A packet that goes on from a state, for a trace that follows it.
struct Resumption {
  /// The number of the state.
  var number: UInt32
  /// The packet's headers when it was tracked.
  var key: FlowKey
  /// The translation of addresses that was asked for.
  var translation: NATAction?
}

extension Translator {
  /// Leaves the way for another lookup of the packet, after which it goes on with the rest of all actions that are being run.
  ///
  /// For an action that asks the datapath something and wants to know the answer, such as a select group that needs `dp_hash`:
  ///
  ///     wildcards.fill(.datapathHash)
  ///     guard key[.datapathHash] != 0 else { return leave(.hash(algorithm: 0, basis: basis), repeatingAction: true) }
  ///
  /// The action returns at once. With `repeatingAction` it is the first that runs after the other lookup, and finds the answer in the key.
  /// Whoever runs actions on a copy of the packet (`detour`) need not do anything: what is left of them stays within the copy.
  func leave(_ cause: FreezeCause, repeatingAction: Bool) {
    guard freeze == nil, result.failure == nil else { return }
    freeze = Freeze(cause: cause, repeatsAction: repeatingAction, trace: place.trace)
    isDone = true
  }

  /// Adds what is left of a list to the way that is being left.
  func keep(_ actions: ArraySlice<Action>) {
    freeze?.repeatsAction = false
    freeze?.cookie = place.cookie
    guard let rest = FrozenActions(table: place.table, cookie: place.cookie, actions) else { return }
    freeze?.rest.append(rest)
  }

  /// Whether an action needs headers that were beneath labels, which nobody has read yet.
  func needsParsing(_ action: Action) -> Bool {
    guard place.packet.wasMPLS else { return false }
    switch action {
    case .output, .outputTruncated, .outputField, .enqueue, .setVLANID, .setVLANPriority, .setEthernetSource,
      .setEthernetDestination, .setTunnel, .setQueue, .group:
      return false
    case .setField(let set):
      return set.field.number >= Field.mplsLabel.number && set.field.number < Field.tunnelMetadata0.number
    default: return true
    }
  }

  /// Sends a packet whose way is being left where it has to go; what follows is done with the packet as it was before.
  func finishFreezing() {
    guard let freeze else { return }
    self.freeze = nil
    guard result.failure == nil else { return }
    isDone = false
    commit()
    let next = Frozen.Next.actions(freeze.rest)
    switch freeze.cause {
    case .parsing: recirculate(next)
    case .hash(let algorithm, let basis):
      actions.append(.hash(algorithm: algorithm, basis: basis))
      recirculate(next)
    // A trace without a packet has nothing to give to a controller.
    case .controller where request.trace != nil && !request.mayHaveSideEffects: break
    case .controller(let action):
      let frozen = Frozen(place, next: next)
      // As Open vSwitch has it, which says nothing of the table.
      (place.table, place.cookie) = (0, freeze.cookie)
      sendToController(action, frozen)
    case .length(let byteCount, let field):
      place.trace = freeze.trace
      choose(byteCount, field, freeze.rest)
    }
    isDone = true
  }

  /// Lets the packet be looked up again; answers the number of the state that it goes on from.
  @discardableResult
  func recirculate(_ next: Frozen.Next) -> UInt32? {
    let number = environment.frozen.number(of: Frozen(place, next: next), now: request.now)
    guard number != 0 else {
      fail(.noRecirculationContext, "Failed to allocate recirculation id")
      return nil
    }
    result.credits.append(.frozen(environment.frozen, number))
    actions.append(.recirculate(number))
    return number
  }

  /// Lets the datapath choose by the packet's length which of two ways it goes on.
  private func choose(_ byteCount: UInt16, _ field: Subfield, _ rest: [FrozenActions]) {
    guard mayEnter() else { return }
    var ways: [[DatapathAction]] = []
    for value in [1, 0] as [FieldValue] {
      ways.append(
        nested {
          detour(onCopy: true) {
            place.depth += 1
            field.set(value, in: &key)
            performRest(rest)
            runActionSet()
          }
        })
      if isDone { return }
    }
    actions.append(.checkPacketLength(threshold: byteCount, greater: ways[0], lessOrEqual: ways[1]))
  }

  /// The datapath actions that are emitted meanwhile, which run on a copy of the packet.
  func nested(_ body: () -> Void) -> [DatapathAction] {
    let (outer, before) = (actions, base)
    actions = []
    body()
    actions.openLastClone()
    defer { (actions, base) = (outer, before) }
    return actions
  }

  // MARK: Going on

  /// Gives the packet back what it had when its way was left.
  func thaw(_ frozen: Frozen) {
    let trace = place.trace?.add(.thaw, "thaw")
    guard let bridge = bridge.datapath.bridges[frozen.bridge] else {
      return fail(.bridgeNotFound, "Frozen bridge no longer exists.")
    }
    place.bridge = bridge
    frozen.restore(&place.packet)
    place.learns = frozen.learns
    switch frozen.next {
    case .table(let table):
      place.table = table
      trace?.add(.thaw, "Resuming from table \(table)")
    case .actions: trace?.add(.thaw, "Resuming from table 0")
    }
    guard let trace else { return }
    if !frozen.actionSet.isEmpty {
      trace.add(.thaw, "Restoring action set: \(text.actions(frozen.actionSet))")
    }
    if case .actions(let rest) = frozen.next {
      trace.add(.thaw, "Restoring actions: \(FrozenActions.describe(rest, text))")
    }
  }

  /// Goes on from where the way was left.
  func resume(_ frozen: Frozen) {
    switch frozen.next {
    case .table(let table): lookUp(table: table, controllerHearsMiss: true, endsWithActionSet: true)
    case .actions(let rest): performRest(rest)
    }
    runActionSet()
  }

  /// Runs what is left of several lists, each in its own table.
  private func performRest(_ rest: [FrozenActions]) {
    for (index, part) in rest.enumerated() {
      (place.table, place.cookie) = (part.table, part.cookie)
      if part.tells {
        note(.action, part.heading)
        note(
          .thaw,
          "restored state: table=\(part.table), cookie=\(part.cookie == 0 ? "0" : "0x" + String(part.cookie, radix: 16))"
        )
      }
      perform(part.actions)
      guard isDone else { continue }
      freeze?.rest += rest[(index + 1)...]
      return
    }
  }
}

extension Action {
  /// Whether later actions can undo what this one does to a packet.
  var isReversible: Bool {
    switch self {
    case .connectionTrack, .meter, .nat, .outputTruncated, .encapsulate, .decapsulate, .decrementNSHTTL: false
    default: true
    }
  }
}

extension DatapathAction {
  /// Whether later actions can undo what this one does to a packet, or to what the datapath knows of it.
  var isReversible: Bool {
    switch self {
    case .connectionTrack, .connectionTrackClear, .meter, .pushNSH, .popNSH, .pushEthernet, .popEthernet,
      .hash, .decrementTTL:
      false
    case .output, .userspace, .set, .pushVLAN, .popVLAN, .sample, .recirculate, .pushMPLS, .popMPLS, .addMPLS,
      .truncate, .clone, .checkPacketLength, .tunnelPush, .tunnelPop, .drop:
      true
    }
  }
}

extension [DatapathAction] {
  /// Puts what runs on a copy at the end of the list in its place: nothing follows that would want the packet back.
  mutating func openLastClone() {
    guard case .clone(let last)? = self.last else { return }
    removeLast()
    self += last
  }
}
