// What: the log of a program: named modules, each with a threshold for each destination, as OVS's `-v` option and
// `vlog/…` commands set them.

public import Host
public import Vlog

/// A named part of a program, for the log.
public final class LogModule {
  /// The name in lines and specifications.
  public let name: String
  var thresholds: [LogLevel]
  var isRateLimited = true
  /// Each module outlives its use of the log, which the program owns to its end.
  private let log: Log

  init(_ name: String, thresholds: [LogLevel], log: Log) {
    self.name = name
    self.thresholds = thresholds
    self.log = log
  }

  /// Whether a message of this level would go anywhere; asks before costly texts are made.
  public func isEnabled(_ level: LogLevel) -> Bool {
    for destination in LogDestination.allCases
    where level <= thresholds[destination.rawValue] && log.isOpen(destination) {
      return true
    }
    return false
  }

  /// Logs a message.
  public func log(_ level: LogLevel, _ message: @autoclosure () -> String) {
    if isEnabled(level) { log.write(self, level, message()) }
  }

  /// Logs a message, unless its like came too often.
  public func log(_ level: LogLevel, _ limit: LogRateLimit, _ message: @autoclosure () -> String) {
    guard isEnabled(level) else { return }
    guard isRateLimited else { return log.write(self, level, message()) }
    switch limit.admit(now: log.now()) {
    case .dropped: return
    case .admitted(let droppedCount, let firstSeconds, let lastSeconds):
      if droppedCount > 0 {
        log.write(
          self, level,
          "Dropped \(droppedCount) log messages in last \(firstSeconds) seconds (most recently, "
            + "\(lastSeconds) seconds ago) due to excessive rate")
      }
      log.write(self, level, message())
    }
  }

  /// Logs that something failed that should not.
  public func error(_ message: @autoclosure () -> String) { log(.error, message()) }
  /// Logs that something is not as it should be.
  public func warn(_ message: @autoclosure () -> String) { log(.warning, message()) }
  /// Logs something worth knowing.
  public func info(_ message: @autoclosure () -> String) { log(.information, message()) }
  /// Logs a detail for whoever looks for a fault.
  public func debug(_ message: @autoclosure () -> String) { log(.debug, message()) }
}

/// How often one kind of message may be logged: a bucket of tokens that fills at a steady rate.
public final class LogRateLimit {
  private let tokensPerMinute: Int64
  private let capacityMilliseconds: Int64
  private var filledMilliseconds: Int64
  private var lastFill: Instant?
  private var droppedCount = 0
  private var firstDrop = Instant(milliseconds: 0)
  private var lastDrop = Instant(milliseconds: 0)

  enum Verdict: Equatable {
    case dropped
    case admitted(droppedCount: Int, firstSeconds: Int64, lastSeconds: Int64)
  }

  /// Allows a burst of messages, then so many a minute.
  public init(perMinute: Int, burst: Int) {
    tokensPerMinute = Int64(max(1, perMinute))
    capacityMilliseconds = Int64(burst) * 60_000
    filledMilliseconds = capacityMilliseconds
  }

  func admit(now: Instant) -> Verdict {
    if let lastFill {
      let elapsed = max(0, min(now.milliseconds(since: lastFill), 86_400_000))
      filledMilliseconds = min(capacityMilliseconds, filledMilliseconds + elapsed * tokensPerMinute)
    }
    lastFill = now
    guard filledMilliseconds >= 60_000 else {
      if droppedCount == 0 { firstDrop = now }
      lastDrop = now
      droppedCount += 1
      return .dropped
    }
    filledMilliseconds -= 60_000
    defer { droppedCount = 0 }
    return .admitted(
      droppedCount: droppedCount, firstSeconds: now.milliseconds(since: firstDrop) / 1000,
      lastSeconds: now.milliseconds(since: lastDrop) / 1000)
  }
}

/// The log of a program.
public final class Log {
  private var modules: [LogModule] = []
  private var defaults: [LogLevel] = [.information, .information, .information]
  private var patterns = LogDestination.allCases.map { LogPattern($0.defaultPattern) }
  private var nextNumber = 1
  private var file: File?
  private var systemLog = SystemLog(method: Process.environment("OVS_SYSLOG_METHOD") ?? "libc")
  /// The facility that the user has chosen.
  private var facility: LogFacility?
  private let programName: String
  private let start = Instant.now
  private var hostName: String?
  /// The path of the log file, if one was asked for.
  public private(set) var filePath: String?
  var console: (String) -> Void = { StandardError.write($0) }
  var wallClock: () -> Int64 = { WallClock.milliseconds }
  var now: () -> Instant = { Instant.now }

  /// Makes the log of a program.
  public init(programName: String) {
    self.programName = programName
    if systemLog.takesEvents { defaults[LogDestination.syslog.rawValue] = .warning }
  }

  /// The module with a name, made when first asked for.
  public func module(_ name: String) -> LogModule {
    if let known = modules.first(where: { sameBytes($0.name, name) }) { return known }
    let module = LogModule(name, thresholds: defaults, log: self)
    modules.append(module)
    return module
  }

  /// Makes modules known by name before anybody logs under them.
  public func declare(_ names: [String]) { for name in names { _ = module(name) } }

  /// Sets thresholds: of one module or all (nil), at one destination or all (nil).
  public func set(_ level: LogLevel, module: LogModule? = nil, destination: LogDestination? = nil) {
    for place in LogDestination.allCases where destination == nil || destination == place {
      if let module {
        module.thresholds[place.rawValue] = level
      } else {
        defaults[place.rawValue] = level
        for each in modules { each.thresholds[place.rawValue] = level }
      }
    }
  }

  func isOpen(_ destination: LogDestination) -> Bool { destination != .file || file != nil }

  /// Opens, or opens anew, a log file for appending.
  public func open(file path: String) throws(SystemError) {
    let vlog = module("vlog")
    do throws(SystemError) {
      file = try File(path, .append)
    } catch {
      vlog.warn("failed to open \(path) for logging: \(error.message)")
      throw error
    }
    filePath = path
    vlog.info("opened log file \(path)")
  }

  /// Closes the log file and opens it by its name again, after it was moved away.
  public func reopenFile() throws(SystemError) {
    guard let filePath else { return }
    module("vlog").info("closing log file")
    file = nil
    try open(file: filePath)
  }

  /// Closes the log file.
  public func closeFile() {
    if file != nil { module("vlog").info("closing log file") }
    file = nil
    filePath = nil
  }

  func write(_ module: LogModule, _ level: LogLevel, _ message: String) {
    var record = LogRecord(
      module: module.name, level: level, message: message, number: nextNumber,
      wallClockMilliseconds: wallClock(), sinceStartMilliseconds: now().milliseconds(since: start),
      programName: programName)
    nextNumber += 1
    for destination in LogDestination.allCases where level <= module.thresholds[destination.rawValue] {
      // Each line of a message is a line of its own at the system's log.
      switch destination {
      case .console: console(line(record, destination) + "\n")
      case .file:
        let text = line(record, destination) + "\n"
        try? file?.write(Array(text.utf8))
      case .syslog:
        for part in message.utf8.split(separator: 0x0a, omittingEmptySubsequences: false) {
          record.message = String(decoding: part, as: UTF8.self)
          systemLog.write(
            programName: programName, priority: (facility ?? .daemon).number * 8 + level.syslogSeverity,
            line(record, .syslog))
        }
        record.message = message
      }
    }
  }

  private func line(_ record: LogRecord, _ destination: LogDestination) -> String {
    patterns[destination.rawValue].line(
      record,
      hostName: { [self] in
        if hostName == nil { hostName = Process.hostName }
        return hostName ?? "-"
      }, facility: (facility ?? .local0).number)
  }

  func set(pattern: String, at destination: LogDestination) {
    patterns[destination.rawValue] = LogPattern(pattern)
  }

  func set(facility: LogFacility) { self.facility = facility }

  func find(module name: String) -> LogModule? {
    let wanted = name.asciiLowercased
    return modules.first {
      sameBytes($0.name.asciiLowercased, wanted)
        || sameBytes(String(decoding: $0.name.utf8.map { $0 == 0x5f ? 0x2d : $0 }, as: UTF8.self), wanted)
    }
  }

  /// Says how to reach the system's log: `libc`, `null`, `unix:FILE` or `udp:ADDRESS:PORT`.
  func set(systemLogMethod method: String) { systemLog = SystemLog(method: method) }

  var sortedModules: [LogModule] { modules.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) } }

  /// The table of `vlog/list`.
  public var levelTable: String {
    var text = "                 console    syslog    file\n"
    text += "                 -------    ------    ------\n"
    for module in sortedModules {
      text += module.name.padded(toWidth: 16, onRight: true)
      let cells = module.thresholds.map { $0.name.padded(toWidth: 4) }
      text += "  " + cells[0] + "       " + cells[1] + "       " + cells[2] + "\n"
    }
    return text
  }

  /// The table of `vlog/list-pattern`.
  public var patternTable: String {
    var text = "         prefix                            format\n"
    text += "         ------                            ------\n"
    let syslogPrefix = systemLog.isNone ? "" : "<%B> %D{%h %e %T} %E %A:"
    for destination in [LogDestination.syslog, .console, .file] {
      text += destination.name.asciiUppercased.padded(toWidth: 7, onRight: true) + "  "
      text += (destination == .syslog ? syslogPrefix : "none").padded(toWidth: 32, onRight: true) + "  "
      text += patterns[destination.rawValue].text + "\n"
    }
    return text
  }
}
