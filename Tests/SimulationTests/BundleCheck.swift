import Datapath
import OpenFlow
import PacketWire

@testable import Switch

/// A bundle of which one message fails leaves everything as it was.
struct BundleCheck {
  let world: World

  func run() throws {
    guard let name = world.chance.pickAny(world.virtualSwitch.reconciler.bridges.keys.sorted()) else {
      return
    }
    let tool = ControllerPeer(.polite, version: .v14)
    let talk = OpenFlowTalk(world: world)
    try world.connect(tool, to: "punix:/run/\(name).mgmt")
    try world.run(milliseconds: 100)
    guard tool.isEstablished else { throw Violation("no answer from \(name)") }
    let before = state(name)
    let flags: BundleFlags = [.atomic, .ordered]
    tool.send(.bundleControl(BundleControl(bundleID: 7, type: .openRequest, flags: flags)), world)
    for _ in 0..<world.chance.number(0...6) { add(.flowModification(talk.flowMod()), tool) }
    if let port = world.virtualSwitch.reconciler.bridges[name]?.interfaces.keys.sorted().first {
      add(
        .portModification(
          PortModification(port: port, address: MACAddress(0), configuration: .noReceive, mask: .noReceive)),
        tool
      )
    }
    add(.packetOut(PacketOut(packet: [1, 2, 3], inPort: .none, actions: [])), tool)
    tool.send(.bundleControl(BundleControl(bundleID: 7, type: .commitRequest, flags: flags)), world)
    try world.run(milliseconds: 200)
    guard !tool.errors.isEmpty else { throw Violation("a bundle with a packet of three bytes is accepted") }
    let after = state(name)
    guard before == after else { throw Violation("a bundle that failed has left \(after) for \(before)") }
    if let stream = tool.stream { world.cut(stream) }
  }

  private func add(_ message: Message, _ tool: ControllerPeer) {
    tool.send(
      .bundleAdd(BundleAdd(bundleID: 7, flags: [.atomic, .ordered], message: tool.encode(message))), world)
  }

  /// The rules that do not go by themselves, and the ports' configurations.
  private func state(_ name: String) -> [String] {
    guard let bridge = world.virtualSwitch.reconciler.bridges[name] else { return [] }
    let rules = bridge.tables.rules(RuleFilter()).filter { $0.expiryTime == nil }.map {
      "\($0.table) \($0.priority) \($0.cookie) \($0.wholeMatch.text()) \($0.actions.count)"
    }
    let ports = bridge.interfaces.values.map { "\($0.name) \($0.configuration.rawValue)" }
    return rules.sorted() + ports.sorted()
  }
}
