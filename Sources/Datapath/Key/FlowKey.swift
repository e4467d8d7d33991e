// What: the flow key, everything about a packet that a rule may look at, as a fixed row of 64-bit words.
//
// Why: the exact-match cache, the masked flow table, the OpenFlow classifier and the netlink codec all need
// the same packet summary. One layout lets a mask be a key, lets matching be word arithmetic, and lets one
// table of fields (Field.swift) drive every text and binary codec.
//
// How: words are grouped into segments. A packet fills the base segment (one 64-byte cache line), and a
// further segment only if it has such headers; `segments` says which. Hashing and comparing visit the present
// segments alone, so an ordinary IPv4 packet costs eight words however long the layout grows. All values are
// host byte order; the words of absent segments are zero.

/// The parts of a flow key that a packet may or may not fill.
public struct KeySegments: OptionSet, Sendable, Hashable {
  /// One bit for each segment.
  public var rawValue: UInt16

  /// Makes a set from its bits.
  @inlinable
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// Words 0 to 7: ports, Ethernet, VLAN, IPv4 or ARP, transport ports, connection state; always present.
  public static var base: KeySegments { KeySegments(rawValue: 1 << 0) }
  /// Words 8 to 9: hash, priority, packet type.
  public static var metadata: KeySegments { KeySegments(rawValue: 1 << 1) }
  /// Words 10 to 14: IPv6 addresses and flow label.
  public static var ipv6: KeySegments { KeySegments(rawValue: 1 << 2) }
  /// Words 15 to 19: ARP hardware addresses, or IPv6 neighbour discovery.
  public static var neighbor: KeySegments { KeySegments(rawValue: 1 << 3) }
  /// Words 20 to 21: up to three MPLS label stack entries.
  public static var mpls: KeySegments { KeySegments(rawValue: 1 << 4) }
  /// Words 22 to 29: connection label and original tuple.
  public static var connection: KeySegments { KeySegments(rawValue: 1 << 5) }
  /// Words 30 to 38: tunnel addresses, key, flags.
  public static var tunnel: KeySegments { KeySegments(rawValue: 1 << 6) }
  /// Words 39 to 43: network service header.
  public static var nsh: KeySegments { KeySegments(rawValue: 1 << 7) }
  /// Words 44 to 61: OpenFlow pipeline fields; never filled in a datapath.
  public static var pipeline: KeySegments { KeySegments(rawValue: 1 << 8) }
  /// Words 62 to 93: Geneve options.
  public static var tunnelOptions: KeySegments { KeySegments(rawValue: 1 << 9) }

  /// The words of the segment with bit number `index`.
  @inlinable
  public static func words(ofSegment index: Int) -> Range<Int> {
    switch index {
    case 0: 0..<8
    case 1: 8..<10
    case 2: 10..<15
    case 3: 15..<20
    case 4: 20..<22
    case 5: 22..<30
    case 6: 30..<39
    case 7: 39..<44
    case 8: 44..<62
    default: 62..<94
    }
  }

  /// How many segments there are.
  @inlinable
  public static var count: Int { 10 }
}

/// A packet's headers and metadata, or a mask over them, as 64-bit words in host byte order.
///
/// | word | high … low bits |
/// | --- | --- |
/// | 0 | in_port 32, recirc_id 32 |
/// | 1 | eth_dst 48, eth_type 16 |
/// | 2 | eth_src 48, vlan_tci 16 (bit 12 set when a tag is present) |
/// | 3 | IPv4 source or ARP spa 32, IPv4 destination or ARP tpa 32 |
/// | 4 | nw_proto or arp_op 8, nw_tos 8, nw_ttl 8, nw_frag 8, tp_src or icmp_type 16, tp_dst or icmp_code 16 |
/// | 5 | tcp_flags 16, vlan_tpid 16, inner vlan_tci 16, inner vlan_tpid 16 |
/// | 6 | ct_state 32, ct_mark 32 |
/// | 7 | ct_zone 16, ct_nw_proto 8, zero 8, pkt_mark 32 |
/// | 8 | dp_hash 32, skb_priority 32 |
/// | 9 | packet_type 32, zero 32 |
/// | 10, 11 | ipv6_src |
/// | 12, 13 | ipv6_dst |
/// | 14 | ipv6_label 32, zero 32 |
/// | 15, 16 | nd_target |
/// | 17 | arp_sha or nd_sll 48, nd_options_type 8, zero 8 |
/// | 18 | arp_tha or nd_tll 48, zero 16 |
/// | 19 | nd_reserved 32, zero 32 |
/// | 20 | MPLS entry 0 32, MPLS entry 1 32 |
/// | 21 | MPLS entry 2 32, zero 32 |
/// | 22, 23 | ct_label |
/// | 24 | ct_nw_src 32, ct_nw_dst 32 |
/// | 25 | ct_tp_src 16, ct_tp_dst 16, zero 32 |
/// | 26, 27 | ct_ipv6_src |
/// | 28, 29 | ct_ipv6_dst |
/// | 30 | tun_src 32, tun_dst 32 |
/// | 31, 32 | tun_ipv6_src |
/// | 33, 34 | tun_ipv6_dst |
/// | 35 | tun_id |
/// | 36 | tun_flags 16, tun_tos 8, tun_ttl 8, tun_tp_src 16, tun_tp_dst 16 |
/// | 37 | tun_gbp_id 16, tun_gbp_flags 8, erspan version 8, gtpu flags 8, gtpu message type 8, erspan dir 8, erspan hwid 8 |
/// | 38 | erspan index 32, geneve options byte count 32 |
/// | 39 | nsh flags 8, mdtype 8, np 8, ttl 8, path header 32 |
/// | 40 | nsh_c1 32, nsh_c2 32 |
/// | 41 | nsh_c3 32, nsh_c4 32 |
/// | 42, 43 | zero |
/// | 44 | metadata |
/// | 45 to 60 | reg0 high, reg1 low; … reg30, reg31 |
/// | 61 | conj_id 32, actset_output 32 |
/// | 62 to 93 | Geneve options as on the wire, zero padded |
public struct FlowKey: Sendable {
  /// How many words a key has.
  @inlinable
  public static var wordCount: Int { 94 }

  /// The words, laid out as the type's table says.
  public var words: InlineArray<94, UInt64>

  /// A key whose words are all zero.
  @inlinable
  public init() { words = InlineArray(repeating: 0) }

  /// Reads or writes `bitCount` (at most 64) bits of one word, `shift` bits above its lowest.
  @inlinable @inline(__always)
  public subscript(word word: Int, shift shift: Int, bitCount bitCount: Int) -> UInt64 {
    get { (words[word] >> UInt64(shift)) & FlowKey.lowBits(bitCount) }
    set {
      let mask = FlowKey.lowBits(bitCount) << UInt64(shift)
      words[word] = (words[word] & ~mask) | ((newValue << UInt64(shift)) & mask)
    }
  }

  /// An integer whose low `count` bits (0 to 64) are one.
  @inlinable
  public static func lowBits(_ count: Int) -> UInt64 {
    count >= 64 ? ~0 : (1 << UInt64(count)) &- 1
  }
}

extension FlowKey: Equatable {
  /// Whether two keys agree in every word.
  public static func == (left: FlowKey, right: FlowKey) -> Bool {
    for index in 0..<FlowKey.wordCount where left.words[index] != right.words[index] { return false }
    return true
  }
}
