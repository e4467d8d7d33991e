import OpenFlow

extension FlowTables {
  /// Carries a change to the group table out; answers what it did, flows that went with a group included, or throws and has
  /// done nothing.
  func apply(_ change: GroupMod, now: Int64) throws(OpenFlowError) -> [FlowEffect] {
    switch change.command {
    case .add:
      guard groups[change.group] == nil else { throw .groupModFailedGroupExists }
      return try set(change, change.buckets, now: now)
    case .modify:
      guard groups[change.group] != nil else { throw .groupModFailedUnknownGroup }
      return try set(change, change.buckets, now: now)
    case .addOrModify: return try set(change, change.buckets, now: now)
    case .delete: return deleteGroups(change.group)
    case .insertBuckets, .removeBuckets:
      guard let group = groups[change.group] else { throw .groupModFailedUnknownGroup }
      var whole = change
      whole.type = group.type
      whole.selection = group.selection
      let buckets =
        change.command == .insertBuckets
        ? try Self.inserting(change.buckets, at: change.place, into: group.buckets)
        : try Self.removing(change.place, from: group.buckets)
      if group.type == .indirect, buckets.count != 1 { throw .groupModFailedInvalidGroup }
      return try set(whole, buckets, now: now)
    }
  }

  private func set(
    _ change: GroupMod, _ buckets: [GroupBucket], now: Int64
  ) throws(OpenFlowError) -> [FlowEffect] {
    guard change.group <= GroupNumber.maximum else { throw .groupModFailedInvalidGroup }
    let old = groups[change.group]
    let new = Group(
      number: change.group, type: change.type, buckets: buckets, selection: change.selection,
      created: old?.createdMilliseconds ?? now)
    try groups.check(new, replacing: old)
    replaceGroup(old, by: new)
    return [.group(old: old, new: new)]
  }

  /// Deletes a group, or all of them, and the flows that use it; one that is not there is gone already.
  private func deleteGroups(_ number: UInt32) -> [FlowEffect] {
    let gone = number == GroupNumber.all ? groups.inOrder : groups[number].map { [$0] } ?? []
    var effects: [FlowEffect] = []
    for group in gone {
      for rule in users(ofGroup: group.number) {
        remove(rule)
        effects.append(.removed(rule, .groupDelete))
      }
      replaceGroup(group, by: nil)
      effects.append(.group(old: group, new: nil))
    }
    return effects
  }

  private static func inserting(
    _ new: [GroupBucket], at place: BucketID, into old: [GroupBucket]
  ) throws(OpenFlowError) -> [GroupBucket] {
    var index = place == .first ? 0 : old.count
    if place.isBucket {
      guard let found = old.firstIndex(where: { $0.id == place }) else { throw .groupModFailedUnknownBucket }
      index = found + 1
    }
    let known = Set(old.map { $0.id })
    guard !new.contains(where: { known.contains($0.id) }) else { throw .groupModFailedBucketExists }
    var buckets = old
    buckets.insert(contentsOf: new, at: index)
    return buckets
  }

  private static func removing(
    _ place: BucketID, from old: [GroupBucket]
  ) throws(OpenFlowError) -> [GroupBucket] {
    switch place {
    case .all: return []
    case .first: return Array(old.dropFirst())
    case .last: return Array(old.dropLast())
    default:
      guard old.contains(where: { $0.id == place }) else { throw .groupModFailedUnknownBucket }
      return old.filter { $0.id != place }
    }
  }
}
