#if !APUS_WINDOWS
  import CLinux
  import Glibc

  extension Syscalls {
    /// A descriptor that becomes readable when the program is asked to end.
    ///
    /// The signals are blocked from here on, in this thread and those it starts.
    static func openTerminationSignals() throws(SystemError) -> Descriptor {
      var set = sigset_t()
      // SAFETY: each call reads or fills the set during the call.
      unsafe sigemptyset(&set)
      unsafe sigaddset(&set, SIGTERM)
      unsafe sigaddset(&set, SIGINT)
      unsafe sigaddset(&set, SIGHUP)
      unsafe sigprocmask(SIG_BLOCK, &set, nil)
      let number = unsafe signalfd(-1, &set, Int32(SFD_CLOEXEC | SFD_NONBLOCK))
      if number < 0 { throw SystemError.last }
      return Descriptor(number: number)
    }

    /// The next signal that came, if any.
    static func readTerminationSignal(_ descriptor: Descriptor) -> TerminationSignal? {
      var information = signalfd_siginfo()
      // SAFETY: the kernel writes at most one structure of the size given.
      let count = unsafe Glibc.read(
        descriptor.number, &information, MemoryLayout<signalfd_siginfo>.size)
      guard count == MemoryLayout<signalfd_siginfo>.size else { return nil }
      switch Int32(bitPattern: information.ssi_signo) {
      case SIGINT: return .interrupt
      case SIGHUP: return .hangup
      default: return .terminate
      }
    }

    /// Ends the program as an unhandled signal does, so that whoever waits for it sees that signal.
    static func dieOfSignal(_ number: Int32) -> Never {
      signal(number, SIG_DFL)
      var set = sigset_t()
      // SAFETY: each call reads or fills the set during the call.
      unsafe sigemptyset(&set)
      unsafe sigaddset(&set, number)
      unsafe sigprocmask(SIG_UNBLOCK, &set, nil)
      raise(number)
      Glibc.exit(128 + number)
    }

    /// Lets signals of programming errors end the program at once, without a handler that would write to a terminal
    /// which is gone, and would swallow such a signal if a person sent it.
    static func resetCrashSignals() {
      for number in [SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGQUIT] { signal(number, SIG_DFL) }
    }

    /// Makes a write to a closed connection an error rather than the program's end.
    static func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }
  }
#endif
