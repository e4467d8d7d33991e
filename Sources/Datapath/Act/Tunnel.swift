// Tunnels: VXLAN (RFC 7348), Geneve (RFC 8926) and GRE (RFC 2784, RFC 2890) over IPv4 and IPv6.
//
// A push puts a header that the translator prebuilt before the packet, and fills in what depends on the packet:
// lengths, checksums, the UDP source port, the sequence number. A segment stays whole; Segmentation.swift
// repeats the tunnel header for each part if the port out needs that. A pop checks the outer headers, writes
// them down as tunnel metadata, and has the inner packet looked up as coming from the tunnel port.

extension Engine {
  /// UDP source ports are chosen from this range by the inner packet's hash.
  static var lowestSourcePort: UInt32 { 32_768 }
  static var sourcePortCount: UInt32 { 61_000 - 32_768 }

  /// Encapsulates a packet; `false` if that failed and was counted.
  mutating func pushTunnel(
    _ state: inout PacketState, _ data: Int, headerByteCount: Int, port: UInt32
  ) -> Bool {
    guard state.offload.tunnelByteCount == 0 || state.offload.segmentation == .none else {
      count(.segmentationFailed)
      return false
    }
    let isUDP = programs.words[data] != 3 && programs.words[data] != 109
    let hashValue = connectionHash(Int(state.key))
    guard makeRoom(&state, headerByteCount) else { return false }
    let wasSegment = state.offload.segmentation != .none
    state.traits.insert(.encapsulated)
    state.start &-= headerByteCount
    state.count &+= headerByteCount
    writeHeader(state.start, data, headerByteCount)
    let isIPv6 = pool.load16(state.start &+ 12) == 0x86dd
    let transport = isIPv6 ? 54 : 34
    let needsOuter = Engine.needsOuterChecksum(pool, state.start &+ transport, isUDP: isUDP)
    if state.offload.needsChecksum {
      state.offload.checksumStart &+= UInt16(truncatingIfNeeded: headerByteCount)
      if needsOuter && !wasSegment {
        // The outer checksum covers the inner one.
        guard pool.completeChecksum(state.start, state.count, state.offload) else {
          count(.invalidOffload)
          return false
        }
        state.offload = Offload()
      }
    }
    if wasSegment {
      state.offload.tunnelByteCount = UInt16(truncatingIfNeeded: headerByteCount)
      state.offload.tunnelEthernetByteCount = 14
    }
    if isUDP {
      let source = Engine.lowestSourcePort &+ hashValue % Engine.sourcePortCount
      pool.store16(UInt16(truncatingIfNeeded: source), state.start &+ transport)
    }
    let index = ports.index(port)
    if index >= 0 {
      if !isUDP { number(state, transport, index) }
      ports.records[index].sentPackets &+= 1
      ports.records[index].sentBytes &+= UInt64(truncatingIfNeeded: state.count &- headerByteCount)
    }
    pool.completeTunnel(state.start, state.count, 14, needsOuter: needsOuter && !wasSegment)
    state.network = 14
    state.transport = Int32(truncatingIfNeeded: transport)
    state.etherType = isIPv6 ? 0x86dd : 0x0800
    state.transportProtocol = isUDP ? 17 : 47
    return true
  }

  private mutating func writeHeader(_ address: Int, _ data: Int, _ count: Int) {
    var position = 0
    while position < count {
      let word = programs.words[data &+ 1 &+ position >> 3]
      if count &- position >= 8 {
        pool.store64(word, address &+ position)
      } else {
        for index in 0..<(count &- position) {
          pool.store8(
            UInt8(truncatingIfNeeded: word >> UInt64(56 &- 8 &* index)), address &+ position &+ index)
        }
      }
      position &+= 8
    }
  }

  /// Whether a prebuilt header asks for a checksum over what it carries.
  private static func needsOuterChecksum(
    _ pool: borrowing PacketPool, _ transport: Int, isUDP: Bool
  ) -> Bool {
    isUDP ? pool.load16(transport &+ 6) != 0 : pool.load8(transport) & 0x80 != 0
  }

  /// Writes a GRE sequence number if the header has room for one.
  private mutating func number(_ state: PacketState, _ transport: Int, _ index: Int) {
    let address = state.start &+ transport
    let flags = pool.load8(address)
    guard flags & 0x10 != 0 else { return }
    var offset = 4
    if flags & 0x80 != 0 { offset &+= 4 }
    if flags & 0x20 != 0 { offset &+= 4 }
    pool.store32(ports.records[index].sequence, address &+ offset)
    var used: UInt32 = 1
    if state.offload.segmentation != .none && state.offload.segmentByteCount > 0 {
      used = UInt32(truncatingIfNeeded: state.count / Int(state.offload.segmentByteCount) &+ 1)
    }
    ports.records[index].sequence &+= used
  }

  // MARK: Pop

  /// What a tunnel header says.
  struct TunnelHeader {
    var byteCount = 0
    var key: UInt64 = 0
    /// Bits of ``TunnelFlags``.
    var flags: UInt64 = 0
    var optionOffset = 0
    var optionByteCount = 0
    var policy: UInt64 = 0
  }

  /// Decapsulates; always ends the program, since the inner packet goes on from a new lookup.
  mutating func popTunnel(_ state: inout PacketState, port: UInt32) -> Bool {
    let index = ports.index(port)
    guard index >= 0 else {
      count(.unknownTunnelPort)
      return false
    }
    guard let header = readTunnel(state, index) else {
      count(.invalidTunnelHeader)
      ports.records[index].receivedDropped &+= 1
      return false
    }
    var inner = state
    guard Engine.unwrap(&inner.offload, header.byteCount) else {
      count(.segmentationFailed)
      return false
    }
    let end = state.offload.segmentation == .none ? Engine.networkEnd(state, pool) : state.count
    inner.start &+= header.byteCount
    inner.count = end &- header.byteCount
    inner.traits.remove(.untouched)
    inner.traits.remove(.encapsulated)
    guard inner.count >= 14 else {
      count(.invalidTunnelHeader)
      return false
    }
    inner.inPort = port
    guard let row = takeRow(inner) else { return false }
    pool.retain(state.slot)
    ports.records[index].receivedPackets &+= 1
    ports.records[index].receivedBytes &+= UInt64(truncatingIfNeeded: inner.count)
    writeTunnelKey(row, state, header, port)
    return false
  }

  /// Makes offload information relative to the inner packet; `false` if it is about the outer headers.
  private static func unwrap(_ offload: inout Offload, _ headerByteCount: Int) -> Bool {
    let isInner = Int(offload.checksumStart) >= headerByteCount &+ 14
    if offload.segmentation != .none && !isInner { return false }
    offload.tunnelByteCount = 0
    offload.tunnelEthernetByteCount = 0
    if offload.needsChecksum {
      if isInner {
        offload.checksumStart &-= UInt16(truncatingIfNeeded: headerByteCount)
      } else {
        offload = Offload()
      }
    }
    return true
  }

  private func readTunnel(_ state: PacketState, _ index: Int) -> TunnelHeader? {
    guard state.transport >= 0, state.network >= 0 else { return nil }
    let transport = Int(state.transport)
    let network = state.start &+ Int(state.network)
    if state.etherType == 0x0800 {
      let length = Int(pool.load8(network) & 15) &* 4
      // A sum with a correct checksum in it folds to all ones.
      guard PacketPool.fold(pool.sum(network, length)) == 0xffff else { return nil }
    }
    let end = state.offload.segmentation == .none ? Engine.networkEnd(state, pool) : state.count
    switch VportType(rawValue: ports.records[index].type) {
    case .vxlan, .geneve:
      guard state.transportProtocol == 17, end >= transport &+ 16 else { return nil }
      return readUDP(state, index, transport, end)
    case .gre, .ip6gre:
      guard state.transportProtocol == 47, end >= transport &+ 4 else { return nil }
      return readGRE(state, transport, end)
    default: return nil
    }
  }

  private func readUDP(_ state: PacketState, _ index: Int, _ transport: Int, _ end: Int) -> TunnelHeader? {
    let address = state.start &+ transport
    var header = TunnelHeader()
    let checksum = pool.load16(address &+ 6)
    if checksum != 0 {
      header.flags |= 1 << 2
      if !state.offload.needsChecksum {
        let length = end &- transport
        let pseudo = pool.pseudoHeaderSum(
          network: state.start &+ Int(state.network), isIPv6: state.etherType == 0x86dd, proto: 17,
          byteCount: length)
        guard PacketPool.fold(pseudo &+ pool.sum(address, length)) == 0xffff else { return nil }
      }
    }
    header.flags |= 1 << 3
    let first = pool.load32(address &+ 8)
    let second = pool.load32(address &+ 12)
    header.key = UInt64(second >> 8)
    header.byteCount = transport &+ 16
    if ports.records[index].type == VportType.vxlan.rawValue {
      guard first & 0x0800_0000 != 0, second & 0xff == 0 else { return nil }
      if first & 0x8000_0000 != 0 {
        guard ports.records[index].usesGroupPolicy else { return nil }
        header.policy = UInt64(first & 0xffff) << 8 | UInt64((first >> 16) & 0x48)
      } else {
        guard first == 0x0800_0000 else { return nil }
      }
      return header
    }
    let options = Int(truncatingIfNeeded: (first >> 24) & 0x3f) &* 4
    guard first >> 30 == 0, first & 0xffff == 0x6558, end >= transport &+ 16 &+ options else { return nil }
    if first & 0x0080_0000 != 0 { header.flags |= 1 << 0 }
    header.optionOffset = transport &+ 16
    header.optionByteCount = options
    header.byteCount &+= options
    return header
  }

  private func readGRE(_ state: PacketState, _ transport: Int, _ end: Int) -> TunnelHeader? {
    let address = state.start &+ transport
    let flags = pool.load16(address)
    // Routing and version 1 are not for bridges.
    guard flags & 0x4fff == 0, pool.load16(address &+ 2) == 0x6558 else { return nil }
    var header = TunnelHeader()
    var offset = 4
    let needed = (flags.nonzeroBitCount &+ 1) &* 4
    guard end >= transport &+ needed else { return nil }
    if flags & 0x8000 != 0 {
      header.flags |= 1 << 2
      if state.offload.segmentation == .none && !state.offload.needsChecksum {
        guard PacketPool.fold(pool.sum(address, end &- transport)) == 0xffff else { return nil }
      }
      offset &+= 4
    }
    if flags & 0x2000 != 0 {
      header.flags |= 1 << 3
      header.key = UInt64(pool.load32(address &+ offset))
      offset &+= 4
    }
    if flags & 0x1000 != 0 { offset &+= 4 }
    header.byteCount = transport &+ offset
    return header
  }

  private mutating func writeTunnelKey(
    _ row: Int, _ state: PacketState, _ header: TunnelHeader, _ port: UInt32
  ) {
    bank.base[row] = BaseKey()
    bank.base[row].w0 = UInt64(port) << 32
    bank.reset(row)
    bank.open(row, 6)
    let network = state.start &+ Int(state.network)
    let tos: UInt64
    let ttl: UInt64
    if state.etherType == 0x0800 {
      bank[row, 30] = pool.load64(network &+ 12)
      tos = UInt64(pool.load8(network &+ 1))
      ttl = UInt64(pool.load8(network &+ 8))
    } else {
      for index in 0..<4 { bank[row, 31 &+ index] = pool.load64(network &+ 8 &+ 8 &* index) }
      tos = UInt64(pool.load16(network) >> 4) & 0xff
      ttl = UInt64(pool.load8(network &+ 7))
    }
    bank[row, 35] = header.key
    var word = header.flags << 48 | tos << 40 | ttl << 32
    if state.transportProtocol == 17 { word |= UInt64(pool.load32(state.start &+ Int(state.transport))) }
    bank[row, 36] = word
    bank[row, 37] = header.policy << 40
    guard header.optionByteCount > 0 else { return }
    bank[row, 38] = UInt64(truncatingIfNeeded: header.optionByteCount)
    bank.open(row, 9)
    for index in 0..<(header.optionByteCount >> 2) {
      let value = UInt64(pool.load32(state.start &+ header.optionOffset &+ 4 &* index))
      bank[row, 62 &+ index >> 1] |= index & 1 == 0 ? value << 32 : value
    }
  }
}

extension PacketPool {
  /// Fills in the lengths and checksums of the tunnel headers of a packet whose outer IP header is at `network`.
  mutating func completeTunnel(_ start: Int, _ count: Int, _ network: Int, needsOuter: Bool) {
    let address = start &+ network
    let isIPv6 = load8(address) >> 4 == 6
    let transport = address &+ (isIPv6 ? 40 : 20)
    let length = count &- network
    if isIPv6 {
      store16(length &- 40 > 0xffff ? 0 : UInt16(truncatingIfNeeded: length &- 40), address &+ 4)
    } else {
      store16(length > 0xffff ? 0 : UInt16(truncatingIfNeeded: length), address &+ 2)
      completeHeaderChecksum(address)
    }
    let payload = start &+ count &- transport
    let proto = isIPv6 ? load8(address &+ 6) : load8(address &+ 9)
    if proto == 17 {
      store16(payload > 0xffff ? 0 : UInt16(truncatingIfNeeded: payload), transport &+ 4)
      guard needsOuter else { return }
      store16(0, transport &+ 6)
      let pseudo = pseudoHeaderSum(network: address, isIPv6: isIPv6, proto: 17, byteCount: payload)
      let value = ~PacketPool.fold(pseudo &+ sum(transport, payload))
      store16(value == 0 ? 0xffff : value, transport &+ 6)
    } else if needsOuter {
      store16(0, transport &+ 4)
      store16(~PacketPool.fold(sum(transport, payload)), transport &+ 4)
    }
  }
}
