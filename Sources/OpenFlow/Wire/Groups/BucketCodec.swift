// Buckets on the wire: with fixed fields in OpenFlow 1.1 to 1.4, with identifiers and properties in OpenFlow 1.5 (section 7.3.4.2)
// and in Open vSwitch's extension of OpenFlow 1.0.

extension GroupBucket {
  /// What stands before the actions, in bytes.
  private static func headerByteCount(_ version: OpenFlowVersion) -> Int { version.hasBucketIDs ? 8 : 16 }

  /// Reads buckets up to the reader's end.
  static func decodeList(
    _ reader: inout WireReader, _ version: OpenFlowVersion, type: GroupType?
  ) throws(OpenFlowError) -> [GroupBucket] {
    var buckets: [GroupBucket] = []
    var known: Set<BucketID> = []
    while !reader.isAtEnd {
      guard reader.remaining >= headerByteCount(version) else { throw .groupModFailedBadBucket }
      let length = try Int(reader.peek16(0))
      guard length >= headerByteCount(version), length <= reader.remaining else {
        throw .groupModFailedBadBucket
      }
      var body = try reader.part(length, error: .groupModFailedBadBucket)
      try body.skip(2)
      if version.hasBucketIDs {
        buckets.append(try decodeWithID(&body, version, type: type))
      } else {
        var bucket = try decodeFixed(&body, version)
        // Where buckets have no identifiers, they are counted.
        bucket.id = BucketID(rawValue: UInt32(truncatingIfNeeded: buckets.count))
        buckets.append(bucket)
      }
    }
    for bucket in buckets where !known.insert(bucket.id).inserted { throw .groupModFailedBadBucket }
    return buckets
  }

  private static func watchPort(_ number: UInt32) throws(OpenFlowError) -> OpenFlowPortNumber {
    guard let port = try? OpenFlowPortNumber(openFlow11: number) else { throw .groupModFailedBadWatch }
    return port
  }

  private static func decodeFixed(
    _ body: inout WireReader, _ version: OpenFlowVersion
  ) throws(OpenFlowError) -> GroupBucket {
    var bucket = GroupBucket(weight: try body.uint16())
    let port = try body.uint32()
    bucket.watchGroup = try body.uint32()
    try body.skip(4)
    bucket.actions = try ActionReader(version).actions(&body)
    bucket.watchPort = try watchPort(port)
    return bucket
  }

  private static func decodeWithID(
    _ body: inout WireReader, _ version: OpenFlowVersion, type: GroupType?
  ) throws(OpenFlowError) -> GroupBucket {
    let actionByteCount = try Int(body.uint16())
    var bucket = GroupBucket(
      id: BucketID(rawValue: try body.uint32()), weight: defaultWeight(type))
    guard actionByteCount <= body.remaining else { throw .groupModFailedBadBucket }
    var actions = try body.part(actionByteCount)
    bucket.actions = try ActionReader(version).actions(&actions)
    var port = OpenFlowPortNumber.none.rawValue
    while !body.isAtEnd {
      var property = try Property.next(&body)
      switch property.type {
      case GroupProperty.weight: bucket.weight = try property.body.uint16()
      case GroupProperty.watchPort:
        port = try property.body.uint32()
        try property.body.requireEnd()
      case GroupProperty.watchGroup:
        bucket.watchGroup = try property.body.uint32()
        try property.body.requireEnd()
      default: throw try property.unknownError()
      }
    }
    bucket.watchPort = try watchPort(port)
    guard bucket.id.isBucket else { throw .groupModFailedBadBucket }
    return bucket
  }

  /// Writes the bucket of a group of a type.
  func encode(to writer: inout WireWriter, _ version: OpenFlowVersion, type: GroupType) {
    let start = writer.count
    writer.uint16(0)
    var actionWriter = ActionWriter(version)
    if version.hasBucketIDs {
      writer.uint16(0)
      writer.uint32(id.rawValue)
      actionWriter.list(actions, to: &writer)
      let actionByteCount = writer.count &- start &- Self.headerByteCount(version)
      writer.patch16(UInt16(truncatingIfNeeded: actionByteCount), at: start &+ 2)
      if type == .select || weight != 0 { writer.property(GroupProperty.weight, weight) }
      if watchPort != .none { writer.property(GroupProperty.watchPort, watchPort.rawValue) }
      if watchGroup != GroupNumber.any { writer.property(GroupProperty.watchGroup, watchGroup) }
    } else {
      writer.uint16(weight)
      writer.uint32(watchPort.rawValue)
      writer.uint32(watchGroup)
      writer.zeros(4)
      actionWriter.list(actions, to: &writer)
    }
    writer.patch16(UInt16(truncatingIfNeeded: writer.count &- start), at: start)
  }
}

extension Property {
  /// The error for a property that nothing is known of, where none may be skipped.
  func unknownError() throws(OpenFlowError) -> OpenFlowError {
    guard isExperimenter else { return .badPropertyBadType }
    var identifiers = body
    guard try identifiers.uint32() != 0 else { return .badPropertyBadExperimenter }
    _ = try identifiers.uint32()
    return .badPropertyBadExperimenterType
  }
}
