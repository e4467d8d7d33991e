import Command
import Host

/// The program's own options.
final class ServerOptions {
  /// What `--remote` said, in order.
  private(set) var remotes: [String] = []
  /// The command that the server runs beside it, and with which it ends.
  private(set) var command: String?
  /// Whether changed columns are written as differences.
  private(set) var usesDifferences = true

  var all: [CommandOption] {
    let ignored = [
      "private-key", "certificate", "ca-cert", "peer-ca-cert", "bootstrap-ca-cert", "ssl-protocols",
      "ssl-ciphers",
    ]
    let letters: [String: Character] = ["private-key": "p", "certificate": "c", "ca-cert": "C"]
    // Start scripts always give the options of TLS, whether a remote uses it or not.
    return [
      CommandOption("remote") { [self] (remote: String) in remotes.append(remote) },
      CommandOption("run") { [self] (text: String) throws(UsageError) in
        guard ChildProcess.isPresent else { throw UsageError("--run is not to be had on this system") }
        command = text
      },
      CommandOption("disable-file-column-diff") { [self] in usesDifferences = false },
    ]
      + ignored.map { name in
        CommandOption(name, short: letters[name], argument: { (_: String) throws(UsageError) in })
      }
  }

  static func help(_ invocation: Invocation, _ daemon: Daemon, defaultDatabase: String) -> String {
    """
    ovsdb-server: Open vSwitch database server
    usage: ovsdb-server [OPTIONS] [DATABASE...]
    where each DATABASE is a database file in ovsdb format.
    The default DATABASE, if none is given, is
    \(defaultDatabase).

    JSON-RPC options (may be specified any number of times):
      --remote=REMOTE         connect or listen to REMOTE

    Active JSON-RPC connection methods:
      tcp:HOST:PORT           PORT at remote HOST
      unix:FILE               Unix domain socket named FILE
    Passive JSON-RPC connection methods:
      ptcp:PORT[:IP]          listen to TCP PORT on IP
      punix:FILE              listen on Unix domain socket FILE
    Remotes of a database:
      db:DB,TABLE,COLUMN      those that COLUMN of TABLE in DB names
    \(daemon.help)\(invocation.logHelp)
    Other options:
      --unixctl=SOCKET        override default control socket name
      --run=COMMAND           run COMMAND beside the server, and end with it
      --disable-file-column-diff
                              don't use column diff in database file
      -h, --help              display this help message
      -V, --version           display version information

    """
  }
}
