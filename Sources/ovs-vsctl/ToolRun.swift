// What: one run of the commands of a command line against the database.
//
// How: connect; get the schema, from which the commands select the tables and columns that they need; get these;
// run the commands on a transaction; send it. If somebody else changed what it was based on, or a command waits
// for something, all of it is run again at the next change. Then, unless told otherwise, wait until the switch
// says that it has taken the change up.

import Command
import Host
import JSON
import OVSDB

/// One run of the commands of a command line.
final class ToolRun {
  private enum State {
    /// The copy of the database is not complete, or the commands wait for it to change.
    case waitingForDatabase
    case waitingForResult(TopologyContext, [CommandOutput])
    case waitingForSwitch(Reload)
  }

  /// What a command has printed.
  private struct CommandOutput {
    var text: String
    var table: Command.Table?
    var createdRow: UUID?
  }

  private let invocation: Invocation
  private let options: ToolOptions
  private let commands: [(command: SwitchCommand, invocation: ControlInvocation)]
  private let loop: EventLoop
  private let log: LogModule
  private var connector: DatabaseConnector?
  private var connection: JSONRPCConnection?
  private var session = ReplicaSession(database: "Open_vSwitch")
  private var state = State.waitingForDatabase
  private var isFirstTable = true
  /// Whether the commands need more of the database than in simple cases.
  private var isThorough = false

  init(
    _ invocation: Invocation, _ options: ToolOptions,
    _ commands: [(command: SwitchCommand, invocation: ControlInvocation)], on loop: EventLoop
  ) {
    self.invocation = invocation
    self.options = options
    self.commands = commands
    self.loop = loop
    log = invocation.log.module("vsctl")
  }

  /// Starts to connect.
  func start() {
    log.debug("Called as \(invocation.arguments.joined(separator: " "))")
    let connector = DatabaseConnector(options.database, retries: options.retries, invocation, on: loop)
    self.connector = connector
    connector.onConnect = { [self] connection in connected(connection) }
    connector.connect()
    loop.schedule(afterMilliseconds: Self.patienceMilliseconds) { [self] in explainWait() }
  }

  /// How long to wait before saying for what.
  private static let patienceMilliseconds: Int64 = 5000

  private func explainWait() {
    switch state {
    case .waitingForDatabase, .waitingForResult:
      if connection != nil, !session.isSynchronised {
        log.warn("\(options.database): still waiting for the database server to answer")
      }
    case .waitingForSwitch:
      log.warn(
        "the database is changed; still waiting for ovs-vswitchd to take the change up (is it running? "
          + "--no-wait does not wait)")
    }
  }

  // MARK: the connection

  private func connected(_ connection: JSONRPCConnection) {
    self.connection = connection
    connection.onMessage = { [self] message in
      session.receive(message)
      advance()
    }
    connection.onClose = { [self] reason in
      self.connection = nil
      session.disconnected()
      if case .waitingForSwitch = state { connector?.retries = true }
      connector?.closed(reason.message)
      advance()
    }
    session.connected()
    advance()
  }

  private func advance() {
    for event in session.takeEvents() { handle(event) }
    for message in session.takeMessages() { connection?.send(message) }
  }

  private func handle(_ event: ReplicaSession.Event) {
    switch event {
    case .schemaReceived: select()
    case .synchronised: break
    case .changed: databaseChanged()
    case .finished(_, let outcome): finished(outcome)
    case .lock: break
    case .failed(let error):
      invocation.fail("\(options.database): database connection failed (\(error))")
    }
  }

  // MARK: the commands

  private func names() -> DatabaseNames? {
    session.schema.map { DatabaseNames(schema: $0, records: recordNames()) }
  }

  private func select() {
    guard let names = names() else { return }
    var selection = ReplicaSelection()
    selection.add("Open_vSwitch")
    if options.waitsForSwitch { selection.add("Open_vSwitch", "cur_cfg") }
    for (command, commandInvocation) in commands {
      var preparation = ControlPreparation(
        commandInvocation, names: names, selection: selection, isThorough: isThorough)
      do throws(ControlError) {
        try command.prepare(&preparation)
      } catch {
        fail(error)
      }
      selection = preparation.selection
    }
    session.select(selection)
  }

  private func databaseChanged() {
    switch state {
    case .waitingForDatabase: attempt()
    case .waitingForResult: break
    case .waitingForSwitch(let reload): check(reload)
    }
  }

  /// Runs all commands on the present copy, and sends what they change.
  private func attempt() {
    guard let replica = session.replica, let names = names() else { return }
    let context = TopologyContext(replica, names: names)
    context.edit.comment(
      "\(invocation.programName): \(invocation.arguments.joined(separator: " "))")
    if options.waitsForSwitch { context.edit.increment(context.root, "next_cfg") } else { _ = context.root }
    var outputs: [CommandOutput] = []
    do throws(ControlError) {
      for (command, commandInvocation) in commands {
        context.begin(commandInvocation)
        try command.run(context)
        if context.mustTryAgain { return }
        outputs.append(
          CommandOutput(text: context.output, table: context.table, createdRow: context.createdRow))
      }
      try context.checkRowNames()
    } catch {
      if context.needsMore, !isThorough {
        isThorough = true
        return select()
      }
      fail(error)
    }
    for warning in context.warnings { log.warn(warning) }
    if options.isDryRun { return finish(outputs) }
    guard context.edit.hasChanges else { return finish(outputs) }
    log.info("Called as \(invocation.arguments.joined(separator: " "))")
    state = .waitingForResult(context, outputs)
    if session.commit(context.edit) == nil { state = .waitingForDatabase }
  }

  private func finished(_ outcome: Edit.Outcome) {
    guard case .waitingForResult(let context, var outputs) = state else { return }
    switch outcome {
    case .tryAgain:
      state = .waitingForDatabase
      // The change that came in between may have been told before.
      if session.isSynchronised { attempt() }
    case .error(let error):
      invocation.fail("transaction error: \(error.string(style: .sorted))")
    case .success(let results):
      for (index, (command, commandInvocation)) in commands.enumerated() {
        guard let finish = command.finish else { continue }
        context.begin(commandInvocation)
        context.output = outputs[index].text
        context.createdRow = outputs[index].createdRow
        finish(context, results)
        outputs[index].text = context.output
      }
      guard options.waitsForSwitch, let number = results.incrementedValue else { return finish(outputs) }
      print(outputs)
      let reload = Reload(number: number, context: context, results: results)
      state = .waitingForSwitch(reload)
      check(reload)
    }
  }

  private func check(_ reload: Reload) {
    guard let replica = session.replica, reload.isDone(replica) else { return }
    let errors = reload.errors(replica)
    if errors.isEmpty { Process.exit(0) }
    for error in errors { StandardError.writeLine("\(invocation.programName): \(error)") }
    StandardError.writeLine(
      "\(invocation.programName): The default log directory is \"\(invocation.directories.log)\".")
    Process.exit(Reload.failureStatus)
  }

  // MARK: the end

  private func fail(_ error: ControlError) -> Never {
    if let message = error.message { invocation.fail(message, status: error.exitStatus) }
    Process.exit(error.exitStatus)
  }

  private func finish(_ outputs: [CommandOutput]) {
    print(outputs)
    Process.exit(0)
  }

  private func print(_ outputs: [CommandOutput]) {
    var text = ""
    for output in outputs {
      if let table = output.table {
        text += table.text(options.tableStyle, isFirst: isFirstTable)
        isFirstTable = false
      } else if options.isOneLine {
        text += Self.oneLine(output.text) + "\n"
      } else {
        text += output.text
      }
    }
    StandardOutput.write(text)
  }

  /// Several lines as one, in which `\n` stands for a new line and `\\` for a backslash.
  private static func oneLine(_ text: String) -> String {
    var bytes = Array(text.utf8)
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    var line: [UInt8] = []
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "\n"): line += Array("\\n".utf8)
      case UInt8(ascii: "\\"): line += Array("\\\\".utf8)
      default: line.append(byte)
      }
    }
    return String(decoding: line, as: UTF8.self)
  }
}
