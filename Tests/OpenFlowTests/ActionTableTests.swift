import Testing

@testable import OpenFlow

/// One action of each form, as text; together they are every row and every form of the table.
private let samples = [
  "output:3", "output:reg0[0..15]", "output:xxreg0[0..15]", "output:tun_erspan_idx[0..15]",
  "output(port=1,max_len=100)", "enqueue:1:2", "CONTROLLER:128", "controller(reason=no_match,id=3)",
  "controller(userdata=01.02,pause,meter_id=4)", "group:5", "bundle(eth_src,50,hrw,ofport,members:1,2,3)",
  "bundle_load(eth_src,50,hrw,ofport,reg0[],members:1,2)", "set_field:5->reg0", "load:0x5->reg0[0..7]",
  "set_field:0x1234->tun_metadata0", "load:0x5->tun_metadata0[0..15]", "move:reg0[]->reg1[]", "push:reg0[]",
  "pop:reg1[]", "delete_field:tun_metadata0", "set_vlan_vid:5", "mod_vlan_vid:5", "set_vlan_pcp:3",
  "mod_vlan_pcp:3", "strip_vlan", "pop_vlan", "push_vlan:0x88a8", "mod_dl_src:01:02:03:04:05:06",
  "mod_dl_dst:01:02:03:04:05:06", "mod_nw_src:1.2.3.4", "mod_nw_dst:1.2.3.4", "mod_nw_tos:16", "mod_nw_ecn:1",
  "mod_nw_ttl:9", "mod_tp_src:80", "mod_tp_dst:80", "dec_ttl", "dec_ttl(1,2)", "push_mpls:0x8847",
  "pop_mpls:0x0800", "set_mpls_label(5)", "set_mpls_tc(2)", "set_mpls_ttl(9)", "dec_mpls_ttl", "dec_nsh_ttl",
  "encap(nsh(md_type=1))", "encap(ethernet)", "decap()", "decap(packet_type(ns=1,type=0x800))",
  "set_tunnel:0x5",
  "set_tunnel64:0x5", "set_queue:7", "pop_queue", "fin_timeout(idle_timeout=3,hard_timeout=4)", "resubmit:1",
  "resubmit(,5)", "resubmit(,5,ct)", "learn(table=1,priority=7,eth_type=0x800,load:reg1[]->reg2[])",
  "learn(table=1,limit=3,result_dst=reg0[0],output:NXM_OF_IN_PORT[])",
  "multipath(symmetric_l4,1024,hrw,10,0,reg0[0..7])", "conjunction(5,1/2)", "note:01.02.03.04.05.06", "exit",
  "sample(probability=5,collector_set_id=1,obs_domain_id=2,obs_point_id=3)",
  "sample(probability=5,collector_set_id=1,obs_domain_id=2,obs_point_id=3,sampling_port=1)",
  "sample(probability=5,collector_set_id=1,obs_domain_id=2,obs_point_id=3,sampling_port=1,egress)",
  "ct(commit,force,table=7,zone=5,nat(dst=1.2.3.4-1.2.3.9:5-10,random),exec(set_field:0x1->ct_mark))",
  "ct_clear", "clone(output:1)", "check_pkt_larger(1500)->reg0[3]", "debug_recirc", "debug_slow", "meter:3",
  "clear_actions", "write_actions(output:1)", "write_metadata:0x5/0x7", "goto_table:9",
]

/// An action inside `ct` alone, which no list of its own can hold.
private let translation: Action = {
  var nat = NATAction()
  nat.direction = .source
  nat.addresses = .ipv4(0x0102_0304, 0x0102_0304)
  return .nat(nat)
}()

private func actions() throws -> [Action] {
  let match = "ct_state=+trk+est,tcp,dl_vlan=5,"
  return try samples.map { text in
    try #require(FlowParser().flow(match + "actions=" + text, .add).change.actions.first, "\(text)")
  } + [translation]
}

/// A match of TCP over IPv4 with a VLAN tag.
private func match() throws -> Match { try FlowParser().request("tcp,dl_vlan=5").change.match }

private func write(_ actions: [Action], _ version: OpenFlowVersion) throws -> [UInt8] {
  var writer = WireWriter()
  var actionWriter = ActionWriter(version, match: try match())
  actionWriter.flowActions(actions, to: &writer)
  return writer.bytes
}

private func read(_ bytes: [UInt8], _ version: OpenFlowVersion) throws -> [Action] {
  var reader = WireReader(bytes)
  return try ActionReader(version).flowActions(&reader)
}

/// The forms of the actions and instructions in a list, but not of those within them.
private func forms(_ bytes: [UInt8], _ version: OpenFlowVersion, isList: Bool) throws -> [ActionForm] {
  var reader = WireReader(bytes)
  var found: [ActionForm] = []
  while !reader.isAtEnd {
    var body = try ActionReader.part(&reader, error: .badActionBadLength)
    let whole = body
    let type = try body.uint16()
    try body.skip(2)
    guard isList else {
      found.append(try #require(ActionTable.find(.instruction, type, version)).form.form)
      try body.skip(4)
      if found.last == .applyActions { found += try forms(body.rest(), version, isList: true) }
      continue
    }
    guard type == ActionNumber.experimenter else {
      found.append(try #require(ActionTable.find(.standard, type, version)).form.form)
      continue
    }
    let isNicira = try body.uint32() == ErrorVendor.nicira.rawValue
    let number = try whole.peek16(8)
    found.append(try #require(ActionTable.find(isNicira ? .nicira : .onf, number, version)).form.form)
  }
  return found
}

struct ActionTableTests {
  @Test func `every action has one row, and every form stands in one row`() {
    for kind in Action.Kind.allCases {
      #expect(ActionTable.rows.filter { $0.kind == kind }.count == 1, "\(kind)")
    }
    let forms = ActionTable.rows.flatMap { $0.forms.map(\.form) }
    for form in ActionForm.allCases { #expect(forms.filter { $0 == form }.count == 1, "\(form)") }
  }

  @Test func `every row has a number, a reader and, if it can be written by itself, a word`() {
    for row in ActionTable.rows {
      #expect(!row.forms.isEmpty, "\(row.name)")
      for form in row.forms {
        #expect(!form.numbers.isEmpty, "\(form.form)")
        // The instruction that holds plain actions is read as a list.
        #expect((form.read == nil) == (form.form == .applyActions), "\(form.form)")
      }
      // Two kinds of output are told from others by their arguments.
      let hasNoWord: Set<Action.Kind> = [.outputField, .outputTruncated, .applyActions]
      #expect(row.words.isEmpty == hasNoWord.contains(row.kind), "\(row.name)")
      if let word = row.words.first { #expect(word.text == row.name) }
    }
  }

  @Test func `no number and no word has two meanings`() {
    var numbers: Set<[UInt16]> = []
    var words: Set<String> = []
    for row in ActionTable.rows {
      for word in row.words { #expect(words.insert(word.text).inserted, "\(word.text)") }
      for number in row.forms.flatMap(\.numbers) {
        for version in OpenFlowVersion.allCases where number.versions.contains(version) {
          let key = [UInt16(number.space.rawValue), number.number, UInt16(version.rawValue)]
          #expect(numbers.insert(key).inserted, "\(row.name) \(number)")
        }
      }
    }
  }

  @Test func `a packet is not cut shorter than its Ethernet header`() throws {
    for (byteCount, isAccepted) in [(UInt32(13), false), (14, true)] {
      var change = FlowMod(.add, table: 0)
      change.actions = [.outputTruncated(OpenFlowPortNumber(1), maximumByteCount: byteCount)]
      let bytes = Message.flowModification(change).encode(WireProtocol(.v13), xid: 1)
      var error: OpenFlowError?
      do throws(OpenFlowError) {
        _ = try Message.decode(bytes, hasTableID: true)
      } catch let found {
        error = found
      }
      #expect(error == (isAccepted ? nil : .badActionBadArgument))
    }
  }

  @Test func `every action has a sample here`() throws {
    let kinds = Set(try actions().map(\.kind))
    for kind in Action.Kind.allCases where kind != .applyActions { #expect(kinds.contains(kind), "\(kind)") }
  }

  @Test func `every action is printed as it is read`() throws {
    for (text, action) in zip(samples, try actions()) {
      let printed = Action.text([action])
      let again = try FlowParser().flow("ct_state=+trk+est,tcp,dl_vlan=5,actions=" + printed, .add).change
      #expect(Action.text(again.actions) == printed, "\(text)")
    }
  }

  @Test func `what a version writes it reads as the same`() throws {
    for action in try actions() where action.kind != .nat {
      for version in OpenFlowVersion.allCases {
        let bytes = try write([action], version)
        let again = try read(bytes, version)
        #expect(try write(again, version) == bytes, "\(action.name) in \(version)")
        // A version may have another way to write a field.
        let setsField: Set<Action.Kind> = [
          .setField, .connectionTrack, .setVLANID, .setVLANPriority, .stripVLAN,
        ]
        if again.count == 1, again[0].kind == action.kind, !setsField.contains(action.kind) {
          #expect(Action.text(again) == Action.text([action]), "\(version)")
        }
      }
    }
  }

  @Test func `every form is written in every version that has no other for it`() throws {
    var written: Set<ActionForm> = []
    for version in OpenFlowVersion.allCases {
      for action in try actions() {
        written.formUnion(try forms(write([action], version), version, isList: version == .v10))
      }
    }
    // Peers write these; OpenFlow 1.5's own is written here.
    let readOnly: Set<ActionForm> = [.copyFieldONF]
    for form in ActionForm.allCases { #expect(written.contains(form) != readOnly.contains(form), "\(form)") }
  }

  @Test func `no version leaves an action out that it has a number for`() throws {
    for version in OpenFlowVersion.allCases {
      for action in try actions() {
        let row = ActionTable.row(action.kind)
        guard row.forms.contains(where: { ActionTable.frame($0.form, version) != nil }) else { continue }
        #expect(try !write([action], version).isEmpty, "\(row.name) in \(version)")
      }
    }
  }

  @Test func `text and wire refuse the same depth of nesting`() throws {
    func nested(_ count: Int) -> Action {
      (0..<count).reduce(.output(OpenFlowPortNumber(1))) { inner, _ in .clone([inner]) }
    }
    for version in OpenFlowVersion.allCases {
      let deepest = nested(ActionTable.maximumListDepth - 1)
      #expect(try read(write([deepest], version), version) == [deepest])
      #expect(try FlowParser().actions(Action.text([deepest])) == [deepest])
      let deeper = Action.clone([deepest])
      #expect(throws: OpenFlowError.badActionTooMany) { try read(write([deeper], version), version) }
      #expect(throws: FlowTextError.self) { try FlowParser().actions(Action.text([deeper])) }
    }
  }
}

struct ActionCheckTests {
  /// What a message decodes to, as ovs-ofctl says it.
  private func result(_ bytes: [UInt8]) -> String {
    do throws(OpenFlowError) {
      _ = try Message.decode(bytes)
      return "ok"
    } catch {
      return error.name
    }
  }

  @Test func `actions on the wire are refused as OVS refuses them`() {
    let lines = Corpus.lines("checked-actions.tsv")
    #expect(lines.count > 40)
    for line in lines { #expect(result(Corpus.bytes(hex: line[2])) == line[1], "\(line[0])") }
  }

  @Test func `a switch refuses what it does not have`() throws {
    let resources = ActionCheck.Resources(tableCount: 10, searchedTableCount: 12)
    #expect(throws: OpenFlowError.badActionBadOutGroup) { try resources.check([.clone([.group(1)])]) }
    #expect(throws: OpenFlowError.meterModFailedInvalidMeter) { try resources.check([.meter(1)]) }
    #expect(throws: OpenFlowError.badInstructionBadTableID) { try resources.check([.gotoTable(10)]) }
    #expect(throws: OpenFlowError.badActionBadArgument) {
      try resources.check([.writeActions([.resubmit(ResubmitAction(table: 12))])])
    }
    try resources.check([.gotoTable(9), .resubmit(ResubmitAction(table: 11))])
  }
}
