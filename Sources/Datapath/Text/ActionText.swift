// Actions, as in `set(ipv4(ttl=63)),push_vlan(vid=5,pcp=2),2`.

extension DatapathText {
  /// A row of actions; `drop` where there are none.
  public func describe(_ actions: [DatapathAction]) -> String {
    actions.isEmpty ? "drop" : actions.map { describe($0) }.joined(separator: ",")
  }

  private func describe(_ action: DatapathAction) -> String {
    switch action {
    case .output(let number): return port(number)
    case .userspace(let userspace): return describe(userspace)
    case .set(let set): return "set(" + describe(set) + ")"
    case .pushVLAN(let tpid, let tci):
      var text = "push_vlan("
      if tpid != 0x8100 { text += "tpid=0x" + DatapathText.hexadecimal(UInt64(tpid), digits: 4) + "," }
      text += "vid=\(tci & 0xfff),pcp=\(tci >> 13)"
      return text + (tci & 0x1000 == 0 ? ",cfi=0)" : ")")
    case .popVLAN: return "pop_vlan"
    case .sample(let probability, let actions):
      return "sample(sample=" + DatapathText.percentage(probability) + "%,actions(" + describe(actions) + "))"
    case .recirculate(let id): return "recirc(" + DatapathText.prefixed(UInt64(id)) + ")"
    case .hash(let algorithm, let basis):
      return "hash(" + (algorithm == 1 ? "sym_l4" : "l4") + "(\(basis)))"
    case .pushMPLS(let entry, let type):
      return "push_mpls(" + DatapathText.label(entry) + ",eth_type=0x"
        + DatapathText.hexadecimal(UInt64(type)) + ")"
    case .popMPLS(let type): return "pop_mpls(eth_type=0x" + DatapathText.hexadecimal(UInt64(type)) + ")"
    case .addMPLS(let entry, let type, _):
      return "add_mpls(" + DatapathText.label(entry) + ",eth_type=0x" + DatapathText.hexadecimal(UInt64(type))
        + ")"
    case .connectionTrack(let track): return DatapathText.describe(track)
    case .connectionTrackClear: return "ct_clear"
    case .truncate(let count): return "trunc(\(count))"
    case .pushEthernet(let source, let destination):
      return "push_eth(src=" + DatapathText.ethernet(source) + ",dst=" + DatapathText.ethernet(destination)
        + ")"
    case .popEthernet: return "pop_eth"
    case .pushNSH: return "push_nsh()"
    case .popNSH: return "pop_nsh()"
    case .meter(let id): return "meter(\(id))"
    case .clone(let actions): return "clone(" + describe(actions) + ")"
    case .checkPacketLength(let threshold, let greater, let lessOrEqual):
      return "check_pkt_len(size=\(threshold),gt(" + describe(greater) + "),le(" + describe(lessOrEqual)
        + "))"
    case .decrementTTL(let exhausted): return "dec_ttl(le_1(" + describe(exhausted) + "))"
    case .tunnelPush(let push): return describe(push)
    case .tunnelPop(let number): return "tnl_pop(" + port(number) + ")"
    case .drop: return "drop"
    }
  }

  private func describe(_ set: SetAction) -> String {
    let value = set.value
    let mask = set.mask
    let text = DatapathText(isVerbose: false, portName: portName).fields(of: set.attribute, value, mask)
    switch set.attribute {
    case .ethernet: return "eth(" + text + ")"
    case .ipv4: return "ipv4(" + text + ")"
    case .ipv6: return "ipv6(" + text + ")"
    case .tcp: return "tcp(" + text + ")"
    case .udp: return "udp(" + text + ")"
    case .sctp: return "sctp(" + text + ")"
    case .icmp: return "icmp(" + text + ")"
    case .icmpv6: return "icmpv6(" + text + ")"
    case .arp: return "arp(" + text + ")"
    case .neighborDiscovery: return "nd(" + text + ")"
    case .tunnel: return "tunnel(" + text + ")"
    case .mpls: return "mpls(" + DatapathText.label(UInt32(truncatingIfNeeded: value.mplsEntry(0))) + ")"
    case .mark: return "skb_mark(" + plain(value.words[7], mask.words[7]) + ")"
    case .priority: return "skb_priority(" + plain(value.words[8], mask.words[8]) + ")"
    default: return "key\(set.attribute.rawValue)()"
    }
  }

  private func plain(_ value: UInt64, _ mask: UInt64) -> String {
    let bits = mask & 0xffff_ffff
    let text = DatapathText.prefixed(value & 0xffff_ffff)
    return bits == 0xffff_ffff ? text : text + "/" + DatapathText.prefixed(bits)
  }

  static func label(_ entry: UInt32) -> String {
    "label=\(entry >> 12),tc=\((entry >> 9) & 7),ttl=\(entry & 0xff),bos=\((entry >> 8) & 1)"
  }

  /// A probability as a percentage with one decimal.
  private static func percentage(_ probability: UInt32) -> String {
    let tenths = (UInt64(probability) * 1000 + 0x7fff_ffff) / 0xffff_ffff
    return "\(tenths / 10).\(tenths % 10)"
  }

  // MARK: Userspace

  private func describe(_ userspace: UserspaceAction) -> String {
    var text = "userspace(pid=\(userspace.processID)"
    if let data = userspace.userData {
      if let cookie = UserspaceCookie(data) {
        text += "," + describe(cookie)
      } else {
        text += ",userdata("
        for byte in data { text += DatapathText.hexadecimal(UInt64(byte), digits: 2) }
        text += ")"
      }
    }
    if userspace.includesActions { text += ",actions" }
    if let number = userspace.egressTunnelPort { text += ",tunnel_out_port=" + port(number) }
    return text + ")"
  }

  private func describe(_ cookie: UserspaceCookie) -> String {
    switch cookie.reason {
    case .slowPath(let reasons):
      return "slow_path(" + FieldList.list(UInt64(reasons.rawValue), SlowPathReasons.names)
        + ")"
    case .controller(let controller):
      return "controller(reason=\(controller.reason),dont_send=\(controller.isSuppressed ? 1 : 0)"
        + ",continuation=\(controller.continues ? 1 : 0),recirc_id=\(controller.recirculation)"
        + ",rule_cookie=" + DatapathText.prefixed(controller.ruleCookie)
        + ",controller_id=\(controller.controller),max_len=\(controller.maximumByteCount))"
    case .sflow(let vlanTCI, let output):
      return "sFlow(vid=\(vlanTCI & 0xfff),pcp=\(vlanTCI >> 13),output=\(output))"
    case .ipfix(let output): return "ipfix(output_port=" + port(output) + ")"
    case .flowSample(let sample):
      let direction = sample.direction == 1 ? ",ingress" : sample.direction == 2 ? ",egress" : ""
      return "flow_sample(probability=\(sample.probability),collector_set_id=\(sample.collectorSet)"
        + ",obs_domain_id=\(sample.domain),obs_point_id=\(sample.point),output_port=" + port(sample.output)
        + direction + ")"
    }
  }

  // MARK: Connection tracking

  private static func describe(_ track: ConnectionTrackAction) -> String {
    var parts: [String] = []
    if track.commits { parts.append(track.forces ? "commit,force" : "commit") }
    if track.zone != 0 { parts.append("zone=\(track.zone)") }
    if let mark = track.mark {
      parts.append("mark=" + prefixed(UInt64(mark.value)) + "/" + prefixed(UInt64(mark.mask)))
    }
    if let label = track.label { parts.append("label=" + prefixed(label.value) + "/" + prefixed(label.mask)) }
    if let helper = track.helper { parts.append("helper=" + String(decoding: helper, as: UTF8.self)) }
    if let timeout = track.timeout { parts.append("timeout=" + String(decoding: timeout, as: UTF8.self)) }
    if let translation = track.translation { parts.append(describe(translation)) }
    return parts.isEmpty ? "ct" : "ct(" + parts.joined(separator: ",") + ")"
  }

  private static func describe(_ translation: ConnectionTrackAction.Translation) -> String {
    guard let direction = translation.direction else { return "nat" }
    var text = "nat(" + (direction == .source ? "src" : "dst")
    if !translation.lowestAddress.isEmpty {
      text += "=" + address(translation.lowestAddress, inBrackets: translation.lowestPort != 0)
      if !translation.highestAddress.isEmpty && translation.highestAddress != translation.lowestAddress {
        text += "-" + address(translation.highestAddress, inBrackets: translation.lowestPort != 0)
      }
    } else if translation.lowestPort != 0 {
      text += "="
    }
    if translation.lowestPort != 0 {
      text += ":\(translation.lowestPort)"
      if translation.highestPort > translation.lowestPort { text += "-\(translation.highestPort)" }
    }
    if translation.isPersistent { text += ",persistent" }
    if translation.hashesPorts { text += ",hash" }
    if translation.randomizesPorts { text += ",random" }
    return text + ")"
  }

  private static func address(_ bytes: [UInt8], inBrackets: Bool) -> String {
    var high: UInt64 = 0
    var low: UInt64 = 0
    for byte in bytes {
      high = high << 8 | low >> 56
      low = low << 8 | UInt64(byte)
    }
    guard bytes.count == 16 else { return ipv4(low) }
    return inBrackets ? "[" + ipv6(high, low) + "]" : ipv6(high, low)
  }
}

extension FieldList {
  /// The names of the bits that are set, with commas; `0` for none.
  static func list(_ value: UInt64, _ names: [String]) -> String {
    var text = ""
    for bit in 0..<names.count where value & 1 << UInt64(bit) != 0 {
      text += (text.isEmpty ? "" : ",") + names[bit]
    }
    return text.isEmpty ? "0" : text
  }
}
