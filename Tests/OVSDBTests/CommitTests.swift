import JSON
import TestSupport
import Testing

@testable import OVSDB

@Suite struct CommitTests {
  static func insertB(_ name: String, next: String? = nil) -> String {
    let next = next.map { #","next":["named-uuid","\#($0)"]"# } ?? ""
    return #"{"op":"insert","table":"B","uuid-name":"\#(name)","row":{"n":"\#(name)"\#(next)}}"#
  }

  @Test("rows that nothing refers to are not kept")
  func garbage() throws {
    let fixture = try DatabaseFixture()
    try fixture.transact(Self.insertB("b"))
    #expect(try fixture.values("B", "n").isEmpty)
    try fixture.transact(
      Self.insertB("b", next: "c") + "," + Self.insertB("c")
        + #",{"op":"insert","table":"A","row":{"few":1,"strong":["named-uuid","b"]}}"#)
    #expect(try fixture.values("B", "n") == ["b", "c"])
    try fixture.transact(#"{"op":"delete","table":"A","where":[]}"#)
    #expect(try fixture.values("B", "n").isEmpty)
    #expect(
      fixture.database.tables.allSatisfy { $0.strongReferenceCounts.isEmpty && $0.weakReferrers.isEmpty })
  }

  @Test("a row that refers weakly to many that go is looked through once", .timeLimit(.minutes(1)))
  func manyWeakReferences() throws {
    let fixture = try DatabaseFixture()
    let count = 20_000
    let transaction = Transaction(on: fixture.database)
    var atoms: [Atom] = []
    for number in 0..<count {
      let uuid = UUID(high: 1, low: UInt64(number))
      transaction.put(1, Row(uuid: uuid, version: .zero, data: fixture.database.tables[1].defaultData))
      atoms.append(.uuid(uuid))
    }
    let (strong, weak) = (
      try #require(fixture.database.tables[0].schema.place(of: "strong")),
      try #require(fixture.database.tables[0].schema.place(of: "weak"))
    )
    var keeper = Row(
      uuid: UUID(high: 2, low: 1), version: .zero, data: fixture.database.tables[0].defaultData)
    keeper.set(strong, Datum(set: atoms))
    transaction.put(0, keeper)
    var referrer = Row(
      uuid: UUID(high: 2, low: 2), version: .zero, data: fixture.database.tables[0].defaultData)
    referrer.set(weak, Datum(set: atoms))
    transaction.put(0, referrer)
    fixture.database.applyForTest(try transaction.prepare())

    let half = Transaction(on: fixture.database)
    keeper.set(strong, Datum(set: atoms[..<(count / 2)]))
    half.put(0, keeper)
    fixture.database.applyForTest(try half.prepare())
    #expect(fixture.database.tables[0].rows[referrer.uuid]?[weak].count == count / 2)
  }

  @Test("a set that may not be empty is more than its default after a restart")
  func setsWithDefaults() throws {
    // The fixture reads its own journal after each transaction.
    let fixture = try DatabaseFixture()
    try fixture.transact(#"{"op":"insert","table":"A","row":{"i":1}}"#)
    try fixture.transact(#"{"op":"mutate","table":"A","where":[],"mutations":[["few","insert",7]]}"#)
    #expect(try fixture.values("A", "few") == ["[0, 7]"])
    try fixture.transact(#"{"op":"update","table":"A","where":[],"row":{"few":0}}"#)
    try fixture.transact(#"{"op":"update","table":"A","where":[],"row":{"few":["set",[7,8]]}}"#)
    #expect(try fixture.values("A", "few") == ["[7, 8]"])
  }

  @Test("a row that is referred to is not deleted, nor a row referred to that is not there")
  func integrity() throws {
    let fixture = try DatabaseFixture()
    try fixture.transact(
      Self.insertB("b") + #",{"op":"insert","table":"A","row":{"few":1,"strong":["named-uuid","b"]}}"#)
    let deleted = try fixture.transact(#"{"op":"delete","table":"B","where":[]}"#)
    #expect(deleted.contains("because of 1 remaining reference(s)"))
    #expect(try fixture.values("B", "n") == ["b"])
    let dangling = try fixture.transact(
      #"{"op":"insert","table":"A","row":{"few":1,"strong":["uuid","11111111-1111-1111-1111-111111111111"]}}"#
    )
    #expect(dangling.contains("references nonexistent row 11111111-1111-1111-1111-111111111111 in table B."))
  }

  @Test("weak references go away with their row")
  func weakReferences() throws {
    let fixture = try DatabaseFixture()
    try fixture.transact(
      Self.insertB("b") + "," + Self.insertB("c")
        + #",{"op":"insert","table":"A","row":{"i":1,"few":1,"strong":["set",[["named-uuid","b"],["named-uuid","c"]]]}}"#
        + #",{"op":"insert","table":"A","row":{"i":2,"few":1,"weak":["set",[["named-uuid","b"],["named-uuid","c"]]]}}"#
    )
    let c = try fixture.transact(#"{"op":"select","table":"B","where":[["n","==","c"]],"columns":["_uuid"]}"#)
    let uuid = String(c.dropFirst(#"[{"rows":[{"_uuid":"#.count).dropLast("}]}]".count))
    try fixture.transact(#"{"op":"update","table":"A","where":[["i","==",1]],"row":{"strong":\#(uuid)}}"#)
    #expect(try fixture.values("B", "n") == ["c"])
    let rows = try fixture.transact(#"{"op":"select","table":"A","where":[["i","==",2]],"columns":["weak"]}"#)
    #expect(rows == #"[{"rows":[{"weak":\#(uuid)}]}]"#)
  }

  @Test("no two rows have the same index, but a transaction may swap them")
  func indexes() throws {
    let fixture = try DatabaseFixture()
    try fixture.transact(
      #"{"op":"insert","table":"Indexed","row":{"n":"a"}},{"op":"insert","table":"Indexed","row":{"n":"b"}}"#)
    #expect(
      try fixture.transact(#"{"op":"insert","table":"Indexed","row":{"n":"a"}}"#).contains(
        "identical values (a) for index on column"))
    #expect(
      try fixture.transact(#"{"op":"update","table":"Indexed","where":[],"row":{"n":"c"}}"#).contains(
        "identical values (c)"))
    let swap =
      #"{"op":"update","table":"Indexed","where":[["n","==","a"]],"row":{"n":"t","v":1}},"#
      + #"{"op":"update","table":"Indexed","where":[["n","==","b"]],"row":{"n":"a"}},"#
      + #"{"op":"update","table":"Indexed","where":[["n","==","t"]],"row":{"n":"b"}}"#
    #expect(try fixture.transact(swap) == #"[{"count":1},{"count":1},{"count":1}]"#)
    #expect(
      try fixture.transact(#"{"op":"select","table":"Indexed","where":[["n","==","b"]],"columns":["v"]}"#)
        == #"[{"rows":[{"v":1}]}]"#)
  }

  @Test("a table holds no more rows than its schema says")
  func rowLimit() throws {
    let fixture = try DatabaseFixture()
    let inserts = ["a", "b", "c", "d"].map { #"{"op":"insert","table":"Indexed","row":{"n":"\#($0)"}}"# }
    #expect(try fixture.transact(inserts.joined(separator: ",")).contains("to contain 4 rows"))
    #expect(try fixture.values("Indexed", "n").isEmpty)
    try fixture.transact(inserts[..<3].joined(separator: ","))
    #expect(
      try fixture.transact(#"{"op":"delete","table":"Indexed","where":[["n","==","a"]]},"# + inserts[3])
        .contains("count"))
    #expect(try fixture.values("Indexed", "n") == ["b", "c", "d"])
  }

  @Test("a transaction that changes nothing in the end is no change")
  func nothing() throws {
    let fixture = try DatabaseFixture()
    try fixture.transact(#"{"op":"insert","table":"A","row":{"i":1,"few":1}}"#)
    let transaction = Transaction(on: fixture.database)
    let operations = try JSONParser.parse(
      #"[{"op":"update","table":"A","where":[],"row":{"i":2}},{"op":"update","table":"A","where":[],"row":{"i":1}}]"#
    )
    _ = transaction.execute(operations.array ?? [], ExecutionContext())
    #expect(try transaction.prepare().isEmpty)
  }

  @Test("counts of references stay right through random transactions")
  func randomReferences() throws {
    var random = SeededRandom(seed: 5)
    let fixture = try DatabaseFixture()
    for step in 0..<400 {
      let names = fixture.database["B"].map { Array($0.rows.keys) } ?? []
      func reference() -> String {
        if names.isEmpty || Bool.random(using: &random) { return #"["named-uuid","n"]"# }
        return #"["uuid","\#(names[Int.random(in: 0..<names.count, using: &random)])"]"#
      }
      let insert = Self.insertB("n")
      let row = #"{"i":\#(step % 7),"few":1,"strong":\#(reference()),"weak":\#(reference())}"#
      switch Int.random(in: 0..<4, using: &random) {
      case 0: try fixture.transact(insert + #",{"op":"insert","table":"A","row":\#(row)}"#)
      case 1:
        try fixture.transact(
          insert + #",{"op":"update","table":"A","where":[["i","==",\#(step % 5)]],"row":\#(row)}"#)
      case 2: try fixture.transact(#"{"op":"delete","table":"A","where":[["i","==",\#(step % 7)]]}"#)
      default:
        try fixture.transact(
          insert + #",{"op":"update","table":"B","where":[],"row":{"next":\#(reference())}}"#)
      }
      try check(fixture.database, step)
    }
  }

  /// Counts references anew, and compares.
  private func check(_ database: Database, _ step: Int) throws {
    let bytes = try DatabaseFixture.journal.bytes(database.snapshot(comment: "", date: 0))
    let fresh = try DatabaseLoader.load(
      bytes, name: "", DatabaseFixture.journal, generator: DatabaseFixture.generator
    ).database
    for (table, other) in zip(database.tables, fresh.tables) {
      #expect(table.strongReferenceCounts == other.strongReferenceCounts, "seed 5, step \(step)")
      #expect(table.weakReferrers == other.weakReferrers, "seed 5, step \(step)")
      #expect(table.indexes == other.indexes, "seed 5, step \(step)")
      for uuid in table.rows.keys where !table.schema.isRoot {
        #expect(table.strongReferenceCounts[uuid] != nil, "seed 5, step \(step)")
      }
    }
  }
}
