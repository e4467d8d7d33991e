/// The statistics of a flow table, and what older versions say in the same message about what the table can do.
public struct TableStatistics: Hashable, Sendable {
  /// The table's number.
  public var tableID: UInt8
  /// The table's name; sent before OpenFlow 1.3.
  public var name: String
  /// How many flows it may hold; sent before OpenFlow 1.3.
  public var maximumEntries: UInt32
  /// How many flows it holds.
  public var activeCount: UInt32
  /// How many packets were looked up.
  public var lookupCount: UInt64
  /// How many packets matched a flow.
  public var matchedCount: UInt64
  /// What a miss does; sent in OpenFlow 1.1 and 1.2.
  public var missConfiguration: UInt32

  /// Makes statistics.
  public init(
    tableID: UInt8, name: String = "", maximumEntries: UInt32 = 1_000_000, activeCount: UInt32,
    lookupCount: UInt64, matchedCount: UInt64, missConfiguration: UInt32 = 0
  ) {
    self.tableID = tableID
    self.name = name
    self.maximumEntries = maximumEntries
    self.activeCount = activeCount
    self.lookupCount = lookupCount
    self.matchedCount = matchedCount
    self.missConfiguration = missConfiguration
  }

  static func decode(
    _ reader: inout WireReader, _ version: OpenFlowVersion
  ) throws(OpenFlowError) -> TableStatistics {
    let tableID = try reader.uint8()
    try reader.skip(version == .v11 || version == .v12 ? 7 : 3)
    var statistics = TableStatistics(tableID: tableID, activeCount: 0, lookupCount: 0, matchedCount: 0)
    if version < .v13 {
      statistics.name = try reader.text(32)
      switch version {
      case .v10: try reader.skip(4)
      case .v11: try reader.skip(20)
      default: try reader.skip(60)
      }
      if version != .v10 { statistics.missConfiguration = try reader.uint32() }
      statistics.maximumEntries = try reader.uint32()
    }
    statistics.activeCount = try reader.uint32()
    statistics.lookupCount = try reader.uint64()
    statistics.matchedCount = try reader.uint64()
    return statistics
  }

  func encode(to writer: inout WireWriter, _ version: OpenFlowVersion) {
    writer.uint8(tableID)
    writer.zeros(version == .v11 || version == .v12 ? 7 : 3)
    if version < .v13 {
      writer.text(name, 32)
      encodeAbilities(to: &writer, version)
      if version != .v10 { writer.uint32(missConfiguration) }
      writer.uint32(maximumEntries)
    }
    writer.uint32(activeCount)
    writer.uint64(lookupCount)
    writer.uint64(matchedCount)
  }

  /// What old versions say that a table can match and do: everything that they know.
  private func encodeAbilities(to writer: inout WireWriter, _ version: OpenFlowVersion) {
    switch version {
    case .v10:
      writer.uint32(0x3f_ffff)
    case .v11:
      writer.uint32(0x3ff)  // wildcards
      writer.uint32(0x3ff)  // match
      writer.uint32(0x1f)  // instructions
      writer.uint32(0x03e1_ffff)  // write actions
      writer.uint32(0x03e1_ffff)  // apply actions
    default:
      writer.uint64(0xff_ffff_ffff)  // match
      writer.uint64(0xff_ffff_ffff)  // wildcards
      writer.uint32(0x0fff_8801)  // write actions
      writer.uint32(0x0fff_8801)  // apply actions
      writer.uint64(0xff_ffff_ffff)  // write fields
      writer.uint64(0xff_ffff_ffff)  // apply fields
      writer.uint64(.max)  // metadata that may be matched
      writer.uint64(.max)  // metadata that may be written
      writer.uint32(0x1f)  // instructions
    }
  }
}
