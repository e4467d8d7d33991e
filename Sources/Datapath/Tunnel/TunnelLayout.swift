import PacketWire

/// Where the outer headers of an encapsulated packet are, and what of them differs from packet to packet.
struct TunnelLayout: Equatable {
  /// Where the outer IP header begins.
  var network: Int
  /// Where UDP, or the tunnel header that IP carries, begins.
  var transport: Int
  /// Whether the outer header is IPv6.
  var isIPv6: Bool
  /// Whether there is a UDP header.
  var isUDP: Bool
  /// Whether a checksum covers the packet inside.
  var hasChecksum: Bool
  /// Where a sequence number stands; zero if there is none.
  var sequence: Int

  /// The layout of headers of which the first eight bytes behind IP are `start`, as a number.
  @inline(__always)
  init(network: Int, isIPv6: Bool, isUDP: Bool, start: UInt64) {
    self.network = network
    self.isIPv6 = isIPv6
    self.isUDP = isUDP
    transport = network &+ (isIPv6 ? IPv6Header.byteCount : IPv4Header.minimumByteCount)
    sequence = 0
    if isUDP {
      // The checksum is the last field.
      hasChecksum = start & 0xffff != 0
    } else {
      let header = GREBase(rawValue: UInt32(truncatingIfNeeded: start >> 32))
      hasChecksum = header.hasChecksum
      if header.hasSequenceNumber { sequence = transport &+ header.sequenceNumberOffset }
    }
  }

  /// The layout of a packet that was encapsulated here, whose outer IP header is at `network`.
  init(_ pool: borrowing PacketPool, _ start: Int, network: Int) {
    let address = start &+ network
    let isIPv6 = pool.load8(address) >> 4 == 6
    let carried = pool.load8(address &+ (isIPv6 ? IPv6Header.nextHeaderOffset : IPv4Header.protocolOffset))
    let transport = address &+ (isIPv6 ? IPv6Header.byteCount : IPv4Header.minimumByteCount)
    self.init(
      network: network, isIPv6: isIPv6, isUDP: carried == IPProtocol.udp.rawValue,
      start: pool.load64(transport))
  }

  /// Where the tunnel header begins.
  var tunnel: Int { isUDP ? transport + UDPHeader.byteCount : transport }

  // MARK: In a program

  /// The layout in one word, as a program holds it.
  var word: UInt64 {
    UInt64(network) | UInt64(transport) << 16 | UInt64(sequence) << 32 | (isIPv6 ? 1 << 48 : 0)
      | (isUDP ? 1 << 49 : 0) | (hasChecksum ? 1 << 50 : 0)
  }

  /// The layout of a word.
  @inline(__always)
  init(word: UInt64) {
    network = Int(truncatingIfNeeded: word & 0xffff)
    transport = Int(truncatingIfNeeded: word >> 16 & 0xffff)
    sequence = Int(truncatingIfNeeded: word >> 32 & 0xffff)
    isIPv6 = word & 1 << 48 != 0
    isUDP = word & 1 << 49 != 0
    hasChecksum = word & 1 << 50 != 0
  }
}

extension TunnelPush {
  /// The layout of the prebuilt header; `nil` if it is not one of its kind, and nothing but it.
  var layout: TunnelLayout? {
    let bytes = header.rawBytes
    guard let row = TunnelKind(kind)?.row, let link = EthernetHeader(bytes) else { return nil }
    let carried: IPProtocol
    switch link.type {
    case .ipv4:
      guard let header = IPv4Header(link.payload), header.headerByteCount == IPv4Header.minimumByteCount
      else {
        return nil
      }
      carried = header.protocolNumber
    case .ipv6:
      guard let header = IPv6Header(link.payload) else { return nil }
      carried = header.nextHeader
    default: return nil
    }
    // A header of GRE may be shorter than eight bytes.
    let start =
      [UInt8](
        bytes.from(
          EthernetHeader.byteCount + (link.type == .ipv6 ? IPv6Header.byteCount : IPv4Header.minimumByteCount)
        ))
      + [0, 0, 0, 0]
    guard carried == row.carrier.protocolNumber, start.count >= 8 else { return nil }
    let layout = TunnelLayout(
      network: EthernetHeader.byteCount, isIPv6: link.type == .ipv6, isUDP: row.carrier.isUDP,
      start: start.rawBytes.bigEndian64(at: 0))
    let tunnel = bytes.from(layout.tunnel)
    guard row.byteCount(tunnel) == tunnel.byteCount else { return nil }
    return layout
  }
}
