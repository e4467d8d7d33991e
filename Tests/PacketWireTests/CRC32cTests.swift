import PacketWire
import TestSupport
import Testing

@Suite struct CRC32cTests {
  // RFC 3720, appendix B.4; the last one is the usual check value of the CRC catalogues.
  @Test func `Published values`() {
    let vectors: [([UInt8], UInt32)] = [
      ([UInt8](repeating: 0, count: 32), 0x8a91_36aa),
      ([UInt8](repeating: 0xff, count: 32), 0x62a8_ab43),
      (Array(0..<32), 0x46dd_794e),
      ((0..<32).reversed(), 0x113f_db5c),
      (Array("123456789".utf8), 0xe306_9283),
    ]
    for (bytes, wanted) in vectors {
      let sum = CRC32c.of(bytes.rawBytes)
      #expect(sum == wanted)
    }
  }

  @Test func `Zeros can be counted instead of read`() {
    var counted = CRC32c()
    counted.addZeros(32)
    #expect(counted.value == 0x8a91_36aa)
  }

  @Test func `A change of a word is known without the bytes that follow`() {
    var random = SeededRandom(seed: 7)
    for count in [0, 1, 7, 64, 1_400] {
      var bytes = random.bytes(4 + count)
      let before = CRC32c.of(bytes.rawBytes)
      let old = bytes.rawBytes.bigEndian32(at: 0)
      let new = UInt32(truncatingIfNeeded: random.next())
      do {
        var span = bytes.mutableRawBytes
        span.store(bigEndian32: new, at: 0)
      }
      let after = CRC32c.of(bytes.rawBytes)
      #expect(before ^ CRC32c.change(ofWord: old ^ new, followedBy: count) == after)
    }
  }

  @Test func `An SCTP packet is completed`() {
    var packet = [UInt8](repeating: 7, count: 32)
    do {
      var span = packet.mutableRawBytes
      SCTPHeader.write(sourcePort: 1, destinationPort: 2, verificationTag: 3, to: &span, at: 4)
      SCTPHeader.completeChecksum(in: &span, at: 4)
    }
    let found = SCTPHeader(packet.rawBytes.from(4))?.checksum
    let wanted = SCTPHeader.expectedChecksum(packet.rawBytes.from(4))
    #expect(found == wanted)
    #expect(wanted != 0)
  }
}
