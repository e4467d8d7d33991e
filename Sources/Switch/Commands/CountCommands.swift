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

  /// What is no count of events but a length, of which there is no rate.
  private static let longestTurn = "turn_longest_us"

  /// Everything that is counted, in the order of the names.
  private static func counters(_ host: VirtualSwitch) -> [(name: String, value: UInt64)] {
    var sum = DatapathFlows.Counters()
    for flows in host.flows.values { sum.add(flows.counters) }
    var refused: UInt64 = host.environment.neighbors.refusedCount
    refused &+= host.environment.routes.refusedCount
    var drops = DropCounts()
    for link in host.reconciler.datapaths.values { drops.add(link.drops) }
    var counters = DropReason.allCases.map { (name: "\($0.name)", value: drops[$0]) }
    counters += [
      ("datapath_drop_other", drops.others), ("dpif_execute", sum.executed),
      ("dpif_flow_del", sum.removedIdle &+ sum.removedChanged),
      ("dpif_flow_put", sum.installed &+ sum.updated), ("dumped_flows", sum.dumped),
      ("endpoint_table_full", refused), ("flow_limit_hit", sum.refusedByLimit),
      ("flow_put_failed", sum.refusedByDatapath), ("injection_too_deep", sum.injectionsTooDeep),
      ("pause_table_full", host.environment.frozen.refusedPauseCount),
      ("recirculation_table_full", host.environment.frozen.refusedFrozenCount),
      ("recirculation_unknown", host.environment.frozen.unknownCount),
      ("revalidate_changed", sum.removedChanged),
      ("revalidate_idle", sum.removedIdle), ("upcall_action", sum.actions),
      (longestTurn, host.turns.longestMicroseconds), ("turn_over_20ms", host.turns.longCount),
      ("upcall_malformed", sum.malformed),
      ("upcall_miss", sum.misses), ("upcall_port_queue_full", sum.refusedPackets),
      ("upcall_unknown_port", sum.unknownPort),
    ]
    counters.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    return counters
  }

  /// As wide as the three rates of a counter.
  private static let noRates = String(repeating: " ", count: 1 + 5 + 5 + 9 + 5 + 13 + 4)

  /// The totals of all counters, in the order of the names.
  static func totals(_ host: VirtualSwitch) -> [UInt64] { counters(host).map { $0.value } }

  @Sendable private static func show(_ call: CommandCall) {
    let all = counters(call.host)
    var lines = ""
    var hitCount = 0
    var hash = WordHash.mix(0, 0)
    for (place, counter) in all.enumerated() where counter.value > 0 {
      hitCount += 1
      if counter.name.utf8.elementsEqual(longestTurn.utf8) {
        lines += counter.name.padded(to: 24) + noRates + "   value: \(counter.value)\n"
        continue
      }
      // As OVS's: the same events, to a power of two, give the same number.
      hash = WordHash.mix(hash, UInt64(place) << 8 | UInt64(counter.value.leadingZeroBitCount))
      let growth = call.host.coverage.growth(at: place)
      let interval = perSecond(growth.interval, seconds: 5, decimals: 1).padded(onLeftTo: 5)
      let minute = perSecond(growth.minute, seconds: 60, decimals: 3).padded(onLeftTo: 9)
      let hour = perSecond(growth.hour, seconds: 3600, decimals: 4).padded(onLeftTo: 13)
      lines +=
        counter.name.padded(to: 24)
        + " \(interval)/sec \(minute)/sec \(hour)/sec   total: \(counter.value)\n"
    }
    let digits = String(UInt32(truncatingIfNeeded: hash), radix: 16)
    call.reply(
      "Event coverage, avg rate over last: 5 seconds, last minute, last hour,  hash="
        + String(repeating: "0", count: 8 - digits.utf8.count) + digits + ":\n" + lines
        + "\(all.count - hitCount) events never hit\n")
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
