import JSON

/// How a column is changed in place (RFC 7047, section 5.1, `<mutation>`).
struct Mutation: Sendable {
  enum Mutator: Sendable {
    case add, subtract, multiply, divide, remainder, insert, delete

    init?(_ name: Text) {
      switch name {
      case "+=": self = .add
      case "-=": self = .subtract
      case "*=": self = .multiply
      case "/=": self = .divide
      case "%=": self = .remainder
      case "insert": self = .insert
      case "delete": self = .delete
      default: return nil
      }
    }
  }

  let place: Int
  let mutator: Mutator
  let name: Text
  let argument: Datum
  /// Whether a `delete` names keys of a map rather than pairs.
  let isKeySet: Bool

  /// Reads the notation of the wire.
  init(
    _ json: JSONValue, _ table: TableSchema, symbols: inout SymbolTable?
  ) throws(DatabaseError) {
    guard case .array(let parts) = json, parts.count == 3, case .string(let columnName) = parts[0],
      case .string(let mutatorName) = parts[1]
    else { throw .syntax(json, "Parse error in mutation.") }
    guard let place = table.place(of: columnName) else {
      throw DatabaseError("unknown column", "No column \(columnName) in table \(table.name).", syntax: json)
    }
    let column = table.columns[place]
    guard column.isMutable else {
      throw DatabaseError(
        "constraint violation", "Cannot mutate immutable column \(column.name) in table \(table.name).",
        syntax: json)
    }
    guard let mutator = Mutator(mutatorName) else {
      throw DatabaseError("unknown mutator", "No mutator named \(mutatorName).")
    }
    self.place = place
    self.mutator = mutator
    name = mutatorName
    var type = column.type
    if mutator == .insert || mutator == .delete {
      guard type.isMap || type.isSet || type.isOptional else {
        throw Mutation.typeMismatch(json, mutatorName, column)
      }
      type.minimum = 0
      if mutator == .delete { type.maximum = ColumnType.unlimited }
      let notation = parts[2].array?.first?.text
      isKeySet = mutator == .delete && type.isMap && (notation != "map")
      if isKeySet { type.value = nil }
      argument = try Datum(parts[2], type: type, symbols: &symbols)
    } else {
      let isReal = type.key.type == .real
      guard type.value == nil, type.key.type == .integer || (isReal && mutator != .remainder) else {
        throw Mutation.typeMismatch(json, mutatorName, column)
      }
      isKeySet = false
      argument = try Datum(
        parts[2], type: ColumnType(key: BaseType(type.key.type)), symbols: &symbols)
    }
  }

  private static func typeMismatch(
    _ json: JSONValue, _ mutator: Text, _ column: ColumnSchema
  ) -> DatabaseError {
    .syntax(
      json,
      "Type mismatch: \"\(mutator)\" operator may not be applied to column \(column.name) "
        + "of type \(column.type.english).")
  }

  /// What a value becomes.
  func applied(to datum: Datum, _ type: ColumnType) throws(DatabaseError) -> Datum {
    let result: Datum
    switch mutator {
    case .insert:
      result = type.isMap ? datum.merging(argument) : datum.union(argument)
      try checkCount(result, type)
    case .delete:
      result = isKeySet ? datum.removing(keys: argument) : datum.subtracting(argument)
      try checkCount(result, type)
    default:
      result = try calculated(datum, type)
    }
    return result
  }

  private func checkCount(_ datum: Datum, _ type: ColumnType) throws(DatabaseError) {
    guard datum.count < type.minimum || datum.count > type.maximum else { return }
    throw .constraint("Attempted to store \(datum.count) elements in \(type.english).")
  }

  private func calculated(_ datum: Datum, _ type: ColumnType) throws(DatabaseError) -> Datum {
    guard let operand = argument.scalar else { return datum }
    var atoms: [Atom] = []
    for atom in datum.keys {
      let result = try calculated(atom, operand)
      try type.key.check(result)
      atoms.append(result)
    }
    atoms.sort()
    let count = atoms.count
    atoms.removeRepeated()
    guard atoms.count == count else {
      throw .constraint("Result of \"\(name)\" operation contains duplicates.")
    }
    return Datum(sortedSet: atoms)
  }

  private func calculated(_ atom: Atom, _ operand: Atom) throws(DatabaseError) -> Atom {
    switch (atom, operand) {
    case (.integer(let left), .integer(let right)): .integer(try calculated(left, right))
    case (.real(let left), .real(let right)): .real(try calculated(left, right))
    default: atom
    }
  }

  private func calculated(_ left: Int64, _ right: Int64) throws(DatabaseError) -> Int64 {
    let (result, isOverflow): (Int64, Bool)
    switch mutator {
    case .add: (result, isOverflow) = left.addingReportingOverflow(right)
    case .subtract: (result, isOverflow) = left.subtractingReportingOverflow(right)
    case .multiply: (result, isOverflow) = left.multipliedReportingOverflow(by: right)
    default:
      guard right != 0 else { throw DatabaseError("domain error", "Division by zero.") }
      (result, isOverflow) =
        mutator == .divide
        ? left.dividedReportingOverflow(by: right) : left.remainderReportingOverflow(dividingBy: right)
    }
    guard !isOverflow else { throw rangeError }
    return result
  }

  private func calculated(_ left: Double, _ right: Double) throws(DatabaseError) -> Double {
    let result: Double
    switch mutator {
    case .add: result = left + right
    case .subtract: result = left - right
    case .multiply: result = left * right
    default:
      guard right != 0 else { throw DatabaseError("domain error", "Division by zero.") }
      result = left / right
    }
    guard result.isFinite else { throw rangeError }
    return result
  }

  private var rangeError: DatabaseError {
    DatabaseError("range error", "Result of \"\(name)\" operation is out of range.")
  }
}

extension ColumnType {
  /// The type as error messages give it.
  var english: String {
    guard isMap || maximum > 1 || minimum == 0 else { return key.type.name.string }
    let kind = isMap ? "map" : "set"
    let count =
      switch (minimum, maximum) {
      case (0, Self.unlimited): ""
      case (_, Self.unlimited): " \(minimum) or more"
      case (0, _): " up to \(maximum)"
      default: " \(minimum) to \(maximum)"
      }
    let parts = value.map { "(\(key.type.name), \($0.type.name)) pairs" } ?? "\(key.type.name)s"
    return "\(kind) of\(count) \(parts)"
  }
}

// MARK: Sets and maps

extension Datum {
  /// The atoms of both sets.
  func union(_ other: Datum) -> Datum {
    guard !other.isEmpty else { return self }
    guard !isEmpty else { return other }
    var merged: [Atom] = []
    let left = keys
    let right = other.keys
    merged.reserveCapacity(left.count + right.count)
    var (leftIndex, rightIndex) = (0, 0)
    while leftIndex < left.count && rightIndex < right.count {
      if left[leftIndex] == right[rightIndex] {
        rightIndex += 1
      } else if right[rightIndex] < left[leftIndex] {
        merged.append(right[rightIndex])
        rightIndex += 1
      } else {
        merged.append(left[leftIndex])
        leftIndex += 1
      }
    }
    merged.append(contentsOf: left[leftIndex...])
    merged.append(contentsOf: right[rightIndex...])
    return Datum(sortedSet: merged)
  }

  /// The atoms, or the pairs, that are not in the other.
  func subtracting(_ other: Datum) -> Datum {
    guard case .map(let keys, let values) = storage else {
      return Datum(sortedSet: keys.filter { !other.contains($0) })
    }
    let kept = keys.indices.filter { other[keys[$0]] != values[$0] }
    return Datum(sortedKeys: kept.map { keys[$0] }, values: kept.map { values[$0] })
  }

  /// The pairs whose keys are not among those given.
  func removing(keys removed: Datum) -> Datum {
    let keys = keys
    let values = values
    let kept = keys.indices.filter { !removed.contains(keys[$0]) }
    return Datum(sortedKeys: kept.map { keys[$0] }, values: kept.map { values[$0] })
  }

  /// The pairs of both maps; of pairs with the same key, that of this one.
  func merging(_ other: Datum) -> Datum {
    joining(other) { value, _ in value }
  }
}
