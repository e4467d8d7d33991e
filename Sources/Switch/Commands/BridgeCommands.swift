import Datapath
import OpenFlow

/// `bridge/…`, `dpif/…`, `ofproto/…`, `qos/…`: bridges, their ports and rules.
enum BridgeCommands {
  static let all: [SwitchCommand] = [
    SwitchCommand("exit", "[--cleanup]", 0, 1) { call in
      call.reply()
      call.host.context.turn.emit(.exit(cleanup: call.argument(0) == "--cleanup"))
    },
    SwitchCommand("ofproto/list", "") { call in
      call.reply(call.host.sortedBridges.map { $0.name + "\n" }.joined())
    },
    SwitchCommand("bridge/dump-flows", "[--offload-stats] bridge", 1, 2, dumpRules),
    SwitchCommand("bridge/reconnect", "[bridge]", 0, 1) { call in
      guard call.bridges(otherwise: "unknown bridge") != nil else { return }
      call.reply()
    },
    SwitchCommand("dpif/show", "", run: show),
    SwitchCommand("dpif/dump-dps", "") { call in
      call.reply(call.host.sortedBridges.map { "\($0.datapath.type)@\($0.name)\n" }.joined())
    },
    SwitchCommand("qos/show", "interface", 1, 1) { call in
      guard let name = interface(call) else { return }
      call.reply("QoS not configured on \(name)\n")
    },
    SwitchCommand("qos/show-types", "interface", 1, 1) { call in
      guard let name = interface(call) else { return }
      call.reply("No QoS types supported for interface: \(name)\n")
    },
  ]

  private static func interface(_ call: CommandCall) -> String? {
    for bridge in call.host.sortedBridges {
      if bridge.interface(named: call.arguments[0]) != nil { return call.arguments[0] }
    }
    call.fail("no such interface")
    return nil
  }

  // MARK: dpif/show

  @Sendable private static func show(_ call: CommandCall) {
    var text = ""
    for link in call.host.openDatapaths {
      text += "\(link.type)@\(link.name): hit:\(link.statistics.hits) missed:\(link.statistics.misses)\n"
      for bridge in call.host.sortedBridges where bridge.datapath === link {
        text += "  \(bridge.name):\n"
        let interfaces = bridge.interfaces.values.sorted {
          $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
        }
        for interface in interfaces { text += "    " + line(interface) + "\n" }
      }
    }
    call.reply(text)
  }

  private static func line(_ interface: Interface) -> String {
    let number =
      interface.number.rawValue >= 0xffff_ff00
      ? interface.number.rawValue & 0xffff : interface.number.rawValue
    let port = interface.datapathNumber.map { String($0.rawValue) } ?? "none"
    return "\(interface.name) \(number)/\(port): (\(interface.description))"
  }

  // MARK: bridge/dump-flows

  @Sendable private static func dumpRules(_ call: CommandCall) {
    guard let bridge = call.bridge(call.arguments.count - 1, otherwise: "Unknown bridge") else { return }
    let showsOffloads = call.arguments.count > 1 && call.arguments[0] == "--offload-stats"
    let now = call.host.context.now
    var text = ""
    for rule in bridge.tables.rules(RuleFilter()) {
      text += line(rule, showsOffloads, now)
    }
    for own in ownRules {
      text +=
        "table_id=254, duration=\(max(0, now &- (bridge.local?.createdMilliseconds ?? now)) / 1000)s, n_packets=0, n_bytes=0, "
      if showsOffloads { text += "n_offload_packets=0, n_offload_bytes=0, " }
      text += own + "\n"
    }
    call.reply(text)
  }

  /// The rules of the switch's own, which every bridge has in its hidden table.
  private static let ownRules = [
    "priority=2,recirc_id=0,actions=drop", "priority=0,reg0=0x1,actions=controller(reason=)",
    "priority=0,reg0=0x2,actions=drop", "priority=0,reg0=0x3,actions=drop",
  ]

  private static func line(_ rule: Rule, _ showsOffloads: Bool, _ now: Int64) -> String {
    var text = rule.table == 0 ? "" : "table_id=\(rule.table), "
    text += "duration=\(max(0, now &- rule.createdMilliseconds) / 1000)s, "
    text += "n_packets=\(rule.packetCount), n_bytes=\(rule.byteCount), "
    if showsOffloads { text += "n_offload_packets=0, n_offload_bytes=0, " }
    let match = rule.wholeMatch.text(priority: UInt16(clamping: rule.priority))
    return text + (match.isEmpty ? "" : match + ",") + "actions=" + Action.text(rule.actions) + "\n"
  }
}

extension Interface: CustomStringConvertible {
  /// The kind of device and its options, as `dpif/show` says them.
  var description: String {
    let name: String
    switch kind {
    case .system: name = type
    case .internalDevice: name = bridge.datapath.type == "netdev" ? "tap" : "internal"
    case .patch: name = "patch"
    case .tunnel: name = type
    case .dummy(let type): name = type
    }
    switch kind {
    case .patch(let peer): return "\(name): peer=\(peer)"
    case .tunnel:
      let options = (wanted?.options.pairs ?? []).map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
      return options.isEmpty ? name : "\(name): \(options)"
    default: return name
    }
  }
}
