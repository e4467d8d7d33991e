import JSON
import OVSDB
import Testing

@Suite struct SchemaTests {
  static func column(_ type: String) -> String {
    #"{"name":"D","version":"1.0.0","tables":{"T":{"columns":{"c":{"type":\#(type)}}}}}"#
  }

  static func table(_ rest: String, column: String = #"{"type":"string"}"#) -> String {
    #"{"name":"D","tables":{"T":{"columns":{"c":\#(column)}\#(rest)}}}"#
  }

  /// Schema, and what `ovsdb-tool create` of Open vSwitch 3.1.0 says of it.
  static let faults: [(schema: String, message: String)] = [
    ("[]", "syntax error: Parsing database schema failed: Object expected."),
    ("{}", #"syntax "{}": syntax error: Parsing database schema failed: Required 'name' member is missing."#),
    (
      #"{"name":1,"tables":{}}"#,
      #"syntax "{"name":1,"tables":{}}": syntax error: Parsing database schema failed: "#
        + "Type mismatch for member 'name'."
    ),
    (
      #"{"name":"1x","tables":{}}"#,
      #"syntax "{"name":"1x","tables":{}}": syntax error: Parsing database schema failed: "#
        + "Type mismatch for member 'name'."
    ),
    (
      #"{"name":"D","version":"x","tables":{}}"#,
      #"syntax "{"name":"D","tables":{},"version":"x"}": syntax error: schema version "x" not in format x.y.z"#
    ),
    (
      #"{"name":"D","tables":{},"zz":1,"xx":1,"yy":1}"#,
      #"syntax "{"name":"D","tables":{},"xx":1,"yy":1,"zz":1}": syntax error: Parsing database schema failed: "#
        + "Member 'xx' and 2 other members are present but not allowed here."
    ),
    (
      #"{"name":"D","tables":{"T":1}}"#,
      "syntax error: Parsing table schema for table T failed: Object expected."
    ),
    (
      #"{"name":"D","tables":{"_T":{"columns":{}}}}"#,
      #"syntax "{"name":"D","tables":{"_T":{"columns":{}}}}": syntax error: "#
        + #"names beginning with "_" are reserved"#
    ),
    (
      #"{"name":"D","tables":{"T":{"columns":{}}}}"#,
      #"syntax "{"columns":{}}": syntax error: table must have at least one column"#
    ),
    (column(#""foo""#), #"syntax ""foo"": syntax error: "foo" is not an atomic-type"#),
    (
      column("{}"),
      #"syntax "{}": syntax error: Parsing ovsdb type failed: Required 'key' member is missing."#
    ),
    (
      column(#"{"key":{"type":"integer","minInteger":5,"maxInteger":3}}"#),
      #"syntax "{"maxInteger":3,"minInteger":5,"type":"integer"}": syntax error: minInteger exceeds maxInteger"#
    ),
    (
      column(#"{"key":{"type":"string","minLength":-5}}"#),
      #"syntax "-5": syntax error: minLength out of valid range 0 to 4294967295"#
    ),
    (
      column(#"{"key":{"type":"uuid","refTable":"X"}}"#),
      "syntax error: column c key refers to undefined table X"
    ),
    (
      column(#"{"key":{"type":"uuid","refTable":"T","refType":"x"}}"#),
      #"syntax "{"refTable":"T","refType":"x","type":"uuid"}": syntax error: "#
        + #"refType must be "strong" or "weak" (not "x")"#
    ),
    (
      column(#"{"key":"string","min":2}"#),
      #"syntax "{"key":"string","min":2}": syntax error: ovsdb type fails constraint checks"#
    ),
    (column(#"{"key":"string","max":"x"}"#), #"syntax ""x"": syntax error: bad min or max value"#),
    (
      column(#"{"key":{"type":"string","enum":["set",[]]}}"#),
      #"syntax "["set",[]]": syntax error: set must have 1 to 4294967295 members but 0 are present"#
    ),
    (
      column(#"{"key":{"type":"string","enum":["set",["a","a"]]}}"#),
      "ovsdb error: set contains duplicate"
    ),
    (
      column(#"{"key":{"type":"string","enum":["set",["a"]],"minLength":2}}"#),
      #"syntax "{"enum":["set",["a"]],"minLength":2,"type":"string"}": syntax error: "#
        + "Parsing ovsdb type failed: Member 'minLength' is present but not allowed here."
    ),
    (
      table(#","maxRows":0"#),
      #"syntax "{"columns":{"c":{"type":"string"}},"maxRows":0}": syntax error: maxRows must be at least 1"#
    ),
    (
      table(#","indexes":[["x"]]"#),
      #"syntax "["x"]": syntax error: x is not a valid column name"#
    ),
    (
      table(#","indexes":[["c","c"]]"#),
      #"syntax "["c","c"]": syntax error: array of distinct column names expected"#
    ),
    (
      table(#","indexes":[["c"]]"#, column: #"{"type":"string","ephemeral":true}"#),
      #"syntax "{"columns":{"c":{"ephemeral":true,"type":"string"}},"indexes":[["c"]]}": syntax error: "#
        + "ephemeral columns (such as c) may not be indexed"
    ),
  ]

  @Test("faulty schemas are refused in Open vSwitch's words")
  func faultMessages() throws {
    for (text, message) in Self.faults {
      let json = try JSONParser.parse(text)
      var found: String?
      do throws(DatabaseError) { _ = try Schema(json) } catch { found = error.message }
      #expect(found == message)
    }
  }

  /// A schema with every kind of type, as `ovsdb-tool create` of Open vSwitch 3.1.0 writes it (members sorted).
  static let everything = #"""
    {"cksum":"12 34","name":"D","tables":{"A":{"columns":{"e":{"type":{"key":{"enum":"x","type":"string"}}},"en":{"type":{"key":{"enum":["set",[1,2,3]],"type":"integer"}}},"i":{"type":"integer"},"ii":{"type":{"key":{"maxInteger":9,"minInteger":1,"type":"integer"}}},"m":{"mutable":false,"type":{"key":"string","max":5,"min":0,"value":"integer"}},"r":{"type":{"key":{"maxReal":10,"minReal":0.5,"type":"real"}}},"s":{"type":{"key":{"enum":["set",["a","b"]],"type":"string"},"min":0}},"s2":{"ephemeral":true,"type":{"key":{"maxLength":20,"minLength":1,"type":"string"},"max":"unlimited","min":0}},"u":{"type":{"key":{"refTable":"B","refType":"weak","type":"uuid"},"max":"unlimited","min":0}},"u2":{"type":{"key":{"refTable":"B","type":"uuid"},"max":3,"min":0}},"u3":{"type":"uuid"}},"indexes":[["i"],["s","i"]],"isRoot":true},"B":{"columns":{"n":{"type":"string"}},"maxRows":10}},"version":"1.0.0"}
    """#

  @Test("a schema is written as it was read")
  func roundTrip() throws {
    let schema = try Schema(try JSONParser.parse(Self.everything))
    #expect(schema.json.string(style: .sorted) == Self.everything)
    let table = try #require(schema["A"])
    #expect(table.isRoot)
    #expect(schema["B"]?.isRoot == false)
    #expect(table.columns.first?.name == "_uuid")
    #expect(table.column("u")?.type.key.isWeakReference == true)
    #expect(table.column("u2")?.type.key.isStrongReference == true)
    #expect(table.column("s2")?.isPersistent == false)
    #expect(table.indexes.count == 2)
  }

  @Test("where no table is a root, all are")
  func oldSchema() throws {
    let schema = try Schema(
      try JSONParser.parse(#"{"name":"D","tables":{"T":{"columns":{"c":{"type":"string"}}}}}"#))
    #expect(schema["T"]?.isRoot == true)
    #expect(schema.json.string() == #"{"name":"D","tables":{"T":{"columns":{"c":{"type":"string"}}}}}"#)
  }
}
