// The fields of one key attribute, as they stand between its parentheses; for keys and for set actions alike.

/// Where a field of an attribute lies in the key, and how it is written.
struct TextRow {
  let name: String
  let place: KeyPlace
  let style: FieldList.Style

  init(_ name: String, _ place: KeyPlace, _ style: FieldList.Style = .decimal) {
    self.name = name
    self.place = place
    self.style = style
  }

  /// The fields of an attribute in the order in which they are written; empty for those written otherwise.
  static func rows(of attribute: KeyAttribute) -> [TextRow] {
    switch attribute {
    case .ethernet: [TextRow("src", .ethSource, .ethernet), TextRow("dst", .ethDestination, .ethernet)]
    case .ipv4:
      [
        TextRow("src", .ipSource, .ipv4), TextRow("dst", .ipDestination, .ipv4),
        TextRow("proto", .ipProtocol),
        TextRow("tos", .ipTOS, .hexadecimal), TextRow("ttl", .ipTTL),
        TextRow("frag", .ipFragment, .fragment),
      ]
    case .ipv6:
      [
        TextRow("src", .ipv6Source, .ipv6), TextRow("dst", .ipv6Destination, .ipv6),
        TextRow("label", .ipv6Label.low(20), .hexadecimal), TextRow("proto", .ipProtocol),
        TextRow("tclass", .ipTOS, .hexadecimal), TextRow("hlimit", .ipTTL),
        TextRow("frag", .ipFragment, .fragment),
      ]
    case .tcp, .udp, .sctp: [TextRow("src", .transportSource), TextRow("dst", .transportDestination)]
    case .icmp, .icmpv6:
      [TextRow("type", .transportSource.low(8)), TextRow("code", .transportDestination.low(8))]
    case .arp:
      [
        TextRow("sip", .ipSource, .ipv4), TextRow("tip", .ipDestination, .ipv4), TextRow("op", .ipProtocol),
        TextRow("sha", .sourceLink, .ethernet), TextRow("tha", .targetLink, .ethernet),
      ]
    case .neighborDiscovery:
      [
        TextRow("target", .ndTarget, .ipv6), TextRow("sll", .sourceLink, .ethernet),
        TextRow("tll", .targetLink, .ethernet),
      ]
    case .neighborExtensions:
      [TextRow("nd_reserved", .ndReserved, .hexadecimal), TextRow("nd_options_type", .ndOptionsType)]
    case .connectionTuple4:
      [
        TextRow("src", .ctSource, .ipv4), TextRow("dst", .ctDestination, .ipv4),
        TextRow("proto", .ctProtocol),
        TextRow("tp_src", .ctTransportSource), TextRow("tp_dst", .ctTransportDestination),
      ]
    case .connectionTuple6:
      [
        TextRow("src", .ctIPv6Source, .ipv6), TextRow("dst", .ctIPv6Destination, .ipv6),
        TextRow("proto", .ctProtocol),
        TextRow("tp_src", .ctTransportSource), TextRow("tp_dst", .ctTransportDestination),
      ]
    case .tunnel:
      [
        TextRow("tun_id", .tunnelID, .hexadecimal), TextRow("src", .tunnelSource, .ipv4),
        TextRow("dst", .tunnelDestination, .ipv4), TextRow("ipv6_src", .tunnelIPv6Source, .ipv6),
        TextRow("ipv6_dst", .tunnelIPv6Destination, .ipv6), TextRow("tos", .tunnelTOS, .hexadecimal),
        TextRow("ttl", .tunnelTTL), TextRow("tp_src", .tunnelTransportSource),
        TextRow("tp_dst", .tunnelTransportDestination),
      ]
    default: []
    }
  }

  /// Whether a key has a value here other than zero.
  func isPresent(in key: FlowKey) -> Bool {
    style == .ipv6
      ? key[wide: place] != 0 : key[place] != 0
  }

  static var connectionStateNames: [String] { ["new", "est", "rel", "rpl", "inv", "trk", "snat", "dnat"] }
  static var tunnelFlagNames: [String] { ["oam", "df", "csum", "key"] }
  static var tcpFlagNames: [String] {
    ["fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr", "ns", "[200]", "[400]", "[800]"]
  }
}

/// A field of an entry of a label stack.
private struct LabelField {
  let name: String
  let shift: UInt64
  let mask: UInt64
  /// Whether a mask of it is printed with `0x`.
  let hasPrefix: Bool

  func value(_ entry: UInt64) -> UInt64 { entry >> shift & mask }

  /// In the order of the text.
  static var all: [LabelField] {
    [
      LabelField(name: "label", shift: 12, mask: 0xf_ffff, hasPrefix: true),
      LabelField(name: "tc", shift: 9, mask: 7, hasPrefix: false),
      LabelField(name: "ttl", shift: 0, mask: 0xff, hasPrefix: true),
      LabelField(name: "bos", shift: 8, mask: 1, hasPrefix: false),
    ]
  }
}

extension DatapathText {
  /// The fields of an attribute that the mask looks at.
  func fields(of attribute: KeyAttribute, _ key: FlowKey, _ mask: FlowKey) -> String {
    var list = FieldList(isVerbose: isVerbose)
    switch attribute {
    case .tcpFlags:
      let bits = mask[.tcpFlags]
      if bits != 0 {
        list.add(FieldList.flags(key[.tcpFlags], bits, full: 0xfff, TextRow.tcpFlagNames))
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
    let indices = 0..<key.mplsEntryCount
    guard isVerbose || indices.contains(where: { mask.mplsEntry($0) != 0 }) else { return }
    // Whole entries, of which the label is the first field: else nobody knew where one begins.
    let isExact = indices.allSatisfy { mask.mplsEntry($0) == 0xffff_ffff }
    for index in indices {
      let entry = key.mplsEntry(index)
      let bits = mask.mplsEntry(index)
      for part in LabelField.all {
        let text = "\(part.name)=\(part.value(entry))"
        let maskText = String(part.value(bits), radix: 16)
        list.add(isExact ? text : text + (part.hasPrefix ? "/0x" : "/") + maskText)
      }
    }
  }

  private func addTunnel(_ key: FlowKey, _ mask: FlowKey, to list: inout FieldList) {
    let flagMask = mask[.tunnelFlags]
    let flags = key[.tunnelFlags]
    for row in TextRow.rows(of: .tunnel) {
      let isKept = row.name == "ttl" || (row.name == "tun_id" && flags & 8 != 0)
      if isKept || row.isPresent(in: key) { list.add(row, key, mask) }
    }
    let policy = mask[.tunnelPolicy]
    if policy != 0 && key[.tunnelPolicy] != 0 {
      var inner = FieldList(isVerbose: false)
      inner.add(TextRow("id", .tunnelGBPID), key, mask)
      inner.add(TextRow("flags", .tunnelGBPFlags, .hexadecimal), key, mask)
      list.add("vxlan(gbp(" + inner.text + "))")
    }
    let options = key.tunnelOptionByteCount
    if options > 0 && mask[.tunnelOptions] | mask[.tunnelOptionByteCount] != 0 {
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
      return source[.tunnelOptions.half(index)]
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
