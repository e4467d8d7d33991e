import Datapath
import OpenFlow

/// A group of a bridge, as it is until it is changed: then another takes its place.
final class Group {
  /// Its number.
  let number: UInt32
  /// Which of its buckets a packet takes.
  let type: GroupType
  /// Its buckets, in order.
  let buckets: [GroupBucket]
  /// How its maker wants a bucket selected; nil if that was left to the switch.
  let selection: GroupSelection?
  /// How a bucket is selected.
  let choice: BucketChoice
  /// When it was made, whatever changed since.
  let createdMilliseconds: Int64
  /// The packets that it handled since it last changed.
  private(set) var count = PacketCount()
  /// The packets that each of its buckets handled since.
  private(set) var bucketCounts: [PacketCount]

  init(
    number: UInt32, type: GroupType, buckets: [GroupBucket], selection: GroupSelection?, created: Int64
  ) {
    self.number = number
    self.type = type
    self.buckets = buckets
    self.selection = selection
    choice = BucketChoice(type, buckets, selection)
    createdMilliseconds = created
    bucketCounts = Array(repeating: PacketCount(), count: buckets.count)
  }

  /// What is said of it to controllers.
  var description: GroupDescription {
    GroupDescription(group: number, type: type, buckets: buckets, selection: selection)
  }

  /// Counts packets for one of its buckets or, for nil, for each of them.
  func credit(bucket: Int?, packets: UInt64, bytes: UInt64) {
    count.add(packets: packets, bytes: bytes)
    if let bucket {
      bucketCounts[bucket].add(packets: packets, bytes: bytes)
    } else {
      for index in bucketCounts.indices { bucketCounts[index].add(packets: packets, bytes: bytes) }
    }
  }
}
