import Datapath

/// A flow key without its zero words: what a table of many flows keeps of each.
struct PackedKey: Hashable {
  /// Bit n is set if word n of the key is here.
  private let present: (UInt64, UInt64)
  /// The words that are not zero, in their order.
  private let words: [UInt64]

  /// Packs a key.
  init(_ key: borrowing FlowKey) {
    var present: (UInt64, UInt64) = (0, 0)
    var words: [UInt64] = []
    for index in 0..<FlowKey.wordCount where key.words[index] != 0 {
      if index < 64 { present.0 |= 1 << UInt64(index) } else { present.1 |= 1 << UInt64(index - 64) }
      words.append(key.words[index])
    }
    self.present = present
    self.words = words
  }

  /// The whole key.
  var key: FlowKey {
    var key = FlowKey()
    var next = 0
    for index in 0..<FlowKey.wordCount {
      let half = index < 64 ? present.0 : present.1
      guard half >> UInt64(index & 63) & 1 != 0 else { continue }
      key.words[index] = words[next]
      next += 1
    }
    return key
  }

  static func == (left: PackedKey, right: PackedKey) -> Bool {
    left.present == right.present && left.words == right.words
  }

  func hash(into hasher: inout Hasher) {
    for word in words { hasher.combine(word) }
  }
}
