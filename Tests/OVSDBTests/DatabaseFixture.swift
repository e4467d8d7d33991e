import JSON
import OVSDB

/// A database for tests, with a column of each shape and references of each kind.
struct DatabaseFixture {
  static let schemaText = #"""
    {"name":"D","version":"1.0.0","tables":{
      "A":{"isRoot":true,"columns":{
        "i":{"type":"integer"},
        "s":{"type":"string"},
        "eph":{"type":"string","ephemeral":true},
        "fixed":{"type":"string","mutable":false},
        "set":{"type":{"key":"integer","min":0,"max":"unlimited"}},
        "few":{"type":{"key":"integer","min":1,"max":2}},
        "map":{"type":{"key":"string","value":"integer","min":0,"max":"unlimited"}},
        "strong":{"type":{"key":{"type":"uuid","refTable":"B"},"min":0,"max":"unlimited"}},
        "weak":{"type":{"key":{"type":"uuid","refTable":"B","refType":"weak"},"min":0,"max":"unlimited"}}}},
      "B":{"columns":{"n":{"type":"string"},"next":{"type":{"key":{"type":"uuid","refTable":"B"},"min":0}}}},
      "Indexed":{"isRoot":true,"maxRows":3,"indexes":[["n"]],"columns":{"n":{"type":"string"},"v":{"type":"integer"}}}}}
    """#

  let database: Database

  init() throws {
    database = Database(schema: try Schema(try JSONParser.parse(Self.schemaText)), generator: Self.generator)
  }

  init(_ database: Database) {
    self.database = database
  }

  /// With a checksum (FNV-1a) that is good enough to find what a test has damaged.
  static var journal: Journal {
    Journal { body throws(DatabaseError) in
      var sum: UInt64 = 0xcbf2_9ce4_8422_2325
      for byte in body { sum = (sum ^ UInt64(byte)) &* 0x100_0000_01b3 }
      return (0..<20).map { UInt8(truncatingIfNeeded: sum >> UInt64($0 % 8 * 8)) }
    }
  }

  static var generator: UUIDGenerator { UUIDGenerator(seed: (1, 2, 3, 4)) }

  /// Executes operations, and commits them if all went well; gives the results as JSON, sorted.
  @discardableResult
  func transact(_ operations: String, ownsLock: Bool = false) throws -> String {
    let transaction = Transaction(on: database)
    let list = try JSONParser.parse("[\(operations)]").array ?? []
    switch transaction.execute(list, ExecutionContext(ownsLock: { _ in ownsLock })) {
    case .blocked: return "blocked"
    case .finished(var results, let error):
      if error == nil {
        do {
          try commit(try transaction.prepare())
        } catch let error as DatabaseError {
          results.append(error.json)
        }
      }
      return JSONValue.array(results).string(style: .sorted)
    }
  }

  private func commit(_ changes: [RowChange]) throws {
    // The database reads its own journal, so that each test of transactions is one of the journal too.
    var records = database.snapshot(comment: "", date: 0)
    if let record = database.journalRecord(changes, date: 1) { records.append(record) }
    let replayed = try DatabaseLoader.load(
      try Self.journal.bytes(records), name: "replay", Self.journal, generator: Self.generator)
    if let error = replayed.tailError { throw error }
    database.applyForTest(changes)
    precondition(Self.content(replayed.database) == Self.content(database), "the journal says otherwise")
  }

  /// All rows, without what is not kept.
  static func content(_ database: Database) -> [String] {
    var rows: [String] = []
    for table in database.tables {
      for row in table.rows.values {
        var text = "\(table.schema.name) \(row.uuid)"
        for (place, column) in table.schema.columns.enumerated() where column.isPersistent {
          text += " \(row[place].json(column.type).string())"
        }
        rows.append(text)
      }
    }
    return rows.sorted()
  }

  /// The values of a column of all rows, sorted.
  func values(_ table: Text, _ column: Text) throws -> [String] {
    guard let table = database[table], let place = table.schema.place(of: column) else { return [] }
    return table.rows.values.map { $0[place].displayText(table.schema.columns[place].type) }.sorted()
  }
}
