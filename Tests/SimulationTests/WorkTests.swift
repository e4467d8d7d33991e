import JSON
import Testing

@testable import Switch

/// What the switch does for a change depends on the change, and not on how much there is beside it.
struct WorkTests {
  /// What was counted: rows read, ports compared, rows compared with what the switch is.
  private static func work(_ world: World) -> [Int] {
    let host = world.virtualSwitch
    return [
      Int(host.database.index?.readPortCount ?? 0), Int(host.reconciler.comparedPortCount),
      host.database.comparedRowCount,
    ]
  }

  private static func insertion(_ number: Int) -> String {
    #"""
    {"op":"insert","table":"Interface","uuid-name":"i\#(number)","row":{"name":"d\#(number)","type":"dummy"}},
    {"op":"insert","table":"Port","uuid-name":"p\#(number)","row":{"name":"d\#(number)","interfaces":["named-uuid","i\#(number)"]}}
    """#
  }

  private static func names(_ numbers: ClosedRange<Int>) -> String {
    numbers.map { #"["named-uuid","p\#($0)"]"# }.joined(separator: ",")
  }

  /// A switch with a bridge of so many ports, long after it was set up.
  private static func world(portCount: Int) throws -> World {
    // A seed whose host has dummies.
    let seed = try #require((1...100).first { seed in (try? World(seed: UInt64(seed)))?.hasDevices == false })
    let world = try World(seed: UInt64(seed))
    let insertions = (1...portCount).map { insertion($0) }.joined(separator: ",")
    try world.run(milliseconds: 100)
    let isDone = world.database.transact(
      #"""
      \#(insertions),
      {"op":"insert","table":"Bridge","uuid-name":"b","row":{"name":"br0","datapath_type":"dummy","ports":["set",[\#(names(1...portCount))]]}},
      {"op":"mutate","table":"Open_vSwitch","where":[],"mutations":[["bridges","insert",["named-uuid","b"]]]}
      """#, now: world.now)
    #expect(isDone, "\(world.database.lastAnswer)")
    try world.run(milliseconds: 12_000)
    #expect(world.virtualSwitch.reconciler.bridges["br0"]?.interfaces.count == portCount)
    return world
  }

  @Test func `to add a port and to take it away costs the same with many ports as with few`() throws {
    var costs: [[Int]] = []
    for portCount in [20, 200] {
      let world = try Self.world(portCount: portCount)
      let before = Self.work(world)
      let number = portCount + 1
      #expect(
        world.database.transact(
          #"""
          \#(Self.insertion(number)),
          {"op":"mutate","table":"Bridge","where":[["name","==","br0"]],"mutations":[["ports","insert",["named-uuid","p\#(number)"]]]}
          """#, now: world.now), "\(world.database.lastAnswer)")
      try world.run(milliseconds: 3000)
      let port = try #require(world.database.rows("Port").first { $0.text("name") == "d\(number)" })
      #expect(
        world.database.transact(
          #"{"op":"mutate","table":"Bridge","where":[["name","==","br0"]],"mutations":[["ports","delete",["uuid","\#(port.uuid.text)"]]]}"#,
          now: world.now), "\(world.database.lastAnswer)")
      try world.run(milliseconds: 3000)
      #expect(world.virtualSwitch.reconciler.bridges["br0"]?.interfaces.count == portCount)
      costs.append(zip(Self.work(world), before).map { $0 - $1 })
    }
    for (few, many) in zip(costs[0], costs[1]) {
      #expect(few > 0 && many <= few + 4, "\(costs)")
    }
  }

  @Test func `a switch where nothing happens reads, compares and writes nothing`() throws {
    let world = try Self.world(portCount: 200)
    let before = Self.work(world)
    try world.run(milliseconds: 30_000)
    #expect(Self.work(world) == before)
  }
}
