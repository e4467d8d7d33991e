import Command

extension Tool {
  /// The text of `--help`.
  var help: String {
    """
    ovsdb-tool: Open vSwitch database management utility
    usage: ovsdb-tool [OPTIONS] COMMAND [ARG...]
      create [DB [SCHEMA]]    create DB with the given SCHEMA
      compact [DB [DST]]      compact DB in-place (or to DST)
      convert [DB [SCHEMA [DST]]]   convert DB to SCHEMA (to DST)
      db-name [DB]            report name of schema used by DB
      db-version [DB]         report version of schema used by DB
      db-cksum [DB]           report checksum of schema used by DB
      db-is-clustered DB      test whether DB is clustered
      db-is-standalone DB     test whether DB is standalone
      needs-conversion [DB [SCHEMA]]  report whether DB's schema differs from SCHEMA
      schema-name [SCHEMA]    report SCHEMA's name
      schema-version [SCHEMA] report SCHEMA's schema version
      schema-cksum [SCHEMA]   report SCHEMA's checksum
      compare-versions A OP B  compare OVSDB schema version numbers
      query [DB] TRNS         execute read-only transaction on DB
      transact [DB] TRNS      execute read/write transaction on DB
      [-m]... show-log [DB]   print DB's log entries
    The default DB is \(defaultDatabase).
    The default SCHEMA is \(defaultSchema).
    \(invocation.logHelp)
    Other options:
      -m, --more                  increase show-log verbosity
      -h, --help                  display this help message
      -V, --version               display version information

    """
  }
}
