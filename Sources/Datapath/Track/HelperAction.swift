// What: a packet of a connection that has a helper is looked into: the connection that it announces is expected, and where the sender's
// address is translated, so is what the packet says of it.
//
// How: an address has to be the sender's own, so that nobody opens a way to others. The new text may be longer or shorter: then
// the lengths follow, the checksum is computed anew, and the tracker moves the numbers of later segments.

import PacketWire

extension Engine {
  /// Shows a packet to its connection's helper; `false` if the packet is to be dropped.
  ///
  /// The connection and its direction are `trackPass[0].connection` and `isReply`, its first direction's tuple is `original`. The
  /// packet's own tuple, as it came, is given; if it was translated, its bytes are by now.
  @inline(never)
  mutating func help(_ tuple: ConnectionTuple, _ state: inout PacketState) -> Bool {
    guard state.transport >= 0, state.offload.segmentation == .none else { return true }
    let transport = Int(state.transport)
    let end = Engine.networkEnd(state, pool)
    let isReply = trackPass[0].isReply
    var payload = transport &+ 8
    if tuple.protocolNumber == 6 {
      guard end &- transport >= 20 else { return true }
      payload = transport &+ Int(pool.load8(state.start &+ transport &+ 12) >> 4) &* 4
    }
    guard payload < end else { return true }
    let finding = read(state.start &+ payload, end &- payload, tuple)
    switch finding.outcome {
    case .nothing: return true
    case .malformed: break
    case .expectation:
      if isSenders(finding, tuple) {
        _ = trackerReference.value.expect(
          trackPass[0].connection, trackPass[0].original, port: finding.port, callsClient: !isReply,
          keepsAddress: false)
        return write(finding, payload, &state)
      }
    }
    let invalid = UInt64(TrackState.isInvalid | TrackState.isTracked)
    let before = bank.base[state.key][.ctState]
    bank.base[state.key][.ctState] = before | invalid
    return true
  }

  /// Whether an announced address is the packet's source, as it came or translated.
  private func isSenders(_ finding: HelperFinding, _ tuple: ConnectionTuple) -> Bool {
    guard finding.form == .numbers || finding.form == .extended else { return true }
    guard finding.isIPv6 == tuple.isIPv6 else { return false }
    if finding.addressHigh == tuple.sourceHigh && finding.addressLow == tuple.sourceLow { return true }
    return trackPass[0].rewrite == .source && finding.addressHigh == trackPass[0].target.sourceHigh
      && finding.addressLow == trackPass[0].target.sourceLow
  }

  /// Writes the translated address in place of the announced one; `false` if there is no room.
  private mutating func write(
    _ finding: HelperFinding, _ payload: Int, _ state: inout PacketState
  ) -> Bool {
    guard finding.form == .numbers || finding.form == .extended, trackPass[0].rewrite == .source else {
      return true
    }
    let text = HelperText(
      finding, addressHigh: trackPass[0].target.sourceHigh, addressLow: trackPass[0].target.sourceLow,
      port: finding.port)
    guard makeWritable(&state) else { return false }
    let place = payload &+ Int(finding.place)
    let growth = text.count &- Int(finding.byteCount)
    if growth != 0 {
      let limit = pool.address(of: state.slot) &+ pool.capacity(of: state.slot)
      guard state.start &+ state.count &+ growth <= limit else {
        count(.noBuffer)
        return false
      }
      let rest = state.start &+ place &+ Int(finding.byteCount)
      pool.move(from: rest, to: rest &+ growth, count: state.start &+ state.count &- rest)
      state.count &+= growth
      lengthen(state, by: growth)
    }
    for index in 0..<text.count { pool.store8(text.bytes[index], state.start &+ place &+ index) }
    checksumSegment(state)
    if growth != 0 {
      trackerReference.value.addSkew(
        trackPass[0].connection, trackPass[0].original, by: Int32(truncatingIfNeeded: growth),
        isReply: trackPass[0].isReply)
    }
    return true
  }

  /// Corrects the length in a packet's IP header.
  private mutating func lengthen(_ state: PacketState, by growth: Int) {
    let isIPv6 = state.etherType == 0x86dd
    let field = state.start &+ Int(state.network) &+ (isIPv6 ? 4 : 2)
    let old = pool.load16(field)
    let new = old &+ UInt16(truncatingIfNeeded: growth)
    pool.store16(new, field)
    if !isIPv6 {
      pool.adjustChecksum(
        at: state.start &+ Int(state.network) &+ 10, old: UInt64(old), new: UInt64(new))
    }
  }

  /// Computes a TCP segment's checksum, or the part of it that the sender computes.
  private mutating func checksumSegment(_ state: PacketState) {
    let transport = Int(state.transport)
    let byteCount = Engine.networkEnd(state, pool) &- transport
    let field = state.start &+ transport &+ 16
    var sum = pool.pseudoHeaderSum(
      network: state.start &+ Int(state.network), isIPv6: state.etherType == 0x86dd, proto: 6,
      byteCount: byteCount)
    if state.offload.needsChecksum, Int(state.offload.checksumStart) == transport {
      pool.store16(sum.folded, field)
      return
    }
    pool.store16(0, field)
    sum.add(pool.sum(state.start &+ transport, byteCount))
    pool.store16(sum.value, field)
  }
}
