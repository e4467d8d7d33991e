public import JSON

/// The columns of a table that a replica keeps, each with its place in a row.
public final class ReplicaLayout: Sendable {
  /// The columns, in the order of their places.
  public let columns: [ColumnSchema]
  private let places: [Text: Int]

  /// Makes a layout of those columns that a table has.
  init(_ names: [Text], of table: TableSchema) {
    var columns: [ColumnSchema] = []
    var places: [Text: Int] = [:]
    for name in names {
      guard let column = table.column(name) else { continue }
      places[name] = columns.count
      columns.append(column)
    }
    self.columns = columns
    self.places = places
  }

  /// The place of a column, if it is kept.
  func place(of column: Text) -> Int? { places[column] }
}

/// One row of a replica.
public struct ReplicaRow: Sendable {
  /// Name of the row.
  public let uuid: UUID
  /// The columns that are kept.
  public let layout: ReplicaLayout
  var values: [Datum]

  /// The value of a column; nil if the replica does not keep that column.
  public subscript(column: Text) -> Datum? {
    guard let place = layout.place(of: column) else { return nil }
    return values[place]
  }

  /// Whether both have the same values.
  func hasSameValues(as other: ReplicaRow) -> Bool { values == other.values }
}

/// The rows of one table, and which of them have changed since the owner last looked.
public struct ReplicaTable: Sendable {
  /// The columns that are kept.
  public let layout: ReplicaLayout
  /// Rows by name.
  public internal(set) var rows: [UUID: ReplicaRow] = [:]
  /// Rows that have appeared.
  public internal(set) var inserted: Set<UUID> = []
  /// Rows that have other values than before, none of them new.
  public internal(set) var modified: Set<UUID> = []
  /// Rows that have gone, with their last values.
  public internal(set) var deleted: [UUID: ReplicaRow] = [:]

  init(layout: ReplicaLayout) {
    self.layout = layout
  }

  /// Whether a row has appeared, changed or gone.
  public var hasChanges: Bool { !inserted.isEmpty || !modified.isEmpty || !deleted.isEmpty }

  /// The rows in the order of their names.
  public var sortedRows: [ReplicaRow] {
    rows.values.sorted { $0.uuid < $1.uuid }
  }

  mutating func forgetChanges() {
    inserted = []
    modified = []
    deleted = [:]
  }

  /// Stores a row; gives whether anything changed.
  mutating func store(_ row: ReplicaRow) -> Bool {
    if let old = rows[row.uuid] {
      if old.hasSameValues(as: row) { return false }
      if !inserted.contains(row.uuid) { modified.insert(row.uuid) }
    } else if let old = deleted.removeValue(forKey: row.uuid) {
      if !old.hasSameValues(as: row) { modified.insert(row.uuid) }
    } else {
      inserted.insert(row.uuid)
    }
    rows[row.uuid] = row
    return true
  }

  /// Removes a row; gives whether it was there.
  mutating func remove(_ uuid: UUID) -> Bool {
    guard let old = rows.removeValue(forKey: uuid) else { return false }
    modified.remove(uuid)
    if inserted.remove(uuid) == nil { deleted[uuid] = old }
    return true
  }
}
