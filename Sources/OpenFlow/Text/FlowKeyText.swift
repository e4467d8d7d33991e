public import Datapath

extension Match {
  /// Matches exactly this packet: what its headers can have, all of it.
  public init(packet key: FlowKey) {
    var mask = FlowKey()
    for word in 0..<3 { mask.words[word] = ~0 }
    // The second tag counts only beneath a first one.
    if key.words[2] & 0x1000 != 0 { mask.words[5] |= 0x0000_0000_ffff_0000 }
    for word in 6...9 { mask.words[word] = ~0 }
    for word in 22...25 { mask.words[word] = ~0 }
    for word in 30..<94 { mask.words[word] = ~0 }
    let type = FieldPrerequisite.etherType(of: key)
    let proto = key[word: 4, shift: 56, bitCount: 8]
    let isIP = type == 0x0800 || type == 0x86dd
    if type == 0x0800 || type == 0x0806 || type == 0x8035 { mask.words[3] = ~0 }
    if type == 0x86dd { for word in 10...14 { mask.words[word] = ~0 } }
    if type == 0x0806 || type == 0x8035 {
      mask.words[4] |= 0xff << 56
      mask.words[17] = ~0xffff
      mask.words[18] = ~0xffff
    }
    if type == 0x8847 || type == 0x8848 { mask.words[20] = ~0 }
    if isIP {
      mask.words[4] |= 0xffff_ffff << 32
      let hasPorts = [1, 2, 6, 17, 58, 132].contains(proto)
      if hasPorts, key[word: 4, shift: 33, bitCount: 1] == 0 { mask.words[4] |= 0xffff_ffff }
      if proto == 6 { mask.words[5] |= 0x0fff << 48 }
    }
    if FieldPrerequisite.neighborDiscovery.isSatisfied(by: key) {
      for word in 15...18 { mask.words[word] = ~0 }
    }
    self.init(key: key, mask: mask)
  }
}

extension FlowKey {
  /// The packet as OVS's tools print it; metadata that is zero is left out.
  @export(interface)
  public func text(names: FlowNames = FlowNames()) -> String {
    var match = Match(packet: self)
    for word in [0, 6, 7, 8, 61] { match.clearZeroHalves(of: word) }
    for word in 45...60 { match.clearZeroHalves(of: word) }
    match.clearZero(word: 44)
    for word in 22...43 { match.clearZero(word: word) }
    for word in 62..<94 { match.clear(word: word, ~0) }
    for field: Field in [.ctZone, .ctProtocol, .tunnelFlags, .tunnelTOS, .tunnelTTL]
    where field.value(in: self) == 0 {
      match.set(field, 0, mask: 0)
    }
    for field: Field in [
      .tunnelGBPID, .tunnelGBPFlags, .erspanVersion, .erspanIndex, .erspanDirection,
      .erspanHardwareID, .gtpuFlags, .gtpuMessageType,
    ] where field.value(in: self) == 0 {
      match.set(field, 0, mask: 0)
    }
    return match.text(names: names)
  }
}

extension Match {
  mutating func clearZeroHalves(of word: Int) {
    if key.words[word] & 0xffff_ffff == 0 { clear(word: word, 0xffff_ffff) }
    if key.words[word] >> 32 == 0 { clear(word: word, ~0xffff_ffff) }
  }

  mutating func clearZero(word: Int) {
    if key.words[word] == 0 { clear(word: word, ~0) }
  }
}
