public import JSON

/// Where the server keeps its databases; the program puts files behind it.
public protocol JournalStore: AnyObject {
  /// Adds a record to the end of a database's journal.
  ///
  /// What has been added survives the end of the process. The replies that the transaction leads to must not
  /// leave before it survives the end of the machine as well, if it is durable.
  func append(_ record: JSONValue, to database: String, isDurable: Bool) throws(DatabaseError)

  /// Replaces the journal of a database as a whole, so that a crash leaves either the old or the new one.
  func replace(_ database: String, with records: [JSONValue]) throws(DatabaseError)
}
