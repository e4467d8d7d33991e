/// The running program: its arguments, number, environment and end.
public enum Process {
  /// The command line, the program's own name first.
  public static var arguments: [String] { Syscalls.arguments }

  /// The process number.
  public static var identifier: Int32 { Syscalls.processIdentifier }

  /// The value of an environment variable, if it is set.
  public static func environment(_ name: String) -> String? { Syscalls.environment(name) }

  /// The name of this machine.
  public static var hostName: String { Syscalls.hostName }

  /// Waits; only for a process that does nothing else.
  public static func sleep(milliseconds: Int64) { Syscalls.sleep(milliseconds: milliseconds) }

  /// Lets a programming error end the program at once, for one that runs in the background.
  public static func resetCrashSignals() { Syscalls.resetCrashSignals() }

  /// Makes a write to a closed connection an error rather than the program's end.
  public static func ignoreBrokenPipes() { Syscalls.ignoreBrokenPipes() }

  /// Whether a process with a number runs.
  public static func exists(_ identifier: Int32) -> Bool { Syscalls.processExists(identifier) }

  /// Ends the program.
  public static func exit(_ status: Int32) -> Never { Syscalls.exit(status) }

  /// Ends the program as the alarm signal does where there are signals, with status 142 elsewhere.
  public static func dieOfAlarm() -> Never { Syscalls.dieOfSignal(14) }

  /// Ends the program as a termination signal does when nobody handles it.
  public static func die(of signal: TerminationSignal) -> Never {
    switch signal {
    case .terminate: Syscalls.dieOfSignal(15)
    case .interrupt: Syscalls.dieOfSignal(2)
    case .hangup: Syscalls.dieOfSignal(1)
    }
  }
}

/// The standard output, unbuffered.
public enum StandardOutput {
  /// Writes a text; whether a terminal or a pipe got it is not known.
  public static func write(_ text: String) {
    try? Syscalls.writeWhole(Syscalls.standardOutput, [UInt8](text.utf8))
  }

  /// Writes a text and a newline.
  public static func writeLine(_ text: String) { write(text + "\n") }

  /// Whether the output is a terminal.
  public static var isTerminal: Bool { Syscalls.isTerminal(Syscalls.standardOutput) }
}

/// The standard error, unbuffered.
public enum StandardError {
  /// Writes a text.
  public static func write(_ text: String) {
    try? Syscalls.writeWhole(Syscalls.standardError, [UInt8](text.utf8))
  }

  /// Writes a text and a newline.
  public static func writeLine(_ text: String) { write(text + "\n") }
}

/// The standard input.
public enum StandardInput {
  /// Reads until the end.
  public static func readWhole() throws(SystemError) -> [UInt8] {
    var result: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      switch Syscalls.read(Syscalls.standardInput, into: &buffer) {
      case .count(let count): result.append(contentsOf: buffer[..<count])
      case .endOfStream, .wouldBlock: return result
      case .failed(let error): throw error
      }
    }
  }
}
