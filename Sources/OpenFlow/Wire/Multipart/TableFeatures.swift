/// What a flow table can do, as a table features reply says it (OpenFlow 1.3.1, section 7.3.5.5).
///
/// The lists of instructions, actions and fields are kept as they came.
public struct TableFeatures: Hashable, Sendable {
  /// The table's number.
  public var tableID: UInt8
  /// The table's name.
  public var name: String
  /// The bits of the metadata that flows can match.
  public var matchableMetadata: UInt64
  /// The bits of the metadata that flows can write.
  public var writableMetadata: UInt64
  /// What the table's configuration may say.
  public var capabilities: UInt32
  /// How many flows the table may hold.
  public var maximumEntries: UInt32
  /// The properties, encoded.
  public var properties: [UInt8]

  /// Makes features.
  public init(
    tableID: UInt8, name: String, matchableMetadata: UInt64 = .max, writableMetadata: UInt64 = .max,
    capabilities: UInt32 = 0, maximumEntries: UInt32, properties: [UInt8] = []
  ) {
    self.tableID = tableID
    self.name = name
    self.matchableMetadata = matchableMetadata
    self.writableMetadata = writableMetadata
    self.capabilities = capabilities
    self.maximumEntries = maximumEntries
    self.properties = properties
  }

  static func decode(_ reader: inout WireReader) throws(OpenFlowError) -> TableFeatures {
    let length = try Int(reader.peek16(0))
    guard length >= 64 else { throw .badPropertyBadLength }
    var body = try reader.part(length, error: .badPropertyBadLength)
    try body.skip(2)
    var features = TableFeatures(tableID: try body.uint8(), name: "", maximumEntries: 0)
    try body.skip(5)
    features.name = try body.text(32)
    features.matchableMetadata = try body.uint64()
    features.writableMetadata = try body.uint64()
    features.capabilities = try body.uint32()
    features.maximumEntries = try body.uint32()
    features.properties = body.rest()
    return features
  }

  func encode(to writer: inout WireWriter) {
    writer.uint16(UInt16(truncatingIfNeeded: 64 &+ properties.count))
    writer.uint8(tableID)
    writer.zeros(5)
    writer.text(name, 32)
    writer.uint64(matchableMetadata)
    writer.uint64(writableMetadata)
    writer.uint32(capabilities)
    writer.uint32(maximumEntries)
    writer.append(properties)
  }
}
