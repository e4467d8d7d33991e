import JSON
import OVSDB

/// The journal of the simulated host's database, in memory.
final class MemoryJournal: JournalStore {
  private var records: [JSONValue]
  /// Whether the disk is full.
  var isFull = false

  init(_ records: [JSONValue]) { self.records = records }

  /// With a checksum (FNV-1a) in place of the host's.
  static var journal: Journal {
    Journal { body throws(DatabaseError) in
      var sum: UInt64 = 0xcbf2_9ce4_8422_2325
      for byte in body { sum = (sum ^ UInt64(byte)) &* 0x100_0000_01b3 }
      return (0..<20).map { UInt8(truncatingIfNeeded: sum >> UInt64($0 % 8 * 8)) }
    }
  }

  /// What a file would hold.
  var bytes: [UInt8] { get throws { try Self.journal.bytes(records) } }

  func append(_ record: JSONValue, to database: String, isDurable: Bool) throws(DatabaseError) {
    if isFull { throw DatabaseError("I/O error", "no space left") }
    records.append(record)
  }

  func replace(_ database: String, with records: [JSONValue]) throws(DatabaseError) {
    if isFull { throw DatabaseError("I/O error", "no space left") }
    self.records = records
  }
}

/// The database server of the simulated host, and whoever administers the switch by it.
final class SimulatedDatabase {
  private(set) var server: Server
  let journal: MemoryJournal
  private var administrator: SessionID
  private var seed: UInt64
  private var nextID: Int64 = 1
  /// What the administrator was answered last.
  private(set) var lastAnswer = ""

  static let name: Text = "Open_vSwitch"

  init(seed: UInt64) throws {
    self.seed = seed
    let database = Database(schema: VSwitchSchema.schema, generator: Self.generator(seed))
    journal = MemoryJournal([VSwitchSchema.schema.json])
    server = Server(store: journal, generator: Self.generator(seed + 1), epochOffsetMilliseconds: 0)
    try server.add(database)
    administrator = try Self.open(server, now: 0)
    transact(#"{"op":"insert","table":"Open_vSwitch","row":{}}"#, now: 0)
  }

  private static func open(_ server: Server, now: Int64) throws -> SessionID {
    guard let session = server.open(now: now) else { throw Violation("the server takes no administrator") }
    return session
  }

  private static func generator(_ seed: UInt64) -> UUIDGenerator { UUIDGenerator(seed: (seed, 2, 3, 4)) }

  /// The server ends, and another begins with what the journal has.
  func restart(now: Int64) throws {
    seed += 2
    let loaded = try DatabaseLoader.load(
      try journal.bytes, name: "journal", MemoryJournal.journal, generator: Self.generator(seed))
    if let error = loaded.tailError { throw error }
    server = Server(store: journal, generator: Self.generator(seed + 1), epochOffsetMilliseconds: 0)
    try server.add(loaded.database)
    administrator = try Self.open(server, now: now)
  }

  /// The rows as they are.
  var database: Database? { server.database(Self.name)?.database }

  /// Runs a transaction of the administrator's; gives whether all of it was done.
  @discardableResult
  func transact(_ operations: String, now: Int64) -> Bool {
    nextID += 1
    let text = #"{"method":"transact","params":["Open_vSwitch",\#(operations)],"id":\#(nextID)}"#
    guard let json = try? JSONParser.parse(text) else { fatalError("no JSON: \(text)") }
    server.receive(json, from: administrator, now: now)
    let answers = server.outgoing.filter { $0.session == administrator }
    lastAnswer = answers.last.map { String(decoding: $0.bytes, as: UTF8.self) } ?? ""
    return !lastAnswer.contains(#""details""#)
  }

  /// What the server sends to others than the administrator.
  func takeOutgoing() -> [Server.Outgoing] { server.takeOutgoing().filter { $0.session != administrator } }

  /// Another daemon takes the lock from the switch, or gives it back.
  func steal(_ isStolen: Bool, now: Int64) {
    let method = isStolen ? "steal" : "unlock"
    guard let json = try? JSONParser.parse(#"{"method":"\#(method)","params":["ovs_vswitchd"],"id":0}"#)
    else { return }
    server.receive(json, from: administrator, now: now)
  }
}

// MARK: reading rows

extension SimulatedDatabase {
  /// The rows of a table, in an order that depends on the names of the rows alone.
  func rows(_ table: Text) -> [StoredRow] {
    guard let table = database?[table] else { return [] }
    return table.rows.values.map { StoredRow(row: $0, schema: table.schema) }
      .sorted { $0.row.uuid < $1.row.uuid }
  }

  /// The row that a table has of a UUID.
  func row(_ uuid: UUID, of table: Text) -> StoredRow? {
    guard let table = database?[table], let row = table.rows[uuid] else { return nil }
    return StoredRow(row: row, schema: table.schema)
  }
}

/// A row with its columns' names.
struct StoredRow {
  let row: Row
  let schema: TableSchema

  var uuid: UUID { row.uuid }

  subscript(column: Text) -> Datum { schema.place(of: column).map { row[$0] } ?? .empty }

  func text(_ column: Text) -> String? { self[column].scalar?.text?.string }

  func integer(_ column: Text) -> Int64? { self[column].scalar?.integer }

  func boolean(_ column: Text) -> Bool? { self[column].scalar?.boolean }

  func integers(_ column: Text) -> [Int] { self[column].keys.compactMap { $0.integer.map { Int($0) } } }

  func references(_ column: Text) -> [UUID] { self[column].keys.compactMap { $0.uuid } }
}
