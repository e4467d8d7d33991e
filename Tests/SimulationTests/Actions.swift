// What happens in a life, by chance: what users, controllers and hosts do, and what goes wrong.

import Datapath
import OpenFlow
import PacketWire
import TestSupport

@testable import Switch

/// Chooses what happens next, and lets it happen.
struct Actions {
  let world: World

  static let hostCount = 8

  /// Lets one thing happen; gives its name.
  func next() throws -> String {
    switch world.chance.number(0...99) {
    case 0...29:
      Administration(world: world).doSomething()
      return "database"
    case 30...49:
      sendPackets()
      return "packets"
    case 50...69: return try controllers()
    case 70...79: return try command()
    case 80...84: return try time()
    default: return try Faults(world: world).next()
    }
  }

  // MARK: hosts

  private func sendPackets() {
    let ports = world.datapaths.running.flatMap { $0.engine.ports(world.now) }
    guard let port = world.chance.pickAny(ports) else { return }
    if world.chance.percent(15) { world.sendFrame(tunnelled(), port: port.name) }
    for _ in 0..<world.chance.number(1...6) {
      let host = world.chance.number(0...Self.hostCount - 1)
      var frame = Frame.random(&world.chance, from: host, hostCount: Self.hostCount).bytes
      if world.chance.percent(15) { frame = world.chance.mutate(frame) }
      world.sendFrame(frame, port: port.name)
    }
  }

  /// What comes from the other end of a tunnel: its address, or a frame inside VXLAN, Geneve or GRE.
  private func tunnelled() -> [UInt8] {
    let bridge = world.chance.pickAny(
      world.virtualSwitch.reconciler.bridges.values.map { $0.ethernetAddress.rawValue }.sorted())
    let addresses: [UInt8] = [10, 9, 9, 8, 10, 9, 9, 9]
    if world.chance.percent(30) {
      let arp: [UInt8] =
        [0, 1, 8, 0, 6, 4, 0, UInt8(world.chance.number(1...2))] + big(Frame.address(9), 6)
        + addresses[..<4]
        + big(bridge ?? 0, 6) + addresses[4...]
      return Frame(
        destination: bridge ?? Frame.broadcast, source: Frame.address(9), payload: arp, type: 0x0806
      ).bytes
    }
    let inner = Frame.random(&world.chance, from: world.chance.number(0...7), hostCount: Self.hostCount).bytes
    let proto: UInt8
    var body: [UInt8]
    if world.chance.percent(30) {
      proto = 47
      body = world.chance.pick([[0x20, 0, 0x65, 0x58, 0, 0, 0, 7], [0, 0, 0x65, 0x58]]) + inner
    } else {
      proto = 17
      let isGeneve = world.chance.percent(50)
      let header: [UInt8] = isGeneve ? [0, 0, 0x65, 0x58, 0, 0, 7, 0] : [8, 0, 0, 0, 0, 0, 7, 0]
      let port: [UInt8] = isGeneve ? [0x17, 0xc1] : [0x12, 0xb5]
      body = [0x80, 0] + port + big(16 + inner.count, 2) + [0, 0]
      body += header + inner
    }
    let packet = Build.ipv4(Int(proto), body, from: 0x0a09_0908, to: 0x0a09_0909, identification: 0)
    return Frame(
      destination: bridge ?? Frame.broadcast, source: Frame.address(9), payload: packet, type: 0x0800
    ).bytes
  }

  // MARK: controllers

  private func controllers() throws -> String {
    if world.chance.percent(20) {
      let target = world.chance.pick(Administration.controllerTargets)
      world.controllers[target] = ControllerPlace(
        manner: manner(), version: world.chance.pick([.v10, .v11, .v12, .v13, .v13, .v14, .v15]),
        refuses: world.chance.percent(20))
      // Who was there before is gone.
      for stream in world.streams where (stream.peer as? ControllerPeer)?.address == target {
        world.cut(stream)
      }
      return "controller at \(target)"
    }
    if world.chance.percent(40), let address = world.chance.pickAny(world.listeners)?.address {
      let tool = ControllerPeer(
        manner(), version: world.chance.pick([.v10, .v11, .v12, .v13, .v13, .v14, .v15]))
      let messages = OpenFlowTalk(world: world)
      for _ in 0..<world.chance.number(1...6) { tool.pending.append(messages.message()) }
      try world.connect(tool, to: address)
      return "tool \(tool.manner)"
    }
    let peers = world.streams.compactMap { $0.peer as? ControllerPeer }
    guard let peer = world.chance.pickAny(peers) else { return "no controller" }
    let messages = OpenFlowTalk(world: world)
    for _ in 0..<world.chance.number(1...4) { messages.talk(peer) }
    return "talk"
  }

  private func manner() -> ControllerPeer.Manner {
    world.chance.percent(60) ? .polite : world.chance.pick(ControllerPeer.Manner.allCases)
  }

  // MARK: commands

  private func command() throws -> String {
    let names = VirtualSwitch.commands.map { $0.name }.filter { $0 != "exit" }
    let name = world.chance.pick(names)
    guard let command = VirtualSwitch.commands.first(where: { $0.name == name }) else { return "" }
    var arguments: [String] = []
    let most = min(4, command.maximumArgumentCount ?? 4)
    let count = world.chance.number(min(command.minimumArgumentCount, most)...most)
    for _ in 0..<count { arguments.append(argument()) }
    if name == "ofproto/trace", world.chance.percent(80) {
      arguments = [world.chance.pick(Administration.bridgeNames), flowText()]
    }
    if name == "upcall/set-flow-limit" { arguments = [world.chance.pick(["20", "200000"])] }
    try world.command(name, arguments)
    return "command \(name) \(arguments)"
  }

  private func argument() -> String {
    switch world.chance.number(0...6) {
    case 0, 1: world.chance.pick(Administration.bridgeNames)
    case 2: world.chance.pick(Administration.portNames)
    case 3: world.chance.pick(["0", "10", "-1", "4095", "65536", "up", "down", "-m", "--names", "ovs-dummy"])
    case 4: "02:00:00:00:00:0\(world.chance.number(0...7))"
    case 5: world.chance.pick(["10.0.0.1/24", "10.9.9.8", "192.0.2.1", "::1", "fe80::1/64"])
    default:
      "in_port(\(world.chance.number(0...9))),eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02),eth_type(0x1234)"
    }
  }

  private func flowText() -> String {
    "in_port=\(world.chance.number(1...9)),dl_src=02:00:00:00:00:0\(world.chance.number(0...7)),"
      + "dl_dst=02:00:00:00:00:0\(world.chance.number(0...7))"
      + world.chance.pick(["", ",dl_vlan=10", ",ip,nw_src=10.0.0.1", ",tcp,tp_dst=80", ",arp"])
  }

  // MARK: time

  private func time() throws -> String {
    switch world.chance.number(0...9) {
    case 0:
      world.jump(milliseconds: Int64(world.chance.pick([60_000, 3_600_000, 86_400_000 * 30])))
      return "jump"
    case 1...4:
      try world.run(milliseconds: Int64(world.chance.number(3000...12_000)))
      return "wait"
    default:
      try world.run(milliseconds: Int64(world.chance.number(100...2000)))
      return "pause"
    }
  }
}
