// What: sends frames through the switch and through the reference model, and compares what comes out.
//
// How: first the switch is brought to where the model begins: no controllers, no tunnels, no loops of patches, ports as they
// are by default, nothing learned, and rules that both know.

import Datapath
import OpenFlow
import PacketWire
import TestSupport

@testable import Switch

struct Comparison {
  let world: World

  func run() throws {
    prepareDatabase()
    try world.run(milliseconds: 3000)
    try Invariants.checkPorts(world)
    let model = ReferenceModel(world.database)
    for bridge in model.bridges { try prepare(bridge) }
    try world.run(milliseconds: 3000)
    for bridge in model.bridges { try world.command("fdb/flush", [bridge.name]) }
    takeStaticAddresses(model)
    try world.run(milliseconds: 1500)
    _ = world.takeSent()
    for _ in 0..<10 { try compare(model) }
    for bridge in model.bridges { try compareCounters(bridge) }
  }

  private func prepareDatabase() {
    let database = world.database
    var operations = [
      #"{"op":"update","table":"Bridge","where":[],"row":{"controller":["set",[]],"other_config":["map",[]],"flood_vlans":["set",[]],"mirrors":["set",[]],"flow_tables":["map",[]]}}"#,
      #"{"op":"update","table":"Port","where":[],"row":{"protected":false}}"#,
      #"{"op":"update","table":"Open_vSwitch","where":[],"row":{"other_config":["map",[]]}}"#,
      #"{"op":"mutate","table":"Open_vSwitch","where":[],"mutations":[["next_cfg","+=",1]]}"#,
    ]
    for bridge in database.rows("Bridge") {
      for uuid in bridge.references("ports") {
        guard let port = database.row(uuid, of: "Port") else { continue }
        let types = port.references("interfaces").compactMap {
          database.row($0, of: "Interface")?.text("type")
        }
        let isTunnel = types.contains { ["vxlan", "gre", "geneve"].contains($0) }
        let isSpare = types.contains("patch") && port.text("name") != "pt1"
        // One patch can't make a loop, and half of one joins nothing: two patches of one bridge can.
        guard isTunnel || types.count > 1 || isSpare && !mayKeepPatch(port, of: bridge) else { continue }
        operations.append(
          #"{"op":"mutate","table":"Bridge","where":[["_uuid","==",["uuid","\#(bridge.uuid.text)"]]],"mutations":[["ports","delete",["set",[["uuid","\#(uuid.text)"]]]]]}"#
        )
      }
    }
    database.transact(operations.joined(separator: ","), now: world.now)
  }

  private func mayKeepPatch(_ port: StoredRow, of bridge: StoredRow) -> Bool {
    guard port.text("name") == "pt2" else { return false }
    return !bridge.references("ports").contains { world.database.row($0, of: "Port")?.text("name") == "pt1" }
  }

  /// Gives a bridge of the switch and of the model the same rules.
  private func prepare(_ bridge: ModelBridge) throws {
    let tool = ControllerPeer(.polite, version: .v13)
    var delete = FlowMod(.delete)
    delete.table = nil
    tool.pending.append(.flowModification(delete))
    if world.chance.percent(60) || bridge.ports.count < 2 {
      bridge.rules = [ModelBridge.ModelRule(priority: 0)]
    } else {
      bridge.rules = rules(bridge)
    }
    for rule in bridge.rules {
      guard let parsed = try? FlowParser().flow(rule.text, .add) else {
        throw Violation("no rule: \(rule.text)")
      }
      tool.pending.append(.flowModification(parsed.change))
    }
    for interface in world.virtualSwitch.reconciler.bridges[bridge.name]?.interfaces.values.sorted(by: {
      $0.number < $1.number
    }) ?? [] {
      let change = PortModification(
        port: interface.number, address: interface.ethernetAddress, configuration: [],
        mask: PortConfiguration(rawValue: 0x7f))
      tool.pending.append(.portModification(change))
    }
    try world.connect(tool, to: "punix:/run/\(bridge.name).mgmt")
  }

  private func rules(_ bridge: ModelBridge) -> [ModelBridge.ModelRule] {
    let numbers = bridge.ports.map { $0.number == 65534 ? 0xffff_fffe : $0.number }
    return (0..<world.chance.number(2...6)).map { place in
      var rule = ModelBridge.ModelRule(priority: place + 1)
      if world.chance.percent(60) { rule.inPort = world.chance.pick(bridge.ports.map { $0.number }) }
      if world.chance.percent(40) { rule.destination = Frame.address(world.chance.number(0...7)) }
      if world.chance.percent(20) { rule.vlan = world.chance.pick([10, 20]) }
      if world.chance.percent(80) {
        rule.outputs = (0..<world.chance.number(0...2)).map { _ in world.chance.pick(numbers) }.map {
          $0 == 0xffff_fffe ? 65534 : $0
        }
      }
      return rule
    }
  }

  private func takeStaticAddresses(_ model: ReferenceModel) {
    for bridge in model.bridges {
      for entry in world.virtualSwitch.reconciler.bridges[bridge.name]?.addresses.all ?? [] {
        bridge.learned[.init(vlan: Int(entry.key.vlan), address: entry.key.address.rawValue)] =
          entry.port.interfaces.first?.name
        if entry.isStatic {
          bridge.fixed.insert(.init(vlan: Int(entry.key.vlan), address: entry.key.address.rawValue))
        }
      }
    }
  }

  private func compare(_ model: ReferenceModel) throws {
    let ports = model.bridges.flatMap { $0.ports }.filter { $0.patchPeer == nil }
    guard let port = world.chance.pickAny(ports) else { return }
    let host = world.chance.number(0...Actions.hostCount - 1)
    var frame = Frame.random(&world.chance, from: host, hostCount: Actions.hostCount)
    frame.type = world.chance.pick([0x0800, 0x1234])
    if frame.type == 0x1234 { frame.payload = [1, 2, 3] }
    if frame.type == 0x0800, frame.payload.first != 0x45 { frame.type = 0x1234 }
    while frame.payload.count < 60 { frame.payload.append(UInt8(frame.payload.count)) }
    if frame.tag.map({ $0 & 0xfff == 4095 }) ?? false { frame.tag = 20 }
    let expected = model.receive(frame, port: port.name)
    world.sendFrame(frame.bytes, port: port.name)
    try world.run(milliseconds: 1300)
    let got = world.takeSent()
    guard describe(got) == describe(expected) else {
      throw Violation(
        "\(frame.text) by \(port.name): comes out as \(describe(got)), and should as \(describe(expected))")
    }
  }

  /// Each rule has counted the packets that the model's has, and no more.
  private func compareCounters(_ bridge: ModelBridge) throws {
    let rules = world.virtualSwitch.reconciler.bridges[bridge.name]?.tables.rules(RuleFilter()) ?? []
    for rule in bridge.rules {
      let found = rules.first { $0.priority == rule.priority && $0.table == 0 }
      guard let found else { throw Violation("\(bridge.name) has no rule \(rule.text)") }
      guard found.packetCount == rule.packetCount else {
        throw Violation(
          "\(rule.text) of \(bridge.name) counts \(found.packetCount) packets, and had \(rule.packetCount)")
      }
    }
  }

  private func describe(_ packets: [(port: String, frame: [UInt8])]) -> [String] {
    packets.map { packet in
      "\(packet.port) "
        + packet.frame.prefix(18).map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }
        .joined()
        + " \(packet.frame.count)"
    }.sorted()
  }
}

extension Frame {
  var text: String {
    "\(String(source, radix: 16)) > \(String(destination, radix: 16)), tag \(tag.map { String($0, radix: 16) } ?? "none"), "
      + "type \(String(type, radix: 16))"
  }
}

extension ModelBridge.ModelRule {
  /// The rule as a flow.
  var text: String {
    var parts = ["priority=\(priority)"]
    if let inPort { parts.append("in_port=\(inPort == 65534 ? "LOCAL" : String(inPort))") }
    if let destination {
      let digits = big(destination, 6).map {
        $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16)
      }
      parts.append("dl_dst=" + digits.joined(separator: ":"))
    }
    if let vlan { parts.append("dl_vlan=\(vlan)") }
    guard let outputs else { return parts.joined(separator: ",") + ",actions=NORMAL" }
    let list = outputs.map { $0 == 65534 ? "LOCAL" : "output:\($0)" }
    return parts.joined(separator: ",") + ",actions=" + (list.isEmpty ? "drop" : list.joined(separator: ","))
  }
}
