// What: matches as OVS's tools print them.
//
// How: the order is OVS's, not that of the table of fields: metadata first, then a word for the protocol, then
// registers, the tunnel, the headers from the outside in. A protocol word (`tcp`) stands for the EtherType and the
// IP protocol, which are then not printed themselves.

import Datapath

extension Match {
  /// The match as OVS's tools print it, with a priority first unless it is the default.
  public func text(priority: UInt16 = 0x8000, names: FlowNames = FlowNames()) -> String {
    var writer = TextWriter()
    write(priority: priority, names: names, to: &writer)
    return writer.bytes[...].string
  }

  func write(priority: UInt16, names: FlowNames, to writer: inout TextWriter) {
    var formatter = MatchFormatter(match: self, names: names, writer: writer)
    formatter.write(priority: priority)
    writer = formatter.writer
  }
}

struct MatchFormatter {
  let match: Match
  let names: FlowNames
  var writer: TextWriter

  init(match: Match, names: FlowNames, writer: consuming TextWriter) {
    self.match = match
    self.names = names
    self.writer = writer
  }

  /// The protocol word, and whether it says the IP protocol too.
  private struct Shorthand {
    var word: String?
    var includesProtocol = false
  }

  mutating func write(priority: UInt16) {
    let start = writer.bytes.count
    if priority != 0x8000 { decimal("priority", UInt64(priority)) }
    metadata()
    let type = etherType()
    let shorthand = shorthand(type)
    if let word = shorthand.word {
      writer.append(word)
      writer.append(UInt8(ascii: ","))
    }
    registers()
    tunnel()
    hexadecimal(.metadata)
    if mask(.inPortOXM) != 0 {
      writer.append("in_port=")
      names.write(OpenFlowPortNumber(UInt32(truncatingIfNeeded: value(.inPortOXM))), to: &writer)
      comma()
    }
    vlan()
    plain(.ethSource, "dl_src")
    plain(.ethDestination, "dl_dst")
    if shorthand.word == nil && mask(.ethType) != 0 {
      writer.append("dl_type=")
      writer.hex(UInt16(truncatingIfNeeded: value(.ethType)), 4)
      comma()
    }
    network(type, hasProtocolWord: shorthand.includesProtocol)
    transport(type)
    if writer.bytes.count > start { writer.dropComma() }
  }

  private func mask(_ field: Field) -> FieldValue { match.mask(of: field) }

  private func value(_ field: Field) -> FieldValue { match.value(of: field) }

  private mutating func comma() { writer.append(UInt8(ascii: ",")) }

  private mutating func decimal(_ name: String, _ value: UInt64) {
    writer.append(name)
    writer.append(UInt8(ascii: "="))
    writer.decimal(value)
    comma()
  }

  /// A field in its own format, under a name of its own.
  private mutating func plain(_ field: Field, _ name: String) {
    guard mask(field) != 0 else { return }
    writer.append(name)
    writer.append(UInt8(ascii: "="))
    field.write(value(field), mask: mask(field), names: names, to: &writer)
    comma()
  }

  /// A field in decimal when exact, in hexadecimal with its mask otherwise.
  private mutating func exactDecimal(_ field: Field, _ name: String) {
    let mask = mask(field)
    guard mask != 0 else { return }
    writer.append(name)
    writer.append(UInt8(ascii: "="))
    if mask == field.validBits {
      writer.decimal(wide: value(field))
    } else {
      writer.hex(wide: value(field))
      writer.append(UInt8(ascii: "/"))
      writer.hex(wide: mask)
    }
    comma()
  }

  /// A field in hexadecimal, where zero is `0`.
  private mutating func hexadecimal(_ field: Field, _ name: String? = nil) {
    let mask = mask(field)
    guard mask != 0 else { return }
    writer.append(name ?? field.name)
    writer.append(UInt8(ascii: "="))
    if field.bitCount > 64 {
      writer.hex(wide: value(field))
    } else {
      writer.alternateHex(UInt64(truncatingIfNeeded: value(field)))
    }
    if mask != field.validBits {
      writer.append(UInt8(ascii: "/"))
      writer.hex(wide: mask)
    }
    comma()
  }

  // MARK: Metadata

  private mutating func metadata() {
    hexadecimal(.packetMark)
    if mask(.recirculationID) != 0 {
      writer.append("recirc_id=")
      writer.alternateHex(UInt64(truncatingIfNeeded: value(.recirculationID)))
      comma()
    }
    hexadecimal(.dpHash)
    exactDecimal(.conjunctionID, "conj_id")
    hexadecimal(.skbPriority)
    plain(.actionSetOutput, "actset_output")
    connection()
    if mask(.packetType) != 0 && !(mask(.packetType) == 0xffff_ffff && value(.packetType) == 0) {
      plain(.packetType, "packet_type")
    }
  }

  private mutating func connection() {
    if mask(.ctState) != 0 {
      writer.append("ct_state=")
      if mask(.ctState) == 0xffff_ffff {
        FlagNames.connectionState.writeList(value(.ctState), to: &writer)
      } else {
        FlagNames.connectionState.writeSigned(value(.ctState), mask: mask(.ctState), to: &writer)
      }
      comma()
    }
    exactDecimal(.ctZone, "ct_zone")
    hexadecimal(.ctMark)
    hexadecimal(.ctLabel)
    plain(.ctSource, "ct_nw_src")
    plain(.ctIPv6Source, "ct_ipv6_src")
    plain(.ctDestination, "ct_nw_dst")
    plain(.ctIPv6Destination, "ct_ipv6_dst")
    guard mask(.ctProtocol) != 0 else { return }
    exactDecimal(.ctProtocol, "ct_nw_proto")
    exactDecimal(.ctTransportSource, "ct_tp_src")
    exactDecimal(.ctTransportDestination, "ct_tp_dst")
  }

  private mutating func registers() {
    for index in 0..<16 { hexadecimal(.register(index)) }
  }

  private mutating func tunnel() {
    hexadecimal(.tunnelID)
    plain(.tunnelSource, "tun_src")
    plain(.tunnelDestination, "tun_dst")
    plain(.tunnelIPv6Source, "tun_ipv6_src")
    plain(.tunnelIPv6Destination, "tun_ipv6_dst")
    exactDecimal(.tunnelGBPID, "tun_gbp_id")
    hexadecimal(.tunnelGBPFlags)
    exactDecimal(.tunnelTOS, "tun_tos")
    exactDecimal(.tunnelTTL, "tun_ttl")
    exactDecimal(.erspanVersion, "tun_erspan_ver")
    hexadecimal(.erspanIndex)
    exactDecimal(.erspanDirection, "tun_erspan_dir")
    hexadecimal(.erspanHardwareID)
    hexadecimal(.gtpuFlags, "gtpu_flags")
    exactDecimal(.gtpuMessageType, "gtpu_msgtype")
    if mask(.tunnelFlags) != 0 {
      writer.append("tun_flags=")
      FlagNames.tunnel.writeSigned(value(.tunnelFlags), mask: mask(.tunnelFlags), to: &writer)
      comma()
    }
    for option in match.tunnelMetadata {
      writer.append("tun_metadata")
      writer.decimal(option.index)
      option.writeMatch(to: &writer)
      comma()
    }
  }

  // MARK: Ethernet

  private mutating func vlan() {
    let mask = UInt16(truncatingIfNeeded: mask(.vlanTCI))
    let tci = UInt16(truncatingIfNeeded: value(.vlanTCI))
    guard mask != 0 else { return }
    let idMask = mask & 0x0fff
    let priorityMask = mask & 0xe000
    let isPresent = mask & 0x1000 != 0 && tci & 0x1000 != 0
    let isWhole = (idMask == 0 || idMask == 0x0fff) && (priorityMask == 0 || priorityMask == 0xe000)
    if isPresent && isWhole && idMask | priorityMask != 0 {
      if idMask != 0 { decimal("dl_vlan", UInt64(tci & 0x0fff)) }
      if priorityMask != 0 { decimal("dl_vlan_pcp", UInt64(tci >> 13)) }
      return
    }
    writer.append("vlan_tci=")
    writer.hex(tci, 4)
    if mask != 0xffff {
      writer.append(UInt8(ascii: "/"))
      writer.hex(mask, 4)
    }
    comma()
  }

  /// The EtherType that the rest is to be read by.
  private func etherType() -> UInt16 {
    let packetType = UInt32(truncatingIfNeeded: value(.packetType))
    if mask(.ethType) == 0 && mask(.packetType) == 0xffff_ffff && packetType >> 16 == 1 {
      return UInt16(truncatingIfNeeded: packetType)
    }
    return UInt16(truncatingIfNeeded: value(.ethType))
  }

  private func shorthand(_ type: UInt16) -> Shorthand {
    guard mask(.ethType) != 0 else { return Shorthand() }
    let proto = mask(.ipProtocol) != 0 ? value(.ipProtocol) : 0
    switch (type, proto) {
    case (0x0800, 1): return Shorthand(word: "icmp", includesProtocol: true)
    case (0x0800, 6): return Shorthand(word: "tcp", includesProtocol: true)
    case (0x0800, 17): return Shorthand(word: "udp", includesProtocol: true)
    case (0x0800, 132): return Shorthand(word: "sctp", includesProtocol: true)
    case (0x0800, _): return Shorthand(word: "ip")
    case (0x86dd, 58): return Shorthand(word: "icmp6", includesProtocol: true)
    case (0x86dd, 6): return Shorthand(word: "tcp6", includesProtocol: true)
    case (0x86dd, 17): return Shorthand(word: "udp6", includesProtocol: true)
    case (0x86dd, 132): return Shorthand(word: "sctp6", includesProtocol: true)
    case (0x86dd, _): return Shorthand(word: "ipv6")
    case (0x0806, _): return Shorthand(word: "arp")
    case (0x8035, _): return Shorthand(word: "rarp")
    case (0x8847, _): return Shorthand(word: "mpls")
    case (0x8848, _): return Shorthand(word: "mplsm")
    default: return Shorthand()
    }
  }

  // MARK: Network

  private mutating func network(_ type: UInt16, hasProtocolWord: Bool) {
    let isARP = type == 0x0806 || type == 0x8035
    switch type {
    case 0x86dd:
      plain(.ipv6Source, "ipv6_src")
      plain(.ipv6Destination, "ipv6_dst")
      ipv6Label()
    case 0x0806, 0x8035:
      plain(.arpSenderIP, "arp_spa")
      plain(.arpTargetIP, "arp_tpa")
    case 0x894f: nsh()
    default:
      plain(.ipSource, "nw_src")
      plain(.ipDestination, "nw_dst")
    }
    if !hasProtocolWord { exactDecimal(.ipProtocol, isARP ? "arp_op" : "nw_proto") }
    if isARP {
      plain(.arpSenderMAC, "arp_sha")
      plain(.arpTargetMAC, "arp_tha")
    }
    if mask(.ipTOS) != 0 { decimal("nw_tos", UInt64(truncatingIfNeeded: value(.ipTOS))) }
    if mask(.ipECN) != 0 { decimal("nw_ecn", UInt64(truncatingIfNeeded: value(.ipECN))) }
    exactDecimal(.ipTTL, "nw_ttl")
    exactDecimal(.mplsLabel, "mpls_label")
    exactDecimal(.mplsTC, "mpls_tc")
    exactDecimal(.mplsTTL, "mpls_ttl")
    exactDecimal(.mplsBottom, "mpls_bos")
    if mask(.ipFragment) != 0 {
      writer.append("nw_frag=")
      Field.writeFragment(value(.ipFragment), mask: mask(.ipFragment), to: &writer)
      comma()
    }
  }

  private mutating func ipv6Label() {
    let mask = UInt32(truncatingIfNeeded: mask(.ipv6Label))
    guard mask != 0 else { return }
    writer.append("ipv6_label=")
    writer.hex(UInt32(truncatingIfNeeded: value(.ipv6Label)), 5)
    if mask != 0xfffff {
      writer.append(UInt8(ascii: "/"))
      writer.hex(mask, 5)
    }
    comma()
  }

  private mutating func nsh() {
    exactDecimal(.nshFlags, "nsh_flags")
    exactDecimal(.nshTTL, "nsh_ttl")
    exactDecimal(.nshMetadataType, "nsh_mdtype")
    exactDecimal(.nshNextProtocol, "nsh_np")
    hexadecimal(.nshPathID, "nsh_spi")
    exactDecimal(.nshServiceIndex, "nsh_si")
    hexadecimal(.nshContext1, "nsh_c1")
    hexadecimal(.nshContext2, "nsh_c2")
    hexadecimal(.nshContext3, "nsh_c3")
    hexadecimal(.nshContext4, "nsh_c4")
  }

  // MARK: Transport

  private mutating func transport(_ type: UInt16) {
    let proto = value(.ipProtocol)
    switch (type, proto) {
    case (0x0800, 1):
      exactDecimal(.icmpType, "icmp_type")
      exactDecimal(.icmpCode, "icmp_code")
    case (0x86dd, 58):
      exactDecimal(.icmpv6Type, "icmp_type")
      exactDecimal(.icmpv6Code, "icmp_code")
      plain(.ndTarget, "nd_target")
      plain(.ndSourceLink, "nd_sll")
      plain(.ndTargetLink, "nd_tll")
      exactDecimal(.ndReserved, "nd_reserved")
      exactDecimal(.ndOptionsType, "nd_options_type")
    default:
      exactDecimal(.tcpSource, "tp_src")
      exactDecimal(.tcpDestination, "tp_dst")
    }
    let isIP = type == 0x0800 || type == 0x86dd
    if isIP && proto == 6 && mask(.tcpFlags) != 0 { plain(.tcpFlags, "tcp_flags") }
  }
}

extension TunnelMetadataMatch {
  /// Writes `=value` or `=value/mask`.
  func writeMatch(to writer: inout TextWriter) {
    writer.append(UInt8(ascii: "="))
    TunnelMetadataMatch.write(value, to: &writer)
    if mask.contains(where: { $0 != 0xff }) {
      writer.append(UInt8(ascii: "/"))
      TunnelMetadataMatch.write(mask, to: &writer)
    }
  }

  /// Writes bytes as one hexadecimal number.
  static func write(_ bytes: [UInt8], to writer: inout TextWriter) {
    writer.append("0x")
    guard let first = bytes.firstIndex(where: { $0 != 0 }) else { return writer.append(UInt8(ascii: "0")) }
    writer.hexDigits(bytes[first])
    for byte in bytes[(first + 1)...] { writer.hexDigits(byte, 2) }
  }
}
