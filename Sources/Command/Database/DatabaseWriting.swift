import JSON
public import OVSDB

// set, add, remove, clear, create and destroy.

extension ControlContext {
  /// Does one `COLUMN[:KEY]=VALUE` on a row.
  public func assign(
    _ argument: String, to row: RowHandle, of table: TableSchema
  ) throws(ControlError) {
    let assignment = try names.columnArgument(argument, of: table)
    let column = assignment.column
    if !edit.isInserted(row) { try names.checkMutable(column, of: table) }
    guard let key = assignment.key else {
      edit.set(row, column.name, try datum(assignment.value, column.type))
      return
    }
    guard let valueType = column.type.value else {
      throw ControlError("cannot specify key to set for non-map column \(column.name)")
    }
    let pair = (try atom(key, column.type.key), try atom(assignment.value, valueType))
    edit.insert(Datum(map: [pair]), into: column.name, of: row)
  }

  func set() throws(ControlError) {
    let table = try names.table(arguments[0])
    guard let row = try recordUnlessMissing(arguments[1], of: table) else { return }
    for argument in arguments.dropFirst(2) { try assign(argument, to: row, of: table) }
    rowsChanged()
  }

  /// Any number of a type's elements, but at least one.
  private func some(_ type: ColumnType) -> ColumnType {
    ColumnType(key: type.key, value: type.value, minimum: 1, maximum: ColumnType.unlimited)
  }

  func add() throws(ControlError) {
    let table = try names.table(arguments[0])
    guard let row = try recordUnlessMissing(arguments[1], of: table) else { return }
    let column = try names.column(arguments[2], of: table)
    for argument in arguments.dropFirst(3) {
      edit.insert(try datum(argument, some(column.type)), into: column.name, of: row)
    }
    rowsChanged()
  }

  func remove() throws(ControlError) {
    let table = try names.table(arguments[0])
    guard let row = try recordUnlessMissing(arguments[1], of: table) else { return }
    let column = try names.column(arguments[2], of: table)
    for argument in arguments.dropFirst(3) { try remove(argument, from: column, of: row) }
    let count = edit[row, column.name].count
    if count < column.type.minimum {
      let what = column.type.isMap ? "pairs" : "values"
      throw ControlError(
        "\"remove\" operation would put \(count) \(what) in column \(column.name) of table "
          + "\(table.name) but the minimum number is \(column.type.minimum)")
    }
    rowsChanged()
  }

  private func remove(
    _ argument: String, from column: ColumnSchema, of row: RowHandle
  ) throws(ControlError) {
    let type = some(column.type)
    guard type.isMap else {
      edit.remove(try datum(argument, type), from: column.name, of: row)
      return
    }
    // Pairs if it can be read so, else keys.
    var pairs: Datum?
    do throws(ControlError) { pairs = try datum(argument, type) } catch {}
    if let pairs {
      edit.remove(pairs, from: column.name, of: row)
    } else {
      let keys = ColumnType(key: type.key, minimum: 1, maximum: ColumnType.unlimited)
      edit.remove(keys: try datum(argument, keys), from: column.name, of: row)
    }
  }

  func clear() throws(ControlError) {
    let table = try names.table(arguments[0])
    guard let row = try recordUnlessMissing(arguments[1], of: table) else { return }
    for name in arguments.dropFirst(2) {
      let column = try names.column(name, of: table)
      if !edit.isInserted(row) { try names.checkMutable(column, of: table) }
      if column.type.minimum > 0 {
        throw ControlError(
          "\"clear\" operation cannot be applied to column \(column.name) of table \(table.name), which "
            + "is not allowed to be empty")
      }
      edit.set(row, column.name, .empty)
    }
    rowsChanged()
  }

  func create() throws(ControlError) {
    let table = try names.table(arguments[0])
    var uuid = newUUID()
    var keepsUUID = false
    if let id = invocation.argument(of: "--id") {
      if let given = UUID(id) {
        uuid = given
        keepsUUID = true
      } else {
        uuid = try rowNames.create(id, isRoot: table.isRoot, newUUID: { newUUID() })
      }
    } else if !table.isRoot {
      warnings.append(
        "applying \"create\" command to table \(table.name) without --id option will have no effect")
    }
    let row = edit.insert(table.name, uuid: uuid, keepsUUID: keepsUUID)
    for argument in arguments.dropFirst() { try assign(argument, to: row, of: table) }
    createdRow = uuid
    printLine(uuid.text)
    rowsChanged()
  }

  /// Prints the UUID that the server has given to a created row.
  func finishCreate(_ results: Edit.Results) {
    guard let createdRow, let given = results.inserted[createdRow] else { return }
    output = given.text + "\n"
  }

  func destroy() throws(ControlError) {
    let table = try names.table(arguments[0])
    let records = arguments.dropFirst()
    if has("--all") {
      if !records.isEmpty {
        throw ControlError("--all and records argument should not be specified together")
      }
      if has("--if-exists") {
        throw ControlError("--all and --if-exists should not be specified together")
      }
      for row in edit.rows(table.name) { edit.delete(row) }
    } else if records.isEmpty {
      warnings.append("either --all or records argument should be specified")
    }
    for name in records {
      if let row = try recordUnlessMissing(name, of: table) { edit.delete(row) }
    }
    rowsChanged()
  }
}
