// What: the datapath actions that turn a packet with one set of headers into one with another.
//
// Why: OpenFlow actions change the key as they run; the packet itself is changed only when it is sent somewhere, and
// then only where the two differ. Ten writes to a field cost one set action, or none.
//
// How: a table lists, for each key attribute, the fields that a set action may write. Those that differ are set, under
// the bits that the translation has looked at or written, so that bits that no rule cares for are left alone.

import Datapath

/// Emits the differences between two keys.
enum Commit {
  // What set actions may write, field by field.
  private static let ethernet: [KeyPlace] = [.ethDestination, .ethSource]
  private static let ipv4: [KeyPlace] = [.ipSource, .ipDestination, .ipTOS, .ipTTL]
  private static let ipv6: [KeyPlace] = [.ipv6Source, .ipv6Destination, .ipv6Label.low(20), .ipTOS, .ipTTL]
  private static let ports: [KeyPlace] = [.transportSource, .transportDestination]
  private static let arp: [KeyPlace] = [.ipSource, .ipDestination, .ipProtocol, .sourceLink, .targetLink]
  private static let neighbor: [KeyPlace] = [.ndTarget, .sourceLink, .targetLink]
  private static let mpls: [KeyPlace] = [.mplsEntry0]
  private static let priority: [KeyPlace] = [.skbPriority]
  private static let mark: [KeyPlace] = [.packetMark]

  /// Adds the actions that make `base` what `key` is, and makes it so.
  static func run(
    _ key: borrowing FlowKey, base: inout FlowKey, wildcards: inout FlowKey, actions: inout [DatapathAction]
  ) {
    set(.ethernet, ethernet, key, &base, &wildcards, &actions)
    // Only beneath the labels are there addresses to set.
    if base.isMPLS, !key.isMPLS { commitMPLS(key, &base, &wildcards, &actions) }
    let type = key.etherType
    switch type {
    case 0x0800: setNetwork(.ipv4, ipv4, key, &base, &wildcards, &actions)
    case 0x86dd: setNetwork(.ipv6, ipv6, key, &base, &wildcards, &actions)
    // Behind a label that was taken off nothing is known, and nothing to be set.
    case 0x0806, 0x8035: if key.ipProtocol != 0 { set(.arp, arp, key, &base, &wildcards, &actions) }
    default: break
    }
    if type == 0x0800 || type == 0x86dd, key.fragment & 2 == 0 {
      setTransport(key, &base, &wildcards, &actions)
    }
    let hasLabels = key.isMPLS
    if hasLabels || base.isMPLS { commitMPLS(key, &base, &wildcards, &actions) }
    commitVLAN(key, &base, &wildcards, &actions)
    if key[.skbPriority] != base[.skbPriority] {
      wildcards.fill(.skbPriority)
      set(.priority, priority, key, &base, &wildcards, &actions)
    }
    if key[.packetMark] != base[.packetMark] {
      wildcards.fill(.packetMark)
      set(.mark, mark, key, &base, &wildcards, &actions)
    }
  }

  /// Sets fields of an IP header, if there is one: a packet without a protocol has none.
  private static func setNetwork(
    _ attribute: KeyAttribute, _ fields: [KeyPlace], _ key: borrowing FlowKey, _ base: inout FlowKey,
    _ wildcards: inout FlowKey, _ actions: inout [DatapathAction]
  ) {
    guard differ(key, base, fields) else { return }
    // A label has hidden the header meanwhile.
    if key.ipProtocol == 0, base.ipProtocol != 0 { return }
    wildcards.fill(.ipProtocol)
    guard key.ipProtocol != 0 else { return }
    set(attribute, fields, key, &base, &wildcards, &actions)
  }

  private static func differ(
    _ key: borrowing FlowKey, _ base: borrowing FlowKey, _ fields: [KeyPlace]
  ) -> Bool {
    for field in fields {
      for word in field.words
      where (key.words[word] ^ base.words[word]) & field.mask != 0 {
        return true
      }
    }
    return false
  }

  private static func setTransport(
    _ key: borrowing FlowKey, _ base: inout FlowKey, _ wildcards: inout FlowKey,
    _ actions: inout [DatapathAction]
  ) {
    switch key.ipProtocol {
    case 6: set(.tcp, ports, key, &base, &wildcards, &actions)
    case 17: set(.udp, ports, key, &base, &wildcards, &actions)
    case 132: set(.sctp, ports, key, &base, &wildcards, &actions)
    case 1: set(.icmp, ports, key, &base, &wildcards, &actions)
    case 58:
      set(.neighborDiscovery, neighbor, key, &base, &wildcards, &actions)
      set(.icmpv6, ports, key, &base, &wildcards, &actions)
    default: break
    }
  }

  private static func set(
    _ attribute: KeyAttribute, _ fields: [KeyPlace], _ key: borrowing FlowKey, _ base: inout FlowKey,
    _ wildcards: inout FlowKey, _ actions: inout [DatapathAction]
  ) {
    guard differ(key, base, fields) else { return }
    var value = FlowKey()
    var mask = FlowKey()
    for field in fields {
      var difference: UInt64 = 0
      for word in field.words {
        difference |= (key.words[word] ^ base.words[word]) & field.mask
      }
      guard difference != 0 else { continue }
      for word in field.words {
        // Whatever differs was written, and counts as looked at even if nobody said so.
        wildcards.words[word] |= (key.words[word] ^ base.words[word]) & field.mask
        value.words[word] |= key.words[word] & field.mask
        mask.words[word] |= wildcards.words[word] & field.mask
        base.words[word] = base.words[word] & ~field.mask | key.words[word] & field.mask
      }
    }
    actions.append(.set(SetAction(attribute, value: value, mask: mask)))
  }

  private static func commitVLAN(
    _ key: borrowing FlowKey, _ base: inout FlowKey, _ wildcards: inout FlowKey,
    _ actions: inout [DatapathAction]
  ) {
    let wanted = tags(key)
    let present = tags(base)
    var shared = 0
    // Tags agree from the inside out.
    while shared < min(wanted.count, present.count),
      wanted[wanted.count - 1 - shared] == present[present.count - 1 - shared]
    { shared += 1 }
    guard shared < max(wanted.count, present.count) else { return }
    wildcards.fill(.vlanTCI)
    wildcards.fill(present.count - shared > 1 ? .furtherTags : .vlanTPID)
    for _ in shared..<present.count { actions.append(.popVLAN) }
    for tag in wanted[0..<(wanted.count - shared)].reversed() {
      actions.append(.pushVLAN(tpid: tag.tpid, tci: tag.tci))
    }
    base.vlanTCI = key.vlanTCI
    base[.furtherTags] = key[.furtherTags]
  }

  private struct Tag: Equatable {
    var tci: UInt16
    var tpid: UInt16
  }

  private static func tags(_ key: borrowing FlowKey) -> [Tag] {
    var tags: [Tag] = []
    guard key.vlanTCI & 0x1000 != 0 else { return tags }
    tags.append(Tag(tci: key.vlanTCI, tpid: key.vlanTPID == 0 ? 0x8100 : key.vlanTPID))
    if key.innerVLANTCI & 0x1000 != 0 {
      tags.append(Tag(tci: key.innerVLANTCI, tpid: key.innerVLANTPID == 0 ? 0x8100 : key.innerVLANTPID))
    }
    return tags
  }

  private static func commitMPLS(
    _ key: borrowing FlowKey, _ base: inout FlowKey, _ wildcards: inout FlowKey,
    _ actions: inout [DatapathAction]
  ) {
    let wanted = entries(key)
    var present = entries(base)
    while present.count > wanted.count {
      present.removeFirst()
      actions.append(.popMPLS(etherType: present.isEmpty ? key.etherType : base.etherType))
    }
    if !wanted.isEmpty, present.count == wanted.count {
      set(.mpls, mpls, key, &base, &wildcards, &actions)
    }
    while present.count < wanted.count {
      let entry = wanted[wanted.count - present.count - 1]
      present.insert(entry, at: 0)
      actions.append(.pushMPLS(entry: entry, etherType: key.etherType))
    }
    base.etherType = key.etherType
    for index in 0..<KeyPlace.mplsEntryCount { base[.mplsEntry(index)] = key[.mplsEntry(index)] }
  }

  /// The label stack entries of a key, the outermost first; the last one known may not be the bottom.
  static func entries(_ key: borrowing FlowKey) -> [UInt32] {
    guard key.isMPLS else { return [] }
    var entries: [UInt32] = []
    for index in 0..<KeyPlace.mplsEntryCount {
      let entry = UInt32(truncatingIfNeeded: key.mplsEntry(index))
      guard entry != 0 else { break }
      entries.append(entry)
      if entry & 0x100 != 0 { break }
    }
    return entries
  }
}
