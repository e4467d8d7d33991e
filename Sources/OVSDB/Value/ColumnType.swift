public import JSON

/// The type of a column (RFC 7047, section 3.2, `<type>`).
public struct ColumnType: Sendable, Equatable {
  /// The type of the atoms, or of the keys of a map.
  public var key: BaseType
  /// The type of the values of a map; none for a scalar or set.
  public var value: BaseType?
  /// Least number of atoms or pairs, 0 or 1.
  public var minimum: Int
  /// Greatest number of atoms or pairs.
  public var maximum: Int

  /// The greatest number of atoms that "unlimited" allows.
  public static var unlimited: Int { Int(UInt32.max) }

  /// Makes a type; a scalar unless more is said.
  public init(key: BaseType, value: BaseType? = nil, minimum: Int = 1, maximum: Int = 1) {
    self.key = key
    self.value = value
    self.minimum = minimum
    self.maximum = maximum
  }

  /// Whether the column holds exactly one atom.
  public var isScalar: Bool { value == nil && minimum == 1 && maximum == 1 }
  /// Whether the column holds at most one atom, and may hold none.
  public var isOptional: Bool { value == nil && minimum == 0 && maximum == 1 }
  /// Whether the column holds a map.
  public var isMap: Bool { value != nil }
  /// Whether the column holds a set, other than one atom or none.
  public var isSet: Bool { value == nil && maximum > 1 }

  /// The value that a column of this type has when nobody has said anything.
  ///
  /// It need not be one that the type allows.
  public var defaultDatum: Datum {
    guard minimum > 0 else { return .empty }
    guard let value else { return Datum(key.type.defaultAtom) }
    return Datum(sortedKeys: [key.type.defaultAtom], values: [value.type.defaultAtom])
  }
}

extension ColumnType {
  /// Reads the notation of schemas.
  public init(_ json: JSONValue) throws(DatabaseError) {
    switch json {
    case .string:
      self.init(key: try BaseType(json))
    case .object:
      var reader = try ObjectReader(json, "ovsdb type")
      let keyJSON = try reader.required("key", [.string, .object])
      let valueJSON = try reader.optional("value", [.string, .object])
      let minimumJSON = try reader.optional("min", .integer)
      let maximumJSON = try reader.optional("max", [.integer, .string])
      try reader.finish()
      self.init(key: try BaseType(keyJSON))
      if let valueJSON { value = try BaseType(valueJSON) }
      if let minimumJSON { minimum = try ColumnType.count(minimumJSON) }
      if let maximumJSON {
        maximum = maximumJSON.text == "unlimited" ? Self.unlimited : try ColumnType.count(maximumJSON)
      }
      guard minimum <= 1, maximum >= 1, minimum <= maximum else {
        throw .syntax(json, "ovsdb type fails constraint checks")
      }
    default: throw .syntax(json, "ovsdb type expected")
    }
  }

  private static func count(_ json: JSONValue) throws(DatabaseError) -> Int {
    guard let value = json.integer, value >= 0, value <= Int64(UInt32.max) else {
      throw .syntax(json, "bad min or max value")
    }
    return Int(value)
  }

  /// The notation of schemas.
  public var json: JSONValue {
    if isScalar, case .string = key.json { return key.json }
    var object = JSONObject()
    object.append("key", key.json)
    if let value { object.append("value", value.json) }
    if minimum != 1 { object.append("min", .integer(Int64(minimum))) }
    if maximum == Self.unlimited {
      object.append("max", "unlimited")
    } else if maximum != 1 {
      object.append("max", .integer(Int64(maximum)))
    }
    return .object(object)
  }

  /// Checks that there are not too few nor too many atoms or pairs.
  func checkCount(_ count: Int, notation: String, _ json: JSONValue) throws(DatabaseError) {
    guard count < minimum || count > maximum else { return }
    if minimum == 1 && maximum == 1 {
      throw .syntax(json, "\(notation) must have exactly one member but \(count) are present")
    }
    throw .syntax(
      json, "\(notation) must have \(minimum) to \(maximum) members but \(count) are present")
  }

  /// Checks that a value is of this type: that each atom is allowed, and that their number is.
  public func check(_ datum: Datum) throws(DatabaseError) {
    for atom in datum.keys { try key.check(atom) }
    guard let value else { return }
    for atom in datum.values { try value.check(atom) }
  }
}
