// Which packets have a field.

extension FieldPrerequisite {
  /// Whether a packet with this key has what the field needs.
  public func isSatisfied(by key: borrowing FlowKey) -> Bool {
    let type = FieldPrerequisite.etherType(of: key)
    let proto = key.words[4] >> 56
    // The low 32 bits hold ICMP's type and code; above them, bit 33 marks a later fragment, which has no
    // transport header.
    let transport = key.words[4] & 0xffff_ffff
    let isLaterFragment = key.words[4] & 1 << 33 != 0
    let isIP = type == 0x0800 || type == 0x86dd
    switch self {
    case .none: return true
    case .ethernet: return key.words[9] >> 32 == 0
    case .arp: return type == 0x0806 || type == 0x8035
    case .vlan: return key.words[2] & 0x1000 != 0
    case .ipv4: return type == 0x0800
    case .ipv6: return type == 0x86dd
    case .ip: return isIP
    case .nsh: return type == 0x894f
    case .connection:
      // A valid connection is always new, established or in its reply direction.
      return (key.words[6] >> 32) & 0x0b != 0
    case .mpls: return type == 0x8847 || type == 0x8848
    case .tcp: return isIP && proto == 6 && !isLaterFragment
    case .udp: return isIP && proto == 17 && !isLaterFragment
    case .sctp: return isIP && proto == 132 && !isLaterFragment
    case .icmpv4: return type == 0x0800 && proto == 1
    case .icmpv6: return type == 0x86dd && proto == 58
    case .neighborDiscovery:
      let isNeighbor = transport == 135 << 16 || transport == 136 << 16
      return type == 0x86dd && proto == 58 && isNeighbor
    case .neighborSolicit: return type == 0x86dd && proto == 58 && transport == 135 << 16
    case .neighborAdvert: return type == 0x86dd && proto == 58 && transport == 136 << 16
    }
  }

  /// The EtherType, or that which the packet type gives for a packet without an Ethernet header.
  public static func etherType(of key: borrowing FlowKey) -> UInt16 {
    let type = UInt16(truncatingIfNeeded: key.words[1])
    let packetType = key.words[9] >> 32
    return type == 0 && packetType >> 16 == 1 ? UInt16(truncatingIfNeeded: packetType) : type
  }

  /// Whether every packet that a rule matches has what the field needs.
  ///
  /// The words that a rule does not match are zero in its key, and no prerequisite asks for a zero but an
  /// Ethernet packet type, which is the default.
  public func isSatisfied(byRule key: borrowing FlowKey, mask: borrowing FlowKey) -> Bool {
    if self == .connection {
      // Bits that only a valid connection has, or a tracked packet that is said not to be invalid.
      let state = key.words[6] >> 32
      let seen = mask.words[6] >> 32
      return state & 0xcf != 0 || (state & 0x30 == 0x20 && seen & 0x10 != 0)
    }
    return isSatisfied(by: key)
  }

  /// Makes a mask see the fields that `isSatisfied(by:)` looked at.
  public func unwildcard(in mask: inout FlowKey) {
    switch self {
    case .none: return
    case .ethernet: mask.words[9] |= 0xffff_ffff_0000_0000
    case .vlan: mask.words[2] |= 0x1000
    case .connection: mask.words[6] |= 0x0b << 32
    case .arp, .ipv4, .ipv6, .ip, .nsh, .mpls: mask.words[1] |= 0xffff
    case .tcp, .udp, .sctp:
      mask.words[1] |= 0xffff
      mask.words[4] |= 0xff << 56 | 0x2 << 32
    case .icmpv4, .icmpv6:
      mask.words[1] |= 0xffff
      mask.words[4] |= 0xff << 56
    case .neighborDiscovery, .neighborSolicit, .neighborAdvert:
      mask.words[1] |= 0xffff
      mask.words[4] |= 0xff << 56 | 0xffff_ffff
    }
  }
}
