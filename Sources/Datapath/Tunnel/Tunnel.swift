// Tunnels over IPv4 and IPv6, of every kind; what is particular to a kind is in its file.
//
// A push puts a header that the translator prebuilt before the packet, and fills in what depends on the packet:
// lengths, checksums, the UDP source port, the sequence number. A segment stays whole; Segmentation.swift
// repeats the tunnel header for each part if the port out needs that. A pop checks the outer headers, writes
// them down as tunnel metadata, and has the inner packet looked up as coming from the tunnel port.

import PacketWire

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
    let layout = TunnelLayout(word: programs.words[data])
    let hashValue = connectionHash(state.key)
    guard makeRoom(&state, headerByteCount) else { return false }
    let wasSegment = state.offload.segmentation != .none
    state.traits.insert(.encapsulated)
    state.start &-= headerByteCount
    state.count &+= headerByteCount
    writeHeader(state.start, data, headerByteCount)
    if state.offload.needsChecksum {
      state.offload.checksumStart &+= UInt16(truncatingIfNeeded: headerByteCount)
      if layout.hasChecksum && !wasSegment {
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
      state.offload.tunnelEthernetByteCount = UInt16(truncatingIfNeeded: layout.network)
    }
    if layout.isUDP {
      let source = Engine.lowestSourcePort &+ hashValue % Engine.sourcePortCount
      pool.store16(UInt16(truncatingIfNeeded: source), state.start &+ layout.transport)
    }
    let index = ports.index(port)
    if !index.isNone {
      if layout.sequence > 0 { number(state, layout.sequence, index) }
      ports.records[index].sentPackets &+= 1
      ports.records[index].sentBytes &+= UInt64(truncatingIfNeeded: state.count &- headerByteCount)
    }
    pool.completeTunnel(state.start, state.count, layout, needsOuter: layout.hasChecksum && !wasSegment)
    state.network = Int32(truncatingIfNeeded: layout.network)
    state.transport = Int32(truncatingIfNeeded: layout.transport)
    state.etherType = layout.isIPv6 ? EtherType.ipv6.rawValue : EtherType.ipv4.rawValue
    state.transportProtocol = layout.isUDP ? IPProtocol.udp.rawValue : IPProtocol.gre.rawValue
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

  /// Writes the next sequence number of a tunnel port.
  private mutating func number(_ state: PacketState, _ offset: Int, _ index: PortHandle) {
    pool.store32(ports.records[index].sequence, state.start &+ offset)
    var used: UInt32 = 1
    if state.offload.segmentation != .none && state.offload.segmentByteCount > 0 {
      used = UInt32(truncatingIfNeeded: state.count / Int(state.offload.segmentByteCount) &+ 1)
    }
    ports.records[index].sequence &+= used
  }

  // MARK: Pop

  /// Decapsulates; always ends the program, since the inner packet goes on from a new lookup.
  mutating func popTunnel(_ state: inout PacketState, port: UInt32) -> Bool {
    let index = ports.index(port)
    guard !index.isNone else {
      count(.unknownTunnelPort)
      return false
    }
    var fields = TunnelFields()
    guard let byteCount = readHeaders(state, index, into: &fields) else {
      count(.invalidTunnelHeader)
      ports.records[index].receivedDropped &+= 1
      return false
    }
    var inner = state
    guard Engine.unwrap(&inner.offload, byteCount) else {
      count(.segmentationFailed)
      return false
    }
    let end = state.offload.segmentation == .none ? Engine.networkEnd(state, pool) : state.count
    inner.start &+= byteCount
    inner.count = end &- byteCount
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
    writeTunnelKey(row, state, fields, byteCount, port)
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

  /// Reads the outer headers of a packet for a tunnel port; answers their length in bytes.
  private func readHeaders(
    _ state: PacketState, _ index: PortHandle, into fields: inout TunnelFields
  ) -> Int? {
    guard state.transport >= 0, state.network >= 0, let kind = ports.records[index].tunnel,
      state.transportProtocol == ports.records[index].tunnelProtocol
    else { return nil }
    let network = state.start &+ Int(state.network)
    if state.etherType == EtherType.ipv4.rawValue {
      let length = Int(pool.load8(network) & 15) &* 4
      // A sum with a correct checksum in it folds to all ones.
      guard pool.sum(network, length) == 0xffff else { return nil }
    }
    let end = state.offload.segmentation == .none ? Engine.networkEnd(state, pool) : state.count
    var place = Int(state.transport)
    if state.transportProtocol == IPProtocol.udp.rawValue {
      guard end >= place &+ UDPHeader.byteCount, readUDP(state, end, into: &fields) else { return nil }
      place &+= UDPHeader.byteCount
    }
    guard end >= place else { return nil }
    let reception = TunnelReception(
      address: state.start &+ place, byteCount: end &- place,
      usesGroupPolicy: ports.records[index].usesGroupPolicy,
      verifiesChecksum: state.offload.segmentation == .none && !state.offload.needsChecksum)
    guard let count = kind.read(pool, reception, into: &fields)
    else { return nil }
    return place &+ count
  }

  /// Verifies the checksum of a UDP header, if there is one and it is complete.
  private func readUDP(_ state: PacketState, _ end: Int, into fields: inout TunnelFields) -> Bool {
    let transport = Int(state.transport)
    let address = state.start &+ transport
    guard pool.load16(address &+ UDPHeader.checksumOffset) != 0 else { return true }
    fields.flags.insert(.checksum)
    if state.offload.needsChecksum { return true }
    var sum = pool.pseudoHeaderSum(
      network: state.start &+ Int(state.network), isIPv6: state.etherType == EtherType.ipv6.rawValue,
      proto: IPProtocol.udp.rawValue, byteCount: end &- transport)
    sum.add(pool.sum(address, end &- transport))
    return sum.isValid
  }

  private mutating func writeTunnelKey(
    _ row: KeyRow, _ state: PacketState, _ fields: TunnelFields, _ headerByteCount: Int, _ port: UInt32
  ) {
    bank.base[row] = BaseKey()
    bank.base[row][.inPort] = UInt64(port)
    bank.reset(row)
    bank.open(row, .tunnel)
    let network = state.start &+ Int(state.network)
    let tos: UInt64
    let ttl: UInt64
    if state.etherType == 0x0800 {
      bank[row, .tunnelAddresses] = pool.load64(network &+ 12)
      tos = UInt64(pool.load8(network &+ 1))
      ttl = UInt64(pool.load8(network &+ 8))
    } else {
      let first = KeyPlace.tunnelIPv6Source.word
      for index in 0..<4 { bank[row, first &+ index] = pool.load64(network &+ 8 &+ 8 &* index) }
      tos = UInt64(pool.load16(network) >> 4) & 0xff
      ttl = UInt64(pool.load8(network &+ 7))
    }
    bank[row, .tunnelID] = fields.key
    bank[row, .tunnelFlags] = UInt64(fields.flags.rawValue)
    bank[row, .tunnelTOS] = tos
    bank[row, .tunnelTTL] = ttl
    if state.transportProtocol == 17 {
      bank[row, .tunnelTransportPorts] = UInt64(pool.load32(state.start &+ Int(state.transport)))
    }
    if let policy = fields.groupPolicy {
      bank[row, .tunnelGBPID] = UInt64(policy.identifier)
      bank[row, .tunnelGBPFlags] = UInt64(policy.flags)
    }
    guard fields.optionByteCount > 0 else { return }
    bank[row, .tunnelOptionByteCount] = UInt64(truncatingIfNeeded: fields.optionByteCount)
    bank.open(row, .tunnelOptions)
    let options = state.start &+ headerByteCount &- fields.optionByteCount
    for index in 0..<(fields.optionByteCount >> 2) {
      bank[row, .tunnelOptions.half(index)] = UInt64(pool.load32(options &+ 4 &* index))
    }
  }
}

extension PacketPool {
  /// Fills in the lengths and checksums of the outer headers of a packet.
  mutating func completeTunnel(_ start: Int, _ count: Int, _ layout: TunnelLayout, needsOuter: Bool) {
    let network = start &+ layout.network
    let transport = start &+ layout.transport
    let payload = count &- layout.transport
    if layout.isIPv6 {
      store16(payload > 0xffff ? 0 : UInt16(truncatingIfNeeded: payload), network &+ 4)
    } else {
      let length = count &- layout.network
      store16(length > 0xffff ? 0 : UInt16(truncatingIfNeeded: length), network &+ 2)
      completeHeaderChecksum(network)
    }
    if layout.isUDP {
      store16(payload > 0xffff ? 0 : UInt16(truncatingIfNeeded: payload), transport &+ 4)
      guard needsOuter else { return }
      let checksum = transport &+ UDPHeader.checksumOffset
      store16(0, checksum)
      var sum = pseudoHeaderSum(
        network: network, isIPv6: layout.isIPv6, proto: IPProtocol.udp.rawValue, byteCount: payload)
      sum.add(self.sum(transport, payload))
      store16(sum.udpValue, checksum)
    } else if needsOuter {
      let checksum = transport &+ GREBase.checksumOffset
      store16(0, checksum)
      store16(~sum(transport, payload), checksum)
    }
  }
}
