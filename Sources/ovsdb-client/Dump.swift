import Command
import Host
import JSON
import OVSDB

extension Client {
  /// Prints the rows of all tables, or of one.
  func dump(_ database: Text, _ arguments: [String]) {
    let schema = schema(database)
    var tables = schema.tables
    if let name = arguments.first {
      guard let table = schema[Text(name)] else { invocation.fail("No table \"\(name)\" found.") }
      tables = [table]
    }
    var columns: [[Int]] = []
    for table in tables {
      if arguments.count > 1 {
        columns.append(chosenColumns(table, arguments.dropFirst()))
      } else {
        columns.append(table.columns.indices.filter { $0 != TableSchema.versionPlace })
      }
    }
    let operations = tables.indices.map { index in
      JSONValue.object([
        "op": "select", "table": .string(tables[index].name), "where": [],
        "columns": .array(columns[index].map { .string(tables[index].columns[$0].name) }),
      ])
    }
    let results = request("transact", [.string(database)] + operations).array ?? []
    for (index, result) in results.enumerated() where index < tables.count {
      dump(tables[index], columns[index], result["rows"]?.array ?? [])
    }
  }

  private func chosenColumns(_ table: TableSchema, _ names: ArraySlice<String>) -> [Int] {
    names.map { name in
      guard let place = table.place(of: Text(name)) else {
        invocation.fail("Table \"\(table.name)\" has no column \(name).")
      }
      return place
    }.sorted()
  }

  private func dump(_ schema: TableSchema, _ columns: [Int], _ rows: [JSONValue]) {
    var table = OutputTable(
      columns: columns.map { schema.columns[$0].name.string }, caption: "\(schema.name) table")
    let data = rows.map { row in columns.map { datum(row, schema.columns[$0]) } }
    for row in data.sorted(by: Client.comesBefore) {
      table.append(columns.indices.map { Client.cell(row[$0], schema.columns[columns[$0]].type) })
    }
    print(table)
  }

  private static func comesBefore(_ left: [Datum], _ right: [Datum]) -> Bool {
    for (leftDatum, rightDatum) in zip(left, right) where leftDatum != rightDatum {
      return leftDatum.keys.lexicographicallyPrecedes(rightDatum.keys)
    }
    return false
  }

  /// The value of a column of a row that the server has sent.
  func datum(_ row: JSONValue, _ column: ColumnSchema) -> Datum {
    guard let json = row[column.name] else { return column.type.defaultDatum }
    do throws(DatabaseError) {
      return try Datum(json, type: column.type)
    } catch { invocation.fail(error.message) }
  }

  // MARK: Backup

  /// Writes a database as a file.
  func backup(_ database: Text) {
    let schema = schema(database)
    let operations = schema.tables.map { table in
      JSONValue.object([
        "op": "select", "table": .string(table.name), "where": [],
        "columns": .array(
          [.string("_uuid")]
            + table.namedColumns.filter { $0.isPersistent }.map { .string($0.name) }),
      ])
    }
    let results = request("transact", [.string(database)] + operations).array ?? []
    var record = JSONObject()
    for (index, result) in results.enumerated() where index < schema.tables.count {
      var rows = JSONObject()
      for row in result["rows"]?.array ?? [] {
        guard var object = row.object, let name = object["_uuid"]?.array?.last?.text else { continue }
        object["_uuid"] = nil
        rows.append(name, .object(object))
      }
      if !rows.isEmpty { record.append(schema.tables[index].name, .object(rows)) }
    }
    record.append("_date", .integer(WallClock.milliseconds))
    record.append("_comment", "produced by \"ovsdb-client backup\"")
    let bytes: [UInt8]
    do throws(DatabaseError) {
      bytes = try Journal.onHost.bytes([schema.json, .object(record)])
    } catch { invocation.fail(error.message) }
    StandardOutput.write(String(decoding: bytes, as: UTF8.self))
  }

  /// Replaces all rows of a database by those of a file that comes in.
  func restore(_ database: Text) {
    let schema = schema(database)
    let source = readSnapshot()
    guard settings.isForced || source.schema == schema else {
      invocation.fail(
        "database \(database) has a schema that differs from that of the snapshot; use --force to restore anyhow"
      )
    }
    var operations: [JSONValue] = schema.tables.map {
      ["op": "delete", "table": .string($0.name), "where": []]
    }
    for table in source.tables where schema[table.schema.name] != nil {
      for row in table.rows.values {
        operations.append(restoration(row, table, source, schema))
      }
    }
    operations.append(["op": "comment", "comment": "ovsdb-client: restored database"])
    let results = request("transact", [.string(database)] + operations).array ?? []
    for result in results where result["error"] != nil {
      invocation.fail("transaction returned error: \(result.string(style: .sorted))")
    }
  }

  private func readSnapshot() -> Database {
    do throws(SystemError) {
      let bytes = try StandardInput.readWhole()
      do throws(DatabaseError) {
        let loaded = try DatabaseLoader.load(bytes, name: "stdin", .onHost, generator: .seeded())
        if let error = loaded.tailError { throw error }
        return loaded.database
      } catch { invocation.fail(error.message) }
    } catch { invocation.fail("stdin: read failed (\(error.message))") }
  }

  private func restoration(_ row: Row, _ table: OVSDB.Table, _ source: Database, _ schema: Schema)
    -> JSONValue
  {
    var object = JSONObject()
    for place in TableSchema.firstPlace..<table.schema.columns.count {
      let column = table.schema.columns[place]
      guard schema[table.schema.name]?.place(of: column.name) != nil, column.isPersistent else { continue }
      object.append(column.name, Client.named(row[place].json(column.type)))
    }
    return [
      "op": "insert", "table": .string(table.schema.name), "uuid-name": .string(Client.name(row.uuid.text)),
      "row": .object(object),
    ]
  }

  private static func name(_ uuid: String) -> Text {
    Text(
      "row"
        + String(decoding: uuid.utf8.map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "_") : $0 }, as: UTF8.self))
  }

  /// The same value with rows referred to by names of the transaction, since they get new identifiers.
  private static func named(_ json: JSONValue) -> JSONValue {
    guard case .array(let elements) = json else { return json }
    if elements.count == 2, elements[0].text == "uuid", let uuid = elements[1].text {
      return ["named-uuid", .string(name(uuid.string))]
    }
    return .array(elements.map(named))
  }
}
