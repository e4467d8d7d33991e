import PacketWire

/// The frames with which the switch speaks for its tunnel endpoints: ARP (RFC 826) and neighbour discovery (RFC 4861).
enum EndpointFrames {
  /// Asks who has an address, on behalf of an endpoint.
  static func request(for target: IPv6Address, from source: IPv6Address, _ hardware: MACAddress) -> [UInt8] {
    if let target = target.mappedIPv4, let source = source.mappedIPv4 {
      return arp(.request, to: .broadcast, sender: (hardware, source), target: (.zero, target))
    }
    let group = target.solicitedNode
    return neighborMessage(
      .neighborSolicitation, to: (.multicast(for: group), group), from: (hardware, source), target: target)
  }

  /// Answers an ARP request for an endpoint.
  static func arpReply(
    to requester: (hardware: MACAddress, address: IPv4Address), from endpoint: IPv4Address,
    _ hardware: MACAddress
  ) -> [UInt8] {
    arp(
      .reply, to: requester.hardware, sender: (hardware, endpoint),
      target: (requester.hardware, requester.address))
  }

  /// Answers a neighbour solicitation for an endpoint.
  static func neighborAdvertisement(
    to requester: (hardware: MACAddress, address: IPv6Address), from endpoint: IPv6Address,
    _ hardware: MACAddress
  ) -> [UInt8] {
    // Duplicate address detection asks from `::` and is answered to all nodes (RFC 4861, section 7.2.4).
    let isAnonymous = requester.address.isZero
    let target = isAnonymous ? IPv6Address.allNodes : requester.address
    let link = isAnonymous ? MACAddress.multicast(for: .allNodes) : requester.hardware
    return neighborMessage(
      .neighborAdvertisement, flags: isAnonymous ? [.override] : [.solicited, .override], to: (link, target),
      from: (hardware, endpoint), target: endpoint)
  }

  private static func arp(
    _ operation: ARPOperation, to destination: MACAddress,
    sender: (hardware: MACAddress, address: IPv4Address),
    target: (hardware: MACAddress, address: IPv4Address)
  ) -> [UInt8] {
    var frame = [UInt8](repeating: 0, count: EthernetHeader.minimumFrameByteCount)
    var bytes = frame.mutableRawBytes
    EthernetHeader.write(destination: destination, source: sender.hardware, type: .arp, to: &bytes)
    ARPPacket.write(
      operation: operation, senderHardware: sender.hardware, senderProtocol: sender.address,
      targetHardware: target.hardware, targetProtocol: target.address, to: &bytes,
      at: EthernetHeader.byteCount)
    return frame
  }

  /// A neighbour message that carries the link address of its sender.
  private static func neighborMessage(
    _ type: ICMPv6Type, flags: NeighborFlags = [], to destination: (link: MACAddress, address: IPv6Address),
    from source: (link: MACAddress, address: IPv6Address), target: IPv6Address
  ) -> [UInt8] {
    let network = EthernetHeader.byteCount
    let message = network + IPv6Header.byteCount
    let length = NeighborMessage.byteCountWithLinkLayer
    var frame = [UInt8](repeating: 0, count: message + length)
    var bytes = frame.mutableRawBytes
    EthernetHeader.write(destination: destination.link, source: source.link, type: .ipv6, to: &bytes)
    IPv6Header.write(
      source: source.address, destination: destination.address, nextHeader: .icmpv6,
      payloadLength: UInt16(length), hopLimit: NeighborMessage.hopLimit, to: &bytes, at: network)
    NeighborMessage.write(
      type: type, flags: flags, target: target, linkLayer: source.link, to: &bytes, at: message)
    var sum = InternetChecksum()
    sum.addPseudoHeader(
      source: source.address, destination: destination.address, protocol: .icmpv6, length: length)
    sum.add(bytes.bytes.from(message))
    bytes.store(bigEndian16: sum.value, at: message + ICMPHeader.checksumOffset)
    return frame
  }
}
