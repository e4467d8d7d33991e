import JSON

/// A client's wish to hear of changes (RFC 7047, section 4.1.5, and Open vSwitch's ovsdb-server(7)).
struct Monitor {
  /// The forms that updates come in.
  enum Form: Sendable {
    /// `monitor`: old and new values.
    case values
    /// `monitor_cond`: differences.
    case differences
    /// `monitor_cond_since`: differences, with the name of the transaction.
    case transactions
  }

  /// How the client calls it.
  var id: JSONValue
  let form: Form
  /// The tables, by place; none for those that are not monitored.
  private(set) var tables: [MonitoredTable?]
  private let schema: Schema

  /// Reads what a client asks for.
  init(id: JSONValue, form: Form, _ json: JSONValue, _ schema: Schema) throws(DatabaseError) {
    self.id = id
    self.form = form
    self.schema = schema
    tables = Array(repeating: nil, count: schema.tables.count)
    guard case .object(let requests) = json else {
      throw .syntax(json, "monitor-requests must be object")
    }
    for member in requests.members {
      guard let place = schema.place(of: member.name) else {
        throw .syntax(nil, "no table named \(member.name)")
      }
      var table = MonitoredTable(table: place)
      let tableSchema = schema.tables[place]
      if case .array(let list) = member.value {
        for request in list {
          try table.add(request, tableSchema, hasConditions: form != .values)
        }
      } else {
        try table.add(member.value, tableSchema, hasConditions: form != .values)
      }
      tables[place] = table
    }
  }

  /// The rows that are there at the start; nothing if there are none.
  func initialUpdates(_ database: Database) -> JSONValue {
    var result = JSONObject()
    for case .some(let monitored) in tables where monitored.selection.contains(.initial) {
      var updates = JSONObject()
      let table = database.tables[monitored.table]
      updates.reserveCapacity(table.rows.count)
      for (uuid, row) in table.rows where monitored.condition.matches(row) {
        guard let update = update(monitored, .initial, old: nil, new: row, database) else { continue }
        updates.append(Text(uuid.text), update)
      }
      if !updates.isEmpty { result.append(table.schema.name, .object(updates)) }
    }
    return .object(result)
  }

  /// What some changes are to the client; nothing if it does not see them.
  func updates(_ changes: [RowChange], _ database: Database) -> JSONValue? {
    var perTable = [JSONObject?](repeating: nil, count: tables.count)
    for change in changes {
      guard let monitored = tables[change.table],
        let update = update(monitored, change, database)
      else { continue }
      if perTable[change.table] == nil { perTable[change.table] = JSONObject() }
      perTable[change.table]?.append(Text(change.uuid.text), update)
    }
    return Monitor.joined(perTable, schema)
  }

  private func update(
    _ monitored: MonitoredTable, _ change: RowChange, _ database: Database
  ) -> JSONValue? {
    let old = change.old.flatMap { monitored.condition.matches($0) ? $0 : nil }
    let new = change.new.flatMap { monitored.condition.matches($0) ? $0 : nil }
    let kind: MonitorSelection
    switch (old, new) {
    case (nil, nil): return nil
    case (nil, .some): kind = .insert
    case (.some, nil): kind = .delete
    case (.some, .some): kind = .modify
    }
    guard monitored.selection.contains(kind) else { return nil }
    return update(monitored, kind, old: old, new: new, database)
  }

  /// What a change of conditions shows and hides.
  mutating func change(
    conditions json: JSONValue, _ database: Database
  ) throws(DatabaseError) -> JSONValue? {
    guard case .object(let requests) = json else {
      throw .syntax(nil, "monitor-cond-change-requests must be object")
    }
    var changed = tables
    for member in requests.members {
      guard let place = schema.place(of: member.name), var table = tables[place] else {
        throw .syntax(nil, "no table named \(member.name) in monitor session")
      }
      guard case .array(let list) = member.value else {
        throw .syntax(nil, "table \(member.name) no monitor-cond-change JSON array")
      }
      table.condition = try MonitoredTable.condition(list, schema.tables[place])
      changed[place] = table
    }
    let old = tables
    tables = changed
    return differences(from: old, database)
  }

  private func differences(from old: [MonitoredTable?], _ database: Database) -> JSONValue? {
    var perTable = [JSONObject?](repeating: nil, count: tables.count)
    for place in tables.indices {
      guard let before = old[place], let after = tables[place] else { continue }
      for (uuid, row) in database.tables[place].rows {
        let wasSeen = before.condition.matches(row)
        let isSeen = after.condition.matches(row)
        guard wasSeen != isSeen else { continue }
        let kind: MonitorSelection = isSeen ? .insert : .delete
        guard after.selection.contains(kind),
          let update = update(after, kind, old: wasSeen ? row : nil, new: isSeen ? row : nil, database)
        else { continue }
        if perTable[place] == nil { perTable[place] = JSONObject() }
        perTable[place]?.append(Text(uuid.text), update)
      }
    }
    return Monitor.joined(perTable, schema)
  }

  private static func joined(_ perTable: [JSONObject?], _ schema: Schema) -> JSONValue? {
    var result = JSONObject()
    for (place, updates) in perTable.enumerated() {
      if let updates { result.append(schema.tables[place].name, .object(updates)) }
    }
    return result.isEmpty ? nil : .object(result)
  }
}

// MARK: Rows

extension Monitor {
  private func update(
    _ monitored: MonitoredTable, _ kind: MonitorSelection, old: Row?, new: Row?, _ database: Database
  ) -> JSONValue? {
    if kind == .modify, let old, let new {
      guard monitored.columns.contains(where: { old[$0.place] != new[$0.place] }) else { return nil }
    }
    return form == .values
      ? valuesUpdate(monitored, kind, old: old, new: new)
      : differencesUpdate(monitored, kind, old: old, new: new, database.tables[monitored.table])
  }

  private func valuesUpdate(
    _ monitored: MonitoredTable, _ kind: MonitorSelection, old: Row?, new: Row?
  ) -> JSONValue {
    let columns = schema.tables[monitored.table].columns
    var oldObject = JSONObject()
    var newObject = JSONObject()
    for column in monitored.columns where column.selection.contains(kind) {
      let name = columns[column.place].name
      let type = columns[column.place].type
      if let old, kind == .delete || old[column.place] != new?[column.place] {
        oldObject.append(name, old[column.place].json(type))
      }
      if let new { newObject.append(name, new[column.place].json(type)) }
    }
    var update = JSONObject()
    if old != nil { update.append("old", .object(oldObject)) }
    if new != nil { update.append("new", .object(newObject)) }
    return .object(update)
  }

  private func differencesUpdate(
    _ monitored: MonitoredTable, _ kind: MonitorSelection, old: Row?, new: Row?, _ table: Table
  ) -> JSONValue {
    var update = JSONObject()
    guard let new else {
      update.append("delete", .null)
      return .object(update)
    }
    var object = JSONObject()
    for column in monitored.columns where column.selection.contains(kind) {
      let schema = table.schema.columns[column.place]
      let datum = new[column.place]
      if let old {
        guard old[column.place] != datum else { continue }
        object.append(schema.name, old[column.place].difference(to: datum, schema.type).json(schema.type))
      } else {
        if column.place >= TableSchema.firstPlace,
          datum == table.defaultData[column.place - TableSchema.firstPlace]
        {
          continue
        }
        object.append(schema.name, datum.json(schema.type))
      }
    }
    let name: Text =
      switch kind {
      case .initial: "initial"
      case .insert: "insert"
      default: "modify"
      }
    update.append(name, .object(object))
    return .object(update)
  }
}

extension MonitoredTable {
  /// Reads the conditions of an array of `<monitor-cond-change-request>`.
  static func condition(_ list: [JSONValue], _ schema: TableSchema) throws(DatabaseError) -> MonitorCondition
  {
    var condition = MonitorCondition()
    for request in list {
      var reader = try ObjectReader(request, "table \(schema.name)")
      let whereJSON = try reader.optional("where", .array)
      let columnsJSON = try reader.optional("columns", .array)
      try reader.finish()
      guard columnsJSON == nil else { throw .syntax(request, "changing columns is unsupported") }
      if let whereJSON { try condition.add(whereJSON, schema) }
    }
    return condition
  }
}
