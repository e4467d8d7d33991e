// The rows of the table of fields, in the order of the cases of `Field`. Names, widths, masks and prerequisites follow
// ovs-fields(7); the header numbers are those of OXM (OpenFlow 1.5.1, section 7.2.3.7) and of NXM (ovs-fields(7),
// "Field Name"). Places are those of KeyLayout.swift.

enum FieldTable {
  /// Every field, indexed by its number.
  static let rows: [FieldRow] = packetRows + registerRows + headerRows + tunnelMetadataRows

  /// Geneve options by index: named, but without a place until a switch maps options to them.
  private static var tunnelMetadataRows: [FieldRow] {
    (0..<64).map { index in
      FieldRow(
        .tunnelMetadata(index), "tun_metadata\(index)", nil, 124, .tunnelMetadata, .hexadecimal, .maskable,
        .none, .readWrite,
        .extensible, .nxm1(UInt8(40 + index), "NXM_NX_TUN_METADATA\(index)"))
    }
  }

  private static var registerRows: [FieldRow] {
    var rows: [FieldRow] = []
    for index in 0..<16 {
      rows.append(
        FieldRow(
          .register(index), "reg\(index)", nil, 4, .at(.registers.half(index)), .hexadecimal, .maskable,
          .none, .readWrite, .extensible, .nxm1(UInt8(index), "NXM_NX_REG\(index)")))
    }
    for index in 0..<8 {
      rows.append(
        FieldRow(
          .doubleRegister(index), "xreg\(index)", nil, 8, .at(.registers.wholeWord(index)), .hexadecimal,
          .maskable, .none, .readWrite,
          .extensible, nil, .packetRegister(UInt8(index), "OXM_OF_PKT_REG\(index)", .openFlow13)))
    }
    for index in 0..<4 {
      rows.append(
        FieldRow(
          .quadRegister(index), "xxreg\(index)", nil, 16, .at(.registers.wholePair(index)), .hexadecimal,
          .maskable, .none, .readWrite,
          .extensible, .nxm1(UInt8(111 + index), "NXM_NX_XXREG\(index)")))
    }
    return rows
  }

  private static let packetRows: [FieldRow] = [
    FieldRow(
      .dpHash, "dp_hash", nil, 4, .at(.datapathHash), .hexadecimal, .maskable, .none, .readOnly, .extensible,
      .nxm1(35, "NXM_NX_DP_HASH")),
    FieldRow(
      .recirculationID, "recirc_id", nil, 4, .at(.recirculationID), .decimal, .exact, .none, .readOnly,
      .extensible,
      .nxm1(36, "NXM_NX_RECIRC_ID")),
    FieldRow(
      .packetType, "packet_type", nil, 4, .at(.packetType), .packetType, .exact, .none, .readOnly,
      .extensible,
      nil, .basic(44, "OXM_OF_PACKET_TYPE", .openFlow15)),
    FieldRow(
      .conjunctionID, "conj_id", nil, 4, .at(.conjunctionID), .decimal, .exact, .none, .readOnly, .extensible,
      .nxm1(37, "NXM_NX_CONJ_ID")),
    FieldRow(
      .tunnelID, "tun_id", "tunnel_id", 8, .at(.tunnelID), .hexadecimal, .maskable, .none, .readWrite,
      .extensible,
      .nxm1(16, "NXM_NX_TUN_ID"), .basic(38, "OXM_OF_TUNNEL_ID", .openFlow13)),
    FieldRow(
      .tunnelSource, "tun_src", nil, 4, .at(.tunnelSource), .ipv4, .maskable, .none, .readWrite, .extensible,
      .nxm1(31, "NXM_NX_TUN_IPV4_SRC")),
    FieldRow(
      .tunnelDestination, "tun_dst", nil, 4, .at(.tunnelDestination), .ipv4, .maskable, .none, .readWrite,
      .extensible,
      .nxm1(32, "NXM_NX_TUN_IPV4_DST")),
    FieldRow(
      .tunnelIPv6Source, "tun_ipv6_src", nil, 16, .at(.tunnelIPv6Source), .ipv6, .maskable, .none, .readWrite,
      .extensible,
      .nxm1(109, "NXM_NX_TUN_IPV6_SRC")),
    FieldRow(
      .tunnelIPv6Destination, "tun_ipv6_dst", nil, 16, .at(.tunnelIPv6Destination), .ipv6, .maskable, .none,
      .readWrite, .extensible,
      .nxm1(110, "NXM_NX_TUN_IPV6_DST")),
    FieldRow(
      .tunnelFlags, "tun_flags", nil, 2, .at(.tunnelFlags.low(1)), .tunnelFlags, .maskable, .none, .readWrite,
      .extensible,
      .nxm1(104, "NXM_NX_TUN_FLAGS")),
    FieldRow(
      .tunnelTTL, "tun_ttl", nil, 1, .at(.tunnelTTL), .decimal, .exact, .none, .readOnly, .unsupported),
    FieldRow(
      .tunnelTOS, "tun_tos", nil, 1, .at(.tunnelTOS), .decimal, .exact, .none, .readOnly, .unsupported),
    FieldRow(
      .tunnelGBPID, "tun_gbp_id", nil, 2, .at(.tunnelGBPID), .decimal, .maskable, .none, .readWrite,
      .extensible,
      .nxm1(38, "NXM_NX_TUN_GBP_ID")),
    FieldRow(
      .tunnelGBPFlags, "tun_gbp_flags", nil, 1, .at(.tunnelGBPFlags), .hexadecimal, .maskable, .none,
      .readWrite, .extensible,
      .nxm1(39, "NXM_NX_TUN_GBP_FLAGS")),
    FieldRow(
      .erspanIndex, "tun_erspan_idx", nil, 4, .at(.erspanIndex.low(20)), .hexadecimal, .maskable, .none,
      .readWrite, .extensible,
      .niciraExperimenter(11, "NXOXM_ET_ERSPAN_IDX")),
    FieldRow(
      .erspanVersion, "tun_erspan_ver", nil, 1, .at(.erspanVersion.low(4)), .decimal, .maskable, .none,
      .readWrite, .extensible,
      .niciraExperimenter(12, "NXOXM_ET_ERSPAN_VER")),
    FieldRow(
      .erspanDirection, "tun_erspan_dir", nil, 1, .at(.erspanDirection.low(1)), .decimal, .maskable, .none,
      .readWrite, .extensible,
      .niciraExperimenter(13, "NXOXM_ET_ERSPAN_DIR")),
    FieldRow(
      .erspanHardwareID, "tun_erspan_hwid", nil, 1, .at(.erspanHardwareID.low(6)), .hexadecimal, .maskable,
      .none, .readWrite, .extensible,
      .niciraExperimenter(14, "NXOXM_ET_ERSPAN_HWID")),
    FieldRow(
      .gtpuFlags, "tun_gtpu_flags", nil, 1, .at(.gtpuFlags), .hexadecimal, .maskable, .none, .readOnly,
      .extensible,
      .niciraExperimenter(15, "NXOXM_ET_GTPU_FLAGS")),
    FieldRow(
      .gtpuMessageType, "tun_gtpu_msgtype", nil, 1, .at(.gtpuMessageType), .decimal, .maskable, .none,
      .readOnly, .extensible,
      .niciraExperimenter(16, "NXOXM_ET_GTPU_MSGTYPE")),
    FieldRow(
      .metadata, "metadata", nil, 8, .at(.metadata), .hexadecimal, .maskable, .none, .readWrite,
      .openFlow11Masked,
      nil, .basic(2, "OXM_OF_METADATA", .openFlow12)),
    FieldRow(
      .inPort, "in_port", nil, 2, .legacyPort, .openFlow10Port, .exact, .none, .readWrite, .openFlow10,
      .nxm0(0, "NXM_OF_IN_PORT")),
    FieldRow(
      .inPortOXM, "in_port_oxm", nil, 4, .at(.inPort), .port, .exact, .none, .readWrite, .openFlow11,
      nil, .basic(0, "OXM_OF_IN_PORT", .openFlow12)),
    FieldRow(
      .actionSetOutput, "actset_output", nil, 4, .at(.actionSetOutput), .port, .exact, .none, .readOnly,
      .extensible,
      nil, .basic(43, "OXM_OF_ACTSET_OUTPUT", .openFlow15), .onf(43, "ONFOXM_ET_ACTSET_OUTPUT", .openFlow13)),
    FieldRow(
      .skbPriority, "skb_priority", nil, 4, .at(.skbPriority), .hexadecimal, .exact, .none, .readOnly,
      .unsupported),
    FieldRow(
      .packetMark, "pkt_mark", nil, 4, .at(.packetMark), .hexadecimal, .maskable, .none, .readWrite,
      .extensible,
      .nxm1(33, "NXM_NX_PKT_MARK")),
    FieldRow(
      .ctState, "ct_state", nil, 4, .at(.ctState), .connectionState, .maskable, .none, .readOnly, .extensible,
      .nxm1(105, "NXM_NX_CT_STATE")),
    FieldRow(
      .ctZone, "ct_zone", nil, 2, .at(.ctZone), .hexadecimal, .exact, .none, .readOnly, .extensible,
      .nxm1(106, "NXM_NX_CT_ZONE")),
    FieldRow(
      .ctMark, "ct_mark", nil, 4, .at(.ctMark), .hexadecimal, .maskable, .none, .readWrite, .extensible,
      .nxm1(107, "NXM_NX_CT_MARK")),
    FieldRow(
      .ctLabel, "ct_label", nil, 16, .at(.ctLabel), .hexadecimal, .maskable, .none, .readWrite, .extensible,
      .nxm1(108, "NXM_NX_CT_LABEL")),
    FieldRow(
      .ctProtocol, "ct_nw_proto", nil, 1, .at(.ctProtocol), .decimal, .exact, .connection, .readOnly,
      .extensible,
      .nxm1(119, "NXM_NX_CT_NW_PROTO")),
    FieldRow(
      .ctSource, "ct_nw_src", nil, 4, .at(.ctSource), .ipv4, .maskable, .connection, .readOnly, .extensible,
      .nxm1(120, "NXM_NX_CT_NW_SRC")),
    FieldRow(
      .ctDestination, "ct_nw_dst", nil, 4, .at(.ctDestination), .ipv4, .maskable, .connection, .readOnly,
      .extensible,
      .nxm1(121, "NXM_NX_CT_NW_DST")),
    FieldRow(
      .ctIPv6Source, "ct_ipv6_src", nil, 16, .at(.ctIPv6Source), .ipv6, .maskable, .connection, .readOnly,
      .extensible,
      .nxm1(122, "NXM_NX_CT_IPV6_SRC")),
    FieldRow(
      .ctIPv6Destination, "ct_ipv6_dst", nil, 16, .at(.ctIPv6Destination), .ipv6, .maskable, .connection,
      .readOnly, .extensible,
      .nxm1(123, "NXM_NX_CT_IPV6_DST")),
    FieldRow(
      .ctTransportSource, "ct_tp_src", nil, 2, .at(.ctTransportSource), .decimal, .maskable, .connection,
      .readOnly, .extensible,
      .nxm1(124, "NXM_NX_CT_TP_SRC")),
    FieldRow(
      .ctTransportDestination, "ct_tp_dst", nil, 2, .at(.ctTransportDestination), .decimal, .maskable,
      .connection, .readOnly, .extensible,
      .nxm1(125, "NXM_NX_CT_TP_DST")),
  ]

  private static let headerRows: [FieldRow] = [
    FieldRow(
      .ethSource, "eth_src", "dl_src", 6, .at(.ethSource), .ethernet, .maskable, .ethernet, .readWrite,
      .openFlow10Ethernet,
      .nxm0(2, "NXM_OF_ETH_SRC"), .basic(4, "OXM_OF_ETH_SRC", .openFlow12)),
    FieldRow(
      .ethDestination, "eth_dst", "dl_dst", 6, .at(.ethDestination), .ethernet, .maskable, .ethernet,
      .readWrite,
      .openFlow10Ethernet,
      .nxm0(1, "NXM_OF_ETH_DST"), .basic(3, "OXM_OF_ETH_DST", .openFlow12)),
    FieldRow(
      .ethType, "eth_type", "dl_type", 2, .at(.ethType), .hexadecimal, .exact, .ethernet, .readOnly,
      .openFlow10,
      .nxm0(3, "NXM_OF_ETH_TYPE"), .basic(5, "OXM_OF_ETH_TYPE", .openFlow12)),
    FieldRow(
      .vlanTCI, "vlan_tci", nil, 2, .at(.vlanTCI), .hexadecimal, .maskable, .ethernet, .readWrite,
      .openFlow10,
      .nxm0(4, "NXM_OF_VLAN_TCI")),
    FieldRow(
      .dlVLAN, "dl_vlan", nil, 2, .vlanID, .decimal, .exact, .ethernet, .readWrite, .openFlow10),
    FieldRow(
      .vlanVID, "vlan_vid", nil, 2, .vlanTag, .decimal, .maskable, .ethernet, .readWrite, .openFlow10,
      nil, .basic(6, "OXM_OF_VLAN_VID", .openFlow12)),
    FieldRow(
      .dlVLANPCP, "dl_vlan_pcp", nil, 1, .vlanPriority, .decimal, .exact, .ethernet, .readWrite, .openFlow10),
    FieldRow(
      .vlanPCP, "vlan_pcp", nil, 1, .vlanPriority, .decimal, .exact, .vlan, .readWrite, .openFlow10,
      nil, .basic(7, "OXM_OF_VLAN_PCP", .openFlow12)),
    FieldRow(
      .mplsLabel, "mpls_label", nil, 4, .at(.mplsEntry0.part(shift: 12, bitCount: 20)), .decimal, .exact,
      .mpls, .readWrite, .openFlow11,
      nil, .basic(34, "OXM_OF_MPLS_LABEL", .openFlow12)),
    FieldRow(
      .mplsTC, "mpls_tc", nil, 1, .at(.mplsEntry0.part(shift: 9, bitCount: 3)), .decimal, .exact, .mpls,
      .readWrite, .openFlow11,
      nil, .basic(35, "OXM_OF_MPLS_TC", .openFlow12)),
    FieldRow(
      .mplsBottom, "mpls_bos", nil, 1, .at(.mplsEntry0.part(shift: 8, bitCount: 1)), .decimal, .exact, .mpls,
      .readOnly, .extensible,
      nil, .basic(36, "OXM_OF_MPLS_BOS", .openFlow13)),
    FieldRow(
      .mplsTTL, "mpls_ttl", nil, 1, .at(.mplsEntry0.low(8)), .decimal, .exact, .mpls, .readWrite, .extensible,
      .nxm1(30, "NXM_NX_MPLS_TTL")),
    FieldRow(
      .ipSource, "ip_src", "nw_src", 4, .at(.ipSource), .ipv4, .maskable, .ipv4, .readWrite, .openFlow10CIDR,
      .nxm0(7, "NXM_OF_IP_SRC"), .basic(11, "OXM_OF_IPV4_SRC", .openFlow12)),
    FieldRow(
      .ipDestination, "ip_dst", "nw_dst", 4, .at(.ipDestination), .ipv4, .maskable, .ipv4, .readWrite,
      .openFlow10CIDR,
      .nxm0(8, "NXM_OF_IP_DST"), .basic(12, "OXM_OF_IPV4_DST", .openFlow12)),
    FieldRow(
      .ipv6Source, "ipv6_src", nil, 16, .at(.ipv6Source), .ipv6, .maskable, .ipv6, .readWrite, .extensible,
      .nxm1(19, "NXM_NX_IPV6_SRC"), .basic(26, "OXM_OF_IPV6_SRC", .openFlow12)),
    FieldRow(
      .ipv6Destination, "ipv6_dst", nil, 16, .at(.ipv6Destination), .ipv6, .maskable, .ipv6, .readWrite,
      .extensible,
      .nxm1(20, "NXM_NX_IPV6_DST"), .basic(27, "OXM_OF_IPV6_DST", .openFlow12)),
    FieldRow(
      .ipv6Label, "ipv6_label", nil, 4, .at(.ipv6Label.low(20)), .hexadecimal, .maskable, .ipv6, .readWrite,
      .extensible,
      .nxm1(27, "NXM_NX_IPV6_LABEL"), .basic(28, "OXM_OF_IPV6_FLABEL", .openFlow12)),
    FieldRow(
      .ipProtocol, "nw_proto", "ip_proto", 1, .at(.ipProtocol), .decimal, .exact, .ip, .readOnly, .openFlow10,
      .nxm0(6, "NXM_OF_IP_PROTO"), .basic(10, "OXM_OF_IP_PROTO", .openFlow12)),
    FieldRow(
      .ipTOS, "nw_tos", nil, 1, .trafficClass, .decimal, .exact, .ip, .readWrite, .openFlow10,
      .nxm0(5, "NXM_OF_IP_TOS")),
    FieldRow(
      .ipDSCP, "ip_dscp", nil, 1, .at(.ipTOS.part(shift: 2, bitCount: 6)), .decimal, .exact, .ip, .readWrite,
      .openFlow10,
      nil, .basic(8, "OXM_OF_IP_DSCP", .openFlow12)),
    FieldRow(
      .ipECN, "nw_ecn", "ip_ecn", 1, .at(.ipTOS.low(2)), .decimal, .exact, .ip, .readWrite, .openFlow11,
      .nxm1(28, "NXM_NX_IP_ECN"), .basic(9, "OXM_OF_IP_ECN", .openFlow12)),
    FieldRow(
      .ipTTL, "nw_ttl", nil, 1, .at(.ipTTL), .decimal, .exact, .ip, .readWrite, .extensible,
      .nxm1(29, "NXM_NX_IP_TTL")),
    FieldRow(
      .ipFragment, "ip_frag", "nw_frag", 1, .at(.ipFragment.low(2)), .fragment, .maskable, .ip, .readOnly,
      .extensible,
      .nxm1(26, "NXM_NX_IP_FRAG")),
    FieldRow(
      .arpOperation, "arp_op", nil, 2, .arpOperation, .decimal, .exact, .arp, .readWrite, .openFlow10,
      .nxm0(15, "NXM_OF_ARP_OP"), .basic(21, "OXM_OF_ARP_OP", .openFlow12)),
    FieldRow(
      .arpSenderIP, "arp_spa", nil, 4, .at(.ipSource), .ipv4, .maskable, .arp, .readWrite, .openFlow10CIDR,
      .nxm0(16, "NXM_OF_ARP_SPA"), .basic(22, "OXM_OF_ARP_SPA", .openFlow12)),
    FieldRow(
      .arpTargetIP, "arp_tpa", nil, 4, .at(.ipDestination), .ipv4, .maskable, .arp, .readWrite,
      .openFlow10CIDR,
      .nxm0(17, "NXM_OF_ARP_TPA"), .basic(23, "OXM_OF_ARP_TPA", .openFlow12)),
    FieldRow(
      .arpSenderMAC, "arp_sha", nil, 6, .at(.sourceLink), .ethernet, .maskable, .arp, .readWrite, .extensible,
      .nxm1(17, "NXM_NX_ARP_SHA"), .basic(24, "OXM_OF_ARP_SHA", .openFlow12)),
    FieldRow(
      .arpTargetMAC, "arp_tha", nil, 6, .at(.targetLink), .ethernet, .maskable, .arp, .readWrite, .extensible,
      .nxm1(18, "NXM_NX_ARP_THA"), .basic(25, "OXM_OF_ARP_THA", .openFlow12)),
    FieldRow(
      .tcpSource, "tcp_src", "tp_src", 2, .at(.transportSource), .decimal, .maskable, .tcp, .readWrite,
      .openFlow10,
      .nxm0(9, "NXM_OF_TCP_SRC"), .basic(13, "OXM_OF_TCP_SRC", .openFlow12)),
    FieldRow(
      .tcpDestination, "tcp_dst", "tp_dst", 2, .at(.transportDestination), .decimal, .maskable, .tcp,
      .readWrite, .openFlow10,
      .nxm0(10, "NXM_OF_TCP_DST"), .basic(14, "OXM_OF_TCP_DST", .openFlow12)),
    FieldRow(
      .tcpFlags, "tcp_flags", nil, 2, .at(.tcpFlags.low(12)), .tcpFlags, .maskable, .tcp, .readOnly,
      .extensible,
      .nxm1(34, "NXM_NX_TCP_FLAGS"), .basic(42, "OXM_OF_TCP_FLAGS", .openFlow15),
      .onf(42, "ONFOXM_ET_TCP_FLAGS", .openFlow13)),
    FieldRow(
      .udpSource, "udp_src", nil, 2, .at(.transportSource), .decimal, .maskable, .udp, .readWrite,
      .openFlow10,
      .nxm0(11, "NXM_OF_UDP_SRC"), .basic(15, "OXM_OF_UDP_SRC", .openFlow12)),
    FieldRow(
      .udpDestination, "udp_dst", nil, 2, .at(.transportDestination), .decimal, .maskable, .udp, .readWrite,
      .openFlow10,
      .nxm0(12, "NXM_OF_UDP_DST"), .basic(16, "OXM_OF_UDP_DST", .openFlow12)),
    FieldRow(
      .sctpSource, "sctp_src", nil, 2, .at(.transportSource), .decimal, .maskable, .sctp, .readWrite,
      .openFlow11,
      nil, .basic(17, "OXM_OF_SCTP_SRC", .openFlow12)),
    FieldRow(
      .sctpDestination, "sctp_dst", nil, 2, .at(.transportDestination), .decimal, .maskable, .sctp,
      .readWrite, .openFlow11,
      nil, .basic(18, "OXM_OF_SCTP_DST", .openFlow12)),
    FieldRow(
      .icmpType, "icmp_type", nil, 1, .at(.icmpType), .decimal, .exact, .icmpv4, .readWrite, .openFlow10,
      .nxm0(13, "NXM_OF_ICMP_TYPE"), .basic(19, "OXM_OF_ICMPV4_TYPE", .openFlow12)),
    FieldRow(
      .icmpCode, "icmp_code", nil, 1, .at(.icmpCode), .decimal, .exact, .icmpv4, .readWrite, .openFlow10,
      .nxm0(14, "NXM_OF_ICMP_CODE"), .basic(20, "OXM_OF_ICMPV4_CODE", .openFlow12)),
    FieldRow(
      .icmpv6Type, "icmpv6_type", nil, 1, .at(.icmpType), .decimal, .exact, .icmpv6, .readWrite, .extensible,
      .nxm1(21, "NXM_NX_ICMPV6_TYPE"), .basic(29, "OXM_OF_ICMPV6_TYPE", .openFlow12)),
    FieldRow(
      .icmpv6Code, "icmpv6_code", nil, 1, .at(.icmpCode), .decimal, .exact, .icmpv6, .readWrite, .extensible,
      .nxm1(22, "NXM_NX_ICMPV6_CODE"), .basic(30, "OXM_OF_ICMPV6_CODE", .openFlow12)),
    FieldRow(
      .ndTarget, "nd_target", nil, 16, .at(.ndTarget), .ipv6, .maskable, .neighborDiscovery, .readWrite,
      .extensible,
      .nxm1(23, "NXM_NX_ND_TARGET"), .basic(31, "OXM_OF_IPV6_ND_TARGET", .openFlow12)),
    FieldRow(
      .ndSourceLink, "nd_sll", nil, 6, .at(.sourceLink), .ethernet, .maskable, .neighborSolicit, .readWrite,
      .extensible,
      .nxm1(24, "NXM_NX_ND_SLL"), .basic(32, "OXM_OF_IPV6_ND_SLL", .openFlow12)),
    FieldRow(
      .ndTargetLink, "nd_tll", nil, 6, .at(.targetLink), .ethernet, .maskable, .neighborAdvert, .readWrite,
      .extensible,
      .nxm1(25, "NXM_NX_ND_TLL"), .basic(33, "OXM_OF_IPV6_ND_TLL", .openFlow12)),
    FieldRow(
      .ndReserved, "nd_reserved", nil, 4, .at(.ndReserved), .decimal, .exact, .neighborDiscovery, .readWrite,
      .extensible,
      .ericsson(1, "ERICOXM_OF_ICMPV6_ND_RESERVED")),
    FieldRow(
      .ndOptionsType, "nd_options_type", nil, 1, .at(.ndOptionsType), .decimal, .exact, .neighborDiscovery,
      .readWrite, .extensible,
      .ericsson(2, "ERICOXM_OF_ICMPV6_ND_OPTIONS_TYPE")),
    FieldRow(
      .nshFlags, "nsh_flags", nil, 1, .at(.nshFlags), .decimal, .maskable, .nsh, .readWrite, .extensible,
      .nsh(1, "NXOXM_NSH_FLAGS")),
    FieldRow(
      .nshMetadataType, "nsh_mdtype", nil, 1, .at(.nshMetadataType), .decimal, .exact, .nsh, .readOnly,
      .extensible,
      .nsh(2, "NXOXM_NSH_MDTYPE")),
    FieldRow(
      .nshNextProtocol, "nsh_np", nil, 1, .at(.nshNextProtocol), .decimal, .exact, .nsh, .readOnly,
      .extensible,
      .nsh(3, "NXOXM_NSH_NP")),
    FieldRow(
      .nshPathID, "nsh_spi", "nsp", 4, .at(.nshPathID), .hexadecimal, .exact, .nsh, .readWrite, .extensible,
      .nsh(4, "NXOXM_NSH_SPI")),
    FieldRow(
      .nshServiceIndex, "nsh_si", "nsi", 1, .at(.nshServiceIndex), .decimal, .exact, .nsh, .readWrite,
      .extensible,
      .nsh(5, "NXOXM_NSH_SI")),
    FieldRow(
      .nshContext1, "nsh_c1", "nshc1", 4, .at(.nshContext1), .hexadecimal, .maskable, .nsh, .readWrite,
      .extensible,
      .nsh(6, "NXOXM_NSH_C1")),
    FieldRow(
      .nshContext2, "nsh_c2", "nshc2", 4, .at(.nshContext2), .hexadecimal, .maskable, .nsh, .readWrite,
      .extensible,
      .nsh(7, "NXOXM_NSH_C2")),
    FieldRow(
      .nshContext3, "nsh_c3", "nshc3", 4, .at(.nshContext3), .hexadecimal, .maskable, .nsh, .readWrite,
      .extensible,
      .nsh(8, "NXOXM_NSH_C3")),
    FieldRow(
      .nshContext4, "nsh_c4", "nshc4", 4, .at(.nshContext4), .hexadecimal, .maskable, .nsh, .readWrite,
      .extensible,
      .nsh(9, "NXOXM_NSH_C4")),
    FieldRow(
      .nshTTL, "nsh_ttl", nil, 1, .at(.nshTTL), .decimal, .exact, .nsh, .readWrite, .extensible,
      .nsh(10, "NXOXM_NSH_TTL")),
  ]
}
