import Datapath
import OpenFlow
import Testing

@testable import Switch

/// A switch whose database says how connections are tracked.
private struct Desk {
  let harness = SwitchHarness.withTwoPorts()

  func configure(_ tracking: DesiredTracking?) {
    var desired = DesiredSwitch()
    desired.bridges = [SwitchHarness.bridge(ports: [("p1", 1), ("p2", 2)])]
    if let tracking { desired.datapaths["dummy"] = tracking }
    harness.virtualSwitch.reconciler.apply(desired)
    harness.step([])
  }

  /// The answer to a command; a failure's text begins with an exclamation mark.
  func ask(_ name: String, _ arguments: String...) -> String {
    _ = harness.takeEffects()
    harness.step([.command(CommandID(1), name: name, arguments: arguments)])
    for case .reply(_, let reply) in harness.takeEffects() {
      switch reply {
      case .success(let text): return text
      case .failure(let text): return "!" + text
      }
    }
    return "no answer"
  }

  var policies: [UInt16: TimeoutPolicies.Policy] { harness.virtualSwitch.environment.timeouts.policies }
}

private func zone(limit: UInt32? = nil, _ timeouts: [String: UInt32] = [:]) -> DesiredTracking.Zone {
  DesiredTracking.Zone(limit: limit, timeouts: timeouts)
}

@Suite struct TrackingConfigurationTests {
  @Test func `limits of the database are the datapath's, and commands may not change them`() {
    let desk = Desk()
    #expect(desk.ask("dpctl/ct-set-limits", "default=7", "zone=3,limit=4") == "")
    #expect(desk.ask("dpctl/ct-get-limits") == "default limit=7\nzone=3,limit=4,count=0\n")
    #expect(desk.ask("dpctl/ct-del-limits", "default", "zone=3") == "")
    #expect(desk.ask("dpctl/ct-get-limits") == "default limit=0\n")
    var tracking = DesiredTracking(defaultLimit: 5, zones: [1: zone(limit: 10), 2: zone(limit: 0)])
    desk.configure(tracking)
    #expect(
      desk.ask("dpctl/ct-get-limits") == "default limit=5\nzone=1,limit=10,count=0\nzone=2,limit=0,count=0\n")
    #expect(
      desk.ask("dpctl/ct-set-limits", "zone=1,limit=1")
        == "!ovs-vswitchd: the zone limits are set via database, use 'ovs-vsctl set-zone-limit <...>' instead."
        + " (Operation not permitted)")
    tracking.zones[1] = nil
    tracking.zones[2] = zone(limit: 3)
    tracking.defaultLimit = nil
    desk.configure(tracking)
    #expect(desk.ask("dpctl/ct-get-limits") == "default limit=0\nzone=2,limit=3,count=0\n")
    desk.configure(nil)
    #expect(desk.ask("dpctl/ct-get-limits") == "default limit=0\n")
  }

  @Test func `zones with the same timeouts share a policy, which flows name`() {
    let desk = Desk()
    let short: [String: UInt32] = ["udp_first": 1, "tcp_established": 9]
    desk.configure(DesiredTracking(zones: [1: zone(short), 2: zone(["icmp_first": 3]), 3: zone(short)]))
    let names = desk.policies.mapValues { String(decoding: $0.name, as: UTF8.self) }
    #expect(names == [1: "1", 2: "2", 3: "1"])
    desk.configure(DesiredTracking(zones: [2: zone(["icmp_first": 3]), 4: zone(["udp_first": 2])]))
    #expect(desk.policies.mapValues { String(decoding: $0.name, as: UTF8.self) } == [2: "2", 4: "3"])
    desk.configure(nil)
    #expect(desk.policies.isEmpty)
  }

  @Test func `what a datapath refuses is said`() {
    let desk = Desk()
    desk.harness.refusal = { body in
      if case .tracking(.policy(.new, _)) = body { return 28 }
      return nil
    }
    _ = desk.harness.takeEffects()
    desk.configure(DesiredTracking(zones: [1: zone(["udp_first": 1])]))
    let isSaid = desk.harness.takeEffects().contains { effect in
      guard case .log(let entry) = effect else { return false }
      return "\(entry)".contains("failed to set timeout policy 1 (No space left on device)")
    }
    #expect(isSaid)
  }

  @Test func `commands about connections ask the datapath`() {
    let desk = Desk()
    #expect(desk.ask("dpctl/dump-conntrack") == "")
    #expect(desk.ask("dpctl/dump-conntrack", "-m", "dummy@ovs-dummy", "zone=4") == "")
    #expect(desk.ask("dpctl/flush-conntrack") == "")
    #expect(desk.ask("dpctl/ct-stats-show") == "Connections Stats:\n    Total: 0\n")
    #expect(desk.ask("dpctl/ct-bkts") == "Total Buckets: 1\nCurrent Connections: 0\n\n")
    #expect(desk.ask("dpctl/ct-get-maxconns") == "3000000\n")
    #expect(desk.ask("dpctl/ct-set-maxconns", "10") == "setting maxconns successful")
    #expect(desk.ask("dpctl/ct-get-maxconns") == "10\n")
    #expect(desk.ask("dpctl/ct-get-nconns") == "0\n")
    #expect(desk.ask("dpctl/ct-get-tcp-seq-chk") == "TCP sequence checking: enabled\n")
    #expect(desk.ask("dpctl/ct-disable-tcp-seq-chk") == "disabling TCP sequence checking successful")
    #expect(desk.ask("dpctl/ct-get-tcp-seq-chk") == "TCP sequence checking: disabled\n")
    #expect(
      desk.ask("dpctl/flush-conntrack", "ct_nw_src=10.1.1.1,ct_nw_dst=10.1.1.2,ct_nw_proto=1")
        == "!ovs-vswitchd: failed to flush conntrack (No such file or directory)")
  }

  @Test func `features are shown, and some of them can be switched off`() {
    let desk = Desk()
    #expect(
      desk.ask("dpif/show-dp-features", "br0").hasPrefix("Masked set action: Yes\nTunnel push pop: Yes\n"))
    #expect(desk.ask("dpif/show-dp-features", "br9") == "!no such bridge")
    #expect(desk.ask("dpif/set-dp-features", "br0", "trunc", "false") == "")
    #expect(
      desk.ask("dpif/set-dp-features", "br0", "trunc")
        == "trunc (Truncate action) : [run time]:false, [boot time]:true\n")
    #expect(
      desk.ask("dpif/set-dp-features", "br0", "sample_nesting", "11").hasPrefix("Can not set value beyond"))
    #expect(desk.ask("dpif/set-dp-features", "br0", "sample_nesting", "2") == "")
    #expect(desk.ask("dpif/set-dp-features", "br0", "lb_output_action", "true").hasPrefix("Can not enable"))
    #expect(desk.ask("dpif/set-dp-features", "br0", "x", "true") == "Unexpected support field")
    #expect(desk.ask("dpif/set-dp-features", "br0", "clone", "2") == "Boolean value expected")
    let capabilities = DatapathFeature.capabilities(desk.harness.virtualSwitch.openDatapaths[0].features)
    #expect(capabilities.first { $0.name == "trunc" }?.value == "false")
    #expect(capabilities.first { $0.name == "sample_nesting" }?.value == "true")
    #expect(capabilities.first { $0.name == "max_mpls_depth" }?.value == "3")
    #expect(capabilities.count == DatapathFeature.all.count + 1)
  }
}
