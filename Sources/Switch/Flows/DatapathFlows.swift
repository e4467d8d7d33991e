// What: the flows in one datapath, from the first packet of each to its removal.
//
// Why: the datapath forwards by flows that the switch derived from its rules when a packet came that none of them matched.
//
// How: three parts, which know the datapath by one `FlowSide`:
//
//     Upcalls      the packets that come up, by port, and what is done with each
//     FlowStore    which flows the datapath has, and what of their counters was credited
//     Revalidator  looks flows over: counters, age, and whether they are still right
//
// What is asked of the datapath goes out as a message, and its answer comes back by `answered`. What others have to do is returned as
// steps. Whatever may be much is done in pieces by `next`, which the switch calls as often as its step has time for: packets before
// flows.

import Datapath
import OpenFlow

/// The flows that the switch put into one datapath.
final class DatapathFlows {
  private let side: FlowSide
  private var upcalls: Upcalls
  private var store = FlowStore()
  private var revalidator: Revalidator

  init(datapath: DatapathLink, environment: TranslationEnvironment, context: SwitchContext) {
    side = FlowSide(datapath: datapath, environment: environment, context: context)
    upcalls = Upcalls(side)
    revalidator = Revalidator(side)
  }

  // MARK: What others may know and say

  /// The datapath.
  var datapath: DatapathLink { side.datapath }
  /// What may be configured.
  var limits: Limits {
    get { side.limits }
    set { side.limits = newValue }
  }
  /// What was counted.
  var counters: Counters { side.counters }
  /// Whether flows match only what was looked at; if not, they match packets like their first one alone.
  var wildcardsFlows: Bool {
    get { side.wildcardsFlows }
    set { side.wildcardsFlows = newValue }
  }
  /// Whether the datapath is asked for identifiers and counters only when it dumps its flows.
  var dumpsTersely: Bool {
    get { revalidator.dumpsTersely }
    set { revalidator.dumpsTersely = newValue }
  }
  /// How many flows there are.
  var count: Int { store.count }
  /// The most flows that there were.
  var highestCount: Int { store.highestCount }
  /// How many there may be now.
  var limit: Int { revalidator.flowLimit }
  /// An average of their number that forgets slowly.
  var averageCount: Int { revalidator.averageCount }
  /// How long the last looking over took, in milliseconds.
  var dumpMilliseconds: Int64 { revalidator.dumpMilliseconds }
  /// How many packets that came up wait.
  var waitingPacketCount: Int { upcalls.waitingCount }

  // MARK: What happens

  /// Takes a packet that matched no flow, or that a flow sends to the daemon.
  func receive(_ command: PacketMessage.Command, _ message: PacketMessage) {
    upcalls.receive(command, message)
  }

  /// Takes what the datapath says to a question.
  func answered(_ question: FlowQuestion, _ answer: FlowAnswer) -> [FlowStep] {
    revalidator.answered(question, answer, &store)
  }

  /// Runs actions on a frame as if it had come in by a port (packet-out).
  func send(frame: [UInt8], bridge: Bridge, inPort: OpenFlowPortNumber, actions: [Action]) -> [FlowStep] {
    side.send(frame: frame, bridge: bridge, inPort: inPort, actions: actions)
  }

  /// Lets a packet go on that a controller gives back.
  func resume(_ packet: ResumedPacket) -> [FlowStep] { side.resume(packet) }

  /// Lets every flow be removed (`upcall/disable-megaflows`, `revalidator/purge`).
  ///
  /// When all have gone, a command that waits for it is told by a step, which may be among those that are returned.
  func removeAll(for command: CommandID? = nil) -> [FlowStep] {
    guard !store.isEmpty else { return command.map { [.finished($0)] } ?? [] }
    revalidator.purge(store, for: command)
    return []
  }

  /// Forgets every flow, since someone else removed them from the datapath.
  func forgetAll() {
    store.removeAll()
    revalidator.reset()
  }

  /// Lets all flows be looked over now (`revalidator/wait`); the end is told by a step, which may be among those that are returned.
  func lookOverNow(for command: CommandID) -> [FlowStep] {
    guard !store.isEmpty || revalidator.isLookingOver else { return [.finished(command)] }
    revalidator.lookOverNow(for: command)
    return []
  }

  /// Lets the flows be brought in line with the rules as they are now, and says whether they are; if not, a step tells when.
  func settle(for stream: StreamID) -> Bool {
    if store.isEmpty { return true }
    return revalidator.settle(for: stream)
  }

  // MARK: What is to do

  /// Begins what is due at this time.
  func run() { revalidator.run() }

  /// Does the next piece of what waits, if the budget has something left for it; nil if not.
  func next(_ budget: inout StepBudget) -> [FlowStep]? {
    if budget.packetCount > 0,
      let steps = upcalls.next(&store, dump: revalidator.dumpNumber, limit: revalidator.flowLimit)
    {
      budget.packetCount -= 1
      if !store.isEmpty { revalidator.flowAdded() }
      return steps
    }
    if budget.flowCount > 0, let steps = revalidator.next(&store) {
      budget.flowCount -= 1
      return steps
    }
    return nil
  }

  /// Whether `next` has something to do.
  var hasWork: Bool { upcalls.waitingCount > 0 || revalidator.hasWork }

  /// When `run` or `next` has something to do, in milliseconds.
  var nextWakeup: Int64? { hasWork ? side.now : revalidator.nextWakeup }
}
