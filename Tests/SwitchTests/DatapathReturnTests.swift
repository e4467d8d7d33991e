import Datapath
import OpenFlow
import Testing

@testable import Switch

struct DatapathReturnTests {
  private let harness = SwitchHarness()
  private let frame = [UInt8](repeating: 0x50, count: 12) + [0x12, 0x34] + [UInt8](repeating: 0, count: 50)

  private static func bridge(_ ports: [(String, Int64)]) -> DesiredBridge {
    var bridge = SwitchHarness.bridge(ports: ports)
    var tunnel = DesiredInterface(name: "v", type: "vxlan")
    tunnel.options["remote_ip"] = "192.0.2.2"
    bridge.ports.append(DesiredPort(name: "v", interfaces: [tunnel]))
    return bridge
  }

  private var warnings: [String] {
    harness.takeEffects().compactMap {
      if case .log(_, let level, let text) = $0, level == .warning || level == .error { text } else { nil }
    }
  }

  @Test func `a datapath that comes back gets its ports, and packets go through it as before`() {
    harness.configure([Self.bridge([("p1", 1), ("p2", 2)])])
    let peer = OpenFlowPeer(harness)
    var flow = FlowMod(.add, table: 0)
    flow.actions = [.output(OpenFlowPortNumber(2))]
    peer.send(.flowModification(flow))
    harness.receive(frame, on: "p1")
    #expect(harness.takeSentPorts() == ["p2"])
    let before = harness.datapathPorts
    #expect(before.count == 4)
    _ = warnings
    _ = peer.receive()

    harness.removeDatapath()
    harness.advance(milliseconds: 20_000)
    // The devices are told of again and again, without the datapath being there.
    for _ in 0..<5 { harness.step([.devicesChanged([])]) }
    harness.receive(frame, on: "p1")
    #expect(harness.takeSentPorts() == [])
    #expect(
      warnings == ["datapath ovs-dummy is gone; its ports and flows are set up again when it is back"])

    harness.returnDatapath()
    #expect(harness.datapathPorts == before)
    #expect(warnings == [])
    for _ in 0..<3 { harness.receive(frame, on: "p1") }
    #expect(harness.takeSentPorts() == ["p2", "p2", "p2"])
    // Controllers hear nothing of it: no port has come or gone.
    #expect(peer.receive().allSatisfy { if case .portStatus = $0 { false } else { true } })
    #expect(harness.virtualSwitch.reconciler.isSettled)
  }

  @Test func `what is configured meanwhile is done when the datapath is back`() {
    harness.configure([Self.bridge([("p1", 1), ("p2", 2)])])
    harness.removeDatapath()
    harness.configure([SwitchHarness.bridge(ports: [("p2", 2), ("p3", 3)])])
    #expect(harness.datapathPorts == [:])
    harness.returnDatapath()
    #expect(Set(harness.datapathPorts.keys) == ["br0", "p2", "p3"])
    harness.configure([])
    #expect(harness.datapathPorts == [:])
  }

  @Test func `a datapath may go more than once, and while it is being opened`() {
    harness.configure([Self.bridge([("p1", 1)])])
    let before = harness.datapathPorts
    for _ in 0..<3 {
      harness.removeDatapath()
      harness.removeDatapath()
      harness.returnDatapath()
      #expect(harness.datapathPorts == before)
    }
    #expect(warnings.filter { $0.contains("is gone") }.count == 3)
  }
}
