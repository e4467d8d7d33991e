public import JSON

/// Changes to a database that nobody else sees yet.
///
/// What: the rows that operations have inserted, modified or deleted, as a layer above the committed ones.
/// Why: forgetting the layer is all that an abort takes, and committing it costs what has changed, whatever
/// the size of the database.
public final class Transaction {
  /// The rows of one table that differ from the committed ones; `nil` for a row that is deleted.
  struct Layer {
    var rows: [UUID: Row?] = [:]
    /// The order in which rows were touched first.
    var order: [UUID] = []
  }

  let database: Database
  var layers: [Layer]
  var symbols: SymbolTable?
  /// What `comment` operations have said, one a line.
  public private(set) var comment = ""
  /// Whether a `commit` operation wants the transaction on disk before the reply.
  public internal(set) var isDurable = false

  /// Starts a transaction.
  public init(on database: Database) {
    self.database = database
    layers = Array(repeating: Layer(), count: database.tables.count)
    let (first, second) = (database.generator.next(), database.generator.next())
    symbols = SymbolTable(
      generator: UUIDGenerator(seed: (first.high, first.low, second.high, second.low)))
  }

  /// Adds a line to the comment.
  public func addComment(_ line: Text) {
    if !comment.isEmpty { comment += "\n" }
    comment += line.string
  }

  // MARK: Rows

  /// The row of that name, as the transaction sees it.
  func row(_ table: Int, _ uuid: UUID) -> Row? {
    if let changed = layers[table].rows[uuid] { return changed }
    return database.tables[table].rows[uuid]
  }

  /// Whether the transaction has inserted, modified or deleted the row.
  func hasTouched(_ table: Int, _ uuid: UUID) -> Bool { layers[table].rows[uuid] != nil }

  /// Inserts or replaces a row.
  func put(_ table: Int, _ row: Row) {
    note(table, row.uuid)
    layers[table].rows[row.uuid] = .some(row)
  }

  /// Deletes a row.
  func delete(_ table: Int, _ uuid: UUID) {
    note(table, uuid)
    layers[table].rows.updateValue(nil, forKey: uuid)
  }

  private func note(_ table: Int, _ uuid: UUID) {
    if layers[table].rows[uuid] == nil { layers[table].order.append(uuid) }
  }

  /// Takes back whatever was done to a row.
  func forget(_ table: Int, _ uuid: UUID) {
    layers[table].rows.removeValue(forKey: uuid)
  }

  /// The rows that a condition selects, as the transaction sees them.
  func rows(_ table: Int, where condition: Condition) -> [Row] {
    if condition.isNever { return [] }
    if let uuid = condition.uuid {
      guard let row = row(table, uuid), condition.matches(row) else { return [] }
      return [row]
    }
    if let rows = rowsByIndex(table, where: condition) { return rows }
    var found: [Row] = []
    let layer = layers[table]
    for (uuid, row) in database.tables[table].rows
    where (layer.rows.isEmpty || layer.rows[uuid] == nil) && condition.matches(row) {
      found.append(row)
    }
    appendTouched(table, where: condition, to: &found)
    return found
  }

  /// The rows that a condition on all columns of an index selects.
  private func rowsByIndex(_ table: Int, where condition: Condition) -> [Row]? {
    let committed = database.tables[table]
    for (number, places) in committed.schema.indexes.enumerated() {
      var data: [Datum] = []
      for place in places {
        guard let datum = condition.equalDatum(at: place) else { break }
        data.append(datum)
      }
      guard data.count == places.count else { continue }
      var found: [Row] = []
      if let uuid = committed.indexes[number][IndexKey(data: data)], layers[table].rows[uuid] == nil,
        let row = committed.rows[uuid], condition.matches(row)
      {
        found.append(row)
      }
      appendTouched(table, where: condition, to: &found)
      return found
    }
    return nil
  }

  private func appendTouched(_ table: Int, where condition: Condition, to found: inout [Row]) {
    for uuid in layers[table].order {
      if case .some(.some(let row)) = layers[table].rows[uuid], condition.matches(row) {
        found.append(row)
      }
    }
  }
}
