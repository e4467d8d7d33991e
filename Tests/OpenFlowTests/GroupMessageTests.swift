import Datapath
import TestSupport
import Testing

@testable import OpenFlow

@Suite struct GroupMessageTests {
  /// Groups that every version can say.
  static let plain = [
    "group_id=1,type=all,bucket=output:1,bucket=output:2",
    "group_id=4294967040,type=all",
    "group_id=7,type=indirect,bucket=push_vlan:0x8100,set_field:4097->vlan_vid,group:3",
    "group_id=2,type=select,bucket=weight:65535,output:1,bucket=weight:0,watch_port:3,output:2",
    "group_id=3,type=ff,bucket=watch_port:1,output:1,bucket=watch_group=2,output:2",
    "group_id=3,type=ff,bucket=watch_port:CONTROLLER,CONTROLLER:65535",
  ]
  /// Groups with identifiers of buckets or a way to select.
  static let extended = [
    "group_id=1,type=all,bucket=bucket_id:3,output:1,bucket=output:2,bucket=bucket_id:0,output:3",
    "group_id=1,type=select,selection_method=dp_hash,selection_method_param=7,bucket=output:1",
    "group_id=1,type=select,selection_method=hash,fields(ip_dst=255.255.0.0,tcp_dst),bucket=output:1",
    "group_id=1,type=select,selection_method=hash,selection_method_param=18446744073709551615,fields=eth_src,bucket=drop",
  ]

  private static func reads(_ change: GroupMod, _ version: OpenFlowVersion) throws -> GroupMod? {
    let bytes = Message.groupModification(change).encode(WireProtocol(version), xid: 1)
    guard case .groupModification(let read) = try Message.decode(bytes).message else { return nil }
    return read
  }

  /// The change with the identifiers that buckets get on the wire.
  private static func named(_ change: GroupMod) -> GroupMod {
    var named = change
    var next: UInt32 = 0
    let taken = Set(change.buckets.map { $0.id })
    for index in named.buckets.indices where !named.buckets[index].id.isBucket {
      while taken.contains(BucketID(rawValue: next)) { next += 1 }
      named.buckets[index].id = BucketID(rawValue: next)
      next += 1
    }
    return named
  }

  @Test func `What is read from text is written and read in every version that can say it`() throws {
    for text in Self.plain + Self.extended {
      let change = try FlowParser().group(text, .add).change
      for version in OpenFlowVersion.allCases where version.hasBucketIDs || Self.plain.contains(text) {
        // Setting VLANs by field is newer than OpenFlow 1.1, and a load before.
        if version < .v12, text.contains("vlan_vid") { continue }
        #expect(try Self.reads(change, version) == Self.named(change), "\(version) \(text)")
      }
    }
  }

  @Test func `Commands on single buckets travel where buckets have identifiers, and nowhere else`() throws {
    let insert = try FlowParser().group(
      "group_id=5,command_bucket_id=7,bucket=bucket_id:9,weight:3,output:1", .insertBuckets)
    let remove = try FlowParser().group("group_id=5,command_bucket_id=first", .removeBuckets)
    #expect(insert.formats == [.openFlow10Standard, .nxmAny, .openFlow15Up])
    for change in [insert.change, remove.change] {
      for version in OpenFlowVersion.allCases {
        if version.hasBucketIDs {
          #expect(try Self.reads(change, version) == change)
        } else {
          #expect(Message.groupModification(change).encode(WireProtocol(version), xid: 1).isEmpty)
        }
      }
    }
  }

  @Test func `Replies about groups are written and read in every version`() throws {
    for version in OpenFlowVersion.allCases {
      let form = WireProtocol(version)
      var descriptions: [GroupDescription] = []
      for text in Self.plain where !text.contains("vlan_vid") {
        let change = Self.named(try FlowParser().group(text, .add).change)
        descriptions.append(
          GroupDescription(group: change.group, type: change.type, buckets: change.buckets))
      }
      let described = try Message.decode(
        Message.groupDescriptionReply(descriptions, more: false).encode(form, xid: 1)
      ).message
      guard case .groupDescriptionReply(let read, more: false) = described else {
        Issue.record("no description in \(version)")
        continue
      }
      #expect(read == descriptions)
      var counted = GroupStatistics(
        group: 9, references: 4, count: .init(packets: 5, bytes: 600),
        buckets: [.init(packets: 1, bytes: 2), .init(packets: .max, bytes: .max)])
      if version.hasGroupDuration { counted.durationSeconds = 18 }
      guard
        case .groupStatisticsReply(let statistics, more: false) = try Message.decode(
          Message.groupStatisticsReply([counted, counted], more: false).encode(form, xid: 1)
        ).message
      else {
        Issue.record("no statistics in \(version)")
        continue
      }
      #expect(statistics == [counted, counted])
      let features = GroupFeatures(capabilities: .chaining, limit: 7, in: version)
      guard
        case .groupFeaturesReply(let said) = try Message.decode(
          Message.groupFeaturesReply(features).encode(form, xid: 1)
        ).message
      else {
        Issue.record("no features in \(version)")
        continue
      }
      #expect(said == features)
    }
  }

  @Test func `A cut message is an error or a shorter message, and never a trap`() throws {
    for text in Self.plain + Self.extended {
      let change = try FlowParser().group(text, .add).change
      for version in [OpenFlowVersion.v10, .v11, .v13, .v15] {
        let whole = Message.groupModification(change).encode(WireProtocol(version), xid: 1)
        for count in 8..<max(8, whole.count) {
          var cut = Array(whole.prefix(count))
          cut[2] = UInt8(count >> 8)
          cut[3] = UInt8(count & 0xff)
          _ = MessagePrinter().text(cut)
        }
      }
    }
  }

  @Test(arguments: [
    ("group_id=1,type=all,bucket=weight:2,output:1", "Only select groups can have bucket weights."),
    ("group_id=1,type=ff,bucket=output:1", "fast failover bucket requires watch_port or watch_group"),
    ("group_id=1,type=indirect,bucket=drop,bucket=drop", "Indirect groups can have at most one bucket."),
    ("group_id=4294967041,type=all", "invalid group id 4294967041"),
    ("type=all", "must specify a group_id"), ("group_id=1", "must specify a type"),
    ("group_id=1,type=all,bucket=weight:65536,drop", "invalid weight \"65536\""),
    (
      "group_id=1,type=select,selection_method=dp_hash,fields=ip_dst,bucket=drop",
      "fields may only be specified with \"selection_method=hash\""
    ),
    ("group_id=1,type=all,command_bucket_id=3,bucket=drop", "command bucket id is not needed"),
  ])
  func `Text that makes no group says why`(text: String, message: String) {
    let error = #expect(throws: FlowTextError.self) { try FlowParser().group(text, .add) }
    #expect(error?.message == message)
  }

  /// Changes that are wrong whatever groups there are.
  @Test func `What is wrong with a group is refused on the wire`() throws {
    let output = [Action.output(OpenFlowPortNumber(1))]
    let bucket = GroupBucket(id: BucketID(rawValue: 0), actions: output)
    var weighed = bucket
    weighed.weight = 5
    var watching = bucket
    watching.watchPort = OpenFlowPortNumber(1)
    var lastID = bucket
    lastID.id = .last
    var hashed = GroupMod(.add, group: 1, type: .all, buckets: [bucket])
    hashed.selection = GroupSelection(method: .datapathHash)
    var unknown = GroupMod(.add, group: 1, type: .select, buckets: [bucket])
    unknown.selection = GroupSelection(method: .other("dice"))
    let cases: [(GroupMod, OpenFlowError)] = [
      (GroupMod(.add, group: 1, type: .indirect), .groupModFailedInvalidGroup),
      (GroupMod(.add, group: 1, type: .all, buckets: [weighed]), .groupModFailedInvalidGroup),
      (GroupMod(.add, group: 1, type: .all, buckets: [watching]), .groupModFailedWatchUnsupported),
      (GroupMod(.add, group: 1, type: .fastFailover, buckets: [bucket]), .groupModFailedInvalidGroup),
      (GroupMod(.add, group: 1, type: .all, buckets: [bucket, bucket]), .groupModFailedBadBucket),
      (GroupMod(.add, group: 1, type: .all, place: .first), .groupModFailedBadBucket),
      (GroupMod(.insertBuckets, group: 1, place: .all), .groupModFailedBadBucket),
      (GroupMod(.removeBuckets, group: 1, buckets: [bucket], place: .first), .groupModFailedBadBucket),
      (hashed, .badPropertyBadValue), (unknown, .badPropertyBadValue),
    ]
    for (change, expected) in cases {
      let error = #expect(throws: OpenFlowError.self) { try Self.reads(change, .v15) }
      #expect(error == expected, "\(change)")
    }
    var bytes = Message.groupModification(GroupMod(.add, group: 1)).encode(WireProtocol(.v13), xid: 1)
    bytes[10] = 4
    #expect(throws: OpenFlowError.groupModFailedBadType) { try Message.decode(bytes) }
    bytes[10] = 0
    bytes[9] = 3
    #expect(throws: OpenFlowError.groupModFailedBadCommand) { try Message.decode(bytes) }
  }

  @Test func `Groups are printed as they are written`() throws {
    for text in Self.extended where !text.contains("bucket_id") {
      let change = try FlowParser().group(text, .add).change
      let printed = MessagePrinter().text(
        Message.groupModification(change).encode(WireProtocol(.v15), xid: 1))
      let start = try #require(printed.firstRange(of: "group_id"))
      #expect(try FlowParser().group(String(printed[start.lowerBound...]), .add).change == Self.named(change))
    }
  }
}
