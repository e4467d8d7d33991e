public import JSON

/// A database's schema (RFC 7047, section 3.2, `<database-schema>`).
public struct Schema: Sendable, Equatable {
  /// Name of the database.
  public let name: Text
  /// Version as `x.y.z`; empty if the schema has none.
  public var version: Text
  /// The checksum that the file of the schema claims; empty if none.
  public var checksum: Text
  /// The tables in the order of their names.
  public let tables: [TableSchema]
  private let places: [Text: Int]
  private let isRootShown: Bool

  /// Makes a schema.
  public init(name: Text, version: Text = "", checksum: Text = "", tables: [TableSchema]) {
    self.name = name
    self.version = version
    self.checksum = checksum
    var sorted = tables.sorted { $0.name < $1.name }
    // Schemas older than "isRoot" do not have it anywhere: all of their tables are roots.
    isRootShown = sorted.contains { $0.isRoot }
    if !isRootShown {
      for index in sorted.indices { sorted[index].isRoot = true }
    }
    self.tables = sorted
    var places: [Text: Int] = [:]
    for (place, table) in sorted.enumerated() { places[table.name] = place }
    self.places = places
  }

  /// The place of a table.
  public func place(of table: Text) -> Int? { places[table] }

  /// The table of that name.
  public subscript(table: Text) -> TableSchema? { places[table].map { tables[$0] } }
}

extension Schema {
  /// Reads the notation of schemas, and checks that references lead somewhere.
  public init(_ json: JSONValue) throws(DatabaseError) {
    var reader = try ObjectReader(json, "database schema")
    let name = try reader.required("name", .identifier).text ?? ""
    let version = try reader.optional("version", .string)?.text ?? ""
    let checksum = try reader.optional("cksum", .string)?.text ?? ""
    let tablesJSON = try reader.required("tables", .object)
    try reader.finish()
    if !version.isEmpty && !Schema.isVersion(version) {
      throw .syntax(json, "schema version \"\(version)\" not in format x.y.z")
    }
    var tables: [TableSchema] = []
    for member in tablesJSON.object?.sortedMembers ?? [] {
      try Schema.checkName(member.name, json)
      tables.append(try TableSchema(member.value, name: member.name))
    }
    self.init(name: name, version: version, checksum: checksum, tables: tables)
    try checkReferences()
  }

  static func checkName(_ name: Text, _ json: JSONValue) throws(DatabaseError) {
    if name.utf8.first == UInt8(ascii: "_") {
      throw .syntax(json, "names beginning with \"_\" are reserved")
    }
    guard Identifier.isValid(name) else { throw .syntax(json, "name must be a valid id") }
  }

  /// Whether a text is three decimal numbers with dots between them.
  static func isVersion(_ text: Text) -> Bool {
    let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return parts.count == 3
      && parts.allSatisfy { part in
        !part.isEmpty && part.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
      }
  }

  private func checkReferences() throws(DatabaseError) {
    for table in tables {
      for column in table.namedColumns {
        try checkReference(column, column.type.key, "key")
        if let value = column.type.value { try checkReference(column, value, "value") }
      }
    }
  }

  private func checkReference(
    _ column: ColumnSchema, _ base: BaseType, _ part: String
  ) throws(DatabaseError) {
    guard let target = base.referencedTable, places[target] == nil else { return }
    throw .syntax(nil, "column \(column.name) \(part) refers to undefined table \(target)")
  }

  /// The notation of schemas.
  public var json: JSONValue {
    var object = JSONObject()
    object.append("name", .string(name))
    if !version.isEmpty { object.append("version", .string(version)) }
    if !checksum.isEmpty { object.append("cksum", .string(checksum)) }
    var tablesObject = JSONObject()
    for table in tables { tablesObject.append(table.name, table.json(isRootShown: isRootShown)) }
    object.append("tables", .object(tablesObject))
    return .object(object)
  }
}
