import Datapath
import OpenFlow
import PacketWire
import Testing

@testable import Switch

@Suite struct ReconcilerTests {
  private static let broadcast: [UInt8] =
    [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0, 0, 0, 0, 1, 0x88, 0xb5] + [UInt8](repeating: 0, count: 46)
  private static let unicast: [UInt8] =
    [0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2, 0x88, 0xb5] + [UInt8](repeating: 0, count: 46)

  @Test func `Ports get the numbers that they ask for, others what is left`() {
    let harness = SwitchHarness()
    var bridge = SwitchHarness.bridge(ports: [("p1", 7), ("p2", 7)])
    bridge.ports.append(DesiredPort(name: "p3", interfaces: [DesiredInterface(name: "p3", type: "dummy")]))
    harness.configure([bridge])
    let made = harness.virtualSwitch.reconciler.bridges["br0"]
    #expect(made?.interface(named: "p1")?.number == OpenFlowPortNumber(7))
    #expect(made?.interface(named: "p2")?.number == OpenFlowPortNumber(1))
    #expect(made?.interface(named: "p3")?.number == OpenFlowPortNumber(2))
    #expect(made?.local?.number == .local)
  }

  @Test func `A number that was given back rests before another port gets it`() {
    var allocator = PortNumberAllocator()
    #expect(allocator.allocate(requested: nil, now: 0) == OpenFlowPortNumber(1))
    allocator.release(OpenFlowPortNumber(1), now: 0)
    #expect(allocator.allocate(requested: nil, now: 10) == OpenFlowPortNumber(2))
    #expect(allocator.allocate(requested: OpenFlowPortNumber(1), now: 20) == OpenFlowPortNumber(1))
  }

  @Test func `A configured bridge switches frames and learns from them`() {
    let harness = SwitchHarness()
    harness.configure([SwitchHarness.bridge(ports: [("p1", 1), ("p2", 2), ("p3", 3)])])
    harness.receive(Self.broadcast, on: "p1")
    #expect(harness.takeSentPorts() == ["br0", "p2", "p3"])
    harness.receive(Self.unicast, on: "p2")
    #expect(harness.takeSentPorts() == ["p1"])
  }

  @Test func `VLANs keep access ports apart`() {
    let harness = SwitchHarness()
    var bridge = SwitchHarness.bridge(ports: [("p1", 1), ("p2", 2), ("p3", 3)])
    bridge.ports[1].tag = 10
    bridge.ports[2].tag = 20
    bridge.ports[3].tag = 10
    harness.configure([bridge])
    harness.receive(Self.broadcast, on: "p1")
    #expect(harness.takeSentPorts() == ["br0", "p3"])
    bridge.ports[2].tag = 10
    harness.configure([bridge])
    harness.advance(milliseconds: 2000)
    harness.receive(Self.broadcast, on: "p1")
    #expect(harness.takeSentPorts() == ["br0", "p2", "p3"])
  }

  @Test func `A port goes from one bridge to another, and interfaces change their ports, in one step`() {
    let harness = SwitchHarness()
    func configure(_ first: [(String, Int64)], _ second: [(String, Int64)]) {
      harness.configure([
        SwitchHarness.bridge("br0", ports: first), SwitchHarness.bridge("br1", ports: second),
      ])
    }
    configure([("p1", 1)], [("p2", 2)])
    configure([("p1", 1), ("p2", 2)], [])
    let bridges = harness.virtualSwitch.reconciler.bridges
    #expect(bridges["br0"]?.interface(named: "p2")?.attachment == .attached)
    configure([("p2", 2)], [("p1", 1)])
    #expect(bridges["br0"]?.interface(named: "p2")?.attachment == .attached)
    #expect(bridges["br1"]?.interface(named: "p1")?.attachment == .attached)

    var bridge = SwitchHarness.bridge("br0", ports: [("p1", 1), ("p2", 2)])
    harness.configure([bridge])
    let interfaces = bridge.ports[1].interfaces
    bridge.ports[1].interfaces = bridge.ports[2].interfaces
    bridge.ports[2].interfaces = interfaces
    harness.configure([bridge])
    #expect(bridges["br0"]?.interface(named: "p1")?.attachment == .attached)
    #expect(bridges["br0"]?.interface(named: "p1")?.port.name == "p2")
    #expect(bridges["br0"]?.interface(named: "p2")?.port.name == "p1")
  }

  @Test func `Patch ports join bridges`() {
    let harness = SwitchHarness()
    func patch(_ name: String, to peer: String) -> DesiredPort {
      var interface = DesiredInterface(name: name, type: "patch")
      interface.options["peer"] = peer
      return DesiredPort(name: name, interfaces: [interface])
    }
    var first = SwitchHarness.bridge("br0", ports: [("p1", 1)])
    first.ports.append(patch("q0", to: "q1"))
    var second = SwitchHarness.bridge("br1", ports: [("p2", 1)])
    second.ports.append(patch("q1", to: "q0"))
    harness.configure([first, second])
    harness.receive(Self.broadcast, on: "p1")
    #expect(harness.takeSentPorts() == ["br0", "br1", "p2"])
  }

  @Test func `A bridge and its ports go when the configuration does not want them any more`() {
    let harness = SwitchHarness()
    harness.configure([SwitchHarness.bridge(ports: [("p1", 1), ("p2", 2)])])
    harness.configure([SwitchHarness.bridge(ports: [("p1", 1)])])
    let made = harness.virtualSwitch.reconciler.bridges["br0"]
    #expect(made?.interface(named: "p2") == nil)
    #expect(made?.interfaces.count == 2)
    harness.configure([])
    #expect(harness.virtualSwitch.reconciler.bridges.isEmpty)
    #expect(harness.virtualSwitch.reconciler.datapaths["dummy"]?.interfaces.isEmpty == true)
    let closed = harness.takeEffects().filter { if case .closeListener = $0 { true } else { false } }
    #expect(closed.count == 2)
  }

  @Test func `The bridge has the address that is asked for, and the datapath id made of it`() {
    let harness = SwitchHarness()
    var bridge = SwitchHarness.bridge(ports: [])
    bridge.otherConfig["hwaddr"] = "aa:bb:cc:dd:ee:01"
    harness.configure([bridge])
    let made = harness.virtualSwitch.reconciler.bridges["br0"]
    #expect(made?.ethernetAddress.rawValue == 0xaabb_ccdd_ee01)
    #expect(made?.datapathID == 0xaabb_ccdd_ee01)
    bridge.otherConfig["datapath-id"] = "0000000000000042"
    harness.configure([bridge])
    #expect(made?.datapathID == 0x42)
  }

  @Test func `A tunnel without its other end says what is missing`() {
    let harness = SwitchHarness()
    var bridge = SwitchHarness.bridge(ports: [])
    bridge.ports.append(DesiredPort(name: "v1", interfaces: [DesiredInterface(name: "v1", type: "vxlan")]))
    harness.configure([bridge])
    let interface = harness.virtualSwitch.reconciler.bridges["br0"]?.interface(named: "v1")
    #expect(interface?.error == "v1: vxlan type requires valid 'remote_ip' argument")
    #expect(interface?.number == OpenFlowPortNumber.none)
  }

  @Test func `Tunnels of one kind share a datapath port`() {
    let harness = SwitchHarness()
    var bridge = SwitchHarness.bridge(ports: [])
    for (name, remote) in [("v1", "10.0.0.1"), ("v2", "10.0.0.2")] {
      var interface = DesiredInterface(name: name, type: "vxlan")
      interface.options["remote_ip"] = remote
      bridge.ports.append(DesiredPort(name: name, interfaces: [interface]))
    }
    harness.configure([bridge])
    let made = harness.virtualSwitch.reconciler.bridges["br0"]
    #expect(made?.interface(named: "v1")?.attachment == .attached)
    #expect(made?.interface(named: "v2")?.attachment == .attached)
    #expect(made?.interface(named: "v1")?.datapathNumber == made?.interface(named: "v2")?.datapathNumber)
    #expect(made?.datapath.tunnelPorts.count == 1)
  }

  @Test(arguments: [
    ("0000000000000001", UInt64(1)), ("0x1f", 0x1f), ("0xffffffffffffffff", .max), ("12", nil), ("0x", nil),
    ("0000000000000000", nil), ("zz00000000000000", nil),
  ])
  func `Datapath ids are sixteen digits, or fewer after 0x`(text: String, value: UInt64?) {
    #expect(BridgeIdentity.datapathID(text) == value)
  }

  @Test(
    arguments: [
      (nil, nil, [], VLANSettings.Mode.trunk), (nil, 5, [], .access), (nil, 5, [6], .access),
      ("trunk", 5, [6], .trunk),
      ("native-tagged", 5, [6], .nativeTagged), ("native-untagged", nil, [], .nativeUntagged),
      ("dot1q-tunnel", 5, [], .dot1qTunnel), ("access", nil, [], .access),
    ] as [(String?, UInt16?, [UInt16], VLANSettings.Mode)])
  func `VLAN columns say how a port treats VLANs`(
    mode: String?, tag: UInt16?, trunks: [UInt16], expected: VLANSettings.Mode
  ) {
    var port = DesiredPort(name: "p")
    port.vlanMode = mode
    port.tag = tag
    port.trunks = trunks
    #expect(VLANSettings(port).mode == expected)
  }
}
