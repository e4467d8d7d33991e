/// A JSON value (RFC 8259, section 3).
public enum JSONValue: Sendable, Equatable {
  /// The literal `null`.
  case null
  /// The literals `true` and `false`.
  case bool(Bool)
  /// A number without a fraction that fits 64 bits, however it was written (`1e3` is the integer 1000).
  case integer(Int64)
  /// Any other number.
  case real(Double)
  /// A string.
  case string(Text)
  /// An array.
  case array([JSONValue])
  /// An object.
  case object(JSONObject)
}

extension JSONValue {
  /// The string, if this is one.
  @inlinable public var text: Text? {
    if case .string(let text) = self { text } else { nil }
  }

  /// The integer, if this is one.
  @inlinable public var integer: Int64? {
    if case .integer(let integer) = self { integer } else { nil }
  }

  /// The truth value, if this is one.
  @inlinable public var bool: Bool? {
    if case .bool(let bool) = self { bool } else { nil }
  }

  /// The number as floating point, if this is a number.
  @inlinable public var double: Double? {
    switch self {
    case .integer(let integer): Double(integer)
    case .real(let real): real
    default: nil
    }
  }

  /// The elements, if this is an array.
  @inlinable public var array: [JSONValue]? {
    if case .array(let elements) = self { elements } else { nil }
  }

  /// The object, if this is one.
  @inlinable public var object: JSONObject? {
    if case .object(let object) = self { object } else { nil }
  }

  /// Whether this is `null`.
  @inlinable public var isNull: Bool {
    if case .null = self { true } else { false }
  }

  /// The member of that name, if this is an object that has it.
  @inlinable
  public subscript(name: Text) -> JSONValue? {
    if case .object(let object) = self { object[name] } else { nil }
  }

  /// The kind of value, as error messages name it.
  public var kindName: StaticString {
    switch self {
    case .null: "null"
    case .bool(false): "false"
    case .bool(true): "true"
    case .integer, .real: "number"
    case .string: "string"
    case .array: "array"
    case .object: "object"
    }
  }
}

extension JSONValue: ExpressibleByStringLiteral {
  /// Makes a string.
  public init(stringLiteral value: StaticString) {
    self = .string(Text(value.description))
  }
}

extension JSONValue: ExpressibleByIntegerLiteral {
  /// Makes an integer.
  public init(integerLiteral value: Int64) {
    self = .integer(value)
  }
}

extension JSONValue: ExpressibleByBooleanLiteral {
  /// Makes a truth value.
  public init(booleanLiteral value: Bool) {
    self = .bool(value)
  }
}

extension JSONValue: ExpressibleByArrayLiteral {
  /// Makes an array.
  public init(arrayLiteral elements: JSONValue...) {
    self = .array(elements)
  }
}

extension JSONValue: ExpressibleByDictionaryLiteral {
  /// Makes an object.
  public init(dictionaryLiteral members: (Text, JSONValue)...) {
    var object = JSONObject()
    for (name, value) in members { object[name] = value }
    self = .object(object)
  }
}
