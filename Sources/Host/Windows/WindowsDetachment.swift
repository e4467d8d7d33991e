// What: how a program goes into the background where there is no fork: it starts itself again, with the handle of a
// pipe on its command line, and waits until the new process says through the pipe that it is ready.

#if APUS_WINDOWS
  /// Says to the process that started this one that it is ready.
  public struct ReadinessPipe {
    let handle: Handle

    /// Says so.
    public func signalReady() {
      let descriptor = Descriptor(.file, handle)
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
    /// Whether a programming error ended it.
    public let isCrash: Bool
    /// The same in words.
    public let text: String
  }

  /// Turns the running program into one in the background.
  public enum Detachment {
    /// What became of this process.
    public enum Fork {
      /// It is the new process, and has someone to tell when it is ready.
      case child(ReadinessPipe)
      /// It is the old process, and the new one is ready, or failed, with this status.
      case parent(status: Int32)
      /// There is no new process.
      case failed(SystemError)
    }

    /// What became of this process under supervision.
    public enum MonitoredFork {
      /// It is the process that does the work.
      case child
      /// It is the old process, and the new one has ended.
      case ended(ProcessEnd)
      /// There is no new process.
      case failed(SystemError)
    }

    /// The option, not for people, by which the new process gets the handle of the pipe.
    public static let pipeOption: String? = "pipe-handle"
    /// Whether a process can watch over another and start it anew; the service manager does that here.
    public static let canMonitor = false

    /// Starts the program anew in the background and waits until it is ready; in the process so started, which
    /// `pipeHandle` tells of, returns `child`.
    public static func fork(pipeHandle: String?) -> Fork {
      if let pipeHandle {
        guard let handle = Handle(pipeHandle) else {
          return .failed(SystemError(code: Int32(Win32.errorInvalidHandle)))
        }
        return .child(ReadinessPipe(handle: handle))
      }
      var reading: Handle = 0
      var writing: Handle = 0
      // SAFETY: the call writes two handles.
      if unsafe CreatePipe(&reading, &writing, nil, 0) == 0 { return .failed(.last) }
      let process: Handle
      do throws(SystemError) {
        // HANDLE_FLAG_INHERIT.
        if SetHandleInformation(writing, 1, 1) == 0 { throw SystemError.last }
        process = try start(pipe: writing)
      } catch {
        _ = CloseHandle(reading)
        _ = CloseHandle(writing)
        return .failed(error)
      }
      _ = CloseHandle(writing)
      let pipe = Descriptor(.file, reading)
      var buffer: [UInt8] = [1]
      let verdict = Syscalls.read(pipe, into: &buffer)
      Syscalls.close(pipe)
      if case .count = verdict { return .parent(status: 0) }
      // The pipe closed without a word: the new process failed, and says how by its status.
      _ = WaitForSingleObject(process, Win32.infinite)
      var status: UInt32 = 1
      // SAFETY: the call writes one integer.
      _ = unsafe GetExitCodeProcess(process, &status)
      return .parent(status: status == 0 ? 1 : Int32(truncatingIfNeeded: status))
    }

    /// Starts this program's command line again, with the pipe's handle as its first option; returns its process.
    private static func start(pipe: Handle) throws(SystemError) -> Handle {
      var path = [UInt16](repeating: 0, count: 32_768)
      // SAFETY: the call writes at most as many characters as the array holds, and terminates them.
      let count = unsafe GetModuleFileNameW(0, &path, UInt32(path.count))
      if count == 0 || Int(count) >= path.count { throw SystemError.last }
      var line = commandLine(inserting: " --\(pipeOption ?? "")=\(pipe)")
      // The new process says what is wrong where this one would. STD_INPUT_HANDLE to STD_ERROR_HANDLE.
      let streams = [0xffff_fff6, 0xffff_fff5, 0xffff_fff4].map { (which: UInt32) in GetStdHandle(which) }
      for stream in streams where stream != 0 { _ = SetHandleInformation(stream, 1, 1) }
      // STARTUPINFOW has 104 bytes: first its length, at 60 its flags (STARTF_USESTDHANDLES), at 80 the streams.
      var startup: [UInt64] = [104, 0, 0, 0, 0, 0, 0, 0x100 << 32, 0, 0] + streams.map { UInt64($0) }
      // PROCESS_INFORMATION has 24, the process first.
      var information: [UInt64] = [0, 0, 0]
      // CREATE_NEW_PROCESS_GROUP. SAFETY: the structures have the sizes that the call expects, the texts are
      // terminated, and the call may change the command line, which is ours.
      let result = unsafe CreateProcessW(
        path, &line, nil, nil, 1, 0x200, nil, nil, &startup, &information)
      if result == 0 { throw SystemError.last }
      _ = CloseHandle(Handle(information[1]))
      return Handle(information[0])
    }

    /// This process's command line with a text after its first word.
    private static func commandLine(inserting text: String) -> [UInt16] {
      // SAFETY: the system's own copy of the command line is terminated and lives as long as the process.
      let line = unsafe Win32.characters(GetCommandLineW())
      let isQuoted = line.first == 0x22
      let rest = isQuoted ? line.dropFirst() : line[...]
      let end = rest.firstIndex { isQuoted ? $0 == 0x22 : $0 == 0x20 || $0 == 0x09 } ?? line.endIndex
      let place = isQuoted ? min(end + 1, line.endIndex) : end
      return line[..<place] + Array(text.utf16) + line[place...] + [0]
    }

    /// The service manager starts a service anew when it crashes, so nobody else needs to.
    public static func forkMonitored(leavesTerminal: Bool) -> MonitoredFork { .child }

    /// Lets what is written to the standard error go to a file, which is emptied if it is there.
    public static func redirectError(to path: String) throws(SystemError) {
      // SAFETY: the name is terminated. CREATE_ALWAYS.
      let file = unsafe CreateFileW(
        Win32.wide(path), Win32.genericWrite, Win32.shareAll, nil, 2, 0, 0)
      guard file != 0 && file != Win32.invalidHandle else { throw SystemError.last }
      _ = SetStdHandle(0xffff_fff4, file)
    }

    /// Gives up the console, the standard streams, apart from those that are kept, and, if told to, the working directory.
    public static func leaveTerminal(changesDirectory: Bool, keeping kept: StandardStreams = []) {
      _ = FreeConsole()
      let streams: [(UInt32, StandardStreams)] = [
        (0xffff_fff6, StandardStreams(rawValue: 1)), (0xffff_fff5, .output), (0xffff_fff4, .error),
      ]
      for (which, kind) in streams where !kept.contains(kind) {
        let stream = GetStdHandle(which)
        // SAFETY: the name is terminated. OPEN_EXISTING.
        let null = unsafe CreateFileW(
          Win32.wide("NUL"), Win32.genericRead | Win32.genericWrite, Win32.shareAll, nil, 3, 0, 0)
        _ = SetStdHandle(which, null)
        // Whoever reads what this process writes must not wait for more.
        if stream != 0 && stream != Win32.invalidHandle { _ = CloseHandle(stream) }
      }
      if changesDirectory { try? Syscalls.changeDirectory("C:/") }
    }

    /// Not to be had on Windows, where the service manager decides who runs a program.
    public static func changeUser(_ text: String) throws(SystemError) { throw Syscalls.unsupported }
  }
#endif
