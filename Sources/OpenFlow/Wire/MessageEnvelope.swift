/// What surrounds a message's body: header, experimenter's header, multipart header.
struct MessageEnvelope {
  let version: OpenFlowVersion
  let xid: UInt32
  let row: MessageRow
  /// Whether more parts of the same answer follow.
  let hasMore: Bool

  /// Multipart type of experimenters' messages.
  static var experimenterMultipart: UInt16 { 0xffff }
  /// Message type of experimenters' messages.
  static var experimenterMessage: UInt8 { 4 }

  static func multipartTypes(_ version: OpenFlowVersion) -> (request: UInt8, reply: UInt8) {
    version == .v10 ? (16, 17) : (18, 19)
  }

  /// Reads everything up to the body, at which `reader` stands afterwards.
  static func open(_ bytes: [UInt8], _ reader: inout WireReader) throws(OpenFlowError) -> MessageEnvelope {
    guard let header = MessageHeader(bytes), header.length == bytes.count else { throw .badRequestBadLength }
    guard let version = OpenFlowVersion(rawValue: header.version) else { throw .badRequestBadVersion }
    reader = WireReader(bytes, from: MessageHeader.byteCount)
    let multipart = multipartTypes(version)
    var hasMore = false
    let row: MessageRow?
    switch header.type {
    case experimenterMessage:
      row = try openExperimenter(&reader, .message, version)
    case multipart.request, multipart.reply:
      let place: MessageRow.Place = header.type == multipart.request ? .multipartRequest : .multipartReply
      let type = try reader.uint16()
      hasMore = try reader.uint16() & 1 != 0
      if version != .v10 { try reader.skip(4) }
      if type == experimenterMultipart {
        row = try openExperimenter(&reader, place, version)
        if version == .v10 { try reader.skip(4) }
      } else {
        row = MessageRow.find(.standard, place, UInt32(type), version)
        if row == nil { throw .badRequestBadStatistics }
      }
    default:
      row = MessageRow.find(.standard, .message, UInt32(header.type), version)
    }
    guard let row else { throw .badRequestBadType }
    return MessageEnvelope(version: version, xid: header.xid, row: row, hasMore: hasMore)
  }

  private static func openExperimenter(
    _ reader: inout WireReader, _ place: MessageRow.Place, _ version: OpenFlowVersion
  ) throws(OpenFlowError) -> MessageRow {
    let vendor = try reader.uint32()
    let number = try reader.uint32()
    let dialect: MessageDialect
    switch vendor {
    case ErrorVendor.nicira.rawValue: dialect = .nicira
    case ErrorVendor.onf.rawValue: dialect = .onf
    default: throw .badRequestBadExperimenter
    }
    guard let row = MessageRow.find(dialect, place, number, version) else {
      throw .badRequestBadExperimenterType
    }
    return row
  }

  /// Writes everything up to the body; returns where the message began.
  func begin(_ writer: inout WireWriter) -> Int {
    let multipart = Self.multipartTypes(version)
    let start: Int
    switch row.place {
    case .message:
      guard row.dialect != .standard else {
        return writer.beginMessage(version, type: UInt8(truncatingIfNeeded: row.number), xid: xid)
      }
      start = writer.beginMessage(version, type: Self.experimenterMessage, xid: xid)
      writer.uint32(row.dialect.vendor)
      writer.uint32(row.number)
    case .multipartRequest, .multipartReply:
      let type = row.place == .multipartRequest ? multipart.request : multipart.reply
      start = writer.beginMessage(version, type: type, xid: xid)
      let isStandard = row.dialect == .standard
      writer.uint16(isStandard ? UInt16(truncatingIfNeeded: row.number) : Self.experimenterMultipart)
      writer.uint16(hasMore ? 1 : 0)
      if version != .v10 { writer.zeros(4) }
      guard !isStandard else { return start }
      writer.uint32(row.dialect.vendor)
      writer.uint32(row.number)
      if version == .v10 { writer.zeros(4) }
    }
    return start
  }
}

extension Message {
  /// Whether more parts of the same multipart answer follow this message.
  public static func hasMore(_ bytes: [UInt8]) -> Bool {
    var reader = WireReader([])
    guard let envelope = try? MessageEnvelope.open(bytes, &reader) else { return false }
    return envelope.hasMore
  }
}
