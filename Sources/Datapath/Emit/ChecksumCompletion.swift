// Checksums: the Internet checksum of RFC 1071, its incremental update (RFC 1624), and completing what a sender
// left to do.

extension PacketPool {
  /// Folds a sum of 16-bit words to 16 bits.
  @inline(__always)
  static func fold(_ sum: UInt64) -> UInt16 {
    var value = (sum >> 32) &+ (sum & 0xffff_ffff)
    value = (value >> 32) &+ (value & 0xffff_ffff)
    value = (value >> 16) &+ (value & 0xffff)
    value = (value >> 16) &+ (value & 0xffff)
    value = (value >> 16) &+ (value & 0xffff)
    return UInt16(truncatingIfNeeded: value)
  }

  /// Corrects a checksum for 16-bit words whose sum was `old` and is `new` (RFC 1624, equation 3).
  @inline(__always)
  mutating func adjustChecksum(at address: Int, old: UInt64, new: UInt64) {
    let before = load16(address)
    let value = UInt64(~before) &+ UInt64(~PacketPool.fold(old)) &+ new
    store16(~PacketPool.fold(value), address)
  }

  /// The same for a field that holds the sum itself, not its complement.
  @inline(__always)
  mutating func adjustPartialSum(at address: Int, old: UInt64, new: UInt64) {
    let value = UInt64(load16(address)) &+ UInt64(~PacketPool.fold(old)) &+ new
    store16(PacketPool.fold(value), address)
  }

  /// Writes an IPv4 header's checksum.
  mutating func completeHeaderChecksum(_ address: Int) {
    let length = Int(load8(address) & 15) &* 4
    store16(0, address &+ 10)
    store16(~PacketPool.fold(sum(address, length)), address &+ 10)
  }

  /// The sum of the pseudo-header of the packet at a network header (RFC 768; RFC 8200, section 8.1).
  func pseudoHeaderSum(network: Int, isIPv6: Bool, proto: UInt8, byteCount: Int) -> UInt64 {
    let addresses = isIPv6 ? sum(network &+ 8, 32) : sum(network &+ 12, 8)
    return addresses &+ UInt64(proto) &+ UInt64(truncatingIfNeeded: byteCount)
  }

  /// Does what `offload` says is left of a checksum; a packet that has to be cut is not for this.
  mutating func completeChecksum(_ start: Int, _ count: Int, _ offload: Offload) -> Bool {
    let from = Int(offload.checksumStart)
    let field = from &+ Int(offload.checksumOffset)
    guard from >= 14, field &+ 2 <= count else { return false }
    var value = ~PacketPool.fold(sum(start &+ from, count &- from))
    // Zero says "none" in UDP, and the other zero says zero.
    if value == 0 && offload.checksumOffset == 6 { value = 0xffff }
    store16(value, start &+ field)
    return true
  }
}
