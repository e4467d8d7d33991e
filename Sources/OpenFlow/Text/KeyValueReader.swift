/// Takes `key`, `key=value`, `key:value` and `key(value)` one after another from a list with commas or spaces.
///
/// Parentheses inside a value nest, so that commas in them end nothing. This is the grammar that matches,
/// actions and the arguments of actions have in common.
struct KeyValueReader {
  /// A key, and its value, which is empty if there is none.
  struct Pair {
    var key: TextBytes
    var value: TextBytes
    /// What followed the key: `=`, `:`, `(`, another separator, or zero at the end of the text.
    var delimiter: UInt8
  }

  private let text: TextBytes
  private var position: Int

  init(_ text: TextBytes) {
    self.text = text
    position = text.startIndex
  }

  /// What has not been taken.
  var rest: TextBytes { text[position...] }

  /// The next pair, or nil at the end of the text.
  mutating func next() -> Pair? {
    while position < text.endIndex && KeyValueReader.isSeparator(text[position]) { position &+= 1 }
    guard position < text.endIndex else { return nil }
    let start = position
    while position < text.endIndex && !KeyValueReader.endsKey(text[position]) { position &+= 1 }
    let key = text[start..<position]
    guard position < text.endIndex else { return Pair(key: key, value: text[position...], delimiter: 0) }
    let delimiter = text[position]
    let keyEnd = position
    position &+= 1
    switch delimiter {
    case UInt8(ascii: ":"), UInt8(ascii: "="):
      return Pair(key: key, value: value(until: KeyValueReader.isSeparator), delimiter: delimiter)
    case UInt8(ascii: "("):
      return Pair(key: key, value: parenthesised(), delimiter: delimiter)
    default:
      return Pair(key: key, value: text[keyEnd..<keyEnd], delimiter: delimiter)
    }
  }

  /// A value up to a closing parenthesis; if `->` follows that, the value goes on to the next separator.
  private mutating func parenthesised() -> TextBytes {
    let start = position
    let end = endOfValue { $0 == UInt8(ascii: ")") }
    let isArrow =
      end &+ 2 < text.endIndex && text[end &+ 1] == UInt8(ascii: "-") && text[end &+ 2] == UInt8(ascii: ">")
    position = end
    let stop = isArrow ? endOfValue(KeyValueReader.isSeparator) : end
    position = min(stop &+ 1, text.endIndex)
    return text[start..<stop]
  }

  private mutating func value(until isEnd: (UInt8) -> Bool) -> TextBytes {
    let start = position
    let end = endOfValue(isEnd)
    position = min(end &+ 1, text.endIndex)
    return text[start..<end]
  }

  private func endOfValue(_ isEnd: (UInt8) -> Bool) -> Int {
    var index = position
    while index < text.endIndex && !isEnd(text[index]) {
      guard text[index] == UInt8(ascii: "(") else {
        index &+= 1
        continue
      }
      var level = 0
      repeat {
        guard index < text.endIndex else { return index }
        if text[index] == UInt8(ascii: "(") { level &+= 1 }
        if text[index] == UInt8(ascii: ")") { level &-= 1 }
        index &+= 1
      } while level > 0
    }
    return index
  }

  private static func isSeparator(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: ",") || byte == 0x20 || byte == 0x09 || byte == 0x0d || byte == 0x0a
  }

  private static func endsKey(_ byte: UInt8) -> Bool {
    isSeparator(byte) || byte == UInt8(ascii: ":") || byte == UInt8(ascii: "=") || byte == UInt8(ascii: "(")
  }
}

/// Splits the arguments of an action at commas and spaces; runs of these count as one.
struct ArgumentReader {
  private var rest: TextBytes

  init(_ text: TextBytes) { rest = text }

  /// The next argument, or nil at the end.
  mutating func next(separators: String = ", ") -> TextBytes? {
    while let first = rest.first, separators.utf8.contains(first) { rest = rest.dropFirst() }
    guard !rest.isEmpty else { return nil }
    let end = rest.firstIndex { separators.utf8.contains($0) } ?? rest.endIndex
    let argument = rest[rest.startIndex..<end]
    rest = rest[min(end &+ 1, rest.endIndex)...]
    return argument
  }
}
