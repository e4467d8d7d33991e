public import JSON

/// What executing a transaction's operations has led to.
public enum ExecutionOutcome {
  /// All operations were executed, or one failed; the results are for the reply.
  ///
  /// `error` is what ended the transaction early, if anything did.
  case finished(results: [JSONValue], error: DatabaseError?)
  /// A `wait` operation does not hold yet. The transaction is to be tried again when the database has
  /// changed, or when so many milliseconds have passed since it was first tried.
  case blocked(timeoutMilliseconds: Int64?)
}

/// What a transaction may rely on besides the database.
public struct ExecutionContext {
  /// Whether the client that wants the transaction owns a lock.
  public var ownsLock: (Text) -> Bool
  /// Milliseconds since the transaction was first tried.
  public var elapsedMilliseconds: Int64
  /// Whether operations that change anything are refused.
  public var isReadOnly: Bool
  /// Most memory for the results of a transaction, in bytes; more is beyond what peers accept in a message.
  public var resultByteLimit = 256 << 20

  /// Makes a context.
  public init(
    elapsedMilliseconds: Int64 = 0, isReadOnly: Bool = false,
    ownsLock: @escaping (Text) -> Bool = { _ in false }
  ) {
    self.ownsLock = ownsLock
    self.elapsedMilliseconds = elapsedMilliseconds
    self.isReadOnly = isReadOnly
  }
}

/// What a single operation has led to.
enum OperationOutcome {
  case result(JSONValue)
  /// A `wait` does not hold yet.
  case blocked(timeoutMilliseconds: Int64?)

  /// The result of an operation that has nothing to say.
  static var nothing: OperationOutcome { .result(.object(JSONObject())) }

  static func count(_ count: Int) -> OperationOutcome { .result(["count": .integer(Int64(count))]) }
}

extension Transaction {
  /// Executes operations in order, until one fails (RFC 7047, section 4.1.3).
  public func execute(_ operations: [JSONValue], _ context: ExecutionContext) -> ExecutionOutcome {
    var results: [JSONValue] = []
    results.reserveCapacity(operations.count)
    var failure: DatabaseError?
    var resultByteCount = 0
    for (index, operation) in operations.enumerated() {
      do throws(DatabaseError) {
        let name = "ovsdb operation \(index + 1) of \(operations.count)"
        switch try execute(operation, name: name, context) {
        case .result(let result):
          resultByteCount += result.weightByteCount
          guard resultByteCount <= context.resultByteLimit else {
            throw DatabaseError(
              "resources exhausted", "results of more than \(context.resultByteLimit) bytes")
          }
          results.append(result)
        case .blocked(let timeout):
          if let timeout, context.elapsedMilliseconds >= timeout {
            throw Transaction.timeoutError(timeout, elapsed: context.elapsedMilliseconds)
          }
          return .blocked(timeoutMilliseconds: timeout)
        }
      } catch {
        failure = error
        results.append(error.json)
        break
      }
    }
    while results.count < operations.count { results.append(.null) }
    return .finished(results: results, error: failure)
  }

  private static func timeoutError(_ timeout: Int64, elapsed: Int64) -> DatabaseError {
    timeout == 0
      ? DatabaseError("timed out", "\"where\" clause test failed")
      : DatabaseError("timed out", "\"wait\" timed out after \(elapsed) ms")
  }

  private func execute(
    _ json: JSONValue, name: String, _ context: ExecutionContext
  ) throws(DatabaseError) -> OperationOutcome {
    var reader = try ObjectReader(json, name)
    let kind = try reader.required("op", .identifier).text ?? ""
    if context.isReadOnly && Transaction.isModification(kind) {
      throw DatabaseError(
        "not allowed", "\(kind) operation not allowed when database server is in read only mode")
    }
    switch kind {
    case "insert": return try insert(&reader)
    case "select": return try select(&reader)
    case "update": return try update(&reader)
    case "mutate": return try mutate(&reader)
    case "delete": return try delete(&reader)
    case "wait": return try wait(&reader)
    case "commit":
      let durable = try reader.required("durable", .boolean)
      try reader.finish()
      if durable == true { isDurable = true }
      return .nothing
    case "abort":
      try reader.finish()
      throw DatabaseError("aborted", "aborted by request")
    case "comment":
      let line = try reader.required("comment", .string)
      try reader.finish()
      addComment(line.text ?? "")
      return .nothing
    case "assert":
      let lock = try reader.required("lock", .string).text ?? ""
      try reader.finish()
      guard context.ownsLock(lock) else {
        throw DatabaseError("not owner", "Asserted lock \(lock) not held.")
      }
      return .nothing
    default: throw reader.failure("No operation \"\(kind)\"")
    }
  }

  private static func isModification(_ kind: Text) -> Bool {
    switch kind {
    case "insert", "update", "mutate", "delete": true
    default: false
    }
  }

  /// Reads the member `table`, and finds the table.
  func table(_ reader: inout ObjectReader) throws(DatabaseError) -> Int {
    let name = try reader.required("table", .identifier).text ?? ""
    guard let table = database.schema.place(of: name) else {
      throw reader.failure("No table named \(name).")
    }
    return table
  }

  /// Reads the values of columns, in the order of the columns.
  func columns(
    _ json: JSONValue, _ table: TableSchema
  ) throws(DatabaseError) -> [(place: Int, datum: Datum)] {
    guard case .object(let object) = json else { throw .syntax(json, "row must be JSON object") }
    var columns: [(place: Int, datum: Datum)] = []
    columns.reserveCapacity(object.count)
    for member in object.members {
      guard let place = table.place(of: member.name) else {
        throw DatabaseError(
          "unknown column", "No column \(member.name) in table \(table.name).", syntax: json)
      }
      columns.append(
        (place, try Datum(member.value, type: table.columns[place].type, symbols: &symbols)))
    }
    return columns
  }
}
