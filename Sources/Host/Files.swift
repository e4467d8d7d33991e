/// How a file is opened.
public enum FileMode: Sendable {
  /// For reading; it must exist.
  case read
  /// For reading and writing; it must exist.
  case readWrite
  /// For reading and writing; made if it does not exist.
  case createOrOpen
  /// For reading and writing; it must not exist.
  case createNew
  /// For reading and writing; emptied if it exists.
  case replace
  /// For writing at the end; made if it does not exist.
  case append
}

/// The kinds of file.
public enum FileKind: Equatable, Sendable {
  /// An ordinary file.
  case regular
  /// A directory.
  case directory
  /// A symbolic link.
  case symbolicLink
  /// A unix socket.
  case socket
  /// A device or the like.
  case other
}

/// What an attempt to lock a file gave.
public enum FileLockResult: Equatable, Sendable {
  /// The lock is ours until the file is closed.
  case locked
  /// Another process, or 0 if not known which, holds it.
  case heldByProcess(Int32)
}

/// An open file, closed when nobody refers to it any more.
public final class File {
  private var open: Descriptor?

  /// Opens a file; if it is made, with these permissions less the process's mask.
  public init(_ path: String, _ mode: FileMode, permissions: UInt32 = 0o660) throws(SystemError) {
    open = try Syscalls.openFile(path, mode, permissions: permissions)
  }

  deinit { close() }

  /// Closes the file, which also gives up its lock; whatever is asked of it after that fails.
  public func close() {
    if let open { Syscalls.close(open) }
    open = nil
  }

  /// The descriptor, whose number belongs to somebody else once the file is closed.
  private func descriptor() throws(SystemError) -> Descriptor {
    guard let open else { throw Syscalls.notOpen }
    return open
  }

  /// How long the file is, in bytes.
  public func byteCount() throws(SystemError) -> Int64 { try Syscalls.size(descriptor()) }

  /// Reads from the present position to the end.
  public func readToEnd() throws(SystemError) -> [UInt8] {
    var result: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 262_144)
    while let part = try readPart(&buffer) { result.append(contentsOf: part) }
    return result
  }

  /// Reads at most as much as `buffer` holds; nil at the end.
  public func readPart(_ buffer: inout [UInt8]) throws(SystemError) -> ArraySlice<UInt8>? {
    switch Syscalls.read(try descriptor(), into: &buffer) {
    case .count(let count): return buffer[..<count]
    case .endOfStream, .wouldBlock: return nil
    case .failed(let error): throw error
    }
  }

  /// Writes all bytes at the present position.
  public func write(_ bytes: [UInt8]) throws(SystemError) { try Syscalls.writeWhole(descriptor(), bytes) }

  /// Moves the position.
  public func seek(to offset: Int64) throws(SystemError) { try Syscalls.seek(descriptor(), to: offset) }

  /// Cuts or extends the file.
  public func truncate(to byteCount: Int64) throws(SystemError) {
    try Syscalls.truncate(descriptor(), to: byteCount)
  }

  /// Waits until everything written lies on the disk.
  public func synchronize() throws(SystemError) { try Syscalls.synchronize(descriptor()) }

  /// Tries to take the write lock on the whole file.
  public func lock() throws(SystemError) -> FileLockResult { try Syscalls.lock(descriptor()) }

  /// The process that holds the write lock on the file, if another one does.
  public var lockHolder: Int32? { open.flatMap { Syscalls.lockHolder($0) } }

  /// Whether a path still names this file.
  public func isSame(as path: String) -> Bool {
    open.map { Syscalls.isSameFile($0, as: path) } ?? false
  }
}

/// Files by their paths.
public enum Files {
  /// The whole content of a file.
  public static func read(_ path: String) throws(SystemError) -> [UInt8] {
    try File(path, .read).readToEnd()
  }

  /// Writes a file whole beside its final place, makes it durable, then moves it there.
  public static func replace(_ path: String, with bytes: [UInt8]) throws(SystemError) {
    let temporary = path + ".tmp\(Process.identifier)"
    let file = try File(temporary, .replace)
    do throws(SystemError) {
      try file.write(bytes)
      try file.synchronize()
      file.close()
      try rename(temporary, to: path)
    } catch {
      try? remove(temporary)
      throw error
    }
  }

  /// Moves a file over another, durably.
  public static func rename(_ old: String, to new: String) throws(SystemError) {
    try Syscalls.rename(old, to: new)
    Syscalls.synchronizeDirectory(of: new)
  }

  /// Removes a file.
  public static func remove(_ path: String) throws(SystemError) { try Syscalls.removeFile(path) }

  /// Makes a directory, unless it exists.
  public static func makeDirectory(_ path: String) throws(SystemError) { try Syscalls.makeDirectory(path) }

  /// What lies at a path; nil if nothing does or it cannot be seen.
  public static func kind(_ path: String) -> FileKind? { try? Syscalls.kind(path) }

  /// Whether something lies at a path.
  public static func exists(_ path: String) -> Bool { kind(path) != nil }

  /// A path with its symbolic links followed, if it exists.
  public static func resolved(_ path: String) -> String { Syscalls.resolvedPath(path) }

  /// The path of a file below the directory in which the program was started.
  public static func absolute(_ path: String) -> String {
    Directories.absolute(path, in: Syscalls.currentDirectory())
  }
}

/// A lock on a file that programs agree on, held as OVS holds it: a write lock on a companion file
/// `.NAME.~lock~` in the same directory.
public final class LockFile {
  private let file: File

  private init(_ file: File) { self.file = file }

  /// Why a lock could not be had.
  public enum Failure: Error, Equatable, Sendable {
    /// Another process, or 0 if not known which, holds it.
    case heldByProcess(Int32, lockPath: String)
    /// The companion file could not be made or locked.
    case failed(SystemError, lockPath: String)
  }

  /// The companion file of a file.
  public static func path(for path: String) -> String {
    let bytes = Array(Files.resolved(path).utf8)
    let nameStart =
      bytes.lastIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") }.map { $0 + 1 } ?? 0
    return String(decoding: bytes[..<nameStart], as: UTF8.self) + "."
      + String(decoding: bytes[nameStart...], as: UTF8.self) + ".~lock~"
  }

  /// Takes the lock of a file, which need not exist.
  public static func acquire(for path: String) throws(Failure) -> LockFile {
    let lockPath = LockFile.path(for: path)
    let file: File
    let result: FileLockResult
    do throws(SystemError) {
      file = try File(lockPath, .createOrOpen, permissions: 0o600)
      result = try file.lock()
    } catch {
      throw .failed(error, lockPath: lockPath)
    }
    switch result {
    case .locked: return LockFile(file)
    case .heldByProcess(let identifier): throw .heldByProcess(identifier, lockPath: lockPath)
    }
  }

  /// Gives the lock up.
  public func release() { file.close() }
}
