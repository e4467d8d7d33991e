import JSON

// The operations on rows (RFC 7047, section 5.2).

extension Transaction {
  /// Inserts a row (section 5.2.1).
  func insert(_ reader: inout ObjectReader) throws(DatabaseError) -> OperationOutcome {
    let place = try table(&reader)
    let uuidJSON = try reader.optional("uuid", .string)
    let nameJSON = try reader.optional("uuid-name", .identifier)
    let rowJSON = try reader.required("row", .object)
    try reader.finish()

    let table = database.tables[place]
    let uuid = try newUUID(place, uuidJSON, nameJSON)
    var row = Row(uuid: uuid, version: .zero, data: table.defaultData)
    for (column, datum) in try columns(rowJSON, table.schema) where column >= TableSchema.firstPlace {
      row.set(column, datum)
    }
    // Columns that the operation leaves out have to allow their defaults.
    for column in TableSchema.firstPlace..<table.schema.columns.count {
      try table.schema.columns[column].type.check(row[column])
    }
    put(place, row)
    return .result(["uuid": Atom.uuid(uuid).json])
  }

  private func newUUID(
    _ table: Int, _ uuidJSON: JSONValue?, _ nameJSON: JSONValue?
  ) throws(DatabaseError) -> UUID {
    var uuid: UUID?
    if let text = uuidJSON?.text {
      guard let given = UUID(text.string) else { throw .syntax(uuidJSON, "bad uuid") }
      guard row(table, given) == nil, !hasTouched(table, given) else {
        throw DatabaseError(
          "duplicate uuid",
          "This UUID would duplicate a UUID already present within the table or deleted within the same "
            + "transaction.", syntax: uuidJSON)
      }
      uuid = given
    }
    guard let name = nameJSON?.text else { return uuid ?? database.generator.next() }
    guard !(symbols?.isCreated(name) ?? false) else {
      throw DatabaseError(
        "duplicate uuid-name", "This \"uuid-name\" appeared on an earlier \"insert\" operation.",
        syntax: nameJSON)
    }
    let made = uuid ?? symbols?.uuid(named: name) ?? database.generator.next()
    symbols?.create(name, uuid: made)
    return made
  }

  /// Reads rows (section 5.2.2).
  func select(_ reader: inout ObjectReader) throws(DatabaseError) -> OperationOutcome {
    let place = try table(&reader)
    let whereJSON = try reader.required("where", .array)
    let columnsJSON = try reader.optional("columns", .array)
    let sortJSON = try reader.optional("sort", .array)
    try reader.finish()

    let schema = database.tables[place].schema
    let condition = try Condition(whereJSON, schema, symbols: &symbols)
    let columns = try columnsJSON.map { json throws(DatabaseError) in try schema.columnPlaces(json) }
    let sorting = try sortJSON.map { json throws(DatabaseError) in try schema.columnPlaces(json) }
    var rows = rows(place, where: condition)
    if let sorting { rows.sort { $0.comes(before: $1, by: sorting) } }
    let shown = columns ?? Array(schema.columns.indices)
    if !shown.contains(TableSchema.uuidPlace) { rows.removeEqual(in: shown) }
    let results = rows.map { row in
      var object = JSONObject()
      object.reserveCapacity(shown.count)
      for column in shown {
        object.append(schema.columns[column].name, row[column].json(schema.columns[column].type))
      }
      return JSONValue.object(object)
    }
    return .result(["rows": .array(results)])
  }

  /// Sets columns (section 5.2.3).
  func update(_ reader: inout ObjectReader) throws(DatabaseError) -> OperationOutcome {
    let place = try table(&reader)
    let whereJSON = try reader.required("where", .array)
    let rowJSON = try reader.required("row", .object)
    try reader.finish()

    let schema = database.tables[place].schema
    let columns = try columns(rowJSON, schema)
    for (column, _) in columns where !schema.columns[column].isMutable {
      throw DatabaseError(
        "constraint violation",
        "Cannot update immutable column \(schema.columns[column].name) in table \(schema.name).",
        syntax: reader.json)
    }
    let condition = try Condition(whereJSON, schema, symbols: &symbols)
    let rows = rows(place, where: condition)
    for var row in rows {
      for (column, datum) in columns { row.set(column, datum) }
      put(place, row)
    }
    return .count(rows.count)
  }

  /// Changes columns in place (section 5.2.4).
  func mutate(_ reader: inout ObjectReader) throws(DatabaseError) -> OperationOutcome {
    let place = try table(&reader)
    let whereJSON = try reader.required("where", .array)
    let mutationsJSON = try reader.required("mutations", .array)
    try reader.finish()

    let schema = database.tables[place].schema
    var mutations: [Mutation] = []
    for json in mutationsJSON.array ?? [] {
      mutations.append(try Mutation(json, schema, symbols: &symbols))
    }
    let condition = try Condition(whereJSON, schema, symbols: &symbols)
    let rows = rows(place, where: condition)
    for var row in rows {
      for mutation in mutations {
        row.set(
          mutation.place, try mutation.applied(to: row[mutation.place], schema.columns[mutation.place].type))
      }
      put(place, row)
    }
    return .count(rows.count)
  }

  /// Deletes rows (section 5.2.5).
  func delete(_ reader: inout ObjectReader) throws(DatabaseError) -> OperationOutcome {
    let place = try table(&reader)
    let whereJSON = try reader.required("where", .array)
    try reader.finish()
    let condition = try Condition(whereJSON, database.tables[place].schema, symbols: &symbols)
    let rows = rows(place, where: condition)
    for row in rows { delete(place, row.uuid) }
    return .count(rows.count)
  }

  /// Waits until rows are as expected, or are no longer (section 5.2.6).
  func wait(_ reader: inout ObjectReader) throws(DatabaseError) -> OperationOutcome {
    let timeoutJSON = try reader.optional("timeout", .number)
    let whereJSON = try reader.required("where", .array)
    let columnsJSON = try reader.optional("columns", .array)
    let untilJSON = try reader.required("until", .string)
    let rowsJSON = try reader.required("rows", .array)
    let place = try table(&reader)
    var timeout: Int64?
    if let number = timeoutJSON?.double {
      guard number >= 0 else { throw .syntax(timeoutJSON, "timeout must be nonnegative") }
      timeout = number < 1e15 ? Int64(number) : nil
    }
    guard untilJSON.text == "==" || untilJSON.text == "!=" else {
      throw .syntax(untilJSON, "\"until\" must be \"==\" or \"!=\"")
    }
    try reader.finish()

    let table = database.tables[place]
    let condition = try Condition(whereJSON, table.schema, symbols: &symbols)
    let compared =
      try columnsJSON.map { json throws(DatabaseError) in try table.schema.columnPlaces(json) }
      ?? Array(table.schema.columns.indices)
    var expected: Set<IndexKey> = []
    for json in rowsJSON.array ?? [] {
      var data = [Datum(.uuid(.zero)), Datum(.uuid(.zero))] + table.defaultData
      for (column, datum) in try columns(json, table.schema) { data[column] = datum }
      expected.insert(IndexKey(data: compared.map { data[$0] }))
    }
    let found = Set(rows(place, where: condition).map { IndexKey($0, compared) })
    guard (found == expected) == (untilJSON.text == "==") else {
      return .blocked(timeoutMilliseconds: timeout)
    }
    return .nothing
  }
}

extension Row {
  /// Whether this row comes before another in the order of some columns.
  fileprivate func comes(before other: Row, by columns: [Int]) -> Bool {
    for column in columns where self[column] != other[column] {
      return self[column] < other[column]
    }
    return uuid < other.uuid
  }
}

extension Datum {
  /// Whether this value comes before another: by its atoms in turn, then by their number.
  fileprivate static func < (left: Datum, right: Datum) -> Bool {
    for (leftAtom, rightAtom) in zip(left.keys + left.values, right.keys + right.values)
    where leftAtom != rightAtom {
      return leftAtom < rightAtom
    }
    return left.count < right.count
  }
}

extension [Row] {
  /// Leaves one of the rows that are equal in some columns.
  fileprivate mutating func removeEqual(in columns: [Int]) {
    var seen: Set<IndexKey> = []
    self = filter { seen.insert(IndexKey($0, columns)).inserted }
  }
}
