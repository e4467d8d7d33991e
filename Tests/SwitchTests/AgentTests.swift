import Datapath
import OpenFlow
import PacketWire
import TestSupport
import Testing

@testable import Switch

@Suite struct AgentTests {
  static func peer(_ version: OpenFlowVersion = .v13) -> OpenFlowPeer {
    let harness = SwitchHarness()
    harness.configure([SwitchHarness.bridge(ports: [("p1", 1), ("p2", 2), ("p3", 3)])])
    return OpenFlowPeer(harness, version: version)
  }

  static func add(_ priority: UInt16, outputs: [UInt32], inPort: UInt32? = nil) -> FlowMod {
    var match = Match()
    if let inPort { match.set(.inPortOXM, FieldValue(inPort)) }
    var change = FlowMod(.add, table: 0, match: match)
    change.priority = priority
    change.actions = outputs.map { .output(OpenFlowPortNumber($0)) }
    return change
  }

  private static func flows(_ peer: OpenFlowPeer) -> [FlowDescription] {
    var found: [FlowDescription] = []
    let request = FlowStatisticsRequest(table: nil, match: Match())
    for case .flowStatisticsReply(let flows, more: _) in peer.ask(.flowStatisticsRequest(request)) {
      found += flows
    }
    return found
  }

  @Test(arguments: OpenFlowVersion.allCases)
  func `Every version is greeted and answered`(version: OpenFlowVersion) {
    let peer = Self.peer(version)
    var answers: [String] = []
    for message in [
      Message.featuresRequest, .echoRequest([1, 2, 3]), .barrierRequest, .descriptionRequest,
    ] {
      for answer in peer.ask(message) { answers.append("\(answer.kind)") }
    }
    #expect(answers == ["featuresReply", "echoReply", "barrierReply", "descriptionReply"])
  }

  @Test func `A peer without a common version is told so and left`() {
    let harness = SwitchHarness()
    var bridge = SwitchHarness.bridge(ports: [])
    bridge.protocols = OpenFlowVersions(.v13)
    harness.configure([bridge])
    let peer = OpenFlowPeer(harness, version: .v10)
    let closed = harness.takeEffects().contains {
      if case .closeStream(peer.stream) = $0 { true } else { false }
    }
    #expect(closed)
  }

  @Test func `The standalone rule is there until controllers are configured`() {
    let peer = Self.peer()
    let before = Self.flows(peer)
    #expect(before.count == 1)
    #expect(before.first?.actions == [.output(.normal)])
    var bridge = SwitchHarness.bridge(ports: [("p1", 1)])
    bridge.controllers = [DesiredController(row: "c", target: "tcp:127.0.0.1:6653")]
    peer.harness.configure([bridge])
    #expect(Self.flows(peer).isEmpty)
  }

  @Test func `Flows are added, counted, changed and deleted`() {
    let peer = Self.peer()
    peer.send(.flowModification(FlowMod(.delete)))
    peer.send(.flowModification(Self.add(10, outputs: [2], inPort: 1)))
    peer.send(.flowModification(Self.add(20, outputs: [3], inPort: 2)))
    #expect(Self.flows(peer).map(\.priority).sorted() == [10, 20])
    var change = Self.add(10, outputs: [3], inPort: 1)
    change.command = .modifyStrict
    peer.send(.flowModification(change))
    #expect(Self.flows(peer).filter { $0.priority == 10 }.first?.actions == [.output(OpenFlowPortNumber(3))])
    var delete = FlowMod(.delete)
    delete.outPort = OpenFlowPortNumber(3)
    peer.send(.flowModification(delete))
    #expect(Self.flows(peer).isEmpty)
  }

  @Test func `What can not be is refused with its error`() {
    let peer = Self.peer()
    var overlapping = Self.add(10, outputs: [2], inPort: 1)
    peer.send(.flowModification(overlapping))
    overlapping.match = Match()
    overlapping.flags = .checkOverlap
    #expect(peer.error(.flowModification(overlapping)) == .flowModFailedOverlap)
    var backwards = FlowMod(.add, table: 3)
    backwards.actions = [.gotoTable(2)]
    #expect(peer.error(.flowModification(backwards)) == .badInstructionBadTableID)
    var buffered = Self.add(1, outputs: [1])
    buffered.buffer = 7
    #expect(peer.error(.flowModification(buffered)) == .badRequestBufferUnknown)
  }

  @Test func `Rules expire and say so`() {
    let peer = Self.peer()
    peer.send(
      .setConfiguration(OpenFlow.SwitchConfiguration(fragments: .normal, missSendLength: 128)))
    var change = Self.add(10, outputs: [2], inPort: 1)
    change.hardTimeoutSeconds = 2
    change.flags = .sendFlowRemoved
    peer.send(.flowModification(change))
    peer.harness.advance(milliseconds: 1500)
    #expect(peer.receive().isEmpty)
    peer.harness.advance(milliseconds: 2500)
    var reasons: [FlowRemovedReason] = []
    for case .flowRemoved(let removed) in peer.receive() { reasons.append(removed.reason) }
    #expect(reasons == [.hardTimeout])
  }

  /// Sends a bundle, and gives what is wrong with one of its messages, and then with it as a whole.
  static func bundle(
    _ id: UInt32, _ messages: [Message], _ peer: OpenFlowPeer, flags: BundleFlags = [.atomic, .ordered]
  ) -> [OpenFlowError?] {
    peer.send(.bundleControl(BundleControl(bundleID: id, type: .openRequest, flags: flags)))
    for message in messages {
      let inner = message.encode(peer.form, xid: 0x42)
      let add = Message.bundleAdd(BundleAdd(bundleID: id, flags: flags, message: inner))
      peer.send(bytes: add.encode(peer.form, xid: 0x42))
    }
    peer.send(.bundleControl(BundleControl(bundleID: id, type: .commitRequest, flags: flags)))
    var errors: [OpenFlowError?] = []
    for case .error(let error) in peer.receive() { errors.append(error.error) }
    return errors
  }

  @Test func `A bundle that fails has configured no port, and one with a bad packet has changed no flow`() {
    let peer = Self.peer(.v14)
    peer.send(.flowModification(FlowMod(.delete)))
    let port = PortModification(
      port: OpenFlowPortNumber(1), address: MACAddress(0), configuration: .noReceive, mask: .noReceive)
    let packet = PacketOut(packet: [1, 2, 3], inPort: .none, actions: [])
    let messages: [Message] = [
      .flowModification(Self.add(1, outputs: [1])), .portModification(port), .packetOut(packet),
    ]
    #expect(
      Self.bundle(1, messages, peer, flags: .ordered) == [.badRequestBadLength, .bundleFailedMessageFailed])
    #expect(Self.flows(peer).isEmpty)
    let bridge = peer.harness.virtualSwitch.reconciler.bridges["br0"]
    #expect(bridge?.interface(OpenFlowPortNumber(1))?.configuration == [])
    // Nobody can take a port's change back unseen.
    #expect(
      Self.bundle(3, Array(messages.dropLast()), peer)
        == [.bundleFailedMessageFailed, .bundleFailedMessageFailed])
    #expect(Self.flows(peer).isEmpty)
    #expect(Self.bundle(2, Array(messages.dropLast()), peer, flags: .ordered).isEmpty)
    #expect(Self.flows(peer).count == 1)
    #expect(bridge?.interface(OpenFlowPortNumber(1))?.configuration == .noReceive)
  }

  @Test func `Actions on a packet that it cannot have are refused`() {
    let peer = Self.peer(.v13)
    let arp = [UInt8](repeating: 0xff, count: 12) + [0x08, 0x06] + [UInt8](repeating: 0, count: 46)
    func error(_ actions: [Action]) -> OpenFlowError? {
      peer.error(.packetOut(PacketOut(packet: arp, inPort: OpenFlowPortNumber(1), actions: actions)))
    }
    #expect(error([.output(OpenFlowPortNumber(2))]) == nil)
    #expect(error([.setField(.arpOperation, 2), .output(OpenFlowPortNumber(2))]) == nil)
    #expect(error([.setField(.ipSource, 2), .output(OpenFlowPortNumber(2))]) == .badActionMatchInconsistent)
    #expect(error([.setField(.tcpSource, 2)]) == .badActionMatchInconsistent)
    // OpenFlow 1.0 lets such actions pass that a switch may ignore.
    let old = Self.peer(.v10)
    let packet = PacketOut(
      packet: arp, inPort: OpenFlowPortNumber(1), actions: [.decrementTTL(controllers: [0])])
    #expect(old.error(.packetOut(packet)) == nil)
  }

  @Test func `Clones that would be translated too deep are refused`() {
    let peer = Self.peer(.v13)
    func error(_ depth: Int) -> OpenFlowError? {
      var actions: [Action] = [.output(OpenFlowPortNumber(2))]
      for _ in 0..<depth { actions = [.clone(actions)] }
      var change = FlowMod(.add, table: 3)
      change.actions = actions
      return peer.error(.flowModification(change))
    }
    #expect(error(63) == nil)
    #expect(error(64) == .badActionTooMany)
  }

  @Test func `A bundle is carried out whole or not at all`() {
    let peer = Self.peer(.v14)
    peer.send(.flowModification(FlowMod(.delete)))
    func bundle(_ id: UInt32, _ changes: [FlowMod]) -> [OpenFlowError?] {
      Self.bundle(id, changes.map { .flowModification($0) }, peer)
    }
    var bad = FlowMod(.add, table: 3)
    bad.actions = [.gotoTable(2)]
    #expect(
      bundle(1, [Self.add(1, outputs: [1]), bad])
        == [.badInstructionBadTableID, .bundleFailedMessageFailed])
    #expect(Self.flows(peer).isEmpty)
    #expect(bundle(2, [Self.add(1, outputs: [1]), Self.add(2, outputs: [2])]).isEmpty)
    #expect(Self.flows(peer).count == 2)
  }

  @Test func `A bundle for which nothing comes is given up, and its answers say nothing of its flags`() {
    let peer = Self.peer(.v14)
    let answer = peer.ask(
      .bundleControl(BundleControl(bundleID: 9, type: .openRequest, flags: [.atomic, .ordered])))
    var opened: [BundleControl] = []
    for case .bundleControl(let control) in answer { opened.append(control) }
    #expect(opened == [BundleControl(bundleID: 9, type: .openReply, flags: [])])
    peer.harness.advance(milliseconds: Bundle.idleMilliseconds - 1)
    #expect(peer.receive().isEmpty)
    peer.harness.advance(milliseconds: 2)
    var errors: [OpenFlowError?] = []
    for case .error(let error) in peer.receive() { errors.append(error.error) }
    #expect(errors == [.bundleFailedTimeout])
  }

  @Test func `An echo is answered in whatever version it comes, and nothing else is`() {
    let peer = Self.peer(.v14)
    peer.send(bytes: Message.echoRequest([7]).encode(WireProtocol(.v13), xid: 5))
    #expect(peer.receive().map { $0.kind } == [.echoReply])
    peer.send(bytes: Message.barrierRequest.encode(WireProtocol(.v13), xid: 6))
    var errors: [OpenFlowError?] = []
    for case .error(let error) in peer.receive() { errors.append(error.error) }
    #expect(errors == [.badRequestBadVersion])
  }

  @Test func `An error carries the whole message that it is about`() {
    let peer = Self.peer()
    var bad = FlowMod(.add, table: 3)
    bad.actions = [.gotoTable(2)] + [Action](repeating: .output(OpenFlowPortNumber(1)), count: 20)
    let bytes = Message.flowModification(bad).encode(peer.form, xid: 7)
    peer.send(bytes: bytes)
    var data: [[UInt8]] = []
    for case .error(let error) in peer.receive() { data.append(error.data) }
    #expect(data == [bytes])
  }

  @Test func `A bridge whose name leads elsewhere is not made, and says so`() {
    let harness = SwitchHarness()
    harness.configure([
      SwitchHarness.bridge("../evil", ports: []), SwitchHarness.bridge("a\\b", ports: []),
      SwitchHarness.bridge(ports: []),
    ])
    #expect(Array(harness.virtualSwitch.reconciler.bridges.keys) == ["br0"])
    #expect(harness.listeners.keys.allSatisfy { $0.hasPrefix("punix:/run/br0.") })
    let lines = harness.effects.compactMap { effect -> String? in
      if case .log(_, .warning, let text) = effect { text } else { nil }
    }
    #expect(lines.contains("ignoring bridge with invalid name \"../evil\""))
  }

  @Test func `Sockets of controllers lie where the switch's own do`() {
    let harness = SwitchHarness()
    var bridge = SwitchHarness.bridge(ports: [])
    bridge.controllers = [
      "punix:/run/br0.x", "punix:/run/other.x", "punix:/run/br0.x/y", "punix:/etc/passwd", "unix:/run/c",
      "unix:/run/../etc/c", "unix:/etc/c",
    ].map { DesiredController(row: "c", target: $0) }
    harness.configure([bridge])
    let opened = harness.effects.compactMap { effect -> String? in
      if case .openStream(_, let address) = effect { address } else { nil }
    }
    #expect(opened == ["unix:/run/c"])
    #expect(
      Set(harness.listeners.keys) == ["punix:/run/br0.mgmt", "punix:/run/br0.snoop", "punix:/run/br0.x"])
  }

  @Test func `One primary controller makes the others secondary`() {
    let harness = SwitchHarness()
    harness.configure([SwitchHarness.bridge(ports: [("p1", 1)])])
    let first = OpenFlowPeer(harness, version: .v13)
    let second = OpenFlowPeer(harness, version: .v13)
    first.send(.roleRequest(RoleMessage(role: .primary, generationID: 5)))
    second.send(.roleRequest(RoleMessage(role: .primary, generationID: 6)))
    #expect(first.error(.flowModification(FlowMod(.add, table: 0))) == .badRequestIsSecondary)
    #expect(
      first.error(.roleRequest(RoleMessage(role: .primary, generationID: 5))) == .roleRequestFailedStale)
    #expect(second.error(.flowModification(FlowMod(.add, table: 0))) == nil)
  }

  @Test func `A controller is connected to, probed, left and tried again`() {
    let harness = SwitchHarness()
    var bridge = SwitchHarness.bridge(ports: [("p1", 1)])
    bridge.controllers = [DesiredController(row: "c", target: "tcp:10.0.0.9")]
    harness.configure([bridge])
    func opened() -> [StreamID] {
      harness.takeEffects().compactMap { if case .openStream(let id, _) = $0 { id } else { nil } }
    }
    let streams = opened()
    #expect(streams.count == 1)
    guard let stream = streams.first else { return }
    let controller = OpenFlowPeer(harness, stream: stream, version: .v13)
    #expect(harness.virtualSwitch.agents["br0"]?.controllers["tcp:10.0.0.9"]?.isConnected == true)
    harness.advance(milliseconds: 5100)
    var kinds: [String] = []
    for message in controller.receive() { kinds.append("\(message.kind)") }
    #expect(kinds.contains("echoRequest"))
    harness.advance(milliseconds: 5100)
    #expect(harness.virtualSwitch.agents["br0"]?.controllers["tcp:10.0.0.9"]?.isConnected == false)
    harness.advance(milliseconds: 1100)
    #expect(opened().count == 1)
  }

  @Test func `Without any controller for three probes a standalone bridge switches by itself`() {
    let harness = SwitchHarness()
    var bridge = SwitchHarness.bridge(ports: [("p1", 1), ("p2", 2)])
    bridge.controllers = [DesiredController(row: "c", target: "tcp:10.0.0.9")]
    harness.configure([bridge])
    #expect(harness.virtualSwitch.reconciler.bridges["br0"]?.tables.ruleCount == 0)
    harness.advance(milliseconds: 16_000)
    #expect(harness.virtualSwitch.reconciler.bridges["br0"]?.tables.ruleCount == 1)
    bridge.failMode = .secure
    harness.configure([bridge])
    harness.advance(milliseconds: 1000)
    #expect(harness.virtualSwitch.reconciler.bridges["br0"]?.tables.ruleCount == 0)
  }

  @Test func `Rubbish closes the connection or gets an error, and never more`() {
    var random = SeededRandom(seed: 11)
    let harness = SwitchHarness()
    harness.configure([SwitchHarness.bridge(ports: [("p1", 1)])])
    for _ in 0..<200 {
      let peer = OpenFlowPeer(harness, version: .v13)
      var bytes: [UInt8] = []
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let body = random.bytes(Int.random(in: 0...80, using: &random))
        let count = 8 + body.count
        bytes += [4, UInt8.random(in: 0...30, using: &random), 0, UInt8(count), 0, 0, 0, 1] + body
      }
      peer.send(bytes: bytes)
      _ = peer.receive()
    }
    #expect(harness.virtualSwitch.agents["br0"] != nil)
  }
}
