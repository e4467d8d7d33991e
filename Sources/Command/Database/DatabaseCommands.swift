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
      prepare: prepareAssignments, run: { context throws(ControlError) in try context.set() }),
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
      prepare: prepareTable, run: { context throws(ControlError) in try context.destroy() }),
    ControlCommand(
      "wait-until", 2...any, syntax: "!TABLE !RECORD *COLUMN?:KEY=VALUE",
      prepare: prepareWait, run: { context throws(ControlError) in try context.waitUntil() }),
    ControlCommand(
      "comment", 0...any, syntax: "*ARG", prepare: { _ throws(ControlError) in },
      run: { _ throws(ControlError) in }),
  ]
}

extension ControlPreparation {
  fileprivate mutating func table() throws(ControlError) -> TableSchema {
    let table = try names.table(arguments[0])
    names.select(table, in: &selection)
    return table
  }

  /// Selects the columns of `--columns`, or all.
  fileprivate mutating func selectShown(_ table: TableSchema) throws(ControlError) {
    for column in try names.shownColumns(invocation.argument(of: "--columns"), of: table) {
      if let column { selection.add(table.name, column.name) }
    }
  }
}

private func prepareTable(_ preparation: inout ControlPreparation) throws(ControlError) {
  _ = try preparation.table()
}

private func prepareList(_ preparation: inout ControlPreparation) throws(ControlError) {
  try preparation.selectShown(try preparation.table())
}

private func prepareFind(_ preparation: inout ControlPreparation) throws(ControlError) {
  let table = try preparation.table()
  try preparation.selectShown(table)
  try selectConditions(preparation.arguments.dropFirst(), of: table, &preparation)
}

private func prepareWait(_ preparation: inout ControlPreparation) throws(ControlError) {
  let table = try preparation.table()
  try selectConditions(preparation.arguments.dropFirst(2), of: table, &preparation)
}

private func selectConditions(
  _ conditions: ArraySlice<String>, of table: TableSchema, _ preparation: inout ControlPreparation
) throws(ControlError) {
  for condition in conditions {
    let column = try preparation.names.columnAtStart(condition, of: table)
    preparation.selection.add(table.name, column.name)
  }
}

private func prepareGet(_ preparation: inout ControlPreparation) throws(ControlError) {
  let table = try preparation.table()
  for argument in preparation.arguments.dropFirst(2) where !isUUIDColumn(argument) {
    let column = try preparation.names.columnAtStart(argument, of: table)
    preparation.selection.add(table.name, column.name)
  }
}

private func prepareAssignments(_ preparation: inout ControlPreparation) throws(ControlError) {
  let table = try preparation.table()
  for argument in preparation.arguments.dropFirst(2) {
    let column = try preparation.names.columnAtStart(argument, of: table)
    try preparation.names.checkMutable(column, of: table)
    preparation.selection.add(table.name, column.name)
  }
}

private func prepareCreate(_ preparation: inout ControlPreparation) throws(ControlError) {
  let table = try preparation.table()
  for argument in preparation.arguments.dropFirst() {
    _ = try preparation.names.columnAtStart(argument, of: table)
  }
}

private func prepareColumn(_ preparation: inout ControlPreparation) throws(ControlError) {
  let table = try preparation.table()
  let column = try preparation.names.column(preparation.arguments[2], of: table)
  try preparation.names.checkMutable(column, of: table)
  preparation.selection.add(table.name, column.name)
}

private func prepareClear(_ preparation: inout ControlPreparation) throws(ControlError) {
  let table = try preparation.table()
  for name in preparation.arguments.dropFirst(2) {
    let column = try preparation.names.column(name, of: table)
    preparation.selection.add(table.name, column.name)
  }
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
      let named = table.namedColumns.sorted { $0.name < $1.name }
      return [nil] + named
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
