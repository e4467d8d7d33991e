import Datapath
import Testing

@testable import Switch

struct PortRepairTests {
  private static let bridge = SwitchHarness.bridge(ports: [("p1", 1), ("p2", 2)])
  private static let frame: [UInt8] =
    [2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 5, 0x12, 0x34] + [UInt8](repeating: 7, count: 50)

  @Test func `ports that a datapath has lost are asked for again`() {
    let harness = SwitchHarness()
    harness.configure([Self.bridge])
    harness.advance(milliseconds: 2000)
    harness.loseDatapath()
    harness.advance(milliseconds: 3000)
    harness.receive(Self.frame, on: "p1")
    #expect(harness.takeSentPorts() == ["br0", "p2"])
  }

  @Test func `a port that a datapath refuses for a time is asked for again`() {
    let harness = SwitchHarness()
    harness.refusal = { body in
      if case .vport(.new, let port) = body, port.name == Array("p2".utf8) { 12 } else { nil }
    }
    harness.configure([Self.bridge])
    harness.advance(milliseconds: 2000)
    let link = harness.virtualSwitch.reconciler.datapaths["dummy"]
    #expect(link?.interface(named: "p2")?.error?.contains("Cannot allocate memory") == true)
    harness.refusal = nil
    harness.advance(milliseconds: 2500)
    #expect(link?.interface(named: "p2")?.attachment == .attached)
    #expect(link?.interface(named: "p2")?.number.rawValue == 2)
  }

  @Test func `a port that a datapath did not delete is deleted later`() {
    let harness = SwitchHarness()
    harness.configure([Self.bridge])
    harness.advance(milliseconds: 2000)
    var deletions = 0
    harness.refusal = { body in
      guard case .vport(.delete, _) = body else { return nil }
      deletions += 1
      return deletions <= 3 ? 12 : nil
    }
    harness.configure([])
    #expect(deletions == 3)
    harness.advance(milliseconds: 3000)
    #expect(deletions == 6)
    #expect(harness.virtualSwitch.nextWakeup == nil)
  }

  @Test func `a device that vanishes and is made again under its name gets its port again`() {
    let harness = SwitchHarness(dummyMode: .none)
    var bridge = SwitchHarness.bridge(ports: [])
    bridge.datapathType = "netdev"
    bridge.ports.append(
      DesiredPort(name: "eth1", interfaces: [DesiredInterface(name: "eth1", type: "system")]))
    func device(_ index: UInt32) -> NetworkDevice {
      NetworkDevice(name: "eth1", index: index, isUp: true, hasCarrier: true)
    }
    harness.step([.devicesChanged([device(5)])])
    harness.configure([bridge])
    harness.advance(milliseconds: 2000)
    let link = harness.virtualSwitch.reconciler.datapaths["netdev"]
    let interface = link?.interface(named: "eth1")
    #expect(interface?.attachment == .attached && interface?.isUp == true)
    let before = harness.datapathPorts
    let number = interface?.number
    var asked: [String] = []
    harness.refusal = { body in
      if case .vport(let command, let port) = body, port.number == interface?.datapathNumber,
        command == .new || command == .delete
      {
        asked.append("\(command)")
      }
      return nil
    }
    // It changes, but is the same.
    var slow = device(5)
    slow.bitsPerSecond = 10_000_000
    harness.step([.devicesChanged([slow])])
    #expect(asked == [])
    harness.step([.devicesChanged([])])
    #expect(interface?.isUp == false && interface?.hasCarrier == false && asked == [])
    harness.step([.devicesChanged([device(9)])])
    #expect(asked == ["delete", "new"])
    #expect(interface?.isUp == true && interface?.attachment == .attached && interface?.number == number)
    #expect(harness.datapathPorts == before)
    // Replaced at once, and away for a time with the number that it had.
    harness.step([.devicesChanged([device(11)])])
    harness.step([.devicesChanged([])])
    harness.step([.devicesChanged([device(11)])])
    #expect(asked == ["delete", "new", "delete", "new", "delete", "new"])
  }
}
