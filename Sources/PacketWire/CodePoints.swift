// Open code points: numbers that registries hand out. A value that has no name here survives unchanged.

/// An Ethernet type (IEEE 802.3, registered with IEEE).
public struct EtherType: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  /// The number on the wire, in host order.
  public let rawValue: UInt16

  /// Makes a type from its number.
  @inlinable
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// The smallest number that is a type; a smaller one is the length of an 802.3 frame.
  @inlinable
  public static var minimum: UInt16 { 0x600 }

  /// IPv4.
  @inlinable
  public static var ipv4: EtherType { EtherType(rawValue: 0x0800) }
  /// ARP.
  @inlinable
  public static var arp: EtherType { EtherType(rawValue: 0x0806) }
  /// Transparent Ethernet bridging, an Ethernet frame within GRE or Geneve.
  @inlinable
  public static var ethernet: EtherType { EtherType(rawValue: 0x6558) }
  /// Reverse ARP.
  @inlinable
  public static var rarp: EtherType { EtherType(rawValue: 0x8035) }
  /// An IEEE 802.1Q customer tag.
  @inlinable
  public static var vlan: EtherType { EtherType(rawValue: 0x8100) }
  /// IPv6.
  @inlinable
  public static var ipv6: EtherType { EtherType(rawValue: 0x86dd) }
  /// Slow protocols, such as LACP.
  @inlinable
  public static var slowProtocols: EtherType { EtherType(rawValue: 0x8809) }
  /// MPLS unicast.
  @inlinable
  public static var mpls: EtherType { EtherType(rawValue: 0x8847) }
  /// MPLS with an upstream-assigned label, formerly MPLS multicast.
  @inlinable
  public static var mplsMulticast: EtherType { EtherType(rawValue: 0x8848) }
  /// An IEEE 802.1ad service tag.
  @inlinable
  public static var serviceVLAN: EtherType { EtherType(rawValue: 0x88a8) }
  /// ERSPAN type II.
  @inlinable
  public static var erspan2: EtherType { EtherType(rawValue: 0x88be) }
  /// LLDP.
  @inlinable
  public static var lldp: EtherType { EtherType(rawValue: 0x88cc) }
  /// Connectivity fault management (IEEE 802.1ag).
  @inlinable
  public static var faultManagement: EtherType { EtherType(rawValue: 0x8902) }
  /// A network service header (RFC 8300).
  @inlinable
  public static var networkService: EtherType { EtherType(rawValue: 0x894f) }
  /// ERSPAN type III.
  @inlinable
  public static var erspan3: EtherType { EtherType(rawValue: 0x22eb) }
  /// What a flow key holds for a frame that has a length in place of a type.
  @inlinable
  public static var none: EtherType { EtherType(rawValue: 0x05ff) }

  /// Whether a VLAN tag follows.
  @inlinable
  public var isVLAN: Bool { self == .vlan || self == .serviceVLAN }
  /// Whether an MPLS label stack follows.
  @inlinable
  public var isMPLS: Bool { self == .mpls || self == .mplsMulticast }
}

/// An IP protocol number (IANA, "Assigned Internet Protocol Numbers").
public struct IPProtocol: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  /// The number on the wire.
  public let rawValue: UInt8

  /// Makes a protocol from its number.
  @inlinable
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// IPv6 hop-by-hop options.
  @inlinable
  public static var hopByHopOptions: IPProtocol { IPProtocol(rawValue: 0) }
  /// ICMP for IPv4.
  @inlinable
  public static var icmp: IPProtocol { IPProtocol(rawValue: 1) }
  /// IGMP.
  @inlinable
  public static var igmp: IPProtocol { IPProtocol(rawValue: 2) }
  /// IPv4 within IP.
  @inlinable
  public static var ipv4: IPProtocol { IPProtocol(rawValue: 4) }
  /// TCP.
  @inlinable
  public static var tcp: IPProtocol { IPProtocol(rawValue: 6) }
  /// UDP.
  @inlinable
  public static var udp: IPProtocol { IPProtocol(rawValue: 17) }
  /// IPv6 within IP.
  @inlinable
  public static var ipv6: IPProtocol { IPProtocol(rawValue: 41) }
  /// The IPv6 routing header.
  @inlinable
  public static var ipv6Routing: IPProtocol { IPProtocol(rawValue: 43) }
  /// The IPv6 fragment header.
  @inlinable
  public static var ipv6Fragment: IPProtocol { IPProtocol(rawValue: 44) }
  /// GRE.
  @inlinable
  public static var gre: IPProtocol { IPProtocol(rawValue: 47) }
  /// The encapsulating security payload.
  @inlinable
  public static var encapsulatingSecurity: IPProtocol { IPProtocol(rawValue: 50) }
  /// The authentication header.
  @inlinable
  public static var authentication: IPProtocol { IPProtocol(rawValue: 51) }
  /// ICMP for IPv6.
  @inlinable
  public static var icmpv6: IPProtocol { IPProtocol(rawValue: 58) }
  /// IPv6: nothing follows.
  @inlinable
  public static var noNextHeader: IPProtocol { IPProtocol(rawValue: 59) }
  /// IPv6 destination options.
  @inlinable
  public static var destinationOptions: IPProtocol { IPProtocol(rawValue: 60) }
  /// SCTP.
  @inlinable
  public static var sctp: IPProtocol { IPProtocol(rawValue: 132) }
  /// IPv6 mobility header.
  @inlinable
  public static var mobility: IPProtocol { IPProtocol(rawValue: 135) }
  /// UDP-Lite.
  @inlinable
  public static var udpLite: IPProtocol { IPProtocol(rawValue: 136) }
}
