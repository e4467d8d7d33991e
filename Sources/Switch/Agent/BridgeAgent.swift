// What controllers see of a bridge: its listeners, its connections, and who is told what.

import Vlog
import OpenFlow
import PacketWire

/// The OpenFlow side of a bridge.
final class BridgeAgent {
  /// What a listener accepts.
  enum ListenerKind: Equatable {
    case management
    case snoop
    /// A controller row with a passive target.
    case passive(target: String)
  }

  let bridge: Bridge
  let context: SwitchContext
  /// The connections, by stream.
  private(set) var sessions: [StreamID: OpenFlowSession] = [:]
  private(set) var listeners: [ListenerID: ListenerKind] = [:]
  /// The controllers that we connect to, by target.
  private(set) var controllers: [String: ControllerLink] = [:]
  /// The highest generation that a role request had.
  private(set) var generationID: UInt64?
  /// Packet-ins and copies for `snoop` that were not sent since their receiver reads too slowly.
  var droppedMessageCount: UInt64 = 0
  /// Connections not taken since there were too many.
  private(set) var refusedSessionCount: UInt64 = 0

  /// How many connections a bridge accepts at a time.
  static var sessionLimit: Int { 256 }

  /// Runs actions on a frame as if it had come in by a port.
  var onPacketOut: (([UInt8], OpenFlowPortNumber, [Action]) -> Void)?
  private var failOpenRule: Rule?
  private var lastFailMode: FailMode?

  init(bridge: Bridge, context: SwitchContext) {
    self.bridge = bridge
    self.context = context
  }

  /// Connections and controllers in an order that depends on nothing but their names.
  private var sessionsInOrder: [OpenFlowSession] { sessions.values.sorted { $0.id < $1.id } }
  private var controllersInOrder: [ControllerLink] {
    controllers.values.sorted { $0.target.utf8.lexicographicallyPrecedes($1.target.utf8) }
  }

  /// The OpenFlow versions offered.
  var versions: OpenFlowVersions {
    bridge.settings.openFlowVersions.isEmpty ? .all : bridge.settings.openFlowVersions
  }

  // MARK: listeners and connections

  /// Takes what the configuration says of the bridge; the first time, opens the sockets that every bridge has.
  func configure(_ wanted: DesiredBridge) {
    let isFirst = listeners.isEmpty
    let failMode = wanted.failMode ?? .standalone
    if isFirst {
      listen(.management, "punix:\(context.options.runDirectory)/\(bridge.name).mgmt")
      listen(.snoop, "punix:\(context.options.runDirectory)/\(bridge.name).snoop")
    }
    let hadControllers = !controllers.isEmpty
    configure(wanted.controllers)
    for table in 0..<FlowTables.visibleCount {
      let configured = wanted.flowTables.first { $0.table == UInt8(table) }
      bridge.tables.configure(table: UInt8(table), ruleLimit: configured?.flowLimit, name: configured?.name)
    }
    // What there was before a first controller came, or the last went, is not what there is to be now.
    let mustFlush =
      hadControllers != !controllers.isEmpty || (controllers.isEmpty && lastFailMode != failMode)
    lastFailMode = failMode
    if isFirst || mustFlush { flushFlows() }
  }

  private func listen(_ kind: ListenerKind, _ address: String) {
    let id = context.makeListenerID()
    listeners[id] = kind
    context.turn.emit(.openListener(id, address: address))
  }

  /// Closes everything: the bridge goes.
  func stop() {
    for id in listeners.keys.sorted() { context.turn.emit(.closeListener(id)) }
    // A link may have a stream that is not open yet.
    for link in controllersInOrder { link.stop() }
    for id in sessions.keys.sorted() { context.turn.emit(.closeStream(id)) }
    listeners = [:]
    sessions = [:]
    controllers = [:]
  }

  /// Takes the controllers that the configuration wants.
  private func configure(_ wanted: [DesiredController]) {
    var active: Set<String> = []
    var passive: Set<String> = []
    for row in wanted {
      if row.target.hasPrefix("p") { passive.insert(row.target) } else { active.insert(row.target) }
    }
    for target in controllers.keys.sorted() where !active.contains(target) {
      controllers[target]?.stop()
      controllers[target] = nil
    }
    for row in wanted where active.contains(row.target) {
      if let link = controllers[row.target] {
        link.configure(row)
      } else {
        let link = ControllerLink(agent: self, target: row.target)
        controllers[row.target] = link
        link.configure(row)
        link.connect()
      }
    }
    for id in listeners.keys.sorted() {
      guard case .passive(let target)? = listeners[id], !passive.contains(target) else { continue }
      context.turn.emit(.closeListener(id))
      listeners[id] = nil
    }
    for target in passive.sorted() where !listeners.values.contains(.passive(target: target)) {
      listen(.passive(target: target), target)
    }
    interestChanged()
  }

  /// Deletes all rules and begins as the fail mode says.
  func flushFlows() {
    for rule in bridge.tables.rules(RuleFilter(includesHidden: true)) { bridge.tables.remove(rule) }
    failOpenRule = nil
    guard controllers.isEmpty, bridge.settings.failMode == .standalone else { return }
    let match = SparseMatch(Match())
    bridge.tables.insert(
      Rule(match: match, priority: 0, table: 0, cookie: 0, actions: [.output(.normal)], now: context.now))
  }

  func accepted(_ listener: ListenerID, _ stream: StreamID) {
    guard let kind = listeners[listener] else {
      context.turn.emit(.closeStream(stream))
      return
    }
    guard sessions.count < BridgeAgent.sessionLimit else {
      refusedSessionCount &+= 1
      context.turn.log(
        "connmgr", .warning, "\(bridge.name): more than \(BridgeAgent.sessionLimit) connections, refusing one"
      )
      context.turn.emit(.closeStream(stream))
      return
    }
    let session = OpenFlowSession(id: stream, kind: kind == .snoop ? .snoop : .service, agent: self)
    sessions[stream] = session
    session.start()
  }

  /// A connection to a controller is there.
  func connected(_ stream: StreamID, _ link: ControllerLink) {
    let session = OpenFlowSession(id: stream, kind: .controller(link), agent: self)
    sessions[stream] = session
    session.start()
  }

  /// A stream of the bridge was opened, brought bytes, or is gone.
  ///
  /// Says whether it is the bridge's.
  func handle(opened stream: StreamID) -> Bool {
    for link in controllers.values where link.stream == stream {
      link.opened()
      return true
    }
    return false
  }

  func handle(received bytes: [UInt8], from stream: StreamID) -> Bool {
    guard let session = sessions[stream] else { return false }
    session.received(bytes)
    return true
  }

  func handle(drained stream: StreamID) -> Bool {
    guard let session = sessions[stream] else { return false }
    session.drained()
    return true
  }

  func handle(closed stream: StreamID, reason: String) -> Bool {
    if let session = sessions[stream] {
      closed(session, reason: reason)
      return true
    }
    for link in controllers.values where link.stream == stream {
      link.disconnected(reason)
      return true
    }
    return false
  }

  /// A session is over.
  func closed(_ session: OpenFlowSession, reason: String) {
    sessions[session.id] = nil
    if case .controller(let link) = session.kind { link.disconnected(reason) }
    interestChanged()
  }

  /// A session has settled its version.
  func established(_ session: OpenFlowSession) {
    if case .controller(let link) = session.kind { link.established() }
    interestChanged()
  }

  /// Recomputes what the sessions' wishes mean for the translation of packets.
  func interestChanged() {
    bridge.sendsMissesToController = sessions.values.contains {
      $0.isController && $0.isEstablished && $0.form.version < .v13 && $0.role != .secondary
    }
    bridge.hasControllers = sessions.values.contains { $0.isEstablished && $0.wantsAnything }
  }

  /// Sends copies of what a controller exchanges with us to those who asked for them.
  func snoop(_ bytes: [UInt8]) {
    for session in sessionsInOrder {
      guard case .snoop = session.kind, session.isEstablished else { continue }
      if session.isBehind { droppedMessageCount &+= 1 } else { session.sendCopy(bytes) }
    }
  }

  // MARK: roles

  /// Whether a role request's generation is not older than the last; remembers it.
  func accept(generation: UInt64) -> Bool {
    if let known = generationID, Int64(bitPattern: generation &- known) < 0 { return false }
    generationID = generation
    return true
  }

  /// Makes every other primary a secondary.
  func demoteOthers(than session: OpenFlowSession) {
    for other in sessionsInOrder where other !== session && other.role == .primary {
      other.role = .secondary
      if other.form.version >= .v14 {
        let status = RoleStatus(
          role: .secondary, reason: .primaryRequested, generationID: generationID ?? .max)
        other.notify(.roleStatus(status))
      }
    }
  }

  // MARK: unasked messages

  /// The sessions that want a message.
  func listenersTo(_ kind: AsyncMessageKind, reason: UInt8) -> [OpenFlowSession] {
    sessions.values.filter { session in
      guard session.isEstablished else { return false }
      return session.wantsAnything
        && session.asynchronous.wants(kind, reason: reason, secondary: session.role == .secondary)
    }.sorted { $0.id.rawValue < $1.id.rawValue }
  }

  /// Tells controllers that a port came, went or changed.
  func portChanged(_ status: PortStatus) {
    for session in listenersTo(.portStatus, reason: status.reason.rawValue) {
      session.notify(.portStatus(status))
    }
  }

  // MARK: time

  /// Does what is due: probes, reconnections, fail-open.
  func run() {
    for link in controllersInOrder { link.run() }
    updateFailOpen()
  }

  /// When something is due next.
  var nextWakeup: Int64? {
    var next: Int64?
    for link in controllers.values { next = earlier(next, link.nextWakeup) }
    return next
  }

  /// In standalone mode, switches as NORMAL does after no controller was heard for three probe intervals.
  private func updateFailOpen() {
    let isOpen =
      bridge.settings.failMode == .standalone && !controllers.isEmpty
      && controllers.values.allSatisfy { $0.isSilent(now: context.now) }
    if isOpen, failOpenRule == nil {
      context.turn.log(
        "fail_open", .warning,
        "Could not connect to controller (or switch failed controller's post-connection admission control policy), failing open"
      )
      let rule = Rule(
        match: SparseMatch(Match()), priority: BridgeAgent.failOpenPriority, table: 0, cookie: 0,
        actions: [.output(.normal)], now: context.now)
      failOpenRule = rule
      bridge.tables.insert(rule)
    } else if !isOpen, let rule = failOpenRule {
      bridge.tables.remove(rule)
      failOpenRule = nil
    }
  }

  /// The priority of the rule that fail-open installs: above every controller's.
  static var failOpenPriority: Int32 { 0xf0_f0f0 }
}

/// The earlier of two times, where nil is never.
func earlier(_ left: Int64?, _ right: Int64?) -> Int64? {
  guard let left else { return right }
  guard let right else { return left }
  return min(left, right)
}
