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
