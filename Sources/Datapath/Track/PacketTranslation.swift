// A translated packet's bytes: addresses, ports, and of an ICMP error those of the packet that it is about. Checksums follow what
// changes (RFC 1624), so that one that is left to the sender stays so; that of an error is computed anew.

import PacketWire

extension Engine {
  /// Rewrites one end of a packet; `false` if no buffer was free.
  mutating func translate(_ state: inout PacketState, isError: Bool) -> Bool {
    guard makeWritable(&state) else { return false }
    let network = state.start &+ Int(state.network)
    let target = trackPass[0].target
    storeAddress(trackPass[0].rewrite, target, network, state)
    if isError {
      translateInner(&state, target.reversed)
    } else {
      storePorts(target, state)
    }
    return true
  }

  /// Writes the source or the destination of a tuple into the packet's IP header.
  private mutating func storeAddress(
    _ end: TranslatedEnd, _ tuple: ConnectionTuple, _ network: Int, _ state: PacketState
  ) {
    let isSource = end == .source
    var old: UInt64 = 0
    var new: UInt64 = 0
    if tuple.isIPv6 {
      let high = isSource ? tuple.sourceHigh : tuple.destinationHigh
      let low = isSource ? tuple.sourceLow : tuple.destinationLow
      let address = network &+ (isSource ? 8 : 24)
      old = Engine.halves(pool.load64(address)) &+ Engine.halves(pool.load64(address &+ 8))
      new = Engine.halves(high) &+ Engine.halves(low)
      pool.store64(high, address)
      pool.store64(low, address &+ 8)
    } else {
      let value = isSource ? tuple.sourceLow : tuple.destinationLow
      let address = network &+ (isSource ? 12 : 16)
      old = Engine.halves(UInt64(pool.load32(address)))
      new = Engine.halves(value)
      pool.store32(UInt32(truncatingIfNeeded: value), address)
      pool.adjustChecksum(at: network &+ 10, old: old, new: new)
    }
    if old != new { adjustTransport(state, old: old, new: new) }
  }

  /// Writes a tuple's ports into a segment or a datagram.
  private mutating func storePorts(_ tuple: ConnectionTuple, _ state: PacketState) {
    guard tuple.protocolNumber == 6 || tuple.protocolNumber == 17 else { return }
    let address = state.start &+ Int(state.transport)
    let old = pool.load32(address)
    guard old != tuple.ports else { return }
    pool.store32(tuple.ports, address)
    let isPartial =
      state.offload.needsChecksum && state.offload.tunnelByteCount == 0
      && Int(state.offload.checksumStart) == Int(state.transport)
    if isPartial { return }
    adjust(
      at: address &+ (tuple.protocolNumber == 6 ? 16 : 6), isUDP: tuple.protocolNumber == 17,
      old: Engine.halves(UInt64(old)), new: Engine.halves(UInt64(tuple.ports)))
  }

  /// Corrects a transport checksum; one of UDP that is not there stays so.
  private mutating func adjust(at field: Int, isUDP: Bool, old: UInt64, new: UInt64) {
    if isUDP && pool.load16(field) == 0 { return }
    pool.adjustChecksum(at: field, old: old, new: new)
    if isUDP && pool.load16(field) == 0 { pool.store16(0xffff, field) }
  }

  /// Rewrites the packet that an ICMP error is about, which goes the other way, and the error's checksum.
  @inline(never)
  private mutating func translateInner(_ state: inout PacketState, _ target: ConnectionTuple) {
    let transport = Int(state.transport)
    let end = Engine.networkEnd(state, pool)
    var inner = ConnectionTuple()
    guard let places = innerPlaces(state, transport, end, isIPv6: target.isIPv6, &inner) else { return }
    // Seen by itself, with what is there of its transport header.
    var whole = state
    whole.network = Int32(truncatingIfNeeded: places.network)
    whole.transport = Int32(truncatingIfNeeded: places.transport)
    whole.transportProtocol = inner.protocolNumber
    whole.count = end
    whole.offload = Offload()
    storeAddress(trackPass[0].rewrite.reversed, target, state.start &+ places.network, whole)
    storeInnerPorts(target, state.start &+ places.transport, end &- places.transport)
    let address = state.start &+ transport
    pool.store16(0, address &+ 2)
    var sum = InternetChecksum()
    if target.isIPv6 {
      sum = pool.pseudoHeaderSum(
        network: state.start &+ Int(state.network), isIPv6: true, proto: 58, byteCount: end &- transport)
    }
    sum.add(pool.sum(address, end &- transport))
    pool.store16(sum.value, address &+ 2)
    if Int(state.offload.checksumStart) == transport { state.offload.needsChecksum = false }
  }

  private mutating func storeInnerPorts(_ tuple: ConnectionTuple, _ address: Int, _ available: Int) {
    guard tuple.protocolNumber == 6 || tuple.protocolNumber == 17, available >= 8 else { return }
    let old = pool.load32(address)
    pool.store32(tuple.ports, address)
    let isUDP = tuple.protocolNumber == 17
    let field = isUDP ? 6 : 16
    guard available >= field &+ 2 else { return }
    adjust(
      at: address &+ field, isUDP: isUDP, old: Engine.halves(UInt64(old)),
      new: Engine.halves(UInt64(tuple.ports)))
  }

  /// Moves a segment's numbers by what helpers have added to the payload before it; `false` if no buffer was free.
  mutating func skew(_ state: inout PacketState) -> Bool {
    guard makeWritable(&state) else { return false }
    let address = state.start &+ Int(state.transport)
    skew(at: address &+ 4, by: trackPass[0].sequenceSkew, state)
    skew(at: address &+ 8, by: trackPass[0].acknowledgmentSkew, state)
    return true
  }

  private mutating func skew(at field: Int, by distance: Int32, _ state: PacketState) {
    guard distance != 0 else { return }
    let old = pool.load32(field)
    let new = old &+ UInt32(bitPattern: distance)
    pool.store32(new, field)
    if state.offload.needsChecksum, Int(state.offload.checksumStart) == Int(state.transport) { return }
    pool.adjustChecksum(
      at: state.start &+ Int(state.transport) &+ 16, old: Engine.halves(UInt64(old)),
      new: Engine.halves(UInt64(new)))
  }
}
