import Datapath

extension FlowDescription {
  /// Reads one flow of a reply.
  static func decode(
    _ reader: inout WireReader, _ version: OpenFlowVersion, _ dialect: MessageDialect
  ) throws(OpenFlowError) -> FlowDescription {
    let length = try Int(reader.peek16(0))
    guard length >= 4 else { throw .badRequestBadLength }
    var body = try reader.part(length)
    try body.skip(2)
    var flow = FlowDescription()
    if dialect == .nicira {
      try flow.decodeNicira(&body)
      return flow
    }
    switch version {
    case .v10: try flow.decode10(&body)
    case .v15: try flow.decode15(&body)
    default: try flow.decode11(&body, version)
    }
    return flow
  }

  private mutating func decodeTable(_ body: inout WireReader) throws(OpenFlowError) {
    table = try body.uint8()
    try body.skip(1)
  }

  private mutating func decodeDuration(_ body: inout WireReader) throws(OpenFlowError) {
    durationSeconds = try body.uint32()
    durationNanoseconds = try body.uint32()
  }

  private mutating func decodePriorityAndTimeouts(_ body: inout WireReader) throws(OpenFlowError) {
    priority = try body.uint16()
    idleTimeoutSeconds = try body.uint16()
    hardTimeoutSeconds = try body.uint16()
  }

  private mutating func decodeCounters(_ body: inout WireReader) throws(OpenFlowError) {
    cookie = try body.uint64()
    packetCount = try body.uint64()
    byteCount = try body.uint64()
  }

  private mutating func decode10(_ body: inout WireReader) throws(OpenFlowError) {
    try decodeTable(&body)
    match = try Match.decodeOpenFlow10(&body)
    try decodeDuration(&body)
    try decodePriorityAndTimeouts(&body)
    try body.skip(6)
    try decodeCounters(&body)
    actions = try ActionReader(.v10).flowActions(&body)
  }

  private mutating func decodeNicira(_ body: inout WireReader) throws(OpenFlowError) {
    try decodeTable(&body)
    try decodeDuration(&body)
    try decodePriorityAndTimeouts(&body)
    let matchByteCount = try Int(body.uint16())
    // Ages are one more than they say, so that zero can stand for "not known".
    let idle = try body.uint16()
    let hard = try body.uint16()
    idleAgeSeconds = idle == 0 ? nil : idle &- 1
    hardAgeSeconds = hard == 0 ? nil : hard &- 1
    try decodeCounters(&body)
    var cookie: MatchCookie?
    match = try Match.decodeNicira(&body, byteCount: matchByteCount, cookie: &cookie)
    actions = try ActionReader(.v10).flowActions(&body)
  }

  private mutating func decode11(_ body: inout WireReader, _ version: OpenFlowVersion) throws(OpenFlowError) {
    try decodeTable(&body)
    try decodeDuration(&body)
    try decodePriorityAndTimeouts(&body)
    let bits = try body.uint16()
    let importance = try body.uint16()
    if version >= .v13 { flags = FlowFlags(rawValue: bits).intersection(.supported(version)) }
    if version >= .v14 { self.importance = importance }
    try body.skip(2)
    try decodeCounters(&body)
    match = try Match.decode(&body, version)
    actions = try ActionReader(version).flowActions(&body)
  }

  private mutating func decode15(_ body: inout WireReader) throws(OpenFlowError) {
    try body.skip(2)
    table = try body.uint8()
    try body.skip(1)
    try decodePriorityAndTimeouts(&body)
    flags = try FlowFlags(rawValue: body.uint16()).intersection(.supported(.v15))
    importance = try body.uint16()
    cookie = try body.uint64()
    match = try Match.decode(&body, .v15)
    let counters = try ExtensibleStatistics.decode(&body)
    durationSeconds = counters.durationSeconds
    durationNanoseconds = counters.durationNanoseconds
    idleAgeSeconds = counters.idleSeconds.map { UInt16(truncatingIfNeeded: min($0, 0xffff)) }
    packetCount = counters.packetCount
    byteCount = counters.byteCount
    actions = try ActionReader(.v15).flowActions(&body)
  }

  /// Writes one flow of a reply.
  func encode(to writer: inout WireWriter, _ version: OpenFlowVersion, _ dialect: MessageDialect) {
    let start = writer.count
    writer.uint16(0)
    if dialect == .nicira {
      encodeNicira(to: &writer)
    } else {
      switch version {
      case .v10: encode10(to: &writer)
      case .v15: encode15(to: &writer)
      default: encode11(to: &writer, version)
      }
    }
    writer.patch16(UInt16(truncatingIfNeeded: writer.count &- start), at: start)
  }

  private func encodeTable(to writer: inout WireWriter) {
    writer.uint8(table)
    writer.uint8(0)
  }

  private func encodeDuration(to writer: inout WireWriter) {
    writer.uint32(durationSeconds)
    writer.uint32(durationNanoseconds)
  }

  private func encodePriorityAndTimeouts(to writer: inout WireWriter) {
    writer.uint16(priority)
    writer.uint16(idleTimeoutSeconds)
    writer.uint16(hardTimeoutSeconds)
  }

  private func encodeCounters(to writer: inout WireWriter) {
    writer.uint64(cookie)
    writer.uint64(packetCount)
    writer.uint64(byteCount)
  }

  private func encodeActions(to writer: inout WireWriter, _ version: OpenFlowVersion) {
    var actionWriter = ActionWriter(version, match: match)
    actionWriter.flowActions(actions, to: &writer)
  }

  private func encode10(to writer: inout WireWriter) {
    encodeTable(to: &writer)
    match.encodeOpenFlow10(to: &writer)
    encodeDuration(to: &writer)
    encodePriorityAndTimeouts(to: &writer)
    writer.zeros(6)
    encodeCounters(to: &writer)
    encodeActions(to: &writer, .v10)
  }

  private func encodeNicira(to writer: inout WireWriter) {
    encodeTable(to: &writer)
    encodeDuration(to: &writer)
    encodePriorityAndTimeouts(to: &writer)
    let matchLength = writer.count
    writer.uint16(0)
    for age in [idleAgeSeconds, hardAgeSeconds] {
      writer.uint16(age.map { $0 == .max ? $0 : $0 &+ 1 } ?? 0)
    }
    encodeCounters(to: &writer)
    let byteCount = match.encodeNicira(to: &writer)
    writer.patch16(UInt16(truncatingIfNeeded: byteCount), at: matchLength)
    encodeActions(to: &writer, .v10)
  }

  private func encode11(to writer: inout WireWriter, _ version: OpenFlowVersion) {
    encodeTable(to: &writer)
    encodeDuration(to: &writer)
    encodePriorityAndTimeouts(to: &writer)
    writer.uint16(version >= .v13 ? flags.intersection(.supported(version)).rawValue : 0)
    writer.uint16(version >= .v14 ? importance : 0)
    writer.zeros(2)
    encodeCounters(to: &writer)
    // Peers write the extensible form in OpenFlow 1.1 too, which cannot express all that a flow may match.
    match.encodeOXM(to: &writer, version)
    encodeActions(to: &writer, version)
  }

  private func encode15(to writer: inout WireWriter) {
    writer.zeros(2)
    encodeTable(to: &writer)
    encodePriorityAndTimeouts(to: &writer)
    writer.uint16(flags.intersection(.supported(.v15)).rawValue)
    writer.uint16(importance)
    writer.uint64(cookie)
    match.encode(to: &writer, .v15)
    var counters = ExtensibleStatistics()
    counters.durationSeconds = durationSeconds
    counters.durationNanoseconds = durationNanoseconds
    counters.idleSeconds = UInt32(idleAgeSeconds ?? 0)
    counters.packetCount = packetCount
    counters.byteCount = byteCount
    counters.encodeFlow(to: &writer)
    encodeActions(to: &writer, .v15)
  }
}

/// The counters of a flow in the extensible form of OpenFlow 1.5 (section 7.2.4.2).
struct ExtensibleStatistics {
  var durationSeconds: UInt32 = 0
  var durationNanoseconds: UInt32 = 0
  var idleSeconds: UInt32?
  var flowCount: UInt32 = 0
  var packetCount: UInt64 = .max
  var byteCount: UInt64 = .max

  private static var basicClass: UInt16 { 0x8002 }

  static func decode(_ reader: inout WireReader) throws(OpenFlowError) -> ExtensibleStatistics {
    var statistics = ExtensibleStatistics()
    let length = try Int(reader.peek16(2))
    let padded = (length &+ 7) / 8 &* 8
    guard length >= 4, padded <= reader.remaining else { throw .badRequestBadLength }
    var body = try reader.part(length)
    try reader.skip(padded &- length)
    try body.skip(4)
    while !body.isAtEnd {
      let classNumber = try body.uint16()
      let number = try body.uint8() >> 1
      let byteCount = try Int(body.uint8())
      var entry = try body.part(byteCount)
      guard classNumber == basicClass else { continue }
      try statistics.set(number, &entry)
    }
    return statistics
  }

  private mutating func set(_ number: UInt8, _ entry: inout WireReader) throws(OpenFlowError) {
    switch number {
    case 0:
      durationSeconds = try entry.uint32()
      durationNanoseconds = try entry.uint32()
    case 1: idleSeconds = try entry.uint32()
    case 3: flowCount = try entry.uint32()
    case 4: packetCount = try entry.uint64()
    case 5: byteCount = try entry.uint64()
    default: break
    }
  }

  /// Writes duration, idle time, packets and bytes.
  func encodeFlow(to writer: inout WireWriter) {
    frame(&writer) { body in
      entry(0, 8, &body)
      body.uint32(durationSeconds)
      body.uint32(durationNanoseconds)
      entry(1, 8, &body)
      body.uint32(idleSeconds ?? 0)
      body.uint32(0)
      entry(4, 8, &body)
      body.uint64(packetCount)
      entry(5, 8, &body)
      body.uint64(byteCount)
    }
  }

  /// Writes packets, bytes and flows.
  func encodeSum(to writer: inout WireWriter) {
    frame(&writer) { body in
      entry(4, 8, &body)
      body.uint64(packetCount)
      entry(5, 8, &body)
      body.uint64(byteCount)
      entry(3, 4, &body)
      body.uint32(flowCount)
    }
  }

  private func entry(_ number: UInt8, _ byteCount: UInt8, _ writer: inout WireWriter) {
    writer.uint16(Self.basicClass)
    writer.uint8(number << 1)
    writer.uint8(byteCount)
  }

  private func frame(_ writer: inout WireWriter, _ body: (inout WireWriter) -> Void) {
    let start = writer.count
    writer.zeros(4)
    body(&writer)
    writer.patch16(UInt16(truncatingIfNeeded: writer.count &- start), at: start &+ 2)
    writer.pad(to: 8, since: start)
  }
}
