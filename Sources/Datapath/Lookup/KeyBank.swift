// The keys of the packets in flight: base words side by side, so that a batch of ordinary packets touches one
// cache line each, and the words of further segments apart.

/// The words of a flow key's base segment.
struct BaseKey: BitwiseCopyable, Equatable {
  /// How many they are.
  static var wordCount: Int { KeySegment.base.words.upperBound }

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

  /// The word in which a place of the base segment lies.
  @inline(__always)
  subscript(wordOf place: KeyPlace) -> UInt64 {
    get {
      switch place.word {
      case 0: w0
      case 1: w1
      case 2: w2
      case 3: w3
      case 4: w4
      case 5: w5
      case 6: w6
      default: w7
      }
    }
    set {
      switch place.word {
      case 0: w0 = newValue
      case 1: w1 = newValue
      case 2: w2 = newValue
      case 3: w3 = newValue
      case 4: w4 = newValue
      case 5: w5 = newValue
      case 6: w6 = newValue
      default: w7 = newValue
      }
    }
  }

  /// The value of a place of the base segment.
  @inline(__always)
  subscript(place: KeyPlace) -> UInt64 {
    get { place.value(inWord: self[wordOf: place]) }
    set { self[wordOf: place] = self[wordOf: place] & ~place.mask | place.bits(newValue) & place.mask }
  }

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
  /// How many words a key has beyond its base segment, up to a multiple of a cache line.
  static var furtherWordCount: Int { (FlowKey.wordCount &- BaseKey.wordCount &+ 7) & ~7 }

  var base: Table<BaseKey, KeyBank>
  var segments: Table<UInt16, KeyBank>
  private var further: Slab<UInt64>

  init(count: Int) {
    base = Table(repeating: BaseKey(), count: count)
    segments = Table(repeating: 1, count: count)
    further = Slab(repeating: 0, count: count * KeyBank.furtherWordCount)
  }

  /// A word beyond the base segment; its own segment has to be present.
  @inline(__always)
  subscript(row: KeyRow, word: Int) -> UInt64 {
    get { further[row.index &* KeyBank.furtherWordCount &+ word &- BaseKey.wordCount] }
    set { further[row.index &* KeyBank.furtherWordCount &+ word &- BaseKey.wordCount] = newValue }
  }

  /// The word in which a place beyond the base segment lies; its segment has to be present.
  @inline(__always)
  subscript(row: KeyRow, wordOf place: KeyPlace) -> UInt64 {
    get { self[row, place.word] }
    set { self[row, place.word] = newValue }
  }

  /// The value of a place beyond the base segment; its segment has to be present.
  @inline(__always)
  subscript(row: KeyRow, place: KeyPlace) -> UInt64 {
    get { place.value(inWord: self[row, place.word]) }
    set {
      self[row, place.word] = self[row, place.word] & ~place.mask | place.bits(newValue) & place.mask
    }
  }

  /// Says that a key has only its base words.
  @inline(__always)
  mutating func reset(_ row: KeyRow) { segments[row] = KeySegment.base.bit }

  /// Drops the segments that headers fill.
  mutating func keepMetadata(_ row: KeyRow) {
    segments[row] &= KeyBank.metadataSegments | KeySegment.base.bit
  }

  /// Segments that are not filled from headers: metadata, connection, tunnel and its options.
  private static var metadataSegments: UInt16 {
    KeySegment.metadata.bit | KeySegment.connection.bit | KeySegment.tunnel.bit | KeySegment.tunnelOptions.bit
  }

  /// Whether a key has a segment.
  @inline(__always)
  func has(_ segment: KeySegment, at row: KeyRow) -> Bool { segments[row] & segment.bit != 0 }

  /// Adds segments with all words zero; those that are present already keep theirs.
  @inline(__always)
  mutating func open(_ row: KeyRow, _ segment: KeySegment) {
    if segments[row] & segment.bit != 0 { return }
    segments[row] |= segment.bit
    for word in segment.words { self[row, word] = 0 }
  }

  /// Copies the metadata that survives another lookup: ports, connection, marks, tunnel.
  mutating func copyMetadata(from source: KeyRow, to target: KeyRow) {
    var key = BaseKey()
    key[wordOf: .inPort] = base[source][wordOf: .inPort]
    key[wordOf: .ctState] = base[source][wordOf: .ctState]
    key[wordOf: .ctZone] = base[source][wordOf: .ctZone]
    base[target] = key
    segments[target] = KeySegment.base.bit
    copySegments(segments[source] & KeyBank.metadataSegments, from: source, to: target)
  }

  /// Copies a whole key.
  mutating func copy(from source: KeyRow, to target: KeyRow) {
    base[target] = base[source]
    segments[target] = KeySegment.base.bit
    copySegments(segments[source] & ~KeySegment.base.bit, from: source, to: target)
  }

  private mutating func copySegments(_ bits: UInt16, from source: KeyRow, to target: KeyRow) {
    segments[target] |= bits
    for segment in 1..<KeySegment.count where bits & 1 << UInt16(segment) != 0 {
      for word in KeySegment.words(ofSegment: segment) { self[target, word] = self[source, word] }
    }
  }

  /// Fills a key from a whole one.
  mutating func store(_ key: borrowing FlowKey, at row: KeyRow) {
    base[row] = BaseKey(key)
    segments[row] = KeySegment.base.bit
    for segment in 1..<KeySegment.count {
      var bits: UInt64 = 0
      for word in KeySegment.words(ofSegment: segment) { bits |= key.words[word] }
      guard bits != 0 else { continue }
      segments[row] |= 1 << UInt16(segment)
      for word in KeySegment.words(ofSegment: segment) { self[row, word] = key.words[word] }
    }
  }

  /// The whole key.
  func load(_ row: KeyRow, into key: inout FlowKey) {
    key = FlowKey()
    base[row].store(into: &key)
    for segment in 1..<KeySegment.count where segments[row] & 1 << UInt16(segment) != 0 {
      for word in KeySegment.words(ofSegment: segment) { key.words[word] = self[row, word] }
    }
  }
}
