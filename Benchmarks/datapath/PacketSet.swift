import Datapath
import Foundation

/// Packets of one size each, side by side.
struct PacketSet {
  var bytes: [UInt8] = []
  var places: [(offset: Int, count: Int)] = []

  var count: Int { places.count }

  /// Hands in up to a batch of packets, going round the set, and returns how many.
  func fill(_ engine: inout Engine, from index: inout Int, atMost limit: Int) -> Int {
    let span = bytes.span
    let batch = min(Engine.batchCapacity, limit)
    for _ in 0..<batch {
      let place = places[index]
      let bytes = RawSpan(_elements: span.extracting(place.offset..<(place.offset + place.count)))
      _ = engine.receive(bytes, from: DatapathPortNumber(1))
      index += 1
      if index == count { index = 0 }
    }
    return batch
  }

  /// Sixty-byte UDP packets with random addresses and ports, one a flow.
  init(flows: Int) {
    var random = SystemRandom(seed: 42)
    bytes = [UInt8](repeating: 0, count: flows * 64)
    for flow in 0..<flows {
      let start = flow * 64
      places.append((start, 60))
      func put(_ values: [UInt8], at offset: Int) {
        for (index, value) in values.enumerated() { bytes[start + offset + index] = value }
      }
      put([0x02, 0, 0, 0, 0, 2, 0x02, 0, 0, 0, 0, 1, 0x08, 0], at: 0)
      put([0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0], at: 14)
      put((0..<12).map { _ in UInt8(truncatingIfNeeded: random.next()) }, at: 26)
      put([0, 26, 0, 0], at: 38)
      var sum = 0
      for index in stride(from: 14, to: 34, by: 2) {
        sum += Int(bytes[start + index]) << 8 | Int(bytes[start + index + 1])
      }
      while sum > 0xffff { sum = (sum & 0xffff) + (sum >> 16) }
      put([UInt8(~sum >> 8 & 0xff), UInt8(~sum & 0xff)], at: 24)
    }
  }

  /// The packets of a capture file in the classic format.
  init?(capture path: String) {
    guard let data = FileManager.default.contents(atPath: path), data.count >= 24 else { return nil }
    bytes = [UInt8](data)
    let isLittle = bytes[0] == 0xd4 || bytes[0] == 0x4d
    func word(_ offset: Int) -> Int {
      var value = 0
      for index in 0..<4 { value = value << 8 | Int(bytes[offset + (isLittle ? 3 - index : index)]) }
      return value
    }
    guard [0xa1b2_c3d4, 0xa1b2_3c4d].contains(word(0)), word(20) & 0xffff == 1 else { return nil }
    var position = 24
    while position + 16 <= bytes.count {
      let length = word(position + 8)
      guard length >= 14, length <= 65_536, position + 16 + length <= bytes.count else { break }
      places.append((position + 16, length))
      position += 16 + length
    }
    if places.isEmpty { return nil }
  }
}

/// A repeatable source of random numbers.
struct SystemRandom {
  private var state: UInt64
  init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }
  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return (state &* 0x2545_f491_4f6c_dd1d) >> 32
  }
}
