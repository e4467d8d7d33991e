// Prebuilt tunnel headers, as in `tnl_push(tnl_port(4),header(size=50,type=4,eth(…),ipv4(…),udp(…),vxlan(…)),out_port(1))`.

extension DatapathText {
  func describe(_ push: TunnelPush) -> String {
    var text = "tnl_push(tnl_port(" + port(push.tunnelPort) + "),header(size=\(push.header.count),"
    text += "type=\(push.kind.rawValue)"
    let view = HeaderView(bytes: push.header)
    text += ",eth(dst=" + DatapathText.ethernet(view[0, 6]) + ",src=" + DatapathText.ethernet(view[6, 6])
    text += ",dl_type=0x" + DatapathText.hexadecimal(view[12, 2], digits: 4) + ")"
    let transport: Int
    if view[12, 2] == 0x0800 {
      transport = 34
      text += ",ipv4(src=" + DatapathText.ipv4(view[26, 4]) + ",dst=" + DatapathText.ipv4(view[30, 4])
      text += ",proto=\(view[23, 1]),tos=" + DatapathText.prefixed(view[15, 1]) + ",ttl=\(view[22, 1])"
      text += ",frag=0x" + DatapathText.hexadecimal(view[20, 2]) + ")"
    } else {
      transport = 54
      text += ",ipv6(src=" + DatapathText.ipv6(view[22, 8], view[30, 8])
      text += ",dst=" + DatapathText.ipv6(view[38, 8], view[46, 8])
      text += ",label=\(view[14, 4] & 0xf_ffff),proto=\(view[20, 1])"
      text += ",tclass=0x" + DatapathText.hexadecimal((view[14, 4] >> 20) & 0xff) + ",hlimit=\(view[21, 1]))"
    }
    switch push.kind {
    case .vxlan, .geneve: text += "," + describeUDP(view, transport, push.kind)
    default: text += "," + describeGRE(view, transport)
    }
    return text + "),out_port(" + port(push.outPort) + "))"
  }

  private func describeUDP(_ view: HeaderView, _ start: Int, _ kind: VportType) -> String {
    var text = "udp(src=\(view[start, 2]),dst=\(view[start + 2, 2])"
    text += ",csum=0x" + DatapathText.hexadecimal(view[start + 6, 2]) + "),"
    if kind == .vxlan {
      text += "vxlan(flags=0x" + DatapathText.hexadecimal(view[start + 8, 4])
      return text + ",vni=0x" + DatapathText.hexadecimal(view[start + 12, 3]) + ")"
    }
    text += "geneve("
    if view[start + 9, 1] & 0x80 != 0 { text += "oam," }
    if view[start + 9, 1] & 0x40 != 0 { text += "crit," }
    text += "vni=0x" + DatapathText.hexadecimal(view[start + 12, 3])
    let end = start + 16 + Int(view[start + 8, 1] & 0x3f) * 4
    if end > start + 16 {
      text += ",options("
      var place = start + 16
      while place < end {
        let length = min(Int(view[place + 3, 1] & 0x1f) * 4, max(0, end - place - 4))
        text +=
          "{class=" + DatapathText.prefixed(view[place, 2]) + ",type="
          + DatapathText.prefixed(view[place + 2, 1])
        text += ",len=\(length)"
        if length > 0 {
          var digits = ""
          for offset in stride(from: 0, to: length, by: 4) {
            digits += DatapathText.hexadecimal(view[place + 4 + offset, 4], digits: digits.isEmpty ? 1 : 8)
          }
          text += ",0x" + digits
        }
        text += "}"
        place += 4 + length
      }
      text += ")"
    }
    return text + ")"
  }

  private func describeGRE(_ view: HeaderView, _ start: Int) -> String {
    let flags = view[start, 2]
    var text = "gre((flags=0x" + DatapathText.hexadecimal(flags)
    text += ",proto=0x" + DatapathText.hexadecimal(view[start + 2, 2]) + ")"
    var place = start + 4
    if flags & 0x8000 != 0 {
      text += ",csum=0x" + DatapathText.hexadecimal(view[place, 2])
      place += 4
    }
    if flags & 0x2000 != 0 {
      text += ",key=0x" + DatapathText.hexadecimal(view[place, 4])
      place += 4
    }
    if flags & 0x1000 != 0 { text += ",seq=0x" + DatapathText.hexadecimal(view[place, 4]) }
    return text + ")"
  }
}

/// Big-endian numbers of a header; bytes beyond its end read as zero.
private struct HeaderView {
  let bytes: [UInt8]

  subscript(offset: Int, count: Int) -> UInt64 {
    var value: UInt64 = 0
    for index in offset..<(offset + count) {
      value = value << 8 | UInt64(index < bytes.count ? bytes[index] : 0)
    }
    return value
  }
}
