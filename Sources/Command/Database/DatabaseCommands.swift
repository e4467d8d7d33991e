import JSON
import OVSDB

// The commands that work on any table.

/// The commands that work on any table of a database.
public func databaseCommands<Context: ControlContext>() -> [ControlCommand<Context>] {
  let any = Int.max
  return [
    ControlCommand(
      "list", 1...any, syntax: "!TABLE *RECORD", options: ["--if-exists", "--columns="],
      prepare: prepareList, run: { context throws(ControlError) in try context.list() }),
    ControlCommand(
      "find", 1...any, syntax: "!TABLE *COLUMN?:KEY=VALUE", options: ["--columns="],
      prepare: prepareFind, run: { context throws(ControlError) in try context.find() }),
    ControlCommand(
      "get", 2...any, syntax: "!TABLE !RECORD *COLUMN?:KEY", options: ["--if-exists", "--id="],
      prepare: prepareGet, run: { context throws(ControlError) in try context.get() }),
    ControlCommand(
      "set", 3...any, syntax: "!TABLE !RECORD +COLUMN?:KEY=VALUE", options: ["--if-exists"],
      prepare: prepareSet, run: { context throws(ControlError) in try context.set() }),
    ControlCommand(
      "add", 4...any, syntax: "!TABLE !RECORD !COLUMN +?KEY=VALUE", options: ["--if-exists"],
      prepare: prepareColumn, run: { context throws(ControlError) in try context.add() }),
    ControlCommand(
      "remove", 4...any, syntax: "!TABLE !RECORD !COLUMN +KEY|VALUE|KEY=VALUE", options: ["--if-exists"],
      prepare: prepareColumn, run: { context throws(ControlError) in try context.remove() }),
    ControlCommand(
      "clear", 3...any, syntax: "!TABLE !RECORD +COLUMN", options: ["--if-exists"],
      prepare: prepareClear, run: { context throws(ControlError) in try context.clear() }),
    ControlCommand(
      "create", 2...any, syntax: "!TABLE +COLUMN?:KEY=VALUE", options: ["--id="],
      prepare: prepareCreate, run: { context throws(ControlError) in try context.create() },
      finish: { context, results in context.finishCreate(results) }),
    ControlCommand(
      "destroy", 1...any, syntax: "!TABLE *RECORD", options: ["--if-exists", "--all"],
      prepare: prepareDestroy, run: { context throws(ControlError) in try context.destroy() }),
    ControlCommand(
      "wait-until", 2...any, syntax: "!TABLE !RECORD *COLUMN?:KEY=VALUE",
      prepare: prepareGet, run: { context throws(ControlError) in try context.waitUntil() }),
    ControlCommand(
      "comment", 0...any, syntax: "*ARG", prepare: { _ throws(ControlError) in },
      run: { _ throws(ControlError) in }),
  ]
}

extension ControlPreparation {
  fileprivate func table() throws(ControlError) -> TableSchema { try names.table(arguments[0]) }

  /// Selects columns of all records of the table.
  fileprivate mutating func selectAll(_ table: TableSchema, _ columns: [Text]) {
    names.select(table, in: &selection)
    for column in columns { selection.add(table.name, column) }
  }

  /// Selects columns of the record that the second argument names.
  fileprivate mutating func selectRecord(_ table: TableSchema, _ columns: [Text]) {
    names.select(arguments[1], of: table, columns, in: &selection)
  }

  /// The columns of `--columns`, or all.
  fileprivate func shownColumns(_ table: TableSchema) throws(ControlError) -> [Text] {
    try names.shownColumns(invocation.argument(of: "--columns"), of: table).compactMap { $0?.name }
  }

  /// The columns with which some arguments begin.
  fileprivate func columns(
    _ arguments: ArraySlice<String>, of table: TableSchema
  ) throws(ControlError) -> [Text] {
    var columns: [Text] = []
    for argument in arguments where !isUUIDColumn(argument) {
      columns.append(try names.columnAtStart(argument, of: table).name)
    }
    return columns
  }
}

private func prepareDestroy(_ preparation: inout ControlPreparation) throws(ControlError) {
  let table = try preparation.table()
  if preparation.arguments.count == 1 { return preparation.selectAll(table, []) }
  for record in preparation.arguments.dropFirst() {
    preparation.names.select(record, of: table, [], in: &preparation.selection)
  }
}

private func prepareList(_ preparation: inout ControlPreparation) throws(ControlError) {
  let table = try preparation.table()
  let columns = try preparation.shownColumns(table)
  if preparation.arguments.count == 1 { return preparation.selectAll(table, columns) }
  for record in preparation.arguments.dropFirst() {
    preparation.names.select(record, of: table, columns, in: &preparation.selection)
  }
}

private func prepareFind(_ preparation: inout ControlPreparation) throws(ControlError) {
  let table = try preparation.table()
  let shown = try preparation.shownColumns(table)
  preparation.selectAll(
    table, shown + (try preparation.columns(preparation.arguments.dropFirst(), of: table)))
}

/// Prepares get and wait-until.
private func prepareGet(_ preparation: inout ControlPreparation) throws(ControlError) {
  let table = try preparation.table()
  preparation.selectRecord(table, try preparation.columns(preparation.arguments.dropFirst(2), of: table))
}

private func prepareSet(_ preparation: inout ControlPreparation) throws(ControlError) {
  let table = try preparation.table()
  var columns: [Text] = []
  for argument in preparation.arguments.dropFirst(2) {
    let column = try preparation.names.columnAtStart(argument, of: table)
    try preparation.names.checkMutable(column, of: table)
    columns.append(column.name)
  }
  preparation.selectRecord(table, columns)
}

private func prepareCreate(_ preparation: inout ControlPreparation) throws(ControlError) {
  let table = try preparation.table()
  _ = try preparation.columns(preparation.arguments.dropFirst(), of: table)
}

/// Prepares add and remove.
private func prepareColumn(_ preparation: inout ControlPreparation) throws(ControlError) {
  let table = try preparation.table()
  let column = try preparation.names.column(preparation.arguments[2], of: table)
  try preparation.names.checkMutable(column, of: table)
  preparation.selectRecord(table, [column.name])
}

private func prepareClear(_ preparation: inout ControlPreparation) throws(ControlError) {
  let table = try preparation.table()
  var columns: [Text] = []
  for name in preparation.arguments.dropFirst(2) {
    columns.append(try preparation.names.column(name, of: table).name)
  }
  preparation.selectRecord(table, columns)
}

/// Whether a user means a row's UUID.
func isUUIDColumn(_ name: String) -> Bool {
  let folded = name.utf8.map {
    $0 == UInt8(ascii: "-") ? UInt8(ascii: "_") : $0 == UInt8(ascii: "_") ? $0 : $0 | 0x20
  }
  return folded == Array("_uuid".utf8)
}

extension DatabaseNames {
  /// Refuses a column that cannot change once its row is made.
  func checkMutable(_ column: ColumnSchema, of table: TableSchema) throws(ControlError) {
    if column.isMutable { return }
    throw ControlError("cannot modify read-only column \(column.name) in table \(table.name)")
  }

  /// The columns of `--columns`, nil standing for the UUID; all of them if the option is not given.
  func shownColumns(_ list: String?, of table: TableSchema) throws(ControlError) -> [ColumnSchema?] {
    guard let list else {
      var columns: [ColumnSchema?] = [nil]
      for column in table.namedColumns.sorted(by: { $0.name < $1.name }) { columns.append(column) }
      return columns
    }
    var columns: [ColumnSchema?] = []
    for name in list.utf8.split(whereSeparator: { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: " ") }) {
      let name = String(decoding: Array(name), as: UTF8.self)
      columns.append(isUUIDColumn(name) ? nil : try column(name, of: table))
    }
    if columns.isEmpty { throw ControlError("must specify at least one column name") }
    return columns
  }
}
