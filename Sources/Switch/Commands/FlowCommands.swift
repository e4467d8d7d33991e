import Datapath

/// `upcall/…` and `revalidator/…`: the flows that the switch puts into datapaths.
enum FlowCommands {
  static let all: [SwitchCommand] = [
    SwitchCommand("upcall/show", "", run: show),
    SwitchCommand("upcall/set-flow-limit", "flow-limit-number", 1, 1) { call in
      guard let limit = Int(call.arguments[0]), limit >= 0 else {
        call.fail("invalid flow limit")
        return
      }
      for flows in call.host.flows.values { flows.limits.flowCount = limit }
      call.reply("set flow_limit to \(limit)\n")
    },
    SwitchCommand("upcall/enable-megaflows", "") { $0.setMegaflows(true) },
    SwitchCommand("upcall/disable-megaflows", "") { $0.setMegaflows(false) },
    SwitchCommand("upcall/enable-ufid", "") { call in
      for flows in call.host.flows.values { flows.dumpsTersely = true }
      call.reply("Datapath dumping tersely using UFID enabled for supported datapaths\n")
    },
    SwitchCommand("upcall/disable-ufid", "") { call in
      for flows in call.host.flows.values { flows.dumpsTersely = false }
      call.reply("Datapath dumping tersely using UFID disabled\n")
    },
    SwitchCommand("revalidator/wait", "", run: wait),
    SwitchCommand("revalidator/purge", "") { call in
      call.host.await(call, .flows(open: call.host.flows.count))
      for flows in call.host.flowsInOrder { call.host.apply(flows.removeAll(for: call.id)) }
    },
  ]

  @Sendable private static func show(_ call: CommandCall) {
    var text = ""
    for link in call.host.openDatapaths {
      guard let flows = call.host.flows[link.type] else { continue }
      text += """
        \(link.type)@\(link.name):
          flows         : (current \(flows.count)) (avg \(flows.averageCount)) (max \(flows.highestCount)) (limit \(flows.limit))
          dump duration : \(flows.dumpMilliseconds)ms
          ufid enabled : \(flows.dumpsTersely)

          0: (keys \(flows.count))

        """
    }
    call.reply(text)
  }

  /// Answers when every datapath's flows have been looked over once more.
  @Sendable private static func wait(_ call: CommandCall) {
    call.host.await(call, .flows(open: call.host.flows.count))
    for flows in call.host.flowsInOrder { call.host.apply(flows.lookOverNow(for: call.id)) }
  }
}

extension CommandCall {
  /// Lets flows wildcard what was not looked at, or not; those that are there go.
  fileprivate func setMegaflows(_ isOn: Bool) {
    for flows in host.flowsInOrder {
      flows.wildcardsFlows = isOn
      host.apply(flows.removeAll())
    }
    reply(isOn ? "megaflows enabled\n" : "megaflows disabled\n")
  }
}
