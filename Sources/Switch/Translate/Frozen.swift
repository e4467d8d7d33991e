// What: what is left of a packet's way when it leaves translation before its end, and comes back.
//
// Why: a packet whose next headers are not known yet, or whose connection or hash is to be found first, goes to the datapath
// and is looked up there again under a number (recirculation). Its upcall brings the number alone; everything else that the
// pipeline knew of it is kept here. So is what belongs to a packet that a controller is sent.
//
// How: two states that are equal have one number while it is in use, else no revalidation would find a flow unchanged. Both
// kinds share the numbers. A state stays as long as translations, packets or flows in use mention it: a flow's credits
// refresh the states that it names.

import Datapath
import OpenFlow

/// A packet's way from the point at which it was left.
struct Frozen: Hashable {
  /// Where the way goes on.
  enum Next: Hashable {
    /// At a table.
    case table(UInt8)
    /// With what is left of the actions, the innermost list first.
    case actions([FrozenActions])
  }

  /// The bridge's name.
  var bridge: String
  /// Where the way goes on.
  var next: Next
  /// The port that the packet came in by, in the bridge's numbers.
  var inPort: OpenFlowPortNumber
  /// Metadata, registers and tunnel fields, which no packet carries.
  var fields: PackedKey
  /// What `push` has put aside.
  var stack: FieldStack
  /// What `write_actions` has collected.
  var actionSet: [Action]
  /// Whether the packet's connection state is to be seen.
  var isTracked: Bool
  /// Whether addresses are learned.
  var learns: Bool

  init(_ place: Place, next: Next) {
    bridge = place.bridge.name
    self.next = next
    inPort = place.packet.key.inPort
    fields = PackedKey(Self.fields(of: place.packet.key))
    stack = place.packet.stack
    actionSet = place.packet.actionSet
    isTracked = place.packet.isTracked
    learns = place.learns
  }

  /// The state of a packet that a controller gives back.
  ///
  /// - Parameters:
  ///   - bridge: The bridge that the continuation names.
  ///   - key: The pipeline's fields that the message has.
  init(_ continuation: Continuation, bridge: Bridge, key: borrowing FlowKey) {
    self.bridge = bridge.name
    next = .actions(
      continuation.parts.map { FrozenActions(table: $0.table, cookie: $0.cookie, all: $0.actions) })
    inPort = key.inPort
    fields = PackedKey(Self.fields(of: key))
    stack = FieldStack(continuation.stack)
    actionSet = continuation.actionSet
    isTracked = continuation.isTracked
    learns = true
  }

  /// What a controller is given to resume the packet.
  func continuation(bridge: Bridge, datapathPort: UInt32) -> Continuation {
    var continuation = Continuation()
    continuation.bridge = bridge.instance
    continuation.stack = stack.bytes
    continuation.isTracked = isTracked
    if case .actions(let rest) = next {
      continuation.parts = rest.map {
        Continuation.Part(table: $0.table, cookie: $0.cookie, actions: $0.actions)
      }
    }
    continuation.actionSet = actionSet
    continuation.datapathPort = datapathPort
    return continuation
  }

  /// The parts of a key that are kept.
  private static let segments: [KeySegment] = [.tunnel, .pipeline, .tunnelOptions]

  private static func fields(of key: borrowing FlowKey) -> FlowKey {
    var kept = FlowKey()
    for segment in segments {
      for word in segment.words { kept.words[word] = key.words[word] }
    }
    // A conjunction that matched is the lookup's own, and the action set's output follows from the action set.
    kept.clear(.conjunctionID)
    kept.clear(.actionSetOutput)
    return kept
  }

  /// Gives a packet that comes back what it had.
  func restore(_ packet: inout PipelinePacket) {
    packet.key.inPort = inPort
    for segment in Self.segments { packet.key.clear(segment.place) }
    fields.store(into: &packet.key)
    packet.stack = stack
    packet.actionSet = actionSet
    packet.noteOutput()
    packet.isTracked = isTracked
    if !isTracked { packet.key.clearConnection() }
  }
}

/// What is left of one rule's actions.
struct FrozenActions: Hashable {
  /// The table of the rule.
  var table: UInt8
  /// The rule's cookie.
  var cookie: UInt64
  /// The actions.
  var actions: [Action]

  /// The actions as they are run after another lookup; nil if nothing is left of them.
  ///
  /// Instructions become the actions that do the same, since the rest of a list is no list of instructions.
  init?(table: UInt8, cookie: UInt64, _ actions: ArraySlice<Action>) {
    self.table = table
    self.cookie = cookie
    self.actions = actions.compactMap { action in
      switch action {
      case .note, .conjunction: nil
      case .gotoTable(let table): .resubmit(ResubmitAction(port: .inPort, table: table))
      case .writeMetadata(let value, let mask):
        .setField(SetFieldAction(.metadata, value: FieldValue(value), mask: FieldValue(mask)))
      default: action
      }
    }
    if self.actions.isEmpty { return nil }
  }

  init(table: UInt8, cookie: UInt64, all actions: [Action]) {
    self.table = table
    self.cookie = cookie
    self.actions = actions
  }

  /// The actions, each as it is shown, with what is shown of the rule where one of them may tell a controller of it.
  static func describe(_ parts: [FrozenActions], _ text: TraceText) -> String {
    var words: [String] = []
    var shown: (table: UInt8, cookie: UInt64)?
    for part in parts {
      for action in part.actions {
        if tells(action), shown.map({ $0 != (part.table, part.cookie) }) ?? true {
          shown = (part.table, part.cookie)
          words.append(part.heading)
        }
        words.append(text.action(action))
      }
    }
    return words.joined(separator: ",")
  }

  /// The rule, as Open vSwitch shows it.
  var heading: String { Continuation.heading(table: table, cookie: cookie) }

  /// Whether what the actions do depends on the rule.
  var tells: Bool { actions.contains(where: Self.tells) }

  /// Whether what an action does depends on the rule that it is part of.
  private static func tells(_ action: Action) -> Bool {
    switch action {
    case .output, .outputField, .outputTruncated, .group, .controller, .decrementTTL, .decrementMPLSTTL,
      .decrementNSHTTL:
      true
    case .resubmit(let resubmit): resubmit.table == nil
    default: false
    }
  }
}

/// What the pipeline knows of a packet that it sends to a controller, beside the packet.
struct Pause: Hashable {
  /// The bridge's name.
  var bridge: String
  /// The table whose rule sends the packet.
  var table: UInt8
  /// That rule's cookie.
  var cookie: UInt64
  /// What the rule says of the message.
  var controller: ControllerAction
  /// The port that the packet came in by, in the bridge's numbers.
  var inPort: OpenFlowPortNumber
  /// Metadata and registers: the key's pipeline segment.
  var pipeline: PackedKey
  /// Whether the controller is told of the packet's connection.
  var isTracked = false
  /// How the packet goes on when the controller gives it back, if it waits for that.
  var frozen: Frozen?
}

/// States of packets that left the pipeline, by number.
final class FrozenTable {
  private enum State: Hashable {
    case pause(Pause)
    case frozen(Frozen)

    var bridge: String {
      switch self {
      case .pause(let pause): pause.bridge
      case .frozen(let frozen): frozen.bridge
      }
    }
  }
  private struct Entry {
    var state: State
    var usedMilliseconds: Int64
  }

  /// How many packet-ins there are at most that differ in what the pipeline knows.
  static var pauseLimit: Int { 65_536 }
  /// How many states there are at most that other lookups go on from: more than a datapath has flows.
  static var frozenLimit: Int { 262_144 }
  /// How long a state stays that nothing mentions.
  static var agingMilliseconds: Int64 { 60_000 }

  /// How many packet-ins lost their pipeline fields because there were too many.
  private(set) var refusedPauseCount: UInt64 = 0
  /// How many translations failed because there were too many states.
  private(set) var refusedFrozenCount: UInt64 = 0
  /// How many packets came back with a number that no state has.
  private(set) var unknownCount: UInt64 = 0
  /// How many states there are of packets at controllers.
  private(set) var pauseCount = 0
  private var entries: [UInt32: Entry] = [:]
  private var numbers: [State: UInt32] = [:]
  private var next: UInt32 = 1

  init() {}

  /// How many states there are.
  var count: Int { entries.count }

  /// The number of a pause; 0 if there are too many.
  func number(of pause: Pause, now: Int64) -> UInt32 {
    if let known = known(.pause(pause), now) { return known }
    guard pauseCount < Self.pauseLimit else {
      refusedPauseCount &+= 1
      return 0
    }
    pauseCount += 1
    return add(.pause(pause), now)
  }

  /// The number of a state to go on from; 0 if there are too many.
  func number(of frozen: Frozen, now: Int64) -> UInt32 {
    if let known = known(.frozen(frozen), now) { return known }
    guard entries.count - pauseCount < Self.frozenLimit else {
      refusedFrozenCount &+= 1
      return 0
    }
    return add(.frozen(frozen), now)
  }

  private func known(_ state: State, _ now: Int64) -> UInt32? {
    guard let known = numbers[state] else { return nil }
    use(known, now: now)
    return known
  }

  private func add(_ state: State, _ now: Int64) -> UInt32 {
    while next == 0 || entries[next] != nil { next &+= 1 }
    let number = next
    next &+= 1
    entries[number] = Entry(state: state, usedMilliseconds: now)
    numbers[state] = number
    return number
  }

  /// The pause with a number, for a packet that mentions it.
  func pause(_ number: UInt32, now: Int64) -> Pause? {
    guard case .pause(let pause)? = entries[number]?.state else { return nil }
    use(number, now: now)
    return pause
  }

  /// The state with a number, for a packet or a flow that mentions it.
  func frozen(_ number: UInt32, now: Int64) -> Frozen? {
    guard case .frozen(let frozen)? = entries[number]?.state else {
      unknownCount &+= 1
      return nil
    }
    use(number, now: now)
    return frozen
  }

  /// Notes that a state is in use.
  func use(_ number: UInt32, now: Int64) {
    if let used = entries[number]?.usedMilliseconds, used < now { entries[number]?.usedMilliseconds = now }
  }

  /// Forgets states that nothing has mentioned for a while.
  ///
  /// A flow of the datapath that mentions one may be as long without a packet as `idleMilliseconds`, and some more.
  func expire(now: Int64, idleMilliseconds: Int64) {
    let age = max(Self.agingMilliseconds, idleMilliseconds &+ Self.agingMilliseconds)
    for (number, entry) in entries where entry.usedMilliseconds &+ age <= now { forget(number, entry) }
  }

  /// Forgets the states of a bridge that goes.
  func remove(bridge: String) {
    for (number, entry) in entries where entry.state.bridge.utf8.elementsEqual(bridge.utf8) {
      forget(number, entry)
    }
  }

  private func forget(_ number: UInt32, _ entry: Entry) {
    if case .pause = entry.state { pauseCount -= 1 }
    entries[number] = nil
    numbers[entry.state] = nil
  }
}
