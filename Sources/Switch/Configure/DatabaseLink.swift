// The switch's end of the database: a copy of the configuration that is read whenever it changes, and transactions that write back
// what became of it.

import Vlog
import JSON
import OVSDB

/// The connection to the database server.
final class DatabaseLink {
  private let context: SwitchContext
  private let reconciler: Reconciler
  private var session: ReplicaSession
  /// What the configuration was read from; nil if all of it has to be read.
  private(set) var index: ConfigurationIndex?
  /// What is to be written.
  private var pending = StatusChanges()
  /// What the transaction that is under way writes.
  private var written = StatusChanges()
  /// How many rows were compared with what there is.
  private(set) var comparedRowCount = 0
  private var isOpen = false
  /// The transaction that is under way.
  private var transaction: Int64?
  private var hasWrittenAbilities = false
  private var isReady = false
  private var nextStatus: Int64 = 0
  private var nextStatistics: Int64 = 0
  private var hasComplained = false
  private var hasAskedForCounters = false
  private var waitsSince: Int64?
  /// The comparison of wanted and actual whose outcome was last written.
  private var writtenRound: UInt64 = 0

  /// The lock that says which of several daemons acts on a database.
  static var lockName: Text { "ovs_vswitchd" }
  /// How often states are compared with the rows, in milliseconds.
  static var statusMilliseconds: Int64 { 1000 }
  /// How often statistics are written, in milliseconds, unless `other_config:stats-update-interval` says more.
  static var statisticsMilliseconds: Int64 { 5000 }

  /// How long the host takes to say what its devices counted, in milliseconds.
  private static var countersMilliseconds: Int64 { 50 }

  init(context: SwitchContext, reconciler: Reconciler) {
    self.context = context
    self.reconciler = reconciler
    var selection = ReplicaSelection(ConfigurationReader.columns)
    for (table, columns) in StatusWriter.columns { for column in columns { selection.add(table, column) } }
    session = ReplicaSession(database: "Open_vSwitch", selection: selection)
    session.lock(Self.lockName)
  }

  func opened() {
    isOpen = true
    session.connected()
    flush()
  }

  func closed(_ reason: String) {
    isOpen = false
    session.disconnected()
    transaction = nil
    index = nil
    flush()
  }

  func received(_ message: JSONValue) {
    session.receive(message)
    flush()
  }

  /// The configuration as a whole, read anew from the copy of the database; nil while it is not in force.
  var rereadConfiguration: DesiredSwitch? {
    guard index != nil, let replica = session.replica else { return nil }
    return ConfigurationReader(replica: replica).desired
  }

  private var holdsLock: Bool { session.locks[Self.lockName] == true }

  private func flush() {
    for event in session.takeEvents() { handle(event) }
    for message in session.takeMessages() { context.turn.emit(.databaseSend(message)) }
  }

  private func handle(_ event: ReplicaSession.Event) {
    switch event {
    case .schemaReceived: break
    case .synchronised: index = nil
    case .changed: readConfiguration()
    case .lock(_, let isHeld):
      if isHeld { readConfiguration() }
    case .finished(let number, let outcome):
      guard number == transaction else { return }
      transaction = nil
      nextStatus = 0
      if case .success = outcome {} else { pending.formUnion(written) }
      written = StatusChanges()
      if case .error(let error) = outcome {
        context.turn.log("bridge", .error, "failed to write to the database: \(error.string())")
        // The same would fail again at once.
        nextStatus = context.now + 1000
      }
    case .failed(let error):
      // What the server says can't be understood any more, and half of it may be in the copy; a new connection begins with
      // everything anew.
      index = nil
      context.turn.log("ovsdb_idl", .error, "database session failed: \(error.description)")
      context.turn.emit(.databaseClose(reason: error.description))
    }
  }

  private func readConfiguration() {
    guard session.isSynchronised, let replica = session.replica else { return }
    guard holdsLock else {
      index = nil
      session.forgetChanges()
      return
    }
    hasComplained = false
    nextStatus = 0
    if var known = index {
      index = nil
      let delta = known.read(replica)
      noteChangedRows(replica)
      index = known
      reconciler.apply(delta)
    } else {
      var known = ConfigurationIndex()
      var wanted = WantedSwitch()
      _ = wanted.apply(known.read(replica))
      pending.bridges = Set(known.names.bridges.keys)
      pending.states = Set(known.names.interfaces.keys)
      pending.counters = pending.states
      index = known
      reconciler.apply(wanted.desired)
    }
    session.forgetChanges()
  }

  /// Lets rows be compared with what there is that somebody has changed.
  private func noteChangedRows(_ replica: Replica) {
    for uuid in replica.changedRows(of: "Bridge") {
      if let row = replica.row(uuid, of: "Bridge") { pending.bridges.insert(row.text("name").string) }
    }
    for uuid in replica.changedRows(of: "Interface") {
      guard let name = replica.row(uuid, of: "Interface")?.text("name").string else { continue }
      pending.states.insert(name)
      if replica.isNew(uuid, in: "Interface") { pending.counters.insert(name) }
    }
  }

  /// Takes over what the parts of the switch have noted.
  private func takeChanges() {
    for link in reconciler.datapaths.values {
      pending.bridges.formUnion(link.changedBridges)
      pending.states.formUnion(link.changedStates)
      pending.counters.formUnion(link.changedCounters)
      link.changedBridges = []
      link.changedStates = []
      link.changedCounters = []
    }
  }

  /// Says that another daemon acts on the database, if the server takes long to give us the lock.
  private func complain() {
    guard isOpen, session.isSynchronised, !holdsLock else {
      waitsSince = nil
      return
    }
    let since = waitsSince ?? context.now
    waitsSince = since
    guard !hasComplained, context.now - since >= Self.statusMilliseconds else { return }
    hasComplained = true
    context.turn.log(
      "bridge", .error, "another ovs-vswitchd process is running, disabling this process until it goes away")
  }

  /// Writes what became of the configuration, if something did; the agents know how their controllers are.
  func run(_ agents: [String: BridgeAgent]) {
    complain()
    guard isOpen, transaction == nil, session.isSynchronised, holdsLock, let replica = session.replica,
      let index, let wanted = reconciler.wanted,
      context.now >= nextStatus || reconciler.roundCount != writtenRound
    else { return }
    writtenRound = reconciler.roundCount
    nextStatus = context.now + Self.statusMilliseconds
    var writer = StatusWriter(context: context, reconciler: reconciler, agents: agents, replica: replica)
    if !hasWrittenAbilities { writer.writeAbilities() }
    takeChanges()
    writer.write(pending, index.names)
    written.bridges = pending.bridges
    written.states = pending.states
    pending.bridges = []
    pending.states = []
    if reconciler.isSettled {
      writer.writeSequence(wanted.sequence)
      if context.now >= nextStatistics { writeStatistics(wanted, index.names, &writer) }
      if !isReady {
        isReady = true
        context.turn.emit(.ready)
      }
    }
    hasWrittenAbilities = true
    comparedRowCount += writer.comparedRowCount
    transaction = session.commit(writer.edit)
    flush()
  }

  /// Asks for the devices' counters and, a moment later, writes them.
  private func writeStatistics(_ wanted: WantedSwitch, _ names: RowNames, _ writer: inout StatusWriter) {
    guard hasAskedForCounters else {
      hasAskedForCounters = true
      nextStatus = context.now + Self.countersMilliseconds
      context.turn.emit(.refreshDevices)
      return
    }
    hasAskedForCounters = false
    let interval = min(
      Int64(UInt32.max), Int64(wanted.otherConfig.integer("stats-update-interval", default: 5000)))
    nextStatistics = context.now + max(Self.statisticsMilliseconds, interval)
    writer.writeStatistics(pending.counters, names)
    written.counters = pending.counters
    pending.counters = []
  }

  /// When `run` has something to do next.
  var nextWakeup: Int64? {
    guard isOpen, session.isSynchronised else { return nil }
    guard holdsLock else { return hasComplained ? nil : waitsSince.map { $0 + Self.statusMilliseconds } }
    guard reconciler.wanted != nil, transaction == nil else { return nil }
    return nextStatus
  }
}
