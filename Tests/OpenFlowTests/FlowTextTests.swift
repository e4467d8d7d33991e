import Foundation
import Testing

@testable import Datapath
@testable import OpenFlow

/// Reads a flow for `add-flow` and prints it as ovs-ofctl prints the message; errors as it prints them.
private func echo(_ text: String, _ command: FlowCommand = .add, names: FlowNames = FlowNames()) -> String {
  do throws(FlowTextError) {
    var change = try FlowParser(names: names).flow(text, command).change
    if change.table == nil { change.table = 0 }
    return change.text(names: names)
  } catch {
    return "ovs-ofctl: \(error.message)"
  }
}

struct FlowTextTests {
  @Test func `flows are read and printed as ovs-ofctl does`() {
    let lines = Corpus.lines("flow-text.tsv")
    #expect(lines.count > 500)
    for line in lines where line.count == 2 {
      let ours = echo(line[0])
      if ours != line[1] { Issue.record("\(line[0])\n  theirs \(line[1])\n  ours   \(ours)") }
    }
  }

  @Test func `what is printed reads as the same flow`() throws {
    for line in Corpus.lines("flow-text.tsv") where line.count == 2 && !line[1].hasPrefix("ovs-ofctl: ") {
      // OVS prints these fields under names that it does not read.
      if line[0].contains("gtpu") { continue }
      let first = try FlowParser().flow(line[0], .add).change
      let printed = first.match.text(priority: first.priority) + " actions=" + Action.text(first.actions)
      let second = try FlowParser().flow(printed, .add).change
      #expect(second.match.text(priority: second.priority) == first.match.text(priority: first.priority))
      #expect(Action.text(second.actions) == Action.text(first.actions), "\(line[0])")
    }
  }

  @Test func `no truncation of a flow traps`() {
    for line in Corpus.lines("flow-text.tsv") {
      let bytes = Array(line[0].utf8)
      for count in 0...bytes.count {
        _ = try? FlowParser().flow(bytes[..<count], .add)
      }
    }
  }

  @Test func `no change of a byte of a flow traps`() {
    var random = SystemRandomNumberGenerator()
    let alphabet = Array("0123456789abcdefx-+/:.,=()[]>\"*_ \t".utf8) + [0, 0xff]
    for line in Corpus.lines("flow-text.tsv") {
      for _ in 0..<5 {
        var bytes = Array(line[0].utf8)
        for _ in 0..<3 where !bytes.isEmpty {
          let place = Int(random.next(upperBound: UInt(bytes.count)))
          bytes[place] = alphabet[Int(random.next(upperBound: UInt(alphabet.count)))]
        }
        if let flow = try? FlowParser().flow(bytes[...], .add) { _ = flow.change.text() }
      }
    }
  }

  @Test func `nesting has a limit`() {
    let deep = String(repeating: "clone(", count: 200) + String(repeating: ")", count: 200)
    #expect(echo("actions=\(deep)") == "ovs-ofctl: Action nested too deeply")
    let fine = String(repeating: "clone(", count: 99) + "1" + String(repeating: ")", count: 99)
    #expect(!echo("actions=\(fine)").hasPrefix("ovs-ofctl:"))
  }

  @Test func `commands take the properties that OVS gives them`() {
    // As `ovs-ofctl del-flows` and `mod-flows` say it.
    #expect(echo("out_port=5", .delete) == "DEL out_port:5 actions=drop")
    #expect(echo("priority=5", .delete) == "ovs-ofctl: unknown keyword priority")
    #expect(echo("priority=5,out_group=7", .deleteStrict) == "DEL_STRICT priority=5 out_group:7 actions=drop")
    #expect(
      echo("cookie=5", .delete)
        == "ovs-ofctl: cannot set cookie (to match on a cookie, specify a mask, e.g. cookie=5/-1)")
    #expect(echo("cookie=5/-1", .delete) == "DEL cookie:0x5/0xffffffffffffffff actions=drop")
    #expect(echo("cookie=1,actions=1", .modify) == "MOD cookie:0x1 actions=output:1")
    #expect(echo("actions=1", .modifyStrict) == "MOD_STRICT actions=output:1")
    #expect(echo("importance=5,actions=1", .modify) == "ovs-ofctl: unknown keyword importance")
  }

  @Test func `names of ports and tables are read and printed`() {
    var names = FlowNames()
    names.add(port: OpenFlowPortNumber(1), name: "p1")
    names.add(port: OpenFlowPortNumber(2), name: "eth-2")
    names.add(port: OpenFlowPortNumber(3), name: "3x")
    names.add(table: 4, name: "four")
    #expect(
      echo("in_port=p1,table=four,actions=output:\"eth-2\",3x,LOCAL,resubmit(3x,four)", names: names)
        == "ADD table:four in_port=p1 actions=output:\"eth-2\",output:\"3x\",LOCAL,resubmit(\"3x\",four)")
    #expect(
      echo("in_port=p2,actions=1", names: names) == "ovs-ofctl: p2: invalid or unknown port for in_port")
  }

  @Test func `a name that two ports have names neither`() {
    var names = FlowNames()
    names.add(port: OpenFlowPortNumber(1), name: "same")
    names.add(port: OpenFlowPortNumber(2), name: "same")
    #expect(names.port("same") == nil)
  }

  @Test func `lines of a file may begin with a command`() throws {
    func command(_ line: String) throws -> FlowCommand {
      try FlowParser().line(Array(line.utf8)[...]).change.command
    }
    #expect(try command("add in_port=1,actions=2") == .add)
    #expect(try command("  delete in_port=1") == .delete)
    #expect(try command("delete_strict priority=1") == .deleteStrict)
    #expect(try command("modify actions=2") == .modify)
    #expect(try command("modify_strict actions=2") == .modifyStrict)
    #expect(try command("in_port=1,actions=2") == .add)
  }

  @Test func `formats have OVS's names`() throws {
    // As `ovs-ofctl parse-flow` prints after "usable protocols".
    let cases: [(String, String)] = [
      ("actions=drop", "any"), ("reg0=1,actions=drop", "NXM,OXM"),
      ("table=1,actions=drop", "OXM,OpenFlow10+table_id,NXM+table_id,OpenFlow11"),
      ("table=1,reg0=1,actions=drop", "OXM,NXM+table_id"), ("actions=strip_vlan", "OpenFlow10,NXM"),
      ("table=1,actions=strip_vlan", "OpenFlow10+table_id,NXM+table_id"),
      ("actions=push_vlan:0x8100", "OXM,OpenFlow11"), ("metadata=5/7,actions=drop", "NXM,OXM,OpenFlow11"),
      ("actions=meter:1", "OXM-OpenFlow13,OXM-OpenFlow14,OXM-OpenFlow15"),
    ]
    for (text, formats) in cases { #expect(try FlowParser().flow(text, .add).formats.text == formats) }
  }
}

struct FlowDescriptionTests {
  @Test func `a flow is printed as dump-flows prints it`() throws {
    var flow = FlowDescription()
    let change = try FlowParser().flow(
      "table=1,ip,nw_src=1.2.3.4,priority=7,actions=set_field:1->reg0,goto_table:2", .add
    ).change
    flow.match = change.match
    flow.actions = change.actions
    flow.priority = change.priority
    flow.table = 1
    flow.cookie = 0x1234
    flow.durationSeconds = 3
    flow.durationNanoseconds = 21_000_000
    flow.idleTimeoutSeconds = 60
    flow.hardTimeoutSeconds = 90
    flow.flags = [.sendFlowRemoved]
    flow.importance = 5
    flow.idleAgeSeconds = 2
    flow.hardAgeSeconds = 1
    #expect(
      flow.text()
        == " cookie=0x1234, duration=3.021s, table=1, n_packets=0, n_bytes=0, idle_timeout=60, hard_timeout=90, "
        + "send_flow_rem importance=5, idle_age=2, hard_age=1, priority=7,ip,nw_src=1.2.3.4 "
        + "actions=set_field:0x1->reg0,goto_table:2")
    #expect(
      flow.text(showsStatistics: false)
        == " cookie=0x1234, table=1, idle_timeout=60, hard_timeout=90, send_flow_rem importance=5, "
        + "priority=7,ip,nw_src=1.2.3.4 actions=set_field:0x1->reg0,goto_table:2")
    #expect(FlowDescription().text(showsStatistics: false) == " actions=drop")
  }
}

struct MatchNormalizationTests {
  @Test func `fields that no packet can have are ignored`() throws {
    // As ovs-ofctl's "normalization changed ofp_match" says.
    let cases = [
      ("mpls_label=5", ""), ("ip,tp_src=5", "ip"), ("tcp,tp_src=5", "tcp,tp_src=5"),
      ("ip,ipv6_src=::1", "ip"),
      ("arp,nw_tos=4,arp_op=1", "arp,arp_op=1"), ("ip,arp_sha=1:2:3:4:5:6", "ip"), ("tcp_flags=1", ""),
      ("icmp6,icmp_type=135,icmp_code=1,nd_target=::1", "icmp6,icmp_type=135,icmp_code=1"),
      ("icmp6,icmp_type=136,nd_target=::1,nd_sll=1:2:3:4:5:6", "icmp6,icmp_type=136,nd_target=::1"),
      (
        "icmp6,icmp_type=135,nd_reserved=1,nd_options_type=3",
        "icmp6,icmp_type=135,nd_reserved=1,nd_options_type=3"
      ),
    ]
    for (text, expected) in cases {
      #expect(try FlowParser().request(text).change.match.normalized().text() == expected)
    }
  }
}

struct FlowKeyTextTests {
  @Test func `a packet is printed as ofproto/trace prints it`() {
    var key = FlowKey()
    Field.inPortOXM.set(1, in: &key)
    #expect(
      key.text()
        == "in_port=1,vlan_tci=0x0000,dl_src=00:00:00:00:00:00,dl_dst=00:00:00:00:00:00,dl_type=0x0000")
    Field.ethType.set(0x0800, in: &key)
    Field.ipProtocol.set(6, in: &key)
    Field.ipTTL.set(64, in: &key)
    Field.tcpFlags.set(2, in: &key)
    Field.tcpDestination.set(80, in: &key)
    Field.register(3).set(7, in: &key)
    #expect(
      key.text()
        == "tcp,reg3=0x7,in_port=1,vlan_tci=0x0000,dl_src=00:00:00:00:00:00,dl_dst=00:00:00:00:00:00,"
        + "nw_src=0.0.0.0,nw_dst=0.0.0.0,nw_tos=0,nw_ecn=0,nw_ttl=64,nw_frag=no,tp_src=0,tp_dst=80,tcp_flags=syn"
    )
  }
}
