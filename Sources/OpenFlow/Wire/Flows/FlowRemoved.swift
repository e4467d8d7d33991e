import Datapath

/// Why a flow was removed (OFPRR_*).
public enum FlowRemovedReason: UInt8, CaseIterable, Hashable, Sendable {
  /// No packet matched for the idle timeout.
  case idleTimeout = 0
  /// The hard timeout passed.
  case hardTimeout = 1
  /// A flow modification deleted it.
  case delete = 2
  /// The group that it used was deleted.
  case groupDelete = 3
  /// The meter that it used was deleted.
  case meterDelete = 4
  /// It made room for others.
  case eviction = 5

  /// The name that commands print.
  public var name: String {
    switch self {
    case .idleTimeout: "idle"
    case .hardTimeout: "hard"
    case .delete: "delete"
    case .groupDelete: "group_delete"
    case .meterDelete: "meter_delete"
    case .eviction: "eviction"
    }
  }
}

/// A switch's word to its controllers that a flow was removed.
public struct FlowRemoved: Equatable, Sendable {
  /// Why.
  public var reason: FlowRemovedReason = .delete
  /// The table that held the flow; nil if the message does not say.
  public var table: UInt8?
  /// Which packets matched.
  public var match = Match()
  /// The flow's priority.
  public var priority: UInt16 = 0
  /// The flow's cookie.
  public var cookie: UInt64 = 0
  /// How long the flow existed, whole seconds.
  public var durationSeconds: UInt32 = 0
  /// The rest of the time that the flow existed.
  public var durationNanoseconds: UInt32 = 0
  /// The flow's idle timeout in seconds.
  public var idleTimeoutSeconds: UInt16 = 0
  /// The flow's hard timeout in seconds; sent in OpenFlow 1.2 and later.
  public var hardTimeoutSeconds: UInt16 = 0
  /// Packets that matched; all ones if not known.
  public var packetCount: UInt64 = 0
  /// Bytes in them; all ones if not known.
  public var byteCount: UInt64 = 0

  /// A deleted flow of which nothing is said.
  public init() {}

  static func decode(
    _ reader: inout WireReader, _ version: OpenFlowVersion, _ dialect: MessageDialect
  ) throws(OpenFlowError) -> FlowRemoved {
    var removed = FlowRemoved()
    if dialect == .nicira {
      try removed.decodeNicira(&reader)
      return removed
    }
    if version == .v10 { removed.match = try Match.decodeOpenFlow10(&reader) }
    if version == .v15 {
      try removed.decode15(&reader)
      return removed
    }
    removed.cookie = try reader.uint64()
    removed.priority = try reader.uint16()
    try removed.setReason(reader.uint8())
    let table = try reader.uint8()
    if version != .v10 { removed.table = table }
    try removed.decodeDuration(&reader)
    removed.idleTimeoutSeconds = try reader.uint16()
    let hard = try reader.uint16()
    if version >= .v12 { removed.hardTimeoutSeconds = hard }
    removed.packetCount = try reader.uint64()
    removed.byteCount = try reader.uint64()
    if version != .v10 { removed.match = try Match.decode(&reader, version) }
    return removed
  }

  private mutating func setReason(_ number: UInt8) throws(OpenFlowError) {
    guard let reason = FlowRemovedReason(rawValue: number) else { throw .niciraBadRequestBadReason }
    self.reason = reason
  }

  private mutating func decodeDuration(_ reader: inout WireReader) throws(OpenFlowError) {
    durationSeconds = try reader.uint32()
    durationNanoseconds = try reader.uint32()
  }

  private mutating func decode15(_ reader: inout WireReader) throws(OpenFlowError) {
    table = try reader.uint8()
    try setReason(reader.uint8())
    priority = try reader.uint16()
    idleTimeoutSeconds = try reader.uint16()
    hardTimeoutSeconds = try reader.uint16()
    cookie = try reader.uint64()
    match = try Match.decode(&reader, .v15)
    let counters = try ExtensibleStatistics.decode(&reader)
    durationSeconds = counters.durationSeconds
    durationNanoseconds = counters.durationNanoseconds
    packetCount = counters.packetCount
    byteCount = counters.byteCount
  }

  private mutating func decodeNicira(_ reader: inout WireReader) throws(OpenFlowError) {
    cookie = try reader.uint64()
    priority = try reader.uint16()
    try setReason(reader.uint8())
    // One more than the table's number, so that zero can stand for "not known".
    let table = try reader.uint8()
    self.table = table == 0 ? nil : table &- 1
    try decodeDuration(&reader)
    idleTimeoutSeconds = try reader.uint16()
    let matchByteCount = try Int(reader.uint16())
    packetCount = try reader.uint64()
    byteCount = try reader.uint64()
    var cookie: MatchCookie?
    match = try Match.decodeNicira(&reader, byteCount: matchByteCount, cookie: &cookie)
  }

  func encode(to writer: inout WireWriter, _ version: OpenFlowVersion, _ dialect: MessageDialect) {
    if dialect == .nicira { return encodeNicira(to: &writer) }
    if version == .v15 { return encode15(to: &writer) }
    if version == .v10 { match.encodeOpenFlow10(to: &writer) }
    writer.uint64(cookie)
    writer.uint16(priority)
    writer.uint8(reasonNumber(version))
    writer.uint8(version == .v10 ? 0 : table ?? 0)
    writer.uint32(durationSeconds)
    writer.uint32(durationNanoseconds)
    writer.uint16(idleTimeoutSeconds)
    writer.uint16(version >= .v12 ? hardTimeoutSeconds : 0)
    writer.uint64(packetCount)
    writer.uint64(byteCount)
    if version != .v10 { match.encode(to: &writer, version) }
  }

  /// The reason's number; a version that lacks the reason gets the nearest.
  private func reasonNumber(_ version: OpenFlowVersion) -> UInt8 {
    switch reason {
    case .meterDelete, .eviction: version < .v14 ? FlowRemovedReason.delete.rawValue : reason.rawValue
    case .groupDelete: version < .v11 ? FlowRemovedReason.delete.rawValue : reason.rawValue
    default: reason.rawValue
    }
  }

  private func encode15(to writer: inout WireWriter) {
    writer.uint8(table ?? 0)
    writer.uint8(reason.rawValue)
    writer.uint16(priority)
    writer.uint16(idleTimeoutSeconds)
    writer.uint16(hardTimeoutSeconds)
    writer.uint64(cookie)
    match.encode(to: &writer, .v15)
    var counters = ExtensibleStatistics()
    counters.durationSeconds = durationSeconds
    counters.durationNanoseconds = durationNanoseconds
    counters.packetCount = packetCount
    counters.byteCount = byteCount
    counters.encodeFlow(to: &writer)
  }

  private func encodeNicira(to writer: inout WireWriter) {
    writer.uint64(cookie)
    writer.uint16(priority)
    writer.uint8(reasonNumber(.v10))
    writer.uint8(table.map { $0 &+ 1 } ?? 0)
    writer.uint32(durationSeconds)
    writer.uint32(durationNanoseconds)
    writer.uint16(idleTimeoutSeconds)
    let matchLength = writer.count
    writer.uint16(0)
    writer.uint64(packetCount)
    writer.uint64(byteCount)
    let byteCount = match.encodeNicira(to: &writer)
    writer.patch16(UInt16(truncatingIfNeeded: byteCount), at: matchLength)
  }
}
