import Datapath

extension Match {
  /// The match without those fields that no packet can have that has the rest, such as ports without a protocol.
  ///
  /// OpenFlow 1.0 cannot say whether such a field counts, so switches ignore it there.
  public func normalized() -> Match {
    var result = Match(key: key, mask: mask)
    for option in tunnelMetadata { result.set(option) }
    let type = FieldPrerequisite.etherType(of: key)
    let proto = key[word: 4, shift: 56, bitCount: 8]
    let isIP = type == 0x0800 || type == 0x86dd
    let isARP = type == 0x0806 || type == 0x8035
    let isICMPv6 = type == 0x86dd && proto == 58
    if !isARP && type != 0x0800 { result.clear(word: 3, ~0) }
    if !isIP { result.clear(word: 4, 0x00ff_ffff_0000_0000) }
    if !isIP && !isARP { result.clear(word: 4, 0xff00_0000_0000_0000) }
    let hasPorts = isIP && (proto == 6 || proto == 17 || proto == 132)
    if !hasPorts && !isICMPv6 && !(type == 0x0800 && proto == 1) { result.clear(word: 4, 0xffff_ffff) }
    if !(isIP && proto == 6) { result.clear(word: 5, 0xffff_0000_0000_0000) }
    if type != 0x86dd { for word in 10...14 { result.clear(word: word, ~0) } }
    if type != 0x8847 && type != 0x8848 { for word in 20...21 { result.clear(word: word, ~0) } }
    result.clearNeighbor(isARP: isARP, message: isICMPv6 ? key[word: 4, shift: 0, bitCount: 32] : 0)
    return result
  }

  /// Clears what only some messages of ARP and neighbour discovery have; `message` is type and code.
  private mutating func clearNeighbor(isARP: Bool, message: UInt64) {
    let isSolicit = message == 135 << 16
    let isAdvert = message == 136 << 16
    if !isSolicit && !isAdvert {
      for word in [15, 16, 19] { clear(word: word, ~0) }
      clear(word: 17, 0xffff)
    }
    if !isARP && !isSolicit { clear(word: 17, ~0xffff) }
    if !isARP && !isAdvert { clear(word: 18, ~0) }
  }
}
