import Command
import JSON
import OVSDB

/// The files behind the databases of a server.
final class FileStore: JournalStore {
  private var files: [String: DatabaseFile] = [:]
  /// Sizes after the last compaction, in bytes.
  private var compactByteCounts: [String: Int64] = [:]
  /// Databases with a durable transaction that is not known to be on disk.
  private var unsynchronized: Set<String> = []

  func add(_ file: DatabaseFile, _ database: String) {
    files[database] = file
    compactByteCounts[database] = file.byteCount
  }

  func remove(_ database: String) {
    files.removeValue(forKey: database)?.close()
    compactByteCounts[database] = nil
    unsynchronized.remove(database)
  }

  func path(_ database: String) -> String? { files[database]?.path }

  func append(_ record: JSONValue, to database: String, isDurable: Bool) throws(DatabaseError) {
    guard let file = files[database] else { throw DatabaseError("I/O error", "\(database): no file") }
    try file.append(record)
    if isDurable { unsynchronized.insert(database) }
  }

  func replace(_ database: String, with records: [JSONValue]) throws(DatabaseError) {
    guard let file = files[database] else { throw DatabaseError("I/O error", "\(database): no file") }
    try file.replace(with: records)
    compactByteCounts[database] = file.byteCount
    unsynchronized.remove(database)
  }

  /// Waits until every durable transaction is on disk.
  func synchronize() throws(DatabaseError) {
    guard !unsynchronized.isEmpty else { return }
    for database in unsynchronized { try files[database]?.synchronize() }
    unsynchronized.removeAll(keepingCapacity: true)
  }

  /// Files smaller than this are never compacted by themselves, in bytes; as Open vSwitch has it.
  private static let compactionFloorByteCount: Int64 = 10 << 20

  /// Databases whose files have become much larger than what they hold.
  var grown: [String] {
    files.keys.sorted().filter { name in
      let byteCount = files[name]?.byteCount ?? 0
      return byteCount >= Self.compactionFloorByteCount && byteCount / 2 > compactByteCounts[name] ?? 0
    }
  }

  func close() {
    for file in files.values {
      try? file.synchronize()
      file.close()
    }
    files = [:]
  }
}
