public import JSON

// Transactions as records of a journal (Open vSwitch's ovsdb(5), "Transaction records").

extension Database {
  /// The record of some changes; none if they are only about columns that are not kept.
  ///
  /// - Parameters:
  ///   - comment: What the transaction said about itself.
  ///   - date: Milliseconds since 1970.
  ///   - usesDifferences: Whether columns that were changed are written as differences.
  public func journalRecord(
    _ changes: [RowChange], comment: String = "", date: Int64, usesDifferences: Bool = true
  ) -> JSONValue? {
    var tableObjects = [JSONObject](repeating: JSONObject(), count: tables.count)
    for change in changes {
      guard let json = journalRow(change, usesDifferences: usesDifferences) else { continue }
      tableObjects[change.table].append(Text(change.uuid.text), json)
    }
    var object = JSONObject()
    for (place, table) in tableObjects.enumerated() where !table.isEmpty {
      object.append(tables[place].schema.name, .object(table))
    }
    guard !object.isEmpty else { return nil }
    object.append("_date", .integer(date))
    if !comment.isEmpty { object.append("_comment", .string(Text(comment))) }
    if usesDifferences { object.append("_is_diff", true) }
    return .object(object)
  }

  private func journalRow(_ change: RowChange, usesDifferences: Bool) -> JSONValue? {
    guard let new = change.new else { return .null }
    let table = tables[change.table]
    var object = JSONObject()
    for place in TableSchema.firstPlace..<table.schema.columns.count {
      let column = table.schema.columns[place]
      guard column.isPersistent else { continue }
      let old = change.old?[place] ?? table.defaultData[place - TableSchema.firstPlace]
      guard old != new[place] else { continue }
      // A difference from the default is read as the value itself, by Open vSwitch too; for a set that may not
      // be empty these are not the same.
      let isDifference =
        usesDifferences && change.old != nil
        && old != table.defaultData[place - TableSchema.firstPlace]
      let written = isDifference ? old.difference(to: new[place], column.type) : new[place]
      object.append(column.name, written.json(column.type))
    }
    if change.old != nil && object.isEmpty { return nil }
    return .object(object)
  }

  /// The record that holds the whole database.
  private func snapshotRecord(comment: String, date: Int64) -> JSONValue {
    var changes: [RowChange] = []
    for (place, table) in tables.enumerated() {
      for uuid in table.rows.keys.sorted() {
        changes.append(RowChange(table: place, old: nil, new: table.rows[uuid]))
      }
    }
    if let record = journalRecord(changes, comment: comment, date: date, usesDifferences: false) {
      return record
    }
    var object = JSONObject()
    object.append("_date", .integer(date))
    if !comment.isEmpty { object.append("_comment", .string(Text(comment))) }
    return .object(object)
  }

  /// The records of a file that holds the whole database and no history.
  public func snapshot(comment: String, date: Int64) -> [JSONValue] {
    [schema.json, snapshotRecord(comment: comment, date: date)]
  }
}

/// Builds a database from the records of a journal.
///
/// A record holds what a transaction did in the end, after garbage had been collected, so records are applied
/// as they are; references and indexes are counted once, at the end.
public struct DatabaseLoader {
  private let database: Database
  private var rows: [[UUID: Row]]
  /// What the record at hand does, so that a faulty one does nothing.
  private var staged: [(place: Int, uuid: UUID, row: Row?)] = []
  private let isConverting: Bool

  /// Starts with an empty database.
  ///
  /// - Parameter isConverting: Whether tables and columns that the schema lacks are passed over.
  public init(schema: Schema, generator: UUIDGenerator, isConverting: Bool = false) {
    database = Database(schema: schema, generator: generator)
    rows = Array(repeating: [:], count: schema.tables.count)
    self.isConverting = isConverting
  }

  /// Applies the record of a transaction.
  public mutating func apply(_ record: JSONValue) throws(DatabaseError) {
    guard case .object(let object) = record else { throw .syntax(record, "object expected") }
    let isDifference = object["_is_diff"]?.bool ?? false
    staged.removeAll(keepingCapacity: true)
    for member in object.members {
      guard let place = database.schema.place(of: member.name) else {
        if member.name.utf8.first == UInt8(ascii: "_") || isConverting { continue }
        throw DatabaseError("unknown table", "No table named \(member.name).", syntax: record)
      }
      guard case .object(let table) = member.value else { throw .syntax(member.value, "object expected") }
      for row in table.members {
        try stage(row, place, member.value, isDifference: isDifference)
      }
    }
    for (place, uuid, row) in staged { rows[place][uuid] = row }
  }

  private mutating func stage(
    _ member: JSONObject.Member, _ place: Int, _ tableJSON: JSONValue, isDifference: Bool
  ) throws(DatabaseError) {
    guard let uuid = UUID(member.name.string) else {
      throw .syntax(tableJSON, "\"\(member.name)\" is not a valid UUID")
    }
    let table = database.tables[place]
    guard !member.value.isNull else {
      guard rows[place][uuid] != nil else {
        throw .syntax(nil, "transaction deletes row \(uuid) that does not exist")
      }
      staged.append((place, uuid, nil))
      return
    }
    guard case .object(let columns) = member.value else {
      throw .syntax(member.value, "row must be JSON object")
    }
    var row = rows[place][uuid] ?? Row(uuid: uuid, version: .zero, data: table.defaultData)
    row.version = database.generator.next()
    for column in columns.members {
      guard let columnPlace = table.schema.place(of: column.name) else {
        if isConverting { continue }
        throw DatabaseError(
          "unknown column", "No column \(column.name) in table \(table.schema.name).", syntax: member.value)
      }
      guard columnPlace >= TableSchema.firstPlace else { continue }
      let type = table.schema.columns[columnPlace].type
      let old = row[columnPlace]
      if isDifference && old != table.defaultData[columnPlace - TableSchema.firstPlace] {
        // A difference may have fewer atoms than the column has to have, or more.
        var loose = type
        loose.minimum = 0
        loose.maximum = type.maximum > 1 ? ColumnType.unlimited : 1
        let difference = try Datum(column.value, type: loose)
        row.set(columnPlace, old.applying(difference: difference, type))
      } else {
        row.set(columnPlace, try Datum(column.value, type: type))
      }
    }
    staged.append((place, uuid, row))
  }

  /// The database with all records applied, its indexes and references counted.
  public consuming func finish() -> Database {
    for place in rows.indices {
      database.tables[place].rows.reserveCapacity(rows[place].count)
    }
    var changes: [RowChange] = []
    for place in rows.indices {
      for row in rows[place].values { changes.append(RowChange(table: place, old: nil, new: row)) }
    }
    database.apply(changes)
    return database
  }
}

extension DatabaseLoader {
  /// What reading a file has led to.
  public struct Loaded {
    /// The database.
    public let database: Database
    /// Where the last good record ends.
    public let byteCount: Int
    /// Why the rest of the file is not good, if it is not.
    public let tailError: DatabaseError?
    /// Number of transactions.
    public let transactionCount: Int
  }

  /// Reads a whole file.
  ///
  /// A fault behind the schema is returned rather than thrown, since what comes before it is good.
  public static func load(
    _ bytes: [UInt8], name: String, _ journal: Journal, generator: UUIDGenerator,
    schema newSchema: Schema? = nil
  ) throws(DatabaseError) -> Loaded {
    var reader = try JournalReader(bytes, name: name, journal)
    guard reader.kind == .standalone else {
      throw DatabaseError(nil, "\(name): cannot apply this operation to clustered database file")
    }
    guard let first = try reader.next() else {
      throw DatabaseError(nil, "\(name): unexpected end of file reading schema")
    }
    let schema = try Schema(first.json)
    var loader = DatabaseLoader(
      schema: newSchema ?? schema, generator: generator, isConverting: newSchema != nil)
    var count = 0
    var good = reader.offset
    var tailError: DatabaseError?
    do throws(DatabaseError) {
      while let record = try reader.next() {
        try loader.apply(record.json)
        good = reader.offset
        count += 1
      }
    } catch {
      tailError = error
    }
    return Loaded(
      database: loader.finish(), byteCount: good, tailError: tailError, transactionCount: count)
  }
}
