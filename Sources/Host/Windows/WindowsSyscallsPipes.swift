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
        // Whoever listens may learn who connects, but not act in that name: SECURITY_SQOS_PRESENT |
        // SECURITY_IDENTIFICATION.
        let flags = Win32.fileFlagOverlapped | 0x0011_0000
        // SAFETY: the name is terminated.
        let handle = unsafe CreateFileW(name, Win32.genericRead | Win32.genericWrite, 0, nil, 3, flags, 0)
        if handle != Win32.invalidHandle { return Descriptor(.pipe, handle) }
        guard GetLastError() == Win32.errorPipeBusy else { throw SystemError.last }
        // SAFETY: the name is terminated.
        _ = unsafe WaitNamedPipeW(name, busyWaitMilliseconds)
      }
      throw SystemError(code: Int32(Win32.errorPipeBusy))
    }

    private static let busyAttempts = 10
    private static let busyWaitMilliseconds: UInt32 = 500

    /// Whether somebody listens at a path.
    static func isListening(_ path: String) -> Bool {
      // SAFETY: the name is terminated.
      let isFree = unsafe WaitNamedPipeW(pipeName(path), 1) != 0
      return isFree || GetLastError() != Win32.errorFileNotFound
    }

    /// Listens on a named pipe that the system, administrators and its owner alone may open.
    static func listenLocal(_ path: String) throws(SystemError) -> Descriptor {
      let descriptor = Descriptor(.pipeListener(name: pipeName(path)), 0)
      // WSAEADDRINUSE says it better than "access denied", which is what Windows says of a name that is taken.
      if isListening(path) { throw SystemError(code: 10_048) }
      let handle = try createPipe(pipeName(path), isFirst: true)
      descriptor.places = [ListeningPlace(operation: Operation(byteCount: 0), handle: handle)]
      do throws(SystemError) {
        close(try openFile(path, .createOrOpen, permissions: 0))
      } catch {
        close(descriptor)
        throw error
      }
      return descriptor
    }

    /// The rights of a pipe, in the security descriptor definition language: all for the system, for administrators
    /// and for the owner; none for anybody else.
    private static let pipeSecurity = "D:P(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;OW)"

    private static func createPipe(_ name: [UInt16], isFirst: Bool) throws(SystemError) -> Handle {
      var security: UnsafeMutableRawPointer?
      // SAFETY: the text is terminated; the descriptor that the call allocates is freed below.
      let isKnown = unsafe ConvertStringSecurityDescriptorToSecurityDescriptorW(
        Win32.wide(pipeSecurity), 1, &security, nil)
      // A pipe without these rights would be open to more than it should.
      if isKnown == 0 { throw SystemError.last }
      defer { _ = unsafe LocalFree(security) }
      // SECURITY_ATTRIBUTES: length, descriptor, whether inherited.
      var attributes: [UInt] = [24, UInt(bitPattern: security), 0]
      // PIPE_ACCESS_DUPLEX, overlapped, and FILE_FLAG_FIRST_PIPE_INSTANCE, so that nobody else can have the name.
      let mode = 3 | Win32.fileFlagOverlapped | (isFirst ? 0x0008_0000 : 0)
      // Bytes, and PIPE_REJECT_REMOTE_CLIENTS; any number of them. SAFETY: the name is terminated, the structure
      // complete.
      let handle = unsafe CreateNamedPipeW(name, mode, 8, 255, 65_536, 65_536, 0, &attributes)
      if handle == Win32.invalidHandle { throw SystemError.last }
      return handle
    }

    /// Begins to wait at one more end of a listening pipe; nil if the system refuses it.
    static func makePipePlace(_ listener: Descriptor, _ name: [UInt16]) -> ListeningPlace? {
      guard let handle = try? createPipe(name, isFirst: false) else { return nil }
      let place = ListeningPlace(operation: Operation(byteCount: 0), handle: handle)
      guard startPipePlace(listener, place) else {
        _ = CloseHandle(handle)
        return nil
      }
      return place
    }

    /// Begins to wait for a peer at an end of a listening pipe.
    static func startPipePlace(_ listener: Descriptor, _ place: ListeningPlace) -> Bool {
      guard let poller = listener.poller, (try? poller.associate(place.handle)) != nil else { return false }
      unsafe listener.begin(place.operation, on: place.handle) { overlapped in
        // SAFETY: the memory lives until the operation has ended.
        unsafe ConnectNamedPipe(place.handle, overlapped) != 0 ? 0 : GetLastError()
      }
      return !place.operation.state.isFailed
    }

    /// Removes the file that shows that somebody listens.
    static func removeLocal(_ path: String) { try? removeFile(path) }

    static func connectLocalDatagrams(_ path: String) throws(SystemError) -> Descriptor { throw unsupported }
  }
#endif
