// What must be true of a life: after every step, and when everything has become quiet.

import Datapath
import JSON
import OVSDB
import OpenFlow

@testable import Switch

enum Invariants {
  /// What must hold after each step.
  static func checkAlways(_ world: World) throws {
    let host = world.virtualSwitch
    for bridge in host.reconciler.bridges.values {
      guard bridge.addresses.count <= max(10, bridge.addresses.limit) else {
        throw Violation("\(bridge.name) has learned \(bridge.addresses.count) addresses")
      }
      for (number, interface) in bridge.interfaces
      where interface.number != number || interface.bridge !== bridge {
        throw Violation("\(bridge.name) has \(interface.name) under another's number")
      }
    }
    for agent in host.agents.values {
      for session in agent.sessions.values where session.bundles.count > Bundle.countLimit {
        throw Violation("a connection has \(session.bundles.count) bundles")
      }
    }
    for flows in host.flows.values where flows.count > max(flows.limits.flowCount, flows.highestCount) {
      throw Violation("\(flows.count) flows")
    }
    try checkIndexes(world)
    guard host.environment.frozen.pauseCount <= FrozenTable.pauseLimit else {
      throw Violation("too many pauses")
    }
    guard host.context.channel.requestCount <= world.datapathMessageCount else {
      throw Violation("requests wait for answers that will not come")
    }
  }

  /// What is kept so that nobody has to look for it is what a search would find.
  static func checkIndexes(_ world: World) throws {
    let host = world.virtualSwitch
    if let desired = host.database.rereadConfiguration, desired != host.reconciler.wanted?.desired {
      throw Violation("the configuration is not what the database says")
    }
    var tunnels: Set<String> = []
    for link in host.reconciler.datapaths.values {
      var names: Set<String> = []
      for bridge in link.bridges.values {
        for port in bridge.ports.values {
          for interface in port.interfaces {
            names.insert(interface.name)
            if case .tunnel = interface.kind, interface.attachment == .attached {
              tunnels.insert(interface.name)
            }
          }
        }
        var searched = LowestAddress()
        searched.forget()
        guard bridge.lowestDeviceAddress.address(among: bridge.ports) == searched.address(among: bridge.ports)
        else { throw Violation("\(bridge.name) does not know its lowest address") }
        try checkGroups(bridge)
      }
      guard names == Set(link.interfacesByName.keys) else {
        throw Violation("\(link.name) knows \(link.interfacesByName.keys.sorted()), not \(names.sorted())")
      }
    }
    guard tunnels == Set(host.reconciler.attachments.tunnels.keys) else {
      throw Violation("there are tunnels \(tunnels.sorted())")
    }
  }

  /// The groups that flows send to are there, and know their flows.
  private static func checkGroups(_ bridge: Bridge) throws {
    var users: [UInt32: Int] = [:]
    for rule in bridge.tables.rules(RuleFilter(includesHidden: true)) {
      for group in rule.groups { users[group, default: 0] += 1 }
    }
    for (group, count) in users {
      guard bridge.tables.groups[group] != nil, bridge.tables.userCount(ofGroup: group) == count else {
        throw Violation("\(bridge.name): group \(group) is not there, or does not have \(count) flows")
      }
    }
  }

  // MARK: when it is quiet

  /// The datapaths' ports are those that the database asks for, and have the numbers that the switch believes.
  static func checkPorts(_ world: World) throws {
    var wanted: [String: Set<String>] = [:]
    for bridge in world.database.rows("Bridge") {
      let name = bridge.text("name") ?? ""
      let datapath = datapathName(bridge, world)
      for interface in interfaces(of: bridge, world) where needsPort(interface, bridge: name, world) {
        wanted[datapath, default: []].insert(interface.text("name") ?? "")
      }
      if !bridge.references("controller").isEmpty { wanted[datapath, default: []].insert(name) }
    }
    for datapath in world.datapaths.running {
      let name = String(decoding: datapath.name, as: UTF8.self)
      let ports = datapath.engine.ports(world.now)
      let own = Set(ports.filter { $0.type == .netdev || $0.type == .internal }.map { $0.name })
      guard own == wanted[name] ?? [] else {
        throw Violation("\(name) has ports \(own.sorted()), and not \((wanted[name] ?? []).sorted())")
      }
      let link = world.virtualSwitch.reconciler.datapaths.values.first { $0.name == name }
      for port in ports where port.type == .netdev || port.type == .internal {
        guard link?.interfaces[DatapathPortNumber(port.number)]?.name == port.name else {
          throw Violation("the switch does not know that \(port.name) is port \(port.number)")
        }
      }
      let tunnels = Set(ports.filter { $0.type != .netdev && $0.type != .internal }.map { $0.name })
      let known = Set(link?.tunnelPorts.keys.map { $0 } ?? [])
      guard tunnels == known else { throw Violation("\(name) has tunnel ports \(tunnels), and not \(known)") }
    }
  }

  private static func datapathName(_ bridge: StoredRow, _ world: World) -> String {
    guard world.hasDevices else { return "ovs-dummy" }
    return bridge.text("datapath_type") == "netdev" ? "ovs-netdev" : "ovs-system"
  }

  static func interfaces(of bridge: StoredRow, _ world: World) -> [StoredRow] {
    bridge.references("ports").compactMap { world.database.row($0, of: "Port") }
      .flatMap { $0.references("interfaces") }.compactMap { world.database.row($0, of: "Interface") }
  }

  /// Whether an interface is to have a port in the datapath to itself.
  private static func needsPort(_ interface: StoredRow, bridge: String, _ world: World) -> Bool {
    let name = interface.text("name") ?? ""
    if name == bridge { return true }
    switch interface.text("type") {
    case "internal": return true
    case "dummy": return !world.hasDevices
    case "", "system":
      // A port whose device vanishes stays until somebody looks.
      let isThere = world.datapaths.running.contains { datapath in
        datapath.engine.ports(world.now).contains { $0.name == name }
      }
      return isThere || world.datapaths.devices?.contains(name) ?? true
    default: return false
    }
  }

  /// The columns that the switch writes say what is so.
  static func checkStatus(_ world: World) throws {
    for bridge in world.database.rows("Bridge") {
      let name = bridge.text("name") ?? ""
      for interface in interfaces(of: bridge, world) {
        let interfaceName = interface.text("name") ?? ""
        let type = interface.text("type") ?? ""
        let number = interface.integer("ofport")
        let error = interface.text("error")
        if needsPort(interface, bridge: name, world) {
          guard let number, number > 0, error == nil else {
            throw Violation("\(interfaceName) has ofport \(number ?? 0), error \(error ?? "none")")
          }
          let known = world.virtualSwitch.reconciler.bridges[name]?.interface(named: interfaceName)
          guard known?.number.rawValue == (number == 65534 ? 0xffff_fffe : UInt32(number)) else {
            throw Violation("\(interfaceName) has ofport \(number) in the database alone")
          }
        } else if !["patch", "vxlan", "gre", "geneve"].contains(type) {
          guard number == -1, error != nil else {
            throw Violation("\(interfaceName) of type \(type) has ofport \(number ?? 0) and no error")
          }
        }
      }
      try checkControllers(bridge, world)
    }
    let root = world.database.rows("Open_vSwitch").first
    guard root?.integer("cur_cfg") == root?.integer("next_cfg") else {
      throw Violation(
        "cur_cfg is \(root?.integer("cur_cfg") ?? 0), next_cfg \(root?.integer("next_cfg") ?? 0)")
    }
  }

  private static func checkControllers(_ bridge: StoredRow, _ world: World) throws {
    for uuid in bridge.references("controller") {
      guard let row = world.database.row(uuid, of: "Controller"), let target = row.text("target"),
        target.hasPrefix("tcp:")
      else { continue }
      let isConnected = row.boolean("is_connected") ?? false
      let place = world.controllers[target]
      if let place, place.manner == .polite, !place.refuses, !isConnected {
        throw Violation("\(target) of \(bridge.text("name") ?? "") is not connected")
      }
      if place?.refuses ?? true || place?.manner == .foreign, isConnected {
        throw Violation("\(target) is not there")
      }
    }
    for stream in world.streams {
      guard let peer = stream.peer as? ControllerPeer, peer.address != nil, peer.manner == .silent else {
        continue
      }
      guard world.now - peer.since < 20_000 else {
        throw Violation("the switch has waited \(world.now - peer.since) ms for a controller's first word")
      }
    }
  }

  /// What has a time to go has gone.
  static func checkAges(_ world: World) throws {
    let host = world.virtualSwitch
    let past = world.now - 2500
    for bridge in host.reconciler.bridges.values {
      for rule in bridge.tables.rules(RuleFilter()) where rule.expiry(now: past) != nil {
        throw Violation("\(bridge.name) has a rule that should have expired: priority \(rule.priority)")
      }
      if let time = bridge.addresses.nextExpiry, time < past {
        throw Violation("\(bridge.name) remembers an address")
      }
    }
    if let time = host.environment.neighbors.nextExpiry, time < past, !host.reconciler.bridges.isEmpty {
      throw Violation("a neighbour that should be forgotten is not")
    }
  }

  /// No flow of a datapath does to a packet anything else than translation says.
  static func checkMegaflows(_ world: World) throws {
    let host = world.virtualSwitch
    for datapath in world.datapaths.running {
      let name = String(decoding: datapath.name, as: UTF8.self)
      guard let link = host.reconciler.datapaths.values.first(where: { $0.name == name }) else { continue }
      let packets = packetKeys(world, datapath)
      for flow in datapath.engine.flows(world.now) {
        guard let key = flow.key, let mask = flow.mask else { continue }
        let alike = packets.filter { packet in
          (0..<FlowKey.wordCount).allSatisfy { (packet.words[$0] ^ key.words[$0]) & mask.words[$0] == 0 }
        }
        for key in [key] + alike { try check(flow, key, link, host) }
      }
    }
  }

  private static func packetKeys(_ world: World, _ datapath: SimulatedDatapaths.Running) -> [FlowKey] {
    let ports = datapath.engine.ports(world.now)
    return world.recentFrames.compactMap { sent in
      guard let port = ports.first(where: { $0.name == sent.port }),
        var key = world.virtualSwitch.context.frames.key(of: sent.frame)
      else { return nil }
      key.inPort = OpenFlowPortNumber(port.number)
      return key
    }
  }

  private static func check(_ flow: FlowMessage, _ key: FlowKey, _ link: DatapathLink, _ host: VirtualSwitch)
    throws
  {
    let port = DatapathPortNumber(key.inPort.rawValue)
    if host.environment.tunnels.isTunnel(port) { return }
    guard let input = link.interfaces[port] else {
      throw Violation("a flow is of port \(port.rawValue), which is not there")
    }
    var openFlowKey = key
    openFlowKey.inPort = input.number
    let request = TranslationRequest(
      bridge: input.bridge, key: openFlowKey, mayHaveSideEffects: false, now: host.context.now)
    let translation = Translator.translate(request, host.environment)
    let actions = flow.actions ?? []
    if !translation.slowPath.isEmpty {
      guard case .userspace? = actions.first, actions.count == 1 else {
        throw Violation("a flow does \(actions), and should ask the switch")
      }
    } else if actions != translation.actions {
      let text = openFlowKey.text()
      throw Violation("a flow does \(actions) to \(text), and should do \(translation.actions)")
    }
  }

  /// After all bridges were deleted, nothing is left.
  static func checkNothingIsLeft(_ world: World) throws {
    let host = world.virtualSwitch
    func check(_ what: String, _ count: Int) throws {
      guard count == 0 else { throw Violation("\(count) \(what) are left") }
    }
    try check("bridges", host.reconciler.bridges.count)
    try check("agents", host.agents.count)
    for link in host.reconciler.datapaths.values {
      try check("ports to be deleted of \(link.name): \(link.undeletedPorts),", link.undeletedPorts.count)
    }
    for datapath in world.datapaths.running {
      try check("ports", datapath.engine.ports(world.now).count)
      try check("flows", datapath.engine.flows(world.now).count)
    }
    try check("requests", host.context.channel.requestCount)
    try check("flows of the switch's", host.flows.values.reduce(0) { $0 + $1.count })
    try check("pauses", host.environment.frozen.count)
    try check("listeners", world.listeners.count)
    try check("streams", world.streams.count)
    try check("unanswered commands", world.openCommands.count)
    for link in host.reconciler.datapaths.values {
      try check("interfaces", link.interfaces.count)
      try check("tunnel ports", link.tunnelPorts.count)
    }
    try check("waiting transactions", world.database.server.triggerCount)
  }
}
