/// The rows of a table as they were committed, with what makes looking them up cheap.
public struct Table: Sendable {
  /// What the table looks like.
  public let schema: TableSchema
  /// The rows.
  public internal(set) var rows: [UUID: Row] = [:]
  /// For each index of the schema, the row that has these values.
  var indexes: [[IndexKey: UUID]]
  /// How many strong references there are to each row that has any.
  var strongReferenceCounts: [UUID: Int] = [:]
  /// The rows that refer weakly to a row, and in how many places.
  var weakReferrers: [UUID: [RowReference: Int]] = [:]
  /// Columns that refer to rows.
  let referenceColumns: [ReferenceColumn]
  /// What a new row holds.
  let defaultData: [Datum]

  init(_ schema: TableSchema, in database: Schema) {
    self.schema = schema
    indexes = Array(repeating: [:], count: schema.indexes.count)
    referenceColumns = ReferenceColumn.all(of: schema, in: database)
    defaultData = schema.namedColumns.map { $0.type.defaultDatum }
  }
}

/// A column that refers to rows, by its keys or by its values.
struct ReferenceColumn: Sendable {
  let place: Int
  let isValue: Bool
  let target: Int
  let isStrong: Bool

  static func all(of table: TableSchema, in database: Schema) -> [ReferenceColumn] {
    var found: [ReferenceColumn] = []
    for place in TableSchema.firstPlace..<table.columns.count {
      let type = table.columns[place].type
      for (base, isValue) in [(type.key, false), (type.value ?? type.key, true)] {
        guard !isValue || type.isMap, let name = base.referencedTable,
          let target = database.place(of: name)
        else { continue }
        found.append(
          ReferenceColumn(place: place, isValue: isValue, target: target, isStrong: base.isStrongReference))
      }
    }
    return found
  }

  /// The atoms that refer to rows.
  func atoms(of row: Row) -> [Atom] {
    isValue ? row[place].values : row[place].keys
  }
}
