// What: a masked rewrite of the fields of one key attribute, such as `set(ipv4(ttl=63))`.
//
// Why words: a set action says which bits of which key words change to what. Kept so, the engine applies it to
// the key with two operations a word, the codec reads it through the same tables as a match, and the translator
// makes one from the difference of two keys.

/// Some bits of one word of a flow key.
public struct MaskedWord: Equatable, Sendable {
  /// The word's index in the key.
  public var index: Int
  /// The value of the bits, zero where the mask is.
  public var value: UInt64
  /// Which bits are meant.
  public var mask: UInt64

  /// Makes a masked word; bits outside the mask are cleared from the value.
  public init(index: Int, value: UInt64, mask: UInt64) {
    self.index = index
    self.value = value & mask
    self.mask = mask
  }
}

/// Rewrites fields of one key attribute (`OVS_ACTION_ATTR_SET` and `SET_MASKED`).
public struct SetAction: Equatable, Sendable {
  /// The attribute whose fields change.
  public var attribute: KeyAttribute
  /// The bits that change, at most one entry a word, in the order of words.
  public var words: [MaskedWord]

  /// Makes a set action of words that the caller has chosen.
  public init(attribute: KeyAttribute, words: [MaskedWord]) {
    self.attribute = attribute
    self.words = words
  }

  /// Makes a set action of those bits of `mask` that belong to the attribute.
  public init(_ attribute: KeyAttribute, value: FlowKey, mask: FlowKey) {
    self.attribute = attribute
    self.words = []
    for place in attribute.places {
      let bits = mask.words[place.index] & place.mask
      if bits != 0 {
        words.append(MaskedWord(index: place.index, value: value.words[place.index], mask: bits))
      }
    }
  }

  /// The new values, as a key.
  public var value: FlowKey {
    var key = FlowKey()
    for word in words where word.index < FlowKey.wordCount { key.words[word.index] = word.value }
    return key
  }

  /// The bits that change, as a key.
  public var mask: FlowKey {
    var key = FlowKey()
    for word in words where word.index < FlowKey.wordCount { key.words[word.index] = word.mask }
    return key
  }
}

/// A group of key fields that travels as one netlink attribute (`enum ovs_key_attr`).
public struct KeyAttribute: RawRepresentable, Hashable, Sendable {
  /// The attribute's type on the wire.
  public var rawValue: UInt16

  /// Makes an attribute from its type.
  @inlinable
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// The headers behind a VLAN tag, nested.
  public static var encapsulated: KeyAttribute { KeyAttribute(rawValue: 1) }
  /// The packet's priority.
  public static var priority: KeyAttribute { KeyAttribute(rawValue: 2) }
  /// The port that the packet came in by.
  public static var inPort: KeyAttribute { KeyAttribute(rawValue: 3) }
  /// Ethernet addresses.
  public static var ethernet: KeyAttribute { KeyAttribute(rawValue: 4) }
  /// A VLAN tag.
  public static var vlan: KeyAttribute { KeyAttribute(rawValue: 5) }
  /// The Ethernet type.
  public static var etherType: KeyAttribute { KeyAttribute(rawValue: 6) }
  /// IPv4 header fields.
  public static var ipv4: KeyAttribute { KeyAttribute(rawValue: 7) }
  /// IPv6 header fields.
  public static var ipv6: KeyAttribute { KeyAttribute(rawValue: 8) }
  /// TCP ports.
  public static var tcp: KeyAttribute { KeyAttribute(rawValue: 9) }
  /// UDP ports.
  public static var udp: KeyAttribute { KeyAttribute(rawValue: 10) }
  /// ICMP type and code.
  public static var icmp: KeyAttribute { KeyAttribute(rawValue: 11) }
  /// ICMPv6 type and code.
  public static var icmpv6: KeyAttribute { KeyAttribute(rawValue: 12) }
  /// ARP fields.
  public static var arp: KeyAttribute { KeyAttribute(rawValue: 13) }
  /// IPv6 neighbour discovery fields.
  public static var neighborDiscovery: KeyAttribute { KeyAttribute(rawValue: 14) }
  /// The packet's mark.
  public static var mark: KeyAttribute { KeyAttribute(rawValue: 15) }
  /// Tunnel metadata, nested.
  public static var tunnel: KeyAttribute { KeyAttribute(rawValue: 16) }
  /// SCTP ports.
  public static var sctp: KeyAttribute { KeyAttribute(rawValue: 17) }
  /// TCP flags.
  public static var tcpFlags: KeyAttribute { KeyAttribute(rawValue: 18) }
  /// The hash that a hash action computed.
  public static var datapathHash: KeyAttribute { KeyAttribute(rawValue: 19) }
  /// The recirculation id.
  public static var recirculation: KeyAttribute { KeyAttribute(rawValue: 20) }
  /// MPLS label stack entries.
  public static var mpls: KeyAttribute { KeyAttribute(rawValue: 21) }
  /// Connection state bits.
  public static var connectionState: KeyAttribute { KeyAttribute(rawValue: 22) }
  /// Connection zone.
  public static var connectionZone: KeyAttribute { KeyAttribute(rawValue: 23) }
  /// Connection mark.
  public static var connectionMark: KeyAttribute { KeyAttribute(rawValue: 24) }
  /// Connection label.
  public static var connectionLabel: KeyAttribute { KeyAttribute(rawValue: 25) }
  /// A connection's original IPv4 tuple.
  public static var connectionTuple4: KeyAttribute { KeyAttribute(rawValue: 26) }
  /// A connection's original IPv6 tuple.
  public static var connectionTuple6: KeyAttribute { KeyAttribute(rawValue: 27) }
  /// Network service header.
  public static var nsh: KeyAttribute { KeyAttribute(rawValue: 28) }
  /// The kind of outermost header, namespace and type.
  public static var packetType: KeyAttribute { KeyAttribute(rawValue: 29) }
  /// Neighbour discovery flags and options.
  public static var neighborExtensions: KeyAttribute { KeyAttribute(rawValue: 30) }

  /// The words and bits of the key that the attribute's fields occupy.
  public var places: [(index: Int, mask: UInt64)] {
    var places: [(index: Int, mask: UInt64)] = []
    for field in fields {
      for word in field.words { places.append((word, field.mask)) }
    }
    return places
  }

  /// The places of the attribute's fields, no two in one word.
  private var fields: [KeyPlace] {
    switch self {
    case .priority: [.skbPriority]
    case .inPort: [.inPort]
    case .ethernet: [.ethDestination, .ethSource]
    case .vlan: [.vlanTCI, .vlanTPID]
    case .etherType: [.ethType]
    case .ipv4: [.ipAddresses, .ipHeader]
    case .ipv6: [.ipHeader, .ipv6Source, .ipv6Destination, .ipv6Label]
    case .tcp, .udp, .sctp, .icmp, .icmpv6: [.transportPorts]
    case .arp: [.ipAddresses, .ipProtocol, .sourceLink, .targetLink]
    case .neighborDiscovery: [.ndTarget, .sourceLink, .targetLink]
    case .mark: [.packetMark]
    case .tunnel: [KeySegment.tunnel.place, KeySegment.tunnelOptions.place]
    case .tcpFlags: [.tcpFlags]
    case .datapathHash: [.datapathHash]
    case .recirculation: [.recirculationID]
    case .mpls: [KeyPlace.mplsEntry0.through(.mplsEntry1), .mplsEntry2]
    case .connectionState: [.ctState]
    case .connectionZone: [.ctZone]
    case .connectionMark: [.ctMark]
    case .connectionLabel: [.ctLabel]
    case .connectionTuple4: [.ctProtocol, .ctAddresses, .ctTransportPorts]
    case .connectionTuple6: [.ctProtocol, .ctTransportPorts, .ctIPv6Source, .ctIPv6Destination]
    case .nsh:
      [
        KeyPlace.nshFlags.through(.nshServiceIndex), KeyPlace.nshContext1.through(.nshContext2),
        KeyPlace.nshContext3.through(.nshContext4),
      ]
    case .packetType: [.packetType]
    case .neighborExtensions: [.ndOptionsType, .ndReserved]
    default: []
    }
  }
}

/// Flags of a tunnel key (`tun_flags`), numbered as OpenFlow's field and OVS's flow structure number them.
public struct TunnelFlags: OptionSet, Sendable, Hashable {
  /// The bits.
  public var rawValue: UInt16

  /// Makes a set of flags from its bits.
  @inlinable
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// The packet is for operations and maintenance (Geneve's O bit).
  public static var operations: TunnelFlags { TunnelFlags(rawValue: 1 << 0) }
  /// The outer header forbids fragments.
  public static var dontFragment: TunnelFlags { TunnelFlags(rawValue: 1 << 1) }
  /// The outer header has a checksum.
  public static var checksum: TunnelFlags { TunnelFlags(rawValue: 1 << 2) }
  /// The tunnel header has a key.
  public static var key: TunnelFlags { TunnelFlags(rawValue: 1 << 3) }
}
