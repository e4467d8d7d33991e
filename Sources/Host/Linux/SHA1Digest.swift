#if !APUS_WINDOWS
  extension Syscalls {
    static func sha1(_ bytes: ArraySlice<UInt8>) throws(SystemError) -> [UInt8] { SHA1Digest.of(bytes) }
  }

  /// SHA-1 (FIPS 180-4, section 6.1).
  ///
  /// The kernel has no call for it that is always there; Docs/decisions tells why it is written here.
  private struct SHA1Digest {
    private var state: (UInt32, UInt32, UInt32, UInt32, UInt32) = (
      0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0
    )
    private var schedule: [80 of UInt32] = .init(repeating: 0)

    private init() {}

    private static var blockByteCount: Int { 64 }

    /// The 20 bytes of the checksum of some bytes.
    static func of(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
      var sum = SHA1Digest()
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
      var digest: [UInt8] = []
      for word in [sum.state.0, sum.state.1, sum.state.2, sum.state.3, sum.state.4] {
        for shift in stride(from: UInt32(24), through: 0, by: -8) {
          digest.append(UInt8(truncatingIfNeeded: word >> shift))
        }
      }
      return digest
    }

    private mutating func add(_ bytes: ArraySlice<UInt8>, at position: Int) {
      for index in 0..<16 {
        let place = position + index * 4
        schedule[index] =
          UInt32(bytes[place]) << 24 | UInt32(bytes[place + 1]) << 16 | UInt32(bytes[place + 2]) << 8
          | UInt32(bytes[place + 3])
      }
      for index in 16..<80 {
        schedule[index] = Self.rotate(
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
        let next = Self.rotate(a, 5) &+ mixed &+ e &+ constant &+ schedule[index]
        (a, b, c, d, e) = (next, a, Self.rotate(b, 30), c, d)
      }
      state = (state.0 &+ a, state.1 &+ b, state.2 &+ c, state.3 &+ d, state.4 &+ e)
    }

    private static func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 {
      word << count | word >> (32 - count)
    }
  }
#endif
