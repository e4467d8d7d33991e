public import JSON

/// A database that a server offers.
public final class HostedDatabase {
  /// Its name.
  public let name: Text
  /// Its rows.
  public internal(set) var database: Database
  /// Whether the server itself keeps it, in memory only.
  public let isReserved: Bool
  /// Transactions that wait for something.
  var triggers: [Trigger] = []
  /// Whether it has been changed since the triggers were tried.
  var hasChanged = false

  init(_ database: Database, isReserved: Bool = false) {
    name = database.schema.name
    self.database = database
    self.isReserved = isReserved
  }
}

/// A transaction that a client has asked for, and that waits for the database to change.
struct Trigger {
  let session: SessionID
  let id: JSONValue
  let operations: [JSONValue]
  /// When the client asked for it.
  let startMilliseconds: Int64
  var timeoutMilliseconds: Int64?
  /// The memory that it takes while it waits.
  var byteCount = 0

  /// When it is given up.
  var deadlineMilliseconds: Int64? {
    timeoutMilliseconds.map { startMilliseconds.addingReportingOverflow($0).partialValue }
  }
}
