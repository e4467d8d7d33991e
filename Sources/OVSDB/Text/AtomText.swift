public import JSON

// One atom in the notation of command lines.

/// An atom, or a range of integers.
enum AtomOrRange {
  case atom(Atom)
  case range(ClosedRange<Int64>)
}

extension BaseType {
  /// Reads an atom, and checks that it is allowed.
  ///
  /// - Parameter symbol: What a row's `@name`, found where the type has a reference, stands for.
  public func atom(text: String, symbol: (Text, BaseType) -> UUID) throws(ValueTextError) -> Atom {
    guard case .atom(let atom) = try atomOrRange(text: text, symbol: symbol, allowsRange: false) else {
      throw ValueTextError("\"\(text)\" is not a valid integer or range")
    }
    return atom
  }

  /// Most integers that a range may stand for.
  static var rangeSizeLimit: Int64 { 4096 }

  func atomOrRange(
    text: String, symbol: (Text, BaseType) -> UUID, allowsRange: Bool
  ) throws(ValueTextError) -> AtomOrRange {
    let value: AtomOrRange
    switch type {
    case .integer: value = try Self.integer(text, allowsRange: allowsRange)
    case .real: value = .atom(.real(try Self.real(text)))
    case .boolean: value = .atom(.boolean(try Self.boolean(text)))
    case .string: value = .atom(.string(Text(try Self.string(text))))
    case .uuid: value = .atom(.uuid(try uuid(text, symbol: symbol)))
    }
    do throws(DatabaseError) {
      switch value {
      case .atom(let atom): try check(atom)
      case .range(let range):
        try check(.integer(range.lowerBound))
        try check(.integer(range.upperBound))
      }
    } catch {
      throw ValueTextError(error.message)
    }
    if case .range(let range) = value,
      range.upperBound &- range.lowerBound >= Self.rangeSizeLimit
        || range.upperBound &- range.lowerBound < 0
    {
      throw ValueTextError(
        "constraint violation: Range \"\(text)\" is too big. Maximum allowed size is \(Self.rangeSizeLimit).")
    }
    return value
  }

  private static func integer(_ text: String, allowsRange: Bool) throws(ValueTextError) -> AtomOrRange {
    if let value = Int64(text) { return .atom(.integer(value)) }
    let bytes = Array(text.utf8)
    // The dash between the ends is not the sign of the first.
    if allowsRange, let dash = bytes.dropFirst().firstIndex(of: UInt8(ascii: "-")),
      let first = Int64(String(decoding: bytes[..<dash], as: UTF8.self)),
      let last = Int64(String(decoding: bytes[(dash + 1)...], as: UTF8.self))
    {
      guard first <= last else {
        throw ValueTextError("\"\(text)\" is not a valid range. Range end cannot be before start.")
      }
      return .range(first...last)
    }
    throw ValueTextError("\"\(text)\" is not a valid integer or range")
  }

  private static func real(_ text: String) throws(ValueTextError) -> Double {
    guard let value = Double(text), value.isFinite else {
      throw ValueTextError("\"\(text)\" is not a valid real number")
    }
    return value
  }

  private static func boolean(_ text: String) throws(ValueTextError) -> Bool {
    switch Text(text) {
    case "true", "yes", "on", "1": return true
    case "false", "no", "off", "0": return false
    default:
      throw ValueTextError("\"\(text)\" is not a valid boolean (use \"true\" or \"false\")")
    }
  }

  private static func string(_ text: String) throws(ValueTextError) -> String {
    let bytes = text.utf8
    guard let first = bytes.first else {
      throw ValueTextError(
        "An empty string is not valid as input; use \"\" to represent the empty string")
    }
    guard first == UInt8(ascii: "\"") else { return text }
    guard bytes.count >= 2, bytes.last == UInt8(ascii: "\"") else {
      throw ValueTextError("\(text): missing quote at end of quoted string")
    }
    let parsed: JSONValue
    do throws(JSONError) {
      parsed = try JSONParser.parse("[\(text)]")
    } catch {
      throw ValueTextError("\(text): \(error.reason)")
    }
    guard let elements = parsed.array, elements.count == 1, let string = elements[0].text else {
      throw ValueTextError("\(text): missing quote at end of quoted string")
    }
    return string.string
  }

  private func uuid(_ text: String, symbol: (Text, BaseType) -> UUID) throws(ValueTextError) -> UUID {
    if text.utf8.first == UInt8(ascii: "@") { return symbol(Text(text), self) }
    guard let uuid = UUID(text) else { throw ValueTextError("\"\(text)\" is not a valid UUID") }
    return uuid
  }
}
