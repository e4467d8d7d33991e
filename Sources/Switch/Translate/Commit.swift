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
  /// A field that a set action may write: some bits of a word, or all of two words.
  private struct Settable {
    let word: Int
    let mask: UInt64
    var wordCount = 1
  }

  private static let ethernet = [
    Settable(word: 1, mask: 0xffff_ffff_ffff_0000), Settable(word: 2, mask: 0xffff_ffff_ffff_0000),
  ]
  private static let ipv4 = [
    Settable(word: 3, mask: 0xffff_ffff_0000_0000), Settable(word: 3, mask: 0xffff_ffff),
    Settable(word: 4, mask: 0x00ff_0000_0000_0000), Settable(word: 4, mask: 0x0000_ff00_0000_0000),
  ]
  private static let ipv6 = [
    Settable(word: 10, mask: ~0, wordCount: 2), Settable(word: 12, mask: ~0, wordCount: 2),
    Settable(word: 14, mask: 0x000f_ffff_0000_0000),
    Settable(word: 4, mask: 0x00ff_0000_0000_0000), Settable(word: 4, mask: 0x0000_ff00_0000_0000),
  ]
  private static let ports = [Settable(word: 4, mask: 0xffff_0000), Settable(word: 4, mask: 0xffff)]
  private static let arp = [
    Settable(word: 3, mask: 0xffff_ffff_0000_0000), Settable(word: 3, mask: 0xffff_ffff),
    Settable(word: 4, mask: 0xff00_0000_0000_0000),
    Settable(word: 17, mask: 0xffff_ffff_ffff_0000), Settable(word: 18, mask: 0xffff_ffff_ffff_0000),
  ]
  private static let neighbor = [
    Settable(word: 15, mask: ~0, wordCount: 2),
    Settable(word: 17, mask: 0xffff_ffff_ffff_0000), Settable(word: 18, mask: 0xffff_ffff_ffff_0000),
  ]
  private static let mpls = [Settable(word: 20, mask: 0xffff_ffff_0000_0000)]
  private static let priority = [Settable(word: 8, mask: 0xffff_ffff)]
  private static let mark = [Settable(word: 7, mask: 0xffff_ffff)]

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
    case 0x0806, 0x8035: set(.arp, arp, key, &base, &wildcards, &actions)
    default: break
    }
    if type == 0x0800 || type == 0x86dd, key.fragment & 2 == 0 {
      setTransport(key, &base, &wildcards, &actions)
    }
    let hasLabels = key.isMPLS
    if hasLabels || base.isMPLS { commitMPLS(key, &base, &wildcards, &actions) }
    commitVLAN(key, &base, &wildcards, &actions)
    if (key.words[8] ^ base.words[8]) & 0xffff_ffff != 0 {
      wildcards.words[8] |= 0xffff_ffff
      set(.priority, priority, key, &base, &wildcards, &actions)
    }
    if (key.words[7] ^ base.words[7]) & 0xffff_ffff != 0 {
      wildcards.words[7] |= 0xffff_ffff
      set(.mark, mark, key, &base, &wildcards, &actions)
    }
  }

  /// Sets fields of an IP header, if there is one: a packet without a protocol has none.
  private static func setNetwork(
    _ attribute: KeyAttribute, _ fields: [Settable], _ key: borrowing FlowKey, _ base: inout FlowKey,
    _ wildcards: inout FlowKey, _ actions: inout [DatapathAction]
  ) {
    guard differ(key, base, fields) else { return }
    wildcards.words[4] |= 0xff << 56
    guard key.ipProtocol != 0 else { return }
    set(attribute, fields, key, &base, &wildcards, &actions)
  }

  private static func differ(
    _ key: borrowing FlowKey, _ base: borrowing FlowKey, _ fields: [Settable]
  ) -> Bool {
    for field in fields {
      for word in field.word..<(field.word + field.wordCount)
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
    _ attribute: KeyAttribute, _ fields: [Settable], _ key: borrowing FlowKey, _ base: inout FlowKey,
    _ wildcards: inout FlowKey, _ actions: inout [DatapathAction]
  ) {
    guard differ(key, base, fields) else { return }
    var value = FlowKey()
    var mask = FlowKey()
    for field in fields {
      var difference: UInt64 = 0
      for word in field.word..<(field.word + field.wordCount) {
        difference |= (key.words[word] ^ base.words[word]) & field.mask
      }
      guard difference != 0 else { continue }
      for word in field.word..<(field.word + field.wordCount) {
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
    wildcards.words[2] |= 0xffff
    wildcards.words[5] |= present.count - shared > 1 ? 0x0000_ffff_ffff_ffff : 0x0000_ffff_0000_0000
    for _ in shared..<present.count { actions.append(.popVLAN) }
    for tag in wanted[0..<(wanted.count - shared)].reversed() {
      actions.append(.pushVLAN(tpid: tag.tpid, tci: tag.tci))
    }
    base.vlanTCI = key.vlanTCI
    base.words[5] = base.words[5] & 0xffff_0000_0000_0000 | key.words[5] & 0x0000_ffff_ffff_ffff
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
    base.words[20] = key.words[20]
    base.words[21] = key.words[21]
  }

  /// The label stack entries of a key, the outermost first; the last one known may not be the bottom.
  static func entries(_ key: borrowing FlowKey) -> [UInt32] {
    guard key.isMPLS else { return [] }
    var entries: [UInt32] = []
    for raw in [key.words[20] >> 32, key.words[20] & 0xffff_ffff, key.words[21] >> 32] {
      let entry = UInt32(truncatingIfNeeded: raw)
      guard entry != 0 else { break }
      entries.append(entry)
      if entry & 0x100 != 0 { break }
    }
    return entries
  }
}
