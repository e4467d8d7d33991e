import Vlog
import Command
import Host

/// Queries and controls a running daemon over its control socket.
@main
struct Program {
  static func main() {
    let invocation = Invocation()
    invocation.log.set(.warning, destination: .console)
    invocation.helpText = help
    var target = "ovs-vswitchd"
    let options = [
      CommandOption("target", short: "t") { (text: String) in target = text },
      CommandOption("execute", short: "e") {},
      invocation.timeoutOption(short: "T"),
    ]
    // What follows the command belongs to the command, even if it begins with a dash.
    let words = invocation.parse(options, stopsAtFirstWord: true)
    guard let command = words.first else {
      invocation.fail("at least one non-option argument is required (use --help for help)")
    }
    let loop = EventLoop()
    invocation.startTimeout(on: loop)
    let connection = ControlConnection(invocation, target: target)
    switch connection.run(command, Array(words.dropFirst()), on: loop) {
    case .success(let text): StandardOutput.write(text)
    case .failure(let text):
      StandardError.write(text)
      StandardError.writeLine("\(invocation.programName): \(target): server returned an error")
      Process.exit(2)
    case .disconnected(let reason):
      invocation.fail("\(connection.path): transaction error (\(reason))")
    }
  }

  private static let help = """
    ovs-appctl, for querying and controlling Open vSwitch daemon
    usage: ovs-appctl [TARGET] COMMAND [ARG...]
    Targets:
      -t, --target=TARGET  pidfile or socket to contact
    Common commands:
      list-commands      List commands supported by the target
      version            Print version of the target
      vlog/list          List current logging levels
      vlog/list-pattern  List logging patterns for each destination.
      vlog/set [SPEC]
          Set log levels as detailed in SPEC, which may include:
          A valid module name (all modules, by default)
          'syslog', 'console', 'file' (all destinations, by default))
          'off', 'emer', 'err', 'warn', 'info', or 'dbg' ('dbg', bydefault)
      vlog/reopen        Make the program reopen its log file
    Other options:
      --timeout=SECS     wait at most SECS seconds for a response
      -h, --help         Print this helpful information
      -V, --version      Display ovs-appctl version information

    """
}
