// The fields of one key attribute, as they stand between its parentheses; for keys and for set actions alike.

/// Where a field of an attribute lies in the key, and how it is written.
struct TextRow {
  let name: String
  let word: Int
  let shift: Int
  let bitCount: Int
  let style: FieldList.Style

  init(_ name: String, _ word: Int, _ shift: Int, _ bitCount: Int, _ style: FieldList.Style = .decimal) {
    self.name = name
    self.word = word
    self.shift = shift
    self.bitCount = bitCount
    self.style = style
  }

  /// The fields of an attribute in the order in which they are written; empty for those written otherwise.
  static func rows(of attribute: KeyAttribute) -> [TextRow] {
    switch attribute {
    case .ethernet: [TextRow("src", 2, 16, 48, .ethernet), TextRow("dst", 1, 16, 48, .ethernet)]
    case .ipv4:
      [
        TextRow("src", 3, 32, 32, .ipv4), TextRow("dst", 3, 0, 32, .ipv4), TextRow("proto", 4, 56, 8),
        TextRow("tos", 4, 48, 8, .hexadecimal), TextRow("ttl", 4, 40, 8),
        TextRow("frag", 4, 32, 8, .fragment),
      ]
    case .ipv6:
      [
        TextRow("src", 10, 0, 128, .ipv6), TextRow("dst", 12, 0, 128, .ipv6),
        TextRow("label", 14, 32, 20, .hexadecimal), TextRow("proto", 4, 56, 8),
        TextRow("tclass", 4, 48, 8, .hexadecimal), TextRow("hlimit", 4, 40, 8),
        TextRow("frag", 4, 32, 8, .fragment),
      ]
    case .tcp, .udp, .sctp: [TextRow("src", 4, 16, 16), TextRow("dst", 4, 0, 16)]
    case .icmp, .icmpv6: [TextRow("type", 4, 16, 8), TextRow("code", 4, 0, 8)]
    case .arp:
      [
        TextRow("sip", 3, 32, 32, .ipv4), TextRow("tip", 3, 0, 32, .ipv4), TextRow("op", 4, 56, 8),
        TextRow("sha", 17, 16, 48, .ethernet), TextRow("tha", 18, 16, 48, .ethernet),
      ]
    case .neighborDiscovery:
      [
        TextRow("target", 15, 0, 128, .ipv6), TextRow("sll", 17, 16, 48, .ethernet),
        TextRow("tll", 18, 16, 48, .ethernet),
      ]
    case .neighborExtensions:
      [TextRow("nd_reserved", 19, 32, 32, .hexadecimal), TextRow("nd_options_type", 17, 8, 8)]
    case .connectionTuple4:
      [
        TextRow("src", 24, 32, 32, .ipv4), TextRow("dst", 24, 0, 32, .ipv4), TextRow("proto", 7, 40, 8),
        TextRow("tp_src", 25, 48, 16), TextRow("tp_dst", 25, 32, 16),
      ]
    case .connectionTuple6:
      [
        TextRow("src", 26, 0, 128, .ipv6), TextRow("dst", 28, 0, 128, .ipv6), TextRow("proto", 7, 40, 8),
        TextRow("tp_src", 25, 48, 16), TextRow("tp_dst", 25, 32, 16),
      ]
    case .tunnel:
      [
        TextRow("tun_id", 35, 0, 64, .hexadecimal), TextRow("src", 30, 32, 32, .ipv4),
        TextRow("dst", 30, 0, 32, .ipv4), TextRow("ipv6_src", 31, 0, 128, .ipv6),
        TextRow("ipv6_dst", 33, 0, 128, .ipv6), TextRow("tos", 36, 40, 8, .hexadecimal),
        TextRow("ttl", 36, 32, 8), TextRow("tp_src", 36, 16, 16), TextRow("tp_dst", 36, 0, 16),
      ]
    default: []
    }
  }

  /// Whether a key has a value here other than zero.
  func isPresent(in key: FlowKey) -> Bool {
    style == .ipv6
      ? key.words[word] | key.words[word + 1] != 0 : key[word: word, shift: shift, bitCount: bitCount] != 0
  }

  static var connectionStateNames: [String] { ["new", "est", "rel", "rpl", "inv", "trk", "snat", "dnat"] }
  static var tunnelFlagNames: [String] { ["oam", "df", "csum", "key"] }
  static var tcpFlagNames: [String] {
    ["fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr", "ns", "[200]", "[400]", "[800]"]
  }
}

extension DatapathText {
  /// The fields of an attribute that the mask looks at.
  func fields(of attribute: KeyAttribute, _ key: FlowKey, _ mask: FlowKey) -> String {
    var list = FieldList(isVerbose: isVerbose)
    switch attribute {
    case .tcpFlags:
      let bits = mask.words[5] >> 48
      if bits != 0 {
        list.add(FieldList.flags(key.words[5] >> 48, bits, full: 0xfff, TextRow.tcpFlagNames))
      } else if isVerbose {
        list.add("0/0")
      }
    case .mpls: addLabels(key, mask, to: &list)
    case .tunnel: addTunnel(key, mask, to: &list)
    default: for row in TextRow.rows(of: attribute) { list.add(row, key, mask) }
    }
    return list.text
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
    for row in TextRow.rows(of: .tunnel) {
      let isKept = row.name == "ttl" || (row.name == "tun_id" && flags & 8 != 0)
      if isKept || row.isPresent(in: key) { list.add(row, key, mask) }
    }
    let policy = mask.words[37] >> 40
    if policy != 0 && key.words[37] >> 40 != 0 {
      var inner = FieldList(isVerbose: false)
      inner.add(TextRow("id", 37, 48, 16), key, mask)
      inner.add(TextRow("flags", 37, 40, 8, .hexadecimal), key, mask)
      list.add("vxlan(gbp(" + inner.text + "))")
    }
    let options = key.tunnelOptionByteCount
    if options > 0 && mask.words[62] | mask.words[38] & 0xffff_ffff != 0 {
      list.add("geneve(" + DatapathText.options(key, mask, byteCount: options) + ")")
    }
    if flagMask != 0 {
      list.add("flags(" + FieldList.flags(flags, flagMask, full: 0xf, TextRow.tunnelFlagNames) + ")")
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
