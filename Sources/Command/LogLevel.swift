/// How grave a log message is.
public enum LogLevel: Int, Comparable, CaseIterable, Sendable {
  /// Nothing is logged at this level; as a threshold it lets nothing through.
  case off
  /// The program is about to end.
  case emergency
  /// Something failed that should not.
  case error
  /// Something is not as it should be.
  case warning
  /// Something worth knowing.
  case information
  /// Details for whoever looks for a fault.
  case debugging

  /// The name in specifications and messages.
  public var name: String {
    switch self {
    case .off: "OFF"
    case .emergency: "EMER"
    case .error: "ERR"
    case .warning: "WARN"
    case .information: "INFO"
    case .debugging: "DBG"
    }
  }

  /// The level with a name, in any case.
  public init?(name: String) {
    let upper = name.asciiUppercased
    guard let level = LogLevel.allCases.first(where: { sameBytes($0.name, upper) }) else { return nil }
    self = level
  }

  /// The number of syslog (RFC 5424, table 2).
  var syslogSeverity: Int {
    switch self {
    case .off, .information: 6
    case .emergency: 1
    case .error: 3
    case .warning: 4
    case .debugging: 7
    }
  }

  /// Whether one level is graver than another.
  public static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }
}

/// Where log messages go.
public enum LogDestination: Int, CaseIterable, Sendable {
  /// The standard error.
  case console
  /// The system's log.
  case syslog
  /// The file of `--log-file`.
  case file

  /// The name in specifications.
  public var name: String {
    switch self {
    case .console: "console"
    case .syslog: "syslog"
    case .file: "file"
    }
  }

  /// The destination with a name, in any case.
  init?(name: String) {
    let lower = name.asciiLowercased
    guard let found = LogDestination.allCases.first(where: { sameBytes($0.name, lower) }) else { return nil }
    self = found
  }

  /// The layout of lines until another is set.
  var defaultPattern: String {
    switch self {
    case .console: "%D{%Y-%m-%dT%H:%M:%SZ}|%05N|%c%T|%p|%m"
    case .syslog: "ovs|%05N|%c%T|%p|%m"
    case .file: "%D{%Y-%m-%dT%H:%M:%S.###Z}|%05N|%c%T|%p|%m"
    }
  }
}
