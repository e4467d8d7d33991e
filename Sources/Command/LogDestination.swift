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
