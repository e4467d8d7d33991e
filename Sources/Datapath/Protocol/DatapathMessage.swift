/// Counters of a datapath (`struct ovs_dp_stats` and `ovs_dp_megaflow_stats`).
public struct DatapathStatistics: Equatable, Sendable {
  /// Packets that matched a flow.
  public var hits: UInt64 = 0
  /// Packets that matched none and went to the daemon.
  public var misses: UInt64 = 0
  /// Packets that matched none and found the upcall queue full.
  public var lost: UInt64 = 0
  /// Flows present.
  public var flows: UInt64 = 0
  /// Masks looked up, summed over packets.
  public var maskHits: UInt64 = 0
  /// Masks present.
  public var masks: UInt32 = 0
  /// Packets that the exact-match cache answered.
  public var cacheHits: UInt64 = 0

  /// Makes counters of zero.
  public init() {}
}

/// A message about a datapath (`OVS_DP_ATTR_*`).
public struct DatapathMessage: Equatable, Sendable {
  /// The datapath's name, which is that of its local port.
  public var name: [UInt8]?
  /// Where misses of the local port go.
  public var upcallProcessID: UInt32?
  /// Counters, in answers.
  public var statistics: DatapathStatistics?
  /// `OVS_DP_F_*` bits.
  public var userFeatures: UInt32?
  /// Packets dropped, in answers.
  public var drops: DropCounts?

  /// The attribute of `drops`, with 64 bits for each reason.
  ///
  /// It is ours alone; the numbers of others end at 10.
  private static var dropsAttribute: UInt16 { 64 }

  /// Makes a message that says nothing.
  public init() {}

  /// Makes a message that names a datapath.
  public init(name: String) { self.name = Array(name.utf8) }

  func encode(into writer: inout AttributeWriter) {
    if let name { writer.put(1, text: name) }
    if let upcallProcessID { writer.put(2, uint32: upcallProcessID) }
    if let userFeatures { writer.put(5, uint32: userFeatures) }
    if let drops { drops.encode(into: &writer, as: Self.dropsAttribute) }
    guard let statistics else { return }
    let basic = writer.begin(3)
    for value in [statistics.hits, statistics.misses, statistics.lost, statistics.flows] {
      writer.append(littleEndian: value, byteCount: 8)
    }
    writer.finish(basic)
    let mega = writer.begin(4)
    writer.append(littleEndian: statistics.maskHits, byteCount: 8)
    writer.append(littleEndian: UInt64(statistics.masks), byteCount: 8)
    writer.append(littleEndian: statistics.cacheHits, byteCount: 8)
    writer.append(littleEndian: 0, byteCount: 8)
    writer.finish(mega)
  }

  init(decoding reader: inout AttributeReader) throws(MessageError) {
    while let attribute = try reader.next() {
      switch attribute.type {
      case 1: name = attribute.text()
      case 2: upcallProcessID = try attribute.uint32()
      case 3:
        try attribute.require(byteCount: 32)
        var counters = statistics ?? DatapathStatistics()
        counters.hits = attribute.littleEndian(at: 0, byteCount: 8)
        counters.misses = attribute.littleEndian(at: 8, byteCount: 8)
        counters.lost = attribute.littleEndian(at: 16, byteCount: 8)
        counters.flows = attribute.littleEndian(at: 24, byteCount: 8)
        statistics = counters
      case 4:
        try attribute.require(byteCount: 32)
        var counters = statistics ?? DatapathStatistics()
        counters.maskHits = attribute.littleEndian(at: 0, byteCount: 8)
        counters.masks = UInt32(truncatingIfNeeded: attribute.littleEndian(at: 8, byteCount: 4))
        counters.cacheHits = attribute.littleEndian(at: 16, byteCount: 8)
        statistics = counters
      case 5: userFeatures = try attribute.uint32()
      case Self.dropsAttribute: drops = try DropCounts(decoding: attribute)
      default: break
      }
    }
  }
}
