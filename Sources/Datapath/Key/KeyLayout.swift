// What: where everything lies in a flow key. This is the only place that says so.
//
// How: a row is a run of bits: its word, how far its lowest bit lies above the word's lowest, how many bits it has. Rows
// are constants to the compiler, so that a name costs what its number would. Every bit of the key belongs to exactly one
// row; what nothing uses is a row named `padding`, and zero. Places that are parts of a row, or several side by side, are
// made of the rows: `.ipTOS.low(2)`, `.transportSource.joined(.transportDestination)`.

extension KeyPlace {
  // MARK: Ports and lookups

  /// The port that a packet came in by (`in_port`).
  @inlinable public static var inPort: KeyPlace { KeyPlace(0, 32, 32) }
  /// Which lookup of the packet this is (`recirc_id`).
  @inlinable public static var recirculationID: KeyPlace { KeyPlace(0, 0, 32) }

  // MARK: Ethernet, and the outer VLAN tag

  /// `eth_dst`.
  @inlinable public static var ethDestination: KeyPlace { KeyPlace(1, 16, 48) }
  /// The EtherType behind the tags (`eth_type`).
  @inlinable public static var ethType: KeyPlace { KeyPlace(1, 0, 16) }
  /// `eth_src`.
  @inlinable public static var ethSource: KeyPlace { KeyPlace(2, 16, 48) }
  /// The outer tag's control information (IEEE 802.1Q), with bit 12 set; zero without a tag.
  @inlinable public static var vlanTCI: KeyPlace { KeyPlace(2, 0, 16) }

  // MARK: IPv4 and ARP addresses

  /// `ip_src`, or ARP's sender (`arp_spa`).
  @inlinable public static var ipSource: KeyPlace { KeyPlace(3, 32, 32) }
  /// `ip_dst`, or ARP's target (`arp_tpa`).
  @inlinable public static var ipDestination: KeyPlace { KeyPlace(3, 0, 32) }

  // MARK: IP and transport headers

  /// `nw_proto`, or the low bits of ARP's operation (`arp_op`).
  @inlinable public static var ipProtocol: KeyPlace { KeyPlace(4, 56, 8) }
  /// `nw_tos`: DSCP and ECN.
  @inlinable public static var ipTOS: KeyPlace { KeyPlace(4, 48, 8) }
  /// `nw_ttl`.
  @inlinable public static var ipTTL: KeyPlace { KeyPlace(4, 40, 8) }
  /// `ip_frag`: bit 0 for a fragment, bit 1 for one that is not the first.
  @inlinable public static var ipFragment: KeyPlace { KeyPlace(4, 32, 8) }
  /// The source port of TCP, UDP or SCTP, or the type of an ICMP message.
  @inlinable public static var transportSource: KeyPlace { KeyPlace(4, 16, 16) }
  /// The destination port of TCP, UDP or SCTP, or the code of an ICMP message.
  @inlinable public static var transportDestination: KeyPlace { KeyPlace(4, 0, 16) }
  /// `tcp_flags`, 12 bits.
  @inlinable public static var tcpFlags: KeyPlace { KeyPlace(5, 48, 16) }

  // MARK: VLAN tags, the rest

  /// The EtherType that announces the outer tag; zero without one.
  @inlinable public static var vlanTPID: KeyPlace { KeyPlace(5, 32, 16) }
  /// The inner tag, as `vlanTCI`.
  @inlinable public static var innerVLANTCI: KeyPlace { KeyPlace(5, 16, 16) }
  /// The EtherType that announces the inner tag; zero without one.
  @inlinable public static var innerVLANTPID: KeyPlace { KeyPlace(5, 0, 16) }

  // MARK: Connection state and marks

  /// `ct_state`.
  @inlinable public static var ctState: KeyPlace { KeyPlace(6, 32, 32) }
  /// `ct_mark`.
  @inlinable public static var ctMark: KeyPlace { KeyPlace(6, 0, 32) }
  /// `ct_zone`.
  @inlinable public static var ctZone: KeyPlace { KeyPlace(7, 48, 16) }
  /// The protocol of the connection's first packet (`ct_nw_proto`).
  @inlinable public static var ctProtocol: KeyPlace { KeyPlace(7, 40, 8) }
  static var padding7: KeyPlace { KeyPlace(7, 32, 8) }
  /// `pkt_mark`.
  @inlinable public static var packetMark: KeyPlace { KeyPlace(7, 0, 32) }

  // MARK: Segment `metadata`

  /// `dp_hash`.
  @inlinable public static var datapathHash: KeyPlace { KeyPlace(8, 32, 32) }
  /// `skb_priority`.
  @inlinable public static var skbPriority: KeyPlace { KeyPlace(8, 0, 32) }
  /// The namespace and number of the outermost header (`packet_type`); zero for Ethernet.
  @inlinable public static var packetType: KeyPlace { KeyPlace(9, 32, 32) }
  static var padding9: KeyPlace { KeyPlace(9, 0, 32) }

  // MARK: Segment `ipv6`

  /// `ipv6_src`.
  @inlinable public static var ipv6Source: KeyPlace { KeyPlace(10, 0, 128) }
  /// `ipv6_dst`.
  @inlinable public static var ipv6Destination: KeyPlace { KeyPlace(12, 0, 128) }
  /// `ipv6_label`, 20 bits.
  @inlinable public static var ipv6Label: KeyPlace { KeyPlace(14, 32, 32) }
  static var padding14: KeyPlace { KeyPlace(14, 0, 32) }

  // MARK: Segment `neighbor`

  /// `nd_target`.
  @inlinable public static var ndTarget: KeyPlace { KeyPlace(15, 0, 128) }
  /// ARP's sender (`arp_sha`), or the option of a neighbour solicitation (`nd_sll`).
  @inlinable public static var sourceLink: KeyPlace { KeyPlace(17, 16, 48) }
  /// `nd_options_type`.
  @inlinable public static var ndOptionsType: KeyPlace { KeyPlace(17, 8, 8) }
  static var padding17: KeyPlace { KeyPlace(17, 0, 8) }
  /// ARP's target (`arp_tha`), or the option of a neighbour advertisement (`nd_tll`).
  @inlinable public static var targetLink: KeyPlace { KeyPlace(18, 16, 48) }
  static var padding18: KeyPlace { KeyPlace(18, 0, 16) }
  /// `nd_reserved`.
  @inlinable public static var ndReserved: KeyPlace { KeyPlace(19, 32, 32) }
  static var padding19: KeyPlace { KeyPlace(19, 0, 32) }

  // MARK: Segment `mpls`

  /// The outermost entry of the label stack.
  @inlinable public static var mplsEntry0: KeyPlace { KeyPlace(20, 32, 32) }
  /// The second entry of the label stack.
  @inlinable public static var mplsEntry1: KeyPlace { KeyPlace(20, 0, 32) }
  /// The third entry of the label stack.
  @inlinable public static var mplsEntry2: KeyPlace { KeyPlace(21, 32, 32) }
  static var padding21: KeyPlace { KeyPlace(21, 0, 32) }

  // MARK: Segment `connection`

  /// `ct_label`.
  @inlinable public static var ctLabel: KeyPlace { KeyPlace(22, 0, 128) }
  /// `ct_nw_src`.
  @inlinable public static var ctSource: KeyPlace { KeyPlace(24, 32, 32) }
  /// `ct_nw_dst`.
  @inlinable public static var ctDestination: KeyPlace { KeyPlace(24, 0, 32) }
  /// `ct_tp_src`.
  @inlinable public static var ctTransportSource: KeyPlace { KeyPlace(25, 48, 16) }
  /// `ct_tp_dst`.
  @inlinable public static var ctTransportDestination: KeyPlace { KeyPlace(25, 32, 16) }
  static var padding25: KeyPlace { KeyPlace(25, 0, 32) }
  /// `ct_ipv6_src`.
  @inlinable public static var ctIPv6Source: KeyPlace { KeyPlace(26, 0, 128) }
  /// `ct_ipv6_dst`.
  @inlinable public static var ctIPv6Destination: KeyPlace { KeyPlace(28, 0, 128) }

  // MARK: Segment `tunnel`

  /// `tun_src`.
  @inlinable public static var tunnelSource: KeyPlace { KeyPlace(30, 32, 32) }
  /// `tun_dst`.
  @inlinable public static var tunnelDestination: KeyPlace { KeyPlace(30, 0, 32) }
  /// `tun_ipv6_src`.
  @inlinable public static var tunnelIPv6Source: KeyPlace { KeyPlace(31, 0, 128) }
  /// `tun_ipv6_dst`.
  @inlinable public static var tunnelIPv6Destination: KeyPlace { KeyPlace(33, 0, 128) }
  /// `tun_id`.
  @inlinable public static var tunnelID: KeyPlace { KeyPlace(35, 0, 64) }
  /// `TunnelFlags`.
  @inlinable public static var tunnelFlags: KeyPlace { KeyPlace(36, 48, 16) }
  /// `tun_tos`.
  @inlinable public static var tunnelTOS: KeyPlace { KeyPlace(36, 40, 8) }
  /// `tun_ttl`.
  @inlinable public static var tunnelTTL: KeyPlace { KeyPlace(36, 32, 8) }
  /// The source port of the outer UDP header.
  @inlinable public static var tunnelTransportSource: KeyPlace { KeyPlace(36, 16, 16) }
  /// The destination port of the outer UDP header.
  @inlinable public static var tunnelTransportDestination: KeyPlace { KeyPlace(36, 0, 16) }
  /// `tun_gbp_id`.
  @inlinable public static var tunnelGBPID: KeyPlace { KeyPlace(37, 48, 16) }
  /// `tun_gbp_flags`.
  @inlinable public static var tunnelGBPFlags: KeyPlace { KeyPlace(37, 40, 8) }
  /// `tun_erspan_ver`, 4 bits.
  @inlinable public static var erspanVersion: KeyPlace { KeyPlace(37, 32, 8) }
  /// `tun_gtpu_flags`.
  @inlinable public static var gtpuFlags: KeyPlace { KeyPlace(37, 24, 8) }
  /// `tun_gtpu_msgtype`.
  @inlinable public static var gtpuMessageType: KeyPlace { KeyPlace(37, 16, 8) }
  /// `tun_erspan_dir`, 1 bit.
  @inlinable public static var erspanDirection: KeyPlace { KeyPlace(37, 8, 8) }
  /// `tun_erspan_hwid`, 6 bits.
  @inlinable public static var erspanHardwareID: KeyPlace { KeyPlace(37, 0, 8) }
  /// `tun_erspan_idx`, 20 bits.
  @inlinable public static var erspanIndex: KeyPlace { KeyPlace(38, 32, 32) }
  /// How many bytes of Geneve options there are.
  @inlinable public static var tunnelOptionByteCount: KeyPlace { KeyPlace(38, 0, 32) }

  // MARK: Segment `nsh`

  /// `nsh_flags`.
  @inlinable public static var nshFlags: KeyPlace { KeyPlace(39, 56, 8) }
  /// `nsh_mdtype`.
  @inlinable public static var nshMetadataType: KeyPlace { KeyPlace(39, 48, 8) }
  /// `nsh_np`.
  @inlinable public static var nshNextProtocol: KeyPlace { KeyPlace(39, 40, 8) }
  /// `nsh_ttl`.
  @inlinable public static var nshTTL: KeyPlace { KeyPlace(39, 32, 8) }
  /// `nsh_spi`.
  @inlinable public static var nshPathID: KeyPlace { KeyPlace(39, 8, 24) }
  /// `nsh_si`.
  @inlinable public static var nshServiceIndex: KeyPlace { KeyPlace(39, 0, 8) }
  /// `nsh_c1`.
  @inlinable public static var nshContext1: KeyPlace { KeyPlace(40, 32, 32) }
  /// `nsh_c2`.
  @inlinable public static var nshContext2: KeyPlace { KeyPlace(40, 0, 32) }
  /// `nsh_c3`.
  @inlinable public static var nshContext3: KeyPlace { KeyPlace(41, 32, 32) }
  /// `nsh_c4`.
  @inlinable public static var nshContext4: KeyPlace { KeyPlace(41, 0, 32) }
  static var padding42: KeyPlace { KeyPlace(42, 0, 128) }

  // MARK: Segment `pipeline`

  /// `metadata`.
  @inlinable public static var metadata: KeyPlace { KeyPlace(44, 0, 64) }
  /// `reg0` to `reg31`, two a word.
  @inlinable public static var registers: KeyPlace { KeyPlace(45, 0, 1024) }
  /// `conj_id`.
  @inlinable public static var conjunctionID: KeyPlace { KeyPlace(61, 32, 32) }
  /// `actset_output`.
  @inlinable public static var actionSetOutput: KeyPlace { KeyPlace(61, 0, 32) }

  // MARK: Segment `tunnelOptions`

  /// Geneve options as on the wire, two of their 32-bit words a word of the key, then zeros.
  @inlinable public static var tunnelOptions: KeyPlace { KeyPlace(62, 0, 2048) }
}
