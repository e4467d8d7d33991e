// What: the switch daemon's behaviour, whole: configuration in, OpenFlow and datapath messages out.
//
// Why: with no socket, clock or thread inside, the same code runs in the daemon, in tests with a virtual clock and
// seeded faults, and in `ofproto/trace`.
//
// How: `step` takes what happened and the time, and returns what to do. The folders are the parts, and this is how they
// call each other:
//
// `step` alone routes: an event goes to the part that it is for, found by the number of its stream or by what was asked of the
// datapath, and the part gives out what has changed or what others have to do. No part holds a closure into another.
//
//     Configure  rows of the database -> bridges, ports, interfaces, listeners, controllers (Bridge.swift has the model)
//     Agent      OpenFlow messages <-> Tables (flow mods, statistics), Translate (packet-outs), configuration of ports
//     Tables     `FlowTables.lookup`, `FlowTables.apply(FlowModification)`, expiry
//     Translate  a flow key + `Bridge` -> datapath actions, a mask, what to credit and whom to tell
//     Learn      `MACTable`, read and written by Translate
//     Flows      datapath misses -> Translate -> datapath flows; revalidation; credit of statistics to rules
//
// Nothing in a folder but the types named here is used by another folder.

import Vlog
import Datapath
import OpenFlow

/// The switch: every bridge, its flow tables and its connections, as one deterministic value.
public final class VirtualSwitch {
  let context: SwitchContext
  let reconciler: Reconciler
  let environment = TranslationEnvironment()
  /// The connection to the database server.
  let database: DatabaseLink
  /// The OpenFlow side of each bridge, by the bridge's name.
  private(set) var agents: [String: BridgeAgent] = [:]
  /// The agents that something has happened to in this step, by name.
  private var touchedAgents: Set<String> = []
  /// When the others have something to do.
  private var agenda = Agenda<String>()
  /// The flows of each datapath, by its type.
  private(set) var flows: [String: DatapathFlows] = [:] {
    didSet { flowsInOrder = flows.keys.sorted().compactMap { flows[$0] } }
  }
  /// The same in the order of the types.
  private(set) var flowsInOrder: [DatapathFlows] = []
  /// The users' commands that wait for more than one answer.
  var pendingCommands: [CommandID: PendingCommand] = [:]
  /// What whoever calls `step` has measured of its turns.
  public var turns = TurnCounts()
  /// What the log wants to know in detail.
  public var logsDetails: LoggedDetails {
    get { context.turn.details }
    set { context.turn.details = newValue }
  }
  /// How fast the counters of `coverage/show` grow.
  private(set) var coverage = CoverageHistory()
  /// The streams whose requests wait for ports' counters, by the type of the datapath.
  private var counterReaders: [String: [StreamID]] = [:]
  /// When rules are next looked over for their timeouts.
  private var nextExpiry: Int64 = 0
  /// When the datapath is next asked for the ports' counters.
  private var nextCounters: Int64 = 0

  /// How often rules are looked over for their timeouts, in milliseconds.
  static var expiryMilliseconds: Int64 { 1000 }
  /// How often the ports' counters are read, in milliseconds.
  static var countersMilliseconds: Int64 { 1000 }

  /// Makes a switch without any bridge; the configuration comes by the database stream.
  public init(options: SwitchOptions) {
    context = SwitchContext(options: options)
    reconciler = Reconciler(context: context)
    database = DatabaseLink(context: context, reconciler: reconciler)
  }

  /// A number for a stream that a listener accepted.
  public func makeStreamID() -> StreamID { context.makeStreamID() }

  /// Takes what happened, in order, and says what to do, in order.
  ///
  /// Call it also when `nextWakeup` has come, with no events. Events are all handled; of what waits since it may be much, packets that
  /// came up and flows that are looked over, as much is done as the budget allows, and then `nextWakeup` has come if there is more.
  public func step(_ events: [Event], now: Moment, budget: StepBudget = .standard) -> [Effect] {
    context.turn.now = now
    for event in events {
      handle(event)
      takeChanges()
    }
    run(budget)
    let effects = context.turn.effects
    context.turn.effects = []
    return effects
  }

  /// When `step` wants to be called next if nothing happens, in milliseconds of the clock that never goes back.
  public var nextWakeup: Int64? {
    var next = earlier(database.nextWakeup, agenda.first)
    for flows in flows.values { next = earlier(next, flows.nextWakeup) }
    if !reconciler.bridges.isEmpty || reconciler.hasUndeletedPorts {
      next = earlier(next, earlier(nextExpiry, nextCounters))
    }
    return next
  }

  /// How many packets that came up wait for a step that has time for them.
  public var waitingPacketCount: Int { flowsInOrder.reduce(0) { $0 + $1.waitingPacketCount } }

  /// Whether answers of a datapath or packets that came up are yet to be dealt with.
  public var isWaiting: Bool { waitingPacketCount > 0 || context.channel.requestCount > 0 }

  private func handle(_ event: Event) {
    switch event {
    case .databaseOpened: database.opened()
    case .databaseReceived(let message): database.received(message)
    case .databaseClosed(let reason): database.closed(reason)
    case .streamAccepted(let listener, let stream, peer: _):
      if let name = context.listeners[listener], let agent = agents[name] {
        agent.accepted(listener, stream)
        touchedAgents.insert(name)
      } else {
        context.turn.emit(.closeStream(stream))
      }
    case .streamOpened(let stream):
      if let (agent, target) = owner(of: stream), let target { agent.opened(stream, target) }
    case .streamReceived(let stream, let bytes):
      guard let (agent, _) = owner(of: stream) else { return }
      agent.received(bytes, from: stream)
      advance(stream, agent)
    case .streamDrained(let stream):
      guard let (agent, _) = owner(of: stream) else { return }
      agent.drained(stream)
      advance(stream, agent)
    case .streamClosed(let stream, let reason):
      if let (agent, target) = owner(of: stream) { agent.closed(stream, target, reason: reason) }
    case .listenerFailed(_, let reason):
      context.turn.log("connmgr", .warning, "failed to listen: \(reason)")
    case .datapathReceived(let bytes):
      for message in context.channel.decode(bytes) { handle(message) }
    case .devicesChanged(let devices): reconciler.devicesChanged(devices)
    case .routesChanged(let routes):
      context.routes = routes
      context.haveAddressesChanged = true
    case .command(let id, let name, let arguments): command(id, name, arguments)
    }
  }

  /// The agent whose stream it is, with the controller at the other end if the agent has opened it.
  private func owner(of stream: StreamID) -> (agent: BridgeAgent, target: String?)? {
    guard let owner = context.streams[stream], let agent = agents[owner.bridge] else { return nil }
    touchedAgents.insert(owner.bridge)
    return (agent, owner.target)
  }

  /// Lets an agent answer what a peer has said, and does in between what the peer has to wait for.
  private func advance(_ stream: StreamID, _ agent: BridgeAgent) {
    while let pause = agent.advance(stream) {
      let flows = flows(of: agent.bridge.datapath)
      switch pause {
      case .packets(let packets):
        for packet in packets {
          switch packet {
          case .sent(let packet):
            apply(
              flows.send(
                frame: packet.packet, bridge: agent.bridge, inPort: packet.inPort, actions: packet.actions))
          case .resumed(let packet): apply(flows.resume(packet))
          }
        }
      case .barrier:
        guard flows.settle(for: stream) else { return }
        agent.release(stream)
      case .counters:
        let link = agent.bridge.datapath
        guard link.state == .open else {
          agent.release(stream)
          continue
        }
        counterReaders[link.type, default: []].append(stream)
        readPortCounters(of: link)
        return
      }
    }
  }

  /// A datapath has done or said what a stream's request waited for.
  private func release(_ stream: StreamID) {
    guard let (agent, _) = owner(of: stream) else { return }
    agent.release(stream)
    advance(stream, agent)
  }

  private func handle(_ message: NetlinkMessage) {
    if case .packet(let command, let packet) = message.body, command != .execute {
      flows(ofDatapath: message.header.datapathIndex)?.receive(command, packet)
    } else if case .datapath(.delete, _) = message.body, message.header.sequence == 0 {
      reconciler.datapathLost(message.header.datapathIndex)
    } else if let (type, question, answer) = context.channel.takeFlowAnswer(message) {
      if let flows = flows[type] { apply(flows.answered(question, answer)) }
    } else if let (question, answer) = context.channel.take(message) {
      handle(answer, to: question)
    }
    takeChanges()
  }

  /// Brings an answer of a datapath to the part that asked.
  private func handle(_ answer: DatapathAnswer, to question: DatapathQuestion) {
    switch question {
    case .configuration(let question): reconciler.answered(question, answer)
    case .flow: break
    case .portCounters(let type): if let link = reconciler.datapaths[type] { portCounters(of: link, answer) }
    case .datapathCounters(let type):
      if let link = reconciler.datapaths[type] { datapathCounters(of: link, answer) }
    case .meters(let bridge, let question):
      guard let agent = agents[bridge], let stream = agent.answered(question, answer) else { return }
      touchedAgents.insert(bridge)
      advance(stream, agent)
    case .command(let id, let question): answered(id, question, answer)
    }
  }

  /// Tells every part what others have changed.
  private func takeChanges() {
    for change in reconciler.takeChanges() {
      switch change {
      case .settings(let settings):
        for flows in flowsInOrder { flows.limits = DatapathFlows.Limits(settings) }
      case .bridgeAdded(let bridge): bridgeAdded(bridge)
      case .bridgeConfigured(let bridge, let wanted): bridgeConfigured(bridge, wanted)
      case .bridgeRemoved(let bridge): bridgeRemoved(bridge)
      case .port(let bridge, let status): agents[bridge]?.portChanged(status)
      case .timeoutPolicies(let names):
        environment.timeouts.policies = names.mapValues { name in
          TimeoutPolicies.Policy(name: name, isOfOneProtocol: false)
        }
      case .datapathLost(let link):
        flows[link.type]?.forgetAll()
        for stream in counterReaders.removeValue(forKey: link.type) ?? [] { release(stream) }
        for name in link.bridges.keys.sorted() {
          for stream in agents[name]?.meterReaders ?? [] { release(stream) }
        }
      }
    }
    if reconciler.attachments.haveTunnelsChanged || context.haveAddressesChanged { refreshTunnels() }
  }

  private func run(_ budget: StepBudget) {
    let now = context.now
    takeChanges()
    touchedAgents.formUnion(agenda.take(until: now))
    for name in touchedAgents.sorted() {
      agents[name]?.run()
      agenda.set(name, agents[name]?.nextWakeup)
    }
    touchedAgents = []
    if now >= nextExpiry {
      nextExpiry = now + Self.expiryMilliseconds
      // A look at each bridge: whether something of its has come to its end.
      for agent in agents.values.filter({ ($0.bridge.tables.nextExpiry ?? .max) <= now })
        .sorted(by: { $0.bridge.name < $1.bridge.name })
      {
        agent.expireRules()
      }
      for bridge in reconciler.bridges.values { bridge.addresses.expire(now: now) }
      environment.neighbors.expire(now: now)
      environment.frozen.expire(
        now: now, idleMilliseconds: flows.values.reduce(0) { max($0, $1.limits.idleMilliseconds) })
    }
    if now >= nextCounters {
      nextCounters = now + Self.countersMilliseconds
      readCounters()
    }
    for flows in flowsInOrder {
      flows.run()
      var left = budget
      while let steps = flows.next(&left) { apply(steps) }
    }
    database.run(agents)
    takeChanges()
    coverage.advance(to: now) { CountCommands.totals(self) }
  }

  // MARK: bridges

  private func bridgeAdded(_ bridge: Bridge) {
    bridge.instance = FieldValue(context.random()) << 64 | FieldValue(context.random())
    agents[bridge.name] = BridgeAgent(bridge: bridge, context: context)
    _ = flows(of: bridge.datapath)
  }

  private func bridgeConfigured(_ bridge: Bridge, _ wanted: DesiredBridge) {
    agents[bridge.name]?.configure(wanted)
    touchedAgents.insert(bridge.name)
    // Its address may be among the tunnels' ends.
    context.haveAddressesChanged = true
  }

  private func bridgeRemoved(_ bridge: Bridge) {
    agents.removeValue(forKey: bridge.name)?.stop()
    agenda.set(bridge.name, nil)
    environment.frozen.remove(bridge: bridge.name)
    context.haveAddressesChanged = true
  }

  // MARK: datapaths

  /// The flows of a datapath.
  private func flows(of link: DatapathLink) -> DatapathFlows {
    if let known = flows[link.type] { return known }
    let made = DatapathFlows(datapath: link, environment: environment, context: context)
    if let settings = reconciler.wanted?.otherConfig { made.limits = DatapathFlows.Limits(settings) }
    flows[link.type] = made
    return made
  }

  private func flows(ofDatapath index: Int32) -> DatapathFlows? {
    flowsInOrder.first { $0.datapath.index == index } ?? flowsInOrder.first
  }

  /// Does what the flows of a datapath want of others.
  func apply(_ steps: [FlowStep]) {
    for step in steps {
      switch step {
      case .packetIn(let packet): agents[packet.bridge.name]?.packetIn(packet)
      case .learn(let rule): agents[rule.bridge.name]?.learn(rule)
      case .finished(let command): finishedFlows(for: command)
      case .settled(let stream): release(stream)
      }
    }
  }

  /// Asks the datapaths for their counters and those of their ports.
  private func readCounters() {
    for link in openDatapaths {
      readPortCounters(of: link)
      context.channel.request(
        .datapath(.get, DatapathMessage(name: link.name)), datapath: link.index,
        .datapathCounters(datapathType: link.type))
    }
  }

  private func readPortCounters(of link: DatapathLink) {
    context.channel.request(
      .vport(.get, VportMessage()), datapath: link.index, flags: .dump,
      .portCounters(datapathType: link.type))
  }

  private func portCounters(of link: DatapathLink, _ answer: DatapathAnswer) {
    if case .done(let messages) = answer, link.state == .open {
      var ports: [VportMessage] = []
      for case .vport(_, let port) in messages.map({ $0.body }) { ports.append(port) }
      reconciler.repairPorts(of: link, seen: ports)
    }
    for stream in counterReaders.removeValue(forKey: link.type) ?? [] { release(stream) }
  }

  private func datapathCounters(of link: DatapathLink, _ answer: DatapathAnswer) {
    guard case .done(let messages) = answer else { return }
    for case .datapath(_, let message) in messages.map({ $0.body }) { link.take(message) }
  }
}

/// What the command line says to the switch.
public struct SwitchOptions: Sendable {
  /// Where local sockets live (`OVS_RUNDIR`).
  public var runDirectory: String
  /// The version to report, as in "3.1.0".
  public var version: String
  /// Whether dummy devices and datapaths exist (`--enable-dummy`).
  public var dummyMode: DummyMode
  /// Whether controllers' sockets of the host must lie in `runDirectory` (all but `--no-self-confinement`).
  public var confinesSockets = true
  /// The host's random 64 bits, to make datapath ids and Ethernet addresses from.
  public var seed: UInt64

  /// What `--enable-dummy` says.
  public enum DummyMode: Sendable, Equatable {
    /// No dummies.
    case none
    /// Dummy types may be asked for (`--enable-dummy`).
    case available
    /// System devices are dummies too (`--enable-dummy=system`).
    case replacesSystem
    /// Every device is a dummy (`--enable-dummy=override`).
    case replacesAll
  }

  /// Makes options.
  public init(runDirectory: String, version: String, dummyMode: DummyMode = .none, seed: UInt64 = 1) {
    self.runDirectory = runDirectory
    self.version = version
    self.dummyMode = dummyMode
    self.seed = seed
  }
}
