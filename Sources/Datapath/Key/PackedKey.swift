/// A flow key, or a mask, without its zero words: the form in which keys are kept and handed on.
///
/// It is one pointer. A whole key has 752 bytes: a message with two of them, passed from function to function, would take
/// more stack than a kernel has, and a table of many flows several times the memory.
public struct PackedKey: Hashable, Sendable {
  /// Two words with a bit for each word of the key, set if it is here; then those words, in their order.
  private let words: [UInt64]

  private static var headerWordCount: Int { 2 }

  /// Packs a key.
  public init(_ key: borrowing FlowKey) { self.init(key, words: 0..<FlowKey.wordCount) }

  /// Packs some words of a key, as if the others were zero.
  public init(_ key: borrowing FlowKey, words range: Range<Int>) {
    var low: UInt64 = 0
    var high: UInt64 = 0
    for index in range where key.words[index] != 0 {
      if index < 64 { low |= 1 << UInt64(index) } else { high |= 1 << UInt64(index &- 64) }
    }
    var words: [UInt64] = []
    words.reserveCapacity(Self.headerWordCount + low.nonzeroBitCount + high.nonzeroBitCount)
    words.append(low)
    words.append(high)
    for index in range where key.words[index] != 0 { words.append(key.words[index]) }
    self.words = words
  }

  /// The whole key.
  public var key: FlowKey {
    var key = FlowKey()
    store(into: &key)
    return key
  }

  /// Writes the words that are not zero into a key, and leaves its others as they are.
  public func store(into key: inout FlowKey) {
    var next = Self.headerWordCount
    for half in 0..<Self.headerWordCount {
      var present = words[half]
      while present != 0 {
        key.words[half &* 64 &+ present.trailingZeroBitCount] = words[next]
        next &+= 1
        present &= present &- 1
      }
    }
  }
}
