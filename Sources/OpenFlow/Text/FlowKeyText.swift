public import Datapath

extension Match {
  /// Matches exactly this packet: what its headers can have, all of it.
  public init(packet key: FlowKey) {
    var mask = FlowKey()
    for place in Match.everyPacketHas { mask.fill(place) }
    // The second tag counts only beneath a first one.
    if key[.vlanTCI] & VLANBits.present != 0 { mask.fill(.innerVLANTCI) }
    let type = FieldPrerequisite.etherType(of: key)
    let proto = key[.ipProtocol]
    let isIP = type == 0x0800 || type == 0x86dd
    if type == 0x0800 || type == 0x0806 || type == 0x8035 { mask.fill(.ipAddresses) }
    if type == 0x86dd { mask.fill(KeySegment.ipv6.place) }
    if type == 0x0806 || type == 0x8035 {
      for place in [KeyPlace.ipProtocol, .sourceLink, .targetLink] { mask.fill(place) }
    }
    if type == 0x8847 || type == 0x8848 { mask.fill(.mplsEntry0.through(.mplsEntry1)) }
    if isIP {
      mask.fill(.ipHeader)
      let hasPorts = [1, 2, 6, 17, 58, 132].contains(proto)
      if hasPorts, key[.laterFragment] == 0 { mask.fill(.transportPorts) }
      if proto == 6 { mask.fill(.tcpFlags.low(12)) }
    }
    if FieldPrerequisite.neighborDiscovery.isSatisfied(by: key) {
      for place in [KeyPlace.ndTarget, .sourceLink, .ndOptionsType, .targetLink] { mask.fill(place) }
    }
    self.init(key: key, mask: mask)
  }

  /// What has a meaning for every packet, zero or not.
  private static let everyPacketHas: [KeyPlace] = [
    .inPort, .recirculationID, .ethDestination, .ethType, .ethSource, .vlanTCI, .ctState, .ctMark, .ctZone,
    .ctProtocol, .packetMark, .datapathHash, .skbPriority, .packetType, .ctLabel, .ctAddresses,
    .ctTransportPorts, KeySegment.tunnel.place, KeySegment.nsh.place, KeySegment.pipeline.place,
    KeySegment.tunnelOptions.place,
  ]
}

extension FlowKey {
  /// The packet as OVS's tools print it; metadata that is zero is left out.
  @export(interface)
  public func text(names: FlowNames = FlowNames()) -> String {
    var match = Match(packet: self)
    for place in [KeyPlace.inPort, .ctState, .ctZone, .datapathHash, .conjunctionID] {
      match.clearZeroHalves(of: place.word)
    }
    for word in KeyPlace.registers.words { match.clearZeroHalves(of: word) }
    for word in KeyPlace.ctLabel.words(upTo: .registers) { match.clearZero(word: word) }
    let label = Field.ctLabel.value(in: self)
    if label != 0 { match.set(.ctLabel, label) }
    match.clear(KeySegment.tunnelOptions.place)
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
    for half in [KeyPlace.half(1, ofWord: word), .half(0, ofWord: word)] where key[half] == 0 { clear(half) }
  }

  mutating func clearZero(word: Int) {
    if key.words[word] == 0 { clear(KeyPlace.whole(word: word)) }
  }
}
