public import JSON
public import OVSDB

/// Another way than by its UUID to name a record of a table.
public enum RecordName: Sendable {
  /// By the value of a column.
  case column(Text)
  /// As `.`, the only record of the table.
  case only
  /// As `.`, the record to which a column of another table's only record refers.
  case onlyReferred(table: Text, column: Text)
  /// By the name of a record of another table, of which a column refers to it.
  case referred(table: Text, nameColumn: Text, column: Text)
}

/// Finds tables and columns by what users call them.
///
/// Case does not count, `-` is as good as `_`, and a name may be shortened while it stays clear.
public struct DatabaseNames: Sendable {
  /// The database's schema.
  public let schema: Schema
  /// How records may be named, by table.
  public let records: [Text: [RecordName]]

  /// Makes a finder.
  public init(schema: Schema, records: [Text: [RecordName]]) {
    self.schema = schema
    self.records = records
  }

  /// The table that a user means.
  public func table(_ name: String) throws(ControlError) -> TableSchema {
    var best: TableSchema?
    var bestScore = 0
    var isClear = true
    for table in schema.tables {
      let score = Self.score(table.name, name)
      if score > bestScore {
        best = table
        bestScore = score
        isClear = true
      } else if score == bestScore {
        isClear = false
      }
    }
    guard let best else { throw ControlError("unknown table \"\(name)\"") }
    guard isClear else { throw ControlError("multiple table names match \"\(name)\"") }
    return best
  }

  /// The column of a table that a user means.
  public func column(_ name: String, of table: TableSchema) throws(ControlError) -> ColumnSchema {
    var best: [ColumnSchema] = []
    var bestScore = 1
    for column in table.namedColumns {
      let score = Self.score(column.name, name)
      if score > bestScore {
        best = [column]
        bestScore = score
      } else if score == bestScore {
        best.append(column)
      }
    }
    guard let first = best.first else {
      throw ControlError("\(table.name) does not contain a column whose name matches \"\(name)\"")
    }
    guard best.count == 1 else {
      let names = best.map { $0.name.string }.joined(separator: ", ")
      throw ControlError(
        "\(table.name) contains more than one column whose name matches \"\(name)\": \(names)")
    }
    return first
  }

  /// How well a name fits what a user wrote: not at all, by so many first characters, but for case, exactly.
  private static func score(_ name: Text, _ written: String) -> Int {
    if name == Text(written) { return .max }
    var nameBytes = name.utf8.makeIterator()
    var score = 0
    for byte in written.utf8 {
      guard let expected = nameBytes.next(), folded(expected) == folded(byte) else { return 0 }
      score += 1
    }
    return nameBytes.next() == nil ? .max - 1 : score
  }

  private static func folded(_ byte: UInt8) -> UInt8 {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte | 0x20
    case UInt8(ascii: "-"): UInt8(ascii: "_")
    default: byte
    }
  }

  /// Selects columns of a record that a user names: only that row, if the name tells which one it may be.
  func select(
    _ record: String, of table: TableSchema, _ columns: [Text], in selection: inout ReplicaSelection
  ) {
    guard let ways = records[table.name], ways.count == 1, case .column(let nameColumn) = ways[0],
      table.column(nameColumn)?.type.key.type == .string, !Self.mayAbbreviateUUID(record),
      record.utf8.first != UInt8(ascii: "@")
    else {
      select(table, in: &selection)
      for column in columns { selection.add(table.name, column) }
      return
    }
    let columns = columns + [nameColumn]
    selection.add(table.name, columns, where: nameColumn, is: .string(Text(record)))
    if let uuid = UUID(record) { selection.add(table.name, columns, where: "_uuid", is: .uuid(uuid)) }
  }

  /// Whether a name could be the first digits of a UUID, but is not a whole one.
  private static func mayAbbreviateUUID(_ name: String) -> Bool {
    UUID(name) == nil
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
          UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }

  /// Selects what is needed to find records of a table.
  public func select(_ table: TableSchema, in selection: inout ReplicaSelection) {
    selection.add(table.name)
    for name in records[table.name] ?? [] {
      switch name {
      case .column(let column): selection.add(table.name, column)
      case .only: break
      case .onlyReferred(let other, let column): selection.add(other, column)
      case .referred(let other, let nameColumn, let column):
        selection.add(other, nameColumn)
        selection.add(other, column)
      }
    }
  }
}
