import Host
import Testing

@Suite struct SHA1Tests {
  static func hexadecimal(_ bytes: ArraySlice<UInt8>) throws -> String {
    try SHA1.digest(bytes).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  @Test("SHA-1 of the standard's examples")
  func examples() throws {
    // FIPS 180-4, and RFC 3174, section 7.3.
    let cases = [
      ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"), ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
      ),
      (String(repeating: "a", count: 1_000_000), "34aa973cd4c4daa4f61eeb2bdbad27316534016f"),
      (String(repeating: "01234567", count: 80), "dea356a2cddd90c7a7ecedc5ebb563934f460452"),
    ]
    for (text, digest) in cases { #expect(try Self.hexadecimal(Array(text.utf8)[...]) == digest) }
  }

  @Test("a slice is as good as an array")
  func slices() throws {
    #expect(try Self.hexadecimal(Array("xxabcxx".utf8)[2..<5]) == "a9993e364706816aba3e25717850c26c9cd0d89d")
  }
}
