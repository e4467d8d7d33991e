import PacketWire
import Testing

@testable import Switch

private func makePorts(_ count: Int) -> [BridgePort] {
  let bridge = Bridge(name: "br0", datapath: DatapathLink(type: "system", name: "ovs-system"))
  return (0..<count).map { BridgePort(name: "p\($0)", bridge: bridge) }
}

@Test func `a learned address is found in its VLAN only`() {
  let ports = makePorts(1)
  let table = MACTable()
  #expect(table.learn(vlan: 5, MACAddress(0x02), port: ports[0], now: 0))
  #expect(table.lookup(vlan: 5, MACAddress(0x02))?.port === ports[0])
  #expect(table.lookup(vlan: 6, MACAddress(0x02)) == nil)
}

@Test func `an address that is seen elsewhere moves`() {
  let ports = makePorts(2)
  let changes = ChangeCounter()
  let table = MACTable(changes: changes)
  table.learn(vlan: 0, MACAddress(2), port: ports[0], now: 0)
  let before = changes.count
  #expect(!table.learn(vlan: 0, MACAddress(2), port: ports[0], now: 1))
  #expect(changes.count == before)
  #expect(table.learn(vlan: 0, MACAddress(2), port: ports[1], now: 2))
  #expect(changes.count != before)
  #expect(table.lookup(vlan: 0, MACAddress(2))?.port === ports[1])
  #expect(table.statistics.moved == 1)
}

@Test func `multicast addresses are not learned`() {
  let ports = makePorts(1)
  let table = MACTable()
  #expect(!table.learn(vlan: 0, .broadcast, port: ports[0], now: 0))
  #expect(table.count == 0)
}

@Test func `addresses expire in the order in which they were last seen`() {
  let ports = makePorts(1)
  let table = MACTable()
  table.agingMilliseconds = 100
  table.learn(vlan: 0, MACAddress(2), port: ports[0], now: 0)
  table.learn(vlan: 0, MACAddress(4), port: ports[0], now: 10)
  table.learn(vlan: 0, MACAddress(2), port: ports[0], now: 20)
  #expect(table.nextExpiry == 110)
  table.expire(now: 110)
  #expect(table.lookup(vlan: 0, MACAddress(4)) == nil)
  #expect(table.lookup(vlan: 0, MACAddress(2)) != nil)
  #expect(table.statistics.expired == 1)
}

@Test func `a port that floods the table evicts its own addresses`() {
  let ports = makePorts(2)
  let table = MACTable()
  table.limit = 100
  for index in 0..<10 { table.learn(vlan: 0, MACAddress(0x100 + 2 * UInt64(index)), port: ports[0], now: 0) }
  for index in 0..<500 {
    table.learn(vlan: 0, MACAddress(0x10000 + 2 * UInt64(index)), port: ports[1], now: 1)
  }
  #expect(table.count == 100)
  #expect(table.all.count { $0.port === ports[0] } == 10)
  #expect(table.statistics.evicted == 410)
}

@Test func `of ports that flood the table the one that has learned most gives up its oldest address`() {
  let ports = makePorts(3)
  let table = MACTable()
  table.limit = 60
  for index in 0..<60 {
    table.learn(vlan: 0, MACAddress(0x1000 + 2 * UInt64(index)), port: ports[index < 30 ? 0 : 1], now: 0)
  }
  table.learn(vlan: 0, MACAddress(0x1000), port: ports[1], now: 1)
  // 29 behind the first, 31 behind the second: it gives up the oldest that is left of its own.
  table.learn(vlan: 0, MACAddress(0x5000), port: ports[2], now: 2)
  #expect(table.lookup(vlan: 0, MACAddress(0x1000 + 60)) == nil)
  #expect(table.lookup(vlan: 0, MACAddress(0x1000))?.port === ports[1])
  for index in 1...40 { table.learn(vlan: 0, MACAddress(0x5000 + 2 * UInt64(index)), port: ports[2], now: 3) }
  let counts = ports.map { port in table.all.count { $0.port === port } }
  #expect(counts.reduce(0, +) == 60 && counts.allSatisfy { (19...21).contains($0) }, "\(counts)")
  // Static entries take room and are never given up.
  for index in 0..<59 { table.addStatic(vlan: 9, MACAddress(2 * UInt64(index)), port: ports[0]) }
  #expect(table.count == 60 && table.all.count { $0.isStatic } == 59)
  table.remove(port: ports[0])
  #expect(table.all.allSatisfy { $0.port !== ports[0] })
}

@Test func `static entries neither move nor expire nor go with a flush`() {
  let ports = makePorts(2)
  let table = MACTable()
  #expect(table.addStatic(vlan: 1, MACAddress(2), port: ports[0]))
  #expect(!table.learn(vlan: 1, MACAddress(2), port: ports[1], now: 0))
  #expect(table.statistics.staticMoveAttempts == 1)
  table.expire(now: Int64.max / 2)
  table.flush()
  #expect(table.lookup(vlan: 1, MACAddress(2))?.port === ports[0])
  #expect(table.remove(vlan: 1, MACAddress(2)))
  #expect(table.count == 0)
}

@Test func `what is behind a removed port is forgotten`() {
  let ports = makePorts(2)
  let table = MACTable()
  for index in 1...20 { table.learn(vlan: 0, MACAddress(UInt64(index) * 2), port: ports[index % 2], now: 0) }
  table.remove(port: ports[1])
  #expect(table.count == 10)
  #expect(table.all.allSatisfy { $0.port === ports[0] })
}

@Test func `random use agrees with a plain model`() {
  var generator = SystemRandomNumberGenerator()
  let seed = UInt64.random(in: 0...UInt64.max, using: &generator)
  print("seed \(seed)")
  var state = seed
  func next(_ bound: UInt64) -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return (state >> 33) % bound
  }
  let ports = makePorts(3)
  let table = MACTable()
  var model: [MACTable.Key: (port: Int, used: Int64)] = [:]
  table.agingMilliseconds = 50
  for now in 0..<20000 as Range<Int64> {
    let key = MACTable.Key(vlan: UInt16(next(3)), address: MACAddress(next(40) * 2))
    let port = Int(next(3))
    if next(10) == 0 {
      #expect(table.remove(vlan: key.vlan, key.address) == (model.removeValue(forKey: key) != nil))
    } else {
      table.learn(vlan: key.vlan, key.address, port: ports[port], now: now)
      model[key] = (port, now)
    }
    table.expire(now: now)
    model = model.filter { $0.value.used + 50 > now }
    #expect(table.count == model.count)
  }
  for (key, value) in model { #expect(table.lookup(vlan: key.vlan, key.address)?.port === ports[value.port]) }
}
