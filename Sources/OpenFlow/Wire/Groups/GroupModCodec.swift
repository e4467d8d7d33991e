// Changes to the group table on the wire (OpenFlow 1.5.1, section 7.3.4.2; Open vSwitch's extension of OpenFlow 1.0 has the
// form of OpenFlow 1.5).

extension GroupMod {
  /// Reads a change, and checks what can be wrong with it whatever groups there are.
  static func decode(_ reader: inout WireReader, _ version: OpenFlowVersion) throws(OpenFlowError) -> GroupMod
  {
    let number = try reader.uint16()
    let command = GroupCommand(number: number)
    let type = GroupType(rawValue: try reader.uint8())
    try reader.skip(1)
    let group = try reader.uint32()
    var change = GroupMod(command ?? .add, group: group, type: type ?? .all)
    if version.hasBucketIDs {
      try change.decodeWithIDs(&reader, version, command: command, type: type)
    } else {
      change.buckets = try GroupBucket.decodeList(&reader, version, type: type)
      if command == .delete, version >= .v13, !change.buckets.isEmpty { throw .groupModFailedInvalidGroup }
    }
    guard let type else { throw .groupModFailedBadType }
    if type == .indirect, command != .delete, change.buckets.count != 1 { throw .groupModFailedInvalidGroup }
    guard let command else { throw .groupModFailedBadCommand }
    if !version.hasBucketIDs, command == .insertBuckets || command == .removeBuckets {
      throw .groupModFailedBadCommand
    }
    if command == .removeBuckets, !change.buckets.isEmpty { throw .groupModFailedBadBucket }
    for bucket in change.buckets { try change.check(bucket) }
    return change
  }

  private mutating func decodeWithIDs(
    _ reader: inout WireReader, _ version: OpenFlowVersion, command: GroupCommand?, type: GroupType?
  ) throws(OpenFlowError) {
    let bucketByteCount = try Int(reader.uint16())
    try reader.skip(2)
    place = BucketID(rawValue: try reader.uint32())
    let isPlace =
      switch command {
      case .removeBuckets: place.isOne || place == .all
      case .insertBuckets: place.isOne
      default: place == .all
      }
    guard isPlace else { throw .groupModFailedBadBucket }
    var list = try reader.part(bucketByteCount)
    buckets = try GroupBucket.decodeList(&list, version, type: type)
    let makesGroup = command == .add || command == .modify || command == .addOrModify
    if !makesGroup, command == nil, !reader.isAtEnd { throw .groupModFailedBadCommand }
    selection = try GroupSelection.decodeProperties(&reader, type: type, isAllowed: makesGroup)
  }

  private func check(_ bucket: GroupBucket) throws(OpenFlowError) {
    if bucket.weight != 0, type != .select, command != .insertBuckets { throw .groupModFailedInvalidGroup }
    switch type {
    case .all, .indirect: if bucket.watches { throw .groupModFailedWatchUnsupported }
    case .select: break
    case .fastFailover: if !bucket.watches { throw .groupModFailedInvalidGroup }
    }
  }

  /// Writes the change.
  ///
  /// Commands on single buckets have no number in versions whose buckets have no identifiers.
  func encode(to writer: inout WireWriter, _ version: OpenFlowVersion) {
    writer.uint16(command.number)
    writer.uint8(type.rawValue)
    writer.zeros(1)
    writer.uint32(group)
    guard version.hasBucketIDs else {
      for bucket in buckets { bucket.encode(to: &writer, version, type: type) }
      return
    }
    let lengthPlace = writer.count
    writer.zeros(4)
    writer.uint32(place.rawValue)
    let start = writer.count
    for bucket in bucketsWithIDs { bucket.encode(to: &writer, version, type: type) }
    writer.patch16(UInt16(truncatingIfNeeded: writer.count &- start), at: lengthPlace)
    if let selection { selection.encode(to: &writer, version) }
  }

  /// Whether a version can say it.
  func isExpressible(in version: OpenFlowVersion) -> Bool {
    version.hasBucketIDs || (command != .insertBuckets && command != .removeBuckets)
  }

  /// The buckets, where those without an identifier have the lowest ones that no other has.
  private var bucketsWithIDs: [GroupBucket] {
    guard buckets.contains(where: { !$0.id.isBucket }) else { return buckets }
    let taken = Set(buckets.map { $0.id })
    var next: UInt32 = 0
    var named = buckets
    for index in named.indices where !named[index].id.isBucket {
      while taken.contains(BucketID(rawValue: next)) { next &+= 1 }
      named[index].id = BucketID(rawValue: next)
      next &+= 1
    }
    return named
  }
}
