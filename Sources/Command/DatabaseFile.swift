// What: a database's journal as a file: locked, appended to, replaced as a whole.

import Host
public import JSON
public import OVSDB

/// The file of a database.
public final class DatabaseFile {
  /// Where it lies.
  public let path: String
  /// None if the file could not be opened again after it was replaced.
  private var file: File?
  private let lock: LockFile?
  /// Where the last good record ends.
  private var endOffset: Int64
  /// Whether something has been written that a power cut would lose.
  private var isUnsynchronized = false

  private init(path: String, file: File, lock: LockFile?, endOffset: Int64) {
    self.path = path
    self.file = file
    self.lock = lock
    self.endOffset = endOffset
  }

  /// Bytes of the file.
  public var byteCount: Int64 { endOffset }

  /// Makes a file that must not exist yet.
  public static func create(_ path: String, records: [JSONValue]) throws(DatabaseError) {
    let journal = try Journal.onHost.bytes(records)
    let lock = try lock(path)
    do throws(SystemError) {
      let file = try File(path, .createNew)
      do throws(SystemError) {
        try file.write(journal)
        try file.synchronize()
      } catch {
        try? Files.remove(path)
        throw error
      }
    } catch {
      throw ioError("\(path): create failed", error)
    }
    lock.release()
  }

  /// The content of a file.
  public static func read(_ path: String) throws(DatabaseError) -> [UInt8] {
    do throws(SystemError) {
      return try Files.read(path)
    } catch {
      throw ioError("\(path): open failed", error)
    }
  }

  /// Locks and opens a file, and reads its database.
  ///
  /// What follows the last good record is an error, or is cut off if `cutsTail`; then `Loaded.tailError` says
  /// what was wrong with it.
  public static func open(
    _ path: String, generator: UUIDGenerator, cutsTail: Bool
  ) throws(DatabaseError) -> (file: DatabaseFile, loaded: DatabaseLoader.Loaded) {
    guard Files.exists(path) else {
      throw DatabaseError("I/O error", "\(path): open failed (No such file or directory)")
    }
    let lock = try lock(path)
    let file: File
    let bytes: [UInt8]
    do throws(SystemError) {
      file = try File(path, .readWrite)
      bytes = try file.readToEnd()
    } catch {
      throw ioError("\(path): open failed", error)
    }
    let loaded = try DatabaseLoader.load(bytes, name: path, .onHost, generator: generator)
    if !cutsTail, let error = loaded.tailError { throw error }
    do throws(SystemError) {
      if loaded.byteCount != bytes.count { try file.truncate(to: Int64(loaded.byteCount)) }
      try file.seek(to: Int64(loaded.byteCount))
    } catch {
      throw ioError("\(path): cannot truncate to length \(loaded.byteCount)", error)
    }
    return (
      DatabaseFile(path: path, file: file, lock: lock, endOffset: Int64(loaded.byteCount)), loaded
    )
  }

  /// Writes a record at the end; if that fails the file is as it was.
  public func append(_ record: JSONValue) throws(DatabaseError) {
    let bytes = try Journal.onHost.bytes([record])
    let file = try opened()
    do throws(SystemError) {
      try file.write(bytes)
      endOffset += Int64(bytes.count)
      isUnsynchronized = true
    } catch {
      try? file.truncate(to: endOffset)
      try? file.seek(to: endOffset)
      throw DatabaseFile.ioError("\(path): write failed", error)
    }
  }

  /// Waits until what has been written survives a power cut.
  public func synchronize() throws(DatabaseError) {
    guard isUnsynchronized else { return }
    let file = try opened()
    do throws(SystemError) {
      try file.synchronize()
      isUnsynchronized = false
    } catch {
      throw DatabaseFile.ioError("\(path): fsync failed", error)
    }
  }

  /// Replaces the whole file, so that a crash leaves the old or the new one.
  public func replace(with records: [JSONValue]) throws(DatabaseError) {
    let journal = try Journal.onHost.bytes(records)
    let target = Files.resolved(path)
    // Not every system replaces a file that is open.
    file?.close()
    file = nil
    do throws(SystemError) {
      try Files.replace(target, with: journal)
      endOffset = Int64(journal.count)
      isUnsynchronized = false
    } catch {
      // The old file is as it was, and goes on if it can be opened.
      _ = try? opened()
      throw DatabaseFile.ioError("\(path): write failed", error)
    }
    // The new file is the database now, whether it can be opened at once or not.
    _ = try? opened()
  }

  /// The open file, opened again at its end if need be.
  ///
  /// A descriptor that has been closed may be somebody else's by now, so nothing is ever written to one.
  private func opened() throws(DatabaseError) -> File {
    if let file { return file }
    do throws(SystemError) {
      let reopened = try File(Files.resolved(path), .readWrite)
      try reopened.seek(to: endOffset)
      file = reopened
      return reopened
    } catch {
      throw DatabaseFile.ioError("\(path): open failed", error)
    }
  }

  /// Gives up the lock and closes the file.
  public func close() {
    file?.close()
    file = nil
    lock?.release()
  }

  private static func lock(_ path: String) throws(DatabaseError) -> LockFile {
    do throws(LockFile.Failure) {
      return try LockFile.acquire(for: path)
    } catch {
      switch error {
      case .heldByProcess:
        throw DatabaseError(
          "I/O error", "\(path): failed to lock lockfile (Resource temporarily unavailable)")
      case .failed(let error, _): throw ioError("\(path): failed to lock lockfile", error)
      }
    }
  }

  private static func ioError(_ context: String, _ error: SystemError) -> DatabaseError {
    DatabaseError("I/O error", "\(context) (\(error.message))")
  }
}

extension Journal {
  /// With SHA-1 as the operating system has it.
  public static var onHost: Journal {
    Journal { body throws(DatabaseError) in
      do throws(SystemError) {
        return try SHA1.digest(body)
      } catch {
        throw DatabaseError("I/O error", "SHA-1 could not be worked out (\(error.message))")
      }
    }
  }
}

extension Schema {
  /// Reads a file that holds a schema; what is wrong is told as a message for people.
  public static func load(_ path: String) throws(UsageError) -> Schema {
    let json = try JSONValue.load(path, errorPrefix: "failed to read schema: ")
    do throws(DatabaseError) {
      return try Schema(json)
    } catch {
      throw UsageError(error.wrapped("failed to parse \"\(path)\" as ovsdb schema").message)
    }
  }
}

extension JSONValue {
  /// Reads a file that holds a JSON value.
  static func load(_ path: String, errorPrefix: String) throws(UsageError) -> JSONValue {
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try Files.read(path)
    } catch {
      throw UsageError(
        "\(errorPrefix)\"\(path)\" could not be read as JSON (error opening \"\(path)\": \(error.message))")
    }
    do throws(JSONError) {
      return try JSONParser.parse(bytes)
    } catch {
      throw UsageError("\(errorPrefix)\"\(path)\" could not be read as JSON (\(error.message))")
    }
  }
}

extension UUIDGenerator {
  /// A generator with a seed that nobody can guess.
  public static func seeded() -> UUIDGenerator {
    UUIDGenerator(seed: (Random.integer(), Random.integer(), Random.integer(), Random.integer()))
  }
}
