import JSON
import OVSDB

/// An argument that names a column, and perhaps a key of it and a value to compare or to store.
struct ColumnArgument {
  let column: ColumnSchema
  let key: String?
  let comparison: Comparison
  let value: String
}

/// How a condition compares a column with a value.
enum Comparison: CaseIterable {
  case equal
  case notEqual
  case less
  case greater
  case lessOrEqual
  case greaterOrEqual
  case setEqual
  case setNotEqual
  case properSubset
  case properSuperset
  case subset
  case superset
  case within
  case without

  /// The operator, as users write it.
  var text: StaticString {
    switch self {
    case .equal: "="
    case .notEqual: "!="
    case .less: "<"
    case .greater: ">"
    case .lessOrEqual: "<="
    case .greaterOrEqual: ">="
    case .setEqual: "{=}"
    case .setNotEqual: "{!=}"
    case .properSubset: "{<}"
    case .properSuperset: "{>}"
    case .subset: "{<=}"
    case .superset: "{>=}"
    case .within: "{in}"
    case .without: "{not-in}"
    }
  }

  /// Whether values are compared as sets, of which a missing key is the empty one.
  var isOfSets: Bool {
    switch self {
    case .equal, .notEqual, .less, .greater, .lessOrEqual, .greaterOrEqual: false
    default: true
    }
  }

  /// Whether it holds between two values.
  func holds(_ left: Datum, _ right: Datum) -> Bool {
    switch self {
    case .equal: left.order(to: right) == 0
    case .notEqual: left.order(to: right) != 0
    case .less: left.order(to: right) < 0
    case .greater: left.order(to: right) > 0
    case .lessOrEqual: left.order(to: right) <= 0
    case .greaterOrEqual: left.order(to: right) >= 0
    case .setEqual: left == right
    case .setNotEqual: left != right
    case .properSubset: left.count < right.count && right.includes(left)
    case .properSuperset: left.count > right.count && left.includes(right)
    case .subset, .within: right.includes(left)
    case .superset: left.includes(right)
    case .without: !left.keys.contains { right.contains($0) && (!left.isMap || left[$0] == right[$0]) }
    }
  }
}

extension Datum {
  /// Less than, equal to or greater than 0: the smaller set comes first, then the first differing element counts.
  fileprivate func order(to other: Datum) -> Int {
    if count != other.count { return count < other.count ? -1 : 1 }
    let difference = Self.order(keys, other.keys)
    return difference != 0 ? difference : Self.order(values, other.values)
  }

  private static func order(_ left: [Atom], _ right: [Atom]) -> Int {
    for (left, right) in zip(left, right) where left != right { return left < right ? -1 : 1 }
    return 0
  }

  fileprivate func includes(_ other: Datum) -> Bool {
    other.keys.allSatisfy { contains($0) && (!other.isMap || self[$0] == other[$0]) }
  }
}

extension DatabaseNames {
  /// Reads `COLUMN[:KEY]`.
  func columnAndKey(
    _ argument: String, of table: TableSchema
  ) throws(ControlError) -> (column: ColumnSchema, key: String?) {
    var tokens = ValueTokens(argument)
    let found = try columnAndKey(&tokens, argument, of: table)
    if tokens.next != nil {
      throw ControlError("\(argument): trailing garbage \"\(tokens.rest)\" in argument")
    }
    return found
  }

  /// The column with which an argument begins, whatever comes behind.
  func columnAtStart(_ argument: String, of table: TableSchema) throws(ControlError) -> ColumnSchema {
    var tokens = ValueTokens(argument)
    return try columnAndKey(&tokens, argument, of: table).column
  }

  /// Reads `COLUMN[:KEY]=VALUE`, or with another operator if `isCondition`.
  func columnArgument(
    _ argument: String, of table: TableSchema, isCondition: Bool = false
  ) throws(ControlError) -> ColumnArgument {
    var tokens = ValueTokens(argument)
    let (column, key) = try columnAndKey(&tokens, argument, of: table)
    let allowed = isCondition ? Comparison.allCases : [.equal]
    // Of the operators that fit, the longest is meant: "<=" rather than "<".
    var best: Comparison?
    for comparison in allowed where tokens.startsWith(comparison.text) {
      if best.map({ $0.text.utf8CodeUnitCount < comparison.text.utf8CodeUnitCount }) ?? true {
        best = comparison
      }
    }
    if let best {
      tokens.skip(best.text.utf8CodeUnitCount)
      if tokens.next != nil {
        return ColumnArgument(column: column, key: key, comparison: best, value: tokens.rest)
      }
    }
    throw ControlError(
      "\(argument): argument does not end in \(Self.list(allowed)) followed by a value.")
  }

  private func columnAndKey(
    _ tokens: inout ValueTokens, _ argument: String, of table: TableSchema
  ) throws(ControlError) -> (column: ColumnSchema, key: String?) {
    let name = try Self.token(&tokens)
    if name.utf8.isEmpty { throw ControlError("\(argument): missing column name") }
    let column = try column(name, of: table)
    guard tokens.next == UInt8(ascii: ":") else { return (column, nil) }
    tokens.skip(1)
    return (column, try Self.token(&tokens))
  }

  private static func token(_ tokens: inout ValueTokens) throws(ControlError) -> String {
    do throws(ValueTextError) {
      return try tokens.token()
    } catch {
      throw ControlError(error.message)
    }
  }

  private static func list(_ comparisons: [Comparison]) -> String {
    let quoted = comparisons.map { "\"\($0.text)\"" }
    if quoted.count == 1 { return quoted[0] }
    return quoted.dropLast().joined(separator: ", ") + ", or " + (quoted.last ?? "")
  }
}
