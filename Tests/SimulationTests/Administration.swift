// What an administrator does to the database: as ovs-vsctl would, in transactions of one or several changes.

import JSON
import OVSDB

/// Makes transactions.
struct Administration {
  let world: World

  private var database: SimulatedDatabase { world.database }

  static let bridgeNames = ["br0", "br1", "br2"]
  static let portNames = (1...8).map { "p\($0)" }
  static let tunnelNames = ["vx1", "gre1", "gnv1"]
  static let patchNames = ["pt1", "pt2", "pt3", "pt4"]
  static let controllerTargets = (1...4).map { "tcp:10.0.0.\($0):6653" }

  private func bridges() -> [StoredRow] { sorted(database.rows("Bridge")) }
  private func ports() -> [StoredRow] { sorted(database.rows("Port")) }
  private func interfaces() -> [StoredRow] { sorted(database.rows("Interface")) }

  private func sorted(_ rows: [StoredRow]) -> [StoredRow] {
    rows.sorted { ($0.text("name") ?? "") < ($1.text("name") ?? "") }
  }

  private func uuid(_ row: StoredRow) -> String { #"["uuid","\#(row.uuid.text)"]"# }
  private func at(_ row: StoredRow) -> String { #"[["_uuid","==",["uuid","\#(row.uuid.text)"]]]"# }

  @discardableResult
  private func transact(_ operations: [String]) -> Bool {
    var operations = operations
    if world.chance.percent(70) {
      operations.append(
        #"{"op":"mutate","table":"Open_vSwitch","where":[],"mutations":[["next_cfg","+=",1]]}"#)
    }
    return database.transact(operations.joined(separator: ","), now: world.now)
  }

  // MARK: changes

  /// Does something.
  func doSomething() {
    switch world.chance.number(0...21) {
    case 0, 1: addBridge()
    case 2: deleteBridge()
    case 3, 4, 5, 6: addPort()
    case 7, 8: deletePort()
    case 9, 10: setVLAN()
    case 11: setControllers()
    case 12: setFailMode()
    case 13: rename()
    case 14: swap()
    case 15: movePort()
    case 16: setOptions()
    case 17: setOther()
    case 18: addPatchPair()
    case 19: addBond()
    case 20: setRarities()
    default: replaceInterface()
    }
  }

  func addBridge() {
    let name = world.chance.pick(Self.bridgeNames)
    let type = world.hasDevices && world.chance.percent(20) ? "netdev" : ""
    let failMode = world.chance.percent(30) ? #","fail_mode":"secure""# : ""
    transact([
      #"{"op":"insert","table":"Interface","uuid-name":"i","row":{"name":"\#(name)","type":"internal"}}"#,
      #"{"op":"insert","table":"Port","uuid-name":"p","row":{"name":"\#(name)","interfaces":["named-uuid","i"]}}"#,
      #"{"op":"insert","table":"Bridge","uuid-name":"b","row":{"name":"\#(name)","datapath_type":"\#(type)","ports":["named-uuid","p"]\#(failMode)}}"#,
      #"{"op":"mutate","table":"Open_vSwitch","where":[],"mutations":[["bridges","insert",["set",[["named-uuid","b"]]]]]}"#,
    ])
  }

  func deleteBridge() {
    guard let bridge = world.chance.pickAny(bridges()) else { return }
    transact([
      #"{"op":"mutate","table":"Open_vSwitch","where":[],"mutations":[["bridges","delete",["set",[\#(uuid(bridge))]]]]}"#
    ])
  }

  /// Adds a port with one interface of any type.
  func addPort() {
    guard let bridge = world.chance.pickAny(bridges()) else { return }
    let name: String
    let type: String
    var options = ""
    switch world.chance.number(0...9) {
    case 0:
      name = world.chance.pick(Self.tunnelNames)
      type = name == "vx1" ? "vxlan" : name == "gre1" ? "gre" : "geneve"
      options = #""remote_ip","192.0.2.\#(world.chance.number(1...3))""#
    case 1: (name, type) = (world.chance.pick(Self.portNames), world.chance.pick(["internal", "nonsense"]))
    default: (name, type) = (world.chance.pick(Self.portNames), world.hasDevices ? "" : "dummy")
    }
    var row = #""name":"\#(name)","type":"\#(type)""#
    if !options.isEmpty { row += #","options":["map",[[\#(options)]]]"# }
    if world.chance.percent(30) { row += #","ofport_request":\#(world.chance.number(1...12))"# }
    transact(insertion(of: name, row, into: bridge))
  }

  private func insertion(of name: String, _ row: String, into bridge: StoredRow, tag: String = "x")
    -> [String]
  {
    [
      #"{"op":"insert","table":"Interface","uuid-name":"i\#(tag)","row":{\#(row)}}"#,
      #"{"op":"insert","table":"Port","uuid-name":"p\#(tag)","row":{"name":"\#(name)","interfaces":["named-uuid","i\#(tag)"]\#(vlanColumns())}}"#,
      #"{"op":"mutate","table":"Bridge","where":\#(at(bridge)),"mutations":[["ports","insert",["set",[["named-uuid","p\#(tag)"]]]]]}"#,
    ]
  }

  /// A port of two interfaces.
  func addBond() {
    guard let bridge = world.chance.pickAny(bridges()) else { return }
    let names = ["p\(world.chance.number(1...4))", "p\(world.chance.number(5...8))"]
    var operations = names.map {
      #"{"op":"insert","table":"Interface","uuid-name":"\#($0)","row":{"name":"\#($0)"}}"#
    }
    let set = names.map { #"["named-uuid","\#($0)"]"# }.joined(separator: ",")
    operations += [
      #"{"op":"insert","table":"Port","uuid-name":"bond","row":{"name":"bond0","interfaces":["set",[\#(set)]]\#(vlanColumns())}}"#,
      #"{"op":"mutate","table":"Bridge","where":\#(at(bridge)),"mutations":[["ports","insert",["set",[["named-uuid","bond"]]]]]}"#,
    ]
    transact(operations)
  }

  /// Mirrors, protected ports, limits of flow tables.
  private func setRarities() {
    guard let bridge = world.chance.pickAny(bridges()) else { return }
    if let port = world.chance.pickAny(ports()) {
      transact([
        #"{"op":"update","table":"Port","where":\#(at(port)),"row":{"protected":\#(world.chance.percent(50))}}"#,
        #"{"op":"insert","table":"Mirror","uuid-name":"m","row":{"name":"m0","select_all":true,"output_port":\#(uuid(port))}}"#,
        #"{"op":"update","table":"Bridge","where":\#(at(bridge)),"row":{"mirrors":["named-uuid","m"]}}"#,
      ])
    }
    let limit = world.chance.pick([0, 1, 5])
    transact([
      #"{"op":"insert","table":"Flow_Table","uuid-name":"t","row":{"name":"first","flow_limit":\#(limit)}}"#,
      #"{"op":"update","table":"Bridge","where":\#(at(bridge)),"row":{"flow_tables":["map",[[\#(world.chance.pick([0, 1, 254])),["named-uuid","t"]]]]}}"#,
    ])
  }

  func addPatchPair() {
    let bridges = bridges()
    guard let first = world.chance.pickAny(bridges), let second = world.chance.pickAny(bridges) else {
      return
    }
    let names = world.chance.percent(50) ? ["pt1", "pt2"] : ["pt3", "pt4"]
    func row(_ name: String, _ peer: String) -> String {
      #""name":"\#(name)","type":"patch","options":["map",[["peer","\#(peer)"]]]"#
    }
    transact(
      insertion(of: names[0], row(names[0], names[1]), into: first, tag: "a")
        + insertion(of: names[1], row(names[1], names[0]), into: second, tag: "b"))
  }

  private func holder(of port: StoredRow) -> StoredRow? {
    bridges().first { $0.references("ports").contains(port.uuid) }
  }

  /// The ports that are not a bridge's own.
  private func ordinaryPorts() -> [StoredRow] {
    ports().filter { !Self.bridgeNames.contains($0.text("name") ?? "") }
  }

  func deletePort() {
    guard let port = world.chance.pickAny(ports()), let bridge = holder(of: port) else { return }
    transact([
      #"{"op":"mutate","table":"Bridge","where":\#(at(bridge)),"mutations":[["ports","delete",["set",[\#(uuid(port))]]]]}"#
    ])
  }

  /// A port goes from one bridge to another in one transaction.
  func movePort() {
    guard let port = world.chance.pickAny(ordinaryPorts()), let bridge = holder(of: port),
      let target = world.chance.pickAny(bridges())
    else { return }
    transact([
      #"{"op":"mutate","table":"Bridge","where":\#(at(bridge)),"mutations":[["ports","delete",["set",[\#(uuid(port))]]]]}"#,
      #"{"op":"mutate","table":"Bridge","where":\#(at(target)),"mutations":[["ports","insert",["set",[\#(uuid(port))]]]]}"#,
    ])
  }

  private func vlanColumns() -> String {
    var columns = ""
    if world.chance.percent(50) { columns += #","tag":\#(world.chance.pick([0, 10, 20, 30]))"# }
    if world.chance.percent(30) { columns += #","trunks":["set",[10,\#(world.chance.pick([20, 30]))]]"# }
    if world.chance.percent(30) {
      let mode = world.chance.pick(["access", "trunk", "native-tagged", "native-untagged"])
      columns += #","vlan_mode":"\#(mode)""#
    }
    return columns
  }

  func setVLAN() {
    guard let port = world.chance.pickAny(ports()) else { return }
    let columns = #""tag":["set",[]],"trunks":["set",[]],"vlan_mode":["set",[]]"#
    let update = #"{"op":"update","table":"Port","where":\#(at(port)),"row":{"#
    transact([update + columns + "}}", update + vlanColumns().dropFirst() + "}}"])
  }

  func setControllers() {
    guard let bridge = world.chance.pickAny(bridges()) else { return }
    var operations: [String] = []
    var names: [String] = []
    for (place, target) in Self.controllerTargets.enumerated() where world.chance.percent(35) {
      operations.append(
        #"{"op":"insert","table":"Controller","uuid-name":"c\#(place)","row":{"target":"\#(target)"\#(timing())}}"#
      )
      names.append(#"["named-uuid","c\#(place)"]"#)
    }
    if world.chance.percent(10) {
      let target = world.chance.pick(["ptcp:6653", "tcp:nowhere", "ssl:1.2.3.4", "", "punix:/run/x", "udp"])
      operations.append(
        #"{"op":"insert","table":"Controller","uuid-name":"other","row":{"target":"\#(target)"}}"#)
      names.append(#"["named-uuid","other"]"#)
    }
    operations.append(
      #"{"op":"update","table":"Bridge","where":\#(at(bridge)),"row":{"controller":["set",[\#(names.joined(separator: ","))]]}}"#
    )
    transact(operations)
  }

  /// How often a controller is probed, and how long the waits are.
  private func timing() -> String {
    guard world.chance.percent(20) else { return "" }
    let probe = world.chance.pick(["0", "-1", "1", "9223372036854775807", "60000"])
    let wait = world.chance.pick(["1000", "9223372036854775807"])
    return #","inactivity_probe":\#(probe),"max_backoff":\#(wait)"#
  }

  func setFailMode() {
    guard let bridge = world.chance.pickAny(bridges()) else { return }
    let mode = world.chance.pick([#""secure""#, #""standalone""#, #"["set",[]]"#])
    transact([#"{"op":"update","table":"Bridge","where":\#(at(bridge)),"row":{"fail_mode":\#(mode)}}"#])
  }

  /// A port gets another name, as a row that stays: its interface too, or not.
  func rename() {
    guard let port = world.chance.pickAny(ordinaryPorts()) else { return }
    let name = world.chance.pick(Self.portNames)
    var operations = [#"{"op":"update","table":"Port","where":\#(at(port)),"row":{"name":"\#(name)"}}"#]
    if world.chance.percent(70), let interface = port.references("interfaces").first {
      operations.append(
        #"{"op":"update","table":"Interface","where":[["_uuid","==",["uuid","\#(interface.text)"]]],"row":{"name":"\#(name)"}}"#
      )
    }
    transact(operations)
  }

  /// Two ports change names in one transaction.
  func swap() {
    let ports = ordinaryPorts()
    guard let first = world.chance.pickAny(ports), let second = world.chance.pickAny(ports),
      first.uuid != second.uuid, let one = first.text("name"), let other = second.text("name")
    else { return }
    var operations: [String] = []
    for (port, name) in [(first, other), (second, one)] {
      operations.append(#"{"op":"update","table":"Port","where":\#(at(port)),"row":{"name":"\#(name)"}}"#)
      guard let interface = port.references("interfaces").first else { continue }
      operations.append(
        #"{"op":"update","table":"Interface","where":[["_uuid","==",["uuid","\#(interface.text)"]]],"row":{"name":"\#(name)"}}"#
      )
    }
    transact(operations)
  }

  /// An interface row is replaced by another of the same name.
  func replaceInterface() {
    guard let port = world.chance.pickAny(ports()), let name = port.text("name") else { return }
    let type = world.chance.pick(["dummy", "internal", "", "vxlan"])
    transact([
      #"{"op":"insert","table":"Interface","uuid-name":"i","row":{"name":"\#(name)","type":"\#(type)"}}"#,
      #"{"op":"update","table":"Port","where":\#(at(port)),"row":{"interfaces":["named-uuid","i"]}}"#,
    ])
  }

  func setOptions() {
    guard let interface = world.chance.pickAny(interfaces()) else { return }
    let pairs = world.chance.pick([
      "", #"["peer","pt1"]"#, #"["remote_ip","flow"],["key","flow"]"#,
      #"["remote_ip","192.0.2.9"],["key","7"]"#,
      #"["remote_ip","nonsense"]"#, #"["dst_port","99999"],["remote_ip","192.0.2.1"]"#,
      #"["local_ip","10.9.9.9"],["remote_ip","10.9.9.8"]"#,
    ])
    var row = #""options":["map",[\#(pairs)]]"#
    if world.chance.percent(40) { row += #","ofport_request":\#(world.chance.pick([0, 1, 3, 65279]))"# }
    transact([#"{"op":"update","table":"Interface","where":\#(at(interface)),"row":{\#(row)}}"#])
  }

  func setOther() {
    guard let bridge = world.chance.pickAny(bridges()) else { return }
    let pair = world.chance.pick([
      #"["mac-table-size","12"]"#, #"["mac-aging-time","15"]"#, #"["forward-bpdu","true"]"#,
      #"["hwaddr","02:11:22:33:44:55"]"#, #"["datapath-id","0000000000000007"]"#,
      #"["endpoint-ip","10.9.9.9/24"]"#, #"["mac-table-size","99999999999999999999"]"#, "",
    ])
    let flood = world.chance.percent(20) ? #","flood_vlans":["set",[10]]"# : #","flood_vlans":["set",[]]"#
    transact([
      #"{"op":"update","table":"Bridge","where":\#(at(bridge)),"row":{"other_config":["map",[\#(pair)]]\#(flood)}}"#
    ])
    guard world.chance.percent(30) else { return }
    let limit = world.chance.pick([
      #"["flow-limit","20"]"#, #"["max-idle","1000"]"#, #"["max-revalidator","100"]"#,
      #"["flow-limit","-1"]"#,
      #"["max-idle","9223372036854775807"]"#,
      #"["stats-update-interval","9223372036854775807"]"#, "",
    ])
    transact([
      #"{"op":"update","table":"Open_vSwitch","where":[],"row":{"other_config":["map",[\#(limit)]]}}"#
    ])
  }

  /// Takes every bridge away.
  func deleteEverything() {
    database.transact(
      #"{"op":"update","table":"Open_vSwitch","where":[],"row":{"bridges":["set",[]]}}"#, now: world.now)
  }

  /// Changes nothing that matters, as every ovs-vsctl does.
  func bumpSequence() {
    database.transact(
      #"{"op":"mutate","table":"Open_vSwitch","where":[],"mutations":[["next_cfg","+=",1]]}"#, now: world.now)
  }
}
