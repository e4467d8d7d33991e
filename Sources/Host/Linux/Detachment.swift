#if !APUS_WINDOWS
  import CLinux
  import Glibc

  /// Says to the process that started this one that it is ready.
  public struct ReadinessPipe {
    let descriptor: Descriptor

    /// Says so.
    public func signalReady() {
      _ = Syscalls.write(descriptor, [0], from: 0)
      Syscalls.close(descriptor)
    }
  }

  /// How a process ended.
  public struct ProcessEnd: Sendable {
    /// Its number.
    public let identifier: Int32
    /// What it says to whoever waits for it.
    public let status: Int32
    /// Whether a signal that shows a programming error ended it.
    public let isCrash: Bool
    /// The same in words.
    public let text: String

    init(identifier: Int32, waitStatus: Int32) {
      self.identifier = identifier
      if apus_exited(waitStatus) != 0 {
        status = apus_exit_status(waitStatus)
        isCrash = false
        text = "exit status \(status)"
        return
      }
      let number = apus_term_signal(waitStatus)
      status = 128 + number
      isCrash = [
        SIGABRT, SIGALRM, SIGBUS, SIGFPE, SIGILL, SIGPIPE, SIGSEGV, SIGTRAP, SIGXCPU, SIGXFSZ,
      ].contains(number)
      // SAFETY: the call returns a string that stays valid until this thread's next call of it.
      let name = unsafe strsignal(number).map { unsafe String(cString: $0) } ?? "signal"
      text = "killed (\(name))"
    }
  }

  /// Turns the running program into one in the background.
  ///
  /// Only for use before any thread is started.
  public enum Detachment {
    /// What a fork made of this process.
    public enum Fork {
      /// It is the new process, in a session of its own, and has someone to tell when it is ready.
      case child(ReadinessPipe)
      /// It is the old process, and the new one is ready, or failed, with this status.
      case parent(status: Int32)
      /// There is no new process.
      case failed(SystemError)
    }

    /// What a fork under supervision made of this process.
    public enum MonitoredFork {
      /// It is the new process.
      case child
      /// It is the old process, and the new one has ended.
      case ended(ProcessEnd)
      /// There is no new process.
      case failed(SystemError)
    }

    /// The option by which a new process gets the handle of the pipe: here it has the pipe without.
    public static let pipeOption: String? = nil
    /// Whether a process can watch over another and start it anew.
    public static let canMonitor = true

    /// Forks; the old process waits until the new one is ready or has ended.
    public static func fork(pipeHandle: String?) -> Fork {
      var ends: [Int32] = [0, 0]
      // SAFETY: the array has room for the two descriptors.
      if unsafe pipe(&ends) < 0 { return .failed(.last) }
      let identifier = apus_fork()
      if identifier < 0 { return .failed(.last) }
      if identifier == 0 {
        _ = close(ends[0])
        _ = apus_close_on_exec(ends[1])
        setsid()
        return .child(ReadinessPipe(descriptor: Descriptor(number: ends[1])))
      }
      _ = close(ends[1])
      var buffer: [UInt8] = [1]
      let verdict = Syscalls.read(Descriptor(number: ends[0]), into: &buffer)
      if case .count = verdict { return .parent(status: 0) }
      // The pipe closed without a word: the new process failed, and says how by its status.
      let end = wait(identifier)
      return .parent(status: end.status == 0 ? 1 : end.status)
    }

    /// Forks; the old process, without its terminal if so asked, waits until the new one has ended.
    public static func forkMonitored(leavesTerminal: Bool) -> MonitoredFork {
      let identifier = apus_fork()
      if identifier < 0 { return .failed(.last) }
      if identifier == 0 { return .child }
      if leavesTerminal { leaveTerminal(changesDirectory: false) }
      return .ended(wait(identifier))
    }

    /// Gives up the standard streams, apart from those that are kept, and, if told to, the working directory.
    public static func leaveTerminal(changesDirectory: Bool, keeping kept: StandardStreams = []) {
      // SAFETY: the path is a literal.
      let null = unsafe apus_open("/dev/null", O_RDWR, 0)
      if null >= 0 {
        for number: Int32 in 0...2 where !kept.contains(StandardStreams(rawValue: 1 << UInt8(number))) {
          _ = dup2(null, number)
        }
        if null > 2 { _ = close(null) }
      }
      if changesDirectory { try? Syscalls.changeDirectory("/") }
    }

    /// Lets what is written to the standard error go to a file, which is emptied if it is there.
    public static func redirectError(to path: String) throws(SystemError) {
      // SAFETY: the string is terminated for the duration of the call.
      let file = unsafe apus_open(path, O_CREAT | O_TRUNC | O_WRONLY, 0o666)
      guard file >= 0 else { throw SystemError.last }
      _ = dup2(file, 2)
      _ = close(file)
    }

    /// Goes on as another user, named `user`, `user:group` or `:group`.
    public static func changeUser(_ text: String) throws(SystemError) {
      let parts = text.utf8.split(
        separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false
      )
      .map { String(decoding: $0, as: UTF8.self) }
      var user: uid_t?
      var group: gid_t?
      if !parts[0].utf8.isEmpty {
        // SAFETY: the call returns an entry that stays valid until this thread's next call of it.
        guard let entry = unsafe getpwnam(parts[0]) else { throw SystemError(code: EINVAL) }
        user = unsafe entry.pointee.pw_uid
        group = unsafe entry.pointee.pw_gid
      }
      if parts.count > 1, !parts[1].utf8.isEmpty {
        // SAFETY: the call returns an entry that stays valid until this thread's next call of it.
        guard let entry = unsafe getgrnam(parts[1]) else { throw SystemError(code: EINVAL) }
        group = unsafe entry.pointee.gr_gid
      }
      if let group {
        var groups = [group]
        // SAFETY: one group is read.
        if unsafe setgroups(1, &groups) < 0 || setgid(group) < 0 { throw SystemError.last }
      }
      if let user, setuid(user) < 0 { throw SystemError.last }
    }

    private static func wait(_ identifier: pid_t) -> ProcessEnd {
      var status: Int32 = 0
      // SAFETY: the kernel writes one integer.
      while unsafe waitpid(identifier, &status, 0) < 0, errno == EINTR {}
      return ProcessEnd(identifier: identifier, waitStatus: status)
    }
  }
#endif
