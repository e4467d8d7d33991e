#if !APUS_WINDOWS
  import CLinux
  import Glibc

  /// A command that runs beside this program, by the system's shell.
  public final class ChildProcess {
    /// Whether the system can run one.
    public static let isPresent = true

    private let identifier: pid_t
    /// How it ended, once it has.
    public private(set) var end: ProcessEnd?

    /// Starts a command; what this program does with signals is not the command's concern.
    public init(shell command: String) throws(SystemError) {
      var number: pid_t = 0
      var attributes = posix_spawnattr_t()
      var none = sigset_t()
      var pipe = sigset_t()
      // SAFETY: all of these are initialised by the calls, and live until the end of this function.
      unsafe posix_spawnattr_init(&attributes)
      unsafe sigemptyset(&none)
      unsafe sigemptyset(&pipe)
      unsafe sigaddset(&pipe, SIGPIPE)
      unsafe posix_spawnattr_setsigmask(&attributes, &none)
      unsafe posix_spawnattr_setsigdefault(&attributes, &pipe)
      unsafe posix_spawnattr_setflags(
        &attributes, Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF))
      // SAFETY: the copies are freed below, after the call has read them.
      var words: [UnsafeMutablePointer<CChar>?] = unsafe [
        strdup("/bin/sh"), strdup("-c"), strdup(command), nil,
      ]
      let code = unsafe posix_spawn(&number, "/bin/sh", nil, &attributes, &words, environ)
      for index in 0..<3 { unsafe free(words[index]) }
      unsafe posix_spawnattr_destroy(&attributes)
      guard code == 0 else { throw SystemError(code: code) }
      identifier = number
    }

    /// Looks whether it has ended.
    public func poll() -> Bool {
      if end != nil { return true }
      var status: Int32 = 0
      // SAFETY: the kernel writes one integer.
      guard unsafe waitpid(identifier, &status, WNOHANG) == identifier else { return false }
      end = ProcessEnd(identifier: identifier, waitStatus: status)
      return true
    }
  }
#endif
