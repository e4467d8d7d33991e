// What: keeps a datapath's flows right, and removes those that nobody uses.
//
// Why: the datapath knows nothing of OpenFlow. A flow has to go when nothing uses it, and to change when the rules do.
//
// How: twice a second, and soon after a change, the datapath names its flows with their counters (a dump). Each named flow is looked
// over: what is new in its counters is credited to the rules that it stands for; it is removed if it is idle for too long; and if it was
// translated before the last change of anything, it is translated again, and corrected or removed if it came out otherwise. Flows that
// the datapath did not name have gone. All of this goes in pieces, one flow a piece, so that a step does as much as it has time for.

import Datapath

/// The looking over of one datapath's flows.
struct Revalidator {
  private enum State {
    /// Nothing is going on.
    case resting
    /// The datapath names its flows.
    case dumping
    /// It has named all, or failed; those that it named are looked over.
    case lookingOver(isComplete: Bool)
    /// Flows below a place of the row are yet to be checked for having been named.
    case sweeping(below: Int)
  }
  private struct Named {
    var identifier: FlowIdentifier
    var statistics: Datapath.FlowStatistics?
  }

  /// How long flows rest after a dump before a change lets them be looked over again, in milliseconds.
  static var changeRestMilliseconds: Int64 { 20 }
  /// The longest rest after a dump that took long, in milliseconds: the host may have slept meanwhile.
  static var longestRestMilliseconds: Int64 { 5000 }
  /// How long a flow lives unused while there are as many as there may be, in milliseconds.
  static var idleMillisecondsWhenFull: Int64 { 100 }
  /// How long looking over all flows may take before there shall be fewer, in milliseconds.
  static var longestDumpMilliseconds: Int64 { 1000 }
  /// How many flows there may be however long they take, unless less is configured.
  static var leastFlowLimit: Int { 1000 }
  /// How long a barrier waits at most, in milliseconds: a controller has to hear something before it gives the switch up.
  static var longestBarrierMilliseconds: Int64 { 1000 }
  /// Flows that are checked in one piece for having been named, which is little work.
  private static var sweepCount: Int { 16 }

  private let side: FlowSide
  private var state = State.resting
  private var named: [Named] = []
  private var nextNamed = 0
  /// Flows below this place of the row are to be removed (a purge).
  private var purgesBelow = 0
  private var openRemovals = 0
  /// The commands that wait for the end of the looking over, and of the purge.
  private var dumpWaiters: [CommandID] = []
  private var purgeWaiters: [CommandID] = []
  /// Whether the datapath is asked for identifiers and counters only when it dumps its flows.
  var dumpsTersely = true
  /// An average of the number of flows that forgets slowly, and how long the last dump took to be looked over.
  private(set) var averageCount = 0
  private(set) var dumpMilliseconds: Int64 = 1
  /// How many dumps were asked for.
  private(set) var dumpNumber: UInt64 = 0
  /// The state of everything when the last dump began.
  private var dumpedGeneration: UInt64 = 0
  private var dumpStart: Int64 = 0
  private var nextDump: Int64 = 0
  private var learnedLimit = Int.max
  /// The state of everything for which flows were last looked over to the end.
  private var settledGeneration: UInt64?
  /// Changes and removals that the datapath has not answered.
  private var openChanges = 0
  /// The streams whose barrier waits for the end of a dump and of what it leads to.
  private var barriers: [(stream: StreamID, dump: UInt64, until: Int64)] = []

  init(_ side: FlowSide) { self.side = side }

  /// Whether a dump is asked for or being looked over.
  var isLookingOver: Bool { if case .resting = state { false } else { true } }

  /// How many flows there may be: as many as are configured, but no more than are looked over in a second or so.
  var flowLimit: Int { min(side.limits.flowCount, max(Self.leastFlowLimit, learnedLimit)) }

  /// Whether `next` has something to do.
  var hasWork: Bool {
    if purgesBelow > 0 || hasPurged || nextNamed < named.count || hasSettled { return true }
    switch state {
    case .resting, .dumping: return false
    case .lookingOver, .sweeping: return true
    }
  }

  /// When `run` has something to do next, in milliseconds.
  var nextWakeup: Int64? {
    earlier(nextDump == 0 || isLookingOver ? nil : nextDump, barriers.first?.until)
  }

  /// Sees to it that flows are looked over from now on, since there are some.
  mutating func flowAdded() {
    if nextDump == 0 { nextDump = side.now &+ side.limits.revalidationMilliseconds }
  }

  /// Begins what is due at this time.
  mutating func run() {
    guard nextDump != 0, !isLookingOver else { return }
    if side.generation != dumpedGeneration {
      // Something has changed: flows that are wrong now shall not stay until the next round.
      let rest = max(Self.changeRestMilliseconds, dumpMilliseconds)
      nextDump = min(nextDump, max(side.now, dumpStart &+ dumpMilliseconds &+ rest))
    }
    if nextDump <= side.now { dump() }
  }

  /// Asks the datapath to name its flows now, if it is not about to, for a command that waits for the end of it.
  mutating func lookOverNow(for command: CommandID) {
    dumpWaiters.append(command)
    if !isLookingOver { dump() }
  }

  private mutating func dump() {
    dumpNumber &+= 1
    dumpStart = side.now
    dumpedGeneration = side.generation
    state = .dumping
    var message = FlowMessage(key: nil)
    message.identifierFlags = dumpsTersely ? FlowMessage.terse : 0
    side.ask(.get, message, flags: .dump, .dump(dumpNumber))
  }

  /// Looks flows over for a barrier, unless they are right as they are, which it says.
  mutating func settle(for stream: StreamID) -> Bool {
    if settledGeneration == side.generation, openChanges == 0, barriers.isEmpty { return true }
    if !isLookingOver, settledGeneration != side.generation { dump() }
    let isUnderWay = !isLookingOver || dumpedGeneration == side.generation
    barriers.append(
      (stream, isUnderWay ? dumpNumber : dumpNumber &+ 1, side.now &+ Self.longestBarrierMilliseconds))
    return false
  }

  /// Whether a barrier need not wait any more.
  private var hasSettled: Bool { barriers.contains { isOver($0.dump, $0.until) } }

  private func isOver(_ dump: UInt64, _ until: Int64) -> Bool {
    if until <= side.now { return true }
    guard openChanges == 0 else { return false }
    return dump < dumpNumber || dump == dumpNumber && !isLookingOver
  }

  private mutating func endOfBarriers() -> [FlowStep] {
    let waiting = barriers
    barriers = waiting.filter { !isOver($0.dump, $0.until) }
    return waiting.filter { isOver($0.dump, $0.until) }.map { .settled($0.stream) }
  }

  /// Lets all flows of a store be removed, in pieces, for a command that waits for the end of it if there is one.
  mutating func purge(_ store: borrowing FlowStore, for command: CommandID?) {
    purgesBelow = store.count
    if let command { purgeWaiters.append(command) }
  }

  /// Forgets what was going on, since the datapath has lost its flows, and may have lost what it was asked.
  mutating func reset() {
    if isLookingOver { state = .lookingOver(isComplete: false) }
    openChanges = 0
    named = []
    nextNamed = 0
    purgesBelow = 0
  }

  // MARK: Answers

  /// Takes what the datapath says to a question.
  mutating func answered(
    _ question: FlowQuestion, _ answer: FlowAnswer, _ store: inout FlowStore
  ) -> [FlowStep] {
    switch (question, answer) {
    case (.change, .done), (.change, .failed), (.remove, .done), (.remove, .failed):
      openChanges = max(0, openChanges - 1)
    default: break
    }
    switch (question, answer) {
    case (.dump(let number), _):
      if number == dumpNumber, case .dumping = state { takeNamed(answer) }
    case (.put(let identifier), .failed):
      side.counters.refusedByDatapath &+= 1
      if store[identifier]?.isGoing == false { store.remove(identifier) }
    case (.change(let identifier), .failed):
      // It goes on doing what it did, which is wrong by now.
      side.counters.refusedByDatapath &+= 1
      if store[identifier]?.isGoing == false { remove(identifier, &store) }
    case (.put, .done), (.put, .flow), (.change, .done), (.change, .flow): break
    case (.remove(let identifier, _), .flow(let last)): return credit(identifier, last.statistics, &store)
    case (.remove(let identifier, let isPurge), .done):
      store.remove(identifier)
      if isPurge { openRemovals -= 1 }
    case (.remove(let identifier, let isPurge), .failed(let code)):
      // Whatever else is wrong, it is still there: the next dump names it, and it is removed again.
      let noEntry: UInt32 = 2
      if code == noEntry { store.remove(identifier) }
      if isPurge { openRemovals -= 1 }
    }
    return endOfPurge()
  }

  private mutating func takeNamed(_ answer: FlowAnswer) {
    switch answer {
    case .flow(let flow):
      side.counters.dumped &+= 1
      side.logDumped(flow)
      guard let identifier = flow.identifier else { return }
      named.append(Named(identifier: identifier, statistics: flow.statistics))
    case .done:
      side.logRequest("dumped all flows")
      state = .lookingOver(isComplete: true)
    case .failed: state = .lookingOver(isComplete: false)
    }
  }

  // MARK: Pieces

  /// Does one piece of what there is to do; nil if that is nothing.
  mutating func next(_ store: inout FlowStore) -> [FlowStep]? {
    if purgesBelow > 0 {
      purgesBelow = min(purgesBelow, store.count) - 1
      if purgesBelow >= 0 { remove(store[place: purgesBelow].identifier, &store, isPurge: true) }
      purgesBelow = max(0, purgesBelow)
      return []
    }
    if hasPurged { return endOfPurge() }
    if hasSettled { return endOfBarriers() }
    if nextNamed < named.count {
      let flow = named[nextNamed]
      nextNamed += 1
      return lookOver(flow, &store)
    }
    switch state {
    case .resting, .dumping: return nil
    case .lookingOver(let isComplete):
      if isComplete, named.isEmpty, store.isEmpty { nextDump = 0 }
      named = []
      nextNamed = 0
      state = .sweeping(below: isComplete ? store.count : 0)
      return []
    case .sweeping(let end):
      var place = min(end, store.count)
      let stop = max(0, place - Self.sweepCount)
      while place > stop {
        place -= 1
        let flow = store[place: place]
        if flow.lastDump != dumpNumber, flow.createdDump < dumpNumber { store.remove(flow.identifier) }
      }
      if place > 0 {
        state = .sweeping(below: place)
        return []
      }
      return finish(store)
    }
  }

  private mutating func finish(_ store: borrowing FlowStore) -> [FlowStep] {
    state = .resting
    settledGeneration = dumpedGeneration
    dumpMilliseconds = max(1, min(Self.longestRestMilliseconds, side.now &- dumpStart))
    averageCount = (averageCount &+ store.count) / 2
    adaptLimit(store.count)
    // A long dump is followed by as long a rest. A datapath without flows needs none.
    if nextDump != 0 { nextDump = side.now &+ max(side.limits.revalidationMilliseconds, dumpMilliseconds) }
    if barriers.contains(where: { $0.dump > dumpNumber }) { dump() }
    defer { dumpWaiters = [] }
    return dumpWaiters.map { .finished($0) }
  }

  /// Learns from a dump how many flows are not too many: what is wrong shall not stay for long because of their number.
  private mutating func adaptLimit(_ count: Int) {
    if dumpMilliseconds > Self.longestDumpMilliseconds {
      learnedLimit = max(
        Self.leastFlowLimit, Int(Int64(count) * Self.longestDumpMilliseconds / dumpMilliseconds))
    } else if learnedLimit < side.limits.flowCount {
      learnedLimit += Self.leastFlowLimit
    }
  }

  /// Whether there are commands that wait for a purge which has come to its end.
  private var hasPurged: Bool { purgesBelow == 0 && openRemovals == 0 && !purgeWaiters.isEmpty }

  private mutating func endOfPurge() -> [FlowStep] {
    guard hasPurged else { return [] }
    defer { purgeWaiters = [] }
    return purgeWaiters.map { .finished($0) }
  }

  /// Credits what is new in a flow's counters.
  private func credit(
    _ identifier: FlowIdentifier, _ statistics: Datapath.FlowStatistics?, _ store: inout FlowStore
  ) -> [FlowStep] {
    (store.credit(identifier, statistics, now: side.now) ?? []).map { .learn($0) }
  }

  /// Looks over one flow of a dump: counters, age, and whether it is still right.
  private mutating func lookOver(_ flow: Named, _ store: inout FlowStore) -> [FlowStep] {
    let identifier = flow.identifier
    guard let known = store[identifier] else {
      // Nobody here put it there: a daemon before this one did.
      remove(identifier, &store)
      return []
    }
    // What was put there after the dump began may have the name of one that has gone since.
    guard known.createdDump < dumpNumber else { return [] }
    store.markNamed(identifier, dump: dumpNumber)
    let learned = store.credit(identifier, flow.statistics, now: side.now)
    var steps: [FlowStep] = learned.map { rules in rules.map { .learn($0) } } ?? []
    guard let current = store[identifier] else { return steps }
    if current.isGoing {
      remove(identifier, &store)
    } else if current.usedMilliseconds &+ idleMilliseconds(store) <= side.now {
      side.counters.removedIdle &+= 1
      remove(identifier, &store)
    } else if current.generation != side.generation {
      revalidate(current, wasUsed: learned != nil, &store, &steps)
    }
    return steps
  }

  private func idleMilliseconds(_ store: borrowing FlowStore) -> Int64 {
    let idle = side.limits.idleMilliseconds
    return store.count < flowLimit ? idle : min(idle, Self.idleMillisecondsWhenFull)
  }

  private mutating func revalidate(
    _ old: InstalledFlow, wasUsed: Bool, _ store: inout FlowStore, _ steps: inout [FlowStep]
  ) {
    let key = old.key.key
    guard let translation = side.translate(key, mayHaveSideEffects: wasUsed) else {
      side.counters.removedChanged &+= 1
      return remove(old.identifier, &store)
    }
    let mask = PackedKey(side.datapathMask(translation.wildcards, of: key))
    // Of rules that are limited in number, the next packet that comes decides which is learned.
    guard mask == old.mask, !translation.learned.contains(where: { $0.mayBeRefused }) else {
      side.counters.removedChanged &+= 1
      return remove(old.identifier, &store)
    }
    var flow = old
    flow.credits = translation.credits
    flow.learned = translation.learned
    flow.generation = side.generation
    flow.actions = side.installedActions(translation, key)
    store.replace(flow)
    if flow.actions != old.actions {
      side.counters.updated &+= 1
      let message = FlowMessage(
        key: key, mask: mask.key, actions: flow.actions, identifier: flow.identifier)
      side.logFlow("flow_mod", message, oldActions: old.actions)
      side.logPut(message)
      openChanges += 1
      side.ask(.set, message, .change(flow.identifier))
    }
    side.inject(translation.injections, &steps)
  }

  /// Removes a flow; its last counters come with the answer.
  private mutating func remove(
    _ identifier: FlowIdentifier, _ store: inout FlowStore, isPurge: Bool = false
  ) {
    store.markGoing(identifier)
    if isPurge { openRemovals += 1 }
    var message = FlowMessage(key: nil, identifier: identifier)
    message.identifierFlags = FlowMessage.terse
    openChanges += 1
    side.ask(.delete, message, flags: .echo, .remove(identifier, isPurge: isPurge))
  }
}
