import Vlog
import Command
import Host

/// Administers datapaths.
///
/// Where they live in the daemon, each command is one of the daemon's `dpctl/…` commands; where a datapath runs outside
/// of it, as in the driver on Windows, that is asked directly.
@main
struct Program {
  static func main() {
    let invocation = Invocation()
    invocation.log.set(.warning, destination: .console)
    invocation.helpText = help(invocation)
    var target: String?
    var switches: [String] = []
    let options = [
      CommandOption("target") { (text: String) in target = text },
      CommandOption("statistics", short: "s") { switches.append("-s") },
      CommandOption("more", short: "m") { switches.append("-m") },
      CommandOption("names") { switches.append("--names") },
      CommandOption("no-names") { switches.append("--no-names") },
      CommandOption("clear") { switches.append("--clear") },
      CommandOption("may-create") { switches.append("--may-create") },
      CommandOption("read-only") { switches.append("--read-only") },
      invocation.timeoutOption(short: "t"),
    ]
    let words = invocation.parse(options)
    guard let name = words.first else { invocation.fail("missing command name; use --help for help") }
    let arguments = Array(words.dropFirst())
    if name.utf8.elementsEqual("help".utf8) {
      StandardOutput.write(invocation.helpText)
      return
    }
    if name.utf8.elementsEqual("list-commands".utf8) {
      StandardOutput.write(DatapathCommand.table)
      return
    }
    guard let command = DatapathCommand.named(name) else {
      invocation.fail("unknown command '\(name)'; use --help for help")
    }
    if arguments.count < command.minimum {
      invocation.fail("'\(name)' command requires at least \(command.minimum) arguments")
    }
    if let maximum = command.maximum, arguments.count > maximum {
      invocation.fail("'\(name)' command takes at most \(maximum) arguments")
    }
    if target == nil, OutsideDatapath.isSupported {
      return runOutside(invocation, command.name, arguments, switches)
    }
    send(invocation, command.name, switches + command.absolute(arguments), to: target ?? "ovs-vswitchd")
  }

  private static func runOutside(
    _ invocation: Invocation, _ command: String, _ arguments: [String], _ switches: [String]
  ) {
    let datapath: OutsideDatapath
    do throws(SystemError) {
      datapath = try OutsideDatapath.open()
    } catch {
      // Without the driver there are no datapaths, which is no error of who asks for their names.
      if error.isNotFound, command.utf8.elementsEqual("dump-dps".utf8) { return }
      let reason = error.isNotFound ? "No such device" : error.message
      invocation.fail("opening datapath of the driver failed (\(reason))")
    }
    do throws(CommandFailure) {
      StandardOutput.write(try OutsideCommands(datapath, switches: switches).run(command, arguments))
      datapath.close()
    } catch {
      datapath.close()
      invocation.fail(error.text)
    }
  }

  private static func send(
    _ invocation: Invocation, _ command: String, _ arguments: [String], to target: String
  ) {
    let loop = EventLoop()
    invocation.startTimeout(on: loop)
    let connection = ControlConnection(invocation, target: target)
    switch connection.run("dpctl/" + command, arguments, on: loop) {
    case .success(let text): StandardOutput.write(text)
    case .failure(let text):
      // The daemon's text begins with nothing; ours with the program's name, as every error of a command does.
      StandardError.write("\(invocation.programName): " + text)
      Process.exit(1)
    case .disconnected(let reason): invocation.fail("\(connection.path): transaction error (\(reason))")
    }
  }

  private static func help(_ invocation: Invocation) -> String {
    """
    ovs-dpctl: Open vSwitch datapath management utility
    usage: ovs-dpctl [OPTIONS] COMMAND [ARG...]
      add-dp DP [IFACE...]     add new datapath DP (with IFACEs)
      del-dp DP                delete local datapath DP
      add-if DP IFACE...       add each IFACE as a port on DP
      set-if DP IFACE...       reconfigure each IFACE within DP
      del-if DP IFACE...       delete each IFACE from DP
      dump-dps                 display names of all datapaths
      show                     show basic info on all datapaths
      show DP...               show basic info on each DP
      dump-flows [DP]          display flows in DP
      add-flow [DP] FLOW ACTIONS add FLOW with ACTIONS to DP
      add-flows [DP] FILE        add flows from FILE
      mod-flow [DP] FLOW ACTIONS change FLOW actions to ACTIONS in DP
      mod-flows [DP] FILE        change flows from FILE
      get-flow [DP] ufid:UFID    fetch flow corresponding to UFID
      del-flow [DP] FLOW         delete FLOW from DP
      del-flows [DP] [FILE]      delete all or specified flows from DP
    The datapaths are those of the running ovs-vswitchd, which carries the commands out.
    \(invocation.logHelp)
    Options for show and mod-flow:
      -s,  --statistics           print statistics for port or flow

    Options for dump-flows:
      -m, --more                  increase verbosity of output
      --names                     use port names in output

    Options for mod-flow:
      --may-create                create flow if it doesn't exist
      --read-only                 do not run read/write commands
      --clear                     reset existing stats to zero

    Other options:
      --target=TARGET             pidfile or socket of the daemon (default: ovs-vswitchd)
      -t, --timeout=SECS          give up after SECS seconds
      -h, --help                  display this help message
      -V, --version               display version information

    """
  }
}
