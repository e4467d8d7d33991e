// What: matches as OVS's tools print them.
//
// How: the order is OVS's, not that of the table of fields: metadata first, then a word for the protocol, then
// registers, the tunnel, the headers from the outside in. A protocol word (`tcp`) stands for the EtherType and the
// IP protocol, which are then not printed themselves.

import Datapath

extension Match {
  /// The match as OVS's tools print it, with a priority first unless it is the default.
  @export(interface)
  public func text(priority: UInt16 = 0x8000, names: FlowNames = FlowNames()) -> String {
    var writer = TextWriter()
    write(priority: priority, names: names, to: &writer)
    return writer.bytes[...].string
  }

  func write(priority: UInt16, names: FlowNames, to writer: inout TextWriter) {
    MatchFormatter(match: self, names: names).write(priority: priority, to: &writer)
  }
}

struct MatchFormatter {
  // The words in arrays: each of the many looks at a field would copy the match otherwise.
  private let keys: [UInt64]
  private let masks: [UInt64]
  private let tunnelMetadata: [TunnelMetadataMatch]
  private let names: FlowNames

  init(match: Match, names: FlowNames) {
    keys = MatchFormatter.words(match.key)
    masks = MatchFormatter.words(match.mask)
    tunnelMetadata = match.tunnelMetadata
    self.names = names
  }

  /// The words of a key, and one behind them for fields that look at two.
  private static func words(_ key: borrowing FlowKey) -> [UInt64] {
    var result: [UInt64] = []
    result.reserveCapacity(FlowKey.wordCount + 1)
    let words = key.words.span
    for index in words.indices { result.append(words[index]) }
    result.append(0)
    return result
  }

  /// The protocol word, and whether it says the IP protocol too.
  private struct Shorthand {
    var word: String?
    var includesProtocol = false
  }

  func write(priority: UInt16, to writer: inout TextWriter) {
    let start = writer.bytes.count
    if priority != 0x8000 { decimal("priority", UInt64(priority), to: &writer) }
    metadata(to: &writer)
    let type = etherType()
    let shorthand = shorthand(type)
    if let word = shorthand.word {
      writer.append(word)
      writer.append(UInt8(ascii: ","))
    }
    registers(to: &writer)
    tunnel(to: &writer)
    hexadecimal(.metadata, to: &writer)
    if mask(.inPortOXM) != 0 {
      writer.append("in_port=")
      names.write(OpenFlowPortNumber(UInt32(truncatingIfNeeded: value(.inPortOXM))), to: &writer)
      comma(to: &writer)
    }
    vlan(to: &writer)
    plain(.ethSource, "dl_src", to: &writer)
    plain(.ethDestination, "dl_dst", to: &writer)
    if shorthand.word == nil && mask(.ethType) != 0 {
      writer.append("dl_type=")
      writer.hex(UInt16(truncatingIfNeeded: value(.ethType)), 4)
      comma(to: &writer)
    }
    network(type, hasProtocolWord: shorthand.includesProtocol, to: &writer)
    transport(type, to: &writer)
    if writer.bytes.count > start { writer.dropComma() }
  }

  private func mask(_ field: Field) -> FieldValue {
    let word = field.firstWord
    return field.value(inWord: masks[word], next: masks[word + 1])
  }

  private func value(_ field: Field) -> FieldValue {
    let word = field.firstWord
    return field.value(inWord: keys[word], next: keys[word + 1])
  }

  private func comma(to writer: inout TextWriter) { writer.append(UInt8(ascii: ",")) }

  private func decimal(_ name: String, _ value: UInt64, to writer: inout TextWriter) {
    writer.append(name)
    writer.append(UInt8(ascii: "="))
    writer.decimal(value)
    comma(to: &writer)
  }

  /// A field in its own format, under a name of its own.
  private func plain(_ field: Field, _ name: String, to writer: inout TextWriter) {
    guard mask(field) != 0 else { return }
    writer.append(name)
    writer.append(UInt8(ascii: "="))
    field.write(value(field), mask: mask(field), names: names, to: &writer)
    comma(to: &writer)
  }

  /// A field in decimal when exact, in hexadecimal with its mask otherwise.
  private func exactDecimal(_ field: Field, _ name: String, to writer: inout TextWriter) {
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
    comma(to: &writer)
  }

  /// A field in hexadecimal, where zero is `0`.
  private func hexadecimal(_ field: Field, _ name: String? = nil, to writer: inout TextWriter) {
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
    comma(to: &writer)
  }

  // MARK: Metadata

  private func metadata(to writer: inout TextWriter) {
    hexadecimal(.packetMark, to: &writer)
    if mask(.recirculationID) != 0 {
      writer.append("recirc_id=")
      writer.alternateHex(UInt64(truncatingIfNeeded: value(.recirculationID)))
      comma(to: &writer)
    }
    hexadecimal(.dpHash, to: &writer)
    exactDecimal(.conjunctionID, "conj_id", to: &writer)
    hexadecimal(.skbPriority, to: &writer)
    plain(.actionSetOutput, "actset_output", to: &writer)
    connection(to: &writer)
    if mask(.packetType) == 0xffff_ffff && value(.packetType) == 0 {
      // Every rule is for Ethernet packets; only flows of a datapath, which name a recirculation, say so.
      if mask(.recirculationID) != 0 { writer.append("eth,") }
    } else if mask(.packetType) != 0 {
      plain(.packetType, "packet_type", to: &writer)
    }
  }

  private func connection(to writer: inout TextWriter) {
    if mask(.ctState) != 0 {
      writer.append("ct_state=")
      if mask(.ctState) == 0xffff_ffff {
        FlagNames.connectionState.writeList(value(.ctState), to: &writer)
      } else {
        FlagNames.connectionState.writeSigned(value(.ctState), mask: mask(.ctState), to: &writer)
      }
      comma(to: &writer)
    }
    exactDecimal(.ctZone, "ct_zone", to: &writer)
    hexadecimal(.ctMark, to: &writer)
    hexadecimal(.ctLabel, to: &writer)
    plain(.ctSource, "ct_nw_src", to: &writer)
    plain(.ctIPv6Source, "ct_ipv6_src", to: &writer)
    plain(.ctDestination, "ct_nw_dst", to: &writer)
    plain(.ctIPv6Destination, "ct_ipv6_dst", to: &writer)
    guard mask(.ctProtocol) != 0 else { return }
    exactDecimal(.ctProtocol, "ct_nw_proto", to: &writer)
    exactDecimal(.ctTransportSource, "ct_tp_src", to: &writer)
    exactDecimal(.ctTransportDestination, "ct_tp_dst", to: &writer)
  }

  private func registers(to writer: inout TextWriter) {
    for index in 0..<16 { hexadecimal(.register(index), to: &writer) }
  }

  private func tunnel(to writer: inout TextWriter) {
    hexadecimal(.tunnelID, to: &writer)
    plain(.tunnelSource, "tun_src", to: &writer)
    plain(.tunnelDestination, "tun_dst", to: &writer)
    plain(.tunnelIPv6Source, "tun_ipv6_src", to: &writer)
    plain(.tunnelIPv6Destination, "tun_ipv6_dst", to: &writer)
    exactDecimal(.tunnelGBPID, "tun_gbp_id", to: &writer)
    // OVS does not print the mask of these flags.
    if mask(.tunnelGBPFlags) != 0 {
      writer.append("tun_gbp_flags=")
      writer.alternateHex(UInt64(truncatingIfNeeded: value(.tunnelGBPFlags)))
      comma(to: &writer)
    }
    exactDecimal(.tunnelTOS, "tun_tos", to: &writer)
    exactDecimal(.tunnelTTL, "tun_ttl", to: &writer)
    exactDecimal(.erspanVersion, "tun_erspan_ver", to: &writer)
    hexadecimal(.erspanIndex, to: &writer)
    exactDecimal(.erspanDirection, "tun_erspan_dir", to: &writer)
    hexadecimal(.erspanHardwareID, to: &writer)
    hexadecimal(.gtpuFlags, "gtpu_flags", to: &writer)
    exactDecimal(.gtpuMessageType, "gtpu_msgtype", to: &writer)
    if mask(.tunnelFlags) != 0 {
      writer.append("tun_flags=")
      FlagNames.tunnel.writeSigned(value(.tunnelFlags), mask: mask(.tunnelFlags), to: &writer)
      comma(to: &writer)
    }
    for option in tunnelMetadata {
      writer.append("tun_metadata")
      writer.decimal(option.index)
      option.writeMatch(to: &writer)
      comma(to: &writer)
    }
  }

  // MARK: Ethernet

  private func vlan(to writer: inout TextWriter) {
    let mask = UInt16(truncatingIfNeeded: mask(.vlanTCI))
    guard mask != 0 else { return }
    vlan(UInt16(truncatingIfNeeded: value(.vlanTCI)), mask: mask, suffix: "", to: &writer)
    let inner = UInt16(
      truncatingIfNeeded: KeyPlace.innerVLANTCI.value(inWord: masks[KeyPlace.innerVLANTCI.word]))
    guard inner != 0 else { return }
    let tci = KeyPlace.innerVLANTCI.value(inWord: keys[KeyPlace.innerVLANTCI.word])
    vlan(UInt16(truncatingIfNeeded: tci), mask: inner, suffix: "1", to: &writer)
  }

  private func vlan(_ tci: UInt16, mask: UInt16, suffix: String, to writer: inout TextWriter) {
    let idMask = mask & 0x0fff
    let priorityMask = mask & 0xe000
    let isPresent = mask & 0x1000 != 0 && tci & 0x1000 != 0
    let isWhole = (idMask == 0 || idMask == 0x0fff) && (priorityMask == 0 || priorityMask == 0xe000)
    if isPresent && isWhole && idMask | priorityMask != 0 {
      if idMask != 0 { decimal("dl_vlan" + suffix, UInt64(tci & 0x0fff), to: &writer) }
      if priorityMask != 0 { decimal("dl_vlan_pcp" + suffix, UInt64(tci >> 13), to: &writer) }
      return
    }
    writer.append("vlan_tci" + suffix + "=")
    writer.hex(tci, 4)
    if mask != 0xffff {
      writer.append(UInt8(ascii: "/"))
      writer.hex(mask, 4)
    }
    comma(to: &writer)
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

  private func network(_ type: UInt16, hasProtocolWord: Bool, to writer: inout TextWriter) {
    let isARP = type == 0x0806 || type == 0x8035
    switch type {
    case 0x86dd:
      plain(.ipv6Source, "ipv6_src", to: &writer)
      plain(.ipv6Destination, "ipv6_dst", to: &writer)
      ipv6Label(to: &writer)
    case 0x0806, 0x8035:
      plain(.arpSenderIP, "arp_spa", to: &writer)
      plain(.arpTargetIP, "arp_tpa", to: &writer)
    case 0x894f: nsh(to: &writer)
    default:
      plain(.ipSource, "nw_src", to: &writer)
      plain(.ipDestination, "nw_dst", to: &writer)
    }
    if !hasProtocolWord { exactDecimal(.ipProtocol, isARP ? "arp_op" : "nw_proto", to: &writer) }
    if isARP {
      plain(.arpSenderMAC, "arp_sha", to: &writer)
      plain(.arpTargetMAC, "arp_tha", to: &writer)
    }
    if mask(.ipTOS) != 0 { decimal("nw_tos", UInt64(truncatingIfNeeded: value(.ipTOS)), to: &writer) }
    if mask(.ipECN) != 0 { decimal("nw_ecn", UInt64(truncatingIfNeeded: value(.ipECN)), to: &writer) }
    exactDecimal(.ipTTL, "nw_ttl", to: &writer)
    exactDecimal(.mplsLabel, "mpls_label", to: &writer)
    exactDecimal(.mplsTC, "mpls_tc", to: &writer)
    exactDecimal(.mplsTTL, "mpls_ttl", to: &writer)
    exactDecimal(.mplsBottom, "mpls_bos", to: &writer)
    if mask(.ipFragment) != 0 {
      writer.append("nw_frag=")
      Field.writeFragment(value(.ipFragment), mask: mask(.ipFragment), to: &writer)
      comma(to: &writer)
    }
  }

  private func ipv6Label(to writer: inout TextWriter) {
    let mask = UInt32(truncatingIfNeeded: mask(.ipv6Label))
    guard mask != 0 else { return }
    writer.append("ipv6_label=")
    writer.hex(UInt32(truncatingIfNeeded: value(.ipv6Label)), 5)
    if mask != 0xfffff {
      writer.append(UInt8(ascii: "/"))
      writer.hex(mask, 5)
    }
    comma(to: &writer)
  }

  private func nsh(to writer: inout TextWriter) {
    exactDecimal(.nshFlags, "nsh_flags", to: &writer)
    exactDecimal(.nshTTL, "nsh_ttl", to: &writer)
    exactDecimal(.nshMetadataType, "nsh_mdtype", to: &writer)
    exactDecimal(.nshNextProtocol, "nsh_np", to: &writer)
    hexadecimal(.nshPathID, "nsh_spi", to: &writer)
    exactDecimal(.nshServiceIndex, "nsh_si", to: &writer)
    hexadecimal(.nshContext1, "nsh_c1", to: &writer)
    hexadecimal(.nshContext2, "nsh_c2", to: &writer)
    hexadecimal(.nshContext3, "nsh_c3", to: &writer)
    hexadecimal(.nshContext4, "nsh_c4", to: &writer)
  }

  // MARK: Transport

  private func transport(_ type: UInt16, to writer: inout TextWriter) {
    let proto = value(.ipProtocol)
    switch (type, proto) {
    case (0x0800, 1):
      exactDecimal(.icmpType, "icmp_type", to: &writer)
      exactDecimal(.icmpCode, "icmp_code", to: &writer)
    case (0x86dd, 58):
      exactDecimal(.icmpv6Type, "icmp_type", to: &writer)
      exactDecimal(.icmpv6Code, "icmp_code", to: &writer)
      plain(.ndTarget, "nd_target", to: &writer)
      plain(.ndSourceLink, "nd_sll", to: &writer)
      plain(.ndTargetLink, "nd_tll", to: &writer)
      exactDecimal(.ndReserved, "nd_reserved", to: &writer)
      exactDecimal(.ndOptionsType, "nd_options_type", to: &writer)
    default:
      exactDecimal(.tcpSource, "tp_src", to: &writer)
      exactDecimal(.tcpDestination, "tp_dst", to: &writer)
    }
    let isIP = type == 0x0800 || type == 0x86dd
    if isIP && proto == 6 && mask(.tcpFlags) != 0 { plain(.tcpFlags, "tcp_flags", to: &writer) }
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
