import JSON
public import OVSDB

// Finding the record that a user means.

extension ControlContext {
  /// The record of a table that a user means, or an error.
  public func record(_ name: String, of table: TableSchema) throws(ControlError) -> RowHandle {
    guard let row = try recordIfAny(name, of: table) else {
      throw ControlError("no row \"\(name)\" in table \(table.name)")
    }
    return row
  }

  /// The record of a table that a user means, nil if there is none and `--if-exists` was given.
  func recordUnlessMissing(_ name: String, of table: TableSchema) throws(ControlError) -> RowHandle? {
    has("--if-exists") ? try recordIfAny(name, of: table) : try record(name, of: table)
  }

  /// The record of a table that a user means, if there is one.
  public func recordIfAny(_ name: String, of table: TableSchema) throws(ControlError) -> RowHandle? {
    if let uuid = UUID(name) {
      let row = RowHandle(table.name, uuid)
      if edit.exists(row) { return row }
    }
    if name.utf8.first == UInt8(ascii: "@"), let uuid = rowNames.uuid(named: Text(name)) {
      let row = RowHandle(table.name, uuid)
      if edit.exists(row) { return row }
    }
    for way in names.records[table.name] ?? [] {
      if let row = try record(name, of: table, by: way) { return row }
    }
    return try recordByPartialUUID(name, of: table)
  }

  private func record(
    _ name: String, of table: TableSchema, by way: RecordName
  ) throws(ControlError) -> RowHandle? {
    switch way {
    case .only:
      guard sameText(name, ".") else { return nil }
      let rows = edit.rows(table.name)
      return rows.count == 1 ? rows[0] : nil
    case .onlyReferred(let other, let column):
      let rows = edit.rows(other)
      guard sameText(name, "."), rows.count == 1 else { return nil }
      return referred(by: rows[0], column, of: table)
    case .column(let column):
      return try row(of: table, where: column, is: name)
    case .referred(let other, let nameColumn, let column):
      guard let otherTable = names.schema[other],
        let row = try row(of: otherTable, where: nameColumn, is: name)
      else { return nil }
      return referred(by: row, column, of: table)
    }
  }

  private func referred(by row: RowHandle, _ column: Text, of table: TableSchema) -> RowHandle? {
    let references = edit[row, column].references
    guard references.count == 1 else { return nil }
    let found = RowHandle(table.name, references[0])
    return edit.exists(found) ? found : nil
  }

  private func row(
    of table: TableSchema, where column: Text, is name: String
  ) throws(ControlError) -> RowHandle? {
    // A name that the column cannot hold names nothing; a bare string is taken as it is.
    guard let wanted = table.column(column).flatMap({ atom(named: name, $0.type.key) }) else { return nil }
    let found = edit.rows(table.name, where: column, is: wanted)
    if found.count > 1 { throw ControlError("multiple rows in \(table.name) match \"\(name)\"") }
    return found.first
  }

  private func atom(named name: String, _ type: BaseType) -> Atom? {
    switch type.type {
    case .string: .string(Text(name))
    case .integer: Int64(name).map { .integer($0) }
    default: nil
    }
  }

  /// Fewest hexadecimal digits of a UUID that name a record.
  private static var partialUUIDDigitCount: Int { 4 }

  private func recordByPartialUUID(
    _ name: String, of table: TableSchema
  ) throws(ControlError) -> RowHandle? {
    guard name.utf8.count >= Self.partialUUIDDigitCount, name.utf8.count < 36 else { return nil }
    var found: RowHandle?
    for row in edit.rows(table.name) where row.uuid.text.utf8.starts(with: name.utf8) {
      if let found {
        throw ControlError(
          "\(table.name) contains 2 or more rows whose UUIDs begin with \(name): at least "
            + "\(found.uuid) and \(row.uuid)")
      }
      found = row
    }
    return found
  }
}

/// Whether two strings are the same bytes.
func sameText(_ left: String, _ right: String) -> Bool { Text(left) == Text(right) }
