// What: `unix:` and `punix:` on Windows: named pipes, as OVS does it. The pipe is named after the path without its
// slashes, and a file at the path shows that somebody listens.

#if APUS_WINDOWS
  extension Syscalls {
    private static func pipeName(_ path: String) -> [UInt16] {
      let name = path.utf8.filter { $0 != 0x2f && $0 != 0x5c }
      return Win32.wide("\\\\.\\pipe\\" + String(decoding: name, as: UTF8.self))
    }

    /// Connects to a named pipe; nobody listening there is "not found".
    static func connectLocal(_ path: String) throws(SystemError) -> Descriptor {
      let name = pipeName(path)
      for _ in 0..<busyAttempts {
        // SAFETY: the name is terminated.
        let handle = unsafe CreateFileW(
          name, Win32.genericRead | Win32.genericWrite, 0, nil, 3, Win32.fileFlagOverlapped, 0)
        if handle != Win32.invalidHandle { return try makePipe(handle) }
        guard GetLastError() == Win32.errorPipeBusy else { throw SystemError.last }
        // SAFETY: the name is terminated.
        _ = unsafe WaitNamedPipeW(name, busyWaitMilliseconds)
      }
      throw SystemError(code: Int32(Win32.errorPipeBusy))
    }

    private static let busyAttempts = 10
    private static let busyWaitMilliseconds: UInt32 = 200

    private static func makePipe(_ handle: Handle) throws(SystemError) -> Descriptor {
      // SAFETY: no name is given.
      let event = unsafe CreateEventW(nil, 1, 0, nil)
      if event == 0 {
        _ = CloseHandle(handle)
        throw SystemError.last
      }
      let descriptor = Descriptor(.pipe, handle, event: event)
      descriptor.input = PipeOperation(event: event)
      descriptor.output = PipeOperation(event: event)
      descriptor.input?.startReading(handle)
      return descriptor
    }

    /// Listens on a named pipe that the system, administrators and its owner alone may open.
    static func listenLocal(_ path: String) throws(SystemError) -> Descriptor {
      let name = pipeName(path)
      // SAFETY: no name is given.
      let event = unsafe CreateEventW(nil, 1, 0, nil)
      if event == 0 { throw SystemError.last }
      let handle = createPipe(name, isFirst: true)
      if handle == Win32.invalidHandle {
        let error = SystemError.last
        _ = CloseHandle(event)
        throw error
      }
      let descriptor = Descriptor(.pipeListener(name: name), handle, event: event)
      descriptor.input = PipeOperation(event: event)
      descriptor.input?.startConnecting(handle)
      if let marker = try? openFile(path, .createOrOpen, permissions: 0) { close(marker) }
      return descriptor
    }

    private static func createPipe(_ name: [UInt16], isFirst: Bool) -> Handle {
      var security: UnsafeMutableRawPointer?
      // SAFETY: the text is terminated; the descriptor that the call allocates is freed below.
      _ = unsafe ConvertStringSecurityDescriptorToSecurityDescriptorW(
        Win32.wide("D:P(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;OW)"), 1, &security, nil)
      defer { _ = unsafe LocalFree(security) }
      // SECURITY_ATTRIBUTES: length, descriptor, whether inherited.
      var attributes: [UInt] = unsafe [24, UInt(bitPattern: security), 0]
      // PIPE_ACCESS_DUPLEX, overlapped, and FILE_FLAG_FIRST_PIPE_INSTANCE, so that nobody else can have the name.
      let mode = 3 | Win32.fileFlagOverlapped | (isFirst ? 0x0008_0000 : 0)
      // Bytes, and PIPE_REJECT_REMOTE_CLIENTS. SAFETY: the name is terminated, the structure complete.
      return unsafe CreateNamedPipeW(name, mode, 8, 255, 65_536, 65_536, 0, &attributes)
    }

    static func accept(_ listener: Descriptor) throws(SystemError) -> Descriptor {
      guard case .pipeListener(let name) = listener.kind else { return try acceptSocket(listener) }
      guard let input = listener.input else { throw Syscalls.unsupported }
      input.update(listener.handle)
      switch input.state {
      case .idle, .pending: throw SystemError(code: Int32(Win32.socketWouldBlock))
      case .done, .failed: break
      }
      let connected = listener.handle
      let didFail = if case .failed = input.state { true } else { false }
      listener.handle = createPipe(name, isFirst: false)
      input.startConnecting(listener.handle)
      if didFail {
        _ = CloseHandle(connected)
        throw SystemError(code: Int32(Win32.socketWouldBlock))
      }
      return try makePipe(connected)
    }

    /// Removes the file that shows that somebody listens.
    static func removeLocal(_ path: String) { try? removeFile(path) }

    static func connectLocalDatagrams(_ path: String) throws(SystemError) -> Descriptor { throw unsupported }
  }
#endif
