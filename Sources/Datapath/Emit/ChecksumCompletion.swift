// Checksums of packets in the pool: keeping them true to what changes, and completing what a sender left to do. The
// arithmetic is that of `InternetChecksum`.

import PacketWire

extension PacketPool {
  /// Corrects a checksum for 16-bit words whose sum was `old` and is `new`.
  @inline(__always)
  mutating func adjustChecksum(at address: Int, old: UInt64, new: UInt64) {
    store16(InternetChecksum.updated(load16(address), fromSum: old, toSum: new), address)
  }

  /// The same for a field that holds the sum itself, not its complement.
  @inline(__always)
  mutating func adjustPartialSum(at address: Int, old: UInt64, new: UInt64) {
    store16(InternetChecksum.updatedSum(load16(address), fromSum: old, toSum: new), address)
  }

  /// Writes an IPv4 header's checksum.
  mutating func completeHeaderChecksum(_ address: Int) {
    let length = Int(load8(address) & 15) &* 4
    store16(0, address &+ 10)
    store16(~sum(address, length), address &+ 10)
  }

  /// The sum of the pseudo-header of the packet at a network header (RFC 768; RFC 8200, section 8.1).
  func pseudoHeaderSum(network: Int, isIPv6: Bool, proto: UInt8, byteCount: Int) -> InternetChecksum {
    var sum = InternetChecksum()
    sum.add(isIPv6 ? self.sum(network &+ 8, 32) : self.sum(network &+ 12, 8))
    sum.add(UInt16(proto))
    sum.add(UInt32(truncatingIfNeeded: byteCount))
    return sum
  }

  /// Does what `offload` says is left of a checksum; a packet that has to be cut is not for this.
  mutating func completeChecksum(_ start: Int, _ count: Int, _ offload: Offload) -> Bool {
    let from = Int(offload.checksumStart)
    let field = from &+ Int(offload.checksumOffset)
    guard from >= 14, field &+ 2 <= count else { return false }
    var sum = InternetChecksum()
    sum.add(self.sum(start &+ from, count &- from))
    store16(offload.checksumOffset == UDPHeader.checksumOffset ? sum.udpValue : sum.value, start &+ field)
    return true
  }
}
