import PacketWire
import Testing

@testable import Switch

private func v4(_ text: String) -> IPv6Address { IPv6Address(mapped: IPv4Address(text) ?? .zero) }

@Test func `a neighbour is forgotten after its time`() {
  let table = NeighborTable()
  let key = NeighborTable.Key(bridge: "br0", address: v4("192.0.2.1"))
  table.learn(key, MACAddress(0x0200_0000_0001), now: 0)
  #expect(table.lookup(key, now: 1) == MACAddress(0x0200_0000_0001))
  #expect(table.lookup(key, now: NeighborTable.defaultAgingMilliseconds) == nil)
  table.expire(now: NeighborTable.defaultAgingMilliseconds)
  #expect(table.count == 0)
}

@Test func `a neighbour that packets are sent to stays, and another is forgotten in time`() {
  let harness = SwitchHarness()
  harness.configure([SwitchHarness.bridge(ports: [])])
  harness.advance(milliseconds: 100)
  let table = harness.virtualSwitch.environment.neighbors
  table.agingMilliseconds = 10_000
  let key = NeighborTable.Key(bridge: "br0", address: v4("192.0.2.1"))
  let other = NeighborTable.Key(bridge: "br0", address: v4("192.0.2.2"))
  table.learn(key, MACAddress(2), now: harness.now)
  table.learn(other, MACAddress(4), now: harness.now)
  harness.advance(milliseconds: 6000)
  Credit.nextHop(table, key).apply(packets: 1, bytes: 100, now: harness.now)
  harness.advance(milliseconds: 6000)
  #expect(table.all.map { $0.key } == [key])
  harness.advance(milliseconds: 6000)
  #expect(table.count == 0)
}

@Test func `what a user set stays against what the wire says`() {
  let table = NeighborTable()
  let key = NeighborTable.Key(bridge: "br0", address: v4("192.0.2.1"))
  table.setStatic(key, MACAddress(2))
  table.learn(key, MACAddress(4), now: 0)
  #expect(table.lookup(key, now: Int64.max - 1) == MACAddress(2))
}

@Test func `one request a second for one address`() {
  let table = NeighborTable()
  let key = NeighborTable.Key(bridge: "br0", address: v4("192.0.2.1"))
  #expect(table.mayRequest(key, now: 0))
  #expect(!table.mayRequest(key, now: 999))
  #expect(table.mayRequest(key, now: 1000))
}

@Test func `the neighbours are shown as the manual has them`() {
  let table = NeighborTable()
  table.learn(.init(bridge: "br-phy", address: v4("172.31.0.2")), MACAddress(0xe621_96f0_c64d), now: 0)
  #expect(
    table.shown
      == """
      IP                                            MAC                 Bridge
      ==========================================================================
      172.31.0.2                                    e6:21:96:f0:c6:4d   br-phy

      """)
}

private func route(
  _ destination: String, _ length: Int, _ bridge: String, gateway: String? = nil, mark: UInt32 = 0,
  origin: RouteTable.Origin = .host
) -> RouteTable.Route {
  RouteTable.Route(
    destination: v4(destination), prefixBitCount: 96 + length, gateway: gateway.map(v4), bridge: bridge,
    mark: mark,
    origin: origin)
}

@Test func `the longest prefix wins, then the user`() {
  let table = RouteTable()
  table.replace(origin: .host, with: [route("10.0.0.0", 8, "a"), route("10.1.0.0", 16, "b")])
  #expect(table.lookup(v4("10.1.2.3"))?.bridge == "b")
  #expect(table.lookup(v4("10.2.2.3"))?.bridge == "a")
  #expect(table.lookup(v4("11.2.2.3")) == nil)
  table.add(route("10.1.0.0", 16, "c", gateway: "10.1.0.1", origin: .user))
  #expect(table.lookup(v4("10.1.2.3"))?.bridge == "c")
  #expect(table.remove(v4("10.1.9.9"), prefixBitCount: 112))
  #expect(table.lookup(v4("10.1.2.3"))?.bridge == "b")
  #expect(!table.remove(v4("10.1.9.9"), prefixBitCount: 112))
}

@Test func `a marked route serves packets of its mark only`() {
  let table = RouteTable()
  table.replace(origin: .host, with: [route("10.0.0.0", 8, "a"), route("10.0.0.0", 8, "m", mark: 7)])
  #expect(table.lookup(v4("10.0.0.1"))?.bridge == "a")
  #expect(table.lookup(v4("10.0.0.1"), mark: 7)?.bridge == "m")
}

@Test func `the same routes again change nothing`() {
  let table = RouteTable()
  table.replace(origin: .host, with: [route("10.0.0.0", 8, "a")])
  let generation = table.generation
  table.replace(origin: .host, with: [route("10.0.0.0", 8, "a")])
  #expect(table.generation == generation)
}

@Test func `routes are shown one a line`() {
  let table = RouteTable()
  var local = route("172.31.0.1", 32, "br-phy")
  local.isLocal = true
  local.source = v4("172.31.0.1")
  table.replace(origin: .host, with: [local])
  table.add(route("0.0.0.0", 0, "br-phy", gateway: "172.31.0.254", origin: .user))
  #expect(
    table.shown
      == """
      Route Table:
      Cached: 172.31.0.1/32 dev br-phy SRC 172.31.0.1 local
      User: 0.0.0.0/0 dev br-phy GW 172.31.0.254

      """)
}
