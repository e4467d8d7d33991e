import Datapath
import OpenFlow

/// Which bits of a flow key a rule looks at: the words that are not zero, in the order in which they are looked at.
///
/// All rules of a subtable share one mask, so that a rule holds only the words that it needs.
final class SparseMask: Hashable {
  /// The words' places in the key, by stage and then by place.
  ///
  /// A word that belongs to two stages stands twice.
  let places: [UInt8]
  /// The bits of each word that matter.
  let bits: [UInt64]
  /// Where each stage ends in `places`.
  let stageEnds: [Int]

  /// Makes the sparse form of a mask.
  init(_ mask: borrowing FlowKey) {
    var places: [UInt8] = []
    var bits: [UInt64] = []
    var ends: [Int] = []
    for stage in 0..<ClassifierStage.count {
      for word in 0..<FlowKey.wordCount {
        let part = mask.words[word] & ClassifierStage.bits(stage, word: word)
        if part != 0 {
          places.append(UInt8(truncatingIfNeeded: word))
          bits.append(part)
        }
      }
      ends.append(places.count)
    }
    self.places = places
    self.bits = bits
    stageEnds = ends
  }

  /// The bits of a key that the mask keeps.
  func values(of key: borrowing FlowKey) -> [UInt64] {
    var values: [UInt64] = []
    values.reserveCapacity(places.count)
    for index in 0..<places.count { values.append(key.words[Int(places[index])] & bits[index]) }
    return values
  }

  /// Whether a key has these values under the mask.
  func matches(_ key: borrowing FlowKey, _ values: [UInt64]) -> Bool {
    for index in 0..<places.count where key.words[Int(places[index])] & bits[index] != values[index] {
      return false
    }
    return true
  }

  /// A hash of the masked words of the stages up to `stage`, begun with the hash of the stages before it.
  func hash(_ key: borrowing FlowKey, stage: Int, from start: UInt64) -> UInt64 {
    var hash = start
    let first = stage == 0 ? 0 : stageEnds[stage - 1]
    for index in first..<stageEnds[stage] {
      hash = WordHash.mix(hash, key.words[Int(places[index])] & bits[index])
    }
    return hash
  }

  /// A hash of a rule's values up to the end of a stage.
  func hash(values: [UInt64], throughStage stage: Int) -> UInt64 {
    var hash = WordHash.seed
    for index in 0..<stageEnds[stage] { hash = WordHash.mix(hash, values[index]) }
    return hash
  }

  /// Adds the bits of the stages up to `stage` to a mask.
  func add(to mask: inout FlowKey, throughStage stage: Int = ClassifierStage.count - 1) {
    for index in 0..<stageEnds[stage] { mask.words[Int(places[index])] |= bits[index] }
  }

  /// The bits of one word that the mask looks at.
  func bits(ofWord word: Int) -> UInt64 {
    var found: UInt64 = 0
    for index in 0..<places.count where Int(places[index]) == word { found |= bits[index] }
    return found
  }

  /// The bits of a place that the mask looks at.
  func bits(of place: KeyPlace) -> UInt64 { place.value(inWord: bits(ofWord: place.word)) }

  /// The whole mask.
  var key: FlowKey {
    var key = FlowKey()
    add(to: &key)
    return key
  }

  static func == (left: SparseMask, right: SparseMask) -> Bool {
    left.places == right.places && left.bits == right.bits
  }

  func hash(into hasher: inout Hasher) {
    for index in 0..<places.count {
      hasher.combine(places[index])
      hasher.combine(bits[index])
    }
  }
}

/// What a rule matches, as the values of its mask's words.
struct SparseMatch {
  /// Which bits are looked at; shared by all rules of a subtable.
  var mask: SparseMask
  /// What the bits have to be.
  var values: [UInt64]

  /// Makes the sparse form of a key and a mask.
  init(key: borrowing FlowKey, mask: SparseMask) {
    self.mask = mask
    values = mask.values(of: key)
  }

  /// The sparse form of a match.
  init(_ match: Match) { self.init(key: match.key, mask: SparseMask(match.mask)) }

  /// Whether a key is matched.
  func matches(_ key: borrowing FlowKey) -> Bool { mask.matches(key, values) }

  /// The values as a key, the other words zero.
  var key: FlowKey {
    var key = FlowKey()
    for index in 0..<mask.places.count { key.words[Int(mask.places[index])] |= values[index] }
    return key
  }

  /// The match in full.
  var match: Match { Match(places: mask.places, bits: mask.bits, values: values) }

  /// Whether every packet that this matches is matched by `wider` too.
  func isWithin(_ wider: SparseMatch) -> Bool {
    let mask = mask.key
    let key = key
    for index in 0..<wider.mask.places.count {
      let word = Int(wider.mask.places[index])
      let bits = wider.mask.bits[index]
      guard mask.words[word] & bits == bits, key.words[word] & bits == wider.values[index] else {
        return false
      }
    }
    return true
  }

  /// Whether some packet is matched by both.
  func overlaps(_ other: SparseMatch) -> Bool {
    let mask = mask.key
    let key = key
    for index in 0..<other.mask.places.count {
      let word = Int(other.mask.places[index])
      let common = other.mask.bits[index] & mask.words[word]
      guard (key.words[word] ^ other.values[index]) & common == 0 else { return false }
    }
    return true
  }
}

/// The hash of masked words: multiply and fold, one step a word.
enum WordHash {
  static var seed: UInt64 { 0x9e37_79b9_7f4a_7c15 }

  static func mix(_ hash: UInt64, _ word: UInt64) -> UInt64 {
    let product = (hash ^ word).multipliedFullWidth(by: 0xd6e8_feb8_6659_fd93)
    return product.high ^ product.low ^ (hash &<< 23)
  }
}
