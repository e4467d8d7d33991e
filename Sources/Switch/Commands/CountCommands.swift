import Datapath

/// `coverage/…` and `memory/show`: what the switch counts of itself.
enum CountCommands {
  static let all: [SwitchCommand] = [
    SwitchCommand("coverage/show", "", run: show),
    SwitchCommand("coverage/read-counter", "COUNTER", 1, 1) { call in
      let found = counters(call.host).first { $0.name.utf8.elementsEqual(call.arguments[0].utf8) }
      guard let found else {
        call.fail("No such counter")
        return
      }
      call.reply("\(found.value)\n")
    },
    SwitchCommand("memory/show", "", run: showMemory),
  ]

  /// Everything that is counted, in the order of the names.
  private static func counters(_ host: VirtualSwitch) -> [(name: String, value: UInt64)] {
    var sum = DatapathFlows.Counters()
    for flows in host.flows.values { sum.add(flows.counters) }
    var refused: UInt64 = host.environment.neighbors.refusedCount
    refused &+= host.environment.routes.refusedCount
    return [
      ("dpif_execute", sum.executed), ("dpif_flow_del", sum.removedIdle &+ sum.removedChanged),
      ("dpif_flow_put", sum.installed &+ sum.updated), ("dumped_flows", sum.dumped),
      ("endpoint_table_full", refused), ("flow_limit_hit", sum.refusedByLimit),
      ("flow_put_failed", sum.refusedByDatapath), ("injection_too_deep", sum.injectionsTooDeep),
      ("pause_table_full", host.environment.pauses.refusedCount), ("revalidate_changed", sum.removedChanged),
      ("revalidate_idle", sum.removedIdle), ("upcall_action", sum.actions),
      ("upcall_malformed", sum.malformed),
      ("upcall_miss", sum.misses), ("upcall_unknown_port", sum.unknownPort),
    ]
  }

  @Sendable private static func show(_ call: CommandCall) {
    let all = counters(call.host)
    let hit = all.filter { $0.value > 0 }
    var text = "Event coverage, avg rate over last: 5 seconds, last minute, last hour,  hash=00000000:\n"
    for (name, value) in hit {
      text += name.padded(to: 24) + "  0.0/sec     0.000/sec        0.0000/sec   total: \(value)\n"
    }
    text += "\(all.count - hit.count) events never hit\n"
    call.reply(text)
  }

  @Sendable private static func showMemory(_ call: CommandCall) {
    var ports = 0
    var rules = 0
    for bridge in call.host.reconciler.bridges.values {
      ports += bridge.interfaces.count
      // Each bridge has four rules of its own.
      rules += bridge.tables.ruleCount + 4
    }
    let keys = call.host.flows.values.reduce(0) { $0 + $1.count }
    var text = "handlers:1 ports:\(ports) revalidators:1 rules:\(rules)"
    if keys > 0 { text += " udpif keys:\(keys)" }
    call.reply(text + "\n")
  }
}
