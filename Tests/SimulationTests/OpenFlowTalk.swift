import Datapath
import OpenFlow
import PacketWire

@testable import Switch

/// What controllers and tools say.
struct OpenFlowTalk {
  let world: World

  /// Lets a peer say something: right, or not quite.
  func talk(_ peer: ControllerPeer) {
    if world.chance.percent(12) {
      peer.send(bytes: world.chance.mutate(peer.encode(message())), world)
    } else if world.chance.percent(15) {
      sendBundle(peer)
    } else {
      peer.send(message(), world)
    }
  }

  /// Any message.
  func message() -> Message {
    switch world.chance.number(0...22) {
    case 0...8: return .flowModification(flowMod())
    case 9, 10: return .packetOut(packetOut())
    case 11: return .flowStatisticsRequest(FlowStatisticsRequest())
    case 12: return .aggregateStatisticsRequest(FlowStatisticsRequest())
    case 13: return .portStatisticsRequest(.none)
    case 14: return world.chance.pick([.tableStatisticsRequest, .tableFeaturesRequest, .descriptionRequest])
    case 15:
      return world.chance.pick([.barrierRequest, .echoRequest([1, 2, 3]), .featuresRequest, .asyncRequest])
    case 16: return .portDescriptionRequest(.none)
    case 17:
      return .roleRequest(
        RoleMessage(
          role: world.chance.pick([.noChange, .equal, .primary, .secondary]),
          generationID: UInt64(world.chance.number(0...3))))
    case 18:
      return .setConfiguration(
        SwitchConfiguration(
          fragments: world.chance.pick([.normal, .drop]), missSendLength: world.chance.pick([0, 128, 0xffff]))
      )
    case 19, 20: return .groupModification(groupMod())
    case 21:
      return world.chance.pick([
        .groupStatisticsRequest(GroupNumber.all), .groupDescriptionRequest(GroupNumber.all),
        .groupFeaturesRequest,
      ])
    default: return .portModification(portModification())
    }
  }

  private func sendBundle(_ peer: ControllerPeer) {
    let id = UInt32(world.chance.number(1...3))
    let flags: BundleFlags = world.chance.percent(90) ? [.atomic, .ordered] : []
    peer.send(.bundleControl(BundleControl(bundleID: id, type: .openRequest, flags: flags)), world)
    for _ in 0..<world.chance.number(0...6) {
      let inner = peer.encode(
        world.chance.percent(75)
          ? .flowModification(flowMod())
          : world.chance.percent(60) ? .groupModification(groupMod()) : message())
      peer.send(.bundleAdd(BundleAdd(bundleID: id, flags: flags, message: inner)), world)
    }
    if world.chance.percent(60) {
      peer.send(.bundleControl(BundleControl(bundleID: id, type: .closeRequest, flags: flags)), world)
    }
    let end: BundleControlType = world.chance.percent(70) ? .commitRequest : .discardRequest
    if world.chance.percent(90) {
      peer.send(.bundleControl(BundleControl(bundleID: id, type: end, flags: flags)), world)
    }
  }

  private func portModification() -> PortModification {
    let states: [PortConfiguration] = [[], [], .portDown, .noFlood, .noReceive]
    let change = PortModification(
      port: OpenFlowPortNumber(UInt32(world.chance.number(1...6))), address: MACAddress(0),
      configuration: world.chance.pick(states), mask: [.portDown, .noFlood, .noReceive])
    return change
  }

  /// A change to the group table.
  private func groupMod() -> GroupMod {
    let group = world.chance.number(1...4)
    let command = world.chance.pick(
      [.add, .add, .addOrModify, .modify, .delete, .insertBuckets, .removeBuckets] as [GroupCommand])
    var text = "group_id=\(group)"
    switch command {
    case .delete: break
    case .removeBuckets:
      text += ",command_bucket_id=" + world.chance.pick(["first", "last", "all", "1"])
    case .insertBuckets:
      text += ",command_bucket_id=\(world.chance.pick(["first", "last", "1"])),bucket=" + bucket("select")
    case .add, .modify, .addOrModify:
      let type = world.chance.pick(["all", "select", "select", "indirect", "ff"])
      text += ",type=" + type
      if type == "select" {
        text += world.chance.pick([
          "", ",selection_method=hash", ",selection_method=hash,fields(eth_src,ip_dst)",
          ",selection_method=dp_hash,selection_method_param=5",
        ])
      }
      let count = type == "indirect" ? 1 : world.chance.number(0...4)
      for _ in 0..<count { text += ",bucket=" + bucket(type) }
    }
    return (try? FlowParser().group(text, command).change) ?? GroupMod(.delete, group: GroupNumber.all)
  }

  private func bucket(_ type: String) -> String {
    let port = world.chance.number(1...6)
    var text = world.chance.pick([
      "output:\(port)", "output:\(port)", "mod_dl_dst:02:00:00:00:00:01,output:\(port)", "resubmit(,1)",
      "group:\(world.chance.number(1...4))", "drop", "set_field:5->reg0,resubmit(,2)", "NORMAL",
    ])
    if type == "select", world.chance.percent(40) {
      text = "weight:\(world.chance.pick([0, 1, 7, 65535]))," + text
    }
    let watch = ["watch_port:\(world.chance.number(1...6)),", "watch_group:\(world.chance.number(1...4)),"]
    return type == "ff" || (type == "select" && world.chance.percent(20))
      ? world.chance.pick(watch) + text : text
  }

  /// A change to a flow table.
  func flowMod() -> FlowMod {
    let command = world.chance.pick(
      [.add, .add, .add, .modify, .modifyStrict, .delete, .deleteStrict] as [FlowCommand])
    let text = flowText(withActions: !command.isDelete)
    if let parsed = try? FlowParser().flow(text, command) { return parsed.change }
    return FlowMod(command)
  }

  private func flowText(withActions: Bool) -> String {
    var parts = ["table=\(world.chance.pick([0, 0, 0, 1, 2]))"]
    parts.append("priority=\(world.chance.pick([0, 1, 10, 100, 65535]))")
    if world.chance.percent(20) { parts.append("idle_timeout=\(world.chance.number(1...9))") }
    if world.chance.percent(20) { parts.append("hard_timeout=\(world.chance.number(1...9))") }
    if world.chance.percent(20) { parts.append("send_flow_rem") }
    if world.chance.percent(50) { parts.append("in_port=\(world.chance.number(1...6))") }
    if world.chance.percent(30) { parts.append("dl_dst=02:00:00:00:00:0\(world.chance.number(0...7))") }
    if world.chance.percent(20) { parts.append("dl_vlan=\(world.chance.pick(["10", "20", "0xffff"]))") }
    if world.chance.percent(20) {
      parts.append(world.chance.pick(["arp", "ip", "tcp,tp_dst=80", "udp", "icmp"]))
    }
    if withActions { parts.append("actions=" + actions()) }
    return parts.joined(separator: ",")
  }

  /// Actions in text.
  func actions() -> String {
    if world.chance.percent(10) { return "drop" }
    var actions: [String] = []
    for _ in 0..<world.chance.number(1...3) {
      let port = world.chance.number(1...6)
      actions.append(
        world.chance.pick([
          "output:\(port)", "output:\(port)", "NORMAL", "FLOOD", "ALL", "IN_PORT", "LOCAL", "CONTROLLER:128",
          "mod_vlan_vid:10", "strip_vlan", "mod_dl_dst:02:00:00:00:00:01", "dec_ttl", "resubmit(,1)",
          "resubmit(,2)",
          "resubmit(\(port),0)", "set_field:5->reg0,output:\(port)", "load:7->NXM_NX_REG1[]",
          "push:NXM_NX_REG0[]",
          "pop:NXM_NX_REG2[]", "move:NXM_OF_ETH_SRC[]->NXM_OF_ETH_DST[]", "output:NXM_NX_REG0[0..15]",
          "clone(output:\(port))", "push_vlan:0x8100", "push_mpls:0x8847", "set_tunnel:9", "exit",
          "note:01.02", "group:\(world.chance.number(1...4))",
          "write_actions(group:\(world.chance.number(1...4)))",
          "learn(table=1,idle_timeout=5,NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],output:NXM_OF_IN_PORT[])",
          "fin_timeout(idle_timeout=2)", "controller(max_len=64,reason=action,id=1)", "conjunction(1,1/2)",
        ]))
    }
    if world.chance.percent(15) {
      actions.append(world.chance.pick(["goto_table:1", "goto_table:2", "write_metadata:7"]))
    }
    return actions.joined(separator: ",")
  }

  private func packetOut() -> PacketOut {
    let actions = (try? FlowParser().flow("actions=" + actions(), .add).change.actions) ?? []
    let host = world.chance.number(0...7)
    var frame = Frame.random(&world.chance, from: host, hostCount: 8).bytes
    if world.chance.percent(10) { frame = Array(frame.prefix(world.chance.number(0...20))) }
    let port = world.chance.pick([
      .none, .local, .controller, OpenFlowPortNumber(UInt32(world.chance.number(1...6))),
    ])
    return PacketOut(packet: frame, inPort: port, actions: actions)
  }
}
