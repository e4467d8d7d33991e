import Command
import Host
import JSON
import OVSDB

extension Service {
  /// Offers the commands of the control socket.
  func registerCommands(_ control: UnixctlServer) {
    control.register("exit") { [self] request in
      request.reply()
      loop.stop()
    }
    registerDatabaseCommands(control)
    registerRemoteCommands(control)
    control.register("memory/show") { [self] request in request.reply(memoryReport + "\n") }
    control.register("ovsdb-server/sync-status") { $0.reply("state: active\n") }
  }

  private func registerDatabaseCommands(_ control: UnixctlServer) {
    control.register("ovsdb-server/list-dbs") { [self] request in
      request.reply(server.databases.map { $0.name.string + "\n" }.joined())
    }
    control.register("ovsdb-server/add-db", usage: "DB", minimum: 1, maximum: 1) { [self] request in
      do throws(DatabaseError) {
        try open(request.arguments[0])
        request.reply()
      } catch {
        request.fail(error.message)
      }
    }
    control.register("ovsdb-server/remove-db", usage: "DB", minimum: 1, maximum: 1) { [self] request in
      let name = request.arguments[0]
      guard server.database(Text(name)) != nil else {
        return request.fail("Failed to find the database.")
      }
      do throws(DatabaseError) {
        try server.remove(Text(name))
        store.remove(name)
        remotesMayHaveChanged()
        request.reply()
      } catch {
        request.fail(error.details)
      }
    }
    control.register("ovsdb-server/compact", usage: "[DB]", maximum: 1) { [self] request in
      compact(request)
    }
    control.register("ovsdb-server/get-db-storage-status", usage: "DB", minimum: 1, maximum: 1) {
      [self] request in
      guard server.database(Text(request.arguments[0])) != nil else {
        return request.fail("Failed to find the database.")
      }
      request.reply("status: ok\n")
    }
  }

  private func compact(_ request: UnixctlRequest) {
    let named = request.arguments.first.map { Text($0) }
    var failures = ""
    var count = 0
    for hosted in server.databases where named.map({ $0 == hosted.name }) ?? !hosted.isReserved {
      count += 1
      if hosted.isReserved { return request.fail("cannot compact built-in databases") }
      log.info("compacting \(hosted.name) database by user request")
      if let error = compact(hosted.name) { failures += error.message + "\n" }
    }
    if count == 0 && named != nil { return request.fail("no database by that name") }
    if failures.isEmpty { request.reply() } else { request.fail(failures) }
  }

  private func registerRemoteCommands(_ control: UnixctlServer) {
    control.register("ovsdb-server/add-remote", usage: "REMOTE", minimum: 1, maximum: 1) { [self] request in
      do throws(UsageError) {
        try addRemote(request.arguments[0])
        request.reply()
      } catch {
        request.fail(error.message)
      }
    }
    control.register("ovsdb-server/remove-remote", usage: "REMOTE", minimum: 1, maximum: 1) {
      [self] request in
      if removeRemote(request.arguments[0]) { request.reply() } else { request.fail("no such remote") }
    }
    control.register("ovsdb-server/list-remotes") { [self] request in
      request.reply(remoteNames.sorted().map { $0 + "\n" }.joined())
    }
    control.register("ovsdb-server/reconnect") { [self] request in
      server.disconnectAll("user ran ovsdb-server/reconnect")
      scheduleFlush()
      request.reply()
    }
  }

  private var memoryReport: String {
    let atoms = server.databases.reduce(0) { $0 + $1.database.atomCount }
    let cells = server.databases.reduce(0) { $0 + $1.database.cellCount }
    var report = "atoms:\(atoms) cells:\(cells) monitors:\(server.monitorCount)"
    if server.sessionCount > 0 { report += " sessions:\(server.sessionCount)" }
    if server.triggerCount > 0 { report += " triggers:\(server.triggerCount)" }
    for (name, count) in [
      ("paused", pauseCount), ("refused", server.refusedSessionCount), ("slow", server.slowSessionCount),
    ] where count > 0 { report += " \(name):\(count)" }
    return report
  }
}
