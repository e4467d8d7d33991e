public import JSON

/// The kinds of JSON value that a member of an object may have.
struct JSONKinds: OptionSet {
  let rawValue: UInt16
  static let null = JSONKinds(rawValue: 1)
  static let boolean = JSONKinds(rawValue: 2)
  static let integer = JSONKinds(rawValue: 4)
  static let real = JSONKinds(rawValue: 8)
  static let string = JSONKinds(rawValue: 16)
  static let array = JSONKinds(rawValue: 32)
  static let object = JSONKinds(rawValue: 64)
  /// A string that is an `<id>` (RFC 7047, section 3.1).
  static let identifier = JSONKinds(rawValue: 128)
  static let number: JSONKinds = [.integer, .real]
  static let any: JSONKinds = [.null, .boolean, .integer, .real, .string, .array, .object]

  func contains(_ value: JSONValue) -> Bool {
    switch value {
    case .null: contains(.null)
    case .bool: contains(.boolean)
    case .integer: contains(.integer)
    case .real: contains(.real)
    case .string(let text):
      contains(.string) || contains(.identifier) && Identifier.isValid(text)
    case .array: contains(.array)
    case .object: contains(.object)
    }
  }
}

/// Names of databases, tables, columns and symbols (`<id>`, RFC 7047, section 3.1).
public enum Identifier {
  /// Whether a text is a letter or underscore, then letters, digits and underscores.
  public static func isValid(_ text: Text) -> Bool {
    var isFirst = true
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"):
        break
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        if isFirst { return false }
      default: return false
      }
      isFirst = false
    }
    return !isFirst
  }
}

/// Takes an object apart member by member, and sees to it that nothing is missing and nothing is left over.
struct ObjectReader {
  let json: JSONValue
  private let name: String
  private var used: [Text] = []

  /// Starts to read an object, called `name` in errors.
  init(_ json: JSONValue, _ name: String) throws(DatabaseError) {
    self.json = json
    self.name = name
    guard case .object = json else {
      throw DatabaseError("syntax error", "Parsing \(name) failed: Object expected.")
    }
  }

  /// A member that has to be there.
  mutating func required(_ member: Text, _ kinds: JSONKinds) throws(DatabaseError) -> JSONValue {
    guard let value = try optional(member, kinds) else {
      throw failure("Required '\(member)' member is missing.")
    }
    return value
  }

  /// A member that may be there.
  mutating func optional(_ member: Text, _ kinds: JSONKinds) throws(DatabaseError) -> JSONValue? {
    guard let value = json[member] else { return nil }
    guard kinds.contains(value) else {
      throw failure("Type mismatch for member '\(member)'.")
    }
    used.append(member)
    return value
  }

  /// Refuses members that nobody has asked for.
  func finish() throws(DatabaseError) {
    guard case .object(let object) = json, object.count > used.count else { return }
    let others = object.sortedMembers.filter { !used.contains($0.name) }
    guard let first = others.first else { return }
    let rest = others.count - 1
    if rest == 0 {
      throw failure("Member '\(first.name)' is present but not allowed here.")
    }
    throw failure(
      "Member '\(first.name)' and \(rest) other member\(rest > 1 ? "s" : "") "
        + "are present but not allowed here.")
  }

  func failure(_ details: String) -> DatabaseError {
    .syntax(json, "Parsing \(name) failed: \(details)")
  }
}
