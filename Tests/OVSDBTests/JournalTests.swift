import JSON
import OVSDB
import Testing

@Suite struct JournalTests {
  @Test("SHA-1 of the standard's examples")
  func sha1() {
    // FIPS 180-4, and RFC 3174, section 7.3.
    let cases = [
      ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"), ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
      ),
      (String(repeating: "a", count: 1_000_000), "34aa973cd4c4daa4f61eeb2bdbad27316534016f"),
      (String(repeating: "01234567", count: 80), "dea356a2cddd90c7a7ecedc5ebb563934f460452"),
    ]
    for (text, digest) in cases { #expect(SHA1.hexadecimal(Array(text.utf8)) == digest) }
  }

  static func records() throws -> [UInt8] {
    let fixture = try DatabaseFixture()
    let row = "11111111-1111-1111-1111-111111111111"
    return Journal.record(fixture.database.schema.json)
      + Journal.record([
        "A": .object([Text(row): ["i": 1, "few": ["set", [1, 2]], "set": ["set", [1, 2]]]]), "_date": 5,
      ])
      + Journal.record([
        "A": .object([Text(row): ["set": ["set", [2, 3]], "i": 2]]), "_is_diff": true, "_comment": "c",
      ])
  }

  @Test("differences are applied to what was there")
  func differences() throws {
    let loaded = try DatabaseLoader.load(try Self.records(), name: "f", generator: DatabaseFixture.generator)
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
    var reader = try JournalReader(bytes, name: "f")
    while try reader.next() != nil { ends.append(reader.offset) }
    #expect(ends.count == 3 && ends.last == bytes.count)
    for count in 0..<bytes.count {
      guard count >= ends[0] else {
        #expect(throws: DatabaseError.self) {
          try DatabaseLoader.load(Array(bytes[..<count]), name: "f", generator: DatabaseFixture.generator)
        }
        continue
      }
      let loaded = try DatabaseLoader.load(
        Array(bytes[..<count]), name: "f", generator: DatabaseFixture.generator)
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
      let loaded = try? DatabaseLoader.load(changed, name: "f", generator: DatabaseFixture.generator)
      #expect(loaded?.tailError != nil || loaded == nil, "byte \(place)")
    }
  }

  @Test("a faulty record does nothing at all")
  func faultyRecord() throws {
    let bad = Journal.record([
      "A": [
        "22222222-2222-2222-2222-222222222222": ["i": 5, "few": 1],
        "33333333-3333-3333-3333-333333333333": ["i": "x"],
      ]
    ])
    let loaded = try DatabaseLoader.load(
      try Self.records() + bad, name: "f", generator: DatabaseFixture.generator)
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
    let text = String(decoding: fixture.database.snapshot(comment: "", date: 0), as: UTF8.self)
    #expect(!text.contains(#""eph":"x""#))
  }
}
