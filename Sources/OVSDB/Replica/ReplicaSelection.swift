public import JSON

/// Which tables and columns of a database a replica keeps, and which of their rows.
public struct ReplicaSelection: Sendable, Equatable {
  /// What is kept of one table.
  public struct Table: Sendable, Equatable {
    /// Names of the columns that are kept, without duplicates.
    public private(set) var columns: [Text] = []
    /// RFC 7047 conditions, any of which selects a row; every row if there are none.
    public var conditions: [JSONValue] = []

    /// Adds a column, unless it is there.
    public mutating func insert(_ column: Text) {
      if !columns.contains(column) { columns.append(column) }
    }
  }

  /// Tables by name.
  public private(set) var tables: [Text: Table] = [:]

  /// Selects nothing.
  public init() {}

  /// Selects tables with these columns.
  public init(_ tables: [(table: Text, columns: [Text])]) {
    for (table, columns) in tables {
      add(table)
      for column in columns { add(table, column) }
    }
  }

  /// Adds the rows of a table, without columns.
  public mutating func add(_ table: Text) {
    if tables[table] == nil { tables[table] = Table() }
  }

  /// Adds a column of a table.
  public mutating func add(_ table: Text, _ column: Text) {
    tables[table, default: Table()].insert(column)
  }

  /// Keeps only the rows of a table that a condition selects; a table has one such set of conditions.
  public mutating func restrict(_ table: Text, to conditions: [JSONValue]) {
    tables[table, default: Table()].conditions = conditions
  }

  /// The monitor requests for the tables and columns that a schema has (RFC 7047, section 4.1.5).
  ///
  /// With `isConditional`, restrictions are passed on; the plain monitor request knows none, and sends
  /// every row.
  func requests(in schema: Schema, isConditional: Bool) -> JSONValue {
    var requests = JSONObject()
    for name in tables.keys.sorted() {
      guard let table = tables[name], let tableSchema = schema[name] else { continue }
      var request = JSONObject()
      let known = table.columns.filter { tableSchema.column($0) != nil }
      request["columns"] = .array(known.map { .string($0) })
      if isConditional, !table.conditions.isEmpty { request["where"] = .array(table.conditions) }
      requests[name] = .array([.object(request)])
    }
    return .object(requests)
  }
}
