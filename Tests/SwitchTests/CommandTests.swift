import Datapath
import OpenFlow
import Testing

@testable import Switch

/// A switch with one bridge of two ports, asked as `ovs-appctl` asks it.
private struct Desk {
  let harness = SwitchHarness.withTwoPorts()

  /// The answer to a command.
  func ask(_ name: String, _ arguments: String...) -> CommandReply? {
    _ = harness.takeEffects()
    harness.step([.command(CommandID(1), name: name, arguments: arguments)])
    for case .reply(_, let reply) in harness.takeEffects() { return reply }
    return nil
  }

  func text(_ name: String, _ arguments: [String] = []) -> String? {
    _ = harness.takeEffects()
    harness.step([.command(CommandID(1), name: name, arguments: arguments)])
    for case .reply(_, .success(let text)) in harness.takeEffects() { return text }
    return nil
  }
}

struct CommandTests {
  @Test func `every command has a name of its own`() {
    let names = VirtualSwitch.commands.map { $0.name }
    #expect(Set(names).count == names.count)
  }

  @Test func `every command answers whatever it is given`() {
    let desk = Desk()
    let texts = ["", "br0", "p1", "-m", "0", "1.2.3.4", "in_port(1),eth()", "zz", "00:00:00:00:00:01"]
    for command in VirtualSwitch.commands where !["exit", "revalidator/wait"].contains(command.name) {
      for text in texts {
        let count = max(1, command.minimumArgumentCount)
        let arguments = [String](repeating: text, count: min(count, command.maximumArgumentCount ?? count))
        _ = desk.harness.takeEffects()
        desk.harness.step([.command(CommandID(9), name: command.name, arguments: arguments)])
        let replies = desk.harness.takeEffects().filter { if case .reply = $0 { true } else { false } }
        #expect(replies.count == 1, "\(command.name) \(arguments)")
      }
    }
  }

  @Test func `actions are written in an order that depends on what they do alone`() {
    let desk = Desk()
    let flow = "in_port(1),eth(),eth_type(0x8100),vlan(vid=5,pcp=2),encap(eth_type(0x0800))"
    let text = desk.text(
      "dpctl/normalize-actions", [flow, "3,1,pop_vlan,7,2,push_vlan(vid=5,pcp=2),p,2", "p=9"])
    #expect(
      text?.split(separator: "\n").dropFirst().joined(separator: "\n") == """
        no vlan: no mpls: 2,7
        vlan(vid=5,pcp=2): no mpls: 1,2,3,9
        """)
    #expect(
      desk.text("dpctl/parse-actions", ["1,push_vlan(vid=5,pcp=2),2"]) == "1,push_vlan(vid=5,pcp=2),2\n")
    #expect(desk.text("dpctl/parse-actions", ["nonsense"]) == nil)
  }

  @Test
  func `a frame made from a flow has a payload where there may be one, or the length that is asked for`()
    throws
  {
    let ip = "in_port(1),eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02),eth_type(0x0800),"
    func frame(_ text: String) throws -> [UInt8] {
      FrameComposer.frame(of: try #require(FrameText.key(ip + text, nil)))
    }
    let tcp = "ipv4(src=10.0.0.1,dst=10.0.0.2,proto=6,tos=0,ttl=64,frag=no),tcp(src=8,dst=9)"
    #expect(try frame(tcp).count == 118)
    #expect(try frame(tcp)[20..<22] == [0, 0])
    #expect(
      try frame("ipv4(src=10.0.0.1,dst=10.0.0.2,proto=1,tos=0,ttl=64,frag=no),icmp(type=8,code=0)").count
        == 106)
    #expect(
      try frame("ipv4(src=10.0.0.1,dst=10.0.0.2,proto=1,tos=0,ttl=64,frag=no),icmp(type=3,code=1)").count
        == 42)
    let later = try frame("ipv4(src=10.0.0.1,dst=10.0.0.2,proto=6,tos=0,ttl=64,frag=later)")
    #expect(later.count == 34 && later[20..<22] == [0x20, 100])
    var key = try #require(FrameText.key(ip + tcp, nil))
    key[.tcpFlags] = 2
    #expect(FrameComposer.frame(of: key).count == 54)
    let long = try #require(FrameComposer.frame(of: key, byteCount: 128))
    #expect(long.count == 128 && long[16..<18] == [0, 114])
    #expect(FrameComposer.frame(of: key, byteCount: 53) == nil)
  }

  @Test func `the longest turn, and how many were too long, can be read`() {
    let desk = Desk()
    #expect(desk.text("coverage/read-counter", ["turn_longest_us"]) == "0\n")
    desk.harness.virtualSwitch.turns = TurnCounts(longestMicroseconds: 31_000, longCount: 2)
    #expect(desk.text("coverage/read-counter", ["turn_longest_us"]) == "31000\n")
    #expect(desk.text("coverage/read-counter", ["turn_over_20ms"]) == "2\n")
    // The length of a turn has no rate.
    let line = desk.text("coverage/show")?.split(separator: "\n").first { $0.hasPrefix("turn_longest_us") }
    #expect(
      line.map { $0.hasSuffix("   value: 31000") && !$0.contains("/sec") && $0.utf8.count == 81 } == true)
    #expect(desk.text("coverage/read-counter", ["upcall_port_queue_full"]) == "0\n")
  }

  @Test func `coverage shows how fast counters grew in the last seconds, minute and hour`() {
    let desk = Desk()
    for number in 0..<30 {
      let flow = "in_port(1),eth(src=50:54:00:00:00:05,dst=50:54:00:00:01:\(10 + number)),eth_type(0x1234)"
      #expect(desk.text("netdev-dummy/receive", ["p1", flow]) == "")
    }
    func misses() -> String? {
      desk.text("coverage/show")?.split(separator: "\n").first { $0.hasPrefix("upcall_miss") }
        .map(String.init)
    }
    func line(_ rates: String) -> String {
      "upcall_miss              \(rates)   total: 30"
    }
    #expect(misses() == line("  0.0/sec     0.000/sec        0.0000/sec"))
    desk.harness.advance(milliseconds: 5_000)
    #expect(misses() == line("  6.0/sec     0.500/sec        0.0000/sec"))
    desk.harness.advance(milliseconds: 60_000)
    #expect(misses() == line("  0.0/sec     0.000/sec        0.0083/sec"))
    desk.harness.advance(milliseconds: 3_600_000)
    #expect(misses() == line("  0.0/sec     0.000/sec        0.0000/sec"))
  }

  @Test func `coverage and the datapath's counters show what was dropped`() {
    let desk = Desk()
    let peer = OpenFlowPeer(desk.harness)
    peer.send(.flowModification(FlowMod(.add, table: 0)))
    let flow = "in_port(1),eth(src=50:54:00:00:00:05,dst=50:54:00:00:00:07),eth_type(0x1234)"
    #expect(desk.text("dpctl/show", ["-s"])?.contains("drops:") == false)
    for _ in 0..<4 { #expect(desk.text("netdev-dummy/receive", ["p1", flow]) == "") }
    desk.harness.advance(milliseconds: 5_000)
    let counted = desk.text("coverage/read-counter", ["drop_action_of_pipeline"])
    #expect(counted == "3\n")
    let line = desk.text("coverage/show")?.split(separator: "\n").first {
      $0.hasPrefix("drop_action_of_pipeline")
    }
    #expect(line == "drop_action_of_pipeline    0.6/sec     0.050/sec        0.0000/sec   total: 3")
    #expect(desk.text("dpctl/show", ["-s"])?.hasSuffix("\n  drops: drop_action_of_pipeline:3\n") == true)
    #expect(desk.text("dpctl/show")?.contains("drops:") == false)
    let names = desk.text("coverage/show")?.split(separator: "\n").dropFirst().dropLast().map {
      $0.prefix { $0 != " " }
    }
    #expect(names.map { $0 == $0.sorted() } == true)
  }

  @Test func `terse dumps are shown, and flows are credited with either kind`() {
    let desk = Desk()
    #expect(desk.text("upcall/show")?.contains("ufid enabled : true") == true)
    #expect(desk.text("upcall/disable-ufid") == "Datapath dumping tersely using UFID disabled\n")
    #expect(desk.text("upcall/show")?.contains("ufid enabled : false") == true)
    let flow = "in_port(1),eth(src=50:54:00:00:00:05,dst=50:54:00:00:00:07),eth_type(0x1234)"
    for _ in 0..<3 { #expect(desk.text("netdev-dummy/receive", ["p1", flow]) == "") }
    desk.harness.advance(milliseconds: 2_000)
    #expect(desk.text("dpctl/dump-flows")?.contains("packets:2") == true)
    #expect(desk.text("coverage/read-counter", ["dumped_flows"]) != "0\n")
  }

  @Test func `wrong numbers of arguments are refused in OVS's words`() {
    let desk = Desk()
    #expect(desk.ask("fdb/add", "br0") == .failure("\"fdb/add\" command requires at least 4 arguments"))
    #expect(desk.ask("fdb/show", "a", "b") == .failure("\"fdb/show\" command takes at most 1 arguments"))
  }

  @Test func `addresses are added, shown and removed`() {
    let desk = Desk()
    #expect(desk.ask("fdb/add", "br0", "p1", "5", "00:11:22:33:44:55") == .success(""))
    #expect(
      desk.ask("fdb/show", "br0")
        == .success(" port  VLAN  MAC                Age\n    1     5  00:11:22:33:44:55  static\n"))
    #expect(
      desk.ask("fdb/add", "br0", "p2", "5", "00:11:22:33:44:55")
        == .success("Overriding already existing static entry on 1\n"))
    #expect(desk.ask("fdb/del", "br0", "5", "00:11:22:33:44:55") == .success(""))
    #expect(
      desk.ask("fdb/del", "br0", "5", "00:11:22:33:44:55") == .failure("could not find static mac entry"))
    #expect(desk.ask("fdb/show", "x") == .failure("no such bridge"))
  }

  @Test func `a dummy's packet makes a flow, which a purge removes`() {
    let desk = Desk()
    let flow = "in_port(1),eth(src=50:54:00:00:00:05,dst=50:54:00:00:00:07),eth_type(0x1234)"
    #expect(desk.text("netdev-dummy/receive", ["p1", flow]) == "")
    let dump = desk.text("dpctl/dump-flows") ?? ""
    #expect(dump.hasPrefix("flow-dump from the main thread:\nrecirc_id(0),in_port("))
    #expect(dump.contains("eth(src=50:54:00:00:00:05,dst=50:54:00:00:00:07),eth_type(0x1234), packets:0"))
    #expect(desk.text("fdb/show", ["br0"])?.contains("50:54:00:00:00:05") == true)
    #expect(desk.text("revalidator/purge") == "")
    #expect(desk.text("dpctl/dump-flows") == "")
  }

  @Test func `a trace shows the steps and what came of them`() {
    let desk = Desk()
    #expect(
      desk.text("ofproto/trace", ["br0", "in_port=1,dl_src=50:54:00:00:00:05,dl_dst=50:54:00:00:00:07"])
        == """
        Flow: in_port=1,vlan_tci=0x0000,dl_src=50:54:00:00:00:05,dl_dst=50:54:00:00:00:07,dl_type=0x0000

        bridge("br0")
        -------------
         0. priority 0
            NORMAL
             -> no learned MAC for destination, flooding

        Final flow: unchanged
        Megaflow: recirc_id=0,eth,in_port=1,dl_src=50:54:00:00:00:05,dl_dst=50:54:00:00:00:07,dl_type=0x0000
        Datapath actions: 2,100

        """)
    #expect(desk.ask("ofproto/trace", "x", "in_port=1") == .failure("x: unknown bridge"))
    #expect(
      desk.ask("ofproto/trace", "x") == .failure("syntax error at x (or the bridge name was omitted)"))
  }
}

struct FrameComposerTests {
  @Test func `what is composed of a key is parsed to that key`() throws {
    let frames = FrameKey()
    for text in [
      "in_port(1),eth(src=50:54:00:00:00:05,dst=50:54:00:00:00:07),eth_type(0x0800),"
        + "ipv4(src=10.0.0.1,dst=10.0.0.2,proto=6,tos=4,ttl=64,frag=no),tcp(src=8,dst=80)",
      "in_port(1),eth(src=50:54:00:00:00:05,dst=50:54:00:00:00:07),eth_type(0x8100),"
        + "vlan(vid=9,pcp=3),encap(eth_type(0x0800),ipv4(src=10.0.0.1,dst=10.0.0.2,"
        + "proto=17,tos=0,ttl=9,frag=first),udp(src=8,dst=80))",
      "in_port(1),eth(src=50:54:00:00:00:05,dst=50:54:00:00:00:07),eth_type(0x0806),"
        + "arp(sip=1.2.3.4,tip=1.2.3.5,op=1,sha=50:54:00:00:00:05,tha=00:00:00:00:00:00)",
      "in_port(1),eth(src=50:54:00:00:00:05,dst=50:54:00:00:00:07),eth_type(0x86dd),"
        + "ipv6(src=fe80::1,dst=fe80::2,label=5,proto=58,tclass=0,hlimit=255,frag=no),"
        + "icmpv6(type=128,code=0)",
    ] {
      let key = try #require(FrameText.key(text, nil))
      var parsed = try #require(frames.key(of: FrameComposer.frame(of: key)))
      parsed.words[0] = key.words[0]
      // The tag's type is not in every text.
      if key.hasVLAN { parsed.vlanTPID = key.vlanTPID }
      #expect(parsed == key, "\(text)")
    }
  }
}

struct ConjunctionTests {
  private func rule(_ fields: [(Field, FieldValue)], _ priority: UInt16, _ actions: [Action]) -> FlowMod {
    var match = Match()
    for (field, value) in fields { match.set(field, value) }
    var change = FlowMod(.add, table: 0, match: match)
    change.priority = priority
    change.actions = actions
    return change
  }

  private func clause(_ id: UInt32, _ clause: UInt8) -> Action {
    .conjunction(ConjunctionAction(id: id, clause: clause, clauseCount: 2))
  }

  @Test func `all clauses together find the rule of their conjunction`() throws {
    let tables = FlowTables()
    for source: FieldValue in [1, 2] {
      _ = try tables.apply(rule([(.ethType, 0x0800), (.ipSource, source)], 100, [clause(7, 0)]), now: 0)
    }
    for target: FieldValue in [3, 4] {
      _ = try tables.apply(rule([(.ethType, 0x0800), (.ipDestination, target)], 100, [clause(7, 1)]), now: 0)
    }
    _ = try tables.apply(rule([(.conjunctionID, 7)], 100, [.output(OpenFlowPortNumber(9))]), now: 0)
    _ = try tables.apply(rule([(.ethType, 0x0800)], 50, [.output(OpenFlowPortNumber(5))]), now: 0)
    for (source, target, port) in [(1, 3, 9), (2, 4, 9), (1, 5, 5), (6, 3, 5)] as [(UInt64, UInt64, UInt32)] {
      var key = FlowKey()
      key.etherType = 0x0800
      key.words[3] = source << 32 | target
      var wildcards = FlowKey()
      let found = tables.lookup(table: 0, key, wildcards: &wildcards)
      #expect(found?.actions == [.output(OpenFlowPortNumber(port))], "\(source) \(target)")
    }
  }

  @Test func `A segment that opens a connection is made without a payload`() {
    var key = tcpKey()
    let data = FrameComposer.frame(of: key)
    key[.tcpFlags] = 2
    let opening = FrameComposer.frame(of: key)
    #expect(opening.count == 14 + 20 + 20)
    #expect(data.count > opening.count)
  }
}
