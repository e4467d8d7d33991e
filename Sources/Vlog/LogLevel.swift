// What: the levels of the log, by their names in OVS; every program and the switch say the same ones.

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
  case debug

  /// The name in specifications and messages.
  public var name: String {
    switch self {
    case .off: "OFF"
    case .emergency: "EMER"
    case .error: "ERR"
    case .warning: "WARN"
    case .information: "INFO"
    case .debug: "DBG"
    }
  }

  /// The level with a name, in any case.
  public init?(name: String) {
    let upper = name.utf8.lazy.map { (0x61...0x7a).contains($0) ? $0 - 0x20 : $0 }
    guard let level = LogLevel.allCases.first(where: { $0.name.utf8.elementsEqual(upper) }) else {
      return nil
    }
    self = level
  }

  /// The number of syslog (RFC 5424, table 2).
  public var syslogSeverity: Int {
    switch self {
    case .off, .emergency: 1
    case .information: 5
    case .error: 3
    case .warning: 4
    case .debug: 7
    }
  }

  /// Whether one level is graver than another.
  public static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }
}
