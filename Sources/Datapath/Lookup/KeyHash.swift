// Hashing of keys: each word is multiplied by its own secret odd number, the halves of the product are folded
// together, and the results are added. A zero word adds nothing, so absent segments need not be visited, and
// the multiplications do not wait for each other. The numbers come from a seed chosen at start, so that a peer
// cannot aim at one place of a table.

/// The secret numbers of the hash.
struct KeyHash: ~Copyable {
  private var factors: Slab<UInt64>
  private var baseFactors = BaseKey()

  init(seed: UInt64) {
    factors = Slab(repeating: 0, count: FlowKey.wordCount)
    var numbers = SplitMix64(seed: seed)
    for index in 0..<FlowKey.wordCount { factors[index] = numbers.next() | 1 }
    baseFactors.w0 = factors[0]
    baseFactors.w1 = factors[1]
    baseFactors.w2 = factors[2]
    baseFactors.w3 = factors[3]
    baseFactors.w4 = factors[4]
    baseFactors.w5 = factors[5]
    baseFactors.w6 = factors[6]
    baseFactors.w7 = factors[7]
  }

  @inline(__always)
  private static func fold(_ word: UInt64, _ factor: UInt64) -> UInt64 {
    let product = word.multipliedFullWidth(by: factor)
    return product.high ^ product.low
  }

  @inline(__always)
  static func finish(_ sum: UInt64) -> UInt64 {
    let mixed = (sum ^ (sum >> 32)) &* 0xd6e8_feb8_6659_fd93
    return mixed ^ (mixed >> 32)
  }

  /// The contribution of a word.
  @inline(__always)
  func part(_ word: UInt64, _ index: Int) -> UInt64 { KeyHash.fold(word, factors[index]) }

  /// The contribution of the word in which a place of the base segment lies, under a mask.
  @inline(__always)
  func part(_ key: BaseKey, wordOf place: KeyPlace, under mask: UInt64 = ~0) -> UInt64 {
    part(key[wordOf: place] & mask, place.word)
  }

  /// The contribution of the base words under a mask.
  @inline(__always)
  func part(_ key: BaseKey, under mask: BaseKey) -> UInt64 {
    var sum = KeyHash.fold(key.w0 & mask.w0, baseFactors.w0)
    sum &+= KeyHash.fold(key.w1 & mask.w1, baseFactors.w1)
    sum &+= KeyHash.fold(key.w2 & mask.w2, baseFactors.w2)
    sum &+= KeyHash.fold(key.w3 & mask.w3, baseFactors.w3)
    sum &+= KeyHash.fold(key.w4 & mask.w4, baseFactors.w4)
    sum &+= KeyHash.fold(key.w5 & mask.w5, baseFactors.w5)
    sum &+= KeyHash.fold(key.w6 & mask.w6, baseFactors.w6)
    sum &+= KeyHash.fold(key.w7 & mask.w7, baseFactors.w7)
    return sum
  }

  /// What changes from packet to packet of one connection, in the word that has its protocol.
  private static var changingBits: UInt64 { KeyPlace.ipTOS.mask | KeyPlace.ipTTL.mask }

  /// A packet's signature for the exact-match cache.
  ///
  /// It leaves out what changes from packet to packet of one connection, the TTL, the type of service and TCP's
  /// flags: the cache only proposes a flow, and the flow's own mask decides.
  @inline(__always)
  func signature(_ key: BaseKey) -> UInt64 {
    var sum = KeyHash.fold(key.w0, baseFactors.w0)
    sum &+= KeyHash.fold(key.w1, baseFactors.w1)
    sum &+= KeyHash.fold(key.w2, baseFactors.w2)
    sum &+= KeyHash.fold(key.w3, baseFactors.w3)
    sum &+= KeyHash.fold(key.w4 & ~KeyHash.changingBits, baseFactors.w4)
    sum &+= KeyHash.fold(key.w6 ^ (key.w7 &* 3), baseFactors.w6)
    return sum
  }
}
