/// The sum of the statistics of some flows.
public struct AggregateStatistics: Hashable, Sendable {
  /// Packets that matched; all ones if not known.
  public var packetCount: UInt64
  /// Bytes in them; all ones if not known.
  public var byteCount: UInt64
  /// How many flows there are.
  public var flowCount: UInt32

  /// Makes a sum.
  public init(packetCount: UInt64, byteCount: UInt64, flowCount: UInt32) {
    self.packetCount = packetCount
    self.byteCount = byteCount
    self.flowCount = flowCount
  }

  static func decode(
    _ reader: inout WireReader, _ version: OpenFlowVersion
  ) throws(OpenFlowError) -> AggregateStatistics {
    if version >= .v15 {
      let sum = try ExtensibleStatistics.decode(&reader)
      return AggregateStatistics(
        packetCount: sum.packetCount, byteCount: sum.byteCount, flowCount: sum.flowCount)
    }
    let packets = try reader.uint64()
    let bytes = try reader.uint64()
    let flows = try reader.uint32()
    try reader.skip(4)
    try reader.requireEnd()
    return AggregateStatistics(packetCount: packets, byteCount: bytes, flowCount: flows)
  }

  func encode(to writer: inout WireWriter, _ version: OpenFlowVersion) {
    if version >= .v15 {
      var sum = ExtensibleStatistics()
      sum.packetCount = packetCount
      sum.byteCount = byteCount
      sum.flowCount = flowCount
      return sum.encodeSum(to: &writer)
    }
    writer.uint64(packetCount)
    writer.uint64(byteCount)
    writer.uint32(flowCount)
    writer.zeros(4)
  }
}
