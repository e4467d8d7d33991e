import OpenFlow

/// The groups of a bridge.
///
/// It does not know which groups send to which: a bucket may name a group that is not there, or its own. Translation bounds what
/// comes of that.
struct GroupTable {
  /// How many groups a bridge takes.
  static var groupLimit: Int { 1 << 20 }
  /// How many buckets its groups may have together.
  static var bucketLimit: Int { 1 << 22 }

  private var groups: [UInt32: Group] = [:]
  /// How many buckets there are.
  private var bucketCount = 0
  /// How many buckets watch each port.
  private var watchers: [OpenFlowPortNumber: Int] = [:]

  /// The group with a number; nil if there is none.
  subscript(_ number: UInt32) -> Group? { groups[number] }

  /// All groups, by number.
  var inOrder: [Group] { groups.values.sorted { $0.number < $1.number } }

  /// How many groups there are.
  var count: Int { groups.count }

  /// Whether whoever watches a port's liveness has to be told of it.
  func watches(_ port: OpenFlowPortNumber) -> Bool { watchers[port] != nil }

  /// Whether the table has room for a group in place of another, if there is one.
  func check(_ new: Group, replacing old: Group?) throws(OpenFlowError) {
    guard old != nil || groups.count < Self.groupLimit else { throw .groupModFailedOutOfGroups }
    let others = bucketCount - (old?.buckets.count ?? 0)
    guard others + new.buckets.count <= Self.bucketLimit, new.description.fitsMessage else {
      throw .groupModFailedOutOfBuckets
    }
  }

  /// Puts a group in the place of another; either may be nil.
  mutating func replace(_ old: Group?, by new: Group?) {
    if let old {
      groups[old.number] = nil
      note(old, -1)
    }
    if let new {
      groups[new.number] = new
      note(new, 1)
    }
  }

  private mutating func note(_ group: Group, _ sign: Int) {
    bucketCount += sign * group.buckets.count
    for bucket in group.buckets where bucket.watchPort != .none {
      let count = watchers[bucket.watchPort, default: 0] + sign
      watchers[bucket.watchPort] = count > 0 ? count : nil
    }
  }
}
