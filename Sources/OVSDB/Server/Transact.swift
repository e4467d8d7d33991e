public import JSON

// Transactions of clients (RFC 7047, section 4.1.3).

extension Server {
  func transact(
    _ parameters: [JSONValue], _ session: SessionID, _ id: JSONValue, _ now: Int64
  ) throws(DatabaseError) {
    let hosted = try lookUp("transact", parameters)
    guard !hosted.triggers.contains(where: { $0.session == session && $0.id == id }) else {
      throw .syntax(id, "duplicate request ID")
    }
    guard hosted.triggers.reduce(0, { $0 + ($1.session == session ? 1 : 0) }) < Self.triggerLimit else {
      throw DatabaseError("resources exhausted", "more than \(Self.triggerLimit) waiting transactions")
    }
    var trigger = Trigger(
      session: session, id: id, operations: Array(parameters.dropFirst()), startMilliseconds: now)
    guard attempt(&trigger, hosted, now) else {
      trigger.byteCount = trigger.operations.reduce(0) { $0 + $1.weightByteCount }
      let waiting = hosted.triggers.reduce(trigger.byteCount) {
        $0 + ($1.session == session ? $1.byteCount : 0)
      }
      guard waiting <= Self.triggerByteLimit else {
        throw DatabaseError(
          "resources exhausted", "waiting transactions of more than \(Self.triggerByteLimit) bytes")
      }
      hosted.triggers.append(trigger)
      return
    }
    settle(hosted, now: now)
  }

  func cancel(_ parameters: [JSONValue], _ session: SessionID) {
    guard parameters.count == 1 else { return }
    for hosted in databases {
      guard let place = hosted.triggers.firstIndex(where: { $0.session == session && $0.id == parameters[0] })
      else { continue }
      hosted.triggers.remove(at: place)
      send(.error("canceled", id: parameters[0]), to: session)
    }
  }

  /// Tries the waiting transactions of a database until none of them changes it.
  private func settle(_ hosted: HostedDatabase, now: Int64) {
    while hosted.hasChanged {
      hosted.hasChanged = false
      tryTriggers(of: hosted, now: now)
    }
  }

  /// Tries the waiting transactions of a database, and again for as long as one of them changes it.
  func retryTriggers(of hosted: HostedDatabase, now: Int64) {
    tryTriggers(of: hosted, now: now)
    settle(hosted, now: now)
  }

  /// Tries the waiting transactions of a database once each, in the order in which they came.
  ///
  /// One may set off the next, and that the one after it, so this is a loop's body and calls nothing back.
  private func tryTriggers(of hosted: HostedDatabase, now: Int64) {
    let pending = hosted.triggers
    guard !pending.isEmpty else { return }
    hosted.triggers = []
    for var trigger in pending where !attempt(&trigger, hosted, now) {
      hosted.triggers.append(trigger)
    }
  }

  /// Executes a transaction and replies; false if it has to wait.
  private func attempt(_ trigger: inout Trigger, _ hosted: HostedDatabase, _ now: Int64) -> Bool {
    let session = trigger.session
    let context = ExecutionContext(
      elapsedMilliseconds: now - trigger.startMilliseconds,
      isReadOnly: isReadOnly || hosted.isReserved || sessions[session]?.isReadOnly ?? false,
      ownsLock: { self.locks.owner($0) == session })
    let transaction = Transaction(on: hosted.database)
    switch transaction.execute(trigger.operations, context) {
    case .blocked(let timeout):
      trigger.timeoutMilliseconds = timeout
      return false
    case .finished(var results, let error):
      if error == nil {
        do throws(DatabaseError) {
          try commit(transaction, hosted, now)
        } catch {
          results.append(error.json)
        }
      }
      transactionCount += 1
      reply(.array(results), to: session, trigger.id)
      return true
    }
  }

  private func commit(
    _ transaction: Transaction, _ hosted: HostedDatabase, _ now: Int64
  ) throws(DatabaseError) {
    let changes = try transaction.prepare()
    guard !changes.isEmpty else { return }
    if !hosted.isReserved,
      let record = hosted.database.journalRecord(
        changes, comment: transaction.comment, date: date(now), usesDifferences: usesDifferences)
    {
      try store.append(record, to: hosted.name.string, isDurable: transaction.isDurable)
    }
    hosted.database.apply(changes)
    hosted.hasChanged = true
    publish(changes, of: hosted)
  }

  /// Executes the server's own operations on a database, such as those that report the state of managers.
  ///
  /// - Returns: The results.
  @discardableResult
  public func transact(_ operations: [JSONValue], on name: Text, now: Int64) throws(DatabaseError)
    -> [JSONValue]
  {
    guard let hosted = database(name) else { throw DatabaseError("unknown database", name.string) }
    let transaction = Transaction(on: hosted.database)
    switch transaction.execute(operations, ExecutionContext()) {
    case .blocked: throw DatabaseError("timed out", "\"where\" clause test failed")
    case .finished(let results, let error):
      if let error { throw error }
      try commit(transaction, hosted, now)
      settle(hosted, now: now)
      return results
    }
  }
}
