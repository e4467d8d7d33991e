#if APUS_WINDOWS
  extension Syscalls {
    static let defaultDirectories = (
      run: "C:/ProgramData/openvswitch", log: "C:/ProgramData/openvswitch/logs",
      packageData: "C:/Program Files/Open vSwitch/conf", systemConfiguration: "C:/ProgramData"
    )

    /// Whether the names of control sockets have the number of their process.
    static let numbersControlSockets = false

    /// A path with a drive, or one that begins with a slash of either kind.
    static func isAbsolute(_ path: String) -> Bool {
      let bytes = Array(path.utf8)
      if let first = bytes.first, isSeparator(first) { return true }
      return bytes.count >= 3 && bytes[1] == UInt8(ascii: ":") && isSeparator(bytes[2])
    }

    static func isSeparator(_ byte: UInt8) -> Bool { byte == 0x2f || byte == 0x5c }

    static func openFile(_ path: String, _ mode: FileMode, permissions: UInt32) throws(SystemError)
      -> Descriptor
    {
      let access: UInt32
      let disposition: UInt32
      switch mode {
      case .read: (access, disposition) = (Win32.genericRead, 3)
      case .readWrite: (access, disposition) = (Win32.genericRead | Win32.genericWrite, 3)
      case .createOrOpen: (access, disposition) = (Win32.genericRead | Win32.genericWrite, 4)
      case .createNew: (access, disposition) = (Win32.genericRead | Win32.genericWrite, 1)
      case .replace: (access, disposition) = (Win32.genericRead | Win32.genericWrite, 2)
      // FILE_APPEND_DATA | SYNCHRONIZE: every write goes to the end.
      case .append: (access, disposition) = (0x0010_0004, 4)
      }
      // SAFETY: the name is terminated. 0x80 is FILE_ATTRIBUTE_NORMAL.
      let handle = unsafe CreateFileW(Win32.wide(path), access, Win32.shareAll, nil, disposition, 0x80, 0)
      if handle == Win32.invalidHandle { throw SystemError.last }
      return Descriptor(.file, handle)
    }

    static func size(_ descriptor: Descriptor) throws(SystemError) -> Int64 {
      var size: Int64 = 0
      // SAFETY: the call writes one integer.
      if unsafe GetFileSizeEx(descriptor.handle, &size) == 0 { throw SystemError.last }
      return size
    }

    static func seek(_ descriptor: Descriptor, to offset: Int64) throws(SystemError) {
      if SetFilePointerEx(descriptor.handle, offset, nil, 0) == 0 { throw SystemError.last }
    }

    static func truncate(_ descriptor: Descriptor, to size: Int64) throws(SystemError) {
      var position: Int64 = 0
      // SAFETY: the call writes one integer. 1 is FILE_CURRENT.
      if unsafe SetFilePointerEx(descriptor.handle, 0, &position, 1) == 0 { throw SystemError.last }
      try seek(descriptor, to: size)
      if SetEndOfFile(descriptor.handle) == 0 { throw SystemError.last }
      try seek(descriptor, to: position)
    }

    static func synchronize(_ descriptor: Descriptor) throws(SystemError) {
      if FlushFileBuffers(descriptor.handle) == 0 { throw SystemError.last }
    }

    /// Renames are written through, so that nothing is left to do here.
    static func synchronizeDirectory(of path: String) {}

    static func rename(_ old: String, to new: String) throws(SystemError) {
      for attempt in 1... {
        // SAFETY: both names are terminated. MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH.
        if unsafe MoveFileExW(Win32.wide(old), Win32.wide(new), 9) != 0 { return }
        let error = GetLastError()
        // Whoever looks through new files, as virus scanners do, lets go of them soon.
        let mayPass = error == Win32.errorAccessDenied || error == Win32.errorSharingViolation
        if !mayPass || attempt == renameAttempts { throw SystemError(code: Int32(bitPattern: error)) }
        Sleep(renameWaitMilliseconds)
      }
    }

    private static let renameAttempts = 10
    private static let renameWaitMilliseconds: UInt32 = 20

    static func removeFile(_ path: String) throws(SystemError) {
      // SAFETY: the name is terminated.
      if unsafe DeleteFileW(Win32.wide(path)) == 0 { throw SystemError.last }
    }

    static func makeDirectory(_ path: String) throws(SystemError) {
      // SAFETY: the name is terminated.
      if unsafe CreateDirectoryW(Win32.wide(path), nil) == 0, GetLastError() != Win32.errorAlreadyExists {
        throw SystemError.last
      }
    }

    static func changeDirectory(_ path: String) throws(SystemError) {
      // SAFETY: the name is terminated.
      if unsafe SetCurrentDirectoryW(Win32.wide(path)) == 0 { throw SystemError.last }
    }

    static func currentDirectory() -> String {
      var buffer = [UInt16](repeating: 0, count: 32_768)
      // SAFETY: the call writes at most as many characters as the array holds.
      let count = unsafe GetCurrentDirectoryW(UInt32(buffer.count), &buffer)
      return String(decoding: buffer[..<min(Int(count), buffer.count)], as: UTF16.self)
    }

    static func kind(_ path: String) throws(SystemError) -> FileKind {
      // SAFETY: the name is terminated.
      let attributes = unsafe GetFileAttributesW(Win32.wide(path))
      if attributes == UInt32.max { throw SystemError.last }
      // FILE_ATTRIBUTE_DIRECTORY and FILE_ATTRIBUTE_REPARSE_POINT.
      if attributes & 0x10 != 0 { return .directory }
      if attributes & 0x400 != 0 { return .symbolicLink }
      // An empty file stands for a pipe on which somebody listens.
      guard let file = try? openFile(path, .read, permissions: 0) else { return .regular }
      defer { close(file) }
      return (try? size(file)) == 0 && isListening(path) ? .socket : .regular
    }

    static func resolvedPath(_ path: String) -> String { path }

    static func isSameFile(_ descriptor: Descriptor, as path: String) -> Bool {
      guard let other = try? openFile(path, .read, permissions: 0) else { return false }
      defer { close(other) }
      guard let first = identity(descriptor), let second = identity(other) else { return false }
      return first == second
    }

    /// The volume's and file's numbers of `BY_HANDLE_FILE_INFORMATION`.
    private static func identity(_ descriptor: Descriptor) -> [UInt32]? {
      var words = [UInt32](repeating: 0, count: 13)
      // SAFETY: the structure has 52 bytes, as the array has.
      let result = unsafe words.withUnsafeMutableBytes { bytes -> Int32 in
        guard let base = bytes.baseAddress else { return 0 }
        return unsafe GetFileInformationByHandle(descriptor.handle, base)
      }
      return result == 0 ? nil : [words[7], words[11], words[12]]
    }

    /// Takes the write lock of a file.
    ///
    /// Locks here keep others from reading too, so one byte far beyond every file's end stands for the file.
    static func lock(_ descriptor: Descriptor) throws(SystemError) -> FileLockResult {
      if tryLock(descriptor) { return .locked }
      guard GetLastError() == Win32.errorLockViolation else { throw SystemError.last }
      return .heldByProcess(0)
    }

    /// 0 if another process, which Windows does not name, holds the lock.
    static func lockHolder(_ descriptor: Descriptor) -> Int32? {
      guard tryLock(descriptor) else { return 0 }
      unsafe withLockPlace { place in _ = unsafe UnlockFileEx(descriptor.handle, 0, 1, 0, place) }
      return nil
    }

    private static func tryLock(_ descriptor: Descriptor) -> Bool {
      var isLocked = false
      // LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY.
      unsafe withLockPlace { place in isLocked = unsafe LockFileEx(descriptor.handle, 3, 0, 1, 0, place) != 0
      }
      return isLocked
    }

    /// Calls `body` with an `OVERLAPPED` that names the byte that is locked.
    private static func withLockPlace(_ body: (UnsafeMutableRawPointer) -> Void) {
      var words: [UInt64] = [0, 0, 0x7fff_ffff_0000_0000, 0]
      // SAFETY: the structure has 32 bytes, as the array has.
      unsafe words.withUnsafeMutableBytes { bytes in
        if let base = bytes.baseAddress { unsafe body(base) }
      }
    }
  }
#endif
