import Command
import Host

/// The text of `--help`.
enum Help {
  static func text(_ invocation: Invocation, _ daemon: Daemon) -> String {
    """
    ovsdb-client: Open vSwitch database JSON-RPC client
    usage: ovsdb-client [OPTIONS] COMMAND [ARG...]

    Valid commands are:
      list-dbs [SERVER]
      get-schema [SERVER] [DATABASE]
      get-schema-version [SERVER] [DATABASE]
      get-schema-cksum [SERVER] [DATABASE]
      list-tables [SERVER] [DATABASE]
      list-columns [SERVER] [DATABASE] [TABLE]
      transact [SERVER] TRANSACTION
      query [SERVER] TRANSACTION
      monitor [SERVER] [DATABASE] TABLE [COLUMN,...]...
      monitor [SERVER] [DATABASE] ALL
      monitor-cond [SERVER] [DATABASE] CONDITION TABLE [COLUMN,...]...
      monitor-cond-since [SERVER] [DATABASE] [LASTID] CONDITION TABLE [COLUMN,...]...
      convert [SERVER] SCHEMA
      needs-conversion [SERVER] SCHEMA
      wait [SERVER] DATABASE STATE
      dump [SERVER] [DATABASE] [TABLE [COLUMN]...]
      backup [SERVER] [DATABASE] > SNAPSHOT
      [--force] restore [SERVER] [DATABASE] < SNAPSHOT
      lock [SERVER] LOCK
      steal [SERVER] LOCK
      unlock [SERVER] LOCK
    The default SERVER is unix:\(invocation.directories.run)/db.sock.
    The default DATABASE is Open_vSwitch.

    Output formatting options:
      -f, --format=FORMAT         set output formatting to FORMAT
                                  ("table", "html", "csv", or "json")
      -d, --data=FORMAT           set table cell output formatting to
                                  FORMAT ("string", "bare", or "json")
      --no-headings               omit table heading row
      --pretty                    pretty-print JSON in output
      --bare                      equivalent to "--format=list --data=bare --no-headings"
      --timestamp                 timestamp "monitor" output
    \(daemon.help)\(invocation.logHelp)
    Other options:
      -t, --timeout=SECS          wait at most SECS seconds
      -h, --help                  display this help message
      -V, --version               display version information

    """
  }
}
