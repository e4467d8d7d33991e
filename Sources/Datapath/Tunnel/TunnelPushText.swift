// Prebuilt tunnel headers, as in `tnl_push(tnl_port(4),header(size=50,type=4,eth(…),ipv4(…),udp(…),vxlan(…)),out_port(1))`.

import PacketWire

extension DatapathText {
  func describe(_ push: TunnelPush) -> String {
    var text = "tnl_push(tnl_port(" + port(push.tunnelPort) + "),header(size=\(push.header.count),"
    text +=
      "type=\(push.kind.rawValue)," + (DatapathText.headers(of: push) ?? DatapathText.digits(push.header))
    return text + "),out_port(" + port(push.outPort) + "))"
  }

  /// The headers one by one; `nil` if they are not those of the push's kind, which no datapath takes.
  private static func headers(of push: TunnelPush) -> String? {
    guard let layout = push.layout, let row = TunnelKind(push.kind)?.row else { return nil }
    let bytes = push.header.rawBytes
    guard let link = EthernetHeader(bytes) else { return nil }
    var text = "eth(dst=\(link.destination),src=\(link.source)"
    text += ",dl_type=0x" + hexadecimal(UInt64(link.type.rawValue), digits: 4) + "),"
    if let header = IPv4Header(link.payload) {
      text += "ipv4(src=\(header.source),dst=\(header.destination),proto=\(header.protocolNumber.rawValue)"
      text += ",tos=" + prefixed(UInt64(header.typeOfService)) + ",ttl=\(header.timeToLive)"
      text += ",frag=0x" + hexadecimal(UInt64(header.fragmentation.rawValue)) + "),"
    } else if let header = IPv6Header(link.payload) {
      text += "ipv6(src=\(header.source),dst=\(header.destination),label=\(header.flowLabel)"
      text += ",proto=\(header.nextHeader.rawValue),tclass=0x" + hexadecimal(UInt64(header.trafficClass))
      text += ",hlimit=\(header.hopLimit)),"
    }
    if layout.isUDP, let header = UDPHeader(bytes.from(layout.transport)) {
      text += "udp(src=\(header.sourcePort),dst=\(header.destinationPort)"
      text += ",csum=0x" + hexadecimal(UInt64(header.checksum)) + "),"
    }
    guard let tunnel = row.describe(bytes.from(layout.tunnel)) else { return nil }
    return text + row.name + "(" + tunnel + ")"
  }

  private static func digits(_ bytes: [UInt8]) -> String {
    bytes.reduce("0x") { $0 + hexadecimal(UInt64($1), digits: 2) }
  }
}
