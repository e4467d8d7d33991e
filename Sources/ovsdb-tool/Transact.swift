import Command
import Host
import JSON
import OVSDB

extension Tool {
  /// Executes a transaction on a file.
  func transact(_ arguments: [String], isReadOnly: Bool) {
    let path = arguments.count > 1 ? arguments[0] : defaultDatabase
    let text = arguments[arguments.count - 1]
    let request: JSONValue
    do throws(JSONError) {
      request = try JSONParser.parse(text)
    } catch {
      invocation.fail("\"\(text)\": \(error.message)")
    }
    let result = attempt { () throws(DatabaseError) in
      isReadOnly ? try query(path, request) : try change(path, request)
    }
    StandardOutput.writeLine(result.string(style: .sorted))
  }

  private func query(_ path: String, _ request: JSONValue) throws(DatabaseError) -> JSONValue {
    let loaded = try DatabaseLoader.load(
      try DatabaseFile.read(path), name: path, .onHost, generator: UUIDGenerator.seeded())
    if let error = loaded.tailError { throw error }
    let context = ExecutionContext(isReadOnly: true)
    return Tool.execute(request, on: loaded.database, context).results
  }

  private func change(_ path: String, _ request: JSONValue) throws(DatabaseError) -> JSONValue {
    let (file, loaded) = try DatabaseFile.open(path, generator: UUIDGenerator.seeded(), cutsTail: false)
    let (results, transaction) = Tool.execute(request, on: loaded.database, ExecutionContext())
    guard let transaction, case .array(var list) = results else { return results }
    do throws(DatabaseError) {
      let changes = try transaction.prepare()
      if let record = loaded.database.journalRecord(
        changes, comment: transaction.comment, date: WallClock.milliseconds)
      {
        try file.append(record)
        try file.synchronize()
      }
    } catch {
      list.append(error.json)
    }
    file.close()
    return .array(list)
  }

  /// Executes a transaction; gives it back if every operation went well.
  private static func execute(
    _ request: JSONValue, on database: Database, _ context: ExecutionContext
  ) -> (results: JSONValue, transaction: Transaction?) {
    guard case .array(let parameters) = request else {
      return (DatabaseError("syntax error", "array expected", syntax: request).json, nil)
    }
    guard parameters.first?.text == database.schema.name else {
      let error = DatabaseError(
        "syntax error", "database name expected as first parameter", syntax: request)
      return (error.json, nil)
    }
    let transaction = Transaction(on: database)
    switch transaction.execute(Array(parameters.dropFirst()), context) {
    case .finished(let results, let error): return (.array(results), error == nil ? transaction : nil)
    case .blocked:
      // Nobody else can change the file meanwhile, so there is nothing to wait for.
      return ([DatabaseError("timed out", "\"where\" clause test failed").json], nil)
    }
  }
}
