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
  /// Controllers' packets that are to be sent as soon as the request that brought them is over.
  var packetsOut: [ControllersPacket] = []

  /// Whether it was said that an action names a meter that is not there.
  var hasSaidUnknownMeter = false

  /// How many connections a bridge accepts at a time.
  static var sessionLimit: Int { 256 }

  private var failOpenRule: Rule?
  /// The targets of which the log says that they are not used.
  private var refusedTargets: Set<String> = []
  private var lastFailMode: FailMode?

  init(bridge: Bridge, context: SwitchContext) {
    self.bridge = bridge
    self.context = context
  }

  /// Connections and controllers in an order that depends on nothing but their names.
  private var sessionsInOrder: [OpenFlowSession] { sessions.values.sorted { $0.id < $1.id } }
  private var targetsInOrder: [String] {
    controllers.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
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
    context.listeners[id] = bridge.name
    context.turn.emit(.openListener(id, address: address))
  }

  private func closeListener(_ id: ListenerID) {
    listeners[id] = nil
    context.listeners[id] = nil
    context.turn.emit(.closeListener(id))
  }

  /// Closes everything: the bridge goes.
  func stop() {
    for id in listeners.keys.sorted() { closeListener(id) }
    // A link may have a stream that is not open yet.
    for target in targetsInOrder { stop(target) }
    for id in sessions.keys.sorted() {
      context.turn.emit(.closeStream(id))
      context.streams[id] = nil
    }
    sessions = [:]
    flushMeters()
  }

  /// Takes the controllers that the configuration wants.
  private func configure(_ all: [DesiredController]) {
    let wanted = all.filter { isPermitted($0.target) }
    var active: Set<String> = []
    var passive: Set<String> = []
    for row in wanted {
      if row.target.hasPrefix("p") { passive.insert(row.target) } else { active.insert(row.target) }
    }
    for target in targetsInOrder where !active.contains(target) { stop(target) }
    for row in wanted where active.contains(row.target) {
      let isNew = controllers[row.target] == nil
      controllers[row.target, default: ControllerLink(target: row.target, now: context.now)].configure(row)
      if isNew { connect(row.target) }
    }
    for id in listeners.keys.sorted() {
      guard case .passive(let target)? = listeners[id], !passive.contains(target) else { continue }
      closeListener(id)
    }
    for target in passive.sorted() where !listeners.values.contains(.passive(target: target)) {
      listen(.passive(target: target), target)
    }
    interestChanged()
  }

  /// Whether a target of the database may be used: who writes there must not reach, or put, sockets all over the host.
  private func isPermitted(_ target: String) -> Bool {
    guard context.options.confinesSockets else { return true }
    let folder = context.options.runDirectory
    let isRight: Bool
    if target.hasPrefix("unix:") {
      let path = String(target.dropFirst(5))
      let parts = path.utf8.split(separator: UInt8(ascii: "/"))
      isRight =
        !path.utf8.contains(UInt8(ascii: "/"))
        || path.hasPrefix(folder + "/") && !parts.contains { $0.elementsEqual("..".utf8) }
    } else if target.hasPrefix("punix:") {
      let start = "\(folder)/\(bridge.name)."
      let path = String(target.dropFirst(6))
      isRight =
        path.hasPrefix(start) && !path.utf8.dropFirst(start.utf8.count).contains(UInt8(ascii: "/"))
    } else {
      return true
    }
    if !isRight, refusedTargets.insert(target).inserted {
      context.turn.log(
        "bridge", .error,
        "bridge \(bridge.name): not using socket controller \"\(target)\", since it could be any file of the host: unix: takes sockets in \(folder), and punix: those whose names begin with \(folder)/\(bridge.name)."
      )
    }
    return isRight
  }

  /// Deletes all rules, groups and meters, and begins as the fail mode says.
  func flushFlows() {
    for rule in bridge.tables.rules(RuleFilter(includesHidden: true)) { bridge.tables.remove(rule) }
    for group in bridge.tables.groups.inOrder { bridge.tables.replaceGroup(group, by: nil) }
    flushMeters()
    failOpenRule = nil
    guard controllers.isEmpty, bridge.settings.failMode == .standalone else { return }
    let match = SparseMatch(Match())
    bridge.tables.insert(
      Rule(match: match, priority: 0, table: 0, cookie: 0, actions: [.output(.normal)], now: context.now))
  }

  /// A listener has accepted a stream.
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
    context.streams[stream] = StreamOwner(bridge: bridge.name)
    startSession(stream, kind == .snoop ? .snoop : .service)
  }

  private func startSession(_ stream: StreamID, _ kind: OpenFlowSession.Kind) {
    let session = OpenFlowSession(id: stream, kind: kind, versions: versions, now: context.now)
    sessions[stream] = session
    send(.hello(Hello(versions: versions)), xid: session.makeXID(), session)
  }

  /// A stream to a controller is open.
  func opened(_ stream: StreamID, _ target: String) {
    guard case .connecting(stream, _)? = controllers[target]?.state else { return }
    startSession(stream, .controller(target: target))
  }

  /// A stream brought bytes; `advance` then says what becomes of them.
  func received(_ bytes: [UInt8], from stream: StreamID) {
    sessions[stream]?.received(bytes, now: context.now)
  }

  /// What was sent on a stream has left; `advance` then goes on.
  func drained(_ stream: StreamID) { sessions[stream]?.drained() }

  /// A stream is gone, or could not be opened.
  func closed(_ stream: StreamID, _ target: String?, reason: String) {
    if let session = sessions[stream] {
      closed(session, reason: reason)
    } else if let target {
      context.streams[stream] = nil
      disconnected(target, stream, reason)
    }
  }

  /// A session is over.
  func closed(_ session: OpenFlowSession, reason: String) {
    session.close()
    sessions[session.id] = nil
    context.streams[session.id] = nil
    if case .controller(let target) = session.kind { disconnected(target, session.id, reason) }
    interestChanged()
  }

  /// A session has settled its version.
  func established(_ session: OpenFlowSession) {
    if case .controller(let target) = session.kind {
      controllers[target]?.established(now: context.now)
      context.turn.log("rconn", .information, "\(bridge.name)<->\(target): connected")
    }
    interestChanged()
  }

  // MARK: controllers

  /// The session with a controller, once its stream is open.
  func session(of link: ControllerLink) -> OpenFlowSession? { link.stream.flatMap { sessions[$0] } }

  private func connect(_ target: String) {
    let stream = context.makeStreamID()
    context.streams[stream] = StreamOwner(bridge: bridge.name, target: target)
    controllers[target]?.connecting(stream, now: context.now)
    context.turn.log("rconn", .information, "\(bridge.name)<->\(target): connecting...")
    context.turn.emit(.openStream(stream, address: target))
  }

  /// Ends the connection to a controller for good.
  private func stop(_ target: String) {
    guard var link = controllers.removeValue(forKey: target) else { return }
    let stream = link.stream
    link.stop()
    guard let stream else { return }
    context.turn.emit(.closeStream(stream))
    context.streams[stream] = nil
    if let session = sessions[stream] { closed(session, reason: "not wanted any more") }
  }

  private func disconnected(_ target: String, _ stream: StreamID, _ reason: String) {
    guard let link = controllers[target], link.stream == stream,
      controllers[target]?.disconnected(reason, now: context.now) == true
    else { return }
    let seconds = (controllers[target]?.backoffMilliseconds ?? 0) / 1000
    context.turn.log(
      "rconn", .information,
      "\(bridge.name)<->\(target): \(reason), waiting \(seconds) seconds before reconnect")
  }

  private func take(_ step: ControllerLink.Step, _ link: ControllerLink) {
    switch step {
    case .connect: connect(link.target)
    case .probe(let stream): if let session = sessions[stream] { send(.echoRequest([]), xid: 0, session) }
    case .abandonSilent(let stream):
      context.turn.log(
        "rconn", .error,
        "\(bridge.name)<->\(link.target): no response to inactivity probe after \(link.probeMilliseconds / 1000) seconds, disconnecting"
      )
      context.turn.emit(.closeStream(stream))
      closed(stream, link.target, reason: "Connection timed out")
    case .abandonAttempt(let stream):
      context.turn.log(
        "rconn", .information, "\(bridge.name)<->\(link.target): connection attempt timed out")
      context.turn.emit(.closeStream(stream))
      closed(stream, link.target, reason: "Connection timed out")
    }
  }

  /// Recomputes what the sessions' wishes mean for the translation of packets.
  func interestChanged() {
    bridge.sendsMissesToController = sessions.values.contains {
      $0.wantsAnything && $0.isEstablished && $0.form.version < .v13 && $0.controllerID == 0
    }
    bridge.hasControllers = sessions.values.contains { $0.isEstablished && $0.wantsAnything }
  }

  /// Sends copies of what a controller exchanges with us to those who asked for them.
  func snoop(_ bytes: [UInt8]) {
    for session in sessionsInOrder {
      guard case .snoop = session.kind, session.isEstablished else { continue }
      if session.isBehind { droppedMessageCount &+= 1 } else { sendCopy(bytes, session) }
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
        notify(.roleStatus(status), other)
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
      notify(.portStatus(status), session)
    }
  }

  // MARK: time

  /// Does what is due: probes, reconnections, fail-open.
  func run() {
    for target in targetsInOrder {
      guard let link = controllers[target] else { continue }
      let heard = session(of: link)?.heardMilliseconds
      if let step = controllers[target]?.expire(now: context.now, heard: heard) { take(step, link) }
    }
    for session in sessionsInOrder {
      for opening in session.expireBundles(now: context.now) {
        refuse(.bundleFailedTimeout, opening, session)
      }
    }
    updateFailOpen()
  }

  /// When something is due next.
  var nextWakeup: Int64? {
    var next: Int64?
    for link in controllers.values {
      next = earlier(next, link.nextWakeup(heard: session(of: link)?.heardMilliseconds))
    }
    for session in sessions.values { next = earlier(next, session.nextBundleExpiry) }
    if failOpenRule == nil, bridge.settings.failMode == .standalone {
      next = earlier(next, silentMilliseconds)
    }
    return next
  }

  /// When no controller will have been there for three probe intervals; nil while one is, and if none is configured.
  private var silentMilliseconds: Int64? {
    var latest: Int64?
    for link in controllers.values {
      guard let time = link.silentMilliseconds else { return nil }
      latest = max(latest ?? time, time)
    }
    return latest
  }

  /// In standalone mode, switches as NORMAL does after no controller was heard for three probe intervals.
  private func updateFailOpen() {
    let isOpen =
      bridge.settings.failMode == .standalone && silentMilliseconds.map { context.now >= $0 } ?? false
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

/// A packet that a controller gives to the pipeline.
enum ControllersPacket {
  /// A packet of its own.
  case sent(PacketOut)
  /// A packet that waited for it.
  case resumed(ResumedPacket)
}

/// The earlier of two times, where nil is never.
func earlier(_ left: Int64?, _ right: Int64?) -> Int64? {
  guard let left else { return right }
  guard let right else { return left }
  return min(left, right)
}
