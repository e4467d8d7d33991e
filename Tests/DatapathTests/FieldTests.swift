import Testing

@testable import Datapath

struct FieldTests {
  static var all: [Field] { (0..<Field.count).compactMap { Field(number: $0) } }

  @Test func `constants name their rows`() {
    let named: [(Field, String)] = [
      (.dpHash, "dp_hash"), (.recirculationID, "recirc_id"), (.tunnelID, "tun_id"), (.metadata, "metadata"),
      (.inPort, "in_port"), (.inPortOXM, "in_port_oxm"), (.ctState, "ct_state"),
      (.ctTransportDestination, "ct_tp_dst"),
      (.register(0), "reg0"), (.register(15), "reg15"), (.doubleRegister(7), "xreg7"),
      (.quadRegister(3), "xxreg3"), (.ethSource, "eth_src"), (.vlanTCI, "vlan_tci"),
      (.mplsLabel, "mpls_label"),
      (.ipSource, "ip_src"), (.ipTOS, "nw_tos"), (.arpOperation, "arp_op"), (.tcpSource, "tcp_src"),
      (.icmpv6Code, "icmpv6_code"), (.ndTarget, "nd_target"), (.ndOptionsType, "nd_options_type"),
      (.nshTTL, "nsh_ttl"), (.tunnelMetadata(0), "tun_metadata0"), (.tunnelMetadata(63), "tun_metadata63"),
    ]
    for (field, name) in named { #expect(field.name == name) }
  }

  @Test func `every name finds its field, and no name is used twice`() {
    var seen: Set<String> = []
    for field in Self.all {
      for name in [field.row.name, field.row.alias].compactMap({ $0 }) {
        #expect(seen.insert(name).inserted, "\(name)")
        #expect(Field.named(name) == field)
      }
    }
    #expect(Field.named("tp_src") == .tcpSource)
    #expect(Field.named("nothing") == nil)
    #expect(Field.named("") == nil)
  }

  @Test func `every header finds its field, and no header is used twice`() {
    var seen: Set<UInt64> = []
    for field in Self.all {
      for header in [field.row.nxm, field.row.oxm, field.row.onf].compactMap({ $0 }) {
        #expect(seen.insert(header.key).inserted, "\(header.name)")
        let found = Field.withHeader(
          classNumber: header.classNumber, number: header.number, experimenter: header.experimenter)
        #expect(found == field)
        #expect(Field.specificationNamed(Array(header.name.utf8).span) == field)
      }
    }
    #expect(Field.withHeader(classNumber: 0x7777, number: 1) == nil)
  }

  @Test func `headers are chosen by version`() {
    // Numbers as `ovs-ofctl -mmmmm parse-flow` prints them.
    #expect(Field.tcpFlags.header(openFlowVersion: 1)?.name == "NXM_NX_TCP_FLAGS")
    #expect(Field.tcpFlags.header(openFlowVersion: 4)?.name == "ONFOXM_ET_TCP_FLAGS")
    #expect(Field.tcpFlags.header(openFlowVersion: 6)?.name == "OXM_OF_TCP_FLAGS")
    #expect(Field.tcpFlags.header(openFlowVersion: 4)?.wire(byteCount: 2, isMasked: true) == 0xffff_5508)
    #expect(Field.ndReserved.header(openFlowVersion: 1)?.wire(byteCount: 4, isMasked: false) == 0x1000_0204)
    #expect(Field.erspanVersion.header(openFlowVersion: 4)?.wire(byteCount: 1, isMasked: true) == 0xffff_1906)
    #expect(Field.ethType.header(openFlowVersion: 1)?.wire(byteCount: 2, isMasked: false) == 0x0000_0602)
    #expect(Field.ethType.header(openFlowVersion: 4)?.wire(byteCount: 2, isMasked: false) == 0x8000_0a02)
    #expect(Field.nshTTL.header(openFlowVersion: 1)?.wire(byteCount: 1, isMasked: false) == 0xffff_1405)
    #expect(Field.actionSetOutput.header(openFlowVersion: 1)?.name == "ONFOXM_ET_ACTSET_OUTPUT")
    #expect(Field.dlVLAN.header(openFlowVersion: 4) == nil)
  }

  @Test func `a value written is read back and touches nothing else`() {
    var random = SystemRandomNumberGenerator()
    for field in Self.all where field.isStored {
      for _ in 0..<50 {
        var value = FieldValue(random.next()) << 64 | FieldValue(random.next())
        value &= field.validBits
        if field == .inPort { value &= 0x7fff }
        if field == .arpOperation { value &= 0xff }
        var key = FlowKey()
        for index in 0..<FlowKey.wordCount { key.words[index] = random.next() }
        var mask = FlowKey()
        field.unwildcard(in: &mask)
        let before = key
        field.set(value, in: &key)
        #expect(field.value(in: key) == value, "\(field.name)")
        for index in 0..<FlowKey.wordCount {
          #expect((key.words[index] ^ before.words[index]) & ~mask.words[index] == 0, "\(field.name)")
        }
      }
    }
  }

  @Test func `fields share bits only where the key says so`() {
    // Each group overlaps within itself and with nothing outside.
    let groups: [[String]] = [
      ["in_port", "in_port_oxm"], ["vlan_tci", "dl_vlan", "vlan_vid", "dl_vlan_pcp", "vlan_pcp"],
      ["ip_src", "arp_spa"], ["ip_dst", "arp_tpa"], ["nw_tos", "ip_dscp"], ["nw_proto", "arp_op"],
      ["arp_sha", "nd_sll"], ["arp_tha", "nd_tll"],
      ["tcp_src", "udp_src", "sctp_src", "icmp_type", "icmpv6_type"],
      ["tcp_dst", "udp_dst", "sctp_dst", "icmp_code", "icmpv6_code"],
    ]
    func group(_ field: Field) -> String {
      if field.name.contains("reg") && field.name.first != "t" {
        return "registers"
      }
      return groups.first { $0.contains(field.name) }?[0] ?? field.name
    }
    let stored = Self.all.filter { $0.isStored }
    let masks = stored.map { field in
      var mask = FlowKey()
      field.unwildcard(in: &mask)
      return mask
    }
    for (left, leftMask) in zip(stored, masks) {
      for (right, rightMask) in zip(stored, masks) where group(left) != group(right) {
        for index in 0..<FlowKey.wordCount {
          let shared = leftMask.words[index] & rightMask.words[index]
          #expect(shared == 0, "\(left.name) \(right.name)")
        }
      }
    }
  }

  @Test func `widths agree with header lengths`() {
    for field in Self.all {
      #expect(field.byteCount * 8 >= field.bitCount)
      #expect(field.bitCount > field.byteCount * 8 - 32)
    }
  }

  @Test func `setting part of a tag makes the tag`() {
    var key = FlowKey()
    Field.dlVLAN.set(5, in: &key)
    #expect(Field.vlanTCI.value(in: key) == 0x1005)
    Field.vlanPCP.set(3, in: &key)
    #expect(Field.vlanTCI.value(in: key) == 0x7005)
  }

  @Test func `OpenFlow 1.0 port numbers convert both ways`() {
    #expect(Field.port(legacy: 0xfffe) == 0xffff_fffe)
    #expect(Field.legacyPort(0xffff_fffe) == 0xfffe)
    #expect(Field.port(legacy: 0xfeff) == 0xfeff)
    #expect(Field.legacyPort(0x1_0000) == 0xffff)
  }

  @Test func `prerequisites hold for the packets that have the field`() {
    var key = FlowKey()
    Field.ethType.set(0x0800, in: &key)
    Field.ipProtocol.set(6, in: &key)
    #expect(FieldPrerequisite.tcp.isSatisfied(by: key))
    #expect(FieldPrerequisite.ipv4.isSatisfied(by: key))
    #expect(!FieldPrerequisite.ipv6.isSatisfied(by: key))
    #expect(!FieldPrerequisite.udp.isSatisfied(by: key))
    Field.ipFragment.set(3, in: &key)
    #expect(!FieldPrerequisite.tcp.isSatisfied(by: key))
    #expect(FieldPrerequisite.ethernet.isSatisfied(by: key))
  }
}
