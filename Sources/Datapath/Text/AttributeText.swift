// The fields of one key attribute, as they stand between its parentheses; for keys and for set actions alike.

extension DatapathText {
  /// The fields of an attribute that the mask looks at.
  func fields(of attribute: KeyAttribute, _ key: FlowKey, _ mask: FlowKey) -> String {
    var list = FieldList(isVerbose: isVerbose)
    switch attribute {
    case .ethernet:
      list.add("src", key, mask, 2, 16, 48, .ethernet)
      list.add("dst", key, mask, 1, 16, 48, .ethernet)
    case .ipv4:
      list.add("src", key, mask, 3, 32, 32, .ipv4)
      list.add("dst", key, mask, 3, 0, 32, .ipv4)
      list.add("proto", key, mask, 4, 56, 8)
      list.add("tos", key, mask, 4, 48, 8, .hexadecimal)
      list.add("ttl", key, mask, 4, 40, 8)
      addFragment(key, mask, to: &list)
    case .ipv6:
      list.add("src", key, mask, ipv6: 10)
      list.add("dst", key, mask, ipv6: 12)
      list.add(
        "label", key[word: 14, shift: 32, bitCount: 20], mask[word: 14, shift: 32, bitCount: 20],
        full: 0xf_ffff, .hexadecimal)
      list.add("proto", key, mask, 4, 56, 8)
      list.add("tclass", key, mask, 4, 48, 8, .hexadecimal)
      list.add("hlimit", key, mask, 4, 40, 8)
      addFragment(key, mask, to: &list)
    case .tcp, .udp, .sctp:
      list.add("src", key, mask, 4, 16, 16)
      list.add("dst", key, mask, 4, 0, 16)
    case .icmp, .icmpv6:
      list.add("type", key, mask, 4, 16, 8)
      list.add("code", key, mask, 4, 0, 8)
    case .tcpFlags:
      let bits = mask.words[5] >> 48
      if bits != 0 {
        let names = ["fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr", "ns", "[200]", "[400]", "[800]"]
        list.add(FieldList.flags(key.words[5] >> 48, bits, full: 0xfff, names))
      } else if isVerbose {
        list.add("0/0")
      }
    case .arp:
      list.add("sip", key, mask, 3, 32, 32, .ipv4)
      list.add("tip", key, mask, 3, 0, 32, .ipv4)
      list.add("op", key, mask, 4, 56, 8)
      list.add("sha", key, mask, 17, 16, 48, .ethernet)
      list.add("tha", key, mask, 18, 16, 48, .ethernet)
    case .neighborDiscovery:
      list.add("target", key, mask, ipv6: 15)
      list.add("sll", key, mask, 17, 16, 48, .ethernet)
      list.add("tll", key, mask, 18, 16, 48, .ethernet)
    case .neighborExtensions:
      list.add("nd_reserved", key, mask, 19, 32, 32, .hexadecimal)
      list.add("nd_options_type", key, mask, 17, 8, 8)
    case .mpls: addLabels(key, mask, to: &list)
    case .tunnel: addTunnel(key, mask, to: &list)
    default: break
    }
    return list.text
  }

  private func addFragment(_ key: FlowKey, _ mask: FlowKey, to list: inout FieldList) {
    guard mask[word: 4, shift: 32, bitCount: 8] != 0 || isVerbose else { return }
    let bits = key[word: 4, shift: 32, bitCount: 8]
    list.add("frag=" + (bits & 2 != 0 ? "later" : bits & 1 != 0 ? "first" : "no"))
  }

  private func addLabels(_ key: FlowKey, _ mask: FlowKey, to list: inout FieldList) {
    for index in 0..<key.mplsEntryCount {
      let entry = key.mplsEntry(index)
      let bits = mask.mplsEntry(index)
      list.add("label", entry >> 12, bits >> 12, full: 0xf_ffff)
      list.add("tc", (entry >> 9) & 7, (bits >> 9) & 7, full: 7)
      list.add("ttl", entry & 0xff, bits & 0xff, full: 0xff)
      list.add("bos", (entry >> 8) & 1, (bits >> 8) & 1, full: 1)
    }
  }

  private func addTunnel(_ key: FlowKey, _ mask: FlowKey, to list: inout FieldList) {
    let flagMask = mask.words[36] >> 48
    let flags = key.words[36] >> 48
    if key.words[35] != 0 || flags & 8 != 0 {
      list.add("tun_id", key.words[35], mask.words[35], full: ~0, .hexadecimal)
    }
    if key.words[30] >> 32 != 0 { list.add("src", key, mask, 30, 32, 32, .ipv4) }
    if key.words[30] & 0xffff_ffff != 0 { list.add("dst", key, mask, 30, 0, 32, .ipv4) }
    if key.words[31] | key.words[32] != 0 { list.add("ipv6_src", key, mask, ipv6: 31) }
    if key.words[33] | key.words[34] != 0 { list.add("ipv6_dst", key, mask, ipv6: 33) }
    if key[word: 36, shift: 40, bitCount: 8] != 0 { list.add("tos", key, mask, 36, 40, 8, .hexadecimal) }
    list.add("ttl", key, mask, 36, 32, 8)
    if key[word: 36, shift: 16, bitCount: 16] != 0 { list.add("tp_src", key, mask, 36, 16, 16) }
    if key[word: 36, shift: 0, bitCount: 16] != 0 { list.add("tp_dst", key, mask, 36, 0, 16) }
    let policy = mask.words[37] >> 40
    if policy != 0 && key.words[37] >> 40 != 0 {
      var inner = FieldList(isVerbose: false)
      inner.add("id", key, mask, 37, 48, 16)
      inner.add("flags", key, mask, 37, 40, 8, .hexadecimal)
      list.add("vxlan(gbp(" + inner.text + "))")
    }
    let options = key.tunnelOptionByteCount
    if options > 0 && mask.words[62] | mask.words[38] & 0xffff_ffff != 0 {
      list.add("geneve(" + DatapathText.options(key, mask, byteCount: options) + ")")
    }
    if flagMask != 0 {
      list.add("flags(" + FieldList.flags(flags, flagMask, full: 0xf, ["oam", "df", "csum", "key"]) + ")")
    }
  }

  /// Geneve options, as in `{class=0x102,type=0x80,len=4,0xa/0xf}`.
  private static func options(_ key: FlowKey, _ mask: FlowKey, byteCount: Int) -> String {
    func word(_ source: FlowKey, _ index: Int) -> UInt64 {
      guard index < 64 else { return 0 }
      return (source.words[62 + index / 2] >> (index & 1 == 0 ? 32 : 0)) & 0xffff_ffff
    }
    var text = ""
    var index = 0
    while index * 4 < byteCount {
      let header = word(key, index)
      let length = min(Int(header & 0x1f), byteCount / 4 - index - 1)
      text +=
        "{class=" + prefixed(header >> 16) + ",type=" + prefixed((header >> 8) & 0xff) + ",len=\(length * 4)"
      if length > 0 {
        var value = ""
        var bits = ""
        var isExact = true
        for part in 1...length {
          value += hexadecimal(word(key, index + part), digits: value.isEmpty ? 1 : 8)
          let maskWord = word(mask, index + part)
          bits += hexadecimal(maskWord, digits: bits.isEmpty ? 1 : 8)
          if maskWord != 0xffff_ffff { isExact = false }
        }
        text += ",0x" + value + (isExact ? "" : "/0x" + bits)
      }
      text += "}"
      index += length + 1
    }
    return text
  }
}
