import Vlog
import Command
import Host

/// Asks database servers for databases, schemas, rows and changes.
@main
struct Program {
  static func main() {
    let invocation = Invocation()
    invocation.log.declare(LogModuleNames.ofDatabaseClient)
    invocation.log.set(.warning, destination: .console)
    let settings = Settings()
    let daemon = Daemon(invocation)
    let tls = [
      "private-key", "certificate", "ca-cert", "peer-ca-cert", "bootstrap-ca-cert", "ssl-protocols",
      "ssl-ciphers",
    ]
    let options =
      [
        CommandOption("timestamp") { settings.showsTimes = true },
        CommandOption("force") { settings.isForced = true },
        CommandOption("db-change-aware") { settings.isChangeAware = true },
        CommandOption("no-db-change-aware") { settings.isChangeAware = false },
        invocation.timeoutOption(short: "t"),
      ] + OutputTable.Style.options { $0(&settings.style) } + daemon.options
      + tls.map { CommandOption($0, argument: { (_: String) throws(UsageError) in }) }
    invocation.helpText = Help.text(invocation, daemon)
    let words = invocation.parse(options)
    let client = Client(invocation, settings, daemon)
    invocation.startTimeout(on: client.loop)
    client.run(words)
  }
}

/// What options say.
final class Settings {
  var style = OutputTable.Style()
  var showsTimes = false
  var isForced = false
  var isChangeAware = true
}

/// What is printed; the database has tables of its own.
typealias OutputTable = Command.Table
