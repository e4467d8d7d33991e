public import JSON

// The notation of values on the wire and in files (RFC 7047, section 5.1, `<value>`).

extension Datum {
  /// The notation of the wire; `isMap` comes from the column's type, and tells an empty map from an empty set.
  public func json(isMap: Bool) -> JSONValue {
    switch storage {
    case .empty: .array([isMap ? "map" : "set", .array([])])
    case .one(let atom): atom.json
    case .set(let atoms): .array(["set", .array(atoms.map { $0.json })])
    case .map(let keys, let values):
      .array(["map", .array(keys.indices.map { .array([keys[$0].json, values[$0].json]) })])
    }
  }

  /// The notation of the wire for a column of that type.
  public func json(_ type: ColumnType) -> JSONValue { json(isMap: type.isMap) }

  /// Reads the notation of the wire, and checks it against the type.
  ///
  /// - Parameter symbols: Where named rows are looked up; without it they are refused.
  public init(
    _ json: JSONValue, type: ColumnType, symbols: inout SymbolTable?
  ) throws(DatabaseError) {
    if type.isMap {
      try self.init(mapJSON: json, type: type, symbols: &symbols)
    } else if case .array(let pair) = json, pair.first?.text == "set" {
      try self.init(setJSON: json, type: type, symbols: &symbols)
    } else {
      self.init(try type.key.atom(json, symbols: &symbols))
    }
  }

  /// Reads the notation of the wire, and checks it against the type, without named rows.
  public init(_ json: JSONValue, type: ColumnType) throws(DatabaseError) {
    var symbols: SymbolTable?
    try self.init(json, type: type, symbols: &symbols)
  }

  private init(
    setJSON json: JSONValue, type: ColumnType, symbols: inout SymbolTable?
  ) throws(DatabaseError) {
    let elements = try Datum.elements(json, notation: "set")
    try type.checkCount(elements.count, notation: "set", json)
    var atoms: [Atom] = []
    atoms.reserveCapacity(elements.count)
    for element in elements { atoms.append(try type.key.atom(element, symbols: &symbols)) }
    atoms.sort()
    atoms.removeRepeated()
    if atoms.count != elements.count {
      throw DatabaseError(nil, "set contains duplicate")
    }
    self.init(sortedSet: atoms)
  }

  private init(
    mapJSON json: JSONValue, type: ColumnType, symbols: inout SymbolTable?
  ) throws(DatabaseError) {
    let elements = try Datum.elements(json, notation: "map")
    try type.checkCount(elements.count, notation: "map", json)
    let valueType = type.value ?? type.key
    var pairs: [(key: Atom, value: Atom)] = []
    pairs.reserveCapacity(elements.count)
    for element in elements {
      guard case .array(let pair) = element, pair.count == 2 else {
        throw .syntax(element, "expected 2-element array")
      }
      pairs.append(
        (try type.key.atom(pair[0], symbols: &symbols), try valueType.atom(pair[1], symbols: &symbols)))
    }
    pairs.sort { $0.key < $1.key }
    var keys: [Atom] = []
    var values: [Atom] = []
    for pair in pairs {
      if keys.last == pair.key {
        throw DatabaseError(nil, "map contains duplicate key")
      }
      keys.append(pair.key)
      values.append(pair.value)
    }
    self.init(sortedKeys: keys, values: values)
  }

  private static func elements(
    _ json: JSONValue, notation: Text
  ) throws(DatabaseError) -> [JSONValue] {
    guard case .array(let pair) = json, pair.count == 2, pair[0].text == notation,
      case .array(let elements) = pair[1]
    else { throw .syntax(json, "expected [\"\(notation)\", <array>]") }
    return elements
  }
}
