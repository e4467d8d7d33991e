// Flow keys under masks, as in `recirc_id(0),in_port(1),eth(),eth_type(0x0800),ipv4(frag=no)`.

extension DatapathText {
  /// A key, with those fields that the mask looks at; all of them without a mask.
  public func describe(_ key: FlowKey, mask: FlowKey?) -> String {
    var every = FlowKey()
    for word in 0..<FlowKey.wordCount { every.words[word] = ~0 }
    let mask = mask ?? every
    var parts: [String] = []
    func add(_ name: String, _ place: KeyPlace) {
      let value = key[place]
      let bits = mask[place]
      guard bits != 0 || isVerbose else { return }
      parts.append(name + "(" + DatapathText.masked(value, bits, full: 0xffff_ffff, .hexadecimal) + ")")
    }
    add("skb_priority", .skbPriority)
    if key.hasTunnel { parts.append("tunnel(" + fields(of: .tunnel, key, mask) + ")") }
    add("skb_mark", .packetMark)
    appendConnection(key, mask, to: &parts)
    let recirculation = mask[.recirculationID]
    if recirculation != 0 || isVerbose {
      let id = key[.recirculationID]
      parts.append(
        "recirc_id(" + DatapathText.masked(id, recirculation, full: 0xffff_ffff, .hexadecimal) + ")")
    }
    add("dp_hash", .datapathHash)
    appendPort(key, mask, to: &parts)
    let typeMask = mask[.packetType]
    if typeMask != 0 || isVerbose {
      let type = key[.packetType]
      let space = DatapathText.masked(type >> 16, typeMask >> 16, full: 0xffff, .decimal)
      let id = DatapathText.masked(type & 0xffff, typeMask & 0xffff, full: 0xffff, .hexadecimal)
      parts.append("packet_type(ns=" + space + ",id=" + id + ")")
    }
    let hasAddresses = mask[.ethDestination] | mask[.ethSource] != 0
    if key[.packetType] == 0, hasAddresses || isVerbose {
      parts.append("eth(" + fields(of: .ethernet, key, mask) + ")")
    } else if key[.packetType] == 0, typeMask == 0 {
      // Nothing else says that these are Ethernet packets.
      parts.append("eth()")
    }
    parts.append(contentsOf: headers(key, mask, tag: 0))
    return parts.joined(separator: ",")
  }

  private static func masked(
    _ value: UInt64, _ mask: UInt64, full: UInt64, _ style: FieldList.Style
  ) -> String {
    let text = style == .decimal ? String(value) : prefixed(value)
    return mask & full == full ? text : text + "/" + prefixed(mask)
  }

  private func appendPort(_ key: FlowKey, _ mask: FlowKey, to parts: inout [String]) {
    let bits = mask[.inPort]
    guard bits != 0 || isVerbose else { return }
    let number = DatapathPortNumber(UInt32(truncatingIfNeeded: key[.inPort]))
    parts.append(
      "in_port(" + port(number) + (bits == 0xffff_ffff ? "" : "/" + DatapathText.prefixed(bits)) + ")")
  }

  private func appendConnection(_ key: FlowKey, _ mask: FlowKey, to parts: inout [String]) {
    let stateMask = mask[.ctState]
    if isVerbose {
      parts.append(
        "ct_state(" + DatapathText.masked(key[.ctState], stateMask, full: 0xffff_ffff, .hexadecimal)
          + ")")
    } else if stateMask != 0 {
      parts.append(
        "ct_state("
          + FieldList.flags(key[.ctState], stateMask, full: 0xffff_ffff, TextRow.connectionStateNames)
          + ")")
    }
    let zone = mask[.ctZone]
    if zone != 0 || isVerbose {
      parts.append(
        "ct_zone(" + DatapathText.masked(key[.ctZone], zone, full: 0xffff, .hexadecimal) + ")")
    }
    let mark = mask[.ctMark]
    if mark != 0 || isVerbose {
      let value = key[.ctMark]
      parts.append("ct_mark(" + DatapathText.masked(value, mark, full: 0xffff_ffff, .hexadecimal) + ")")
    }
    let label = mask[wide: .ctLabel]
    if label != 0 || isVerbose {
      let value = key[wide: .ctLabel]
      var text = DatapathText.prefixed(value)
      if label != ~0 { text += "/" + DatapathText.prefixed(label) }
      parts.append("ct_label(" + text + ")")
    }
    appendTuple(key, mask, to: &parts)
  }

  private func appendTuple(_ key: FlowKey, _ mask: FlowKey, to parts: inout [String]) {
    let is4 = key.etherType == 0x0800
    guard key[.ctProtocol] != 0, is4 || key.etherType == 0x86dd else { return }
    let text = fields(of: is4 ? .connectionTuple4 : .connectionTuple6, key, mask)
    if !text.isEmpty { parts.append((is4 ? "ct_tuple4(" : "ct_tuple6(") + text + ")") }
  }

  /// The Ethernet type and what follows, within as many tags as there are.
  private func headers(_ key: FlowKey, _ mask: FlowKey, tag: Int) -> [String] {
    if tag < 2, key[.tagControl(tag)] != 0 {
      let control = key[.tagControl(tag)]
      let bits = mask[.tagControl(tag)]
      let tpid = key[.tagType(tag)]
      var list = FieldList(isVerbose: isVerbose)
      list.add("vid", control & 0xfff, bits & 0xfff, full: 0xfff)
      list.add("pcp", control >> 13, bits >> 13, full: 7)
      if control & 0x1000 == 0 { list.add("cfi=0") }
      var parts = ["eth_type(0x" + DatapathText.hexadecimal(tpid, digits: 4) + ")"]
      parts.append("vlan(" + list.text + ")")
      parts.append("encap(" + headers(key, mask, tag: tag + 1).joined(separator: ",") + ")")
      return parts
    }
    let typeMask = mask[.ethType]
    if key.etherType == missingEtherType() {
      return ["eth_type(0/0x" + DatapathText.hexadecimal(typeMask, digits: 4) + ")"]
    }
    var text = "eth_type(0x" + DatapathText.hexadecimal(UInt64(key.etherType), digits: 4)
    if typeMask != 0xffff { text += "/0x" + DatapathText.hexadecimal(typeMask, digits: 4) }
    return [text + ")"] + network(key, mask)
  }

  private func network(_ key: FlowKey, _ mask: FlowKey) -> [String] {
    var parts: [String] = []
    func add(_ name: String, _ attribute: KeyAttribute) {
      let text = fields(of: attribute, key, mask)
      if !text.isEmpty { parts.append(name + "(" + text + ")") }
    }
    switch key.etherType {
    case 0x0800: add("ipv4", .ipv4)
    case 0x86dd: add("ipv6", .ipv6)
    case 0x0806, 0x8035: add("arp", .arp)
    case 0x8847, 0x8848: add("mpls", .mpls)
    default: break
    }
    guard key.etherType == 0x0800 || key.etherType == 0x86dd else { return parts }
    guard key[.ipFragment] & 2 == 0 else { return parts }
    switch (key[.ipProtocol], key.etherType) {
    case (6, _):
      add("tcp", .tcp)
      if key[.tcpFlags] | mask[.tcpFlags] != 0 { add("tcp_flags", .tcpFlags) }
    case (17, _): add("udp", .udp)
    case (132, _): add("sctp", .sctp)
    case (1, 0x0800): add("icmp", .icmp)
    case (58, 0x86dd):
      add("icmpv6", .icmpv6)
      guard key.isNeighborDiscovery, mask.hasExactMessage else { break }
      add("nd", .neighborDiscovery)
      if mask[.ndReserved] != 0 || mask[.ndOptionsType] != 0 { add("nd_ext", .neighborExtensions) }
    default: break
    }
    return parts
  }

  static func prefixed(_ value: UInt128) -> String { value == 0 ? "0" : "0x" + String(value, radix: 16) }
}

extension FieldList {
  /// Adds a field of a key.
  mutating func add(_ row: TextRow, _ key: FlowKey, _ mask: FlowKey) {
    switch row.style {
    case .ipv6: add(row.name, key, mask, ipv6: row.place)
    case .fragment:
      guard mask[row.place] != 0 || isVerbose else { return }
      let bits = key[row.place]
      add(row.name + "=" + (bits & 2 != 0 ? "later" : bits & 1 != 0 ? "first" : "no"))
    default:
      add(
        row.name, key[row.place], mask[row.place], full: FlowKey.lowBits(row.place.bitCount), row.style)
    }
  }
}
