import JSON
import OVSDB

// list, find, get and wait-until.

extension ControlContext {
  func list() throws(ControlError) {
    let table = try names.table(arguments[0])
    let columns = try names.shownColumns(invocation.argument(of: "--columns"), of: table)
    var rows: [RowHandle] = []
    for name in arguments.dropFirst() {
      if let row = try recordUnlessMissing(name, of: table) { rows.append(row) }
    }
    show(arguments.count > 1 ? rows : edit.rows(table.name), columns)
  }

  func find() throws(ControlError) {
    let table = try names.table(arguments[0])
    let columns = try names.shownColumns(invocation.argument(of: "--columns"), of: table)
    var rows: [RowHandle] = []
    for row in edit.rows(table.name) {
      if try holds(arguments.dropFirst(), of: row, table) { rows.append(row) }
    }
    show(rows, columns)
  }

  private func show(_ rows: [RowHandle], _ columns: [ColumnSchema?]) {
    var shown = Table(columns: columns.map { $0?.name.string ?? "_uuid" })
    for row in rows {
      shown.append(
        columns.map { column in
          guard let column else {
            let atom = Atom.uuid(row.uuid)
            return .value(json: atom.json, string: row.uuid.text, bare: row.uuid.text)
          }
          let value = edit[row, column.name]
          return .value(
            json: value.json(column.type), string: value.displayText(column.type),
            bare: value.bareText(column.type))
        })
    }
    self.table = shown
  }

  func get() throws(ControlError) {
    let table = try names.table(arguments[0])
    let id = invocation.argument(of: "--id")
    if id != nil, has("--if-exists") {
      throw ControlError("--if-exists and --id may not be specified together")
    }
    guard let row = try recordUnlessMissing(arguments[1], of: table) else { return }
    if let id { try rowNames.define(id, as: row.uuid) }
    for argument in arguments.dropFirst(2) {
      if isUUIDColumn(argument) {
        printLine(row.uuid.text)
        continue
      }
      let (column, key) = try names.columnAndKey(argument, of: table)
      let value = edit[row, column.name]
      guard let key else {
        printLine(value.displayText(column.type))
        continue
      }
      try printValue(of: key, in: value, column, of: table)
    }
  }

  private func printValue(
    of key: String, in value: Datum, _ column: ColumnSchema, of table: TableSchema
  ) throws(ControlError) {
    guard column.type.isMap else {
      throw ControlError("cannot specify key to get for non-map column \(column.name)")
    }
    if let found = value[try atom(key, column.type.key)] { return printLine(found.displayText) }
    guard has("--if-exists") else {
      throw ControlError(
        "no key \"\(key)\" in \(table.name) record \"\(arguments[1])\" column \(column.name)")
    }
    printLine("")
  }

  func waitUntil() throws(ControlError) {
    let table = try names.table(arguments[0])
    guard let row = try recordIfAny(arguments[1], of: table),
      try holds(arguments.dropFirst(2), of: row, table)
    else {
      mustTryAgain = true
      return
    }
  }

  /// Whether all conditions hold for a row.
  private func holds(
    _ conditions: ArraySlice<String>, of row: RowHandle, _ table: TableSchema
  ) throws(ControlError) -> Bool {
    for condition in conditions {
      if try !holds(condition, of: row, table) { return false }
    }
    return true
  }

  private func holds(
    _ condition: String, of row: RowHandle, _ table: TableSchema
  ) throws(ControlError) -> Bool {
    let argument = try names.columnArgument(condition, of: table, isCondition: true)
    let value = edit[row, argument.column.name]
    let type = argument.column.type
    guard let key = argument.key else {
      return argument.comparison.holds(value, try datum(argument.value, type))
    }
    guard let valueType = type.value else {
      throw ControlError("cannot specify key to check for non-map column \(argument.column.name)")
    }
    let wantedKey = try atom(key, type.key)
    let wanted = try datum(
      argument.value, ColumnType(key: valueType, minimum: type.minimum, maximum: type.maximum))
    if let found = value[wantedKey] { return argument.comparison.holds(Datum(found), wanted) }
    return argument.comparison.isOfSets && argument.comparison.holds(.empty, wanted)
  }
}
