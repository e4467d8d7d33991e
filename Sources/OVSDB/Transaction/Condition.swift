import JSON

/// Which rows an operation is about: those for which all clauses hold (RFC 7047, section 5.1, `<condition>`).
public struct Condition: Sendable {
  enum Function: Sendable {
    case less, lessOrEqual, equal, notEqual, greaterOrEqual, greater, includes, excludes

    init?(_ name: Text) {
      switch name {
      case "<": self = .less
      case "<=": self = .lessOrEqual
      case "==": self = .equal
      case "!=": self = .notEqual
      case ">=": self = .greaterOrEqual
      case ">": self = .greater
      case "includes": self = .includes
      case "excludes": self = .excludes
      default: return nil
      }
    }

    var isOrder: Bool {
      switch self {
      case .less, .lessOrEqual, .greater, .greaterOrEqual: true
      case .equal, .notEqual, .includes, .excludes: false
      }
    }
  }

  struct Clause: Sendable {
    let place: Int
    let function: Function
    let argument: Datum
  }

  /// Clauses in the form that compares columns.
  private(set) var clauses: [Clause] = []
  /// Whether a clause `false` rules out every row.
  private(set) var isNever = false

  /// The condition that every row meets.
  public init() {}

  /// Reads the notation of the wire.
  init(
    _ json: JSONValue, _ table: TableSchema, symbols: inout SymbolTable?
  ) throws(DatabaseError) {
    guard case .array(let elements) = json else { throw .syntax(json, "array expected") }
    for element in elements {
      if case .bool(let constant) = element {
        if !constant { isNever = true }
        continue
      }
      clauses.append(try Condition.clause(element, table, symbols: &symbols))
    }
  }

  static func clause(
    _ json: JSONValue, _ table: TableSchema, symbols: inout SymbolTable?
  ) throws(DatabaseError) -> Clause {
    guard case .array(let parts) = json, parts.count == 3, case .string(let columnName) = parts[0],
      case .string(let functionName) = parts[1]
    else { throw .syntax(json, "Parse error in condition.") }
    guard let place = table.place(of: columnName) else {
      throw DatabaseError("unknown column", "No column \(columnName) in table \(table.name).", syntax: json)
    }
    guard let function = Function(functionName) else {
      throw DatabaseError("unknown function", "No function named \(functionName).")
    }
    let column = table.columns[place]
    var type = column.type
    if function.isOrder {
      let isNumber = type.key.type == .integer || type.key.type == .real
      guard type.value == nil, type.maximum == 1, isNumber else {
        throw .syntax(
          json,
          "Type mismatch: \"\(functionName)\" operator may not be applied to column \(column.name) "
            + "of type \(type.english).")
      }
    }
    if function == .includes || function == .excludes {
      type.minimum = 0
    }
    return Clause(
      place: place, function: function, argument: try Datum(parts[2], type: type, symbols: &symbols))
  }

  /// The one row that can meet the condition, if it names it.
  var uuid: UUID? { equalDatum(at: TableSchema.uuidPlace)?.scalar?.uuid }

  /// What the column at a place has to be equal to, if a clause says that.
  func equalDatum(at place: Int) -> Datum? {
    for clause in clauses where clause.place == place && clause.function == .equal { return clause.argument }
    return nil
  }

  /// Whether a row meets every clause.
  func matches(_ row: Row) -> Bool {
    guard !isNever else { return false }
    for clause in clauses where !clause.matches(row) { return false }
    return true
  }
}

extension Condition.Clause {
  /// Whether a row meets the clause.
  func matches(_ row: Row) -> Bool {
    let datum = row[place]
    switch function {
    case .equal: return datum == argument
    case .notEqual: return datum != argument
    case .includes: return datum.includes(argument)
    case .excludes: return !datum.includesAny(of: argument)
    case .less, .lessOrEqual, .greater, .greaterOrEqual:
      guard let left = datum.scalar, let right = argument.scalar else { return false }
      switch function {
      case .less: return left < right
      case .lessOrEqual: return left <= right
      case .greater: return left > right
      default: return left >= right
      }
    }
  }
}

extension Datum {
  /// Whether all atoms, or all pairs, of the other are in this one.
  func includes(_ other: Datum) -> Bool {
    if isMap || other.isMap {
      let keys = other.keys
      let values = other.values
      return keys.indices.allSatisfy { self[keys[$0]] == values[$0] }
    }
    return other.keys.allSatisfy { contains($0) }
  }

  /// Whether some atom, or some pair, of the other is in this one.
  func includesAny(of other: Datum) -> Bool {
    if isMap || other.isMap {
      let keys = other.keys
      let values = other.values
      return keys.indices.contains { self[keys[$0]] == values[$0] }
    }
    return other.keys.contains { contains($0) }
  }
}
