import PacketWire
import TestSupport
import Testing

@Suite struct InternetChecksumTests {
  /// The definition: 16-bit words added one by one.
  private func reference(_ bytes: [UInt8]) -> UInt16 {
    var sum: UInt32 = 0
    for (index, byte) in bytes.enumerated() {
      sum += index % 2 == 0 ? UInt32(byte) << 8 : UInt32(byte)
      sum = (sum & 0xffff) + (sum >> 16)
    }
    return ~UInt16(sum)
  }

  @Test func `The example of RFC 1071, section 3`() {
    let bytes: [UInt8] = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]
    let sum = InternetChecksum.of(bytes.rawBytes)
    #expect(sum == ~0xddf2)
  }

  @Test func `The example of RFC 1624, section 4`() {
    // Zero must not become 0xffff, as it did by RFC 1141.
    #expect(InternetChecksum.updated(0xdd2f, fromSum: 0x5555, toSum: 0x3285) == 0x0000)
  }

  @Test func `Every length and split agrees with the definition`() {
    let seed = UInt64.random(in: 0 ... .max)
    print("seed \(seed)")
    var random = SeededRandom(seed: seed)
    for count in 0..<300 {
      let bytes = random.bytes(count)
      let whole = InternetChecksum.of(bytes.rawBytes)
      #expect(whole == reference(bytes))
      let first = Int(random.next() % UInt64(count + 1))
      let second = first + Int(random.next() % UInt64(count - first + 1))
      var pieces = InternetChecksum()
      pieces.add(bytes.rawBytes.extracting(0..<first))
      pieces.add(bytes.rawBytes.extracting(first..<second))
      pieces.add(bytes.rawBytes.extracting(second..<count))
      #expect(pieces.value == whole, "seed \(seed), split at \(first) and \(second) of \(count)")
    }
  }

  @Test func `Large buffers of ones do not overflow`() {
    let bytes = [UInt8](repeating: 0xff, count: 1 << 20)
    let sum = bytes.rawBytes.onesComplementSum
    #expect(sum == 0xffff)
  }

  @Test func `An update equals a new computation`() {
    let seed = UInt64.random(in: 0 ... .max)
    print("seed \(seed)")
    var random = SeededRandom(seed: seed)
    for _ in 0..<2_000 {
      // The last word is never zero, as that of a packet is not: else 0 and 0xffff could both be right.
      var bytes = random.bytes(62) + [1, 1]
      let before = InternetChecksum.of(bytes.rawBytes)
      let old32 = bytes.rawBytes.bigEndian32(at: 4)
      let old16 = bytes.rawBytes.bigEndian16(at: 8)
      let old128 = bytes.rawBytes.ipv6Address(at: 16)
      let new32 = UInt32(truncatingIfNeeded: random.next())
      let new16 = UInt16(truncatingIfNeeded: random.next())
      let new128 = IPv6Address(high: random.next(), low: random.next())
      do {
        var span = bytes.mutableRawBytes
        span.store(bigEndian32: new32, at: 4)
        span.store(bigEndian16: new16, at: 8)
        span.store(new128, at: 16)
      }
      var updated = InternetChecksum.updated(
        before, fromSum: UInt64(old32 >> 16) + UInt64(old32 & 0xffff),
        toSum: UInt64(new32 >> 16) + UInt64(new32 & 0xffff))
      updated = InternetChecksum.updated(updated, fromSum: UInt64(old16), toSum: UInt64(new16))
      updated = InternetChecksum.updated(updated, fromSum: sum(of: old128), toSum: sum(of: new128))
      let after = InternetChecksum.of(bytes.rawBytes)
      #expect(updated == after, "seed \(seed)")
    }
  }

  private func sum(of address: IPv6Address) -> UInt64 {
    (0..<8).reduce(0) { $0 + UInt64(address.group($1)) }
  }

  @Test func `UDP replaces a checksum of zero`() {
    var sum = InternetChecksum()
    sum.add(0xffff as UInt16)
    #expect(sum.value == 0)
    #expect(sum.udpValue == 0xffff)
    #expect(sum.isValid)
  }
}
