// What: the hashes that the `hash` action computes (`dp_hash`).
//
// Why: a select group divides connections by them. A connection has to stay with its bucket whichever engine its packets, and the
// answers to them, arrive at, and after a restart; so that these hashes, unlike those of tables, begin with no secret.
//
// How: words are multiplied into the hash one after another, and the halves of each product folded together.

/// A hash of a packet's addresses, protocol and ports.
struct PacketHash {
  /// The algorithm whose hash both directions of a connection have (`OVS_HASH_ALG_SYM_L4`); all others tell them apart.
  static var symmetric: UInt32 { 1 }

  private var hash: UInt64

  @inline(__always)
  init(basis: UInt32) { hash = UInt64(basis) ^ 0x9e37_79b9_7f4a_7c15 }

  @inline(__always)
  mutating func add(_ word: UInt64) {
    let product = (hash ^ word).multipliedFullWidth(by: 0xd6e8_feb8_6659_fd93)
    hash = product.high ^ product.low
  }

  /// The hash; zero means that none was computed.
  @inline(__always)
  var value: UInt64 {
    let mixed = (hash ^ (hash >> 32)) &* 0xd6e8_feb8_6659_fd93
    return max(1, (mixed ^ (mixed >> 32)) & 0xffff_ffff)
  }
}

extension Engine {
  /// The hash of a packet for the `hash` action.
  @inline(__always)
  func packetHash(_ row: KeyRow, algorithm: UInt32, basis: UInt32) -> UInt64 {
    var hash = PacketHash(basis: basis)
    let key = bank.base[row]
    let isSymmetric = algorithm == PacketHash.symmetric
    let addresses = key[wordOf: .ipSource]
    hash.add(isSymmetric ? (addresses >> 32 ^ addresses) & 0xffff_ffff : addresses)
    if bank.has(.ipv6, at: row) {
      for word in 0..<2 {
        let source = bank[row, KeyPlace.ipv6Source.word &+ word]
        let destination = bank[row, KeyPlace.ipv6Destination.word &+ word]
        hash.add(isSymmetric ? source ^ destination : source)
        if !isSymmetric { hash.add(destination) }
      }
    } else if addresses == 0 {
      let (source, destination) = (key[.ethSource], key[.ethDestination])
      hash.add(isSymmetric ? source ^ destination : source)
      if !isSymmetric { hash.add(destination) }
    }
    hash.add(key[.ipProtocol])
    let (source, destination) = (key[.transportSource], key[.transportDestination])
    if !isSymmetric {
      hash.add(source << 16 | destination)
    } else if key[.ipFragment] == 0, key[.ipProtocol] == 6 || key[.ipProtocol] == 132 {
      // The answer to a datagram of UDP need not come from the port that was asked.
      hash.add(source ^ destination)
    }
    return hash.value
  }
}
