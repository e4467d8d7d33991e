// What: an independent, slow and small model of what the switch does with a frame: learning switches with VLANs, joined by patch
// ports, and flow tables of a few simple rules.

import JSON
import OVSDB

/// A bridge of the model.
final class ModelBridge {
  /// How a port treats VLANs, as ovs-vswitchd.conf.db(5) tells it.
  struct Port {
    var name: String
    var mode: String
    var tag: Int
    var trunks: Set<Int>
    /// The other half, if it is half of a patch.
    var patchPeer: String?
    var number: Int

    func carries(_ vlan: Int) -> Bool {
      switch mode {
      case "access": vlan == tag
      case "trunk": trunks.isEmpty || trunks.contains(vlan)
      default: vlan == tag || trunks.isEmpty || trunks.contains(vlan)
      }
    }

    /// The VLAN that a frame with this tag belongs to; nil if the port does not take it.
    func vlan(ofTag identifier: Int) -> Int? {
      switch mode {
      case "access": return identifier == 0 ? tag : nil
      case "trunk": return carries(identifier) ? identifier : nil
      default:
        let vlan = identifier == 0 ? tag : identifier
        return carries(vlan) ? vlan : nil
      }
    }

    /// Whether frames of a VLAN leave with a tag.
    func tags(_ vlan: Int) -> Bool {
      switch mode {
      case "access": false
      case "native-untagged": vlan != 0 && vlan != tag
      default: vlan != 0
      }
    }
  }

  /// A rule: who matches, and what is done.
  struct ModelRule {
    var priority: Int
    var inPort: Int?
    var destination: UInt64?
    var vlan: Int?
    /// The ports that it goes to; nil for NORMAL.
    var outputs: [Int]?
    /// How many packets it had.
    var packetCount: UInt64 = 0
  }

  struct Place: Hashable {
    var vlan: Int
    var address: UInt64
  }

  let name: String
  var ports: [Port] = []
  var rules: [ModelRule] = []
  var learned: [Place: String] = [:]
  /// Addresses that a user put where they are.
  var fixed: Set<Place> = []

  init(name: String) { self.name = name }
}

/// All bridges of the model.
final class ReferenceModel {
  private(set) var bridges: [ModelBridge] = []
  private var learning: [() -> Void] = []

  /// Builds the bridges that the database describes, with the numbers that it says ports have.
  init(_ database: SimulatedDatabase) {
    for row in database.rows("Bridge") {
      let bridge = ModelBridge(name: row.text("name") ?? "")
      for uuid in row.references("ports") {
        if let port = Self.port(uuid, database) { bridge.ports.append(port) }
      }
      bridges.append(bridge)
    }
    bridges.sort { $0.name < $1.name }
  }

  private static func port(_ uuid: UUID, _ database: SimulatedDatabase) -> ModelBridge.Port? {
    guard let port = database.row(uuid, of: "Port"), let first = port.references("interfaces").first,
      let interface = database.row(first, of: "Interface"), let number = interface.integer("ofport"),
      number > 0
    else { return nil }
    let tag = port.integer("tag").map { Int($0) }
    return ModelBridge.Port(
      name: interface.text("name") ?? "", mode: port.text("vlan_mode") ?? (tag == nil ? "trunk" : "access"),
      tag: port.text("vlan_mode") == "trunk" ? 0 : tag ?? 0, trunks: Set(port.integers("trunks")),
      patchPeer: interface.text("type") == "patch" ? interface["options"]["peer" as Text]?.string : nil,
      number: Int(number))
  }

  private func find(_ port: String) -> (ModelBridge, ModelBridge.Port)? {
    for bridge in bridges {
      if let found = bridge.ports.first(where: { $0.name == port }) { return (bridge, found) }
    }
    return nil
  }

  /// Where a frame that comes in by a port leaves, and as what.
  func receive(_ frame: Frame, port name: String) -> [(port: String, frame: [UInt8])] {
    guard let (bridge, port) = find(name) else { return [] }
    var sent: [(port: String, frame: [UInt8])] = []
    learning = []
    enter(frame, bridge, port, &sent)
    for lesson in learning { lesson() }
    return sent
  }

  private func enter(
    _ frame: Frame, _ bridge: ModelBridge, _ port: ModelBridge.Port,
    _ sent: inout [(port: String, frame: [UInt8])]
  ) {
    let identifier = frame.tag.map { Int($0 & 0xfff) }
    let place = bridge.rules.indices.filter { place in
      let rule = bridge.rules[place]
      return (rule.inPort == nil || rule.inPort == port.number)
        && (rule.destination == nil || rule.destination == frame.destination)
        && (rule.vlan == nil || rule.vlan == identifier)
    }.max { bridge.rules[$0].priority < bridge.rules[$1].priority }
    guard let place else { return }
    bridge.rules[place].packetCount += 1
    guard let outputs = bridge.rules[place].outputs else { return normal(frame, bridge, port, &sent) }
    for number in outputs where number != port.number {
      if let target = bridge.ports.first(where: { $0.number == number }) { leave(frame, target, &sent) }
    }
  }

  private func normal(
    _ frame: Frame, _ bridge: ModelBridge, _ port: ModelBridge.Port,
    _ sent: inout [(port: String, frame: [UInt8])]
  ) {
    guard let vlan = port.vlan(ofTag: Int((frame.tag ?? 0) & 0xfff)) else { return }
    // IEEE 802.1D, table 7-10: these are not forwarded.
    if frame.destination & ~0xf == 0x0180_c200_0000 { return }
    if frame.source >> 40 & 1 == 0 {
      let place = ModelBridge.Place(vlan: vlan, address: frame.source)
      learning.append { if !bridge.fixed.contains(place) { bridge.learned[place] = port.name } }
    }
    let known = bridge.learned[.init(vlan: vlan, address: frame.destination)]
    for target in bridge.ports where target.name != port.name && target.carries(vlan) {
      if let known, known != target.name { continue }
      var copy = frame
      let priority = (frame.tag ?? 0) & 0xe000
      copy.tag = target.tags(vlan) ? UInt16(vlan) | priority : nil
      leave(copy, target, &sent)
    }
  }

  private func leave(
    _ frame: Frame, _ port: ModelBridge.Port, _ sent: inout [(port: String, frame: [UInt8])]
  ) {
    guard let peer = port.patchPeer else {
      sent.append((port.name, frame.bytes))
      return
    }
    guard let (bridge, other) = find(peer), other.patchPeer == port.name else { return }
    enter(frame, bridge, other, &sent)
  }
}
