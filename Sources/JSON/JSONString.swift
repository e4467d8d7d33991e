// Strings (RFC 8259, section 7).

extension JSONParser {
  /// Reads a string, whose opening quote is the next byte.
  mutating func string() throws(JSONError) -> Text {
    position += 1
    let first = position
    var isPlain = true
    while position < end {
      let byte = bytes[position]
      if byte == UInt8(ascii: "\"") { break }
      if byte == UInt8(ascii: "\\") {
        isPlain = false
        position += 2
      } else if byte < 0x20 {
        let digits = hexadecimal(byte, digitCount: 4, uppercase: true)
        throw error("U+\(digits) must be escaped in quoted string", at: position)
      } else {
        position += 1
      }
    }
    guard position < end else { throw error("unexpected end of input in quoted string", at: end) }
    let last = position
    position += 1
    if isPlain {
      guard let string = String(validating: bytes[first..<last], as: UTF8.self) else {
        throw error("invalid UTF-8 in quoted string", at: last)
      }
      return Text(string)
    }
    return try unescaped(from: first, to: last)
  }

  private func unescaped(from first: Int, to last: Int) throws(JSONError) -> Text {
    var output: [UInt8] = []
    output.reserveCapacity(last - first)
    var index = first
    while index < last {
      let byte = bytes[index]
      guard byte == UInt8(ascii: "\\") else {
        output.append(byte)
        index += 1
        continue
      }
      guard index + 1 < last else {
        throw error("unexpected end of input in quoted string", at: last)
      }
      let kind = bytes[index + 1]
      index += 2
      switch kind {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): output.append(kind)
      case UInt8(ascii: "b"): output.append(0x08)
      case UInt8(ascii: "f"): output.append(0x0c)
      case UInt8(ascii: "n"): output.append(0x0a)
      case UInt8(ascii: "r"): output.append(0x0d)
      case UInt8(ascii: "t"): output.append(0x09)
      case UInt8(ascii: "u"): output.append(utf8: try escapedScalar(at: &index, to: last))
      default:
        let name = String(decoding: [kind], as: UTF8.self)
        throw error("bad escape \\\(name)", at: last)
      }
    }
    guard let string = String(validating: output, as: UTF8.self) else {
      throw error("invalid UTF-8 in quoted string", at: last)
    }
    return Text(string)
  }

  /// Reads the digits after `\u`, and a second escape if they are the first half of a surrogate pair.
  private func escapedScalar(at index: inout Int, to last: Int) throws(JSONError) -> UInt32 {
    let unit = try escapedUnit(at: &index, to: last)
    guard unit != 0 else { throw error("null bytes not supported in quoted strings", at: last) }
    guard unit & 0xfc00 != 0xdc00 else { throw error("malformed escaped surrogate pair", at: last) }
    guard unit & 0xfc00 == 0xd800 else { return unit }
    guard index + 2 <= last, bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u") else {
      throw error("malformed escaped surrogate pair", at: last)
    }
    index += 2
    let second = try escapedUnit(at: &index, to: last)
    guard second & 0xfc00 == 0xdc00 else {
      throw error("second half of escaped surrogate pair is not trailing surrogate", at: last)
    }
    return 0x10000 + ((unit & 0x3ff) << 10) + (second & 0x3ff)
  }

  private func escapedUnit(at index: inout Int, to last: Int) throws(JSONError) -> UInt32 {
    guard index + 4 <= last else {
      throw error("quoted string ends within \\u escape", at: last)
    }
    var unit: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = bytes[index].hexadecimalDigit else {
        throw error("malformed \\u escape", at: last)
      }
      unit = unit << 4 | UInt32(digit)
      index += 1
    }
    return unit
  }
}

extension UInt8 {
  var hexadecimalDigit: UInt8? {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

extension [UInt8] {
  /// Appends a scalar value in UTF-8.
  fileprivate mutating func append(utf8 scalar: UInt32) {
    switch scalar {
    case 0..<0x80:
      append(UInt8(scalar))
    case 0x80..<0x800:
      append(UInt8(0xc0 | scalar >> 6))
      append(UInt8(0x80 | scalar & 0x3f))
    case 0x800..<0x10000:
      append(UInt8(0xe0 | scalar >> 12))
      append(UInt8(0x80 | scalar >> 6 & 0x3f))
      append(UInt8(0x80 | scalar & 0x3f))
    default:
      append(UInt8(0xf0 | scalar >> 18 & 0x7))
      append(UInt8(0x80 | scalar >> 12 & 0x3f))
      append(UInt8(0x80 | scalar >> 6 & 0x3f))
      append(UInt8(0x80 | scalar & 0x3f))
    }
  }
}
