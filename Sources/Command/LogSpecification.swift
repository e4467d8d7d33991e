import Host
import Vlog

/// A facility of syslog (RFC 5424, table 1).
public struct LogFacility: Equatable, Sendable {
  /// Its number, 0 to 23.
  public let number: Int

  static let daemon = LogFacility(number: 3)
  /// What lines say whose pattern has `%B`, unless a facility is chosen.
  static let local0 = LogFacility(number: 16)

  private static let names = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "clock", "ftp", "ntp", "audit",
    "alert", "clock2", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
  ]

  init(number: Int) { self.number = number }

  /// The facility with a name, in any case.
  init?(name: String) {
    let lower = name.asciiLowercased
    guard let index = LogFacility.names.firstIndex(where: { sameBytes($0, lower) }) else { return nil }
    // RFC 5424 has two numbers for "auth": 10 is that of `authpriv`, which has no name here.
    number = index >= 10 ? index + 1 : index
  }
}

extension Log {
  /// Applies one specification of `-v` or `vlog/set`: words for a module, a destination and a level in any order,
  /// `PATTERN:DESTINATION:PATTERN`, or `FACILITY:NAME`.
  public func apply(specification: String) throws(UsageError) {
    let parts = specification.utf8.split(
      separator: UInt8(ascii: ":"), maxSplits: 2, omittingEmptySubsequences: false
    )
    .map { String(decoding: $0, as: UTF8.self) }
    if sameBytes(parts[0].asciiUppercased, "PATTERN") {
      guard parts.count >= 2 else { throw UsageError("missing destination") }
      guard parts.count == 3 else { throw UsageError("missing pattern") }
      if sameBytes(parts[1].asciiLowercased, "any") {
        for destination in LogDestination.allCases { set(pattern: parts[2], at: destination) }
        return
      }
      guard let destination = LogDestination(name: parts[1]) else {
        throw UsageError("unknown destination \"\(parts[1])\"")
      }
      return set(pattern: parts[2], at: destination)
    }
    if sameBytes(parts[0].asciiUppercased, "FACILITY") {
      guard parts.count == 2, let facility = LogFacility(name: parts[1]) else {
        throw UsageError("invalid facility")
      }
      return set(facility: facility)
    }
    try apply(words: specification)
  }

  private func apply(words specification: String) throws(UsageError) {
    var level: LogLevel?
    var destination: LogDestination?
    var module: LogModule?
    var hasDestination = false
    var hasModule = false
    let separators = Array(" ,:\t".utf8)
    for word in specification.utf8.split(whereSeparator: { separators.contains($0) }) {
      let text = String(decoding: word, as: UTF8.self)
      if sameBytes(text.asciiUppercased, "ANY") {
        // "any" stands for all modules or all destinations, which is what leaving a word out means too.
        continue
      } else if let found = LogLevel(name: text) {
        if level != nil { throw UsageError("cannot specify multiple levels") }
        level = found
      } else if let found = LogDestination(name: text) {
        if hasDestination { throw UsageError("cannot specify multiple destinations") }
        destination = found
        hasDestination = true
      } else if let found = find(module: text) {
        if hasModule { throw UsageError("cannot specify multiple modules") }
        module = found
        hasModule = true
      } else {
        throw UsageError("no destination, level, or module \"\(text)\"")
      }
    }
    set(level ?? .debug, module: module, destination: destination)
  }
}
