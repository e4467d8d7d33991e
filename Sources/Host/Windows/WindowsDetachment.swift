// What: how a program goes into the background where there is no fork: it starts itself again, with the handle of a
// pipe in its environment, and waits until the new process says through the pipe that it is ready.

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

    private static let variable = "APUS_READY_HANDLE"

    /// Starts the program anew in the background; in the process so started returns `child`.
    public static func fork() -> Fork {
      if let text = Syscalls.environment(variable), let handle = Handle(text) {
        // SAFETY: the name is terminated.
        _ = unsafe SetEnvironmentVariableW(Win32.wide(variable), nil)
        return .child(ReadinessPipe(handle: handle))
      }
      var reading: Handle = 0
      var writing: Handle = 0
      // SAFETY: the call writes two handles.
      if unsafe CreatePipe(&reading, &writing, nil, 0) == 0 { return .failed(.last) }
      // HANDLE_FLAG_INHERIT.
      _ = SetHandleInformation(writing, 1, 1)
      // SAFETY: both texts are terminated.
      _ = unsafe SetEnvironmentVariableW(Win32.wide(variable), Win32.wide("\(writing)"))
      let process = start()
      _ = CloseHandle(writing)
      guard let process else { return .failed(.last) }
      let pipe = Descriptor(.file, reading)
      var buffer: [UInt8] = [1]
      let verdict = Syscalls.read(pipe, into: &buffer)
      Syscalls.close(pipe)
      if case .count = verdict { return .parent(status: 0) }
      _ = WaitForSingleObject(process, Win32.infinite)
      var status: UInt32 = 1
      // SAFETY: the call writes one integer.
      _ = unsafe GetExitCodeProcess(process, &status)
      return .parent(status: status == 0 ? 1 : Int32(truncatingIfNeeded: status))
    }

    /// Starts this program's command line again; returns its process.
    private static func start() -> Handle? {
      // STARTUPINFOW has 104 bytes, the first four its length; PROCESS_INFORMATION 24, the process first.
      var startup = [UInt64](repeating: 0, count: 13)
      startup[0] = 104
      var information = [UInt64](repeating: 0, count: 3)
      // DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP. SAFETY: the structures have the sizes that the call expects,
      // and the command line is the system's own writable copy.
      let result = unsafe CreateProcessW(
        nil, GetCommandLineW(), nil, nil, 1, 0x208, nil, nil, &startup, &information)
      guard result != 0 else { return nil }
      _ = CloseHandle(Handle(information[1]))
      return Handle(information[0])
    }

    /// The service manager starts a service anew when it crashes, so nobody else needs to.
    public static func forkMonitored(leavesTerminal: Bool) -> MonitoredFork { .child }

    /// Gives up the working directory, if told to; the process was started without a console.
    public static func leaveTerminal(changesDirectory: Bool) {
      if changesDirectory { try? Syscalls.changeDirectory("C:/") }
    }

    /// Not to be had on Windows, where the service manager decides who runs a program.
    public static func changeUser(_ text: String) throws(SystemError) { throw Syscalls.unsupported }
  }
#endif
