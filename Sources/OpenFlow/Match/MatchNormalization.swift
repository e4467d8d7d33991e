import Datapath

extension Match {
  /// The match without those fields that no packet can have that has the rest, such as ports without a protocol.
  ///
  /// OpenFlow 1.0 cannot say whether such a field counts, so switches ignore it there.
  public func normalized() -> Match {
    var result = Match(key: key, mask: mask)
    for option in tunnelMetadata { result.set(option) }
    let type = FieldPrerequisite.etherType(of: key)
    let proto = key[.ipProtocol]
    let isIP = type == 0x0800 || type == 0x86dd
    let isARP = type == 0x0806 || type == 0x8035
    let isICMPv6 = type == 0x86dd && proto == 58
    if !isARP && type != 0x0800 { result.clear(.ipAddresses) }
    if !isIP { result.clear(.ipTOS.through(.ipFragment)) }
    if !isIP && !isARP { result.clear(.ipProtocol) }
    let hasPorts = isIP && (proto == 6 || proto == 17 || proto == 132)
    if !hasPorts && !isICMPv6 && !(type == 0x0800 && proto == 1) { result.clear(.transportPorts) }
    if !(isIP && proto == 6) { result.clear(.tcpFlags) }
    if type != 0x86dd { result.clear(KeySegment.ipv6.place) }
    if type != 0x8847 && type != 0x8848 { result.clear(KeySegment.mpls.place) }
    result.clearNeighbor(isARP: isARP, message: isICMPv6 ? key[.transportPorts] : 0)
    return result
  }

  /// Clears what only some messages of ARP and neighbour discovery have; `message` is type and code.
  private mutating func clearNeighbor(isARP: Bool, message: UInt64) {
    let isSolicit = message == 135 << 16
    let isAdvert = message == 136 << 16
    if !isSolicit && !isAdvert {
      for place in [KeyPlace.ndTarget, .ndReserved, .ndOptionsType] { clear(place) }
    }
    if !isARP && !isSolicit { clear(.sourceLink) }
    if !isARP && !isAdvert { clear(.targetLink) }
  }
}
