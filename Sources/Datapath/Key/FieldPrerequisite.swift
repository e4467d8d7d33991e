// Which packets have a field.

extension FieldPrerequisite {
  /// Whether a packet with this key has what the field needs.
  public func isSatisfied(by key: borrowing FlowKey) -> Bool {
    let type = FieldPrerequisite.etherType(of: key)
    let proto = key[.ipProtocol]
    // ICMP's type and code. A later fragment has no transport header.
    let transport = key[.transportPorts]
    let isLaterFragment = key[.laterFragment] != 0
    let isIP = type == 0x0800 || type == 0x86dd
    switch self {
    case .none: return true
    case .ethernet: return key[.packetType] == 0
    case .arp: return type == 0x0806 || type == 0x8035
    case .vlan: return key[.vlanTCI] & VLANBits.present != 0
    case .ipv4: return type == 0x0800
    case .ipv6: return type == 0x86dd
    case .ip: return isIP
    case .nsh: return type == 0x894f
    case .connection:
      // A valid connection is always new, established or in its reply direction.
      return key[.ctState] & 0x0b != 0
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
    let type = UInt16(truncatingIfNeeded: key[.ethType])
    let packetType = key[.packetType]
    return type == 0 && packetType >> 16 == 1 ? UInt16(truncatingIfNeeded: packetType) : type
  }

  /// Whether every packet that a rule matches has what the field needs.
  ///
  /// The words that a rule does not match are zero in its key, and no prerequisite asks for a zero but an
  /// Ethernet packet type, which is the default.
  public func isSatisfied(byRule key: borrowing FlowKey, mask: borrowing FlowKey) -> Bool {
    if self == .connection {
      // Bits that only a valid connection has, or a tracked packet that is said not to be invalid.
      let state = key[.ctState]
      let seen = mask[.ctState]
      return state & 0xcf != 0 || (state & 0x30 == 0x20 && seen & 0x10 != 0)
    }
    return isSatisfied(by: key)
  }

  /// Makes a mask see the fields that `isSatisfied(by:)` looked at.
  public func unwildcard(in mask: inout FlowKey) {
    switch self {
    case .none: return
    case .ethernet: mask.fill(.packetType)
    case .vlan: mask[.vlanTCI] |= VLANBits.present
    case .connection: mask[.ctState] |= 0x0b
    case .arp, .ipv4, .ipv6, .ip, .nsh, .mpls: mask.fill(.ethType)
    case .tcp, .udp, .sctp:
      mask.fill(.ethType)
      mask.fill(.ipProtocol)
      mask.fill(.laterFragment)
    case .icmpv4, .icmpv6:
      mask.fill(.ethType)
      mask.fill(.ipProtocol)
    case .neighborDiscovery, .neighborSolicit, .neighborAdvert:
      mask.fill(.ethType)
      mask.fill(.ipProtocol)
      mask.fill(.transportPorts)
    }
  }
}
