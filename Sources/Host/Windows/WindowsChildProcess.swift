#if APUS_WINDOWS
  /// A command that runs beside this program; not to be had on Windows.
  public final class ChildProcess {
    /// Whether the system can run one.
    public static let isPresent = false

    /// How it ended, once it has.
    public var end: ProcessEnd? { nil }

    /// Starts a command.
    public init(shell command: String) throws(SystemError) { throw Syscalls.unsupported }

    /// Looks whether it has ended.
    public func poll() -> Bool { false }
  }
#endif
