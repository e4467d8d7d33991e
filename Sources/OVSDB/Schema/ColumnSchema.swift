public import JSON

/// A column of a table (RFC 7047, section 3.2, `<column-schema>`).
public struct ColumnSchema: Sendable, Equatable {
  /// Name.
  public let name: Text
  /// What it holds.
  public var type: ColumnType
  /// Whether it may be changed after the row has been made.
  public var isMutable: Bool
  /// Whether its value outlives the server.
  public var isPersistent: Bool

  /// Makes a column.
  public init(name: Text, type: ColumnType, isMutable: Bool = true, isPersistent: Bool = true) {
    self.name = name
    self.type = type
    self.isMutable = isMutable
    self.isPersistent = isPersistent
  }

  /// Reads the notation of schemas.
  public init(_ json: JSONValue, name: Text) throws(DatabaseError) {
    var reader = try ObjectReader(json, "schema for column \(name)")
    let mutableJSON = try reader.optional("mutable", .boolean)
    let ephemeralJSON = try reader.optional("ephemeral", .boolean)
    let typeJSON = try reader.required("type", [.string, .object])
    try reader.finish()
    self.init(
      name: name, type: try ColumnType(typeJSON), isMutable: mutableJSON?.bool ?? true,
      isPersistent: !(ephemeralJSON?.bool ?? false))
  }

  /// The notation of schemas.
  public var json: JSONValue {
    var object = JSONObject()
    object.append("type", type.json)
    if !isMutable { object.append("mutable", false) }
    if !isPersistent { object.append("ephemeral", true) }
    return .object(object)
  }
}
