// Actions, as in `set(ipv4(ttl=63)),push_vlan(vid=5,pcp=2),2`.

extension DatapathText {
  /// A row of actions; `drop` where there are none.
  public func describe(_ actions: [DatapathAction]) -> String {
    actions.isEmpty ? ActionKind.drop.name : actions.map { describe($0) }.joined(separator: ",")
  }

  private func describe(_ action: DatapathAction) -> String {
    let name = action.kind.name
    switch action {
    case .output(let number): return port(number)
    case .tunnelPush(let push): return describe(push)
    case .popVLAN, .connectionTrackClear, .popEthernet, .drop: return name
    case .connectionTrack(let track):
      let text = DatapathText.describe(track)
      return text.isEmpty ? name : name + "(" + text + ")"
    case .userspace, .set, .pushVLAN, .sample, .recirculate, .hash, .pushMPLS, .popMPLS, .addMPLS, .truncate,
      .pushEthernet, .pushNSH, .popNSH, .meter, .clone, .checkPacketLength, .decrementTTL, .tunnelPop:
      return name + "(" + arguments(of: action) + ")"
    }
  }

  /// What stands between an action's parentheses.
  private func arguments(of action: DatapathAction) -> String {
    switch action {
    case .userspace(let userspace): return describe(userspace)
    case .set(let set): return describe(set)
    case .pushVLAN(let tpid, let tci):
      let type = tpid == 0x8100 ? "" : "tpid=0x" + DatapathText.hexadecimal(UInt64(tpid), digits: 4) + ","
      return type + "vid=\(tci & 0xfff),pcp=\(tci >> 13)" + (tci & 0x1000 == 0 ? ",cfi=0" : "")
    case .sample(let probability, let actions):
      return "sample=" + DatapathText.percentage(probability) + "%,actions(" + describe(actions) + ")"
    case .recirculate(let id): return DatapathText.prefixed(UInt64(id))
    case .hash(let algorithm, let basis): return (algorithm == 1 ? "sym_l4" : "l4") + "(\(basis))"
    case .pushMPLS(let entry, let type), .addMPLS(let entry, let type, _):
      return DatapathText.label(entry) + ",eth_type=0x" + DatapathText.hexadecimal(UInt64(type))
    case .popMPLS(let type): return "eth_type=0x" + DatapathText.hexadecimal(UInt64(type))
    case .truncate(let number), .meter(let number): return "\(number)"
    case .pushEthernet(let source, let destination):
      return "src=" + DatapathText.ethernet(source) + ",dst=" + DatapathText.ethernet(destination)
    case .clone(let actions): return describe(actions)
    case .checkPacketLength(let threshold, let greater, let lessOrEqual):
      return "size=\(threshold),gt(" + describe(greater) + "),le(" + describe(lessOrEqual) + ")"
    case .decrementTTL(let exhausted): return "le_1(" + describe(exhausted) + ")"
    case .tunnelPop(let number): return port(number)
    case .output, .popVLAN, .connectionTrack, .connectionTrackClear, .popEthernet, .pushNSH, .popNSH,
      .tunnelPush, .drop:
      return ""
    }
  }

  private func describe(_ set: SetAction) -> String {
    let value = set.value
    let mask = set.mask
    guard let name = set.attribute.nameInSet else { return "key\(set.attribute.rawValue)()" }
    switch set.attribute {
    case .mpls:
      return name + "(" + DatapathText.label(UInt32(truncatingIfNeeded: value.mplsEntry(0))) + ")"
    case .mark: return name + "(" + plain(value[.packetMark], mask[.packetMark]) + ")"
    case .priority: return name + "(" + plain(value[.skbPriority], mask[.skbPriority]) + ")"
    default:
      let text = DatapathText(isVerbose: false, portName: portName)
      return name + "(" + text.fields(of: set.attribute, value, mask) + ")"
    }
  }

  private func plain(_ value: UInt64, _ mask: UInt64) -> String {
    let text = DatapathText.prefixed(value)
    return mask == 0xffff_ffff ? text : text + "/" + DatapathText.prefixed(mask)
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
    var text = "pid=\(userspace.processID)"
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
    return text
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
    if track.commits { parts.append(track.forces ? "force_commit" : "commit") }
    if track.zone != 0 { parts.append("zone=\(track.zone)") }
    if let mark = track.mark {
      parts.append("mark=" + prefixed(UInt64(mark.value)) + "/" + prefixed(UInt64(mark.mask)))
    }
    if let label = track.label {
      parts.append("label=" + prefixed(label.value) + (label.mask == .max ? "" : "/" + prefixed(label.mask)))
    }
    if let helper = track.helper { parts.append("helper=" + String(decoding: helper, as: UTF8.self)) }
    if let timeout = track.timeout { parts.append("timeout=" + String(decoding: timeout, as: UTF8.self)) }
    if let translation = track.translation { parts.append(describe(translation)) }
    return parts.joined(separator: ",")
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

extension KeyAttribute {
  /// The attributes that a set action can name.
  private static var namesInSet: [(attribute: KeyAttribute, name: String)] {
    [
      (.ethernet, "eth"), (.ipv4, "ipv4"), (.ipv6, "ipv6"), (.tcp, "tcp"), (.udp, "udp"), (.sctp, "sctp"),
      (.icmp, "icmp"), (.icmpv6, "icmpv6"), (.arp, "arp"), (.neighborDiscovery, "nd"), (.mpls, "mpls"),
      (.tunnel, "tunnel"), (.mark, "skb_mark"), (.priority, "skb_priority"),
    ]
  }

  /// The name in a set action.
  var nameInSet: String? { KeyAttribute.namesInSet.first { $0.attribute == self }?.name }

  /// The attribute that a set action names.
  init?(nameInSet name: String) {
    guard let row = KeyAttribute.namesInSet.first(where: { $0.name == name }) else { return nil }
    self = row.attribute
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
