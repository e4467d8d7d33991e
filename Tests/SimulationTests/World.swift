// What: a host with a whole switch, in one process and in virtual time: the database server, the datapaths, controllers and
// tools, and everything that is on its way between them.
//
// How: whatever one part sends to another waits in a line until its time has come. `run` takes the earliest arrival, moves the
// clock there, tells the switch, and carries out what it wants, as `ovs-vswitchd` does it. Of lines with arrivals at the same
// time one is chosen by chance, which is how messages of different lines are put into any order. All chance comes from one
// seed, and nothing asks the real clock: the same seed gives the same life.

import Datapath
import JSON
import OVSDB
import PacketWire
import Vlog

@testable import Switch

/// What a life must not come to.
struct Violation: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// A simulated host.
final class World {
  let seed: UInt64
  var chance: Chance
  private(set) var now: Int64 = 1_000_000
  private(set) var virtualSwitch: VirtualSwitch
  let datapaths = SimulatedDatapaths()
  let database: SimulatedDatabase
  /// Whether the host has devices rather than dummies.
  let hasDevices: Bool

  private(set) var digest = EffectDigest()
  /// What the switch has had in memory.
  private(set) var remains = Remains()
  /// How many times the switch was told something.
  private(set) var stepCount = 0
  /// The longest time that something takes on its way, in milliseconds.
  var longestDelay = 5

  let connection = DatabaseConnection()
  private(set) var streams: [SimulatedStream] = []
  private(set) var listeners: [(id: ListenerID, address: String)] = []
  /// Who answers at an address; nobody if it is not there.
  var controllers: [String: ControllerPlace] = [:]
  private var requests = DelayLine<[UInt8]>()
  private var answers = DelayLine<[UInt8]>()
  private var news = DelayLine<Event>()
  private(set) var devices: [NetworkDevice] = []

  /// The frames that left, with the names of their ports.
  private(set) var sent: [(port: String, frame: [UInt8])] = []
  /// Commands without an answer, and the last answers.
  private(set) var openCommands: Set<UInt64> = []
  private(set) var replies: [UInt64: CommandReply] = [:]
  private var nextCommand: UInt64 = 1
  /// What the switch said that matters as much as this, or more.
  private(set) var log: [String] = []
  var loggedLevel = LogLevel.warning
  private var idleWakeups = 0

  init(seed: UInt64) throws {
    self.seed = seed
    chance = Chance(seed: seed)
    hasDevices = chance.percent(30)
    database = try SimulatedDatabase(seed: seed)
    virtualSwitch = VirtualSwitch(options: Self.options(seed: seed, hasDevices: hasDevices))
    if hasDevices { datapaths.devices = [] }
    connection.opensAt = now
  }

  private static func options(seed: UInt64, hasDevices: Bool) -> SwitchOptions {
    SwitchOptions(
      runDirectory: "/run", version: "3.1.0", dummyMode: hasDevices ? .none : .replacesAll, seed: seed)
  }

  /// The daemon ends, and with it its datapaths and connections, and begins again.
  func restartSwitch() {
    for stream in streams { remove(stream) }
    listeners = []
    openCommands = []
    requests.removeAll()
    answers.removeAll()
    news.removeAll()
    datapaths.stop()
    connection.forget(self)
    virtualSwitch = VirtualSwitch(
      options: Self.options(seed: seed &+ UInt64(stepCount), hasDevices: hasDevices))
    // A daemon that ends lets go of nothing by itself; its process does.
    remains = Remains()
    if hasDevices { setDevices(devices) }
  }

  // MARK: time

  /// Lets time pass, with everything that happens meanwhile.
  func run(milliseconds: Int64) throws {
    let end = now + milliseconds
    while let due = nextDue, due <= end {
      now = max(now, due)
      try happen()
    }
    now = end
  }

  /// The clock jumps, and nothing happens on the way: the host was suspended.
  func jump(milliseconds: Int64) { now += milliseconds }

  private var nextDue: Int64? {
    var next = virtualSwitch.nextWakeup
    func consider(_ due: Int64?) { next = earlier(next, due) }
    consider(connection.nextDue)
    consider(database.server.nextDeadline)
    consider(requests.nextDue)
    consider(answers.nextDue)
    consider(news.nextDue)
    for stream in streams {
      consider(stream.toSwitch.nextDue)
      if !stream.isStuck { consider(stream.toPeer.nextDue) }
    }
    return next
  }

  /// When something sent now arrives.
  func arrival() -> Int64 { now + Int64(chance.number(0...longestDelay)) }

  // MARK: what happens

  private enum Line {
    case requests, answers, news
    case toServer, fromServer
    case toSwitch(SimulatedStream), toPeer(SimulatedStream)
  }

  private var dueLines: [Line] {
    var lines: [Line] = []
    func add(_ line: Line, _ due: Int64?) { if let due, due <= now { lines.append(line) } }
    add(.requests, requests.nextDue)
    add(.answers, answers.nextDue)
    add(.news, news.nextDue)
    add(.toServer, connection.toServer.nextDue)
    add(.fromServer, connection.toSwitch.nextDue)
    for stream in streams {
      add(.toSwitch(stream), stream.toSwitch.nextDue)
      if !stream.isStuck { add(.toPeer(stream), stream.toPeer.nextDue) }
    }
    return lines
  }

  /// Lets some of what is due happen, in any order, and tells the switch of it.
  private func happen() throws {
    var events = try connection.run(self)
    if let deadline = database.server.nextDeadline, deadline <= now { database.server.tick(now: now) }
    connection.collect(self)
    repeat {
      guard let line = chance.pickAny(dueLines) else { break }
      try take(line, &events)
    } while events.count < 8 && chance.percent(60)
    if events.isEmpty {
      guard let wakeup = virtualSwitch.nextWakeup, wakeup <= now else { return }
      idleWakeups += 1
      if idleWakeups > 20 {
        throw Violation("the switch asks to be called at \(wakeup) again and again, at \(now)")
      }
    } else {
      idleWakeups = 0
    }
    try tell(events)
  }

  private func take(_ line: Line, _ events: inout [Event]) throws {
    switch line {
    case .requests:
      guard let request = requests.take(now: now) else { return }
      for answer in datapaths.handle(request, &chance, now: now) { answers.add(answer, due: arrival()) }
      collectPackets()
    case .answers: if let answer = answers.take(now: now) { events.append(.datapathReceived(answer)) }
    case .news: if let event = news.take(now: now) { events.append(event) }
    case .toServer: connection.serverReceives(self)
    case .fromServer: connection.switchReceives(self, &events)
    case .toPeer(let stream):
      if let bytes = stream.toPeer.take(now: now) { stream.peer.received(bytes, stream, self) }
    case .toSwitch(let stream):
      switch stream.toSwitch.take(now: now) {
      case .opened?:
        stream.peer.opened(stream, self)
        events.append(.streamOpened(stream.id))
      case .bytes(let bytes)?: events.append(.streamReceived(stream.id, bytes))
      case .closed(let reason)?:
        remove(stream)
        events.append(.streamClosed(stream.id, reason: reason))
      case nil: break
      }
    }
  }

  private func collectPackets() {
    sent += datapaths.takeSent(now: now)
    for upcall in datapaths.takeUpcalls(&chance) { answers.add(upcall, due: arrival()) }
  }

  /// Tells the switch what happened, and carries out what it wants.
  private func tell(_ events: [Event]) throws {
    stepCount += 1
    let moment = Moment(milliseconds: now, wallMilliseconds: now + 1_700_000_000_000)
    let effects = virtualSwitch.step(events, now: moment)
    for effect in effects {
      digest.add(effect)
      try perform(effect)
    }
    try Invariants.checkAlways(self)
  }

  // MARK: effects

  private func perform(_ effect: Effect) throws {
    switch effect {
    case .databaseSend(let message): connection.send(message, self)
    case .databaseClose(let reason): connection.close(reason, self)
    case .openStream(let id, let address): open(id, address)
    case .streamSend(let id, let bytes): send(bytes, on: id)
    case .awaitDrain(let id):
      // Who is stuck never reads what there is.
      if let stream = stream(id), !stream.isCut, !stream.isStuck {
        news.add(.streamDrained(id), due: arrival())
      }
    case .closeStream(let id):
      if let stream = stream(id) { remove(stream) }
    case .openListener(let id, let address):
      guard !listeners.contains(where: { $0.address == address }) else {
        throw Violation("\(address) is opened while it is open")
      }
      listeners.append((id, address))
    case .closeListener(let id): listeners.removeAll { $0.id == id }
    case .datapathSend(let bytes): requests.add(bytes, due: arrival())
    case .datapathReceive(_, let port, let frame):
      for datapath in datapaths.running { datapath.engine.receive(frame, port, now) }
      collectPackets()
    case .configureDevice(let name, let change): configure(name, change)
    case .refreshDevices: if hasDevices { news.add(.devicesChanged(devices), due: arrival()) }
    case .reply(let id, let reply):
      guard openCommands.remove(id.rawValue) != nil else {
        throw Violation("command \(id.rawValue) is answered twice")
      }
      replies[id.rawValue] = reply
    case .log(let module, let level, let text):
      if level <= loggedLevel { log.append("\(now) \(module): \(text)") }
    case .ready, .exit: break
    }
  }

  // MARK: streams

  private func stream(_ id: StreamID) -> SimulatedStream? { streams.first { $0.id == id } }

  private func remove(_ stream: SimulatedStream) {
    streams.removeAll { $0 === stream }
    stream.peer.closed(stream)
  }

  private func open(_ id: StreamID, _ address: String) {
    guard let place = controllers[address], !place.refuses else {
      news.add(.streamClosed(id, reason: "Connection refused"), due: arrival())
      return
    }
    let stream = SimulatedStream(id, ControllerPeer(place.manner, version: place.version, address: address))
    streams.append(stream)
    stream.toSwitch.add(.opened, due: arrival())
  }

  /// Lets somebody connect to a socket of the switch.
  func connect(_ peer: any StreamPeer, to address: String) throws {
    guard let listener = listeners.first(where: { $0.address == address }) else { return }
    let stream = SimulatedStream(virtualSwitch.makeStreamID(), peer)
    streams.append(stream)
    try tell([.streamAccepted(listener.id, stream.id, peer: "unix")])
    peer.opened(stream, self)
  }

  private func send(_ bytes: [UInt8], on id: StreamID) {
    guard let stream = stream(id), !stream.isCut else { return }
    if stream.isStuck {
      stream.unreadByteCount += bytes.count
      if stream.unreadByteCount > SimulatedStream.sendQueueLimit { cut(stream, reason: "send queue full") }
      return
    }
    for piece in chance.pieces(bytes) { stream.toPeer.add(piece, due: arrival()) }
  }

  /// Lets bytes of a peer go to the switch, in pieces.
  func send(_ bytes: [UInt8], to stream: SimulatedStream) {
    guard !stream.isCut, !bytes.isEmpty else { return }
    for piece in chance.pieces(bytes) { stream.toSwitch.add(.bytes(piece), due: arrival()) }
  }

  /// Ends a stream from outside.
  func cut(_ stream: SimulatedStream, reason: String = "Connection reset by peer") {
    stream.cut(reason: reason, &chance, now: now)
  }

  // MARK: the host

  /// A user's command.
  @discardableResult
  func command(_ name: String, _ arguments: [String] = []) throws -> UInt64 {
    let id = nextCommand
    nextCommand += 1
    openCommands.insert(id)
    try tell([.command(CommandID(id), name: name, arguments: arguments)])
    return id
  }

  /// A host sends a frame to a port.
  func sendFrame(_ frame: [UInt8], port: String) {
    recentFrames.append((port, frame))
    if recentFrames.count > 40 { recentFrames.removeFirst() }
    guard datapaths.receive(frame, port: port, now: now) else { return }
    collectPackets()
  }

  /// What the hosts sent lately, with the names of the ports.
  private(set) var recentFrames: [(port: String, frame: [UInt8])] = []

  /// Takes the frames that left.
  func takeSent() -> [(port: String, frame: [UInt8])] {
    defer { sent = [] }
    return sent
  }

  /// The host's devices become these.
  func setDevices(_ devices: [NetworkDevice]) {
    self.devices = devices
    datapaths.devices = Set(devices.map { $0.name })
    news.add(.devicesChanged(devices), due: arrival())
  }

  private func configure(_ name: String, _ change: DeviceChange) {
    guard let place = devices.firstIndex(where: { $0.name == name }) else { return }
    if let address = change.ethernetAddress { devices[place].ethernetAddress = address }
    if let count = change.maximumTransmissionUnit { devices[place].maximumTransmissionUnit = count }
    if let isUp = change.isUp { devices[place].isUp = isUp }
    setDevices(devices)
  }

  /// How many requests and answers are under way between the switch and its datapaths.
  var datapathMessageCount: Int { requests.count + answers.count }
}
