// The hashes by which select groups choose buckets in translation. Open vSwitch's are used, so that a group sends the same
// connections the same way whichever switch it is on.

import Datapath
import OpenFlow
import PacketWire

/// A hash of 32-bit words: MurmurHash3 (Austin Appleby, in the public domain), where a zero word does not count.
struct MurmurHash {
  private var hash: UInt32

  init(basis: UInt32 = 0) { hash = basis }

  /// Adds a word.
  mutating func add(_ word: UInt32) {
    if word != 0 {
      let scrambled = word &* 0xcc9e_2d51
      hash ^= Self.rotate(scrambled, 15) &* 0x1b87_3593
    }
    hash = Self.rotate(hash, 13) &* 5 &+ 0xe654_6b64
  }

  /// The hash of what was added, which was so many bytes.
  func finish(byteCount: UInt32) -> UInt32 {
    var value = hash ^ byteCount
    value ^= value >> 16
    value = value &* 0x85eb_ca6b
    value ^= value >> 13
    value = value &* 0xc2b2_ae35
    return value ^ value >> 16
  }

  private static func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 {
    word << count | word >> (32 - count)
  }

  /// The hash of a number.
  static func of(_ number: UInt32, basis: UInt32) -> UInt32 {
    var hash = MurmurHash(basis: number)
    hash.add(0)
    hash.add(basis)
    return hash.finish(byteCount: 8)
  }

  /// The hash of a field's bytes, in network byte order and taken as little-endian words.
  static func of(_ value: FieldValue, byteCount: Int, basis: UInt32) -> UInt32 {
    var hash = MurmurHash(basis: basis)
    var index = 0
    while index < byteCount {
      var word: UInt32 = 0
      for place in index..<min(index + 4, byteCount) {
        let byte = UInt32(truncatingIfNeeded: value >> FieldValue((byteCount - 1 - place) * 8)) & 0xff
        word |= byte << UInt32((place - index) * 8)
      }
      hash.add(word)
      index += 4
    }
    return hash.finish(byteCount: UInt32(truncatingIfNeeded: byteCount))
  }
}

/// A hash of addresses, VLAN and ports that both directions of a connection have: Bob Jenkins' lookup3 (in the public domain) over a
/// row of eight words.
enum SymmetricHash {
  /// The hash of a packet.
  static func value(_ key: borrowing FlowKey) -> UInt32 {
    var bytes = [UInt8](repeating: 0, count: 32)
    let type = UInt16(truncatingIfNeeded: key[.ethType])
    var ports: UInt64 = 0
    if type == 0x0800 || type == 0x86dd {
      if type == 0x0800 {
        put(key[.ipSource] ^ key[.ipDestination], byteCount: 4, at: 0, &bytes)
      } else {
        for word in 0..<2 {
          let sum =
            key.words[KeyPlace.ipv6Source.word + word] ^ key.words[KeyPlace.ipv6Destination.word + word]
          put(sum, byteCount: 8, at: word * 8, &bytes)
        }
      }
      let proto = key[.ipProtocol]
      bytes[28] = UInt8(truncatingIfNeeded: proto)
      if proto == 6 || proto == 132 { ports = key[.transportSource] ^ key[.transportDestination] }
    }
    put(UInt64(type), byteCount: 2, at: 16, &bytes)
    put((key[.vlanTCI] ^ key[.innerVLANTCI]) & VLANBits.id, byteCount: 2, at: 18, &bytes)
    put(ports, byteCount: 2, at: 20, &bytes)
    put(key[.ethSource] ^ key[.ethDestination], byteCount: 6, at: 22, &bytes)
    return hash(bytes)
  }

  /// Writes a number in network byte order.
  private static func put(_ value: UInt64, byteCount: Int, at start: Int, _ bytes: inout [UInt8]) {
    for index in 0..<byteCount {
      bytes[start + index] = UInt8(truncatingIfNeeded: value >> UInt64((byteCount - 1 - index) * 8))
    }
  }

  /// The hash of bytes, whose number is a multiple of four and more than a multiple of twelve.
  private static func hash(_ bytes: [UInt8]) -> UInt32 {
    func word(_ index: Int) -> UInt32 {
      let start = index * 4
      guard start + 3 < bytes.count else { return 0 }
      return UInt32(bytes[start]) | UInt32(bytes[start + 1]) << 8 | UInt32(bytes[start + 2]) << 16
        | UInt32(bytes[start + 3]) << 24
    }
    var a = 0xdead_beef &+ UInt32(truncatingIfNeeded: bytes.count)
    var (b, c) = (a, a)
    var index = 0
    while bytes.count - index * 4 >= 12 {
      a &+= word(index)
      b &+= word(index + 1)
      c &+= word(index + 2)
      mix(&a, &b, &c)
      index += 3
    }
    a &+= word(index)
    b &+= word(index + 1)
    c &+= word(index + 2)
    finish(&a, &b, &c)
    return c
  }

  private static func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 {
    word << count | word >> (32 - count)
  }

  private static func mix(_ a: inout UInt32, _ b: inout UInt32, _ c: inout UInt32) {
    a = (a &- c) ^ rotate(c, 4)
    c &+= b
    b = (b &- a) ^ rotate(a, 6)
    a &+= c
    c = (c &- b) ^ rotate(b, 8)
    b &+= a
    a = (a &- c) ^ rotate(c, 16)
    c &+= b
    b = (b &- a) ^ rotate(a, 19)
    a &+= c
    c = (c &- b) ^ rotate(b, 4)
    b &+= a
  }

  private static func finish(_ a: inout UInt32, _ b: inout UInt32, _ c: inout UInt32) {
    c = (c ^ b) &- rotate(b, 14)
    a = (a ^ c) &- rotate(c, 11)
    b = (b ^ a) &- rotate(a, 25)
    c = (c ^ b) &- rotate(b, 16)
    a = (a ^ c) &- rotate(c, 4)
    b = (b ^ a) &- rotate(a, 14)
    c = (c ^ b) &- rotate(b, 24)
  }
}
