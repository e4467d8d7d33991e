// What: the file that says which process a daemon is. The daemon holds it open and shares it for reading alone, so
// that nobody can change or remove it while the daemon runs.

#if APUS_WINDOWS
  /// The file that says which process a daemon is, held as long as the daemon runs.
  public final class PidFile {
    /// Where it lies.
    public let path: String
    private let descriptor: Descriptor

    private init(_ path: String, _ descriptor: Descriptor) {
      self.path = path
      self.descriptor = descriptor
    }

    /// Writes it for this process.
    public static func create(_ path: String) throws(SystemError) -> PidFile {
      // SAFETY: the name is terminated. FILE_SHARE_READ, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL.
      let handle = unsafe CreateFileW(Win32.wide(path), Win32.genericWrite, 1, nil, 2, 0x80, 0)
      if handle == Win32.invalidHandle { throw SystemError.last }
      let descriptor = Descriptor(.file, handle)
      do throws(SystemError) {
        try Syscalls.writeWhole(descriptor, Array("\(Process.identifier)\n".utf8))
      } catch {
        Syscalls.close(descriptor)
        throw error
      }
      return PidFile(path, descriptor)
    }

    /// Removes it.
    public func remove() {
      Syscalls.close(descriptor)
      try? Syscalls.removeFile(path)
    }

    /// The process that holds a file, if one does; 0 if it is not known which.
    public static func holder(_ path: String) -> Int32? {
      // SAFETY: the name is terminated. OPEN_EXISTING.
      let handle = unsafe CreateFileW(Win32.wide(path), Win32.genericWrite, Win32.shareAll, nil, 3, 0x80, 0)
      if handle != Win32.invalidHandle {
        _ = CloseHandle(handle)
        return nil
      }
      guard GetLastError() == Win32.errorSharingViolation else { return nil }
      let digits = ((try? Files.read(path)) ?? []).prefix { $0 >= 0x30 && $0 <= 0x39 }
      return Int32(String(decoding: digits, as: UTF8.self)) ?? 0
    }
  }
#endif
