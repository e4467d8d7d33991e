import JSON
import Testing

@testable import OVSDB

private func type(_ json: String) throws -> ColumnType {
  try ColumnType(try JSONParser.parse("[\(json)]").array?.first ?? .null)
}

private func parse(_ text: String, _ json: String) throws -> String {
  let type = try type(json)
  do {
    return try Datum(text: text, type: type) { _, _ in UUID(high: 1, low: 2) }.displayText(type)
  } catch {
    return "error: " + error.message
  }
}

@Suite struct DatumParserTests {
  static let set = #"{"key":{"type":"integer","minInteger":0,"maxInteger":4095},"min":0,"max":4096}"#
  static let map = #"{"key":"string","value":"string","min":0,"max":"unlimited"}"#
  static let references = #"{"key":"uuid","min":0,"max":"unlimited"}"#

  /// What ovs-vsctl 3.1.0 prints for the same words.
  @Test(arguments: [
    ("1,2", set, "[1, 2]"), ("[2 1]", set, "[1, 2]"), ("[]", set, "[]"), ("1-5,7", set, "[1, 2, 3, 4, 5, 7]"),
    (" 1 , 2 ", set, "[1, 2]"), ("+1", set, "[1]"), ("01", set, "[1]"),
    ("{1,2}", set, #"error: {1,2}: unexpected "{" parsing set of up to 4096 integers"#),
    ("1,,2", set, #"error: 1,,2: unexpected "," parsing set of up to 4096 integers"#),
    ("5,5", set, "error: 5,5: set contains duplicate value"),
    ("4-2", set, #"error: "4-2" is not a valid range. Range end cannot be before start."#),
    ("0-5000", set, "error: constraint violation: 5000 is not in the valid range 0 to 4095 (inclusive)"),
    ("[1 2", set, #"error: [1 2: missing "]" at end of data"#),
    ("[1,2]x", set, #"error: [1,2]x: trailing garbage after "]""#),
    ("1,2x", set, #"error: "2x" is not a valid integer or range"#),
    ("--1", set, #"error: "--1" is not a valid integer or range"#),
    ("1-", set, #"error: "1-" is not a valid integer or range"#),
    ("{a=b, c=d}", map, "{a=b, c=d}"), ("c=d a=b", map, "{a=b, c=d}"), ("{}", map, "{}"),
    (#"{""="", "x y"=z}"#, map, #"{""="", "x y"=z}"#), (#"{a=x\,y}"#, map, #"{a="x,y"}"#),
    (#"{a=y"x"}"#, map, #"{a="y\"x\""}"#), (#"{a="\u00e9\n"}"#, map, #"{a="é\n"}"#),
    ("{a=1,a=2}", map, "error: {a=1,a=2}: map contains duplicate key"),
    ("{a:b=c}", map, #"error: a:b=c}: syntax error at ":" expecting "=""#),
    ("{=c}", map, #"error: {=c}: unexpected "=" parsing map of (string, string) pairs"#),
    (
      "{a=}", map,
      #"error: An empty string is not valid as input; use "" to represent the empty string"#
    ),
    (#"{a="b}"#, map, #"error: "b}: quoted string extends past end of argument"#),
    (#"{a="x"y}"#, map, #"error: "x"y: missing quote at end of quoted string"#),
    (#"{a="b\q"}"#, map, #"error: "b\q": bad escape \q"#),
    ("a,b", #""string""#, "error: a,b: 2 value(s) specified but the maximum number is 1"),
    ("[]", #""string""#, "error: []: 0 value(s) specified but the minimum number is 1"),
    ("{a", #""string""#, #"error: {a: unexpected "{" parsing string"#),
    ("yes", #""boolean""#, "true"), ("0", #""boolean""#, "false"),
    ("TRUE", #""boolean""#, #"error: "TRUE" is not a valid boolean (use "true" or "false")"#),
    ("1.5", #""real""#, "1.5"), ("x", #""real""#, #"error: "x" is not a valid real number"#),
    ("abc", references, #"error: "abc" is not a valid UUID"#),
    ("@a", references, "[00000000-0000-0001-0000-000000000002]"),
    (
      "0-5000", #"{"key":"integer","min":0,"max":"unlimited"}"#,
      #"error: constraint violation: Range "0-5000" is too big. Maximum allowed size is 4096."#
    ),
    (
      "-9223372036854775807-9223372036854775807", #"{"key":"integer","min":0,"max":"unlimited"}"#,
      "error: constraint violation: Range \"-9223372036854775807-9223372036854775807\" is too big. "
        + "Maximum allowed size is 4096."
    ),
  ])
  func wordsAreValuesOrErrors(_ text: String, _ json: String, _ expected: String) throws {
    #expect(try parse(text, json) == expected)
  }

  @Test func anEnumerationListsItsValues() throws {
    let json = #"{"key":{"type":"string","enum":["set",["standalone","secure"]]},"min":0,"max":1}"#
    #expect(
      try parse("x", json)
        == "error: constraint violation: x is not one of the allowed values ([secure, standalone])")
  }

  @Test func everyPrefixIsAValueOrAnError() throws {
    for text in [#"{"x y"=z,a=b}"#, "[1, 2,3-4]", #"{a="\u00e9"}"#] {
      for length in 0...text.utf8.count {
        let prefix = String(decoding: Array(text.utf8.prefix(length)), as: UTF8.self)
        for json in [Self.set, Self.map, Self.references, #""string""#] { _ = try parse(prefix, json) }
      }
    }
  }
}
