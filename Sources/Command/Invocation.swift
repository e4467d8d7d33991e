// What: one run of a program: its name, options, log and the way it fails. Every program starts by making one.

import Vlog
public import Host

/// A program's invocation: what its command line and environment say.
public final class Invocation {
  /// The version of Open vSwitch whose interfaces these programs speak.
  public static let openVSwitchVersion = "3.7.1"
  /// The version of these programs.
  public static let apusVersion = "0.1.0"

  /// The program's name, without directory and suffix.
  public let programName: String
  /// Where files lie.
  public let directories: Directories
  /// The program's log.
  public let log: Log
  /// The words before options were taken out, the program's own name first.
  public let arguments: [String]
  /// What `--version` prints after the first lines; each without its newline.
  public var versionLines: [String] = []
  /// The text of `--help`.
  public var helpText = ""
  /// How long `--timeout` lets the program run; nil or 0 means for ever.
  public private(set) var timeoutSeconds: Int?
  private var exitWork: [() -> Void] = []

  /// Reads the name and arguments of the running program.
  public convenience init() {
    let arguments = Process.arguments
    self.init(arguments: arguments, directories: Directories())
  }

  /// Makes an invocation of given words.
  public init(arguments: [String], directories: Directories) {
    self.arguments = arguments
    self.directories = directories
    programName = Invocation.baseName(arguments.first ?? "apus")
    log = Log(programName: programName)
    log.declare(LogModuleNames.common)
    Process.ignoreBrokenPipes()
  }

  /// The text of `--version`: scripts parse the first line, which is as Open vSwitch's own.
  public var versionText: String {
    var lines = [
      "\(programName) (Open vSwitch) \(Invocation.openVSwitchVersion)", "Apus \(Invocation.apusVersion)",
    ]
    lines += versionLines
    return lines.map { $0 + "\n" }.joined()
  }

  /// Parses the command line with a program's own options and those that all programs have; ends the program
  /// with a message and status 1 if it is wrong, and with status 0 after `--help` and `--version`.
  public func parse(_ options: [CommandOption], stopsAtFirstWord: Bool = false) -> [String] {
    do throws(UsageError) {
      return try OptionParser(options + generalOptions + logOptions, stopsAtFirstWord: stopsAtFirstWord)
        .parse(Array(arguments.dropFirst()))
    } catch {
      let name = error.isSyntax ? arguments.first ?? programName : programName
      StandardError.writeLine("\(name): \(error.message)")
      Process.exit(1)
    }
  }

  /// The `--timeout` option of the client programs, with a letter of its own in some.
  public func timeoutOption(short: Character? = nil) -> CommandOption {
    CommandOption("timeout", short: short) { [self] (text: String) throws(UsageError) in
      guard let seconds = Int(text), seconds >= 0, seconds <= Int(Int32.max) else {
        throw UsageError(
          "value \(text) on -\(short.map { String($0) } ?? "-timeout") or --timeout is invalid")
      }
      timeoutSeconds = seconds
    }
  }

  /// Ends the program as an alarm does once the time of `--timeout` has passed.
  public func startTimeout(on loop: EventLoop) {
    let seconds: Int
    if let timeoutSeconds {
      seconds = timeoutSeconds
    } else if let text = Process.environment("OVS_CTL_TIMEOUT"), let number = Int(text) {
      seconds = number
    } else {
      return
    }
    guard seconds > 0 else { return }
    loop.schedule(afterMilliseconds: Int64(seconds) * 1000) { [self] in
      log.module("fatal_signal").warn("terminating with signal 14 (Alarm clock)")
      Process.dieOfAlarm()
    }
  }

  /// Says on the standard error what went wrong and ends the program.
  public func fail(_ message: String, status: Int32 = 1) -> Never {
    StandardError.writeLine("\(programName): \(message)")
    // Nobody sees what a service writes to its standard error.
    if ServiceManager.isInCharge { log.module("daemon").log(.emergency, message) }
    exit(status)
  }

  /// Ends the program, after what `beforeExit` asked for.
  public func exit(_ status: Int32) -> Never {
    let work = exitWork
    exitWork = []
    for body in work.reversed() { body() }
    Process.exit(status)
  }

  /// Has `body` called when the program ends by `fail` or `exit`: it removes files that must not stay behind.
  public func beforeExit(_ body: @escaping () -> Void) { exitWork.append(body) }

  private var generalOptions: [CommandOption] {
    [
      CommandOption("help", short: "h") { [self] in
        StandardOutput.write(helpText)
        Process.exit(0)
      },
      CommandOption("version", short: "V") { [self] in
        StandardOutput.write(versionText)
        Process.exit(0)
      },
    ]
  }

  private var logOptions: [CommandOption] {
    [
      CommandOption("verbose", short: "v") { [self] (text: String?) throws(UsageError) in
        guard let text else { return log.set(.debug) }
        do throws(UsageError) {
          try log.apply(specification: text)
        } catch {
          throw UsageError("processing \"\(text)\": \(error.message)")
        }
      },
      CommandOption("log-file") { [self] (text: String?) in
        let path = text ?? directories.log + "/" + programName + ".log"
        // A log that cannot be opened is a warning on the console, not the end.
        try? log.open(file: Files.absolute(path))
      },
      CommandOption("syslog-method") { [self] (text: String) in log.set(systemLogMethod: text) },
      CommandOption("syslog-target") { [self] (text: String) in log.set(systemLogMethod: "udp:" + text) },
    ]
  }

  /// The part of the help text about logging.
  public var logHelp: String {
    """

    Logging options:
      -vSPEC, --verbose=SPEC   set logging levels
      -v, --verbose            set maximum verbosity level
      --log-file[=FILE]        enable logging to specified FILE
                               (default: \(directories.log)/\(programName).log)
      --syslog-method=(libc|unix:file|udp:ip:port)
                               specify how to send messages to syslog daemon
      --syslog-target=HOST:PORT  also send syslog msgs to HOST:PORT via UDP

    """
  }

  private static func baseName(_ path: String) -> String {
    let separators: [UInt8] = [UInt8(ascii: "/"), UInt8(ascii: "\\")]
    let name = path.utf8.split(whereSeparator: { separators.contains($0) }).last.map { Array($0) } ?? []
    let suffix = Array(".exe".utf8)
    let bare = name.count > suffix.count && name.suffix(suffix.count).elementsEqual(suffix)
    return String(decoding: bare ? Array(name.dropLast(suffix.count)) : name, as: UTF8.self)
  }
}
