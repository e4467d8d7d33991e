import Command
import Host
import JSON
import OVSDB

/// A connection to a server, for one command.
final class Client {
  let invocation: Invocation
  let settings: Settings
  let daemon: Daemon
  let loop = EventLoop()
  private var connection: JSONRPCConnection?
  private var closeReason: JSONRPCConnection.CloseReason?
  private var received: [RPCMessage] = []
  private var lastID: Int64 = 0
  private(set) var server = ""
  /// Whether messages of the server wait until someone says otherwise.
  private(set) var isBlocked = false
  /// How many tables have been printed.
  private var tableCount = 0

  init(_ invocation: Invocation, _ settings: Settings, _ daemon: Daemon) {
    self.invocation = invocation
    self.settings = settings
    self.daemon = daemon
  }

  // MARK: Command lines

  /// Runs the command that the words name.
  func run(_ words: [String]) {
    guard let name = words.first else { invocation.fail("missing command name; use --help for help") }
    if name == "help" {
      StandardOutput.write(invocation.helpText)
      return
    }
    guard let command = ClientCommand.all.first(where: { $0.name == name }) else {
      invocation.fail("unknown command '\(name)'; use --help for help")
    }
    var arguments = Array(words.dropFirst())
    var server = "unix:\(invocation.directories.run)/db.sock"
    if let first = arguments.first, arguments.count > command.minimum, Client.isAddress(first) {
      server = first
      arguments.removeFirst()
    }
    if !command.needsDatabase { checkCount(arguments, command) }
    connect(server)
    var database: Text = ""
    if command.needsDatabase { database = chooseDatabase(&arguments, command) }
    checkCount(arguments, command)
    command.run(self, database, arguments)
  }

  private func checkCount(_ arguments: [String], _ command: ClientCommand) {
    guard arguments.count >= command.minimum, arguments.count <= command.maximum else {
      invocation.fail("invalid syntax for '\(command.name)' (use --help for help)")
    }
  }

  private static func isAddress(_ word: String) -> Bool {
    ["tcp:", "ssl:", "unix:", "ptcp:", "pssl:", "punix:"].contains { word.utf8.starts(with: $0.utf8) }
  }

  private static var defaultDatabase: Text { "Open_vSwitch" }

  private func chooseDatabase(_ arguments: inout [String], _ command: ClientCommand) -> Text {
    let names = (request("list_dbs", []).array ?? []).compactMap { $0.text }
    if let first = arguments.first, names.contains(Text(first)) {
      arguments.removeFirst()
      return Text(first)
    }
    let ordinary = names.filter { $0.utf8.first != UInt8(ascii: "_") }
    if ordinary.count == 1 { return ordinary[0] }
    if ordinary.contains(Self.defaultDatabase) { return Self.defaultDatabase }
    invocation.fail(
      "no default database for `\(command.name)' command, please specify a database name")
  }

  // MARK: Messages

  private func connect(_ server: String) {
    self.server = server
    do throws(StreamAddress.ParseError) {
      let address = try StreamAddress(
        server, defaultPort: StreamAddress.databasePort, runDirectory: invocation.directories.run)
      address.isPassive ? accept(address) : connect(address)
    } catch {
      invocation.fail("failed to connect to \"\(server)\" (Address family not supported by protocol)")
    }
  }

  private func connect(_ address: StreamAddress) {
    var isConnected = false
    do throws(SystemError) {
      let connection = try JSONRPCConnection.connect(to: address, on: loop)
      connection.onConnect = { isConnected = true }
      adopt(connection)
    } catch {
      invocation.fail("failed to connect to \"\(server)\" (\(error.message))")
    }
    while !isConnected && closeReason == nil { loop.runOnce() }
    if let closeReason { invocation.fail("failed to connect to \"\(server)\" (\(closeReason.message))") }
  }

  private func accept(_ address: StreamAddress) {
    var listener: StreamListener?
    do throws(SystemError) {
      listener = try StreamListener(address, on: loop) { [self] stream in adopt(JSONRPCConnection(stream)) }
    } catch {
      invocation.fail("failed to connect to \"\(server)\" (\(error.message))")
    }
    while connection == nil { loop.runOnce() }
    listener?.close()
  }

  private func adopt(_ connection: JSONRPCConnection) {
    self.connection = connection
    connection.onMessage = { [self] json in
      guard let message = try? RPCMessage(json) else {
        invocation.fail("\(server): received bad JSON-RPC message")
      }
      if case .request("echo", let parameters, let id) = message {
        connection.send(RPCMessage.reply(result: .array(parameters), id: id).json)
        return
      }
      received.append(message)
    }
    connection.onClose = { [self] reason in closeReason = reason }
  }

  /// The next message of the server.
  func nextMessage() -> RPCMessage {
    while received.isEmpty || isBlocked {
      if let closeReason, !isBlocked { invocation.fail("\(server): receive failed (\(closeReason.message))") }
      loop.runOnce()
    }
    return received.removeFirst()
  }

  /// Starts the control socket of a program in the background.
  func startControl() -> UnixctlServer {
    let server = daemon.startControl(on: loop)
    server.register("exit") { [self] request in
      request.reply()
      loop.schedule(afterMilliseconds: 10) { [self] in invocation.exit(0) }
    }
    return server
  }

  /// Lets what the server says wait, or no more.
  func setBlocked(_ isBlocked: Bool) {
    self.isBlocked = isBlocked
    if isBlocked { connection?.pause() } else { connection?.resume() }
  }

  /// Sends a request whose reply does not matter.
  func send(_ method: Text, _ parameters: [JSONValue]) {
    lastID += 1
    connection?.send(
      RPCMessage.request(method: method, parameters: parameters, id: .integer(lastID)).json)
  }

  /// Sends a request, and gives its result; an error ends the program.
  func request(_ method: Text, _ parameters: [JSONValue]) -> JSONValue {
    switch attempt(method, parameters) {
    case .reply(let result, _): return result
    case .error(let error, _):
      invocation.fail("transaction returned error: \(error.string(style: .sorted))")
    case .request, .notification: return .null
    }
  }

  /// Sends a request, and gives the reply; other messages wait for `nextMessage`.
  func attempt(_ method: Text, _ parameters: [JSONValue]) -> RPCMessage {
    lastID += 1
    let id = JSONValue.integer(lastID)
    connection?.send(RPCMessage.request(method: method, parameters: parameters, id: id).json)
    var others: [RPCMessage] = []
    while true {
      let message = nextMessage()
      switch message {
      case .reply(_, id), .error(_, id):
        received.insert(contentsOf: others, at: 0)
        return message
      default: others.append(message)
      }
    }
  }

  /// The schema of a database.
  func schema(_ database: Text) -> Schema {
    do throws(DatabaseError) {
      return try Schema(request("get_schema", [.string(database)]))
    } catch { invocation.fail(error.message) }
  }

  // MARK: Output

  func print(_ json: JSONValue) {
    StandardOutput.writeLine(json.string(style: settings.style.isPretty ? .pretty : .sorted))
  }

  func print(_ table: OutputTable) {
    StandardOutput.write(table.text(settings.style, isFirst: tableCount == 0))
    tableCount += 1
  }

  static func cell(_ datum: Datum, _ type: ColumnType) -> TableCell {
    .value(json: datum.json(type), string: datum.displayText(type), bare: datum.bareText(type))
  }
}
