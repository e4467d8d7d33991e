import Datapath

/// The order in which a lookup looks at a key: metadata first, then layer 2, 3 and 4.
///
/// Most packets of one port that fail to match a rule fail early; what the later stages would have looked at then
/// stays wildcarded, and the datapath flow is wider. The stages are those of OVS, so that its masks are ours.
enum ClassifierStage {
  /// How many stages there are.
  static var count: Int { 4 }

  /// The bits of one word of a key that belong to a stage.
  static func bits(_ stage: Int, word: Int) -> UInt64 { masks[stage * FlowKey.wordCount + word] }

  /// The bits of each word of a key, stage by stage.
  private static let masks: [UInt64] = {
    var masks = [UInt64](repeating: 0, count: count * FlowKey.wordCount)
    for word in 0..<FlowKey.wordCount { masks[word] = ~0 }
    for (stage, places) in laterStages {
      for place in places {
        for word in place.words {
          masks[word] &= ~place.mask
          masks[stage * FlowKey.wordCount + word] |= place.mask
        }
      }
    }
    return masks
  }()

  /// What the stages after the first look at; the first has the rest.
  private static let laterStages: [(stage: Int, places: [KeyPlace])] = [
    // Ethernet, VLAN, MPLS.
    (
      1,
      [.ethDestination, .ethType, .ethSource, .vlanTCI, .furtherTags, KeySegment.mpls.place]
    ),
    // IP headers but for the ports, IPv6 and ARP addresses, the addresses of a connection's first packet.
    (
      2,
      [.ipAddresses, .ipHeader, KeySegment.ipv6.place, .ctAddresses, .ctIPv6Source, .ctIPv6Destination]
    ),
    // Ports, neighbour discovery and ARP's hardware addresses, the ports of a connection's first packet, NSH.
    (
      3,
      [
        .transportPorts, .tcpFlags, KeySegment.neighbor.place, .ctTransportPorts, KeySegment.nsh.place,
      ]
    ),
  ]
}
