import JSON
import TestSupport
import Testing

@testable import OVSDB

extension Database {
  func applyForTest(_ changes: [RowChange]) { apply(changes) }
}

@Suite struct TransactionTests {
  @Test("operations see what those before them have done, and an abort takes it back")
  func abort() throws {
    let fixture = try DatabaseFixture()
    let insert = #"{"op":"insert","table":"A","row":{"i":1,"few":1}}"#
    let select = #"{"op":"select","table":"A","where":[],"columns":["i"]}"#
    let results = try fixture.transact(#"\#(insert),\#(select),{"op":"abort"}"#)
    #expect(results.hasSuffix(#",{"rows":[{"i":1}]},{"details":"aborted by request","error":"aborted"}]"#))
    #expect(try fixture.transact(select) == #"[{"rows":[]}]"#)
    try fixture.transact(insert)
    #expect(try fixture.transact(select) == #"[{"rows":[{"i":1}]}]"#)
  }

  @Test("after an operation has failed those behind it are null")
  func failure() throws {
    let fixture = try DatabaseFixture()
    let results = try fixture.transact(
      #"{"op":"comment","comment":"c"},{"op":"abort"},{"op":"comment","comment":"d"}"#)
    #expect(results == #"[{},{"details":"aborted by request","error":"aborted"},null]"#)
  }

  @Test(
    "large maps are merged, and their differences applied, in time that grows as they do",
    .timeLimit(.minutes(1)))
  func largeMaps() {
    let count: Int64 = 400_000
    func map(from first: Int64) -> Datum {
      let keys = stride(from: first, to: 2 * count, by: 2).map { Atom.integer($0) }
      return Datum(sortedKeys: keys, values: keys)
    }
    let (even, odd) = (map(from: 0), map(from: 1))
    let merged = even.merging(odd)
    #expect(merged.count == 2 * Int(count) && merged[.integer(7)] == .integer(7))
    let integer = BaseType(.integer)
    let type = ColumnType(key: integer, value: integer, minimum: 0, maximum: ColumnType.unlimited)
    #expect(even.applying(difference: odd, type) == merged)
    #expect(merged.applying(difference: even, type) == odd)
  }

  @Test("update changes only what it says, and not what cannot change")
  func update() throws {
    let fixture = try DatabaseFixture()
    try fixture.transact(#"{"op":"insert","table":"A","row":{"i":1,"few":1,"s":"a","fixed":"f"}}"#)
    #expect(
      try fixture.transact(#"{"op":"update","table":"A","where":[["i","==",1]],"row":{"i":2}}"#)
        == #"[{"count":1}]"#)
    #expect(try fixture.values("A", "s") == ["a"])
    #expect(try fixture.values("A", "i") == ["2"])
    let results = try fixture.transact(#"{"op":"update","table":"A","where":[],"row":{"fixed":"g"}}"#)
    #expect(results.contains("Cannot update immutable column fixed in table A."))
  }

  @Test("mutations of numbers, sets and maps")
  func mutations() throws {
    let fixture = try DatabaseFixture()
    try fixture.transact(
      #"{"op":"insert","table":"A","row":{"i":7,"few":1,"set":["set",[1,2]],"map":["map",[["a",1]]]}}"#)
    func mutate(_ mutation: String) throws -> String {
      try fixture.transact(#"{"op":"mutate","table":"A","where":[],"mutations":[\#(mutation)]}"#)
    }
    for mutation in [
      #"["i","+=",3]"#, #"["i","*=",2]"#, #"["i","/=",3]"#, #"["i","%=",4]"#,
      #"["set","insert",["set",[2,3]]]"#,
      #"["set","delete",1]"#, #"["map","insert",["map",[["a",5],["b",2]]]]"#, #"["set","+=",10]"#,
    ] {
      #expect(try mutate(mutation) == #"[{"count":1}]"#)
    }
    #expect(try fixture.values("A", "i") == ["2"])
    #expect(try fixture.values("A", "set") == ["[12, 13]"])
    #expect(try fixture.values("A", "map") == ["{a=1, b=2}"])
    _ = try mutate(#"["map","delete",["set",["a"]]]"#)
    _ = try mutate(#"["map","delete",["map",[["b",3]]]]"#)
    #expect(try fixture.values("A", "map") == ["{b=2}"])
    #expect(try mutate(#"["i","/=",0]"#).contains("domain error"))
    #expect(try mutate(#"["i","+=",9223372036854775807]"#).contains("range error"))
    #expect(try mutate(#"["few","delete",1]"#).contains("Attempted to store 0 elements"))
  }

  @Test("a division that overflows is an error, not a trap")
  func overflow() throws {
    let fixture = try DatabaseFixture()
    try fixture.transact(#"{"op":"insert","table":"A","row":{"i":-9223372036854775808,"few":1}}"#)
    for mutator in ["/=", "%=", "*="] {
      let results = try fixture.transact(
        #"{"op":"mutate","table":"A","where":[],"mutations":[["i","\#(mutator)",-1]]}"#)
      #expect(results.contains("range error"), "\(mutator)")
    }
  }

  @Test("assert needs the lock")
  func assertion() throws {
    let fixture = try DatabaseFixture()
    #expect(try fixture.transact(#"{"op":"assert","lock":"l"}"#).contains("Asserted lock l not held."))
    #expect(try fixture.transact(#"{"op":"assert","lock":"l"}"#, ownsLock: true) == "[{}]")
  }

  @Test("wait holds, blocks, or gives up")
  func wait() throws {
    let fixture = try DatabaseFixture()
    let wait = #"{"op":"wait","table":"A","where":[],"columns":["i"],"until":"==","rows":[{"i":1}]"#
    #expect(try fixture.transact(wait + "}") == "blocked")
    #expect(try fixture.transact(wait + #","timeout":1000}"#) == "blocked")
    #expect(try fixture.transact(wait + #","timeout":0}"#).contains("timed out"))
    try fixture.transact(#"{"op":"insert","table":"A","row":{"i":1,"few":1}}"#)
    #expect(try fixture.transact(wait + "}") == "[{}]")
  }

  @Test("random operations on random columns never trap")
  func randomOperations() throws {
    var random = SeededRandom(seed: 99)
    let fixture = try DatabaseFixture()
    let words = [
      "insert", "select", "update", "mutate", "delete", "wait", "A", "B", "Indexed", "i", "s", "set", "map",
      "weak",
      "strong", "few", "n", "next", "==", "!=", "<", "includes", "excludes", "+=", "%=", "named-uuid", "uuid",
      "x",
      "where", "columns", "rows", "row", "until", "op", "table", "mutations",
    ]
    func value(_ depth: Int) -> JSONValue {
      switch Int.random(in: 0..<(depth > 0 ? 7 : 4), using: &random) {
      case 0: return .integer(Int64.random(in: -3...3, using: &random))
      case 1, 2: return .string(Text(words[Int.random(in: 0..<words.count, using: &random)]))
      case 3: return .bool(Bool.random(using: &random))
      case 4: return .array((0..<Int.random(in: 0...3, using: &random)).map { _ in value(depth - 1) })
      case 5:
        return ["set", .array((0..<Int.random(in: 0...3, using: &random)).map { _ in value(depth - 1) })]
      default:
        var object = JSONObject()
        for _ in 0..<3 {
          object[Text(words[Int.random(in: 0..<words.count, using: &random)])] = value(depth - 1)
        }
        return .object(object)
      }
    }
    for _ in 0..<1500 {
      var operation = JSONObject()
      operation["op"] = .string(Text(words[Int.random(in: 0..<6, using: &random)]))
      operation["table"] = .string(Text(words[Int.random(in: 6..<9, using: &random)]))
      for name in ["where", "row", "rows", "mutations", "columns"] as [Text]
      where Bool.random(using: &random) {
        operation[name] = value(3)
      }
      _ = try fixture.transact(JSONValue.object(operation).string())
    }
  }
}
