// The keys of the packets in flight: base words side by side, so that a batch of ordinary packets touches one
// cache line each, and the words of further segments apart.

/// Words 0 to 7 of a flow key.
struct BaseKey: BitwiseCopyable {
  var w0: UInt64 = 0
  var w1: UInt64 = 0
  var w2: UInt64 = 0
  var w3: UInt64 = 0
  var w4: UInt64 = 0
  var w5: UInt64 = 0
  var w6: UInt64 = 0
  var w7: UInt64 = 0

  /// The bits in which `key` under `mask` differs from this value.
  @inline(__always)
  func difference(_ key: BaseKey, under mask: BaseKey) -> UInt64 {
    var bits = (key.w0 & mask.w0) ^ w0
    bits |= (key.w1 & mask.w1) ^ w1
    bits |= (key.w2 & mask.w2) ^ w2
    bits |= (key.w3 & mask.w3) ^ w3
    bits |= (key.w4 & mask.w4) ^ w4
    bits |= (key.w5 & mask.w5) ^ w5
    bits |= (key.w6 & mask.w6) ^ w6
    bits |= (key.w7 & mask.w7) ^ w7
    return bits
  }

  init() {}

  init(_ key: FlowKey) {
    w0 = key.words[0]
    w1 = key.words[1]
    w2 = key.words[2]
    w3 = key.words[3]
    w4 = key.words[4]
    w5 = key.words[5]
    w6 = key.words[6]
    w7 = key.words[7]
  }

  /// Writes the words into a whole key.
  func store(into key: inout FlowKey) {
    key.words[0] = w0
    key.words[1] = w1
    key.words[2] = w2
    key.words[3] = w3
    key.words[4] = w4
    key.words[5] = w5
    key.words[6] = w6
    key.words[7] = w7
  }
}

/// The keys of a batch.
struct KeyBank: ~Copyable {
  /// Words 8 to 93, and two of padding.
  static var furtherWordCount: Int { 88 }

  var base: Slab<BaseKey>
  var segments: Slab<UInt16>
  private var further: Slab<UInt64>

  init(count: Int) {
    base = Slab(repeating: BaseKey(), count: count)
    segments = Slab(repeating: 1, count: count)
    further = Slab(repeating: 0, count: count * KeyBank.furtherWordCount)
  }

  /// A word from 8 on, whose segment has to be present.
  @inline(__always)
  subscript(index: Int, word: Int) -> UInt64 {
    get { further[index &* KeyBank.furtherWordCount &+ word &- 8] }
    set { further[index &* KeyBank.furtherWordCount &+ word &- 8] = newValue }
  }

  /// Says that a key has only its base words.
  @inline(__always)
  mutating func reset(_ index: Int) { segments[index] = 1 }

  /// Drops the segments that headers fill.
  mutating func keepMetadata(_ index: Int) { segments[index] &= KeyBank.metadataSegments | 1 }

  /// Segments that are not filled from headers: metadata, connection, tunnel and its options.
  private static var metadataSegments: UInt16 { 1 << 1 | 1 << 5 | 1 << 6 | 1 << 9 }

  /// Adds segments with all words zero; those that are present already keep theirs.
  @inline(__always)
  mutating func open(_ index: Int, _ segment: Int) {
    let bit = UInt16(1) << UInt16(segment)
    if segments[index] & bit != 0 { return }
    segments[index] |= bit
    for word in KeySegments.words(ofSegment: segment) { self[index, word] = 0 }
  }

  /// Copies the metadata that survives another lookup: ports, connection, marks, tunnel.
  mutating func copyMetadata(from source: Int, to target: Int) {
    var key = BaseKey()
    key.w0 = base[source].w0
    key.w6 = base[source].w6
    key.w7 = base[source].w7
    base[target] = key
    segments[target] = 1
    copySegments(segments[source] & KeyBank.metadataSegments, from: source, to: target)
  }

  /// Copies a whole key.
  mutating func copy(from source: Int, to target: Int) {
    base[target] = base[source]
    segments[target] = 1
    copySegments(segments[source] & ~1, from: source, to: target)
  }

  private mutating func copySegments(_ bits: UInt16, from source: Int, to target: Int) {
    segments[target] |= bits
    for segment in 1..<KeySegments.count where bits & 1 << UInt16(segment) != 0 {
      for word in KeySegments.words(ofSegment: segment) { self[target, word] = self[source, word] }
    }
  }

  /// Fills a key from a whole one.
  mutating func store(_ key: borrowing FlowKey, at index: Int) {
    base[index] = BaseKey(key)
    segments[index] = 1
    for segment in 1..<KeySegments.count {
      var bits: UInt64 = 0
      for word in KeySegments.words(ofSegment: segment) { bits |= key.words[word] }
      guard bits != 0 else { continue }
      segments[index] |= 1 << UInt16(segment)
      for word in KeySegments.words(ofSegment: segment) { self[index, word] = key.words[word] }
    }
  }

  /// The whole key.
  func load(_ index: Int, into key: inout FlowKey) {
    key = FlowKey()
    base[index].store(into: &key)
    for segment in 1..<KeySegments.count where segments[index] & 1 << UInt16(segment) != 0 {
      for word in KeySegments.words(ofSegment: segment) { key.words[word] = self[index, word] }
    }
  }
}
