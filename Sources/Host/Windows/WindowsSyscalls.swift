#if APUS_WINDOWS
  extension SystemError {
    /// The error number that the last failed call of this thread left.
    static var last: SystemError { SystemError(code: Int32(bitPattern: GetLastError())) }
    /// The same of Winsock.
    static var lastOfSocket: SystemError { SystemError(code: WSAGetLastError()) }
  }

  /// The calls of the operating system that portable files of this module use.
  ///
  /// Its Linux twin has the same signatures.
  enum Syscalls {
    /// What is asked of a file that is closed: ERROR_INVALID_HANDLE.
    static var notOpen: SystemError { SystemError(code: 6) }

    static func isWouldBlock(_ code: Int32) -> Bool { code == Int32(Win32.socketWouldBlock) }
    static func isNotFound(_ code: Int32) -> Bool {
      code == Int32(Win32.errorFileNotFound) || code == Int32(Win32.errorPathNotFound)
    }
    static func isConnectionRefused(_ code: Int32) -> Bool {
      code == Int32(Win32.socketRefused) || code == Int32(Win32.errorConnectionRefused)
    }

    /// What is said of what this system does not have.
    static var unsupported: SystemError { SystemError(code: Int32(Win32.errorNotSupported)) }

    static func monotonicNanoseconds() -> UInt64 {
      var count: Int64 = 0
      var frequency: Int64 = 1
      // SAFETY: each call writes one integer.
      _ = unsafe QueryPerformanceCounter(&count)
      _ = unsafe QueryPerformanceFrequency(&frequency)
      let whole = UInt64(bitPattern: count / frequency) &* 1_000_000_000
      return whole &+ UInt64(bitPattern: (count % frequency) &* 1_000_000_000 / frequency)
    }

    static func wallClockNanoseconds() -> UInt64 {
      var time: UInt64 = 0
      // SAFETY: the call writes eight bytes.
      unsafe GetSystemTimePreciseAsFileTime(&time)
      // FILETIME counts steps of 100 ns from 1601.
      return (time &- 116_444_736_000_000_000) &* 100
    }

    static func environment(_ name: String) -> String? {
      var buffer = [UInt16](repeating: 0, count: 32_768)
      // SAFETY: the call writes at most as many characters as the array holds.
      let count = unsafe GetEnvironmentVariableW(Win32.wide(name), &buffer, UInt32(buffer.count))
      guard count > 0, Int(count) < buffer.count else { return nil }
      return String(decoding: buffer[..<Int(count)], as: UTF16.self)
    }

    static var arguments: [String] {
      // SAFETY: each word is terminated and lives as long as the process.
      (0..<apus_argument_count()).map {
        String(decoding: unsafe Win32.characters(apus_argument($0)), as: UTF16.self)
      }
    }

    static var processIdentifier: Int32 { Int32(bitPattern: GetCurrentProcessId()) }

    static var hostName: String {
      var buffer = [UInt16](repeating: 0, count: 64)
      var count = UInt32(buffer.count)
      // SAFETY: the call writes at most `count` characters and then the true count.
      guard unsafe GetComputerNameW(&buffer, &count) != 0 else { return "" }
      return String(decoding: buffer[..<min(Int(count), buffer.count)], as: UTF16.self)
    }

    static func sleep(milliseconds: Int64) { Sleep(UInt32(clamping: milliseconds)) }

    static func processExists(_ identifier: Int32) -> Bool {
      // PROCESS_QUERY_LIMITED_INFORMATION.
      let process = OpenProcess(0x1000, 0, UInt32(bitPattern: identifier))
      guard process != 0 else { return false }
      var status: UInt32 = 0
      // SAFETY: the call writes one integer. STILL_ACTIVE is 259.
      let known = unsafe GetExitCodeProcess(process, &status)
      _ = CloseHandle(process)
      return known != 0 && status == 259
    }

    static func exit(_ status: Int32) -> Never {
      apus_exit(status)
      preconditionFailure("the process has ended")
    }

    /// There are no signals here; the status is the one that a shell would report.
    static func dieOfSignal(_ number: Int32) -> Never { exit(128 + number) }

    static func ignoreBrokenPipes() {}
    static func resetCrashSignals() {}

    static func fillRandom(_ bytes: inout [UInt8]) {
      // SAFETY: the call writes as many bytes as the array holds. 2 is BCRYPT_USE_SYSTEM_PREFERRED_RNG.
      let status = unsafe bytes.withUnsafeMutableBytes {
        unsafe BCryptGenRandom(0, $0.baseAddress, UInt32($0.count), 2)
      }
      if status != 0 { preconditionFailure("BCryptGenRandom failed") }
    }

    static func sha1(_ bytes: ArraySlice<UInt8>) throws(SystemError) -> [UInt8] {
      var digest = [UInt8](repeating: 0, count: 20)
      // SAFETY: the call reads as many bytes as the slice holds, and writes as many as the array holds.
      let error = unsafe bytes.withUnsafeBytes { bytes in
        unsafe digest.withUnsafeMutableBytes {
          unsafe apus_sha1(bytes.baseAddress, UInt(bytes.count), $0.baseAddress)
        }
      }
      guard error == 0 else { throw SystemError(code: Int32(bitPattern: error)) }
      return digest
    }

    static var standardInput: Descriptor { Descriptor(.file, GetStdHandle(0xffff_fff6)) }
    static var standardOutput: Descriptor { standardStream(0xffff_fff5) }
    static var standardError: Descriptor { standardStream(0xffff_fff4) }

    private static func standardStream(_ which: UInt32) -> Descriptor {
      let handle = GetStdHandle(which)
      var mode: UInt32 = 0
      // SAFETY: the call writes one integer.
      let isConsole = unsafe GetConsoleMode(handle, &mode) != 0
      return Descriptor(isConsole ? .console : .file, handle)
    }

    /// A console is a character device.
    static func isTerminal(_ descriptor: Descriptor) -> Bool { GetFileType(descriptor.handle) == 2 }
  }
#endif
