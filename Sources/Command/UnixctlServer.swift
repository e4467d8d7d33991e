// What: the control socket of a running program, which `ovs-appctl` talks to: JSON-RPC requests whose method is a
// command and whose parameters are its arguments, answered with a text or an error.

public import Host
import JSON

/// A command that came in over the control socket and awaits its answer.
public final class UnixctlRequest {
  /// The arguments, without the command.
  public let arguments: [String]
  private var answer: ((String, Bool) -> Void)?

  init(_ arguments: [String], answer: @escaping (String, Bool) -> Void) {
    self.arguments = arguments
    self.answer = answer
  }

  /// Answers that the command succeeded.
  public func reply(_ text: String = "") { finish(text, true) }

  /// Answers that the command failed.
  public func fail(_ text: String) { finish(text, false) }

  private func finish(_ text: String, _ isSuccess: Bool) {
    let answer = self.answer
    self.answer = nil
    answer?(text, isSuccess)
  }
}

/// The commands that a program offers, and the socket at which it does.
public final class UnixctlServer {
  private struct Command {
    var name: String
    var usage: String
    var minimum: Int
    var maximum: Int
    var run: (UnixctlRequest) -> Void
  }

  private var commands: [Command] = []
  private var listener: StreamListener?
  private let log: LogModule

  /// Offers `list-commands` and `version`, to begin with, at no socket yet.
  public init(log: Log, versionText: String) {
    self.log = log.module("unixctl")
    register("list-commands") { [self] request in request.reply(commandTable) }
    register("version") { $0.reply(versionText) }
  }

  /// Adds a command.
  ///
  /// `usage` says its arguments in words; `maximum` nil means any number.
  public func register(
    _ name: String, usage: String = "", minimum: Int = 0, maximum: Int? = 0,
    _ run: @escaping (UnixctlRequest) -> Void
  ) {
    let command = Command(name: name, usage: usage, minimum: minimum, maximum: maximum ?? .max, run: run)
    let place = commands.firstIndex { !$0.name.utf8.lexicographicallyPrecedes(name.utf8) } ?? commands.count
    if place < commands.count, sameBytes(commands[place].name, name) {
      commands[place] = command
    } else {
      commands.insert(command, at: place)
    }
  }

  /// Listens at a path.
  public func listen(path: String, on loop: EventLoop) throws(SystemError) {
    guard let address = try? StreamAddress("punix:" + path, defaultPort: 0, runDirectory: "") else { return }
    listener = try StreamListener(address, on: loop) { [self] stream in
      let connection = JSONRPCConnection(stream)
      // The closure keeps the connection until it has ended.
      connection.onMessage = { [self] value in receive(value, from: connection) }
    }
  }

  /// Stops listening and removes the socket's file.
  public func close() {
    listener?.close()
    listener = nil
  }

  /// Runs one command, as if it had come over the socket; the answer and whether it succeeded go to `completion`.
  public func run(_ name: String, _ arguments: [String], completion: @escaping (String, Bool) -> Void) {
    guard let command = commands.first(where: { sameBytes($0.name, name) }) else {
      return completion(
        "\"\(name)\" is not a valid command (use \"list-commands\" to see a list of valid commands)", false)
    }
    if arguments.count < command.minimum {
      return completion("\"\(name)\" command requires at least \(command.minimum) arguments", false)
    }
    if arguments.count > command.maximum {
      return completion("\"\(name)\" command takes at most \(command.maximum) arguments", false)
    }
    command.run(UnixctlRequest(arguments, answer: completion))
  }

  private func receive(_ value: JSONValue, from connection: JSONRPCConnection) {
    guard let method = value["method"]?.text, let parameters = value["params"]?.array,
      let identifier = value["id"], !identifier.isNull
    else {
      log.warn("\(connection.stream.peerName): bad request")
      return connection.close()
    }
    var arguments: [String] = []
    for parameter in parameters {
      guard let text = parameter.text else {
        return answer(connection, identifier, "\"\(method.string)\" command has non-string argument", false)
      }
      arguments.append(text.string)
    }
    log.debug(
      "received request \(method.string)[\(arguments.map { "\"" + $0 + "\"" }.joined(separator: ", "))]")
    run(method.string, arguments) { [self] text, isSuccess in
      answer(connection, identifier, text, isSuccess)
    }
  }

  private func answer(
    _ connection: JSONRPCConnection, _ identifier: JSONValue, _ text: String, _ isSuccess: Bool
  ) {
    // A person reads whole lines.
    let complete = text.utf8.isEmpty || text.utf8.last == 0x0a ? text : text + "\n"
    let result: JSONValue = isSuccess ? .string(Text(complete)) : .null
    let error: JSONValue = isSuccess ? .null : .string(Text(complete))
    connection.send(["id": identifier, "result": result, "error": error])
  }

  private var commandTable: String {
    var text = "The available commands are:\n"
    for command in commands {
      text += "  " + command.name.padded(toWidth: 23, onRight: true) + " " + command.usage + "\n"
    }
    return text
  }
}
