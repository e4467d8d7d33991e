// The rows of the table of fields. Order is that of the numbers in Field.swift. Numbers, widths, masks and
// prerequisites follow ovs-fields(7); the header numbers are those of OXM (OpenFlow 1.5.1, section 7.2.3.7)
// and of NXM (ovs-fields(7), "Field Name"). Places are words of `FlowKey`.

enum FieldTable {
  /// Every field, indexed by its number.
  static let rows: [FieldRow] = packetRows + registerRows + headerRows + tunnelMetadataRows

  /// Geneve options by index: named, but without a place until a switch maps options to them.
  private static var tunnelMetadataRows: [FieldRow] {
    (0..<64).map { index in
      FieldRow(
        "tun_metadata\(index)", nil, 124, 992, .tunnelMetadata, .hexadecimal, .maskable, .none, .readWrite,
        .extensible, .nxm1(UInt8(40 + index), "NXM_NX_TUN_METADATA\(index)"))
    }
  }

  private static var registerRows: [FieldRow] {
    var rows: [FieldRow] = []
    for index in 0..<16 {
      rows.append(
        FieldRow(
          "reg\(index)", nil, 4, 32, .at(45 + index / 2, index % 2 == 0 ? 32 : 0), .hexadecimal, .maskable,
          .none, .readWrite, .extensible, .nxm1(UInt8(index), "NXM_NX_REG\(index)")))
    }
    for index in 0..<8 {
      rows.append(
        FieldRow(
          "xreg\(index)", nil, 8, 64, .at(45 + index, 0), .hexadecimal, .maskable, .none, .readWrite,
          .extensible, nil, .packetRegister(UInt8(index), "OXM_OF_PKT_REG\(index)", .openFlow13)))
    }
    for index in 0..<4 {
      rows.append(
        FieldRow(
          "xxreg\(index)", nil, 16, 128, .at(45 + index * 2, 0), .hexadecimal, .maskable, .none, .readWrite,
          .extensible, .nxm1(UInt8(111 + index), "NXM_NX_XXREG\(index)")))
    }
    return rows
  }

  private static let packetRows: [FieldRow] = [
    FieldRow(
      "dp_hash", nil, 4, 32, .at(8, 32), .hexadecimal, .maskable, .none, .readOnly, .extensible,
      .nxm1(35, "NXM_NX_DP_HASH")),
    FieldRow(
      "recirc_id", nil, 4, 32, .at(0, 0), .decimal, .exact, .none, .readOnly, .extensible,
      .nxm1(36, "NXM_NX_RECIRC_ID")),
    FieldRow(
      "packet_type", nil, 4, 32, .at(9, 32), .packetType, .exact, .none, .readOnly, .extensible,
      nil, .basic(44, "OXM_OF_PACKET_TYPE", .openFlow15)),
    FieldRow(
      "conj_id", nil, 4, 32, .at(61, 32), .decimal, .exact, .none, .readOnly, .extensible,
      .nxm1(37, "NXM_NX_CONJ_ID")),
    FieldRow(
      "tun_id", "tunnel_id", 8, 64, .at(35, 0), .hexadecimal, .maskable, .none, .readWrite, .extensible,
      .nxm1(16, "NXM_NX_TUN_ID"), .basic(38, "OXM_OF_TUNNEL_ID", .openFlow13)),
    FieldRow(
      "tun_src", nil, 4, 32, .at(30, 32), .ipv4, .maskable, .none, .readWrite, .extensible,
      .nxm1(31, "NXM_NX_TUN_IPV4_SRC")),
    FieldRow(
      "tun_dst", nil, 4, 32, .at(30, 0), .ipv4, .maskable, .none, .readWrite, .extensible,
      .nxm1(32, "NXM_NX_TUN_IPV4_DST")),
    FieldRow(
      "tun_ipv6_src", nil, 16, 128, .at(31, 0), .ipv6, .maskable, .none, .readWrite, .extensible,
      .nxm1(109, "NXM_NX_TUN_IPV6_SRC")),
    FieldRow(
      "tun_ipv6_dst", nil, 16, 128, .at(33, 0), .ipv6, .maskable, .none, .readWrite, .extensible,
      .nxm1(110, "NXM_NX_TUN_IPV6_DST")),
    FieldRow(
      "tun_flags", nil, 2, 1, .at(36, 48), .tunnelFlags, .maskable, .none, .readWrite, .extensible,
      .nxm1(104, "NXM_NX_TUN_FLAGS")),
    FieldRow(
      "tun_ttl", nil, 1, 8, .at(36, 32), .decimal, .exact, .none, .readOnly, .unsupported),
    FieldRow(
      "tun_tos", nil, 1, 8, .at(36, 40), .decimal, .exact, .none, .readOnly, .unsupported),
    FieldRow(
      "tun_gbp_id", nil, 2, 16, .at(37, 48), .decimal, .maskable, .none, .readWrite, .extensible,
      .nxm1(38, "NXM_NX_TUN_GBP_ID")),
    FieldRow(
      "tun_gbp_flags", nil, 1, 8, .at(37, 40), .hexadecimal, .maskable, .none, .readWrite, .extensible,
      .nxm1(39, "NXM_NX_TUN_GBP_FLAGS")),
    FieldRow(
      "tun_erspan_idx", nil, 4, 20, .at(38, 32), .hexadecimal, .maskable, .none, .readWrite, .extensible,
      .niciraExperimenter(11, "NXOXM_ET_ERSPAN_IDX")),
    FieldRow(
      "tun_erspan_ver", nil, 1, 4, .at(37, 32), .decimal, .maskable, .none, .readWrite, .extensible,
      .niciraExperimenter(12, "NXOXM_ET_ERSPAN_VER")),
    FieldRow(
      "tun_erspan_dir", nil, 1, 1, .at(37, 8), .decimal, .maskable, .none, .readWrite, .extensible,
      .niciraExperimenter(13, "NXOXM_ET_ERSPAN_DIR")),
    FieldRow(
      "tun_erspan_hwid", nil, 1, 6, .at(37, 0), .hexadecimal, .maskable, .none, .readWrite, .extensible,
      .niciraExperimenter(14, "NXOXM_ET_ERSPAN_HWID")),
    FieldRow(
      "tun_gtpu_flags", nil, 1, 8, .at(37, 24), .hexadecimal, .maskable, .none, .readOnly, .extensible,
      .niciraExperimenter(15, "NXOXM_ET_GTPU_FLAGS")),
    FieldRow(
      "tun_gtpu_msgtype", nil, 1, 8, .at(37, 16), .decimal, .maskable, .none, .readOnly, .extensible,
      .niciraExperimenter(16, "NXOXM_ET_GTPU_MSGTYPE")),
    FieldRow(
      "metadata", nil, 8, 64, .at(44, 0), .hexadecimal, .maskable, .none, .readWrite, .openFlow11Masked,
      nil, .basic(2, "OXM_OF_METADATA", .openFlow12)),
    FieldRow(
      "in_port", nil, 2, 16, .legacyPort, .openFlow10Port, .exact, .none, .readWrite, .openFlow10,
      .nxm0(0, "NXM_OF_IN_PORT")),
    FieldRow(
      "in_port_oxm", nil, 4, 32, .at(0, 32), .port, .exact, .none, .readWrite, .openFlow11,
      nil, .basic(0, "OXM_OF_IN_PORT", .openFlow12)),
    FieldRow(
      "actset_output", nil, 4, 32, .at(61, 0), .port, .exact, .none, .readOnly, .extensible,
      nil, .basic(43, "OXM_OF_ACTSET_OUTPUT", .openFlow15), .onf(43, "ONFOXM_ET_ACTSET_OUTPUT", .openFlow13)),
    FieldRow(
      "skb_priority", nil, 4, 32, .at(8, 0), .hexadecimal, .exact, .none, .readOnly, .unsupported),
    FieldRow(
      "pkt_mark", nil, 4, 32, .at(7, 0), .hexadecimal, .maskable, .none, .readWrite, .extensible,
      .nxm1(33, "NXM_NX_PKT_MARK")),
    FieldRow(
      "ct_state", nil, 4, 32, .at(6, 32), .connectionState, .maskable, .none, .readOnly, .extensible,
      .nxm1(105, "NXM_NX_CT_STATE")),
    FieldRow(
      "ct_zone", nil, 2, 16, .at(7, 48), .hexadecimal, .exact, .none, .readOnly, .extensible,
      .nxm1(106, "NXM_NX_CT_ZONE")),
    FieldRow(
      "ct_mark", nil, 4, 32, .at(6, 0), .hexadecimal, .maskable, .none, .readWrite, .extensible,
      .nxm1(107, "NXM_NX_CT_MARK")),
    FieldRow(
      "ct_label", nil, 16, 128, .at(22, 0), .hexadecimal, .maskable, .none, .readWrite, .extensible,
      .nxm1(108, "NXM_NX_CT_LABEL")),
    FieldRow(
      "ct_nw_proto", nil, 1, 8, .at(7, 40), .decimal, .exact, .connection, .readOnly, .extensible,
      .nxm1(119, "NXM_NX_CT_NW_PROTO")),
    FieldRow(
      "ct_nw_src", nil, 4, 32, .at(24, 32), .ipv4, .maskable, .connection, .readOnly, .extensible,
      .nxm1(120, "NXM_NX_CT_NW_SRC")),
    FieldRow(
      "ct_nw_dst", nil, 4, 32, .at(24, 0), .ipv4, .maskable, .connection, .readOnly, .extensible,
      .nxm1(121, "NXM_NX_CT_NW_DST")),
    FieldRow(
      "ct_ipv6_src", nil, 16, 128, .at(26, 0), .ipv6, .maskable, .connection, .readOnly, .extensible,
      .nxm1(122, "NXM_NX_CT_IPV6_SRC")),
    FieldRow(
      "ct_ipv6_dst", nil, 16, 128, .at(28, 0), .ipv6, .maskable, .connection, .readOnly, .extensible,
      .nxm1(123, "NXM_NX_CT_IPV6_DST")),
    FieldRow(
      "ct_tp_src", nil, 2, 16, .at(25, 48), .decimal, .maskable, .connection, .readOnly, .extensible,
      .nxm1(124, "NXM_NX_CT_TP_SRC")),
    FieldRow(
      "ct_tp_dst", nil, 2, 16, .at(25, 32), .decimal, .maskable, .connection, .readOnly, .extensible,
      .nxm1(125, "NXM_NX_CT_TP_DST")),
  ]

  private static let headerRows: [FieldRow] = [
    FieldRow(
      "eth_src", "dl_src", 6, 48, .at(2, 16), .ethernet, .maskable, .ethernet, .readWrite,
      .openFlow10Ethernet,
      .nxm0(2, "NXM_OF_ETH_SRC"), .basic(4, "OXM_OF_ETH_SRC", .openFlow12)),
    FieldRow(
      "eth_dst", "dl_dst", 6, 48, .at(1, 16), .ethernet, .maskable, .ethernet, .readWrite,
      .openFlow10Ethernet,
      .nxm0(1, "NXM_OF_ETH_DST"), .basic(3, "OXM_OF_ETH_DST", .openFlow12)),
    FieldRow(
      "eth_type", "dl_type", 2, 16, .at(1, 0), .hexadecimal, .exact, .ethernet, .readOnly, .openFlow10,
      .nxm0(3, "NXM_OF_ETH_TYPE"), .basic(5, "OXM_OF_ETH_TYPE", .openFlow12)),
    FieldRow(
      "vlan_tci", nil, 2, 16, .at(2, 0), .hexadecimal, .maskable, .ethernet, .readWrite, .openFlow10,
      .nxm0(4, "NXM_OF_VLAN_TCI")),
    FieldRow(
      "dl_vlan", nil, 2, 12, .vlanID, .decimal, .exact, .ethernet, .readWrite, .openFlow10),
    FieldRow(
      "vlan_vid", nil, 2, 12, .vlanTag, .decimal, .maskable, .ethernet, .readWrite, .openFlow10,
      nil, .basic(6, "OXM_OF_VLAN_VID", .openFlow12)),
    FieldRow(
      "dl_vlan_pcp", nil, 1, 3, .vlanPriority, .decimal, .exact, .ethernet, .readWrite, .openFlow10),
    FieldRow(
      "vlan_pcp", nil, 1, 3, .vlanPriority, .decimal, .exact, .vlan, .readWrite, .openFlow10,
      nil, .basic(7, "OXM_OF_VLAN_PCP", .openFlow12)),
    FieldRow(
      "mpls_label", nil, 4, 20, .at(20, 44), .decimal, .exact, .mpls, .readWrite, .openFlow11,
      nil, .basic(34, "OXM_OF_MPLS_LABEL", .openFlow12)),
    FieldRow(
      "mpls_tc", nil, 1, 3, .at(20, 41), .decimal, .exact, .mpls, .readWrite, .openFlow11,
      nil, .basic(35, "OXM_OF_MPLS_TC", .openFlow12)),
    FieldRow(
      "mpls_bos", nil, 1, 1, .at(20, 40), .decimal, .exact, .mpls, .readOnly, .extensible,
      nil, .basic(36, "OXM_OF_MPLS_BOS", .openFlow13)),
    FieldRow(
      "mpls_ttl", nil, 1, 8, .at(20, 32), .decimal, .exact, .mpls, .readWrite, .extensible,
      .nxm1(30, "NXM_NX_MPLS_TTL")),
    FieldRow(
      "ip_src", "nw_src", 4, 32, .at(3, 32), .ipv4, .maskable, .ipv4, .readWrite, .openFlow10CIDR,
      .nxm0(7, "NXM_OF_IP_SRC"), .basic(11, "OXM_OF_IPV4_SRC", .openFlow12)),
    FieldRow(
      "ip_dst", "nw_dst", 4, 32, .at(3, 0), .ipv4, .maskable, .ipv4, .readWrite, .openFlow10CIDR,
      .nxm0(8, "NXM_OF_IP_DST"), .basic(12, "OXM_OF_IPV4_DST", .openFlow12)),
    FieldRow(
      "ipv6_src", nil, 16, 128, .at(10, 0), .ipv6, .maskable, .ipv6, .readWrite, .extensible,
      .nxm1(19, "NXM_NX_IPV6_SRC"), .basic(26, "OXM_OF_IPV6_SRC", .openFlow12)),
    FieldRow(
      "ipv6_dst", nil, 16, 128, .at(12, 0), .ipv6, .maskable, .ipv6, .readWrite, .extensible,
      .nxm1(20, "NXM_NX_IPV6_DST"), .basic(27, "OXM_OF_IPV6_DST", .openFlow12)),
    FieldRow(
      "ipv6_label", nil, 4, 20, .at(14, 32), .hexadecimal, .maskable, .ipv6, .readWrite, .extensible,
      .nxm1(27, "NXM_NX_IPV6_LABEL"), .basic(28, "OXM_OF_IPV6_FLABEL", .openFlow12)),
    FieldRow(
      "nw_proto", "ip_proto", 1, 8, .at(4, 56), .decimal, .exact, .ip, .readOnly, .openFlow10,
      .nxm0(6, "NXM_OF_IP_PROTO"), .basic(10, "OXM_OF_IP_PROTO", .openFlow12)),
    FieldRow(
      "nw_tos", nil, 1, 8, .at(4, 48), .decimal, .exact, .ip, .readWrite, .openFlow10,
      .nxm0(5, "NXM_OF_IP_TOS")),
    FieldRow(
      "ip_dscp", nil, 1, 6, .at(4, 50), .decimal, .exact, .ip, .readWrite, .openFlow10,
      nil, .basic(8, "OXM_OF_IP_DSCP", .openFlow12)),
    FieldRow(
      "nw_ecn", "ip_ecn", 1, 2, .at(4, 48), .decimal, .exact, .ip, .readWrite, .openFlow11,
      .nxm1(28, "NXM_NX_IP_ECN"), .basic(9, "OXM_OF_IP_ECN", .openFlow12)),
    FieldRow(
      "nw_ttl", nil, 1, 8, .at(4, 40), .decimal, .exact, .ip, .readWrite, .extensible,
      .nxm1(29, "NXM_NX_IP_TTL")),
    FieldRow(
      "ip_frag", "nw_frag", 1, 2, .at(4, 32), .fragment, .maskable, .ip, .readOnly, .extensible,
      .nxm1(26, "NXM_NX_IP_FRAG")),
    FieldRow(
      "arp_op", nil, 2, 16, .arpOperation, .decimal, .exact, .arp, .readWrite, .openFlow10,
      .nxm0(15, "NXM_OF_ARP_OP"), .basic(21, "OXM_OF_ARP_OP", .openFlow12)),
    FieldRow(
      "arp_spa", nil, 4, 32, .at(3, 32), .ipv4, .maskable, .arp, .readWrite, .openFlow10CIDR,
      .nxm0(16, "NXM_OF_ARP_SPA"), .basic(22, "OXM_OF_ARP_SPA", .openFlow12)),
    FieldRow(
      "arp_tpa", nil, 4, 32, .at(3, 0), .ipv4, .maskable, .arp, .readWrite, .openFlow10CIDR,
      .nxm0(17, "NXM_OF_ARP_TPA"), .basic(23, "OXM_OF_ARP_TPA", .openFlow12)),
    FieldRow(
      "arp_sha", nil, 6, 48, .at(17, 16), .ethernet, .maskable, .arp, .readWrite, .extensible,
      .nxm1(17, "NXM_NX_ARP_SHA"), .basic(24, "OXM_OF_ARP_SHA", .openFlow12)),
    FieldRow(
      "arp_tha", nil, 6, 48, .at(18, 16), .ethernet, .maskable, .arp, .readWrite, .extensible,
      .nxm1(18, "NXM_NX_ARP_THA"), .basic(25, "OXM_OF_ARP_THA", .openFlow12)),
    FieldRow(
      "tcp_src", "tp_src", 2, 16, .at(4, 16), .decimal, .maskable, .tcp, .readWrite, .openFlow10,
      .nxm0(9, "NXM_OF_TCP_SRC"), .basic(13, "OXM_OF_TCP_SRC", .openFlow12)),
    FieldRow(
      "tcp_dst", "tp_dst", 2, 16, .at(4, 0), .decimal, .maskable, .tcp, .readWrite, .openFlow10,
      .nxm0(10, "NXM_OF_TCP_DST"), .basic(14, "OXM_OF_TCP_DST", .openFlow12)),
    FieldRow(
      "tcp_flags", nil, 2, 12, .at(5, 48), .tcpFlags, .maskable, .tcp, .readOnly, .extensible,
      .nxm1(34, "NXM_NX_TCP_FLAGS"), .basic(42, "OXM_OF_TCP_FLAGS", .openFlow15),
      .onf(42, "ONFOXM_ET_TCP_FLAGS", .openFlow13)),
    FieldRow(
      "udp_src", nil, 2, 16, .at(4, 16), .decimal, .maskable, .udp, .readWrite, .openFlow10,
      .nxm0(11, "NXM_OF_UDP_SRC"), .basic(15, "OXM_OF_UDP_SRC", .openFlow12)),
    FieldRow(
      "udp_dst", nil, 2, 16, .at(4, 0), .decimal, .maskable, .udp, .readWrite, .openFlow10,
      .nxm0(12, "NXM_OF_UDP_DST"), .basic(16, "OXM_OF_UDP_DST", .openFlow12)),
    FieldRow(
      "sctp_src", nil, 2, 16, .at(4, 16), .decimal, .maskable, .sctp, .readWrite, .openFlow11,
      nil, .basic(17, "OXM_OF_SCTP_SRC", .openFlow12)),
    FieldRow(
      "sctp_dst", nil, 2, 16, .at(4, 0), .decimal, .maskable, .sctp, .readWrite, .openFlow11,
      nil, .basic(18, "OXM_OF_SCTP_DST", .openFlow12)),
    FieldRow(
      "icmp_type", nil, 1, 8, .at(4, 16), .decimal, .exact, .icmpv4, .readWrite, .openFlow10,
      .nxm0(13, "NXM_OF_ICMP_TYPE"), .basic(19, "OXM_OF_ICMPV4_TYPE", .openFlow12)),
    FieldRow(
      "icmp_code", nil, 1, 8, .at(4, 0), .decimal, .exact, .icmpv4, .readWrite, .openFlow10,
      .nxm0(14, "NXM_OF_ICMP_CODE"), .basic(20, "OXM_OF_ICMPV4_CODE", .openFlow12)),
    FieldRow(
      "icmpv6_type", nil, 1, 8, .at(4, 16), .decimal, .exact, .icmpv6, .readWrite, .extensible,
      .nxm1(21, "NXM_NX_ICMPV6_TYPE"), .basic(29, "OXM_OF_ICMPV6_TYPE", .openFlow12)),
    FieldRow(
      "icmpv6_code", nil, 1, 8, .at(4, 0), .decimal, .exact, .icmpv6, .readWrite, .extensible,
      .nxm1(22, "NXM_NX_ICMPV6_CODE"), .basic(30, "OXM_OF_ICMPV6_CODE", .openFlow12)),
    FieldRow(
      "nd_target", nil, 16, 128, .at(15, 0), .ipv6, .maskable, .neighborDiscovery, .readWrite, .extensible,
      .nxm1(23, "NXM_NX_ND_TARGET"), .basic(31, "OXM_OF_IPV6_ND_TARGET", .openFlow12)),
    FieldRow(
      "nd_sll", nil, 6, 48, .at(17, 16), .ethernet, .maskable, .neighborSolicit, .readWrite, .extensible,
      .nxm1(24, "NXM_NX_ND_SLL"), .basic(32, "OXM_OF_IPV6_ND_SLL", .openFlow12)),
    FieldRow(
      "nd_tll", nil, 6, 48, .at(18, 16), .ethernet, .maskable, .neighborAdvert, .readWrite, .extensible,
      .nxm1(25, "NXM_NX_ND_TLL"), .basic(33, "OXM_OF_IPV6_ND_TLL", .openFlow12)),
    FieldRow(
      "nd_reserved", nil, 4, 32, .at(19, 32), .decimal, .exact, .neighborDiscovery, .readWrite, .extensible,
      .ericsson(1, "ERICOXM_OF_ICMPV6_ND_RESERVED")),
    FieldRow(
      "nd_options_type", nil, 1, 8, .at(17, 8), .decimal, .exact, .neighborDiscovery, .readWrite, .extensible,
      .ericsson(2, "ERICOXM_OF_ICMPV6_ND_OPTIONS_TYPE")),
    FieldRow(
      "nsh_flags", nil, 1, 8, .at(39, 56), .decimal, .maskable, .nsh, .readWrite, .extensible,
      .nsh(1, "NXOXM_NSH_FLAGS")),
    FieldRow(
      "nsh_mdtype", nil, 1, 8, .at(39, 48), .decimal, .exact, .nsh, .readOnly, .extensible,
      .nsh(2, "NXOXM_NSH_MDTYPE")),
    FieldRow(
      "nsh_np", nil, 1, 8, .at(39, 40), .decimal, .exact, .nsh, .readOnly, .extensible,
      .nsh(3, "NXOXM_NSH_NP")),
    FieldRow(
      "nsh_spi", "nsp", 4, 24, .at(39, 8), .hexadecimal, .exact, .nsh, .readWrite, .extensible,
      .nsh(4, "NXOXM_NSH_SPI")),
    FieldRow(
      "nsh_si", "nsi", 1, 8, .at(39, 0), .decimal, .exact, .nsh, .readWrite, .extensible,
      .nsh(5, "NXOXM_NSH_SI")),
    FieldRow(
      "nsh_c1", "nshc1", 4, 32, .at(40, 32), .hexadecimal, .maskable, .nsh, .readWrite, .extensible,
      .nsh(6, "NXOXM_NSH_C1")),
    FieldRow(
      "nsh_c2", "nshc2", 4, 32, .at(40, 0), .hexadecimal, .maskable, .nsh, .readWrite, .extensible,
      .nsh(7, "NXOXM_NSH_C2")),
    FieldRow(
      "nsh_c3", "nshc3", 4, 32, .at(41, 32), .hexadecimal, .maskable, .nsh, .readWrite, .extensible,
      .nsh(8, "NXOXM_NSH_C3")),
    FieldRow(
      "nsh_c4", "nshc4", 4, 32, .at(41, 0), .hexadecimal, .maskable, .nsh, .readWrite, .extensible,
      .nsh(9, "NXOXM_NSH_C4")),
    FieldRow(
      "nsh_ttl", nil, 1, 8, .at(39, 32), .decimal, .exact, .nsh, .readWrite, .extensible,
      .nsh(10, "NXOXM_NSH_TTL")),
  ]
}
