public import JSON

// Databases that come, go and change their shape.

extension Server {
  /// Offers a database.
  public func add(_ database: Database) throws(DatabaseError) {
    guard self.database(database.schema.name) == nil else {
      throw DatabaseError(nil, "\(database.schema.name): duplicate database name")
    }
    databases.append(HostedDatabase(database))
    databases.sort { $0.name < $1.name }
    updateServerDatabase()
    disconnectUnaware("adding \(database.schema.name) database")
  }

  /// No longer offers a database.
  public func remove(_ name: Text) throws(DatabaseError) {
    guard let hosted = database(name) else { throw DatabaseError(nil, "no such database") }
    guard !hosted.isReserved else { throw DatabaseError(nil, "Cannot remove reserved database.") }
    for trigger in hosted.triggers {
      send(.error("canceled", id: trigger.id), to: trigger.session)
    }
    dropMonitors(of: name)
    databases.removeAll { $0.name == name }
    updateServerDatabase()
    disconnectUnaware("removing \(name) database by user request")
  }

  /// Writes the journal of a database anew, without its history.
  public func compact(_ name: Text, comment: String, now: Int64) throws(DatabaseError) {
    guard let hosted = database(name) else { throw DatabaseError(nil, "no such database") }
    guard !hosted.isReserved else { throw DatabaseError(nil, "cannot compact built-in databases") }
    try store.replace(
      name.string, with: hosted.database.snapshot(comment: comment, date: date(now)))
  }

  /// Tells clients to connect anew.
  public func disconnectAll(_ reason: String) {
    for id in sessions.keys { disconnect(id, reason) }
  }

  private func disconnectUnaware(_ reason: String) {
    for session in sessions.values where !session.isChangeAware { disconnect(session.id, reason) }
  }

  private func dropMonitors(of name: Text) {
    for id in sessions.keys {
      for held in sessions[id]?.monitors ?? [] where held.database == name {
        send(.notification(method: "monitor_canceled", parameters: [held.monitor.id]), to: id)
      }
      sessions[id]?.monitors.removeAll { $0.database == name }
    }
  }

  /// Gives a database another schema (Open vSwitch's ovsdb-server(7), "Database Schema Conversion").
  func convert(
    _ parameters: [JSONValue], _ session: SessionID, _ id: JSONValue, _ now: Int64
  ) throws(DatabaseError) {
    let hosted = try lookUp("convert", parameters)
    guard parameters.count == 2 else { throw .syntax(.array(parameters), "array expected") }
    let schema = try Schema(parameters[1])
    guard schema.name == hosted.name else {
      throw .syntax(
        parameters[1],
        "new schema name (\(schema.name)) does not match database name (\(hosted.name))")
    }
    guard !hosted.isReserved else { throw DatabaseError("not allowed", "cannot convert built-in databases") }
    let converted = try hosted.database.converted(to: schema, &generator)
    try store.replace(
      hosted.name.string, with: converted.snapshot(comment: "converted by ovsdb-server", date: date(now)))
    dropMonitors(of: hosted.name)
    hosted.database = converted
    hosted.hasChanged = true
    updateServerDatabase()
    for trigger in hosted.triggers {
      send(.error("canceled", id: trigger.id), to: trigger.session)
    }
    hosted.triggers = []
    reply([:], to: session, id)
    disconnectUnaware("committed \(hosted.name) database schema conversion")
  }
}

extension Database {
  /// The same rows under another schema; tables and columns that it lacks are dropped.
  public func converted(
    to schema: Schema, _ generator: inout UUIDGenerator
  ) throws(DatabaseError) -> Database {
    let seed = (generator.next(), generator.next())
    let target = Database(
      schema: schema,
      generator: UUIDGenerator(seed: (seed.0.high, seed.0.low, seed.1.high, seed.1.low)))
    let transaction = Transaction(on: target)
    for source in tables {
      guard let place = schema.place(of: source.schema.name) else { continue }
      let table = target.tables[place]
      for row in source.rows.values {
        var new = Row(uuid: row.uuid, version: .zero, data: table.defaultData)
        for column in TableSchema.firstPlace..<table.schema.columns.count {
          let columnSchema = table.schema.columns[column]
          guard let sourcePlace = source.schema.place(of: columnSchema.name) else { continue }
          let json = row[sourcePlace].json(source.schema.columns[sourcePlace].type)
          new.set(column, try Datum(json, type: columnSchema.type))
        }
        transaction.put(place, new)
      }
    }
    let changes = try transaction.prepare()
    target.apply(changes)
    return target
  }
}
