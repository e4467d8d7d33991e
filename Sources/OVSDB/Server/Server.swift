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
  /// Most memory for the waiting transactions of a client, in bytes.
  public static var triggerByteLimit: Int { 64 << 20 }
  /// Most clients at a time; as Open vSwitch has it.
  public static var sessionLimit: Int { 330 }

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
  /// Most bytes that may wait to be sent to all clients together; the client with most of them is disconnected.
  public var backlogByteLimit = 512 << 20
  /// Whether the server refuses changes.
  public var isReadOnly = false
  /// Transactions executed.
  public internal(set) var transactionCount: UInt64 = 0
  /// Clients not let in since there were too many.
  public internal(set) var refusedSessionCount: UInt64 = 0
  /// Clients disconnected since they read too slowly.
  public internal(set) var slowSessionCount: UInt64 = 0
  /// Bytes in `outgoing`.
  public private(set) var outgoingByteCount = 0
  /// Bytes that the caller holds for clients.
  private var heldByteCount = 0

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

  /// Lets a client in; none if there are too many.
  public func open(
    now: Int64, isReadOnly: Bool = false, probeMilliseconds: Int64? = nil
  ) -> SessionID? {
    guard sessions.count < Self.sessionLimit else {
      refusedSessionCount &+= 1
      return nil
    }
    lastSession += 1
    let id = SessionID(number: lastSession)
    sessions[id] = ServerSession(
      id: id, isReadOnly: isReadOnly, probeMilliseconds: probeMilliseconds, lastHeardMilliseconds: now)
    return id
  }

  /// Forgets a client that has gone.
  public func close(_ id: SessionID, now: Int64) {
    guard let session = sessions.removeValue(forKey: id) else { return }
    heldByteCount -= session.heldByteCount
    for lock in session.locks {
      if let owner = locks.unlock(lock, id) { notify(owner, "locked", lock) }
    }
    for database in databases { database.triggers.removeAll { $0.session == id } }
    closing.removeAll { $0.session == id }
  }

  /// Handles a message of a client.
  public func receive(_ json: JSONValue, from id: SessionID, now: Int64) {
    guard let session = sessions[id], !session.isClosing else { return }
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
    guard let session = sessions[id], !session.isClosing else { return }
    sessions[id]?.isClosing = true
    closing.append((id, reason))
  }

  /// Takes the messages to send.
  public func takeOutgoing() -> [Outgoing] {
    let taken = outgoing
    outgoing = []
    outgoingByteCount = 0
    for message in taken { sessions[message.session]?.outgoingByteCount = 0 }
    return taken
  }

  /// Notes how many of the bytes taken before the caller still holds for a client.
  ///
  /// A client that reads them is there, though its answer to a probe may lie behind what is not read yet.
  public func noteHeld(_ byteCount: Int, for id: SessionID, now: Int64) {
    guard let session = sessions[id], !session.isSlow, session.heldByteCount != byteCount else { return }
    if byteCount < session.heldByteCount {
      sessions[id]?.lastHeardMilliseconds = now
      sessions[id]?.isProbed = false
    }
    heldByteCount += byteCount - session.heldByteCount
    sessions[id]?.heldByteCount = byteCount
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
    // What waited for a client that reads too slowly has been dropped, so nothing can follow it.
    guard sessions[session]?.isSlow == false else { return }
    let bytes = message.bytes
    while heldByteCount + outgoingByteCount + bytes.count > backlogByteLimit, let slowest {
      dropSlow(slowest)
      if slowest == session { return }
    }
    sessions[session]?.outgoingByteCount += bytes.count
    outgoingByteCount += bytes.count
    outgoing.append(Outgoing(session: session, bytes: bytes))
  }

  /// The client for which most bytes wait, if any do.
  private var slowest: SessionID? {
    var found: ServerSession?
    for session in sessions.values where session.backlogByteCount > found?.backlogByteCount ?? 0 {
      found = session
    }
    return found?.id
  }

  /// Disconnects a client, and forgets what waits for it.
  private func dropSlow(_ id: SessionID) {
    disconnect(id, "more than \(backlogByteLimit) bytes wait for clients, most of them for this one")
    slowSessionCount &+= 1
    outgoing.removeAll { $0.session == id }
    outgoingByteCount -= sessions[id]?.outgoingByteCount ?? 0
    sessions[id]?.outgoingByteCount = 0
    heldByteCount -= sessions[id]?.heldByteCount ?? 0
    sessions[id]?.heldByteCount = 0
    sessions[id]?.isSlow = true
    sessions[id]?.monitors = []
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
