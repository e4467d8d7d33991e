import JSON
import OVSDB
import Testing

@Suite struct DatumTests {
  static let strings = ColumnType(key: BaseType(.string), minimum: 0, maximum: ColumnType.unlimited)
  static let map = ColumnType(
    key: BaseType(.string), value: BaseType(.integer), minimum: 0, maximum: ColumnType.unlimited)

  static func read(_ text: String, _ type: ColumnType) throws -> Datum {
    // The parser takes arrays and objects only.
    let json = try JSONParser.parse("[\(text)]").array?.first ?? .null
    return try Datum(json, type: type)
  }

  static func failure(_ text: String, _ type: ColumnType) throws -> String? {
    let json = try JSONParser.parse("[\(text)]").array?.first ?? .null
    do throws(DatabaseError) {
      _ = try Datum(json, type: type)
      return nil
    } catch { return error.message }
  }

  @Test("sets and maps are sorted, and written as on the wire")
  func wire() throws {
    #expect(
      try Self.read(#"["set",["b","a"]]"#, Self.strings).json(Self.strings).string() == #"["set",["a","b"]]"#)
    #expect(
      try Self.read(#"["set",["b"]]"#, Self.strings).json(Self.strings).string() == #"["b"]"#.dropBrackets)
    #expect(try Self.read(#"["set",[]]"#, Self.strings).json(Self.strings).string() == #"["set",[]]"#)
    #expect(
      try Self.read(#"["map",[["b",1],["a",2]]]"#, Self.map).json(Self.map).string()
        == #"["map",[["a",2],["b",1]]]"#)
    #expect(try Self.read(#"["map",[]]"#, Self.map).json(Self.map).string() == #"["map",[]]"#)
  }

  @Test("what is not of the type is refused in Open vSwitch's words")
  func faults() throws {
    let scalar = ColumnType(key: BaseType(.integer))
    #expect(try Self.failure(#""a""#, scalar) == #"syntax ""a"": syntax error: expected integer"#)
    #expect(
      try Self.failure(#"["set",[]]"#, scalar)
        == #"syntax "["set",[]]": syntax error: set must have exactly one member but 0 are present"#)
    #expect(try Self.failure(#"["set",["a","a"]]"#, Self.strings) == "ovsdb error: set contains duplicate")
    #expect(
      try Self.failure(#"["map",[["a",1],["a",2]]]"#, Self.map) == "ovsdb error: map contains duplicate key")
    #expect(
      try Self.failure(#"["map",[["a"]]]"#, Self.map)
        == #"syntax "["a"]": syntax error: expected 2-element array"#)
    #expect(
      try Self.failure(#"["uuid","x"]"#, ColumnType(key: BaseType(.uuid)))
        == #"syntax "["uuid","x"]": syntax error: "x" is not a valid UUID"#)
    var ranged = BaseType(.integer)
    ranged.minimumInteger = 1
    #expect(
      try Self.failure("0", ColumnType(key: ranged))
        == "constraint violation: 0 is less than minimum allowed value 1")
    ranged.maximumInteger = 9
    #expect(
      try Self.failure("10", ColumnType(key: ranged))
        == "constraint violation: 10 is not in the valid range 1 to 9 (inclusive)")
    var listed = BaseType(.string)
    listed.enumeration = Datum(set: [.string("x"), .string("y z")])
    #expect(
      try Self.failure(#""q""#, ColumnType(key: listed))
        == #"constraint violation: q is not one of the allowed values ([x, "y z"])"#)
  }

  @Test("values are shown as the tools show them")
  func display() {
    #expect(Datum(set: [.string("b"), .string("a b")]).displayText(Self.strings) == #"["a b", b]"#)
    #expect(Datum(map: [(.string("k"), .integer(1))]).displayText(Self.map) == "{k=1}")
    #expect(Datum.empty.displayText(Self.map) == "{}")
    #expect(Datum(.string("a-b.c_1")).displayText(ColumnType(key: BaseType(.string))) == "a-b.c_1")
    for word in ["", "1a", "true", "false", "é", "a:b", "11111111-1111-1111-1111-111111111111"] {
      let text = Datum(.string(Text(word))).displayText(ColumnType(key: BaseType(.string)))
      #expect(text == "\"\(word)\"")
    }
    #expect(
      Datum(map: [(.string("k v"), .integer(1)), (.string("l"), .integer(2))]).bareText(Self.map)
        == "k v=1 l=2")
  }

  @Test("identifiers are read and written")
  func identifiers() throws {
    let text = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
    let uuid = try #require(UUID(text))
    #expect(uuid.text == text)
    #expect(UUID(text.uppercased()) == uuid)
    for count in 0..<text.utf8.count { #expect(UUID(String(text.prefix(count))) == nil) }
    #expect(UUID(text + "0") == nil)
    var generator = UUIDGenerator(seed: (1, 2, 3, 4))
    var seen: Set<UUID> = []
    for _ in 0..<10000 {
      let made = generator.next()
      #expect(UUID(made.text) == made)
      #expect(made.high >> 12 & 0xf == 4 && made.low >> 62 == 2)
      seen.insert(made)
    }
    #expect(seen.count == 10000)
  }
}

extension String {
  /// The text of a scalar, which the tests write within an array.
  var dropBrackets: String { String(dropFirst().dropLast()) }
}
