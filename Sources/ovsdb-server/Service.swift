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
  private var isFlushScheduled = false
  private var timer: TimerToken?
  private var timerDue: Int64?
  /// Remotes by what they were given as.
  var remotes: [String: Remote] = [:]
  /// Columns that name remotes, by what they were given as.
  var columns: [String: RemoteColumn] = [:]
  private var needsRemoteUpdate = false
  private var lastTransactionCount: UInt64 = 0

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
    for hosted in server.databases where store.path(hosted.name.string) == path {
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
    let connection = JSONRPCConnection(stream)
    let id = server.open(now: now, probeMilliseconds: probes ? Self.probeMilliseconds : nil)
    connections[id] = connection
    connection.onMessage = { [self] message in
      server.receive(message, from: id, now: now)
      scheduleFlush()
    }
    connection.onClose = { [self] reason in
      if case .notJSON(let error) = reason {
        rpcLog.warn("\(stream.peerName): received bad JSON-RPC message: \(error.message)")
      }
      connections[id] = nil
      server.close(id, now: now)
      scheduleFlush()
      onEnd()
    }
    scheduleFlush()
  }

  /// Silence after which a client across a network is asked whether it is there, in milliseconds.
  private static let probeMilliseconds: Int64 = 5000

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
