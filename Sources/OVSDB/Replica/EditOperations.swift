public import JSON

// An edit as the operations of RFC 7047, section 5.2, and what the server's results mean for it.

extension Edit {
  /// The fate of a transaction.
  public enum Outcome: Sendable {
    /// The server has carried it out.
    case success(Results)
    /// What it was based on has changed, or the connection broke: it may be tried again on a newer replica.
    case tryAgain
    /// The server has refused it, with this error.
    case error(JSONValue)
  }

  /// What a transaction that went through has resulted in.
  public struct Results: Sendable {
    /// UUIDs that the server gave, by those that the edit used.
    public internal(set) var inserted: [UUID: UUID] = [:]
    /// The new value of the incremented column.
    public internal(set) var incrementedValue: Int64?
  }

  /// Whether there is something to send.
  public var hasChanges: Bool {
    for uuid in order {
      guard let change = changes[uuid] else { continue }
      var plan: [(operation: JSONValue, role: Role)] = []
      append(change, to: &plan)
      if !plan.isEmpty { return true }
    }
    return false
  }

  /// What one operation stands for.
  enum Role {
    case other
    case insertion(UUID)
    case incrementedValue
  }

  /// The operations, none if nothing is changed.
  public func operations() -> [JSONValue] {
    plan().map { $0.operation }
  }

  private func plan() -> [(operation: JSONValue, role: Role)] {
    var plan: [(operation: JSONValue, role: Role)] = []
    for uuid in order {
      guard let change = changes[uuid] else { continue }
      append(change, to: &plan)
    }
    if plan.isEmpty { return [] }
    plan.insert(contentsOf: verified.map { (wait($0.row, $0.column), .other) }, at: 0)
    if let incremented {
      var mutate = operation("mutate", on: incremented.row)
      mutate["mutations"] = .array([.array([.string(incremented.column), "+=", 1])])
      plan.append((.object(mutate), .other))
      var select = operation("select", on: incremented.row)
      select["columns"] = .array([.string(incremented.column)])
      plan.append((.object(select), .incrementedValue))
    }
    if !comments.isEmpty {
      var comment = JSONObject()
      comment["op"] = "comment"
      comment["comment"] = .string(Text(comments.joined(separator: "\n")))
      plan.append((.object(comment), .other))
    }
    return plan
  }

  private func append(_ change: RowChange, to plan: inout [(operation: JSONValue, role: Role)]) {
    let uuid = change.row.uuid
    if change.isInserted {
      if change.isDeleted { return }
      var insert = JSONObject()
      insert["op"] = "insert"
      insert["table"] = .string(change.row.table)
      if change.keepsUUID {
        insert["uuid"] = .string(Text(uuid.text))
      } else {
        insert["uuid-name"] = .string(Self.name(of: uuid))
      }
      insert["row"] = .object(written(change))
      plan.append((.object(insert), .insertion(uuid)))
      return
    }
    if change.isDeleted {
      // Rows of other tables go when nothing refers to them any more.
      guard replica.schema[change.row.table]?.isRoot != false else { return }
      plan.append((.object(operation("delete", on: change.row)), .other))
      return
    }
    let row = written(change)
    if !row.isEmpty {
      var update = operation("update", on: change.row)
      update["row"] = .object(row)
      plan.append((.object(update), .other))
    }
    if !change.mutations.isEmpty {
      var mutate = operation("mutate", on: change.row)
      mutate["mutations"] = .array(change.mutations.map { json($0) })
      plan.append((.object(mutate), .other))
    }
  }

  private func json(_ mutation: Mutation) -> JSONValue {
    // A single element has to be written as a set too, since keys to delete from a map are one.
    let elements = mutation.elements
    let value =
      elements.isMap
      ? json(elements, isMap: true) : .array(["set", .array(elements.keys.map { json($0) })])
    return .array([.string(mutation.column), .string(mutation.mutator), value])
  }

  /// The columns that are written as a whole and differ from what they were.
  private func written(_ change: RowChange) -> JSONObject {
    var row = JSONObject()
    for column in change.writtenColumns {
      guard let value = change.values[column] else { continue }
      if let old = replica.row(change.row.uuid, of: change.row.table)?[column], old == value { continue }
      row[column] = json(value, isMap: isMap(column, of: change.row))
    }
    return row
  }

  private func operation(_ name: JSONValue, on row: RowHandle) -> JSONObject {
    var operation = JSONObject()
    operation["op"] = name
    operation["table"] = .string(row.table)
    operation["where"] = .array([.array(["_uuid", "==", json(.uuid(row.uuid))])])
    return operation
  }

  private func wait(_ row: RowHandle, _ column: Text) -> JSONValue {
    var wait = operation("wait", on: row)
    wait["timeout"] = 0
    wait["columns"] = .array([.string(column)])
    wait["until"] = "=="
    var values = JSONObject()
    let value = replica.row(row.uuid, of: row.table)?[column] ?? .empty
    values[column] = json(value, isMap: isMap(column, of: row))
    wait["rows"] = .array([.object(values)])
    return .object(wait)
  }

  private func isMap(_ column: Text, of row: RowHandle) -> Bool {
    self.column(column, of: row)?.type.isMap ?? false
  }

  /// The name of an inserted row within its transaction.
  private static func name(of uuid: UUID) -> Text {
    let bytes = uuid.text.utf8.map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "_") : $0 }
    return Text("row" + String(decoding: bytes, as: UTF8.self))
  }

  /// A value as JSON, in which inserted rows go by their names.
  private func json(_ datum: Datum, isMap: Bool) -> JSONValue {
    let keys = datum.keys
    let values = datum.values
    if isMap {
      return .array(["map", .array(keys.indices.map { .array([json(keys[$0]), json(values[$0])]) })])
    }
    if keys.count == 1 { return json(keys[0]) }
    return .array(["set", .array(keys.map { json($0) })])
  }

  private func json(_ atom: Atom) -> JSONValue {
    switch atom {
    case .integer(let integer): .integer(integer)
    case .real(let real): .real(real)
    case .boolean(let boolean): .bool(boolean)
    case .string(let string): .string(string)
    case .uuid(let uuid):
      if let change = changes[uuid], change.isInserted, !change.keepsUUID {
        .array(["named-uuid", .string(Self.name(of: uuid))])
      } else {
        .array(["uuid", .string(Text(uuid.text))])
      }
    }
  }

  // MARK: results

  /// What the reply to the transaction says.
  func outcome(result: JSONValue, error: JSONValue?) -> Outcome {
    prepare().receipt.outcome(result: result, error: error)
  }

  /// The operations, and what is needed to understand the reply to them.
  func prepare() -> (operations: [JSONValue], receipt: Receipt) {
    let plan = plan()
    return (
      plan.map { $0.operation }, Receipt(roles: plan.map { $0.role }, incrementedColumn: incremented?.column)
    )
  }

  /// What is remembered of an edit that was sent; not the replica, which goes on changing.
  struct Receipt {
    fileprivate let roles: [Role]
    fileprivate let incrementedColumn: Text?
  }
}

extension Edit.Receipt {
  /// What the reply to the transaction says.
  func outcome(result: JSONValue, error: JSONValue?) -> Edit.Outcome {
    if let error { return .error(error) }
    guard case .array(let results) = result else { return .error(.string("bad reply to transaction")) }
    // An error stands in place of the failed operation's result, or after all of them.
    for result in results {
      guard let error = result["error"], !error.isNull else { continue }
      return error.text == "timed out" ? .tryAgain : .error(result)
    }
    guard results.count >= roles.count else { return .error(.string("too few results of transaction")) }
    var outcome = Edit.Results()
    for index in roles.indices {
      switch roles[index] {
      case .other: break
      case .insertion(let uuid):
        guard let parts = results[index]["uuid"]?.array, parts.count == 2, let text = parts[1].text,
          let given = UUID(text.string)
        else { return .error(.string("insertion without a UUID in results")) }
        outcome.inserted[uuid] = given
      case .incrementedValue:
        guard let incrementedColumn, let row = results[index]["rows"]?.array?.first else { break }
        outcome.incrementedValue = row[incrementedColumn]?.integer
      }
    }
    return .success(outcome)
  }
}
