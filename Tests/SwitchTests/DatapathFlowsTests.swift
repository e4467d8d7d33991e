import Datapath
import OpenFlow
import Testing

@testable import Switch

struct DatapathFlowsTests {
  private static func frame(from source: UInt8, to destination: UInt8) -> [UInt8] {
    [2, 0, 0, 0, 0, destination, 2, 0, 0, 0, 0, source, 0x12, 0x34] + [UInt8](repeating: 7, count: 50)
  }

  private static func switched() -> SwitchHarness {
    let harness = SwitchHarness()
    harness.configure([SwitchHarness.bridge(ports: [("p1", 1), ("p2", 2), ("p3", 3)])])
    harness.advance(milliseconds: 100)
    return harness
  }

  private static func add(_ text: String, _ peer: OpenFlowPeer) throws {
    peer.send(.flowModification(try FlowParser().flow(text, .add).change))
  }

  @Test func `a flow that the learning of its own first packet makes wrong is put right`() {
    let harness = Self.switched()
    harness.receive(Self.frame(from: 5, to: 5), on: "p1")
    #expect(harness.takeSentPorts() == ["br0", "p2", "p3"])
    harness.advance(milliseconds: 1500)
    harness.receive(Self.frame(from: 5, to: 5), on: "p1")
    #expect(harness.takeSentPorts() == [])
  }

  @Test func `a barrier is answered when the datapath does what the rules before it say`() throws {
    let harness = Self.switched()
    let peer = OpenFlowPeer(harness)
    try Self.add("in_port=1,actions=output:2", peer)
    harness.receive(Self.frame(from: 1, to: 2), on: "p1")
    #expect(harness.takeSentPorts() == ["p2"])
    // Without time passing: what was installed is right when the answer comes.
    try Self.add("in_port=1,actions=output:3", peer)
    peer.send(.barrierRequest)
    #expect(peer.receive().map { $0.kind } == [.barrierReply])
    harness.receive(Self.frame(from: 1, to: 2), on: "p1")
    #expect(harness.takeSentPorts() == ["p3"])
    // A datapath that is slow holds the answer, and what the peer asks behind it, back for a while.
    harness.isDatapathSlow = true
    try Self.add("in_port=1,actions=output:2", peer)
    peer.send(.barrierRequest)
    peer.send(.echoRequest([1]))
    #expect(peer.receive().isEmpty)
    harness.isDatapathSlow = false
    harness.advance(milliseconds: 10)
    #expect(peer.receive().map { $0.kind } == [.barrierReply, .echoReply])
    harness.isDatapathSlow = true
    try Self.add("in_port=1,actions=output:3", peer)
    peer.send(.barrierRequest)
    harness.advance(milliseconds: Revalidator.longestBarrierMilliseconds + 1)
    #expect(peer.receive().map { $0.kind } == [.barrierReply])
  }

  @Test func `ports' counters are as new as the question`() throws {
    let harness = Self.switched()
    let peer = OpenFlowPeer(harness)
    try Self.add("in_port=1,actions=output:2", peer)
    harness.receive(Self.frame(from: 1, to: 2), on: "p1")
    peer.send(.portStatisticsRequest(OpenFlowPortNumber(2)))
    guard case .portStatisticsReply(let ports, _)? = peer.receive().first else {
      Issue.record("no answer")
      return
    }
    #expect(ports.map { $0.sentPackets } == [1])
  }

  @Test func `what was learned by a port goes with its VLAN`() throws {
    let harness = SwitchHarness()
    var bridge = SwitchHarness.bridge(ports: [("p1", 1), ("p2", 2)])
    harness.configure([bridge])
    harness.advance(milliseconds: 100)
    harness.receive(Self.frame(from: 1, to: 2), on: "p1")
    harness.receive(Self.frame(from: 2, to: 1), on: "p2")
    let addresses = harness.virtualSwitch.reconciler.bridges["br0"]?.addresses
    #expect(addresses?.count == 2)
    bridge.ports[1].tag = 20
    harness.configure([bridge])
    #expect(addresses?.count == 1)
    bridge.ports[2].trunks = [5]
    harness.configure([bridge])
    #expect(addresses?.count == 0)
  }

  @Test func `packet-ins say why, and carry the whole packet`() throws {
    let harness = Self.switched()
    let old = OpenFlowPeer(harness, version: .v10)
    let new = OpenFlowPeer(harness, version: .v13)
    for peer in [old, new] {
      peer.send(.setConfiguration(OpenFlow.SwitchConfiguration(fragments: .normal, missSendLength: 20)))
    }
    func reasons(_ peer: OpenFlowPeer) -> [PacketIn] {
      peer.receive().compactMap { if case .packetIn(let packet) = $0 { packet } else { nil } }
    }
    new.send(.flowModification(FlowMod(.delete)))
    _ = (old.receive(), new.receive())
    // No rule at all: who speaks OpenFlow 1.3 is told nothing.
    harness.receive(Self.frame(from: 1, to: 2), on: "p1")
    #expect(reasons(old).map { $0.reason } == [.noMatch])
    #expect(reasons(new).isEmpty)
    // A rule for misses, which OpenFlow knows since 1.3.
    try Self.add("priority=0,actions=controller:30", new)
    new.send(.barrierRequest)
    harness.receive(Self.frame(from: 1, to: 2), on: "p1")
    #expect(reasons(old).map { $0.reason } == [.action])
    #expect(reasons(new).map { $0.reason } == [.noMatch])
    try Self.add("priority=1,actions=set_field:5->metadata,controller(max_len=30,userdata=01.02)", new)
    new.send(.setPacketInFormat(.nicira2))
    new.send(.barrierRequest)
    _ = new.receive()
    harness.receive(Self.frame(from: 1, to: 2), on: "p1")
    let packets = reasons(new)
    #expect(packets.map { $0.reason } == [.action])
    #expect(packets.first?.packet == Self.frame(from: 1, to: 2))
    #expect(packets.first?.userData == [1, 2])
    #expect(packets.first?.cookie == 0)
    #expect(packets.first?.metadata.value(of: .metadata) == 5)
  }

  @Test(arguments: [UInt64(0x0800), 0x86dd])
  func `a packet-in says what connection tracking has said`(type: UInt64) {
    var key = FlowKey()
    key[.ethType] = type
    key[.ctState] = UInt64(TrackState.isNew | TrackState.isTracked)
    key[.ctZone] = 5
    key[.ctProtocol] = 17
    key[.ctTransportSource] = 1000
    key[.ctSource] = 0x0a00_0001
    key[wide: .ctIPv6Source] = 9
    func metadata() -> Match {
      ControllerPacket(
        bridge: Bridge(name: "br0", datapath: DatapathLink(type: "dummy", name: "ovs-dummy")),
        pause: Pause(
          bridge: "br0", table: 0, cookie: 0, controller: ControllerAction(), inPort: OpenFlowPortNumber(1),
          pipeline: PackedKey(FlowKey())), key: key, frame: []
      ).metadata
    }
    let known = metadata()
    #expect(known.value(of: .ctState) == 0x21 && known.value(of: .ctZone) == 5)
    #expect(known.value(of: .ctTransportSource) == 1000 && known.value(of: .ctProtocol) == 17)
    #expect(known.mask[.ctSource] == (type == 0x0800 ? 0xffff_ffff : 0))
    #expect(known.mask[wide: .ctIPv6Source] == (type == 0x0800 ? 0 : UInt128.max))
    #expect(known.mask[.ctMark] == 0)
    // What does not fit a connection has no tuple.
    key[.ctState] = UInt64(TrackState.isInvalid | TrackState.isTracked)
    key[.ctMark] = 7
    let invalid = metadata()
    #expect(invalid.mask[.ctProtocol] == 0 && invalid.mask[.ctSource] == 0)
    #expect(invalid.value(of: .ctMark) == 7)
  }

  @Test func `packets that come up and flows are written to the log for who wants to read it`() throws {
    let harness = Self.switched()
    let peer = OpenFlowPeer(harness)
    try Self.add("in_port=1,actions=output:2", peer)
    func lines() -> [String] {
      harness.effects.compactMap { if case .log(_, .debug, let text) = $0 { text } else { nil } }
    }
    harness.receive(Self.frame(from: 1, to: 2), on: "p1")
    #expect(lines().isEmpty)
    harness.virtualSwitch.logsDetails = [.datapathFlows, .datapathRequests]
    harness.receive(Self.frame(from: 1, to: 2), on: "p2")
    try Self.add("in_port=1,actions=output:3", peer)
    harness.advance(milliseconds: 2000)
    let text = lines().joined(separator: "\n")
    #expect(text.contains("ovs-dummy: miss upcall:\n"))
    #expect(text.contains("flow_add: ufid:"))
    #expect(text.contains("dummy@ovs-dummy: put[modify] ufid:"))
    #expect(text.contains("old_actions:2, actions:3"))
    #expect(text.contains("dummy@ovs-dummy: dumped all flows"))
  }

  @Test func `a flow that the datapath did not change goes, also if it is the only one`() throws {
    let harness = Self.switched()
    let peer = OpenFlowPeer(harness)
    try Self.add("in_port=1,actions=output:2", peer)
    harness.receive(Self.frame(from: 1, to: 2), on: "p1")
    #expect(harness.takeSentPorts() == ["p2"])
    harness.refusal = { if case .flow(.set, _) = $0 { 12 } else { nil } }
    try Self.add("in_port=1,actions=output:3", peer)
    harness.advance(milliseconds: 2000)
    harness.receive(Self.frame(from: 1, to: 2), on: "p1")
    #expect(harness.takeSentPorts() == ["p3"])
  }

  @Test func `a flow that the datapath did not remove is removed later`() throws {
    let harness = Self.switched()
    let peer = OpenFlowPeer(harness)
    try Self.add("in_port=1,actions=output:2", peer)
    harness.receive(Self.frame(from: 1, to: 2), on: "p1")
    _ = harness.takeSentPorts()
    harness.refusal = { if case .flow(.delete, _) = $0 { 12 } else { nil } }
    // The mask becomes another, so the flow can't be changed.
    try Self.add("priority=40000,in_port=1,dl_dst=02:00:00:00:00:02,actions=output:3", peer)
    harness.advance(milliseconds: 2000)
    harness.refusal = nil
    harness.advance(milliseconds: 2000)
    harness.receive(Self.frame(from: 1, to: 2), on: "p1")
    #expect(harness.takeSentPorts() == ["p3"])
  }

  @Test func `flows are looked over soon after a host has slept for a month while they were`() throws {
    let harness = Self.switched()
    let peer = OpenFlowPeer(harness)
    try Self.add("in_port=1,actions=output:2", peer)
    harness.receive(Self.frame(from: 1, to: 2), on: "p1")
    harness.isDatapathSlow = true
    harness.advance(milliseconds: 600)
    harness.jump(milliseconds: 30 * 86_400_000)
    harness.isDatapathSlow = false
    harness.receive(Self.frame(from: 1, to: 2), on: "p1")
    _ = harness.takeSentPorts()
    try Self.add("in_port=1,actions=output:3", peer)
    harness.advance(milliseconds: 7000)
    harness.receive(Self.frame(from: 1, to: 2), on: "p1")
    #expect(harness.takeSentPorts() == ["p3"])
  }

  @Test func `packets go to controllers for as long as they come`() throws {
    let harness = Self.switched()
    let peer = OpenFlowPeer(harness)
    peer.send(.setConfiguration(SwitchConfiguration(fragments: .normal, missSendLength: 128)))
    try Self.add("in_port=1,actions=CONTROLLER:128", peer)
    for second in 0..<200 {
      _ = peer.receive()
      harness.receive(Self.frame(from: 1, to: 2), on: "p1")
      let packets = peer.receive().filter { if case .packetIn = $0 { true } else { false } }
      #expect(packets.count == 1, "second \(second)")
      harness.advance(milliseconds: 1000)
    }
  }

  private static func pausing() throws -> (SwitchHarness, OpenFlowPeer, PacketIn) {
    let harness = Self.switched()
    let peer = OpenFlowPeer(harness)
    peer.send(.setConfiguration(SwitchConfiguration(fragments: .normal, missSendLength: 128)))
    peer.send(.setPacketInFormat(.nicira2))
    try Self.add("in_port=1,actions=set_field:5->reg1,push:NXM_NX_REG1[],resubmit(,1),output:3", peer)
    try Self.add("table=1,cookie=7,actions=controller(pause),pop:NXM_NX_REG2[],resubmit(,2)", peer)
    try Self.add("table=2,reg2=5,actions=output:2", peer)
    _ = peer.receive()
    harness.receive(Self.frame(from: 1, to: 2), on: "p1")
    let packets = peer.receive().compactMap { if case .packetIn(let packet) = $0 { packet } else { nil } }
    #expect(packets.count == 1 && harness.takeSentPorts() == [])
    return (harness, peer, try #require(packets.first))
  }

  @Test func `a packet that a controller gives back goes on where it was`() throws {
    let (harness, peer, packet) = try Self.pausing()
    #expect(peer.error(.resume(packet)) == nil)
    #expect(harness.takeSentPorts() == ["p2", "p3"])
  }

  @Test func `what a bridge of another run was said is refused`() throws {
    let (harness, _, packet) = try Self.pausing()
    harness.configure([])
    harness.configure([SwitchHarness.bridge(ports: [("p1", 1), ("p2", 2), ("p3", 3)])])
    harness.advance(milliseconds: 100)
    let peer = OpenFlowPeer(harness)
    #expect(peer.error(.resume(packet)) == .niciraStale)
    var broken = packet
    broken.continuation = [0, 0, 0, 0, 1, 1, 0, 8, 0, 0, 0, 0]
    #expect(peer.error(.resume(broken)) == .badPropertyBadType)
  }

  @Test func `rules that were learned go with the last rule that learned them, if it says so`() throws {
    let harness = Self.switched()
    let peer = OpenFlowPeer(harness)
    let learn =
      "learn(table=3,delete_learned,cookie=9,limit=1,result_dst=NXM_NX_REG0[0],NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[])"
    try Self.add("in_port=1,actions=\(learn),resubmit(,1)", peer)
    try Self.add("in_port=2,actions=\(learn),resubmit(,1)", peer)
    try Self.add("table=1,reg0=1,actions=output:3", peer)
    harness.receive(Self.frame(from: 1, to: 2), on: "p1")
    #expect(harness.takeSentPorts() == ["p3"])
    // Only one may be learned.
    harness.receive(Self.frame(from: 2, to: 1), on: "p2")
    #expect(harness.takeSentPorts() == [])
    let tables = try #require(harness.virtualSwitch.reconciler.bridges["br0"]).tables
    #expect(tables.rules(RuleFilter(table: 3)).count == 1)
    peer.send(.flowModification(try FlowParser().flow("in_port=1", .deleteStrict).change))
    #expect(tables.rules(RuleFilter(table: 3)).count == 1)
    peer.send(.flowModification(try FlowParser().flow("in_port=2", .deleteStrict).change))
    #expect(tables.rules(RuleFilter(table: 3)).isEmpty)
  }

  @Test func `what was known of paused packets goes with their bridge`() throws {
    let harness = Self.switched()
    let peer = OpenFlowPeer(harness)
    try Self.add("in_port=1,actions=CONTROLLER:128", peer)
    harness.receive(Self.frame(from: 1, to: 2), on: "p1")
    #expect(harness.virtualSwitch.environment.frozen.count == 1)
    harness.configure([])
    #expect(harness.virtualSwitch.environment.frozen.count == 0)
  }
}
