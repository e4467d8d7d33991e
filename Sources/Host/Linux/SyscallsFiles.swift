#if !APUS_WINDOWS
  import CLinux
  import Glibc

  extension Syscalls {
    static let defaultDirectories = (
      run: "/var/run/openvswitch", log: "/var/log/openvswitch", packageData: "/usr/share/openvswitch",
      systemConfiguration: "/etc"
    )

    /// Whether the names of control sockets have the number of their process.
    static let numbersControlSockets = true

    static func isSeparator(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "/") }

    static func isAbsolute(_ path: String) -> Bool { path.utf8.first == UInt8(ascii: "/") }

    static func openFile(_ path: String, _ mode: FileMode, permissions: UInt32) throws(SystemError)
      -> Descriptor
    {
      let flags: Int32
      switch mode {
      case .read: flags = O_RDONLY
      case .readWrite: flags = O_RDWR
      case .createOrOpen: flags = O_RDWR | O_CREAT
      case .createNew: flags = O_RDWR | O_CREAT | O_EXCL
      case .replace: flags = O_RDWR | O_CREAT | O_TRUNC
      case .append: flags = O_WRONLY | O_CREAT | O_APPEND
      }
      // SAFETY: the path is a terminated string during the call.
      let number = unsafe apus_open(path, flags | O_CLOEXEC, mode_t(permissions))
      if number < 0 { throw SystemError.last }
      return Descriptor(number: number)
    }

    static func size(_ descriptor: Descriptor) throws(SystemError) -> Int64 {
      var status = stat()
      // SAFETY: the kernel fills the structure during the call.
      if unsafe fstat(descriptor.number, &status) < 0 { throw SystemError.last }
      return Int64(status.st_size)
    }

    static func seek(_ descriptor: Descriptor, to offset: Int64) throws(SystemError) {
      if lseek(descriptor.number, off_t(offset), SEEK_SET) < 0 { throw SystemError.last }
    }

    static func truncate(_ descriptor: Descriptor, to size: Int64) throws(SystemError) {
      if ftruncate(descriptor.number, off_t(size)) < 0 { throw SystemError.last }
    }

    static func synchronize(_ descriptor: Descriptor) throws(SystemError) {
      if fdatasync(descriptor.number) < 0 { throw SystemError.last }
    }

    /// Makes a rename in a directory last through a power cut.
    static func synchronizeDirectory(of path: String) {
      let bytes = Array(path.utf8)
      let slash = bytes.lastIndex(of: UInt8(ascii: "/"))
      let folder = slash.map { $0 == 0 ? "/" : String(decoding: bytes[..<$0], as: UTF8.self) } ?? "."
      // SAFETY: the path is a terminated string during the call.
      let number = unsafe apus_open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
      guard number >= 0 else { return }
      _ = fsync(number)
      _ = Glibc.close(number)
    }

    static func rename(_ old: String, to new: String) throws(SystemError) {
      // SAFETY: both paths are terminated strings during the call.
      if unsafe Glibc.rename(old, new) < 0 { throw SystemError.last }
    }

    static func removeFile(_ path: String) throws(SystemError) {
      // SAFETY: the path is a terminated string during the call.
      if unsafe unlink(path) < 0 { throw SystemError.last }
    }

    static func makeDirectory(_ path: String) throws(SystemError) {
      // SAFETY: the path is a terminated string during the call.
      if unsafe mkdir(path, 0o755) < 0, errno != EEXIST { throw SystemError.last }
    }

    static func changeDirectory(_ path: String) throws(SystemError) {
      // SAFETY: the path is a terminated string during the call.
      if unsafe chdir(path) < 0 { throw SystemError.last }
    }

    static func currentDirectory() -> String {
      // SAFETY: the call allocates the string, which is copied and freed here.
      guard let text = unsafe getcwd(nil, 0) else { return "/" }
      defer { unsafe free(text) }
      return unsafe String(cString: text)
    }

    /// What kind of file lies at a path, or the error of asking.
    static func kind(_ path: String) throws(SystemError) -> FileKind {
      var status = stat()
      // SAFETY: the path is a terminated string and the kernel fills the structure during the call.
      if unsafe lstat(path, &status) < 0 { throw SystemError.last }
      switch status.st_mode & S_IFMT {
      case S_IFREG: return .regular
      case S_IFDIR: return .directory
      case S_IFLNK: return .symbolicLink
      case S_IFSOCK: return .socket
      default: return .other
      }
    }

    /// Follows symbolic links to the file itself, if it exists.
    static func resolvedPath(_ path: String) -> String {
      // SAFETY: the call allocates the string, which is copied and freed here.
      guard let text = unsafe realpath(path, nil) else { return path }
      defer { unsafe free(text) }
      return unsafe String(cString: text)
    }

    /// Whether two descriptors, or a descriptor and a path, are the same file.
    static func isSameFile(_ descriptor: Descriptor, as path: String) -> Bool {
      var first = stat()
      var second = stat()
      // SAFETY: the path is a terminated string and the kernel fills the structures during the calls.
      guard unsafe fstat(descriptor.number, &first) == 0, unsafe stat(path, &second) == 0 else {
        return false
      }
      return first.st_dev == second.st_dev && first.st_ino == second.st_ino
    }

    /// Takes the write lock on a whole file, or says which process holds it.
    static func lock(_ descriptor: Descriptor) throws(SystemError) -> FileLockResult {
      var lock = flock()
      lock.l_type = Int16(F_WRLCK)
      lock.l_whence = Int16(SEEK_SET)
      // SAFETY: the kernel reads the structure during the call.
      if unsafe apus_set_lock(descriptor.number, &lock) == 0 { return .locked }
      guard errno == EAGAIN || errno == EACCES else { throw SystemError.last }
      // SAFETY: the kernel reads and fills the structure during the call.
      if unsafe apus_get_lock(descriptor.number, &lock) < 0 || lock.l_type == Int16(F_UNLCK) {
        return .heldByProcess(0)
      }
      return .heldByProcess(Int32(lock.l_pid))
    }

    /// Which process holds the write lock on a file, if one does.
    static func lockHolder(_ descriptor: Descriptor) -> Int32? {
      var lock = flock()
      lock.l_type = Int16(F_WRLCK)
      lock.l_whence = Int16(SEEK_SET)
      // SAFETY: the kernel reads and fills the structure during the call.
      guard unsafe apus_get_lock(descriptor.number, &lock) == 0, lock.l_type != Int16(F_UNLCK) else {
        return nil
      }
      return Int32(lock.l_pid)
    }
  }
#endif
