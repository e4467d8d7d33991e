import PacketWire

/// Where a packet's headers begin, as far as checksums and segments depend on it.
struct HeaderPlaces: Equatable {
  /// The most extension headers that are looked through.
  static var maximumExtensionCount: Int { 8 }

  /// The network header.
  var network = 0
  /// The transport header.
  var transport = 0
  /// Whether the network header is that of IPv6.
  var isIPv6 = false
  /// The transport protocol.
  var proto: UInt8 = 0

  /// Finds the headers of a packet that is TCP or UDP and no later fragment; `nil` otherwise.
  init?(_ packet: RawSpan) {
    guard packet.byteCount >= 14 else { return nil }
    var place = 12
    var type = packet.bigEndian16(at: place)
    var tagCount = 0
    while type == 0x8100 || type == 0x88a8 {
      place &+= 4
      tagCount &+= 1
      guard tagCount <= 2, packet.byteCount >= place &+ 2 else { return nil }
      type = packet.bigEndian16(at: place)
    }
    network = place &+ 2
    switch type {
    case 0x0800:
      guard packet.byteCount >= network &+ 20, packet.byte(at: network) >> 4 == 4 else { return nil }
      let length = Int(packet.byte(at: network) & 15) &* 4
      guard length >= 20, packet.bigEndian16(at: network &+ 6) & 0x1fff == 0 else { return nil }
      proto = packet.byte(at: network &+ 9)
      transport = network &+ length
    case 0x86dd:
      guard packet.byteCount >= network &+ 40, packet.byte(at: network) >> 4 == 6 else { return nil }
      isIPv6 = true
      proto = packet.byte(at: network &+ 6)
      transport = network &+ 40
      guard skipExtensions(packet) else { return nil }
    default: return nil
    }
    let needed = proto == 6 ? 20 : 8
    guard proto == 6 || proto == 17, packet.byteCount >= transport &+ needed else { return nil }
  }

  private mutating func skipExtensions(_ packet: RawSpan) -> Bool {
    var count = 0
    while proto == 0 || proto == 43 || proto == 60 || proto == 44 {
      count &+= 1
      guard count <= HeaderPlaces.maximumExtensionCount, packet.byteCount >= transport &+ 8 else {
        return false
      }
      if proto == 44 && packet.bigEndian16(at: transport &+ 2) & 0xfff8 != 0 { return false }
      let length = proto == 44 ? 8 : (Int(packet.byte(at: transport &+ 1)) &+ 1) &* 8
      proto = packet.byte(at: transport)
      transport &+= length
    }
    return packet.byteCount >= transport
  }

  /// Where the checksum stands in the transport header.
  var checksumOffset: Int { proto == 6 ? 16 : 6 }

  /// The sum of the pseudo-header, for a transport part of so many bytes.
  func pseudoHeaderSum(_ packet: RawSpan, byteCount: Int) -> UInt16 {
    var sum = InternetChecksum()
    if isIPv6 {
      for word in 0..<4 { sum.add(packet.bigEndian64(at: network &+ 8 &+ word &* 8)) }
    } else {
      sum.add(packet.bigEndian64(at: network &+ 12))
    }
    sum.add(UInt16(proto))
    sum.add(UInt32(truncatingIfNeeded: byteCount))
    return sum.folded
  }

  /// The length of the TCP header, or `nil` if it is wrong.
  func tcpHeaderByteCount(_ packet: RawSpan) -> Int? {
    let length = Int(packet.byte(at: transport &+ 12) >> 4) &* 4
    guard length >= 20, packet.byteCount >= transport &+ length else { return nil }
    return length
  }
}
