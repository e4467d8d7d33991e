/// The checksum of journal records (FIPS 180-4, section 6.1).
///
/// It guards against torn writes, not against people; Docs/decisions tells why it is written here.
public struct SHA1 {
  private var state: (UInt32, UInt32, UInt32, UInt32, UInt32) = (
    0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0
  )
  private var schedule: [80 of UInt32] = .init(repeating: 0)

  private init() {}

  private static var blockByteCount: Int { 64 }

  /// The checksum of some bytes, as 40 hexadecimal digits in lower case.
  public static func hexadecimal(_ bytes: [UInt8]) -> String {
    hexadecimal(bytes[...])
  }

  /// The checksum of some bytes, as 40 hexadecimal digits in lower case.
  public static func hexadecimal(_ bytes: ArraySlice<UInt8>) -> String {
    let digest = digest(bytes)
    var text: [UInt8] = []
    text.reserveCapacity(40)
    for word in [digest.0, digest.1, digest.2, digest.3, digest.4] {
      for shift in stride(from: UInt32(28), through: 0, by: -4) {
        let digit = UInt8(truncatingIfNeeded: word >> shift & 0xf)
        text.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  private static func digest(_ bytes: ArraySlice<UInt8>) -> (UInt32, UInt32, UInt32, UInt32, UInt32) {
    var sum = SHA1()
    var position = bytes.startIndex
    while bytes.endIndex - position >= blockByteCount {
      sum.add(bytes, at: position)
      position += blockByteCount
    }
    var tail = Array(bytes[position...])
    tail.append(0x80)
    while tail.count % blockByteCount != blockByteCount - 8 { tail.append(0) }
    let bitCount = UInt64(bytes.count) * 8
    for shift in stride(from: UInt64(56), through: 0, by: -8) {
      tail.append(UInt8(truncatingIfNeeded: bitCount >> shift))
    }
    for start in stride(from: 0, to: tail.count, by: blockByteCount) { sum.add(tail[...], at: start) }
    return sum.state
  }

  private mutating func add(_ bytes: ArraySlice<UInt8>, at position: Int) {
    for index in 0..<16 {
      let place = position + index * 4
      schedule[index] =
        UInt32(bytes[place]) << 24 | UInt32(bytes[place + 1]) << 16 | UInt32(bytes[place + 2]) << 8
        | UInt32(bytes[place + 3])
    }
    for index in 16..<80 {
      schedule[index] = SHA1.rotate(
        schedule[index - 3] ^ schedule[index - 8] ^ schedule[index - 14] ^ schedule[index - 16], 1)
    }
    var (a, b, c, d, e) = state
    for index in 0..<80 {
      let (mixed, constant): (UInt32, UInt32) =
        switch index {
        case 0..<20: (b & c | ~b & d, 0x5a82_7999)
        case 20..<40: (b ^ c ^ d, 0x6ed9_eba1)
        case 40..<60: (b & c | b & d | c & d, 0x8f1b_bcdc)
        default: (b ^ c ^ d, 0xca62_c1d6)
        }
      let next = SHA1.rotate(a, 5) &+ mixed &+ e &+ constant &+ schedule[index]
      (a, b, c, d, e) = (next, a, SHA1.rotate(b, 30), c, d)
    }
    state = (state.0 &+ a, state.1 &+ b, state.2 &+ c, state.3 &+ d, state.4 &+ e)
  }

  private static func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 {
    word << count | word >> (32 - count)
  }
}
