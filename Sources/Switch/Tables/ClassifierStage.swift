import Datapath

/// The order in which a lookup looks at a key: metadata first, then layer 2, 3 and 4.
///
/// Most packets of one port that fail to match a rule fail early; what the later stages would have looked at then
/// stays wildcarded, and the datapath flow is wider. The stages are those of OVS, so that its masks are ours.
enum ClassifierStage {
  /// How many stages there are.
  static var count: Int { 4 }

  /// The bits of one word of a key that belong to a stage.
  static func bits(_ stage: Int, word: Int) -> UInt64 {
    switch word {
    case 4:
      // nw_proto, nw_tos, nw_ttl and nw_frag, then the transport ports.
      stage == 2 ? 0xffff_ffff_0000_0000 : stage == 3 ? 0x0000_0000_ffff_ffff : 0
    case 5:
      // tcp_flags, then the VLAN words.
      stage == 3 ? 0xffff_0000_0000_0000 : stage == 1 ? 0x0000_ffff_ffff_ffff : 0
    default:
      stage == self.stage(ofWord: word) ? ~0 : 0
    }
  }

  /// The stage of a word that belongs to one stage.
  private static func stage(ofWord word: Int) -> Int {
    switch word {
    case 1, 2, 20, 21: 1  // Ethernet, VLAN, MPLS
    case 3, 10...14, 24, 26...29: 2  // network addresses
    case 15...19, 25, 39...43: 3  // neighbour discovery, ARP addresses, original ports, NSH
    default: 0
    }
  }
}
