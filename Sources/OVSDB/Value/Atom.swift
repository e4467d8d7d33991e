public import JSON

/// The types of the values of which columns are made (RFC 7047, section 3.1, `<atomic-type>`).
public enum AtomicType: Sendable, Hashable {
  /// A signed 64-bit integer.
  case integer
  /// A floating-point number.
  case real
  /// True or false.
  case boolean
  /// A string.
  case string
  /// The name of a row.
  case uuid

  /// The name in schemas.
  public var name: Text {
    switch self {
    case .integer: "integer"
    case .real: "real"
    case .boolean: "boolean"
    case .string: "string"
    case .uuid: "uuid"
    }
  }

  init?(name: Text) {
    switch name.string.utf8.first {
    case UInt8(ascii: "i") where name == "integer": self = .integer
    case UInt8(ascii: "r") where name == "real": self = .real
    case UInt8(ascii: "b") where name == "boolean": self = .boolean
    case UInt8(ascii: "s") where name == "string": self = .string
    case UInt8(ascii: "u") where name == "uuid": self = .uuid
    default: return nil
    }
  }

  /// The value that a column has when nobody has said anything.
  public var defaultAtom: Atom {
    switch self {
    case .integer: .integer(0)
    case .real: .real(0)
    case .boolean: .boolean(false)
    case .string: .string("")
    case .uuid: .uuid(.zero)
    }
  }
}

/// One value of an atomic type (RFC 7047, section 5.1, `<atom>`).
public enum Atom: Hashable, Sendable {
  /// A signed 64-bit integer.
  case integer(Int64)
  /// A floating-point number.
  case real(Double)
  /// True or false.
  case boolean(Bool)
  /// A string.
  case string(Text)
  /// The name of a row.
  case uuid(UUID)

  /// The type of the value.
  public var type: AtomicType {
    switch self {
    case .integer: .integer
    case .real: .real
    case .boolean: .boolean
    case .string: .string
    case .uuid: .uuid
    }
  }

  /// The integer, if this is one.
  public var integer: Int64? { if case .integer(let value) = self { value } else { nil } }
  /// The floating-point number, if this is one.
  public var real: Double? { if case .real(let value) = self { value } else { nil } }
  /// The truth value, if this is one.
  public var boolean: Bool? { if case .boolean(let value) = self { value } else { nil } }
  /// The string, if this is one.
  public var text: Text? { if case .string(let value) = self { value } else { nil } }
  /// The row's name, if this is one.
  public var uuid: UUID? { if case .uuid(let value) = self { value } else { nil } }

  /// The notation of the wire.
  public var json: JSONValue {
    switch self {
    case .integer(let value): .integer(value)
    case .real(let value): .real(value)
    case .boolean(let value): .bool(value)
    case .string(let value): .string(value)
    case .uuid(let value): .array(["uuid", .string(Text(value.text))])
    }
  }
}

extension Atom: Comparable {
  /// The order in which sets and maps are kept: by value within a type.
  public static func < (left: Atom, right: Atom) -> Bool {
    switch (left, right) {
    case (.integer(let left), .integer(let right)): left < right
    case (.real(let left), .real(let right)): left < right
    case (.boolean(let left), .boolean(let right)): !left && right
    case (.string(let left), .string(let right)): left < right
    case (.uuid(let left), .uuid(let right)): left < right
    default: left.rank < right.rank
    }
  }

  private var rank: Int {
    switch self {
    case .integer: 0
    case .real: 1
    case .boolean: 2
    case .string: 3
    case .uuid: 4
    }
  }
}

/// The rows that a transaction names before they exist (RFC 7047, section 3.1, `<named-uuid>`).
public struct SymbolTable: Sendable {
  /// A name, and the row it stands for.
  public struct Symbol: Sendable {
    /// The identifier of the row.
    public let uuid: UUID
    /// Whether an insert operation has made the row.
    public var isCreated = false
  }

  private var symbols: [Text: Symbol] = [:]
  private var generator: UUIDGenerator

  /// Makes an empty table, which takes identifiers from `generator`.
  public init(generator: UUIDGenerator) {
    self.generator = generator
  }

  /// The identifier of a name, whether its row has been made yet or not.
  public mutating func uuid(named name: Text) -> UUID {
    if let symbol = symbols[name] { return symbol.uuid }
    let symbol = Symbol(uuid: generator.next())
    symbols[name] = symbol
    return symbol.uuid
  }

  /// Whether an insert operation has made the row of that name.
  public func isCreated(_ name: Text) -> Bool { symbols[name]?.isCreated ?? false }

  /// Notes that an insert operation has made the row of that name.
  public mutating func create(_ name: Text, uuid: UUID) {
    symbols[name] = Symbol(uuid: uuid, isCreated: true)
  }
}

extension Atom {
  /// Reads the notation of the wire.
  ///
  /// - Parameter symbols: Where named rows are looked up; without it they are refused.
  public init(
    _ json: JSONValue, type: AtomicType, symbols: inout SymbolTable?
  ) throws(DatabaseError) {
    switch (type, json) {
    case (.integer, .integer(let value)): self = .integer(value)
    case (.real, .integer(let value)): self = .real(Double(value))
    case (.real, .real(let value)): self = .real(value)
    case (.boolean, .bool(let value)): self = .boolean(value)
    case (.string, .string(let value)): self = .string(value)
    case (.uuid, _): self = .uuid(try Atom.uuid(json, symbols: &symbols))
    default: throw .syntax(json, "expected \(type.name)")
    }
  }

  private static func uuid(
    _ json: JSONValue, symbols: inout SymbolTable?
  ) throws(DatabaseError) -> UUID {
    guard case .array(let pair) = json, pair.count == 2, case .string(let notation) = pair[0],
      case .string(let text) = pair[1]
    else { throw .syntax(json, "expected [\"uuid\", <string>]") }
    if notation == "uuid" {
      guard let uuid = UUID(text.string) else {
        throw .syntax(json, "\"\(text)\" is not a valid UUID")
      }
      return uuid
    }
    guard notation == "named-uuid", symbols != nil else {
      throw .syntax(json, "expected [\"uuid\", <string>]")
    }
    guard Identifier.isValid(text) else {
      throw .syntax(json, "named-uuid string is not a valid <id>")
    }
    return symbols?.uuid(named: text) ?? .zero
  }
}
