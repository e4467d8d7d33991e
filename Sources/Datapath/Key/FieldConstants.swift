// The fields by name, for code that needs a particular one.

extension Field {
  /// `dp_hash`.
  public static var dpHash: Field { Field(unchecked: 0) }
  /// `recirc_id`.
  public static var recirculationID: Field { Field(unchecked: 1) }
  /// `packet_type`.
  public static var packetType: Field { Field(unchecked: 2) }
  /// `conj_id`.
  public static var conjunctionID: Field { Field(unchecked: 3) }
  /// `tun_id`.
  public static var tunnelID: Field { Field(unchecked: 4) }
  /// `tun_src`.
  public static var tunnelSource: Field { Field(unchecked: 5) }
  /// `tun_dst`.
  public static var tunnelDestination: Field { Field(unchecked: 6) }
  /// `tun_ipv6_src`.
  public static var tunnelIPv6Source: Field { Field(unchecked: 7) }
  /// `tun_ipv6_dst`.
  public static var tunnelIPv6Destination: Field { Field(unchecked: 8) }
  /// `tun_flags`.
  public static var tunnelFlags: Field { Field(unchecked: 9) }
  /// `tun_ttl`.
  public static var tunnelTTL: Field { Field(unchecked: 10) }
  /// `tun_tos`.
  public static var tunnelTOS: Field { Field(unchecked: 11) }
  /// `tun_gbp_id`.
  public static var tunnelGBPID: Field { Field(unchecked: 12) }
  /// `tun_gbp_flags`.
  public static var tunnelGBPFlags: Field { Field(unchecked: 13) }
  /// `tun_erspan_idx`.
  public static var erspanIndex: Field { Field(unchecked: 14) }
  /// `tun_erspan_ver`.
  public static var erspanVersion: Field { Field(unchecked: 15) }
  /// `tun_erspan_dir`.
  public static var erspanDirection: Field { Field(unchecked: 16) }
  /// `tun_erspan_hwid`.
  public static var erspanHardwareID: Field { Field(unchecked: 17) }
  /// `tun_gtpu_flags`.
  public static var gtpuFlags: Field { Field(unchecked: 18) }
  /// `tun_gtpu_msgtype`.
  public static var gtpuMessageType: Field { Field(unchecked: 19) }
  /// `metadata`.
  public static var metadata: Field { Field(unchecked: 20) }
  /// `in_port`.
  public static var inPort: Field { Field(unchecked: 21) }
  /// `in_port_oxm`.
  public static var inPortOXM: Field { Field(unchecked: 22) }
  /// `actset_output`.
  public static var actionSetOutput: Field { Field(unchecked: 23) }
  /// `skb_priority`.
  public static var skbPriority: Field { Field(unchecked: 24) }
  /// `pkt_mark`.
  public static var packetMark: Field { Field(unchecked: 25) }
  /// `ct_state`.
  public static var ctState: Field { Field(unchecked: 26) }
  /// `ct_zone`.
  public static var ctZone: Field { Field(unchecked: 27) }
  /// `ct_mark`.
  public static var ctMark: Field { Field(unchecked: 28) }
  /// `ct_label`.
  public static var ctLabel: Field { Field(unchecked: 29) }
  /// `ct_nw_proto`.
  public static var ctProtocol: Field { Field(unchecked: 30) }
  /// `ct_nw_src`.
  public static var ctSource: Field { Field(unchecked: 31) }
  /// `ct_nw_dst`.
  public static var ctDestination: Field { Field(unchecked: 32) }
  /// `ct_ipv6_src`.
  public static var ctIPv6Source: Field { Field(unchecked: 33) }
  /// `ct_ipv6_dst`.
  public static var ctIPv6Destination: Field { Field(unchecked: 34) }
  /// `ct_tp_src`.
  public static var ctTransportSource: Field { Field(unchecked: 35) }
  /// `ct_tp_dst`.
  public static var ctTransportDestination: Field { Field(unchecked: 36) }
  /// `eth_src`.
  public static var ethSource: Field { Field(unchecked: 65) }
  /// `eth_dst`.
  public static var ethDestination: Field { Field(unchecked: 66) }
  /// `eth_type`.
  public static var ethType: Field { Field(unchecked: 67) }
  /// `vlan_tci`.
  public static var vlanTCI: Field { Field(unchecked: 68) }
  /// `dl_vlan`.
  public static var dlVLAN: Field { Field(unchecked: 69) }
  /// `vlan_vid`.
  public static var vlanVID: Field { Field(unchecked: 70) }
  /// `dl_vlan_pcp`.
  public static var dlVLANPCP: Field { Field(unchecked: 71) }
  /// `vlan_pcp`.
  public static var vlanPCP: Field { Field(unchecked: 72) }
  /// `mpls_label`.
  public static var mplsLabel: Field { Field(unchecked: 73) }
  /// `mpls_tc`.
  public static var mplsTC: Field { Field(unchecked: 74) }
  /// `mpls_bos`.
  public static var mplsBottom: Field { Field(unchecked: 75) }
  /// `mpls_ttl`.
  public static var mplsTTL: Field { Field(unchecked: 76) }
  /// `ip_src`.
  public static var ipSource: Field { Field(unchecked: 77) }
  /// `ip_dst`.
  public static var ipDestination: Field { Field(unchecked: 78) }
  /// `ipv6_src`.
  public static var ipv6Source: Field { Field(unchecked: 79) }
  /// `ipv6_dst`.
  public static var ipv6Destination: Field { Field(unchecked: 80) }
  /// `ipv6_label`.
  public static var ipv6Label: Field { Field(unchecked: 81) }
  /// `nw_proto`.
  public static var ipProtocol: Field { Field(unchecked: 82) }
  /// `nw_tos`.
  public static var ipTOS: Field { Field(unchecked: 83) }
  /// `ip_dscp`.
  public static var ipDSCP: Field { Field(unchecked: 84) }
  /// `nw_ecn`.
  public static var ipECN: Field { Field(unchecked: 85) }
  /// `nw_ttl`.
  public static var ipTTL: Field { Field(unchecked: 86) }
  /// `ip_frag`.
  public static var ipFragment: Field { Field(unchecked: 87) }
  /// `arp_op`.
  public static var arpOperation: Field { Field(unchecked: 88) }
  /// `arp_spa`.
  public static var arpSenderIP: Field { Field(unchecked: 89) }
  /// `arp_tpa`.
  public static var arpTargetIP: Field { Field(unchecked: 90) }
  /// `arp_sha`.
  public static var arpSenderMAC: Field { Field(unchecked: 91) }
  /// `arp_tha`.
  public static var arpTargetMAC: Field { Field(unchecked: 92) }
  /// `tcp_src`.
  public static var tcpSource: Field { Field(unchecked: 93) }
  /// `tcp_dst`.
  public static var tcpDestination: Field { Field(unchecked: 94) }
  /// `tcp_flags`.
  public static var tcpFlags: Field { Field(unchecked: 95) }
  /// `udp_src`.
  public static var udpSource: Field { Field(unchecked: 96) }
  /// `udp_dst`.
  public static var udpDestination: Field { Field(unchecked: 97) }
  /// `sctp_src`.
  public static var sctpSource: Field { Field(unchecked: 98) }
  /// `sctp_dst`.
  public static var sctpDestination: Field { Field(unchecked: 99) }
  /// `icmp_type`.
  public static var icmpType: Field { Field(unchecked: 100) }
  /// `icmp_code`.
  public static var icmpCode: Field { Field(unchecked: 101) }
  /// `icmpv6_type`.
  public static var icmpv6Type: Field { Field(unchecked: 102) }
  /// `icmpv6_code`.
  public static var icmpv6Code: Field { Field(unchecked: 103) }
  /// `nd_target`.
  public static var ndTarget: Field { Field(unchecked: 104) }
  /// `nd_sll`.
  public static var ndSourceLink: Field { Field(unchecked: 105) }
  /// `nd_tll`.
  public static var ndTargetLink: Field { Field(unchecked: 106) }
  /// `nd_reserved`.
  public static var ndReserved: Field { Field(unchecked: 107) }
  /// `nd_options_type`.
  public static var ndOptionsType: Field { Field(unchecked: 108) }
  /// `nsh_flags`.
  public static var nshFlags: Field { Field(unchecked: 109) }
  /// `nsh_mdtype`.
  public static var nshMetadataType: Field { Field(unchecked: 110) }
  /// `nsh_np`.
  public static var nshNextProtocol: Field { Field(unchecked: 111) }
  /// `nsh_spi`.
  public static var nshPathID: Field { Field(unchecked: 112) }
  /// `nsh_si`.
  public static var nshServiceIndex: Field { Field(unchecked: 113) }
  /// `nsh_c1`.
  public static var nshContext1: Field { Field(unchecked: 114) }
  /// `nsh_c2`.
  public static var nshContext2: Field { Field(unchecked: 115) }
  /// `nsh_c3`.
  public static var nshContext3: Field { Field(unchecked: 116) }
  /// `nsh_c4`.
  public static var nshContext4: Field { Field(unchecked: 117) }
  /// `nsh_ttl`.
  public static var nshTTL: Field { Field(unchecked: 118) }

  /// `reg0` to `reg15`.
  ///
  /// - Precondition: `index < 16`.
  public static func register(_ index: Int) -> Field {
    precondition(index >= 0 && index < 16)
    return Field(unchecked: UInt8(37 + index))
  }
  /// `xreg0` to `xreg7`, pairs of registers.
  ///
  /// - Precondition: `index < 8`.
  public static func doubleRegister(_ index: Int) -> Field {
    precondition(index >= 0 && index < 8)
    return Field(unchecked: UInt8(53 + index))
  }
  /// `xxreg0` to `xxreg3`, groups of four registers.
  ///
  /// - Precondition: `index < 4`.
  public static func quadRegister(_ index: Int) -> Field {
    precondition(index >= 0 && index < 4)
    return Field(unchecked: UInt8(61 + index))
  }
  /// `tun_metadata0` to `tun_metadata63`.
  ///
  /// - Precondition: `index < 64`.
  public static func tunnelMetadata(_ index: Int) -> Field {
    precondition(index >= 0 && index < 64)
    return Field(unchecked: UInt8(119 + index))
  }
}
