/// A part of a text, as UTF-8 bytes.
public typealias TextBytes = ArraySlice<UInt8>

extension ArraySlice<UInt8> {
  /// The text.
  var string: String { String(decoding: self, as: UTF8.self) }

  /// Whether this is the text, byte for byte.
  func equals(_ text: String) -> Bool { elementsEqual(text.utf8) }

  /// Whether this is the lower-case ASCII text, in any letter case.
  func equalsIgnoringCase(_ text: String) -> Bool {
    let bytes = text.utf8
    guard count == bytes.count else { return false }
    var index = startIndex
    for byte in bytes {
      if asciiLowercase(self[index]) != byte { return false }
      index &+= 1
    }
    return true
  }

  /// The part before the first of a byte and the part after it, or nil if it is not there.
  func split(at byte: UInt8) -> (before: TextBytes, after: TextBytes)? {
    guard let place = firstIndex(of: byte) else { return nil }
    return (self[startIndex..<place], self[(place &+ 1)...])
  }

  /// The part before the first of a byte, and the part after it if it is there.
  func optionalSplit(at byte: UInt8) -> (before: TextBytes, after: TextBytes?) {
    guard let parts = split(at: byte) else { return (self, nil) }
    return (parts.before, parts.after)
  }

  /// The place where a text begins in this one, or nil if it is not there.
  func firstRange(of text: String) -> Range<Int>? {
    let wanted = text.utf8
    guard let first = wanted.first, count >= wanted.count else { return nil }
    for start in startIndex...(endIndex &- wanted.count) where self[start] == first {
      let end = start &+ wanted.count
      if self[start..<end].elementsEqual(wanted) { return start..<end }
    }
    return nil
  }

  /// This without spaces, tabs and line ends at its ends.
  var trimmed: TextBytes {
    var start = startIndex
    var end = endIndex
    while start < end && isSpace(self[start]) { start &+= 1 }
    while end > start && isSpace(self[end &- 1]) { end &-= 1 }
    return self[start..<end]
  }
}

func asciiLowercase(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte }

func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (byte >= 0x09 && byte <= 0x0d) }

func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a }

/// The value of a hexadecimal digit.
func hexDigit(_ byte: UInt8) -> UInt8? {
  switch byte {
  case 0x30...0x39: byte &- 0x30
  case 0x41...0x46: byte &- 0x41 &+ 10
  case 0x61...0x66: byte &- 0x61 &+ 10
  default: nil
  }
}
