#if !APUS_WINDOWS
  /// The file that says which process a daemon is, locked as long as the daemon runs.
  public final class PidFile {
    /// Where it lies.
    public let path: String
    private let file: File

    private init(_ path: String, _ file: File) {
      self.path = path
      self.file = file
    }

    /// Writes it for this process.
    ///
    /// It is made and locked under another name, so that nobody sees it without its lock.
    public static func create(_ path: String) throws(SystemError) -> PidFile {
      let temporary = "\(path).tmp\(Process.identifier)"
      let file = try File(temporary, .replace, permissions: 0o666)
      try file.write(Array("\(Process.identifier)\n".utf8))
      _ = try file.lock()
      try Files.rename(temporary, to: path)
      return PidFile(path, file)
    }

    /// Removes it, if it is still ours.
    public func remove() {
      if file.isSame(as: path) { try? Files.remove(path) }
    }

    /// The process that holds a file, if one does.
    public static func holder(_ path: String) -> Int32? {
      guard let file = try? File(path, .readWrite) else { return nil }
      return file.lockHolder
    }
  }
#endif
