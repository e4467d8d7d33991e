#if !APUS_WINDOWS
  import CLinux
  import Glibc

  extension SystemError {
    /// The error number that the last failed call of this thread left.
    static var last: SystemError { SystemError(code: errno) }
  }

  /// The calls of the operating system that portable files of this module use.
  ///
  /// Its Windows twin has the same signatures.
  enum Syscalls {
    static func message(forError code: Int32) -> String {
      // SAFETY: strerror returns a string that stays valid until this thread's next call of it.
      guard let text = unsafe strerror(code) else { return "error \(code)" }
      return unsafe String(cString: text)
    }

    /// What is asked of a file that is closed.
    static var notOpen: SystemError { SystemError(code: EBADF) }

    static func isWouldBlock(_ code: Int32) -> Bool { code == EAGAIN || code == EINPROGRESS }
    static func isNotFound(_ code: Int32) -> Bool { code == ENOENT }
    static func isConnectionRefused(_ code: Int32) -> Bool { code == ECONNREFUSED }

    static func monotonicNanoseconds() -> UInt64 { nanoseconds(CLOCK_MONOTONIC) }
    static func wallClockNanoseconds() -> UInt64 { nanoseconds(CLOCK_REALTIME) }

    private static func nanoseconds(_ clock: clockid_t) -> UInt64 {
      var time = timespec()
      // SAFETY: the kernel fills the structure during the call.
      _ = unsafe clock_gettime(clock, &time)
      return UInt64(bitPattern: Int64(time.tv_sec)) &* 1_000_000_000
        &+ UInt64(bitPattern: Int64(time.tv_nsec))
    }

    static func environment(_ name: String) -> String? {
      // SAFETY: the string is copied at once, and no thread of these programs changes the environment.
      guard let value = unsafe getenv(name) else { return nil }
      return unsafe String(cString: value)
    }

    static var arguments: [String] { CommandLine.arguments }

    static var processIdentifier: Int32 { getpid() }

    static var hostName: String {
      var name = [CChar](repeating: 0, count: 65)
      // SAFETY: the kernel writes at most one byte less than the array holds, so a zero ends the name.
      _ = unsafe gethostname(&name, name.count - 1)
      return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    static func sleep(milliseconds: Int64) {
      var time = timespec(tv_sec: Int(milliseconds / 1000), tv_nsec: Int(milliseconds % 1000) * 1_000_000)
      var rest = timespec()
      // SAFETY: the kernel reads one structure and writes the other during the call.
      while unsafe nanosleep(&time, &rest) < 0, errno == EINTR { time = rest }
    }

    static func processExists(_ identifier: Int32) -> Bool { kill(identifier, 0) == 0 || errno == EPERM }

    static func exit(_ status: Int32) -> Never { Glibc.exit(status) }

    static func close(_ descriptor: Descriptor) { _ = Glibc.close(descriptor.number) }

    static func fillRandom(_ bytes: inout [UInt8]) {
      var filled = 0
      while filled < bytes.count {
        // SAFETY: the kernel writes at most the count given, which ends at the array's end.
        let count = unsafe bytes.withUnsafeMutableBytes {
          unsafe getrandom($0.baseAddress.map { unsafe $0 + filled }, $0.count - filled, 0)
        }
        if count > 0 { filled += count } else if errno != EINTR { preconditionFailure("getrandom failed") }
      }
    }

    /// Reads up to a buffer's size.
    static func read(_ descriptor: Descriptor, into buffer: inout [UInt8]) -> Transfer {
      while true {
        // SAFETY: the kernel writes at most the array's size.
        let count = unsafe buffer.withUnsafeMutableBytes {
          unsafe Glibc.read(descriptor.number, $0.baseAddress, $0.count)
        }
        if count > 0 { return .count(count) }
        if count == 0 { return .endOfStream }
        if errno == EINTR { continue }
        return errno == EAGAIN ? .wouldBlock : .failed(.last)
      }
    }

    /// Writes what it can of `bytes`, from an offset on.
    static func write(_ descriptor: Descriptor, _ bytes: [UInt8], from offset: Int) -> Transfer {
      precondition(offset >= 0 && offset <= bytes.count)
      while true {
        // SAFETY: the range from the offset to the array's end was checked above.
        let count = unsafe bytes.withUnsafeBytes {
          unsafe Glibc.write(descriptor.number, $0.baseAddress.map { unsafe $0 + offset }, $0.count - offset)
        }
        if count >= 0 { return .count(count) }
        if errno == EINTR { continue }
        return errno == EAGAIN ? .wouldBlock : .failed(.last)
      }
    }

    /// Writes all of `bytes`, waiting as long as it takes.
    static func writeWhole(_ descriptor: Descriptor, _ bytes: [UInt8]) throws(SystemError) {
      var offset = 0
      while offset < bytes.count {
        switch write(descriptor, bytes, from: offset) {
        case .count(let count): offset += count
        case .wouldBlock:
          var poll = pollfd(fd: descriptor.number, events: Int16(POLLOUT), revents: 0)
          // SAFETY: one structure, and the count says one.
          _ = unsafe Glibc.poll(&poll, 1, -1)
        case .endOfStream: return
        case .failed(let error): throw error
        }
      }
    }

    static var standardInput: Descriptor { Descriptor(number: 0) }
    static var standardOutput: Descriptor { Descriptor(number: 1) }
    static var standardError: Descriptor { Descriptor(number: 2) }

    static func isTerminal(_ descriptor: Descriptor) -> Bool { isatty(descriptor.number) == 1 }
  }
#endif
