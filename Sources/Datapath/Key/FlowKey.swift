// What: the flow key, everything about a packet that a rule may look at, as a fixed row of 64-bit words.
//
// Why: the exact-match cache, the masked flow table, the OpenFlow classifier and the netlink codec all need
// the same packet summary. One layout lets a mask be a key, lets matching be word arithmetic, and lets one
// table of fields (FieldTable.swift) drive every text and binary codec.
//
// How: words are grouped into segments. A packet fills the base segment (one 64-byte cache line), and a
// further segment only if it has such headers. Hashing and comparing visit the present
// segments alone, so an ordinary IPv4 packet costs eight words however long the layout grows. All values are
// host byte order; the words of absent segments are zero.

/// A packet's headers and metadata, or a mask over them, as 64-bit words in host byte order.
///
/// KeyLayout.swift says what lies where.
public struct FlowKey: Sendable {
  /// How many words a key has.
  @inlinable
  public static var wordCount: Int { 94 }

  /// The words.
  public var words: InlineArray<94, UInt64>

  /// A key whose words are all zero.
  @inlinable
  public init() { words = InlineArray(repeating: 0) }

  /// Reads or writes `bitCount` (at most 64) bits of one word, `shift` bits above its lowest.
  @inlinable @inline(__always)
  public subscript(word word: Int, shift shift: Int, bitCount bitCount: Int) -> UInt64 {
    get { (words[word] >> UInt64(shift)) & FlowKey.lowBits(bitCount) }
    set {
      let mask = FlowKey.lowBits(bitCount) << UInt64(shift)
      words[word] = (words[word] & ~mask) | ((newValue << UInt64(shift)) & mask)
    }
  }

  /// An integer whose low `count` bits (0 to 64) are one.
  @inlinable
  public static func lowBits(_ count: Int) -> UInt64 {
    count >= 64 ? ~0 : (1 << UInt64(count)) &- 1
  }
}

extension FlowKey: Equatable {
  /// Whether two keys agree in every word.
  public static func == (left: FlowKey, right: FlowKey) -> Bool {
    for index in 0..<FlowKey.wordCount where left.words[index] != right.words[index] { return false }
    return true
  }
}
