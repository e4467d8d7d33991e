import Datapath
import OpenFlow
import TestSupport

@testable import Switch

/// A whole switch with a datapath, without a host: time moves when a test says so.
final class SwitchHarness {
  let virtualSwitch: VirtualSwitch
  private var datapath = EngineGroup(count: 1)
  /// Says with which error the datapath refuses a request.
  var refusal: ((NetlinkMessage.Body) -> UInt32?)?
  /// Whether there is a datapath at all.
  private var hasDatapath = true
  private(set) var now: Int64 = 1_000_000
  /// What the switch wants done, apart from what the harness did itself.
  private(set) var effects: [Effect] = []
  /// Frames that left, with the datapath port that they left by.
  private(set) var sent: [(port: UInt32, frame: [UInt8])] = []
  private(set) var listeners: [String: ListenerID] = [:]
  /// Bytes that the switch sent, by stream.
  private(set) var output: [StreamID: [UInt8]] = [:]
  /// The most effects that one step had.
  var largestEffectCount = 0
  /// Whether peers read what they are sent.
  var drainsStreams = true

  init(dummyMode: SwitchOptions.DummyMode = .replacesAll) {
    virtualSwitch = VirtualSwitch(
      options: SwitchOptions(runDirectory: "/run", version: "3.1.0", dummyMode: dummyMode, seed: 7))
  }

  /// Takes a configuration and lets everything settle.
  func configure(_ bridges: [DesiredBridge]) {
    var desired = DesiredSwitch()
    desired.bridges = bridges
    virtualSwitch.context.turn.now = Moment(milliseconds: now)
    virtualSwitch.reconciler.apply(desired)
    step([])
  }

  /// A switch whose one bridge has the ports p1 and p2.
  static func withTwoPorts() -> SwitchHarness {
    let harness = SwitchHarness()
    harness.configure([bridge(ports: [("p1", 1), ("p2", 2)])])
    harness.advance(milliseconds: 100)
    return harness
  }

  /// A bridge of dummy ports, numbered as given.
  static func bridge(_ name: String = "br0", ports: [(String, Int64)]) -> DesiredBridge {
    var bridge = DesiredBridge(name: name)
    bridge.ports = [
      DesiredPort(name: name, interfaces: [DesiredInterface(name: name, type: "internal")])
    ]
    for (port, number) in ports {
      var interface = DesiredInterface(name: port, type: "dummy")
      interface.requestedNumber = number
      bridge.ports.append(DesiredPort(name: port, interfaces: [interface]))
    }
    return bridge
  }

  /// Tells the switch something, and carries out what follows until nothing more does.
  func step(_ events: [Event]) {
    var events = events
    repeat {
      let wanted = virtualSwitch.step(events, now: Moment(milliseconds: now))
      largestEffectCount = max(largestEffectCount, wanted.count)
      events = []
      for effect in wanted { perform(effect, &events) }
    } while !events.isEmpty
  }

  /// The clock jumps, and nothing happens on the way.
  func jump(milliseconds: Int64) { now += milliseconds }

  /// Lets time pass, with a step whenever the switch asked for one.
  func advance(milliseconds: Int64) {
    let end = now + milliseconds
    while let wakeup = virtualSwitch.nextWakeup, wakeup <= end {
      now = max(now, wakeup)
      step([])
      if virtualSwitch.nextWakeup == wakeup { now += 1 }
    }
    now = max(now, end)
    step([])
  }

  private func perform(_ effect: Effect, _ events: inout [Event]) {
    switch effect {
    case .datapathSend(let message) where !hasDatapath:
      for request in (try? NetlinkMessage.decode(message)) ?? [] {
        events.append(.datapathReceived(NetlinkMessage(request.header.reply(), .error(19)).encode()))
      }
    case .datapathSend(let message):
      for answer in answers(to: message) {
        if isDatapathSlow { heldAnswers.append(answer) } else { events.append(.datapathReceived(answer)) }
      }
      collect(&events)
    case .datapathReceive(_, let port, let frame):
      datapath.take(frame, from: port.rawValue, now: UInt64(now))
      collect(&events)
    case .openListener(let id, let address): listeners[address] = id
    case .streamSend(let id, let bytes): output[id, default: []] += bytes
    case .awaitDrain(let id): if drainsStreams { events.append(.streamDrained(id)) }
    default: effects.append(effect)
    }
  }

  private func answers(to bytes: [UInt8]) -> [[UInt8]] {
    if let message = try? NetlinkMessage.decode(bytes).first, let code = refusal?(message.body) {
      return [NetlinkMessage(message.header.reply(), .error(code)).encode()]
    }
    return datapath.handle(message: bytes, nowMilliseconds: UInt64(now))
  }

  /// Holds back the datapath's answers while it is set, and lets them come when it is not.
  var isDatapathSlow = false {
    didSet {
      guard !isDatapathSlow else { return }
      let answers = heldAnswers
      heldAnswers = []
      step(answers.map { .datapathReceived($0) })
    }
  }
  private var heldAnswers: [[UInt8]] = []

  /// The datapath loses all that it has.
  func loseDatapath() { datapath = EngineGroup(count: 1) }

  private func collect(_ events: inout [Event]) {
    sent += datapath.takeSent().map { ($0.port, $0.bytes) }
    for upcall in datapath.drainUpcalls(on: 0) { events.append(.datapathReceived(upcall)) }
  }

  /// Takes the datapath away, with all that it knows.
  func removeDatapath() {
    hasDatapath = false
    datapath = EngineGroup(count: 1)
    let index = virtualSwitch.reconciler.datapaths.values.first?.index ?? 0
    let message = NetlinkMessage(
      NetlinkHeader(datapathIndex: index), .datapath(.delete, DatapathMessage(name: "gone")))
    step([.datapathReceived(message.encode())])
  }

  /// Lets a datapath come back, an empty one; the devices are told of as the host does then.
  func returnDatapath() {
    hasDatapath = true
    step([.devicesChanged([])])
  }

  /// The ports that the datapath has.
  var datapathPorts: [String: UInt32] {
    var ports: [String: UInt32] = [:]
    for port in datapath.ports(now: UInt64(now)) {
      ports[String(decoding: port.name ?? [], as: UTF8.self)] = port.number?.rawValue
    }
    return ports
  }

  /// Lets a frame come in by a dummy port.
  func receive(_ frame: [UInt8], on name: String) {
    guard let link = virtualSwitch.reconciler.datapaths.values.first,
      let number = link.interface(named: name)?.datapathNumber
    else { return }
    datapath.take(frame, from: number.rawValue, now: UInt64(now))
    var events: [Event] = []
    collect(&events)
    step(events)
  }

  /// The names of the ports by which frames left since the last call.
  func takeSentPorts() -> [String] {
    let link = virtualSwitch.reconciler.datapaths.values.first
    let names = sent.map { packet in
      link?.interfaces[DatapathPortNumber(packet.port)]?.name ?? "port \(packet.port)"
    }
    sent = []
    return names.sorted()
  }

  /// Takes the effects so far.
  func takeEffects() -> [Effect] {
    defer { effects = [] }
    return effects
  }

  /// Takes what the switch sent on a stream.
  func takeOutput(_ stream: StreamID) -> [UInt8] {
    defer { output[stream] = nil }
    return output[stream] ?? []
  }
}

/// A controller, or a tool, at the other end of a stream.
final class OpenFlowPeer {
  let harness: SwitchHarness
  let stream: StreamID
  private var input = MessageStream()
  private(set) var form: WireProtocol
  private var nextXID: UInt32 = 100

  /// Connects to the bridge's management socket and settles a version.
  init(_ harness: SwitchHarness, bridge: String = "br0", version: OpenFlowVersion = .v13) {
    self.harness = harness
    stream = harness.virtualSwitch.makeStreamID()
    form = WireProtocol(version, tableID: true)
    if let listener = harness.listeners["punix:/run/\(bridge).mgmt"] {
      harness.step([.streamAccepted(listener, stream, peer: "test")])
    }
    send(.hello(Hello(versions: OpenFlowVersions(version))))
    _ = receive()
  }

  /// Takes over a stream that the switch opened.
  init(_ harness: SwitchHarness, stream: StreamID, version: OpenFlowVersion) {
    self.harness = harness
    self.stream = stream
    form = WireProtocol(version, tableID: true)
    harness.step([.streamOpened(stream)])
    send(.hello(Hello(versions: OpenFlowVersions(version))))
    _ = receive()
  }

  /// Sends a message.
  func send(_ message: Message) {
    nextXID += 1
    harness.step([.streamReceived(stream, message.encode(form, xid: nextXID))])
  }

  /// Sends bytes.
  func send(bytes: [UInt8]) { harness.step([.streamReceived(stream, bytes)]) }

  /// The messages that came since the last call.
  func receive() -> [Message] {
    input.append(harness.takeOutput(stream))
    var messages: [Message] = []
    while let bytes = try? input.next() {
      if let received = try? Message.decode(bytes, hasTableID: true) {
        messages.append(received.message)
      }
    }
    return messages
  }

  /// Sends a message and gives the answers.
  func ask(_ message: Message) -> [Message] {
    _ = receive()
    send(message)
    return receive()
  }

  /// The error that a message gets, if it gets one.
  func error(_ message: Message) -> OpenFlowError? {
    for case .error(let error) in ask(message) { return error.error }
    return nil
  }
}
