public import JSON

/// The type of the atoms of a column, with what they may be (RFC 7047, section 3.2, `<base-type>`).
public struct BaseType: Sendable, Equatable {
  /// Whether a row keeps the rows alive that it refers to.
  public enum ReferenceKind: Sendable, Hashable {
    /// The row referred to has to exist, and is not deleted while it is referred to.
    case strong
    /// The reference goes away with the row referred to.
    case weak
  }

  /// The type of the atoms.
  public var type: AtomicType
  /// The atoms allowed, if they are listed.
  public var enumeration: Datum?
  /// Least integer allowed.
  public var minimumInteger: Int64?
  /// Greatest integer allowed.
  public var maximumInteger: Int64?
  /// Least floating-point number allowed.
  public var minimumReal: Double?
  /// Greatest floating-point number allowed.
  public var maximumReal: Double?
  /// Least length of a string, in characters.
  public var minimumLength: Int?
  /// Greatest length of a string, in characters.
  public var maximumLength: Int?
  /// The table whose rows are referred to.
  public var referencedTable: Text?
  /// What a reference does.
  public var referenceKind: ReferenceKind = .strong

  /// Makes a type without constraints.
  public init(_ type: AtomicType) {
    self.type = type
  }

  /// Whether atoms refer to rows and keep them alive.
  public var isStrongReference: Bool { referencedTable != nil && referenceKind == .strong }
  /// Whether atoms refer to rows and go away with them.
  public var isWeakReference: Bool { referencedTable != nil && referenceKind == .weak }

  private var hasConstraints: Bool {
    enumeration != nil || minimumInteger != nil || maximumInteger != nil || minimumReal != nil
      || maximumReal != nil || minimumLength != nil || maximumLength != nil || referencedTable != nil
  }
}

// MARK: Schema notation

extension BaseType {
  /// Reads the notation of schemas.
  public init(_ json: JSONValue) throws(DatabaseError) {
    if case .string = json {
      self.init(try BaseType.atomicType(json))
      return
    }
    var reader = try ObjectReader(json, "ovsdb type")
    let typeJSON = try reader.required("type", .any)
    self.init(try BaseType.atomicType(typeJSON))
    if let enumJSON = try reader.optional("enum", .any) {
      enumeration = try Datum(
        enumJSON, type: ColumnType(key: BaseType(type), minimum: 1, maximum: ColumnType.unlimited))
    } else {
      switch type {
      case .integer:
        minimumInteger = try reader.optional("minInteger", .integer)?.integer
        maximumInteger = try reader.optional("maxInteger", .integer)?.integer
      case .real:
        minimumReal = try reader.optional("minReal", .number)?.double
        maximumReal = try reader.optional("maxReal", .number)?.double
      case .string:
        minimumLength = try BaseType.length(&reader, "minLength")
        maximumLength = try BaseType.length(&reader, "maxLength")
      case .uuid: try readReference(&reader, json)
      case .boolean: break
      }
    }
    try reader.finish()
    try checkRanges(json)
  }

  private static func atomicType(_ json: JSONValue) throws(DatabaseError) -> AtomicType {
    guard case .string(let name) = json else { throw .syntax(json, "atomic-type expected") }
    guard let type = AtomicType(name: name) else {
      throw .syntax(json, "\"\(name)\" is not an atomic-type")
    }
    return type
  }

  private static func length(_ reader: inout ObjectReader, _ name: Text) throws(DatabaseError) -> Int? {
    guard let json = try reader.optional(name, .integer), let value = json.integer else { return nil }
    guard value >= 0 && value <= Int64(UInt32.max) else {
      throw .syntax(json, "\(name) out of valid range 0 to \(UInt32.max)")
    }
    return Int(value)
  }

  private mutating func readReference(
    _ reader: inout ObjectReader, _ json: JSONValue
  ) throws(DatabaseError) {
    referencedTable = try reader.optional("refTable", .identifier)?.text
    guard referencedTable != nil, let kind = try reader.optional("refType", .identifier)?.text else { return }
    switch kind {
    case "strong": referenceKind = .strong
    case "weak": referenceKind = .weak
    default: throw .syntax(json, "refType must be \"strong\" or \"weak\" (not \"\(kind)\")")
    }
  }

  private func checkRanges(_ json: JSONValue) throws(DatabaseError) {
    if let minimumInteger, let maximumInteger, minimumInteger > maximumInteger {
      throw .syntax(json, "minInteger exceeds maxInteger")
    }
    if let minimumReal, let maximumReal, minimumReal > maximumReal {
      throw .syntax(json, "minReal exceeds maxReal")
    }
    if let minimumLength, let maximumLength, minimumLength > maximumLength {
      throw .syntax(json, "minLength exceeds maxLength")
    }
  }

  /// The notation of schemas.
  public var json: JSONValue {
    guard hasConstraints else { return .string(type.name) }
    var object = JSONObject()
    object.append("type", .string(type.name))
    if let enumeration { object.append("enum", enumeration.json(isMap: false)) }
    if let minimumInteger { object.append("minInteger", .integer(minimumInteger)) }
    if let maximumInteger { object.append("maxInteger", .integer(maximumInteger)) }
    if let minimumReal { object.append("minReal", .real(minimumReal)) }
    if let maximumReal { object.append("maxReal", .real(maximumReal)) }
    if let minimumLength { object.append("minLength", .integer(Int64(minimumLength))) }
    if let maximumLength { object.append("maxLength", .integer(Int64(maximumLength))) }
    if let referencedTable {
      object.append("refTable", .string(referencedTable))
      if referenceKind == .weak { object.append("refType", "weak") }
    }
    return .object(object)
  }
}

// MARK: Checks

extension BaseType {
  /// Reads an atom of this type, and checks that it is allowed.
  func atom(_ json: JSONValue, symbols: inout SymbolTable?) throws(DatabaseError) -> Atom {
    let atom = try Atom(json, type: type, symbols: &symbols)
    try check(atom)
    return atom
  }

  /// Checks that an atom is allowed.
  public func check(_ atom: Atom) throws(DatabaseError) {
    if let enumeration {
      guard enumeration.contains(atom) else {
        let type = ColumnType(key: BaseType(self.type), minimum: 1, maximum: ColumnType.unlimited)
        let allowed = enumeration.displayText(type)
        throw .constraint("\(atom.displayText) is not one of the allowed values (\(allowed))")
      }
      return
    }
    switch atom {
    case .integer(let value): try check(value)
    case .real(let value): try check(value)
    case .string(let value): try check(value)
    case .boolean, .uuid: break
    }
  }

  private func check(_ value: Int64) throws(DatabaseError) {
    if let minimumInteger, let maximumInteger {
      guard value < minimumInteger || value > maximumInteger else { return }
      throw .constraint(
        "\(value) is not in the valid range \(minimumInteger) to \(maximumInteger) (inclusive)")
    }
    if let minimumInteger, value < minimumInteger {
      throw .constraint("\(value) is less than minimum allowed value \(minimumInteger)")
    }
    if let maximumInteger, value > maximumInteger {
      throw .constraint("\(value) is greater than maximum allowed value \(maximumInteger)")
    }
  }

  private func check(_ value: Double) throws(DatabaseError) {
    let text = JSONWriter.text(of: value)
    if let minimumReal, let maximumReal {
      guard value < minimumReal || value > maximumReal else { return }
      let range = "\(JSONWriter.text(of: minimumReal)) to \(JSONWriter.text(of: maximumReal))"
      throw .constraint("\(text) is not in the valid range \(range) (inclusive)")
    }
    if let minimumReal, value < minimumReal {
      let minimum = JSONWriter.text(of: minimumReal)
      throw .constraint("\(text) is less than minimum allowed value \(minimum)")
    }
    if let maximumReal, value > maximumReal {
      let maximum = JSONWriter.text(of: maximumReal)
      throw .constraint("\(text) is greater than maximum allowed value \(maximum)")
    }
  }

  private func check(_ value: Text) throws(DatabaseError) {
    guard minimumLength != nil || maximumLength != nil else { return }
    let length = value.string.unicodeScalars.count
    if let minimumLength, length < minimumLength {
      throw .constraint(
        "\"\(value)\" length \(length) is less than minimum allowed length \(minimumLength)")
    }
    if let maximumLength, length > maximumLength {
      throw .constraint(
        "\"\(value)\" length \(length) is greater than maximum allowed length \(maximumLength)")
    }
  }
}
