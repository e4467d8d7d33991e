import Datapath
import PacketWire

/// `dpctl/parse-actions` and `dpctl/normalize-actions`: actions of a datapath, read and written again.
enum ActionCommands {
  static let all: [SwitchCommand] = [
    SwitchCommand("dpctl/parse-actions", "actions", 1, nil, parse),
    SwitchCommand("dpctl/normalize-actions", "actions", 2, nil, normalize),
  ]

  @Sendable private static func parse(_ call: CommandCall) {
    var text = ""
    for argument in call.arguments {
      guard let actions = try? DatapathText.readActions(argument) else {
        call.fail("\(DatapathCommands.prefix)odp_actions_from_string (Invalid argument)")
        return
      }
      text += DatapathText().describe(actions) + "\n"
    }
    call.reply(text)
  }

  /// What a packet's tags are when actions run, and those actions.
  private struct Group {
    var key: FlowKey
    var actions: [DatapathAction] = []

    /// Both tags as a number, by which groups are put in order.
    var tags: (UInt32, UInt32) {
      (
        UInt32(key.vlanTPID) << 16 | UInt32(key.vlanTCI),
        UInt32(key.innerVLANTPID) << 16 | UInt32(key.innerVLANTCI)
      )
    }
  }

  /// Writes actions in an order that depends on what they do alone: by the tags that packets have when they run, and outputs in a row
  /// by port.
  @Sendable private static func normalize(_ call: CommandCall) {
    var ports: [String: DatapathPortNumber] = [:]
    for argument in call.arguments.dropFirst(2) {
      let parts = argument.split(separator: "=", maxSplits: 1)
      guard parts.count == 2, let number = UInt32(parts[1]) else {
        call.fail("\(DatapathCommands.prefix)\(argument): expected NAME=NUMBER")
        return
      }
      ports[String(parts[0])] = DatapathPortNumber(number)
    }
    guard let flow = try? DatapathText.readKey(call.arguments[0], portNumber: { ports[$0] }) else {
      call.fail(
        "\(DatapathCommands.prefix)odp_flow_key_from_string (syntax error at \(call.arguments[0])) (Invalid argument)"
      )
      return
    }
    guard let actions = try? DatapathText.readActions(call.arguments[1], portNumber: { ports[$0] }) else {
      call.fail("\(DatapathCommands.prefix)odp_actions_from_string (Invalid argument)")
      return
    }
    var text = "input flow: \(DatapathText().describe(flow.key, mask: flow.mask))\n"
    for group in groups(of: actions, flow.key) { text += describe(group) }
    call.reply(text)
  }

  private static func groups(of actions: [DatapathAction], _ start: FlowKey) -> [Group] {
    var key = start
    var groups: [Group] = []
    for action in actions {
      switch action {
      case .popVLAN: key.popVLAN()
      case .pushVLAN(let tpid, let tci): key.pushVLAN(tpid: tpid, tci: tci)
      default:
        let here = Group(key: key)
        let place = groups.firstIndex { $0.tags == here.tags } ?? groups.count
        if place == groups.count { groups.append(here) }
        groups[place].actions.append(action)
      }
    }
    return groups.sorted { $0.tags < $1.tags }
  }

  private static func describe(_ group: Group) -> String {
    let key = group.key
    var text = ""
    for (tpid, tci) in [(key.vlanTPID, key.vlanTCI), (key.innerVLANTPID, key.innerVLANTCI)] {
      guard tci != 0 else {
        if text == "" { text = "no vlan: " }
        break
      }
      let control = VLANControl(rawValue: tci)
      let type = tpid == EtherType.vlan.rawValue ? "" : "tpid=0x\(String(tpid, radix: 16)),"
      text += "vlan(\(type)vid=\(control.identifier),pcp=\(control.priority)): "
    }
    if key.isMPLS {
      let entry = MPLSEntry(rawValue: UInt32(truncatingIfNeeded: key[.mplsEntry0]))
      text += "mpls(label=\(entry.label),tc=\(entry.trafficClass),ttl=\(entry.timeToLive)): "
    } else {
      text += "no mpls: "
    }
    return text + DatapathText().describe(sorted(group.actions)) + "\n"
  }

  /// The actions with each row of outputs in the order of its ports.
  private static func sorted(_ actions: [DatapathAction]) -> [DatapathAction] {
    var sorted: [DatapathAction] = []
    var row: [DatapathPortNumber] = []
    for action in actions {
      if case .output(let port) = action {
        row.append(port)
      } else {
        sorted += row.sorted().map { .output($0) } + [action]
        row = []
      }
    }
    return sorted + row.sorted().map { .output($0) }
  }
}
