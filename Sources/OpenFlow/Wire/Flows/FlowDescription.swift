import Datapath

/// Which flows a statistics request is about.
public struct FlowStatisticsRequest: Equatable, Sendable {
  /// The table; nil for all.
  public var table: UInt8?
  /// What the flows must match, at least.
  public var match: Match
  /// The cookie that the flows must have, where `cookieMask` is one.
  public var cookie: UInt64
  /// Which bits of the cookie must agree.
  public var cookieMask: UInt64
  /// The port that the flows must output to, or `.none`.
  public var outPort: OpenFlowPortNumber
  /// The group that the flows must output to, or all ones.
  public var outGroup: UInt32

  /// Asks for flows.
  public init(
    table: UInt8? = nil, match: Match = Match(), cookie: UInt64 = 0, cookieMask: UInt64 = 0,
    outPort: OpenFlowPortNumber = .none, outGroup: UInt32 = .max
  ) {
    self.table = table
    self.match = match
    self.cookie = cookie
    self.cookieMask = cookieMask
    self.outPort = outPort
    self.outGroup = outGroup
  }

  static func decode(
    _ reader: inout WireReader, _ version: OpenFlowVersion, _ dialect: MessageDialect
  ) throws(OpenFlowError) -> FlowStatisticsRequest {
    if dialect == .nicira { return try decodeNicira(&reader) }
    var request = FlowStatisticsRequest()
    if version == .v10 {
      request.match = try Match.decodeOpenFlow10(&reader)
      request.setTable(try reader.uint8())
      try reader.skip(1)
      request.outPort = try OpenFlowPortNumber(openFlow10: reader.uint16())
    } else {
      request.setTable(try reader.uint8())
      try reader.skip(3)
      request.outPort = try OpenFlowPortNumber(openFlow11: reader.uint32())
      request.outGroup = try reader.uint32()
      try reader.skip(4)
      let cookie = try reader.uint64()
      request.cookieMask = try reader.uint64()
      request.cookie = cookie & request.cookieMask
      request.match = try Match.decode(&reader, version)
    }
    try reader.requireEnd()
    return request
  }

  private mutating func setTable(_ number: UInt8) { table = number == 0xff ? nil : number }

  private static func decodeNicira(_ reader: inout WireReader) throws(OpenFlowError) -> FlowStatisticsRequest
  {
    var request = FlowStatisticsRequest()
    request.outPort = try OpenFlowPortNumber(openFlow10: reader.uint16())
    let matchByteCount = try Int(reader.uint16())
    request.setTable(try reader.uint8())
    try reader.skip(3)
    var cookie: MatchCookie? = MatchCookie()
    request.match = try Match.decodeNicira(&reader, byteCount: matchByteCount, cookie: &cookie)
    request.cookie = cookie?.value ?? 0
    request.cookieMask = cookie?.mask ?? 0
    try reader.requireEnd()
    return request
  }

  func encode(to writer: inout WireWriter, _ version: OpenFlowVersion, _ dialect: MessageDialect) {
    if dialect == .nicira {
      let start = writer.count
      writer.uint16(outPort.openFlow10)
      writer.uint16(0)
      writer.uint8(table ?? 0xff)
      writer.zeros(3)
      let byteCount = match.encodeNicira(to: &writer, cookie: MatchCookie(value: cookie, mask: cookieMask))
      writer.patch16(UInt16(truncatingIfNeeded: byteCount), at: start &+ 2)
    } else if version == .v10 {
      match.encodeOpenFlow10(to: &writer)
      writer.uint8(table ?? 0xff)
      writer.uint8(0)
      writer.uint16(outPort.openFlow10)
    } else {
      writer.uint8(table ?? 0xff)
      writer.zeros(3)
      writer.uint32(outPort.rawValue)
      writer.uint32(outGroup)
      writer.zeros(4)
      writer.uint64(cookie)
      writer.uint64(cookieMask)
      match.encode(to: &writer, version)
    }
  }
}

/// A flow of a table, with its counters, as a statistics reply describes it.
public struct FlowDescription: Equatable, Sendable {
  /// The table.
  public var table: UInt8 = 0
  /// Which packets match.
  public var match = Match()
  /// The priority.
  public var priority: UInt16 = 0x8000
  /// The cookie.
  public var cookie: UInt64 = 0
  /// How long the flow has existed, whole seconds.
  public var durationSeconds: UInt32 = 0
  /// The rest of the time that the flow has existed.
  public var durationNanoseconds: UInt32 = 0
  /// Seconds without a packet after which the flow expires, zero for never.
  public var idleTimeoutSeconds: UInt16 = 0
  /// Seconds after which the flow expires, zero for never.
  public var hardTimeoutSeconds: UInt16 = 0
  /// Seconds since a packet matched; nil if the message does not say.
  public var idleAgeSeconds: UInt16?
  /// Seconds since the flow was added or modified; nil if the message does not say.
  public var hardAgeSeconds: UInt16?
  /// How reluctantly the flow is evicted.
  public var importance: UInt16 = 0
  /// The flow's flags.
  public var flags: FlowFlags = []
  /// Packets that matched; all ones if not known.
  public var packetCount: UInt64 = 0
  /// Bytes in them; all ones if not known.
  public var byteCount: UInt64 = 0
  /// What the flow does.
  public var actions: [Action] = []

  /// A flow that matches every packet and does nothing.
  public init() {}
}
