import PacketWire
import TestSupport
import Testing

@Suite struct EveryViewTests {
  @Test func `Every truncation of every vector is read or refused`() throws {
    let vectors = try allPacketVectors()
    #expect(vectors.count >= 15)
    var views = EveryView()
    for vector in vectors {
      for count in 0...vector.bytes.count { views.readAll(vector.bytes.rawBytes.extracting(first: count)) }
    }
    #expect(views.sum != 0)
  }

  @Test func `Random bytes are read or refused`() {
    let seed = UInt64.random(in: 0 ... .max)
    print("seed \(seed)")
    var random = SeededRandom(seed: seed)
    var views = EveryView()
    for _ in 0..<5_000 {
      let bytes = random.bytes(Int(random.next() % 160))
      views.readAll(bytes.rawBytes)
    }
    #expect(views.sum != 0)
  }

  @Test func `Vectors with random bytes changed are read or refused`() throws {
    let seed = UInt64.random(in: 0 ... .max)
    print("seed \(seed)")
    var random = SeededRandom(seed: seed)
    let vectors = try allPacketVectors()
    var views = EveryView()
    for round in 0..<5_000 {
      var bytes = vectors[round % vectors.count].bytes
      for _ in 0..<(1 + random.next() % 4) {
        bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
      }
      views.readAll(bytes.rawBytes)
    }
    #expect(views.sum != 0)
  }
}
