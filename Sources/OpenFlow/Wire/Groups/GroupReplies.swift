// Descriptions, statistics and features of groups on the wire (OpenFlow 1.5.1, sections 7.3.5.9 to 7.3.5.11).

extension GroupDescription {
  static func decode(
    _ reader: inout WireReader, _ version: OpenFlowVersion
  ) throws(OpenFlowError) -> GroupDescription {
    let headerByteCount = version.hasBucketIDs ? 16 : 8
    guard reader.remaining >= headerByteCount else { throw .badRequestBadLength }
    let length = try Int(reader.peek16(0))
    guard length >= headerByteCount else { throw .badRequestBadLength }
    var body = try reader.part(length)
    try body.skip(2)
    guard let type = GroupType(rawValue: try body.uint8()) else { throw .groupModFailedBadType }
    try body.skip(1)
    var description = GroupDescription(group: try body.uint32(), type: type, buckets: [])
    guard version.hasBucketIDs else {
      description.buckets = try GroupBucket.decodeList(&body, version, type: type)
      return description
    }
    let bucketByteCount = try Int(body.uint16())
    try body.skip(6)
    var list = try body.part(bucketByteCount)
    description.buckets = try GroupBucket.decodeList(&list, version, type: type)
    description.selection = try GroupSelection.decodeProperties(&body, type: type, isAllowed: true)
    return description
  }

  func encode(to writer: inout WireWriter, _ version: OpenFlowVersion) {
    let start = writer.count
    writer.uint16(0)
    writer.uint8(type.rawValue)
    writer.zeros(1)
    writer.uint32(group)
    let lengthPlace = writer.count
    if version.hasBucketIDs { writer.zeros(8) }
    let bucketStart = writer.count
    for bucket in buckets { bucket.encode(to: &writer, version, type: type) }
    if version.hasBucketIDs {
      writer.patch16(UInt16(truncatingIfNeeded: writer.count &- bucketStart), at: lengthPlace)
      if let selection { selection.encode(to: &writer, version) }
    }
    writer.patch16(UInt16(truncatingIfNeeded: writer.count &- start), at: start)
  }

  /// Whether a message can hold the description in every version, and the group's statistics.
  @export(interface)
  public var fitsMessage: Bool {
    for version in [OpenFlowVersion.v14, .v15] {
      var writer = WireWriter()
      encode(to: &writer, version)
      if writer.count > MultipartWriter.maximumBodyByteCount { return false }
    }
    return true
  }
}

extension GroupStatistics {
  static func decode(
    _ reader: inout WireReader, _ version: OpenFlowVersion
  ) throws(OpenFlowError) -> GroupStatistics {
    let headerByteCount = version.hasGroupDuration ? 48 : 40
    guard reader.remaining >= headerByteCount else { throw .badRequestBadLength }
    let length = try Int(reader.peek16(0))
    guard length >= headerByteCount else { throw .badRequestBadLength }
    var body = try reader.part(length)
    try body.skip(4)
    var statistics = GroupStatistics(group: try body.uint32(), references: try body.uint32())
    try body.skip(4)
    statistics.count = try PacketCount(&body)
    if version.hasGroupDuration {
      let seconds = try body.uint32()
      statistics.durationNanoseconds = try body.uint32()
      statistics.durationSeconds = seconds == .max ? nil : seconds
    }
    while body.remaining >= PacketCount.byteCount { statistics.buckets.append(try PacketCount(&body)) }
    return statistics
  }

  func encode(to writer: inout WireWriter, _ version: OpenFlowVersion) {
    let start = writer.count
    writer.uint16(0)
    writer.zeros(2)
    writer.uint32(group)
    writer.uint32(references)
    writer.zeros(4)
    count.encode(to: &writer)
    if version.hasGroupDuration {
      writer.uint32(durationSeconds ?? .max)
      writer.uint32(durationSeconds == nil ? .max : durationNanoseconds)
    }
    for bucket in buckets { bucket.encode(to: &writer) }
    writer.patch16(UInt16(truncatingIfNeeded: writer.count &- start), at: start)
  }
}

extension GroupFeatures {
  static func decode(_ reader: inout WireReader) throws(OpenFlowError) -> GroupFeatures {
    var features = GroupFeatures(
      types: try reader.uint32(), capabilities: Capabilities(rawValue: try reader.uint32()), limits: [],
      actions: [])
    for _ in GroupType.allCases { features.limits.append(try reader.uint32()) }
    for _ in GroupType.allCases { features.actions.append(try reader.uint32()) }
    return features
  }

  func encode(to writer: inout WireWriter) {
    writer.uint32(types)
    writer.uint32(capabilities.rawValue)
    for index in GroupType.allCases.indices { writer.uint32(index < limits.count ? limits[index] : 0) }
    for index in GroupType.allCases.indices { writer.uint32(index < actions.count ? actions[index] : 0) }
  }
}

/// A request of one controller, as the switch tells others of it (OpenFlow 1.4, section 7.4.6).
public struct RequestForward: Hashable, Sendable {
  /// The request, header included.
  public var message: [UInt8]

  /// Makes a message of a request in the version of the message's receiver.
  public init(message: [UInt8]) { self.message = message }

  static func decode(
    _ reader: inout WireReader, _ version: OpenFlowVersion
  ) throws(OpenFlowError) -> RequestForward {
    let rest = reader.rest()
    guard let inner = MessageHeader(rest), inner.length >= MessageHeader.byteCount, inner.length <= rest.count
    else { throw .bundleFailedMessageBadLength }
    guard inner.version == version.rawValue else { throw .badRequestBadVersion }
    let message = Array(rest.prefix(inner.length))
    var request = WireReader([])
    switch try MessageEnvelope.open(message, &request).row.kind {
    case .groupModification, .meterModification: return RequestForward(message: message)
    default: throw .bundleFailedMessageUnsupported
    }
  }

  func encode(to writer: inout WireWriter) { writer.append(message) }
}
