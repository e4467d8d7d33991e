import Datapath

extension PacketIn {
  /// Reads `OFPT_PACKET_IN`.
  static func decode(_ reader: inout WireReader, _ version: OpenFlowVersion) throws(OpenFlowError) -> PacketIn
  {
    var packetIn = PacketIn()
    packetIn.buffer = try reader.uint32()
    switch version {
    case .v10:
      packetIn.totalByteCount = try Int(reader.uint16())
      packetIn.setPort(try OpenFlowPortNumber(openFlow10: reader.uint16()))
      try packetIn.setReason(reader.uint8())
      try reader.skip(1)
    case .v11:
      packetIn.setPort(try OpenFlowPortNumber(openFlow11: reader.uint32()))
      try reader.skip(4)
      packetIn.totalByteCount = try Int(reader.uint16())
      try packetIn.setReason(reader.uint8())
      packetIn.table = try reader.uint8()
    default:
      packetIn.totalByteCount = try Int(reader.uint16())
      try packetIn.setReason(reader.uint8())
      packetIn.table = try reader.uint8()
      if version >= .v13 { packetIn.cookie = try reader.uint64() }
      packetIn.metadata = try Match.decode(&reader, version, isStrict: false)
      try reader.skip(2)
    }
    packetIn.packet = reader.rest()
    return packetIn
  }

  /// Reads `NXT_PACKET_IN`.
  static func decodeNicira(_ reader: inout WireReader) throws(OpenFlowError) -> PacketIn {
    var packetIn = PacketIn()
    packetIn.buffer = try reader.uint32()
    packetIn.totalByteCount = try Int(reader.uint16())
    try packetIn.setReason(reader.uint8())
    packetIn.table = try reader.uint8()
    packetIn.cookie = try reader.uint64()
    let matchByteCount = try Int(reader.uint16())
    try reader.skip(6)
    var cookie: MatchCookie?
    packetIn.metadata = try Match.decodeNicira(
      &reader, byteCount: matchByteCount, isStrict: false, cookie: &cookie)
    try reader.skip(2)
    packetIn.packet = reader.rest()
    return packetIn
  }

  /// Reads `NXT_PACKET_IN2`, and `NXT_RESUME` that sends one back.
  static func decodeProperties(_ reader: inout WireReader) throws(OpenFlowError) -> PacketIn {
    var packetIn = PacketIn()
    var total: Int?
    while !reader.isAtEnd {
      var property = try Property.next(&reader)
      switch property.type {
      case 0: packetIn.packet = property.body.rest()
      case 1: total = try Int(property.body.uint32())
      case 2: packetIn.buffer = try property.body.uint32()
      case 3: packetIn.table = try property.body.uint8()
      case 4:
        try property.body.skip(4)
        packetIn.cookie = try property.body.uint64()
      case 5: try packetIn.setReason(property.body.uint8())
      case 6:
        var cookie: MatchCookie?
        packetIn.metadata = try Match.decodeExtensible(&property.body, isStrict: false, cookie: &cookie)
      case 7: packetIn.userData = property.body.rest()
      case 8: packetIn.continuation = property.body.rest()
      default: continue
      }
    }
    packetIn.totalByteCount = max(total ?? 0, packetIn.packet.count)
    return packetIn
  }

  private mutating func setPort(_ port: OpenFlowPortNumber) {
    metadata.set(.inPortOXM, FieldValue(port.rawValue))
  }

  private mutating func setReason(_ number: UInt8) throws(OpenFlowError) {
    guard let reason = PacketInReason(number: number) else { throw .niciraBadRequestBadReason }
    self.reason = reason
  }

  /// Writes `OFPT_PACKET_IN`.
  ///
  /// A packet too long for a message is cut.
  func encode(to writer: inout WireWriter, _ version: OpenFlowVersion) {
    let total = UInt16(truncatingIfNeeded: min(totalByteCount, Int(UInt16.max)))
    writer.uint32(buffer)
    switch version {
    case .v10:
      writer.uint16(total)
      writer.uint16(inPort.openFlow10)
      writer.uint8(reason.number(version))
      writer.uint8(0)
    case .v11:
      writer.uint32(inPort.rawValue)
      writer.uint32(inPort.rawValue)
      writer.uint16(total)
      writer.uint8(reason.number(version))
      writer.uint8(table)
    default:
      writer.uint16(total)
      writer.uint8(reason.number(version))
      writer.uint8(table)
      if version >= .v13 { writer.uint64(cookie) }
      metadata.encode(to: &writer, version)
      writer.zeros(2)
    }
    writer.append(packet.prefix(Int(UInt16.max) &- writer.count))
  }

  /// Writes `NXT_PACKET_IN`.
  func encodeNicira(to writer: inout WireWriter, _ version: OpenFlowVersion) {
    writer.uint32(buffer)
    writer.uint16(UInt16(truncatingIfNeeded: min(totalByteCount, Int(UInt16.max))))
    writer.uint8(reason.number(version))
    writer.uint8(table)
    writer.uint64(cookie)
    let matchLength = writer.count
    writer.uint16(0)
    writer.zeros(6)
    let byteCount = metadata.encodeNicira(to: &writer)
    writer.patch16(UInt16(truncatingIfNeeded: byteCount), at: matchLength)
    writer.zeros(2)
    writer.append(packet.prefix(Int(UInt16.max) &- writer.count))
  }

  /// Writes `NXT_PACKET_IN2`.
  func encodeProperties(to writer: inout WireWriter, _ version: OpenFlowVersion) {
    // Room for the other properties, of which user data and continuation are bounded by the messages they came in.
    let room = max(0, Int(UInt16.max) &- 1024 &- userData.count &- continuation.count)
    let sent = packet.prefix(room)
    writer.property(0, bytes: Array(sent))
    if totalByteCount > sent.count { writer.property(1, UInt32(truncatingIfNeeded: totalByteCount)) }
    if buffer != .max { writer.property(2, buffer) }
    writer.property(3, table)
    if cookie != .max { writer.property(4, cookie) }
    writer.property(5, reason.number(version))
    var fields = WireWriter()
    metadata.encodeExtensible(to: &fields, version)
    writer.property(6, bytes: fields.bytes)
    if !userData.isEmpty { writer.property(7, bytes: userData) }
    if !continuation.isEmpty { writer.property(8, bytes: continuation) }
  }
}
