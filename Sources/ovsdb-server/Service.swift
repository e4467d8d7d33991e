import Command
import Host
import JSON
import OVSDB

/// A server with its sockets, files and clock.
///
/// What clients send is handled as it comes in; what it leads to is sent at the end of the turn, after durable
/// transactions have reached the disk. One wait for the disk so serves all clients of the turn.
final class Service {
  let invocation: Invocation
  let loop = EventLoop()
  let log: LogModule
  let rpcLog: LogModule
  let store = FileStore()
  let server: Server
  private var connections: [SessionID: JSONRPCConnection] = [:]
  /// Clients that are heard again when they have read what waits for them.
  private var paused: Set<SessionID> = []
  /// How often a client had to wait for that.
  private(set) var pauseCount: UInt64 = 0
  private var isFlushScheduled = false
  private var timer: TimerToken?
  private var timerDue: Int64?
  /// Remotes by what they were given as.
  var remotes: [String: Remote] = [:]
  /// Columns that name remotes, by what they were given as.
  var columns: [String: RemoteColumn] = [:]
  private var needsRemoteUpdate = false
  private var lastTransactionCount: UInt64 = 0
  /// How the command beside the server failed, if it did.
  private(set) var commandFailure: String?

  init(_ invocation: Invocation, _ options: ServerOptions) {
    self.invocation = invocation
    log = invocation.log.module("ovsdb_server")
    rpcLog = invocation.log.module("ovsdb_jsonrpc_server")
    server = Server(
      store: store, generator: UUIDGenerator.seeded(),
      epochOffsetMilliseconds: WallClock.milliseconds - Instant.now.milliseconds)
    server.usesDifferences = options.usesDifferences
  }

  var now: Int64 { loop.now.milliseconds }

  func run(terminationLog: LogModule) {
    do throws(SystemError) {
      try loop.onTermination { [self] signal in
        switch signal {
        case .hangup: return
        default: loop.stop()
        }
        terminationLog.debug("terminating")
      }
    } catch {
      log.warn("cannot watch for signals (\(error.message))")
    }
    loop.run()
    flush()
  }

  /// How often the command beside the server is looked at, in milliseconds.
  private static let commandMilliseconds: Int64 = 10

  /// Starts a command, with which the server ends.
  func runBeside(_ command: String) {
    do throws(SystemError) {
      let child = try ChildProcess(shell: command)
      watch(child, command)
    } catch {
      invocation.fail("\(command): process failed to start (\(error.message))")
    }
  }

  private func watch(_ child: ChildProcess, _ command: String) {
    guard child.poll() else {
      loop.schedule(afterMilliseconds: Self.commandMilliseconds) { [self] in watch(child, command) }
      return
    }
    if let end = child.end, end.status != 0 { commandFailure = "\(command): child exited, \(end.text)" }
    loop.stop()
  }

  func stop() {
    for remote in remotes.values { remote.close() }
    remotes = [:]
    store.close()
  }

  // MARK: Databases

  func openAtStart(_ path: String) {
    do throws(DatabaseError) {
      try open(path)
    } catch {
      invocation.fail(error.message)
    }
  }

  /// Opens a file and offers its database.
  func open(_ path: String) throws(DatabaseError) {
    // To open a file a second time would give up its lock as soon as one of both is closed.
    let resolved = Files.resolved(path)
    for hosted in server.databases
    where store.path(hosted.name.string).map(Files.resolved) == resolved {
      throw DatabaseError(nil, "\(path): already open")
    }
    let (file, loaded) = try DatabaseFile.open(path, generator: UUIDGenerator.seeded(), cutsTail: true)
    if let error = loaded.tailError {
      log.error(error.message)
      log.warn("\(path): cut off what follows the last good record, at offset \(loaded.byteCount)")
    }
    do throws(DatabaseError) {
      try server.add(loaded.database)
    } catch {
      file.close()
      throw error
    }
    store.add(file, loaded.database.schema.name.string)
    scheduleFlush()
  }

  // MARK: Clients

  /// Serves a connection, whoever opened it.
  func serve(_ stream: ByteStream, probes: Bool, onEnd: @escaping () -> Void = {}) {
    guard let id = server.open(now: now, probeMilliseconds: probes ? Self.probeMilliseconds : nil) else {
      rpcLog.warn("\(stream.peerName): connection exceeded maximum (\(Server.sessionLimit))")
      stream.onClose = { _ in onEnd() }
      return stream.close()
    }
    let connection = JSONRPCConnection(stream, limits: .request)
    connections[id] = connection
    connection.onMessage = { [self] message in
      server.receive(message, from: id, now: now)
      if server.outgoingByteCount > Self.turnByteLimit || stream.queuedByteCount > 0 {
        pauseCount &+= 1
        paused.insert(id)
        connection.pause()
      }
      scheduleFlush()
    }
    connection.onDrain = { [self] in scheduleFlush() }
    connection.onClose = { [self] reason in
      if case .notJSON(let error) = reason {
        rpcLog.warn("\(stream.peerName): received bad JSON-RPC message: \(error.message)")
      }
      connections[id] = nil
      paused.remove(id)
      server.close(id, now: now)
      scheduleFlush()
      onEnd()
    }
    scheduleFlush()
  }

  /// Silence after which a client across a network is asked whether it is there, in milliseconds.
  private static let probeMilliseconds: Int64 = 5000

  /// Bytes of a turn's replies after which no further request is handled before they are sent.
  private static let turnByteLimit = 1 << 20

  func scheduleFlush() {
    guard !isFlushScheduled else { return }
    isFlushScheduled = true
    loop.deferWork { [self] in flush() }
  }

  /// Sends what the turn has led to.
  private func flush() {
    isFlushScheduled = false
    do throws(DatabaseError) {
      try store.synchronize()
    } catch {
      // Nobody knows what a disk holds that has refused to say so. Nothing of this turn is acknowledged.
      invocation.fail(error.message)
    }
    sendOutgoing()
    noteHeld()
    for (id, reason) in server.takeClosing() {
      guard let connection = connections[id] else { continue }
      rpcLog.info("\(connection.stream.peerName): disconnecting (\(reason))")
      connection.close()
    }
    if server.transactionCount != lastTransactionCount || needsRemoteUpdate {
      lastTransactionCount = server.transactionCount
      updateDatabaseRemotes()
      needsRemoteUpdate = false
    }
    updateTimer()
    resumePaused()
  }

  private func noteHeld() {
    for (id, connection) in connections {
      server.noteHeld(connection.stream.queuedByteCount, for: id, now: now)
    }
  }

  /// Hears the clients again that have read what they were sent.
  private func resumePaused() {
    for id in paused where connections[id]?.stream.queuedByteCount ?? 0 == 0 {
      paused.remove(id)
      connections[id]?.resume()
    }
  }

  /// Sends messages; those in a row for one client leave as one piece.
  private func sendOutgoing() {
    var pending: [UInt8] = []
    var receiver: SessionID?
    for message in server.takeOutgoing() {
      if message.session != receiver {
        if let receiver { connections[receiver]?.stream.send(pending) }
        receiver = message.session
        pending = message.bytes
      } else {
        pending.append(contentsOf: message.bytes)
      }
    }
    if let receiver { connections[receiver]?.stream.send(pending) }
  }

  // MARK: Time

  private func updateTimer() {
    let due = server.nextDeadline
    guard due != timerDue else { return }
    if let timer { loop.cancel(timer) }
    timerDue = due
    timer = due.map { due in
      loop.schedule(at: Instant(milliseconds: due)) { [self] in
        timerDue = nil
        timer = nil
        noteHeld()
        server.tick(now: now)
        scheduleFlush()
      }
    }
  }

  /// How often files are looked at for compaction, in milliseconds.
  private static let compactionMilliseconds: Int64 = 600_000

  func startTimers() {
    loop.schedule(afterMilliseconds: Self.compactionMilliseconds) { [self] in
      for name in store.grown {
        log.info("\(name): compacting database online")
        compact(Text(name))
      }
      startTimers()
    }
  }

  /// Compacts a database; gives what went wrong.
  @discardableResult
  func compact(_ name: Text) -> DatabaseError? {
    do throws(DatabaseError) {
      try server.compact(
        name, comment: "compacted by ovsdb-server \(Invocation.openVSwitchVersion)", now: now)
      return nil
    } catch {
      log.error(error.message)
      return error
    }
  }

  func remotesMayHaveChanged() {
    needsRemoteUpdate = true
    scheduleFlush()
  }
}
