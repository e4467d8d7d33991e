public import JSON

/// A client's copy of selected tables and columns of a database.
public struct Replica: Sendable {
  /// The database's schema.
  public let schema: Schema
  /// What is kept.
  public let selection: ReplicaSelection
  /// Tables that are kept, by name.
  public private(set) var tables: [Text: ReplicaTable] = [:]
  /// Grows with each change.
  public private(set) var sequenceNumber: UInt64 = 0

  /// Makes an empty replica.
  public init(schema: Schema, selection: ReplicaSelection) {
    self.schema = schema
    self.selection = selection
    for (name, selected) in selection.tables {
      guard let table = schema[name] else { continue }
      tables[name] = ReplicaTable(layout: ReplicaLayout(selected.columns, of: table))
    }
  }

  /// The rows of a table in the order of their names; none if the table is not kept.
  public func rows(of table: Text) -> [ReplicaRow] { tables[table]?.sortedRows ?? [] }

  /// A row of a table.
  public func row(_ uuid: UUID, of table: Text) -> ReplicaRow? { tables[table]?.rows[uuid] }

  /// Whether a row of a table has appeared, changed or gone since changes were last forgotten.
  public func hasChanges(in table: Text) -> Bool { tables[table]?.hasChanges ?? false }

  /// The rows of a table that have appeared, changed or gone since changes were last forgotten, in order.
  public func changedRows(of table: Text) -> [UUID] {
    guard let table = tables[table] else { return [] }
    return (Array(table.inserted) + Array(table.modified) + Array(table.deleted.keys)).sorted()
  }

  /// Whether a row has appeared since changes were last forgotten.
  public func isNew(_ uuid: UUID, in table: Text) -> Bool { tables[table]?.inserted.contains(uuid) ?? false }

  /// The rows of a table that have gone since changes were last forgotten, with their last values.
  public func deletedRows(of table: Text) -> [ReplicaRow] {
    (tables[table]?.deleted.values).map { $0.sorted { $0.uuid < $1.uuid } } ?? []
  }

  /// Forgets which rows have changed.
  public mutating func forgetChanges() {
    for name in tables.keys { tables[name]?.forgetChanges() }
  }

  /// Applies what a server sent; gives whether anything changed.
  ///
  /// If `isComplete`, rows that are not mentioned are gone.
  mutating func apply(
    _ updates: JSONValue, format: ReplicaUpdateFormat, isComplete: Bool
  ) throws(ReplicaError) -> Bool {
    guard case .object(let tableUpdates) = updates else { throw .malformed("updates are not an object") }
    var hasChanged = false
    for name in tables.keys.sorted() {
      guard let table = tables[name] else { continue }
      let rowUpdates = tableUpdates[name]?.object ?? JSONObject()
      if isComplete {
        for uuid in table.rows.keys where rowUpdates[Text(uuid.text)] == nil {
          if tables[name]?.remove(uuid) == true { hasChanged = true }
        }
      }
      for member in rowUpdates.members {
        guard let uuid = UUID(member.name.string) else { throw .malformed("bad UUID \(member.name)") }
        guard case .object(let update) = member.value else { throw .malformed("row update") }
        if try apply(update, to: uuid, of: name, format: format) { hasChanged = true }
      }
    }
    if hasChanged { sequenceNumber &+= 1 }
    return hasChanged
  }

  private mutating func apply(
    _ update: JSONObject, to uuid: UUID, of table: Text, format: ReplicaUpdateFormat
  ) throws(ReplicaError) -> Bool {
    guard let layout = tables[table]?.layout else { return false }
    switch try ReplicaRowUpdate(update, format: format) {
    case .delete:
      return tables[table]?.remove(uuid) == true
    case .store(let columns):
      let row = ReplicaRow(uuid: uuid, layout: layout, values: try layout.values(columns))
      return tables[table]?.store(row) == true
    case .modify(let columns):
      guard var row = tables[table]?.rows[uuid] else { throw .malformed("change of an unknown row") }
      try row.apply(differences: columns)
      return tables[table]?.store(row) == true
    }
  }
}
