import Datapath
import Testing

@Suite("Packed keys")
struct PackedKeyTests {
  @Test("A key is packed and unpacked, whichever of its words are zero")
  func roundTrip() {
    for step in 1...FlowKey.wordCount {
      var key = FlowKey()
      for word in stride(from: step - 1, to: FlowKey.wordCount, by: step) { key.words[word] = ~UInt64(word) }
      #expect(PackedKey(key).key == key)
    }
    #expect(PackedKey(FlowKey()).key == FlowKey())
  }

  @Test("Keys that differ in the place of a word alone are packed differently")
  func places() {
    var seen: Set<PackedKey> = []
    for word in 0..<FlowKey.wordCount {
      var key = FlowKey()
      key.words[word] = 7
      seen.insert(PackedKey(key))
    }
    #expect(seen.count == FlowKey.wordCount)
  }

  @Test("Some words of a key are written into another, which keeps its other words")
  func someWords() {
    var key = FlowKey()
    for word in 0..<FlowKey.wordCount { key.words[word] = UInt64(word) + 1 }
    let packed = PackedKey(key, words: KeySegment.pipeline.words)
    var other = FlowKey()
    other.words[0] = 99
    other.words[50] = 98
    packed.store(into: &other)
    #expect(other.words[0] == 99)
    #expect(other.words[1] == 0)
    for word in KeySegment.pipeline.words { #expect(other.words[word] == UInt64(word) + 1) }
    #expect(other.words[63] == 0)
  }

  @Test("A packed key takes no more room in a message than a reference")
  func size() { #expect(MemoryLayout<PackedKey?>.size == MemoryLayout<AnyObject?>.size) }
}
