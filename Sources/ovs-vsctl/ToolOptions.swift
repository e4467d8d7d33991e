import Vlog
import Command
import Host
import JSON

/// What the command line says besides the commands.
final class ToolOptions {
  /// Where the database server is.
  var database: String
  /// Whether to wait until the switch has taken up the changes.
  var waitsForSwitch = true
  /// Whether to print what would be done, and not do it.
  var isDryRun = false
  /// Whether each command prints exactly one line.
  var isOneLine = false
  /// Whether to go on trying to connect.
  var retries = false
  /// How tables are printed.
  var tableStyle = Command.Table.Style(format: .list)
  /// Options of the first command.
  var commandOptions: [ControlInvocation.Option] = []
  /// Whether to list the commands, or the options, and end.
  var listsCommands = false
  var listsOptions = false

  init(_ invocation: Invocation) {
    database = "unix:\(invocation.directories.run)/db.sock"
  }

  /// The program's own options, and those of commands, which may stand among them for the first command.
  func options(_ invocation: Invocation, commandOptions names: [String]) -> [CommandOption] {
    var options = [
      CommandOption("db") { [self] (text: String) in database = text },
      CommandOption("no-syslog") {
        invocation.log.set(.warning, module: invocation.log.module("vsctl"), destination: .syslog)
      },
      CommandOption("no-wait") { [self] in waitsForSwitch = false },
      CommandOption("dry-run") { [self] in isDryRun = true },
      CommandOption("oneline") { [self] in isOneLine = true },
      invocation.timeoutOption(short: "t"),
      CommandOption("retry") { [self] in retries = true },
      CommandOption("commands") { [self] in listsCommands = true },
      CommandOption("options") { [self] in listsOptions = true },
      // There is one server, so nothing depends on which of a cluster answers.
      CommandOption("leader-only") {}, CommandOption("no-leader-only") {},
      CommandOption("shuffle-remotes") {}, CommandOption("no-shuffle-remotes") {},
    ]
    options += Command.Table.Style.options { [self] change in change(&tableStyle) }
    options += Self.securityOptions
    for name in names { options.append(commandOption(name)) }
    return options
  }

  /// An option of a command: its name begins with two dashes, and ends with `=` if it takes an argument.
  private func commandOption(_ name: String) -> CommandOption {
    let bytes = Array(name.utf8)
    let takesArgument = bytes.last == UInt8(ascii: "=")
    let bare = String(decoding: bytes[2..<(bytes.count - (takesArgument ? 1 : 0))], as: UTF8.self)
    if takesArgument {
      return CommandOption(bare) { [self] (text: String) in
        add(ControlInvocation.Option("--\(bare)", argument: text))
      }
    }
    return CommandOption(bare) { [self] in
      add(ControlInvocation.Option("--\(bare)"))
    }
  }

  private func add(_ option: ControlInvocation.Option) {
    let isKnown = commandOptions.contains { Text($0.name) == Text(option.name) }
    if !isKnown { commandOptions.append(option) }
  }

  /// Keys and certificates, which connections without TLS do not need.
  private static var securityOptions: [CommandOption] {
    [
      CommandOption("private-key", short: "p") { (_: String) in },
      CommandOption("certificate", short: "c") { (_: String) in },
      CommandOption("ca-cert", short: "C") { (_: String) in },
      CommandOption("ssl-protocols") { (_: String) in },
      CommandOption("ssl-ciphers") { (_: String) in },
      CommandOption("ssl-ciphersuites") { (_: String) in },
      CommandOption("bootstrap-ca-cert") { (_: String) in },
      CommandOption("peer-ca-cert") { (_: String) in },
    ]
  }
}
