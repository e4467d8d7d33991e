import JSON
import OVSDB
import TestSupport
import Testing

@Suite struct JournalTests {
  static var journal: Journal { DatabaseFixture.journal }

  static func load(_ bytes: [UInt8], _ journal: Journal = journal) throws(DatabaseError)
    -> DatabaseLoader.Loaded
  {
    try DatabaseLoader.load(bytes, name: "f", journal, generator: DatabaseFixture.generator)
  }

  @Test("the checksum is the one that was handed in, and its failure is told")
  func checksums() throws {
    let zeros = Journal { _ throws(DatabaseError) in [UInt8](repeating: 0xa5, count: 20) }
    let bytes = try zeros.bytes([["a": 1]])
    #expect(
      String(decoding: bytes, as: UTF8.self)
        == "OVSDB JSON 8 " + String(repeating: "a5", count: 20) + "\n{\"a\":1}\n")
    let digest = String(decoding: try Self.journal.bytes([["a": 1]])[13..<53], as: UTF8.self)
    let told =
      "syntax error: f: 8 bytes starting at offset 54 have SHA-1 hash \(digest) but should have hash "
      + String(repeating: "a5", count: 20)
    #expect(throws: DatabaseError.self) { try Self.load(bytes) }
    var reader = try JournalReader(bytes, name: "f", Self.journal)
    #expect {
      try reader.next()
    } throws: {
      ($0 as? DatabaseError)?.message == told
    }
    let error = DatabaseError("I/O error", "no provider")
    let broken = Journal { _ throws(DatabaseError) in throw error }
    #expect(throws: error) { try broken.bytes([["a": 1]]) }
    #expect(throws: error) { try Self.load(bytes, broken) }
  }

  @Test("a record that could not be read again is not written")
  func recordLimit() throws {
    var small = Self.journal
    small.recordByteLimit = 8
    let bytes = try small.bytes([["a": 1]])
    #expect(throws: DatabaseError.self) { try small.bytes([["a": 10]]) }
    small.recordByteLimit = 7
    var reader = try JournalReader(bytes, name: "f", small)
    #expect(throws: DatabaseError.self) { try reader.next() }
  }

  static func records() throws -> [UInt8] {
    let fixture = try DatabaseFixture()
    let row = "11111111-1111-1111-1111-111111111111"
    return try journal.bytes([
      fixture.database.schema.json,
      [
        "A": .object([Text(row): ["i": 1, "few": ["set", [1, 2]], "set": ["set", [1, 2]]]]), "_date": 5,
      ],
      [
        "A": .object([Text(row): ["set": ["set", [2, 3]], "i": 2]]), "_is_diff": true, "_comment": "c",
      ],
    ])
  }

  @Test("differences are applied to what was there")
  func differences() throws {
    let loaded = try Self.load(try Self.records())
    let fixture = DatabaseFixture(loaded.database)
    #expect(loaded.tailError == nil && loaded.transactionCount == 2)
    #expect(try fixture.values("A", "set") == ["[1, 3]"])
    #expect(try fixture.values("A", "few") == ["[1, 2]"])
    #expect(try fixture.values("A", "i") == ["2"])
  }

  @Test("of every truncation the whole records are loaded, and the rest is told")
  func truncations() throws {
    let bytes = try Self.records()
    var ends: [Int] = []
    var reader = try JournalReader(bytes, name: "f", Self.journal)
    while try reader.next() != nil { ends.append(reader.offset) }
    #expect(ends.count == 3 && ends.last == bytes.count)
    for count in 0..<bytes.count {
      guard count >= ends[0] else {
        #expect(throws: DatabaseError.self) {
          try Self.load(Array(bytes[..<count]))
        }
        continue
      }
      let loaded = try Self.load(Array(bytes[..<count]))
      let whole = ends.last { $0 <= count }
      #expect(loaded.byteCount == whole)
      #expect((loaded.tailError != nil) == (count != whole))
    }
  }

  @Test("a changed byte is found")
  func changedBytes() throws {
    let bytes = try Self.records()
    var random = SeededRandom(seed: 3)
    for _ in 0..<600 {
      var changed = bytes
      let place = Int.random(in: 0..<bytes.count, using: &random)
      changed[place] ^= UInt8.random(in: 1...255, using: &random)
      let loaded = try? Self.load(changed)
      #expect(loaded?.tailError != nil || loaded == nil, "byte \(place)")
    }
  }

  @Test("a faulty record does nothing at all")
  func faultyRecord() throws {
    let bad = try Self.journal.bytes([
      [
        "A": [
          "22222222-2222-2222-2222-222222222222": ["i": 5, "few": 1],
          "33333333-3333-3333-3333-333333333333": ["i": "x"],
        ]
      ]
    ])
    let loaded = try Self.load(try Self.records() + bad)
    #expect(loaded.tailError?.message == #"syntax ""x"": syntax error: expected integer"#)
    #expect(try DatabaseFixture(loaded.database).values("A", "i") == ["2"])
  }

  @Test("what is only in memory is not written")
  func ephemeral() throws {
    let fixture = try DatabaseFixture()
    try fixture.transact(#"{"op":"insert","table":"A","row":{"i":1,"few":1,"eph":"x"}}"#)
    let transaction = Transaction(on: fixture.database)
    _ = transaction.execute(
      [["op": "update", "table": "A", "where": [], "row": ["eph": "y"]]], ExecutionContext())
    let changes = try transaction.prepare()
    #expect(changes.count == 1)
    #expect(fixture.database.journalRecord(changes, date: 0) == nil)
    let text = fixture.database.snapshot(comment: "", date: 0)[1].string()
    #expect(!text.contains(#""eph":"x""#))
  }
}
