import JSON

/// The database `_Server`, in which clients read what databases there are (Open vSwitch's _server(5)).
enum ServerDatabase {
  static var name: Text { "_Server" }

  static func make(_ generator: inout UUIDGenerator) -> Database {
    var model = BaseType(.string)
    model.enumeration = Datum(set: ["clustered", "relay", "standalone"].map { Atom.string(Text($0)) })
    let optionalString = ColumnType(key: BaseType(.string), minimum: 0)
    let optionalUUID = ColumnType(key: BaseType(.uuid), minimum: 0)
    let table = TableSchema(
      name: "Database",
      columns: [
        ColumnSchema(name: "name", type: ColumnType(key: BaseType(.string))),
        ColumnSchema(name: "model", type: ColumnType(key: model)),
        ColumnSchema(name: "connected", type: ColumnType(key: BaseType(.boolean))),
        ColumnSchema(name: "leader", type: ColumnType(key: BaseType(.boolean))),
        ColumnSchema(name: "schema", type: optionalString),
        ColumnSchema(name: "cid", type: optionalUUID),
        ColumnSchema(name: "sid", type: optionalUUID),
        ColumnSchema(name: "index", type: ColumnType(key: BaseType(.integer), minimum: 0)),
      ])
    let seed = (generator.next(), generator.next())
    return Database(
      schema: Schema(name: name, version: "1.2.0", checksum: "3236486585 698", tables: [table]),
      generator: UUIDGenerator(seed: (seed.0.high, seed.0.low, seed.1.high, seed.1.low)))
  }
}

extension Server {
  /// Makes the rows of `_Server` say which databases there are.
  func updateServerDatabase() {
    guard let hosted = database(ServerDatabase.name) else { return }
    let schema = hosted.database.schema.tables[0]
    let transaction = Transaction(on: hosted.database)
    var known: Set<Text> = []
    for (uuid, row) in hosted.database.tables[0].rows {
      guard let name = schema.place(of: "name").flatMap({ row[$0].scalar?.text }),
        let other = database(name)
      else {
        transaction.delete(0, uuid)
        continue
      }
      known.insert(name)
      transaction.put(0, serverRow(uuid, other, schema))
    }
    for other in databases where !known.contains(other.name) {
      transaction.put(0, serverRow(hosted.database.generator.next(), other, schema))
    }
    do throws(DatabaseError) {
      let changes = try transaction.prepare()
      hosted.database.apply(changes)
      hosted.hasChanged = true
      publish(changes, of: hosted)
    } catch {
      // The rows above meet the schema above.
      preconditionFailure("the database _Server refuses its own rows")
    }
  }

  private func serverRow(_ uuid: UUID, _ other: HostedDatabase, _ schema: TableSchema) -> Row {
    var row = Row(uuid: uuid, version: .zero, data: schema.namedColumns.map { $0.type.defaultDatum })
    func set(_ column: Text, _ atom: Atom) {
      if let place = schema.place(of: column) { row.set(place, Datum(atom)) }
    }
    set("name", .string(other.name))
    set("model", .string("standalone"))
    set("connected", .boolean(true))
    set("leader", .boolean(true))
    set("schema", .string(Text(other.database.schema.json.string(style: .sorted))))
    return row
  }
}
