// The action `meter`: what it does with a packet.

extension Engine {
  /// Takes a packet through a meter; `false` if that was its end.
  @inline(never)
  mutating func meter(_ id: UInt32, _ state: inout PacketState) -> Bool {
    switch metersReference.value.take(id, byteCount: state.count, now: now) {
    case .pass: return true
    case .drop:
      count(.meterExceeded)
      return false
    case .remark(let steps): return raisePrecedence(of: &state, by: steps)
    }
  }

  /// Raises a packet's drop precedence, if its class has one; `false` if no buffer was free.
  private mutating func raisePrecedence(of state: inout PacketState, by steps: UInt8) -> Bool {
    let network = Int(state.network)
    switch state.etherType {
    case 0x0800:
      guard state.count >= network &+ 20 else { return true }
      let old = pool.load8(state.start &+ network &+ 1)
      guard let new = Engine.raised(old, by: steps) else { return true }
      guard makeWritable(&state) else { return false }
      let address = state.start &+ network
      pool.store8(new, address &+ 1)
      pool.adjustChecksum(at: address &+ 10, old: UInt64(old), new: UInt64(new))
    case 0x86dd:
      guard state.count >= network &+ 40 else { return true }
      let first = pool.load32(state.start &+ network)
      let old = UInt8(truncatingIfNeeded: first >> 20)
      guard let new = Engine.raised(old, by: steps) else { return true }
      guard makeWritable(&state) else { return false }
      pool.store32(first & ~0x0ff0_0000 | UInt32(new) << 20, state.start &+ network)
    default: break
    }
    return true
  }

  /// A type of service with a higher drop precedence; nil if it stays as it is.
  ///
  /// The classes of Assured Forwarding alone have one, from 1 to 3 (RFC 2597, section 6): 001dd0 to 100dd0.
  static func raised(_ service: UInt8, by steps: UInt8) -> UInt8? {
    let assured = service >> 5
    let precedence = service >> 3 & 3
    guard service & 4 == 0, (1...4).contains(assured), precedence > 0 else { return nil }
    let raised = min(3, precedence &+ min(steps, 3))
    return raised == precedence ? nil : service & ~0x18 | raised << 3
  }
}
