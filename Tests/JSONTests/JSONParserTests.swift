import JSON
import TestSupport
import Testing

@Suite struct JSONParserTests {
  /// Text, and the error that `ovsdb-client transact` of Open vSwitch 3.1.0 gives for it.
  static let faults: [(text: String, message: String)] = [
    ("", "line 0, column 0, byte 0: empty input stream"),
    (" ", "line 0, column 1, byte 1: empty input stream"),
    ("[", "line 0, column 1, byte 1: unexpected end of input"),
    ("[1", "line 0, column 3, byte 3: unexpected end of input"),
    ("[1,", "line 0, column 3, byte 3: unexpected end of input"),
    ("[1 2]", "line 0, column 4, byte 4: syntax error expecting ']' or ','"),
    ("{1}", "line 0, column 2, byte 2: syntax error parsing object expecting string"),
    (#"{"a"}"#, "line 0, column 4, byte 4: syntax error parsing object expecting ':'"),
    (#"{"a":}"#, "line 0, column 5, byte 5: syntax error expecting value"),
    (#"{"a":1 2}"#, "line 0, column 8, byte 8: syntax error expecting '}' or ','"),
    (#"{"a":1,}"#, "line 0, column 7, byte 7: syntax error parsing object expecting string"),
    ("[1,]", "line 0, column 3, byte 3: syntax error expecting value"),
    ("[]x", "line 0, column 3, byte 3: invalid keyword 'x'"),
    ("[] []", "line 0, column 3, byte 3: trailing garbage at end of input"),
    ("abc", "line 0, column 3, byte 3: invalid keyword 'abc'"),
    ("[truex]", "line 0, column 6, byte 6: invalid keyword 'truex'"),
    ("[01]", "line 0, column 3, byte 3: leading zeros not allowed"),
    ("[1.]", "line 0, column 3, byte 3: decimal point must be followed by digit"),
    ("[1e]", "line 0, column 3, byte 3: exponent must contain at least one digit"),
    ("[-]", "line 0, column 2, byte 2: '-' must be followed by digit"),
    ("[+1]", "line 0, column 1, byte 1: invalid character '+'"),
    ("[1e400]", "line 0, column 6, byte 6: number outside valid range"),
    ("[1-2]", "line 0, column 4, byte 4: syntax error in number"),
    ("[1e999999999999]", "line 0, column 15, byte 15: exponent outside valid range"),
    ("[\"\u{1}\"]", "line 0, column 2, byte 2: U+0001 must be escaped in quoted string"),
    ("[\"abc", "line 0, column 5, byte 5: unexpected end of input in quoted string"),
    (#"["\x"]"#, #"line 0, column 4, byte 4: bad escape \x"#),
    (#"["\u12"]"#, #"line 0, column 6, byte 6: quoted string ends within \u escape"#),
    (#"["\u12x4"]"#, #"line 0, column 8, byte 8: malformed \u escape"#),
    (#"["\ud800"]"#, "line 0, column 8, byte 8: malformed escaped surrogate pair"),
    (
      #"["\ud800\u0041"]"#,
      "line 0, column 14, byte 14: second half of escaped surrogate pair is not trailing surrogate"
    ),
    (#"["\u0000"]"#, "line 0, column 8, byte 8: null bytes not supported in quoted strings"),
    ("[\n\n  !]", "line 2, column 2, byte 5: invalid character '!'"),
    ("\"str\"", "line 0, column 4, byte 4: syntax error at beginning of input"),
    ("12", "line 0, column 2, byte 2: syntax error at beginning of input"),
    ("[nul", "line 0, column 4, byte 4: invalid keyword 'nul'"),
    ("{]", "line 0, column 1, byte 1: syntax error parsing object expecting string"),
    ("[1}", "line 0, column 2, byte 2: syntax error expecting ']' or ','"),
  ]

  @Test("faults are worded and placed as Open vSwitch does it")
  func faultMessages() {
    for (text, message) in Self.faults {
      #expect(Self.failure(text) == message, "\(text)")
    }
  }

  static func failure(_ text: String) -> String? {
    do throws(JSONError) {
      _ = try JSONParser.parse(text)
      return nil
    } catch { return error.message }
  }

  @Test("strings that are not UTF-8 are refused")
  func invalidUTF8() {
    for bytes: [UInt8] in [
      [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82], [0xf5, 0x80, 0x80, 0x80],
    ] {
      let text = Array("[\"".utf8) + bytes + Array("\"]".utf8)
      #expect(throws: JSONError.self) { try JSONParser.parse(text) }
    }
    #expect(Self.failure(#"["\udc00"]"#) != nil)
  }

  @Test("numbers: whole ones of 64 bits are integers however they are written")
  func numbers() throws {
    let cases: [(String, JSONValue)] = [
      ("0", 0), ("-0", 0), ("1e3", 1000), ("15e-1", .real(1.5)), ("1.50e1", 15), ("-2.0", -2),
      ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
      ("9223372036854775808", .real(9_223_372_036_854_775_808)), ("0.1", .real(0.1)),
      ("123456789012345680000", .real(1.2345678901234568e20)), ("1e-400", 0),
      ("0.0000000000000000000000001e30", 100000),
    ]
    for (text, value) in cases {
      #expect(try JSONParser.parse("[\(text)]") == .array([value]), "\(text)")
    }
  }

  @Test("escapes and surrogate pairs are read")
  func escapes() throws {
    let value = try JSONParser.parse(#"["\"\\\/\b\f\n\r\té€𝄞"]"#)
    #expect(value == .array([.string(Text("\"\\/\u{8}\u{c}\n\r\té€𝄞"))]))
  }

  @Test("the last of two members with one name wins")
  func repeatedNames() throws {
    #expect(try JSONParser.parse(#"{"a":1,"a":2}"#) == .object(["a": 2]))
  }

  @Test("depth and size are limited")
  func limits() throws {
    let deep = String(repeating: "[", count: 1000) + String(repeating: "]", count: 1000)
    _ = try JSONParser.parse(deep)
    #expect(
      Self.failure("[\(deep)]") == "line 0, column 1000, byte 1000: input exceeds maximum nesting depth 1000")
    #expect(throws: JSONError.self) {
      try JSONParser.parse("[1,2,3]", limits: JSONLimits(depth: 10, byteCount: 5))
    }
    let four = JSONLimits(depth: 10, byteCount: 50, valueCount: 4)
    _ = try JSONParser.parse("[1,2,3]", limits: four)
    #expect(throws: JSONError.self) { try JSONParser.parse("[1,[],3,{}]", limits: four) }
  }

  @Test("every truncation of a text is an error")
  func truncations() throws {
    let text = Array(#"{"a":[1,-2.5e3,true,null,"xA\n"],"b":{"c":[]},"d":"é"}"#.utf8)
    _ = try JSONParser.parse(text)
    for count in 0..<text.count {
      #expect(throws: JSONError.self) { try JSONParser.parse(Array(text[..<count])) }
    }
  }

  @Test("changed bytes never trap, and what parses is written back the same")
  func mutations() {
    var random = SeededRandom(seed: 7)
    let text = Array(#"{"a":[1,-2.5e3,true,null,"xA\n"],"b":{"c":[]},"d":"é𝄞"}"#.utf8)
    for _ in 0..<20000 {
      var changed = text
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let place = Int.random(in: 0..<changed.count, using: &random)
        changed[place] = UInt8.random(in: 0...255, using: &random)
      }
      guard let value = try? JSONParser.parse(changed) else { continue }
      let again = try? JSONParser.parse(value.bytes())
      #expect(again == value, "seed 7: \(changed)")
    }
  }
}
