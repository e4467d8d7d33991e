import Datapath
import JSON
import OVSDB
import PacketWire

@testable import Switch

/// What goes wrong in a life.
struct Faults {
  let world: World

  /// Lets one thing go wrong; gives its name.
  func next() throws -> String {
    switch world.chance.number(0...14) {
    case 0:
      world.connection.cut(world, reason: "Connection reset by peer")
      return "database connection cut"
    case 1, 2:
      if let stream = world.chance.pickAny(world.streams) { world.cut(stream) }
      return "stream cut"
    case 3:
      world.datapaths.faults.refusedPorts = world.chance.pick([0, 20, 80])
      return "ports refused \(world.datapaths.faults.refusedPorts)"
    case 4:
      world.datapaths.faults.refusedFlows = world.chance.pick([0, 20, 80])
      return "flows refused \(world.datapaths.faults.refusedFlows)"
    case 5:
      world.datapaths.faults.lostUpcalls = world.chance.pick([0, 30, 100])
      world.datapaths.faults.garbledUpcalls = world.chance.pick([0, 50])
      world.datapaths.faults.refusedExecutions = world.chance.pick([0, 50])
      return "upcalls lost \(world.datapaths.faults.lostUpcalls)"
    case 6:
      world.datapaths.empty(&world.chance)
      return "datapath emptied"
    case 7:
      world.connection.garbledShare = world.chance.pick([0, 10, 50])
      return "database garbled \(world.connection.garbledShare)"
    case 8: return nonsense()
    case 9:
      world.database.journal.isFull = world.chance.percent(50)
      return "disk full \(world.database.journal.isFull)"
    case 10:
      world.connection.cut(world)
      world.connection.isServerUp = world.chance.percent(60)
      try world.database.restart(now: world.now)
      return "database server restarted"
    case 11:
      world.database.steal(world.chance.percent(50), now: world.now)
      return "lock"
    case 12:
      world.longestDelay = world.chance.pick([0, 1, 5, 50, 400])
      return "delays up to \(world.longestDelay)"
    case 13:
      guard world.chance.percent(30) else { return "no restart" }
      world.restartSwitch()
      return "switch restarted"
    default:
      changeDevices()
      return "devices"
    }
  }

  /// Ends all that goes on going wrong.
  func end() throws {
    world.datapaths.faults = SimulatedDatapaths.Faults()
    world.connection.garbledShare = 0
    world.connection.isServerUp = true
    world.database.journal.isFull = false
    world.database.steal(false, now: world.now)
    world.longestDelay = 5
    // What was said that is not so is only put right by saying everything anew.
    if world.connection.isLiedTo { world.connection.cut(world) }
  }

  // MARK: the database

  /// Well-formed messages that no server should send.
  private func nonsense() -> String {
    let uuid = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeee\(world.chance.number(0...3))"
    let monitor = #"["monid","Open_vSwitch"]"#
    let bridge = world.database.rows("Bridge").first?.uuid.text ?? uuid
    let rows = [
      #"{"Nonsense":{"\#(uuid)":{"initial":{"a":1}}}}"#,
      #"{"Bridge":{"\#(uuid)":{"initial":{}}}}"#,
      #"{"Bridge":{"\#(uuid)":{"insert":{"name":7}}}}"#,
      #"{"Bridge":{"\#(uuid)":{"insert":{"name":"br9","ports":["set",[["uuid","\#(uuid)"]]]}}}}"#,
      #"{"Bridge":{"\#(bridge)":{"modify":{"ports":["map",[]]}}}}"#,
      #"{"Bridge":{"\#(bridge)":{"delete":null}}}"#,
      #"{"Bridge":{"\#(bridge)":{"modify":{"nonsense":1}}}}"#,
      #"{"Interface":{"\#(uuid)":{"modify":{"name":"p1"}}}}"#,
      #"{"Open_vSwitch":{"not a uuid":{"initial":{}}}}"#,
      #"{"Open_vSwitch":[]}"#, "[]", "7", #"{"Port":{"\#(uuid)":{"insert":{"tag":99999,"name":"p1"}}}}"#,
    ]
    let update = world.chance.pick(rows)
    let text = world.chance.pick([
      #"{"method":"update3","params":[\#(monitor),"\#(uuid)",\#(update)],"id":null}"#,
      #"{"method":"update3","params":[\#(monitor),"\#(uuid)",\#(update)],"id":null}"#,
      #"{"method":"update2","params":[\#(monitor),\#(update)],"id":null}"#,
      #"{"method":"update","params":[\#(monitor),\#(update)],"id":null}"#,
      #"{"id":\#(world.chance.number(1...9)),"result":\#(update),"error":null}"#,
      #"{"id":\#(world.chance.number(1...9)),"result":null,"error":{"error":"nonsense"}}"#,
      #"{"method":"monitor_canceled","params":[\#(monitor)],"id":null}"#,
      #"{"method":"stolen","params":["ovs_vswitchd"],"id":null}"#,
      #"{"method":"locked","params":["ovs_vswitchd"],"id":null}"#,
      #"{"method":"echo","params":[[[[]]]],"id":{"a":1}}"#, "[]", "{}",
    ])
    world.connection.lie(Array(text.utf8), world)
    return "database says \(text)"
  }

  // MARK: the host

  private func changeDevices() {
    guard world.hasDevices else { return }
    var devices: [NetworkDevice] = []
    for (place, name) in (Administration.portNames + ["eth0"]).enumerated() where world.chance.percent(75) {
      let address = MACAddress(0x0200_0000_1000 + UInt64(place))
      devices.append(
        NetworkDevice(
          name: name, index: UInt32(place + 1), ethernetAddress: address, isUp: world.chance.percent(90),
          hasCarrier: world.chance.percent(90)))
    }
    world.setDevices(devices)
  }
}
