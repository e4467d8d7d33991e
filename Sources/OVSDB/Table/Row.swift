/// A row of a table.
public struct Row: Sendable {
  /// The name of the row, for as long as it lives.
  public let uuid: UUID
  /// Changes whenever the row does.
  public internal(set) var version: UUID
  /// Values of the columns that the schema names; the first is at place `TableSchema.firstPlace`.
  var data: [Datum]

  init(uuid: UUID, version: UUID, data: [Datum]) {
    self.uuid = uuid
    self.version = version
    self.data = data
  }

  /// The value of the column at a place of the table's schema.
  public subscript(place: Int) -> Datum {
    switch place {
    case TableSchema.uuidPlace: Datum(.uuid(uuid))
    case TableSchema.versionPlace: Datum(.uuid(version))
    default: data[place - TableSchema.firstPlace]
    }
  }

  mutating func set(_ place: Int, _ datum: Datum) {
    data[place - TableSchema.firstPlace] = datum
  }
}

/// A row by its table and its name.
struct RowReference: Hashable, Sendable {
  let table: Int
  let uuid: UUID
}

/// The values of the columns of an index.
struct IndexKey: Hashable, Sendable {
  let data: [Datum]

  init(_ row: Row, _ places: [Int]) {
    data = places.map { row[$0] }
  }

  init(data: [Datum]) {
    self.data = data
  }
}
