public import JSON

/// A table of a database (RFC 7047, section 3.2, `<table-schema>`).
public struct TableSchema: Sendable, Equatable {
  /// Name.
  public let name: Text
  /// The columns in the order of their names, after `_uuid` and `_version`.
  public let columns: [ColumnSchema]
  /// Whether columns may be changed after the row has been made.
  public var isMutable: Bool
  /// Greatest number of rows.
  public var maximumRowCount: Int
  /// Whether rows live although no other row refers to them.
  public var isRoot: Bool
  /// Places of the columns of each index.
  public var indexes: [[Int]]
  private let places: [Text: Int]

  /// Place of the column `_uuid`.
  public static var uuidPlace: Int { 0 }
  /// Place of the column `_version`.
  public static var versionPlace: Int { 1 }
  /// Place of the first column that the schema names.
  public static var firstPlace: Int { 2 }

  /// Makes a table from the columns that the schema names.
  public init(
    name: Text, columns: [ColumnSchema], isMutable: Bool = true,
    maximumRowCount: Int = Int(UInt32.max), isRoot: Bool = false, indexes: [[Int]] = []
  ) {
    let uuid = ColumnType(key: BaseType(.uuid))
    let all =
      [
        ColumnSchema(name: "_uuid", type: uuid, isMutable: false, isPersistent: false),
        ColumnSchema(name: "_version", type: uuid, isMutable: false, isPersistent: false),
      ] + columns.sorted { $0.name < $1.name }
    self.name = name
    self.columns = all
    self.isMutable = isMutable
    self.maximumRowCount = maximumRowCount
    self.isRoot = isRoot
    self.indexes = indexes
    var places: [Text: Int] = [:]
    for (place, column) in all.enumerated() { places[column.name] = place }
    self.places = places
  }

  /// The place of a column.
  public func place(of column: Text) -> Int? { places[column] }

  /// The column of that name.
  public func column(_ name: Text) -> ColumnSchema? { places[name].map { columns[$0] } }

  /// The columns that the schema names.
  public var namedColumns: ArraySlice<ColumnSchema> { columns[Self.firstPlace...] }
}

extension TableSchema {
  /// Reads the notation of schemas.
  public init(_ json: JSONValue, name: Text) throws(DatabaseError) {
    var reader = try ObjectReader(json, "table schema for table \(name)")
    let columnsJSON = try reader.required("columns", .object)
    let mutableJSON = try reader.optional("mutable", .boolean)
    let maximumJSON = try reader.optional("maxRows", .integer)
    let rootJSON = try reader.optional("isRoot", .boolean)
    let indexesJSON = try reader.optional("indexes", .array)
    try reader.finish()

    let members = columnsJSON.object?.sortedMembers ?? []
    guard !members.isEmpty else { throw .syntax(json, "table must have at least one column") }
    if let maximum = maximumJSON?.integer, maximum <= 0 {
      throw .syntax(json, "maxRows must be at least 1")
    }
    var columns: [ColumnSchema] = []
    for member in members {
      try Schema.checkName(member.name, json)
      columns.append(try ColumnSchema(member.value, name: member.name))
    }
    self.init(
      name: name, columns: columns, isMutable: mutableJSON?.bool ?? true,
      maximumRowCount: Int(min(maximumJSON?.integer ?? .max, Int64(UInt32.max))),
      isRoot: rootJSON?.bool ?? false)
    for indexJSON in indexesJSON?.array ?? [] {
      indexes.append(try index(indexJSON, json))
    }
  }

  private func index(_ indexJSON: JSONValue, _ json: JSONValue) throws(DatabaseError) -> [Int] {
    let index = try columnPlaces(indexJSON)
    guard !index.isEmpty else { throw .syntax(json, "index must have at least one column") }
    for place in index where !columns[place].isPersistent {
      throw .syntax(json, "ephemeral columns (such as \(columns[place].name)) may not be indexed")
    }
    return index
  }

  /// Reads an array of names of columns, all different.
  func columnPlaces(_ json: JSONValue) throws(DatabaseError) -> [Int] {
    let expectation = "array of distinct column names expected"
    guard case .array(let names) = json else { throw .syntax(json, expectation) }
    var found: [Int] = []
    for nameJSON in names {
      guard case .string(let name) = nameJSON else { throw .syntax(json, expectation) }
      guard let place = place(of: name) else {
        throw .syntax(json, "\(name) is not a valid column name")
      }
      found.append(place)
    }
    guard Set(found).count == found.count else { throw .syntax(json, expectation) }
    return found
  }

  /// The notation of schemas; `isRootShown` is false in databases where every table is a root.
  func json(isRootShown: Bool) -> JSONValue {
    var object = JSONObject()
    if !isMutable { object.append("mutable", false) }
    if isRootShown && isRoot { object.append("isRoot", true) }
    var columnsObject = JSONObject()
    for column in namedColumns { columnsObject.append(column.name, column.json) }
    object.append("columns", .object(columnsObject))
    if maximumRowCount != Int(UInt32.max) {
      object.append("maxRows", .integer(Int64(maximumRowCount)))
    }
    if !indexes.isEmpty {
      object.append(
        "indexes",
        .array(indexes.map { index in .array(index.map { .string(columns[$0].name) }) }))
    }
    return .object(object)
  }
}
