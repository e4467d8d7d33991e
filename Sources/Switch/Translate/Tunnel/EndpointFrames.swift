import PacketWire

/// The frames with which the switch speaks for its tunnel endpoints: ARP (RFC 826) and neighbour discovery (RFC 4861).
enum EndpointFrames {
  /// Asks who has an address, on behalf of an endpoint.
  static func request(for target: IPv6Address, from source: IPv6Address, _ hardware: MACAddress) -> [UInt8] {
    if let target = target.mappedIPv4, let source = source.mappedIPv4 {
      return arp(
        operation: 1, to: .broadcast, from: hardware, sender: (hardware, source), target: (.zero, target))
    }
    let group = target.solicitedNode
    return neighborMessage(
      type: 135, flags: 0, to: (.multicast(for: group), group), from: (hardware, source), target: target,
      option: (1, hardware))
  }

  /// Answers an ARP request for an endpoint.
  static func arpReply(
    to requester: (hardware: MACAddress, address: IPv4Address), from endpoint: IPv4Address,
    _ hardware: MACAddress
  ) -> [UInt8] {
    arp(
      operation: 2, to: requester.hardware, from: hardware, sender: (hardware, endpoint),
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
      type: 136, flags: isAnonymous ? 0x2000_0000 : 0x6000_0000, to: (link, target),
      from: (hardware, endpoint),
      target: endpoint, option: (2, hardware))
  }

  private static func arp(
    operation: UInt16, to destination: MACAddress, from source: MACAddress,
    sender: (MACAddress, IPv4Address), target: (MACAddress, IPv4Address)
  ) -> [UInt8] {
    var frame = ethernet(to: destination, from: source, type: 0x0806)
    append(&frame, 0x0001_0800_0604 << 16 | UInt64(operation), byteCount: 8)
    append(&frame, sender.0.rawValue, byteCount: 6)
    append(&frame, UInt64(sender.1.rawValue), byteCount: 4)
    append(&frame, target.0.rawValue, byteCount: 6)
    append(&frame, UInt64(target.1.rawValue), byteCount: 4)
    // The shortest frame has 60 bytes without its check sequence.
    frame += [UInt8](repeating: 0, count: 60 - frame.count)
    return frame
  }

  private static func neighborMessage(
    type: UInt8, flags: UInt32, to destination: (link: MACAddress, address: IPv6Address),
    from source: (link: MACAddress, address: IPv6Address), target: IPv6Address,
    option: (type: UInt8, link: MACAddress)
  ) -> [UInt8] {
    var message: [UInt8] = [type, 0, 0, 0]
    append(&message, UInt64(flags), byteCount: 4)
    append(&message, target)
    message += [option.type, 1]
    append(&message, option.link.rawValue, byteCount: 6)
    let check = checksum(message, from: source.address, to: destination.address)
    message[2] = UInt8(check >> 8)
    message[3] = UInt8(check & 0xff)

    var frame = ethernet(to: destination.link, from: source.link, type: 0x86dd)
    append(&frame, 0x6000_0000, byteCount: 4)
    append(&frame, UInt64(message.count), byteCount: 2)
    frame += [58, 255]
    append(&frame, source.address)
    append(&frame, destination.address)
    return frame + message
  }

  private static func ethernet(to destination: MACAddress, from source: MACAddress, type: UInt16) -> [UInt8] {
    var frame: [UInt8] = []
    append(&frame, destination.rawValue, byteCount: 6)
    append(&frame, source.rawValue, byteCount: 6)
    append(&frame, UInt64(type), byteCount: 2)
    return frame
  }

  /// The checksum of an ICMPv6 message with its pseudo header (RFC 4443, section 2.3).
  private static func checksum(_ message: [UInt8], from source: IPv6Address, to destination: IPv6Address)
    -> UInt16
  {
    var sum: UInt32 = UInt32(message.count) + 58
    for address in [source, destination] {
      for group in 0..<8 { sum += UInt32(address.group(group)) }
    }
    for place in stride(from: 0, to: message.count - 1, by: 2) {
      sum += UInt32(message[place]) << 8 | UInt32(message[place + 1])
    }
    while sum >> 16 != 0 { sum = sum & 0xffff + sum >> 16 }
    return ~UInt16(truncatingIfNeeded: sum)
  }

  /// Appends the low bytes of an integer in big-endian order.
  static func append(_ bytes: inout [UInt8], _ value: UInt64, byteCount: Int) {
    for shift in stride(from: (byteCount - 1) * 8, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
    }
  }

  /// Appends an address.
  static func append(_ bytes: inout [UInt8], _ address: IPv6Address) {
    append(&bytes, address.high, byteCount: 8)
    append(&bytes, address.low, byteCount: 8)
  }
}
