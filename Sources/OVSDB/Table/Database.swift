public import JSON

/// A database: the committed rows of all of its tables.
public final class Database {
  /// What the database looks like.
  public let schema: Schema
  /// The tables, at the places that the schema gives them.
  public internal(set) var tables: [Table]
  /// Makes the names of rows and of their versions.
  var generator: UUIDGenerator

  /// Makes an empty database.
  public init(schema: Schema, generator: UUIDGenerator) {
    self.schema = schema
    self.generator = generator
    tables = schema.tables.map { Table($0, in: schema) }
  }

  /// The table of that name.
  public subscript(table: Text) -> Table? { schema.place(of: table).map { tables[$0] } }

  /// Number of rows of all tables.
  public var rowCount: Int { tables.reduce(0) { $0 + $1.rows.count } }

  /// Number of columns of all rows.
  public var cellCount: Int {
    tables.reduce(0) { $0 + $1.rows.count * $1.schema.columns.count }
  }

  /// Number of atoms in all rows.
  public var atomCount: Int {
    var count = 0
    for table in tables {
      for row in table.rows.values {
        for datum in row.data { count += datum.isMap ? 2 * datum.count : datum.count }
      }
    }
    return count
  }
}

/// What a transaction has done to a row.
public struct RowChange: Sendable {
  /// Place of the table.
  public let table: Int
  /// The row as it was; none if it is new.
  public let old: Row?
  /// The row as it is; none if it is gone.
  public let new: Row?

  /// The name of the row.
  public var uuid: UUID { new?.uuid ?? old?.uuid ?? .zero }
}

extension Database {
  /// Makes changes that have been checked, in time proportional to what has changed.
  func apply(_ changes: [RowChange]) {
    for change in changes {
      removeFromIndexes(change)
    }
    for change in changes {
      let uuid = change.uuid
      tables[change.table].rows[uuid] = change.new
      if let new = change.new {
        for (number, places) in tables[change.table].schema.indexes.enumerated() {
          tables[change.table].indexes[number][IndexKey(new, places)] = uuid
        }
      }
      count(change)
    }
    for change in changes where change.new == nil {
      tables[change.table].strongReferenceCounts[change.uuid] = nil
      tables[change.table].weakReferrers[change.uuid] = nil
    }
  }

  private func removeFromIndexes(_ change: RowChange) {
    guard let old = change.old else { return }
    for (number, places) in tables[change.table].schema.indexes.enumerated() {
      tables[change.table].indexes[number][IndexKey(old, places)] = nil
    }
  }

  /// Counts the references that a row no longer has, and those that it has now.
  private func count(_ change: RowChange) {
    for column in tables[change.table].referenceColumns {
      if let old = change.old, let new = change.new, old[column.place] == new[column.place] { continue }
      if let old = change.old { count(column, change, of: old, by: -1) }
      if let new = change.new { count(column, change, of: new, by: 1) }
    }
  }

  private func count(_ column: ReferenceColumn, _ change: RowChange, of row: Row, by step: Int) {
    let referrer = RowReference(table: change.table, uuid: row.uuid)
    for atom in column.atoms(of: row) {
      guard let target = atom.uuid else { continue }
      if column.isStrong {
        let count = tables[column.target].strongReferenceCounts[target, default: 0] + step
        tables[column.target].strongReferenceCounts[target] = count == 0 ? nil : count
      } else {
        let count = tables[column.target].weakReferrers[target, default: [:]][referrer, default: 0] + step
        tables[column.target].weakReferrers[target, default: [:]][referrer] = count == 0 ? nil : count
        if tables[column.target].weakReferrers[target]?.isEmpty ?? false {
          tables[column.target].weakReferrers[target] = nil
        }
      }
    }
  }
}
