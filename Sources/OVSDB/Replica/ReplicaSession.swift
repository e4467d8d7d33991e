// What: the client's end of a connection to a database server (RFC 7047, section 4), without the connection.
//
// How: the owner connects a stream, calls `connected`, feeds each JSON value that arrives to `receive`, and
// after each call sends what `takeMessages` gives and looks at what `takeEvents` gives. The schema comes
// first, then a monitor request that asks for the selected tables and columns; from its reply on, `replica`
// is a copy of them. After a reconnection the copy stays, and the server sends what has changed since, if it
// still knows, or everything, of which only the differences count as changes.

public import JSON

/// A client's session with a database server.
public struct ReplicaSession {
  /// What has happened.
  public enum Event {
    /// The schema has come; the replica waits for `select`, unless there was a selection from the start.
    case schemaReceived
    /// The replica is complete.
    case synchronised
    /// The replica has changed.
    case changed
    /// A transaction is over.
    case finished(transaction: Int64, Edit.Outcome)
    /// A lock is ours, or is ours no more.
    case lock(name: Text, isHeld: Bool)
    /// The server cannot give what is asked, or has not kept to the protocol; the connection is of no use.
    case failed(ReplicaError)
  }

  enum State: Equatable {
    case disconnected
    case awaitingSchema(id: Int64)
    case awaitingSelection
    case awaitingInitial(id: Int64, MonitorMethod)
    case synchronised
    case failed
  }

  /// Requests for a copy, best first; a server that does not know one is asked for the next.
  enum MonitorMethod: Equatable {
    case conditionalSince
    case conditional
    case plain

    var name: Text {
      switch self {
      case .conditionalSince: "monitor_cond_since"
      case .conditional: "monitor_cond"
      case .plain: "monitor"
      }
    }

    var next: MonitorMethod? {
      switch self {
      case .conditionalSince: .conditional
      case .conditional: .plain
      case .plain: nil
      }
    }
  }

  /// Name of the database.
  public let database: Text
  /// The copy, from the first time that it was complete.
  public private(set) var replica: Replica?
  /// The schema that the server gave.
  public private(set) var schema: Schema?
  /// Locks asked for, with whether they are held.
  public private(set) var locks: [Text: Bool] = [:]

  private var selection: ReplicaSelection?
  private var state = State.disconnected
  private var messages: [JSONValue] = []
  private var events: [Event] = []
  private var nextID: Int64 = 1
  private var transactions: [Int64: Edit.Receipt] = [:]
  private var lockRequests: [Int64: Text] = [:]
  private var lastTransaction = ReplicaSession.unknownTransaction

  /// The transaction of which a server knows nothing.
  static var unknownTransaction: Text { "00000000-0000-0000-0000-000000000000" }

  /// Makes a session for a database.
  ///
  /// Without a selection, `schemaReceived` asks for one.
  public init(database: Text, selection: ReplicaSelection? = nil) {
    self.database = database
    self.selection = selection
  }

  /// Whether the replica is complete and the server connected.
  public var isSynchronised: Bool { state == .synchronised }

  /// Whether a connection is there.
  public var isConnected: Bool { state != .disconnected && state != .failed }

  /// Number of transactions whose results have not come.
  public var outstandingTransactionCount: Int { transactions.count }

  // MARK: the connection

  /// A connection is there.
  public mutating func connected() {
    let id = send("get_schema", [.string(database)])
    state = .awaitingSchema(id: id)
  }

  /// The connection is gone; transactions without a result have an unknown fate, and count as to be tried again.
  public mutating func disconnected() {
    messages = []
    if state != .failed { state = .disconnected }
    for id in transactions.keys.sorted() { events.append(.finished(transaction: id, .tryAgain)) }
    transactions = [:]
    lockRequests = [:]
    for name in locks.keys.sorted() where locks[name] == true {
      locks[name] = false
      events.append(.lock(name: name, isHeld: false))
    }
  }

  /// What is to be sent, oldest first; each is given out once.
  public mutating func takeMessages() -> [JSONValue] {
    let taken = messages
    messages = []
    return taken
  }

  /// What has happened, oldest first; each is given out once.
  public mutating func takeEvents() -> [Event] {
    let taken = events
    events = []
    return taken
  }

  /// Handles one JSON value from the server.
  public mutating func receive(_ message: JSONValue) {
    guard case .object(let object) = message else { return fail(.malformed("message is not an object")) }
    if let method = object["method"]?.text {
      receive(method, object["params"]?.array ?? [], id: object["id"] ?? .null)
    } else if let id = object["id"]?.integer {
      let error = object["error"] ?? .null
      receive(replyTo: id, result: object["result"] ?? .null, error: error.isNull ? nil : error)
    }
  }

  // MARK: requests

  /// Says what is to be kept, in answer to `schemaReceived`, or anew: then the copy is made again.
  public mutating func select(_ selection: ReplicaSelection) {
    self.selection = selection
    lastTransaction = Self.unknownTransaction
    if state == .synchronised { _ = send("monitor_cancel", [monitorID]) }
    if state == .synchronised || state == .awaitingSelection { monitor(.conditionalSince) }
  }

  /// Sends a transaction, and gives its number, which comes back in `finished`.
  ///
  /// Gives nil if it changes nothing, or if there is no connection.
  public mutating func commit(_ edit: Edit) -> Int64? {
    guard state == .synchronised else { return nil }
    let (operations, receipt) = edit.prepare()
    if operations.isEmpty { return nil }
    let id = send("transact", [.string(database)] + operations)
    transactions[id] = receipt
    return id
  }

  /// Asks for a lock (RFC 7047, section 4.1.8); it is asked for again after each reconnection.
  public mutating func lock(_ name: Text) {
    locks[name] = locks[name] ?? false
    guard state == .synchronised else { return }
    lockRequests[send("lock", [.string(name)])] = name
  }

  /// Gives a lock back.
  public mutating func unlock(_ name: Text) {
    guard locks.removeValue(forKey: name) != nil, state == .synchronised else { return }
    _ = send("unlock", [.string(name)])
  }

  /// Forgets which rows have changed, after the owner has acted on them.
  public mutating func forgetChanges() {
    replica?.forgetChanges()
  }

  private mutating func send(_ method: Text, _ parameters: [JSONValue]) -> Int64 {
    let id = nextID
    nextID &+= 1
    var request = JSONObject()
    request["id"] = .integer(id)
    request["method"] = .string(method)
    request["params"] = .array(parameters)
    messages.append(.object(request))
    return id
  }

  private mutating func monitor(_ method: MonitorMethod) {
    guard let schema, let selection else { return }
    var parameters: [JSONValue] = [
      .string(database), monitorID, selection.requests(in: schema, isConditional: method != .plain),
    ]
    if method == .conditionalSince { parameters.append(.string(lastTransaction)) }
    let id = send(method.name, parameters)
    state = .awaitingInitial(id: id, method)
  }

  private var monitorID: JSONValue { .array([.string("monid"), .string(database)]) }

  private mutating func fail(_ error: ReplicaError) {
    state = .failed
    events.append(.failed(error))
  }

  // MARK: what the server sends

  private mutating func receive(_ method: Text, _ parameters: [JSONValue], id: JSONValue) {
    switch method {
    case "echo":
      var reply = JSONObject()
      reply["error"] = .null
      reply["id"] = id
      reply["result"] = .array(parameters)
      messages.append(.object(reply))
    case "update" where parameters.count == 2:
      update(parameters[0], parameters[1], format: .whole)
    case "update2" where parameters.count == 2:
      update(parameters[0], parameters[1], format: .differences)
    case "update3" where parameters.count == 3:
      if parameters[0] == monitorID, let transaction = parameters[1].text { lastTransaction = transaction }
      update(parameters[0], parameters[2], format: .differences)
    case "locked", "stolen":
      guard let name = parameters.first?.text, locks[name] != nil else { return }
      setLock(name, isHeld: method == "locked")
    case "monitor_canceled":
      // The database went away or its schema changed: begin again.
      if parameters.first == monitorID { connected() }
    default:
      break
    }
  }

  private mutating func update(_ monitor: JSONValue, _ updates: JSONValue, format: ReplicaUpdateFormat) {
    guard monitor == monitorID, state == .synchronised, replica != nil else { return }
    do throws(ReplicaError) {
      if try replica?.apply(updates, format: format, isComplete: false) == true { events.append(.changed) }
    } catch {
      fail(error)
    }
  }

  private mutating func receive(replyTo id: Int64, result: JSONValue, error: JSONValue?) {
    if let receipt = transactions.removeValue(forKey: id) {
      events.append(.finished(transaction: id, receipt.outcome(result: result, error: error)))
      return
    }
    if let name = lockRequests.removeValue(forKey: id) {
      if result["locked"]?.bool == true { setLock(name, isHeld: true) }
      return
    }
    switch state {
    case .awaitingSchema(id):
      receive(schema: result, error: error)
    case .awaitingInitial(id, let method):
      receive(initial: result, error: error, of: method)
    default:
      break
    }
  }

  private mutating func receive(schema json: JSONValue, error: JSONValue?) {
    if let error { return fail(.refused(error)) }
    do throws(DatabaseError) {
      let received = try Schema(json)
      if let schema, schema != received { lastTransaction = Self.unknownTransaction }
      schema = received
    } catch {
      return fail(.malformed("schema: \(error.message)"))
    }
    state = .awaitingSelection
    events.append(.schemaReceived)
    if selection != nil { monitor(.conditionalSince) }
  }

  private mutating func receive(initial result: JSONValue, error: JSONValue?, of method: MonitorMethod) {
    if let error {
      guard let next = method.next else { return fail(.refused(error)) }
      return monitor(next)
    }
    var updates = result
    var isComplete = true
    if method == .conditionalSince {
      guard case .array(let parts) = result, parts.count == 3, let isKnown = parts[0].bool,
        let transaction = parts[1].text
      else { return fail(.malformed("reply to monitor_cond_since")) }
      lastTransaction = transaction
      updates = parts[2]
      isComplete = !isKnown
    }
    start(updates, format: method == .plain ? .whole : .differences, isComplete: isComplete)
  }

  private mutating func start(_ updates: JSONValue, format: ReplicaUpdateFormat, isComplete: Bool) {
    guard let schema, let selection else { return }
    var isFirst = false
    if replica == nil || replica?.selection != selection || replica?.schema != schema {
      replica = Replica(schema: schema, selection: selection)
      isFirst = true
    }
    do throws(ReplicaError) {
      let hasChanged = try replica?.apply(updates, format: format, isComplete: isComplete) == true
      state = .synchronised
      events.append(.synchronised)
      if hasChanged || isFirst { events.append(.changed) }
    } catch {
      return fail(error)
    }
    for name in locks.keys.sorted() { lock(name) }
  }

  private mutating func setLock(_ name: Text, isHeld: Bool) {
    guard let old = locks[name], old != isHeld else { return }
    locks[name] = isHeld
    events.append(.lock(name: name, isHeld: isHeld))
  }
}
