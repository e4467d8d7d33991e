import JSON

/// The kinds of change that a client wants to hear of (RFC 7047, section 4.1.5, `<monitor-select>`).
struct MonitorSelection: OptionSet, Sendable {
  let rawValue: UInt8
  static let initial = MonitorSelection(rawValue: 1)
  static let insert = MonitorSelection(rawValue: 2)
  static let delete = MonitorSelection(rawValue: 4)
  static let modify = MonitorSelection(rawValue: 8)
  static let all: MonitorSelection = [.initial, .insert, .delete, .modify]

  /// Reads the notation of the wire.
  init(_ json: JSONValue, name: String) throws(DatabaseError) {
    var reader = try ObjectReader(json, name)
    var selection: MonitorSelection = []
    for (name, kind) in [
      ("initial", MonitorSelection.initial), ("insert", .insert), ("delete", .delete), ("modify", .modify),
    ] as [(Text, MonitorSelection)] where try reader.optional(name, .boolean)?.bool ?? true {
      selection.insert(kind)
    }
    try reader.finish()
    self = selection
  }

  init(rawValue: UInt8) {
    self.rawValue = rawValue
  }
}

/// What a client wants to hear of in one table.
struct MonitoredTable: Sendable {
  struct Column: Sendable {
    let place: Int
    let selection: MonitorSelection
  }

  let table: Int
  var columns: [Column] = []
  /// What some column wants to hear of.
  var selection: MonitorSelection = []
  /// Rows that do not meet it are as if they were not there.
  var condition = MonitorCondition()

  init(table: Int) {
    self.table = table
  }

  /// Adds what one `<monitor-request>` wants.
  mutating func add(
    _ json: JSONValue, _ schema: TableSchema, hasConditions: Bool
  ) throws(DatabaseError) {
    var reader = try ObjectReader(json, "table \(schema.name)")
    let whereJSON = hasConditions ? try reader.optional("where", .array) : nil
    let columnsJSON = try reader.optional("columns", .array)
    let selectJSON = try reader.optional("select", .object)
    try reader.finish()
    let selection =
      try selectJSON.map { json throws(DatabaseError) in
        try MonitorSelection(json, name: "table \(schema.name) select")
      } ?? .all
    let places: [Int]
    if let names = columnsJSON?.array {
      places = try MonitoredTable.places(names, columnsJSON ?? .null, schema)
    } else {
      places = schema.columns.indices.filter { $0 != TableSchema.uuidPlace }
    }
    for place in places {
      guard !columns.contains(where: { $0.place == place }) else {
        throw .syntax(columnsJSON, "column \(schema.columns[place].name) mentioned more than once")
      }
      columns.append(Column(place: place, selection: selection))
    }
    columns.sort { $0.place < $1.place }
    self.selection.formUnion(selection)
    if let whereJSON { try condition.add(whereJSON, schema) }
  }

  private static func places(
    _ names: [JSONValue], _ json: JSONValue, _ schema: TableSchema
  ) throws(DatabaseError) -> [Int] {
    var places: [Int] = []
    for nameJSON in names {
      guard case .string(let name) = nameJSON else {
        throw .syntax(json, "array of column names expected")
      }
      guard let place = schema.place(of: name) else {
        throw .syntax(json, "\(name) is not a valid column name")
      }
      places.append(place)
    }
    return places
  }
}

/// Which rows a client wants to hear of: those for which any clause holds, or all if there is none.
struct MonitorCondition: Sendable {
  private var clauses: [Condition.Clause] = []
  private var hasClauses = false
  private var isAlways = false

  /// Adds the clauses of an array.
  mutating func add(_ json: JSONValue, _ schema: TableSchema) throws(DatabaseError) {
    var symbols: SymbolTable?
    for element in json.array ?? [] {
      hasClauses = true
      if case .bool(let constant) = element {
        if constant { isAlways = true }
      } else {
        clauses.append(try Condition.clause(element, schema, symbols: &symbols))
      }
    }
  }

  /// Whether a client is to see a row.
  func matches(_ row: Row) -> Bool {
    guard hasClauses, !isAlways else { return true }
    for clause in clauses where clause.matches(row) { return true }
    return false
  }
}
