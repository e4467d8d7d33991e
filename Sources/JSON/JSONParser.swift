/// Parses one JSON text that lies in memory as a whole (RFC 8259).
///
/// Errors are worded and placed as Open vSwitch's parser does it: a string is judged at its closing quote, a
/// number or keyword at the byte after it.
public struct JSONParser: ~Copyable {
  let bytes: [UInt8]
  let end: Int
  /// Where the text starts; places in errors are counted from here.
  let start: Int
  let limits: JSONLimits
  var position: Int
  private var valueCount = 0

  init(_ bytes: [UInt8], from start: Int, to end: Int, limits: JSONLimits) {
    self.bytes = bytes
    self.start = start
    self.end = end
    self.limits = limits
    position = start
  }

  /// Parses an array or object, alone but for space around it.
  public static func parse(
    _ bytes: [UInt8], limits: JSONLimits = JSONLimits()
  ) throws(JSONError) -> JSONValue {
    try parse(bytes, from: 0, to: bytes.count, limits: limits)
  }

  /// Parses an array or object, alone but for space around it.
  public static func parse(
    _ string: String, limits: JSONLimits = JSONLimits()
  ) throws(JSONError) -> JSONValue {
    try parse(Array(string.utf8), limits: limits)
  }

  static func parse(
    _ bytes: [UInt8], from start: Int, to end: Int, limits: JSONLimits
  ) throws(JSONError) -> JSONValue {
    var parser = JSONParser(bytes, from: start, to: end, limits: limits)
    return try parser.document()
  }

  private mutating func document() throws(JSONError) -> JSONValue {
    guard end - start <= limits.byteCount else {
      throw error("input exceeds maximum size \(limits.byteCount) bytes", at: start)
    }
    skipSpace()
    guard position < end else { throw error("empty input stream", at: end) }
    let byte = bytes[position]
    guard byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") else {
      let place = try skipToken()
      throw error("syntax error at beginning of input", at: place)
    }
    let value = try value(depth: 0)
    skipSpace()
    if position < end {
      let place = try skipToken()
      throw error("trailing garbage at end of input", at: place)
    }
    return value
  }

  private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
    guard position < end else { throw unexpectedEnd() }
    valueCount &+= 1
    guard valueCount <= limits.valueCount else {
      throw error("input exceeds maximum number of values \(limits.valueCount)", at: position)
    }
    switch bytes[position] {
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "{"): return try object(depth: depth + 1)
    case UInt8(ascii: "["): return try array(depth: depth + 1)
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): return try number()
    case UInt8(ascii: "a")...UInt8(ascii: "z"): return try keyword()
    default:
      let place = try skipToken()
      throw error("syntax error expecting value", at: place)
    }
  }

  private mutating func object(depth: Int) throws(JSONError) -> JSONValue {
    guard depth <= limits.depth else { throw tooDeep() }
    position += 1
    var object = JSONObject()
    skipSpace()
    if position < end, bytes[position] == UInt8(ascii: "}") {
      position += 1
      return .object(object)
    }
    while true {
      skipSpace()
      try expect(UInt8(ascii: "\""), else: "syntax error parsing object expecting string")
      let name = try string()
      skipSpace()
      try expect(UInt8(ascii: ":"), else: "syntax error parsing object expecting ':'")
      position += 1
      skipSpace()
      object[name] = try value(depth: depth)
      skipSpace()
      guard position < end else { throw unexpectedEnd() }
      switch bytes[position] {
      case UInt8(ascii: ","):
        position += 1
      case UInt8(ascii: "}"):
        position += 1
        return .object(object)
      default:
        let place = try skipToken()
        throw error("syntax error expecting '}' or ','", at: place)
      }
    }
  }

  private mutating func array(depth: Int) throws(JSONError) -> JSONValue {
    guard depth <= limits.depth else { throw tooDeep() }
    position += 1
    var elements: [JSONValue] = []
    skipSpace()
    if position < end, bytes[position] == UInt8(ascii: "]") {
      position += 1
      return .array(elements)
    }
    while true {
      skipSpace()
      elements.append(try value(depth: depth))
      skipSpace()
      guard position < end else { throw unexpectedEnd() }
      switch bytes[position] {
      case UInt8(ascii: ","):
        position += 1
      case UInt8(ascii: "]"):
        position += 1
        return .array(elements)
      default:
        let place = try skipToken()
        throw error("syntax error expecting ']' or ','", at: place)
      }
    }
  }

  private mutating func keyword() throws(JSONError) -> JSONValue {
    let first = position
    while position < end, bytes[position].isKeywordByte { position += 1 }
    if matches("true", from: first) { return .bool(true) }
    if matches("false", from: first) { return .bool(false) }
    if matches("null", from: first) { return .null }
    let word = String(decoding: bytes[first..<position], as: UTF8.self)
    throw error("invalid keyword '\(word)'", at: position)
  }

  private func matches(_ word: String, from first: Int) -> Bool {
    bytes[first..<position].elementsEqual(word.utf8)
  }

  @inline(__always)
  private mutating func skipSpace() {
    while position < end {
      switch bytes[position] {
      case 0x20, 0x09, 0x0a, 0x0d: position += 1
      default: return
      }
    }
  }

  private mutating func expect(_ byte: UInt8, else reason: String) throws(JSONError) {
    guard position < end else { throw unexpectedEnd() }
    if bytes[position] == byte { return }
    let place = try skipToken()
    throw error(reason, at: place)
  }
}

extension UInt8 {
  /// Whether a keyword goes on with this byte; anything that looks like a word is read as one.
  var isKeywordByte: Bool {
    switch self {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  var isDigit: Bool { self &- UInt8(ascii: "0") < 10 }
}

// MARK: Errors

extension JSONParser {
  /// Reads the unexpected token, so that its own faults come first, and tells where it is judged.
  private mutating func skipToken() throws(JSONError) -> Int {
    let byte = bytes[position]
    switch byte {
    case UInt8(ascii: "\""):
      _ = try string()
      return position - 1
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
      _ = try number()
      return position
    case UInt8(ascii: "a")...UInt8(ascii: "z"):
      _ = try keyword()
      return position
    case UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: ":"),
      UInt8(ascii: ","):
      return position
    case 0x21..<0x7f:
      throw error("invalid character '\(Character(Unicode.Scalar(byte)))'", at: position)
    default:
      throw error("invalid character U+\(hexadecimal(byte, digitCount: 4, uppercase: false))", at: position)
    }
  }

  private func tooDeep() -> JSONError {
    error("input exceeds maximum nesting depth \(limits.depth)", at: position)
  }

  /// A number or keyword at the very end is judged one byte later, since only the end shows that it ends.
  private func unexpectedEnd() -> JSONError {
    var place = end
    if end > start, bytes[end - 1].isKeywordByte { place += 1 }
    return error("unexpected end of input", at: place)
  }

  func error(_ reason: String, at place: Int) -> JSONError {
    var line = 0
    var lineStart = start
    for index in start..<max(start, min(place, end)) where bytes[index] == 0x0a {
      line += 1
      lineStart = index + 1
    }
    return JSONError(reason: reason, line: line, column: place - lineStart, byte: place - start)
  }

  func hexadecimal(_ byte: UInt8, digitCount: Int, uppercase: Bool) -> String {
    let digits = String(byte, radix: 16, uppercase: uppercase)
    return String(repeating: "0", count: max(0, digitCount - digits.utf8.count)) + digits
  }
}
