/// A fixed table from ASCII words to values, found in any letter case.
struct KeywordTable<Value: Sendable>: Sendable {
  private var slots: [UInt16]
  private var words: [[UInt8]] = []
  private var values: [Value] = []

  init(_ entries: [(String, Value)]) {
    var size = 64
    while size < entries.count * 4 { size *= 2 }
    slots = Array(repeating: 0, count: size)
    for (word, value) in entries {
      var slot = hash(Array(word.utf8)[...])
      while slots[slot] != 0 { slot = (slot &+ 1) & (slots.count &- 1) }
      words.append(Array(word.utf8))
      values.append(value)
      slots[slot] = UInt16(truncatingIfNeeded: words.count)
    }
  }

  func find(_ word: TextBytes) -> Value? {
    var slot = hash(word)
    while slots[slot] != 0 {
      let index = Int(slots[slot]) &- 1
      if equal(words[index], word) { return values[index] }
      slot = (slot &+ 1) & (slots.count &- 1)
    }
    return nil
  }

  private func equal(_ word: [UInt8], _ text: TextBytes) -> Bool {
    guard word.count == text.count else { return false }
    let start = text.startIndex
    for index in 0..<word.count where asciiLowercase(text[start &+ index]) != word[index] { return false }
    return true
  }

  /// FNV-1a over lower-case letters.
  private func hash(_ text: TextBytes) -> Int {
    var hash: UInt32 = 0x811c_9dc5
    for byte in text { hash = (hash ^ UInt32(asciiLowercase(byte))) &* 0x0100_0193 }
    return Int(hash ^ (hash >> 15)) & (slots.count &- 1)
  }
}
