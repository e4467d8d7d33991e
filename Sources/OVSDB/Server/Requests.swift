import JSON

// Requests of clients (RFC 7047, section 4.1).

extension Server {
  /// Handles a request.
  func handle(_ method: Text, _ parameters: [JSONValue], _ session: SessionID, _ id: JSONValue, _ now: Int64)
  {
    do throws(DatabaseError) {
      switch method {
      case "transact": try transact(parameters, session, id, now)
      case "monitor": try monitor(method, .values, parameters, session, id)
      case "monitor_cond": try monitor(method, .differences, parameters, session, id)
      case "monitor_cond_since": try monitor(method, .transactions, parameters, session, id)
      case "monitor_cond_change": try changeMonitor(parameters, session, id)
      case "monitor_cancel": cancelMonitor(parameters, session, id)
      case "get_schema":
        reply(try lookUp(method, parameters).database.schema.json, to: session, id)
      case "list_dbs":
        reply(.array(databases.map { .string($0.name) }), to: session, id)
      case "lock", "steal", "unlock": try lock(method, parameters, session, id)
      case "convert": try convert(parameters, session, id, now)
      case "get_server_id": reply(.string(Text(self.id.text)), to: session, id)
      case "set_db_change_aware":
        guard parameters.count == 1, let isAware = parameters[0].bool else {
          throw .syntax(.array(parameters), "set_db_change_aware: true or false parameter expected")
        }
        sessions[session]?.isChangeAware = isAware
        reply([:], to: session, id)
      case "echo": reply(.array(parameters), to: session, id)
      default: send(.error("unknown method", id: id), to: session)
      }
    } catch {
      refuse(error, session, id)
    }
  }

  /// The database that the first parameter names.
  func lookUp(_ method: Text, _ parameters: [JSONValue]) throws(DatabaseError) -> HostedDatabase {
    guard let name = parameters.first?.text else {
      throw .syntax(.array(parameters), "\(method) request params must begin with <db-name>")
    }
    guard let hosted = database(name) else {
      throw DatabaseError(
        "unknown database", "\(method) request specifies unknown database \(name)", syntax: .array(parameters)
      )
    }
    return hosted
  }

  // MARK: Locks

  private func lock(
    _ method: Text, _ parameters: [JSONValue], _ session: SessionID, _ id: JSONValue
  ) throws(DatabaseError) {
    guard parameters.count == 1, let name = parameters[0].text, Identifier.isValid(name) else {
      throw .syntax(.array(parameters), "\(method) request params must be <id>")
    }
    let isHeld = sessions[session]?.locks.contains(name) ?? false
    if method == "unlock" {
      guard isHeld else {
        throw .syntax(.array(parameters), "unlock: \"unlock\" without \"lock\" or \"steal\"")
      }
      sessions[session]?.locks.remove(name)
      let owner = locks.unlock(name, session)
      reply([:], to: session, id)
      if let owner { notify(owner, "locked", name) }
      return
    }
    guard !isHeld else {
      throw .syntax(.array(parameters), "must issue \"unlock\" before new \"\(method)\"")
    }
    guard sessions[session]?.locks.count ?? 0 < Self.lockLimit else {
      throw DatabaseError("resources exhausted", "more than \(Self.lockLimit) locks")
    }
    sessions[session]?.locks.insert(name)
    if method == "steal" {
      if let victim = locks.steal(name, session) { notify(victim, "stolen", name) }
      reply(["locked": true], to: session, id)
    } else {
      reply(["locked": .bool(locks.lock(name, session))], to: session, id)
    }
  }

  // MARK: Monitors

  private func monitor(
    _ method: Text, _ form: Monitor.Form, _ parameters: [JSONValue], _ session: SessionID, _ id: JSONValue
  ) throws(DatabaseError) {
    let hosted = try lookUp(method, parameters)
    let count = form == .transactions ? 4 : 3
    guard parameters.count == count else { throw .syntax(.array(parameters), "invalid parameters") }
    if form == .transactions {
      guard let text = parameters[3].text else {
        throw .syntax(parameters[3], "last-txn-id must be string")
      }
      guard UUID(text.string) != nil else {
        throw .syntax(parameters[3], "last-txn-id must be UUID format.")
      }
    }
    guard case .object = parameters[2] else {
      throw .syntax(parameters[2], "monitor-requests must be object")
    }
    guard sessions[session]?.monitorPlace(parameters[1]) == nil else {
      throw .syntax(parameters[1], "duplicate monitor ID")
    }
    guard sessions[session]?.monitors.count ?? 0 < Self.monitorLimit else {
      throw DatabaseError("resources exhausted", "more than \(Self.monitorLimit) monitors")
    }
    let monitor = try Monitor(id: parameters[1], form: form, parameters[2], hosted.database.schema)
    let initial = monitor.initialUpdates(hosted.database)
    sessions[session]?.monitors.append(
      ServerSession.HeldMonitor(monitor: monitor, database: hosted.name))
    // A standalone server keeps no history, so it never finds the last transaction that a client knows.
    reply(
      form == .transactions ? [false, .string(Text(UUID.zero.text)), initial] : initial, to: session, id)
  }

  private func changeMonitor(
    _ parameters: [JSONValue], _ session: SessionID, _ id: JSONValue
  ) throws(DatabaseError) {
    guard parameters.count == 3 else { throw .syntax(.array(parameters), "invalid parameters") }
    guard let place = sessions[session]?.monitorPlace(parameters[0]),
      var held = sessions[session]?.monitors[place]
    else { throw .syntax(parameters[0], "unknown monitor session") }
    guard held.monitor.form != .values else {
      throw .syntax(parameters[0], "unknown monitor session")
    }
    if parameters[1] != parameters[0], sessions[session]?.monitorPlace(parameters[1]) != nil {
      throw .syntax(parameters[1], "duplicate monitor ID")
    }
    guard let hosted = database(held.database) else {
      throw .syntax(parameters[0], "unknown monitor session")
    }
    let updates = try held.monitor.change(conditions: parameters[2], hosted.database)
    held.monitor.id = parameters[1]
    sessions[session]?.monitors[place] = held
    if let updates { sendUpdates(updates, held.monitor, session) }
    reply([:], to: session, id)
  }

  private func cancelMonitor(_ parameters: [JSONValue], _ session: SessionID, _ id: JSONValue) {
    guard parameters.count == 1 else {
      send(.error("invalid parameters", id: id), to: session)
      return
    }
    guard let place = sessions[session]?.monitorPlace(parameters[0]) else {
      send(.error("unknown monitor", id: id), to: session)
      return
    }
    sessions[session]?.monitors.remove(at: place)
    reply([:], to: session, id)
  }

  func sendUpdates(_ updates: JSONValue, _ monitor: Monitor, _ session: SessionID) {
    switch monitor.form {
    case .values:
      send(.notification(method: "update", parameters: [monitor.id, updates]), to: session)
    case .differences:
      send(.notification(method: "update2", parameters: [monitor.id, updates]), to: session)
    case .transactions:
      send(
        .notification(
          method: "update3", parameters: [monitor.id, .string(Text(UUID.zero.text)), updates]), to: session)
    }
  }

  /// Tells the clients that watch a database what has changed.
  func publish(_ changes: [RowChange], of hosted: HostedDatabase) {
    for session in sessions.values {
      for held in session.monitors where held.database == hosted.name {
        if let updates = held.monitor.updates(changes, hosted.database) {
          sendUpdates(updates, held.monitor, session.id)
        }
      }
    }
  }
}
