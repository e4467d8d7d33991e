import PacketWire
import Testing

@Suite struct BytesTests {
  @Test func `Integers and addresses are stored big-endian`() {
    var bytes = [UInt8](repeating: 0, count: 48)
    do {
      var span = bytes.mutableRawBytes
      span.store(byte: 0x01, at: 0)
      span.store(bigEndian16: 0x0203, at: 1)
      span.store(bigEndian32: 0x0405_0607, at: 3)
      span.store(bigEndian48: 0xffff_0809_0a0b_0c0d, at: 7)
      span.store(bigEndian64: 0x0e0f_1011_1213_1415, at: 13)
      span.store(IPv6Address(high: 0x1617_1819_1a1b_1c1d, low: 0x1e1f_2021_2223_2425), at: 21)
      span.store(IPv4Address(0x2627_2829), at: 37)
      span.store(MACAddress(0x2a2b_2c2d_2e2f), at: 41)
      span.store(byte: 0x30, at: 47)
    }
    #expect(bytes == Array(1...48))
    let read = (
      bytes.rawBytes.bigEndian16(at: 1), bytes.rawBytes.bigEndian32(at: 3), bytes.rawBytes.bigEndian48(at: 7),
      bytes.rawBytes.bigEndian64(at: 13)
    )
    #expect(read == (0x0203, 0x0405_0607, 0x0809_0a0b_0c0d, 0x0e0f_1011_1213_1415))
    let macAddress = bytes.rawBytes.macAddress(at: 41)
    #expect(macAddress.rawValue == 0x2a2b_2c2d_2e2f)
  }

  @Test func `Runs of bytes are copied, moved and cleared`() {
    var bytes: [UInt8] = Array(0..<10)
    let source: [UInt8] = [0xaa, 0xbb]
    do {
      var span = bytes.mutableRawBytes
      span.move(from: 0, to: 2, count: 8)
      span.store(bytes: source.rawBytes, at: 0)
      span.zero(at: 9, count: 1)
      span.store(bytes: RawSpan(), at: 10)
      span.zero(at: 10, count: 0)
    }
    #expect(bytes == [0xaa, 0xbb, 0, 1, 2, 3, 4, 5, 6, 0])
    let copy = Array(bytes.rawBytes.from(8))
    #expect(copy == [6, 0])
    let isSame = bytes.rawBytes.hasSameBytes(as: bytes.rawBytes)
    let isDifferent = bytes.rawBytes.hasSameBytes(as: source.rawBytes)
    #expect(isSame && !isDifferent)
  }
}
