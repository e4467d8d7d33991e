public import JSON

/// A database server without its sockets, files and clock.
///
/// What: messages and the time go in; messages, and records for the journal, come out. How: a request is
/// handled at once and in full. What it leads to is queued in `outgoing`, which the caller sends after the
/// store has made durable what has to be; so nothing is acknowledged that could be lost.
public final class Server {
  /// A message on its way to a client.
  public struct Outgoing {
    /// The client.
    public let session: SessionID
    /// The message.
    public let bytes: [UInt8]
  }

  /// Most monitors that a client may have.
  public static var monitorLimit: Int { 1000 }
  /// Most locks that a client may hold and wait for.
  public static var lockLimit: Int { 1000 }
  /// Most transactions of a client that may wait.
  public static var triggerLimit: Int { 1000 }

  /// The name of this run of the server.
  public let id: UUID
  /// Messages to send, in order.
  public internal(set) var outgoing: [Outgoing] = []
  /// Clients to disconnect, with the reason for the log.
  public internal(set) var closing: [(session: SessionID, reason: String)] = []
  /// The databases in the order of their names.
  public internal(set) var databases: [HostedDatabase] = []
  /// Whether changed columns are written to journals as differences.
  public var usesDifferences = true
  /// Whether the server refuses changes.
  public var isReadOnly = false
  /// Transactions executed.
  public internal(set) var transactionCount: UInt64 = 0

  let store: any JournalStore
  var sessions: [SessionID: ServerSession] = [:]
  var locks = LockTable()
  var generator: UUIDGenerator
  /// Milliseconds since 1970 less the milliseconds of the monotonic clock.
  private let epochOffsetMilliseconds: Int64
  private var lastSession: UInt64 = 0

  /// Makes a server with only the database `_Server`.
  ///
  /// - Parameter epochOffsetMilliseconds: What is added to a time to have it since 1970.
  public init(store: any JournalStore, generator: UUIDGenerator, epochOffsetMilliseconds: Int64) {
    self.store = store
    self.generator = generator
    self.epochOffsetMilliseconds = epochOffsetMilliseconds
    id = self.generator.next()
    databases = [HostedDatabase(ServerDatabase.make(&self.generator), isReserved: true)]
    updateServerDatabase()
  }

  /// A database by its name.
  public func database(_ name: Text) -> HostedDatabase? {
    databases.first { $0.name == name }
  }

  /// Number of clients.
  public var sessionCount: Int { sessions.count }
  /// Number of monitors of all clients.
  public var monitorCount: Int { sessions.values.reduce(0) { $0 + $1.monitors.count } }
  /// Number of transactions that wait.
  public var triggerCount: Int { databases.reduce(0) { $0 + $1.triggers.count } }

  func date(_ now: Int64) -> Int64 { now &+ epochOffsetMilliseconds }

  // MARK: Clients

  /// Lets a client in.
  public func open(
    now: Int64, isReadOnly: Bool = false, probeMilliseconds: Int64? = nil
  ) -> SessionID {
    lastSession += 1
    let id = SessionID(number: lastSession)
    sessions[id] = ServerSession(
      id: id, isReadOnly: isReadOnly, probeMilliseconds: probeMilliseconds, lastHeardMilliseconds: now)
    return id
  }

  /// Forgets a client that has gone.
  public func close(_ id: SessionID, now: Int64) {
    guard let session = sessions.removeValue(forKey: id) else { return }
    for lock in session.locks {
      if let owner = locks.unlock(lock, id) { notify(owner, "locked", lock) }
    }
    for database in databases { database.triggers.removeAll { $0.session == id } }
    closing.removeAll { $0.session == id }
  }

  /// Handles a message of a client.
  public func receive(_ json: JSONValue, from id: SessionID, now: Int64) {
    guard sessions[id] != nil else { return }
    sessions[id]?.lastHeardMilliseconds = now
    sessions[id]?.isProbed = false
    do throws(RPCError) {
      switch try RPCMessage(json) {
      case .request(let method, let parameters, let requestID):
        handle(method, parameters, id, requestID, now)
      case .notification(let method, let parameters):
        if method == "cancel" { cancel(parameters, id) }
      case .reply(_, let replyID), .error(_, let replyID):
        // Only the server's own probe is ever answered.
        guard replyID == "echo" else {
          disconnect(id, "received unexpected reply message")
          return
        }
      }
    } catch {
      disconnect(id, "received bad JSON-RPC message: \(error.message)")
    }
  }

  /// Asks for a client to be disconnected.
  func disconnect(_ id: SessionID, _ reason: String) {
    guard !closing.contains(where: { $0.session == id }) else { return }
    closing.append((id, reason))
  }

  /// Takes the messages to send.
  public func takeOutgoing() -> [Outgoing] {
    let taken = outgoing
    outgoing = []
    return taken
  }

  /// Takes the clients to disconnect.
  public func takeClosing() -> [(session: SessionID, reason: String)] {
    let taken = closing
    closing = []
    return taken
  }

  // MARK: Time

  /// When `tick` is next due; none if nothing waits for the time.
  public var nextDeadline: Int64? {
    var deadline: Int64?
    func consider(_ time: Int64?) {
      if let time { deadline = min(deadline ?? time, time) }
    }
    for database in databases {
      for trigger in database.triggers { consider(trigger.deadlineMilliseconds) }
    }
    for session in sessions.values {
      consider(
        session.probeMilliseconds.map { session.lastHeardMilliseconds + $0 * (session.isProbed ? 2 : 1) })
    }
    return deadline
  }

  /// Does what is due.
  public func tick(now: Int64) {
    for database in databases
    where database.triggers.contains(where: { ($0.deadlineMilliseconds ?? .max) <= now }) {
      retryTriggers(of: database, now: now)
    }
    for session in sessions.values {
      guard let probe = session.probeMilliseconds else { continue }
      let silence = now - session.lastHeardMilliseconds
      if session.isProbed && silence >= 2 * probe {
        disconnect(session.id, "no response to inactivity probe after \(probe / 1000) seconds")
      } else if !session.isProbed && silence >= probe {
        sessions[session.id]?.isProbed = true
        send(.request(method: "echo", parameters: [], id: "echo"), to: session.id)
      }
    }
  }

  // MARK: Messages

  func send(_ message: RPCMessage, to session: SessionID) {
    outgoing.append(Outgoing(session: session, bytes: message.bytes))
  }

  func reply(_ result: JSONValue, to session: SessionID, _ id: JSONValue) {
    send(.reply(result: result, id: id), to: session)
  }

  func refuse(_ error: DatabaseError, _ session: SessionID, _ id: JSONValue) {
    send(.error(error.json, id: id), to: session)
  }

  func notify(_ session: SessionID, _ method: Text, _ lock: Text) {
    send(.notification(method: method, parameters: [.string(lock)]), to: session)
  }
}
