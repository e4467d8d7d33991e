// Whose connection a packet belongs to. Everything that the tracker believes of a packet is checked here: lengths, checksums
// and, of an ICMP error, the packet that it is about.

import PacketWire

extension Engine {
  /// What the tracker has to know of a packet; `false` if it cannot be tracked, with the reason.
  func trackable(_ state: PacketState, _ packet: inout TrackedPacket, _ event: inout TrackEvent?) -> Bool {
    event = .untrackable
    let network = state.start &+ Int(state.network)
    guard state.transport >= 0, bank.base[state.key][.ipFragment] == 0 else { return false }
    let isWhole = state.offload.segmentation == .none
    let end = isWhole ? Engine.networkEnd(state, pool) : state.count
    let transport = Int(state.transport)
    if state.etherType == 0x0800 {
      let headerByteCount = Int(pool.load8(network) & 15) &* 4
      if isWhole && pool.sum(network, headerByteCount) != 0xffff {
        event = .headerChecksum
        return false
      }
      packet.tuple.sourceLow = UInt64(pool.load32(network &+ 12))
      packet.tuple.destinationLow = UInt64(pool.load32(network &+ 16))
      packet.tuple.protocolNumber = pool.load8(network &+ 9)
    } else if state.etherType == 0x86dd {
      packet.tuple.isIPv6 = true
      loadWide(network, &packet.tuple)
      packet.tuple.protocolNumber = state.transportProtocol
    } else {
      return false
    }
    guard end >= transport else { return false }
    let isTracked: Bool
    switch packet.tuple.protocolNumber {
    case 6: isTracked = segment(state, transport, end, &packet, &event)
    case 17: isTracked = datagram(state, transport, end, &packet, &event)
    case 1 where !packet.tuple.isIPv6, 58 where packet.tuple.isIPv6:
      isTracked = message(state, transport, end, &packet, &event)
    default: isTracked = true
    }
    if isTracked { event = nil }
    return isTracked
  }

  private func loadWide(_ network: Int, _ tuple: inout ConnectionTuple) {
    tuple.sourceHigh = pool.load64(network &+ 8)
    tuple.sourceLow = pool.load64(network &+ 16)
    tuple.destinationHigh = pool.load64(network &+ 24)
    tuple.destinationLow = pool.load64(network &+ 32)
  }

  /// Whether the checksum of what lies between two places is right, or is left to whoever sends the packet.
  private func isIntact(_ state: PacketState, _ transport: Int, _ end: Int, hasPseudoHeader: Bool) -> Bool {
    if state.offload.segmentation != .none { return true }
    if state.offload.needsChecksum, state.offload.tunnelByteCount == 0,
      Int(state.offload.checksumStart) == transport
    {
      return true
    }
    var sum = InternetChecksum()
    if hasPseudoHeader {
      let isIPv6 = state.etherType == 0x86dd
      sum = pool.pseudoHeaderSum(
        network: state.start &+ Int(state.network), isIPv6: isIPv6, proto: state.transportProtocol,
        byteCount: end &- transport)
    }
    sum.add(pool.sum(state.start &+ transport, end &- transport))
    return sum.isValid
  }

  private func segment(
    _ state: PacketState, _ transport: Int, _ end: Int, _ packet: inout TrackedPacket,
    _ event: inout TrackEvent?
  ) -> Bool {
    let address = state.start &+ transport
    guard end &- transport >= 20 else { return false }
    let headerByteCount = Int(pool.load8(address &+ 12) >> 4) &* 4
    guard headerByteCount >= 20, headerByteCount <= end &- transport else { return false }
    guard isIntact(state, transport, end, hasPseudoHeader: true) else {
      event = .transportChecksum
      return false
    }
    packet.tuple.ports = pool.load32(address)
    packet.segment.flags = pool.load16(address &+ 12) & 0xfff
    packet.segment.sequence = pool.load32(address &+ 4)
    packet.segment.acknowledgment = pool.load32(address &+ 8)
    packet.segment.window = pool.load16(address &+ 14)
    packet.segment.byteCount = UInt32(truncatingIfNeeded: end &- transport &- headerByteCount)
    if packet.segment.has(TCPSegment.syn) {
      packet.segment.scale = scale(address &+ 20, address &+ headerByteCount)
    }
    return packet.tuple.sourcePort != 0 && packet.tuple.destinationPort != 0
  }

  /// The scale that the options between two addresses ask for (RFC 7323, section 2.2).
  private func scale(_ start: Int, _ end: Int) -> WindowScale {
    var place = start
    var scale = WindowScale.none
    while end &- place >= 3 {
      let kind = pool.load8(place)
      if kind == 0 { break }
      if kind == 1 {
        place &+= 1
        continue
      }
      if kind == 3 { scale = .said(pool.load8(place &+ 2)) }
      place &+= max(2, Int(pool.load8(place &+ 1)))
    }
    return scale
  }

  private func datagram(
    _ state: PacketState, _ transport: Int, _ end: Int, _ packet: inout TrackedPacket,
    _ event: inout TrackEvent?
  ) -> Bool {
    let address = state.start &+ transport
    guard end &- transport >= 8 else { return false }
    if state.offload.segmentation == .none {
      let byteCount = Int(pool.load16(address &+ 4))
      guard byteCount >= 8, byteCount <= end &- transport else { return false }
    }
    // No checksum is one over IPv4 (RFC 768).
    let hasNone = !packet.tuple.isIPv6 && pool.load16(address &+ 6) == 0
    guard hasNone || isIntact(state, transport, end, hasPseudoHeader: true) else {
      event = .transportChecksum
      return false
    }
    packet.tuple.ports = pool.load32(address)
    return packet.tuple.sourcePort != 0 && packet.tuple.destinationPort != 0
  }

  private func message(
    _ state: PacketState, _ transport: Int, _ end: Int, _ packet: inout TrackedPacket,
    _ event: inout TrackEvent?
  ) -> Bool {
    guard isIntact(state, transport, end, hasPseudoHeader: packet.tuple.isIPv6) else {
      event = .transportChecksum
      return false
    }
    guard end &- transport >= 8 else { return false }
    let type = pool.load8(state.start &+ transport)
    if query(state.start &+ transport, &packet.tuple) { return true }
    guard Engine.isError(type, isIPv6: packet.tuple.isIPv6) else { return false }
    var inner = ConnectionTuple()
    guard let places = innerPlaces(state, transport, end, isIPv6: packet.tuple.isIPv6, &inner) else {
      return false
    }
    // What the error is about was sent by whom the error is for.
    guard inner.sourceHigh == packet.tuple.destinationHigh, inner.sourceLow == packet.tuple.destinationLow
    else {
      return false
    }
    let address = state.start &+ places.transport
    let least = inner.isIPv6 && inner.protocolNumber == 6 ? 20 : 8
    switch inner.protocolNumber {
    case 6, 17:
      guard end &- places.transport >= least else { return false }
      inner.ports = pool.load32(address)
      guard inner.sourcePort != 0, inner.destinationPort != 0 else { return false }
    case 1 where !inner.isIPv6, 58 where inner.isIPv6:
      guard end &- places.transport >= least, query(address, &inner) else { return false }
    default: break
    }
    packet.tuple = inner.reversed
    packet.isError = true
    return true
  }

  /// Fills in what tells ICMP queries of the same hosts apart; `false` if the message at an address is none.
  private func query(_ address: Int, _ tuple: inout ConnectionTuple) -> Bool {
    let type = pool.load8(address)
    guard
      ConnectionTuple.isQuery(type, isIPv6: tuple.isIPv6)
        || ConnectionTuple.isAnswer(type, isIPv6: tuple.isIPv6),
      pool.load8(address &+ 1) == 0
    else { return false }
    tuple.sourcePort = pool.load16(address &+ 4)
    tuple.destinationPort = UInt16(type) << 8
    return true
  }

  /// Whether ICMP messages of a type are about another packet (RFC 792; RFC 4443, section 3).
  private static func isError(_ type: UInt8, isIPv6: Bool) -> Bool {
    isIPv6 ? type >= 1 && type <= 4 : type == 3 || type == 4 || type == 5 || type == 11 || type == 12
  }

  /// Where the headers of the packet lie that an ICMP error is about, from the outer packet's first byte on.
  func innerPlaces(
    _ state: PacketState, _ transport: Int, _ end: Int, isIPv6: Bool, _ tuple: inout ConnectionTuple
  ) -> (network: Int, transport: Int)? {
    let network = transport &+ 8
    let address = state.start &+ network
    tuple.isIPv6 = isIPv6
    if isIPv6 {
      guard end &- network >= 40 else { return nil }
      loadWide(address, &tuple)
      var offset = network &+ 40
      var proto = pool.load8(address &+ 6)
      var fragment: UInt64 = 0
      guard Parser.skipExtensions(state, pool, &offset, end, &proto, &fragment), fragment == 0 else {
        return nil
      }
      tuple.protocolNumber = proto
      return (network, offset)
    }
    guard end &- network >= 20 else { return nil }
    let headerByteCount = Int(pool.load8(address) & 15) &* 4
    guard headerByteCount >= 20, end &- network >= headerByteCount, pool.load16(address &+ 6) & 0x3fff == 0
    else {
      return nil
    }
    tuple.sourceLow = UInt64(pool.load32(address &+ 12))
    tuple.destinationLow = UInt64(pool.load32(address &+ 16))
    tuple.protocolNumber = pool.load8(address &+ 9)
    return (network, network &+ headerByteCount)
  }
}
