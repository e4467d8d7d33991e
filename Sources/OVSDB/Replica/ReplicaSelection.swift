public import JSON

/// Which tables and columns of a database a replica keeps, and which of their rows.
public struct ReplicaSelection: Sendable, Equatable {
  /// What is kept of one table.
  public struct Table: Sendable, Equatable {
    /// Names of the columns that are kept, without duplicates.
    public fileprivate(set) var columns: [Text] = []
    /// Whether every row is kept.
    public fileprivate(set) var hasAllRows = false
    /// RFC 7047 conditions, any of which selects a row, unless every row is kept.
    public fileprivate(set) var conditions: [JSONValue] = []

    fileprivate mutating func insert(_ column: Text) {
      if !columns.contains(column) { columns.append(column) }
    }

    fileprivate mutating func add(_ columns: [Text], where condition: JSONValue) {
      for column in columns { insert(column) }
      guard !hasAllRows, !conditions.contains(condition) else { return }
      conditions.append(condition)
      if conditions.count > ReplicaSelection.conditionCountLimit { hasAllRows = true }
    }
  }

  /// Conditions of one table beyond which every row is kept, since servers try each on each row.
  static var conditionCountLimit: Int { 32 }

  /// Tables by name.
  public private(set) var tables: [Text: Table] = [:]

  /// Selects nothing.
  public init() {}

  /// Selects tables with these columns, and all their rows.
  public init(_ tables: [(table: Text, columns: [Text])]) {
    for (table, columns) in tables {
      add(table)
      for column in columns { add(table, column) }
    }
  }

  /// Adds all rows of a table, without columns.
  public mutating func add(_ table: Text) {
    tables[table, default: Table()].hasAllRows = true
  }

  /// Adds a column of a table, and all its rows.
  public mutating func add(_ table: Text, _ column: Text) {
    add(table)
    tables[table, default: Table()].insert(column)
  }

  /// Adds columns of a table, and those rows in which a column has a value.
  public mutating func add(_ table: Text, _ columns: [Text], where column: Text, is value: Atom) {
    tables[table, default: Table()].add(columns, where: .array([.string(column), "==", value.json]))
  }

  /// The monitor requests for the tables and columns that a schema has (RFC 7047, section 4.1.5).
  ///
  /// With `isConditional`, conditions are passed on; the plain monitor request knows none, and sends
  /// every row.
  func requests(in schema: Schema, isConditional: Bool) -> JSONValue {
    var requests = JSONObject()
    for name in tables.keys.sorted() {
      guard let table = tables[name], let tableSchema = schema[name] else { continue }
      var request = JSONObject()
      let known = table.columns.filter { tableSchema.column($0) != nil }
      request["columns"] = .array(known.map { .string($0) })
      if isConditional, !table.hasAllRows { request["where"] = .array(table.conditions) }
      requests[name] = .array([.object(request)])
    }
    return .object(requests)
  }
}
