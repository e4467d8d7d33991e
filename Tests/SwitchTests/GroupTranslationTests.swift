import Datapath
import OpenFlow
import PacketWire
import TestSupport
import Testing

@testable import Switch

@Suite struct GroupTranslationTests {
  /// A bridge with ports 1 to 9.
  static func course() -> Course {
    let course = Course()
    for number in 1...9 {
      course.add(course.inner, "p\(number)", OpenFlowPortNumber(UInt32(number)), UInt32(number))
    }
    return course
  }

  static func put(_ text: String, _ course: Course, _ command: GroupCommand = .add) throws {
    // On the wire, buckets get their identifiers.
    let message = Message.groupModification(try FlowParser().group(text, command).change)
    let received = try Message.decode(message.encode(WireProtocol(.v15), xid: 1))
    guard case .groupModification(let change) = received.message else { return }
    _ = try course.inner.tables.apply(change, now: 0)
  }

  static func run(_ course: Course, _ group: UInt32, _ key: FlowKey = tcpKey(inPort: 9)) -> Translation {
    course.translate(course.inner, key, actions: [.group(group)])
  }

  /// Keys that differ in what connections differ in.
  static func connection(_ chance: inout SplitMix64) -> FlowKey {
    var key = tcpKey(inPort: 9)
    key.ipv4Source = IPv4Address(UInt32(truncatingIfNeeded: chance.next()))
    key.ipv4Destination = IPv4Address(UInt32(truncatingIfNeeded: chance.next()))
    key.transportSource = UInt16(truncatingIfNeeded: chance.next())
    key.transportDestination = UInt16(truncatingIfNeeded: chance.next())
    return key
  }

  @Test func `All buckets run, each on its own copy`() throws {
    let course = Self.course()
    try Self.put(
      "group_id=1,type=all,bucket=mod_nw_src:1.1.1.1,output:1,bucket=output:2,bucket=mod_nw_dst:2.2.2.2,output:3",
      course)
    let result = Self.run(course, 1)
    #expect(ports(result.actions) == [1, 2, 3])
    // The second bucket sees neither the first's change nor its own.
    let sets = result.actions.filter { if case .set = $0 { true } else { false } }
    #expect(sets.count == 3)
    #expect(result.finalKey.ipv4Source == IPv4Address(10, 0, 0, 1))
    #expect(result.finalKey.ipv4Destination == IPv4Address(10, 0, 0, 2))
  }

  @Test func `What follows a group has the packet as it was, and a stack that its buckets left`() throws {
    let course = Self.course()
    let mark = Subfield(.register0)
    try course.rule(
      course.inner, table: 5, [],
      [
        .setField(SetFieldAction(.register1, value: 7, mask: 0xffff_ffff, isLoad: true)),
        .stackPush(Subfield(.register1)),
      ])
    try Self.put("group_id=1,type=indirect,bucket=mod_nw_src:1.1.1.1,resubmit(,5)", course)
    let result = course.translate(
      course.inner, tcpKey(inPort: 9),
      actions: [.group(1), .stackPop(mark), .outputField(mark, maximumByteCount: 0)])
    #expect(ports(result.actions) == [7])
    #expect(result.finalKey.ipv4Source == IPv4Address(10, 0, 0, 1))
  }

  @Test func `An exit ends its bucket alone`() throws {
    let course = Self.course()
    try course.rule(course.inner, table: 6, [], [.output(OpenFlowPortNumber(1)), .exit])
    try Self.put("group_id=1,type=all,bucket=resubmit(,6),bucket=output:2", course)
    let result = course.translate(
      course.inner, tcpKey(inPort: 9), actions: [.group(1), .output(OpenFlowPortNumber(3))])
    #expect(ports(result.actions) == [1, 2, 3])
  }

  @Test func `The action set's group is run in place of its output`() throws {
    let course = Self.course()
    try Self.put("group_id=1,type=all,bucket=output:1", course)
    try course.rule(
      course.inner, [], [.writeActions([.output(OpenFlowPortNumber(5)), .group(1)])])
    #expect(ports(course.translate(course.inner, tcpKey(inPort: 9)).actions) == [1])
  }

  @Test func `Fast failover takes the first live bucket, by ports and by groups`() throws {
    let course = Self.course()
    try Self.put("group_id=2,type=ff,bucket=watch_port:2,output:2", course)
    try Self.put(
      "group_id=1,type=ff,bucket=watch_port:1,output:1,bucket=watch_group:2,group:2,bucket=watch_port:3,output:3",
      course)
    #expect(ports(Self.run(course, 1).actions) == [1])
    let generation = course.datapath.changes.count
    course.inner.interface(OpenFlowPortNumber(1))?.hasCarrier = false
    #expect(course.datapath.changes.count != generation, "a watched port makes translations old")
    #expect(ports(Self.run(course, 1).actions) == [2])
    course.inner.interface(OpenFlowPortNumber(2))?.configuration.insert(.portDown)
    #expect(ports(Self.run(course, 1).actions) == [3])
    course.inner.interface(OpenFlowPortNumber(3))?.isUp = false
    #expect(Self.run(course, 1).actions.isEmpty)
    let after = course.datapath.changes.count
    course.inner.interface(OpenFlowPortNumber(4))?.hasCarrier = false
    #expect(course.datapath.changes.count == after, "nobody watches that port")
  }

  @Test func `Groups that lead to themselves or watch themselves end`() throws {
    let course = Self.course()
    try Self.put("group_id=1,type=all,bucket=group:1,bucket=output:1", course)
    #expect(Self.run(course, 1).failure == .recursionTooDeep)
    for group in 10..<50 {
      try Self.put("group_id=\(group),type=all,bucket=group:\(group + 1),bucket=group:\(group + 1)", course)
    }
    #expect(Self.run(course, 10).failure == .tooManyResubmits)
    try Self.put("group_id=60,type=ff,bucket=watch_group:61,output:1", course)
    try Self.put("group_id=61,type=ff,bucket=watch_group:60,output:2", course)
    #expect(Self.run(course, 60).actions.isEmpty)
    // Every bucket of each of many groups watches the next: none is asked twice.
    let wide = (0..<50).map { _ in "bucket=watch_group:NEXT,output:1" }.joined(separator: ",")
    for group in 100..<220 {
      try Self.put("group_id=\(group),type=ff," + wide.replacing("NEXT", with: "\(group + 1)"), course)
    }
    #expect(Self.run(course, 100).actions.isEmpty)
  }

  @Test func `A group that is not there ends the list`() throws {
    let course = Self.course()
    let result = course.translate(
      course.inner, tcpKey(inPort: 9), actions: [.group(99), .output(OpenFlowPortNumber(1))])
    #expect(result.actions.isEmpty)
    #expect(result.failure == nil)
  }

  @Test func `The output of the action set can be matched, and a group takes its place`() throws {
    let course = Self.course()
    try Self.put("group_id=5,type=all,bucket=output:9", course)
    let unset = FieldValue(OpenFlowPortNumber.unset.rawValue)
    let two = OpenFlowPortNumber(2)
    try course.rule(
      course.inner, [(.actionSetOutput, unset)], [.writeActions([.output(two)]), .gotoTable(1)])
    try course.rule(
      course.inner, table: 1, [(.actionSetOutput, 2)], [.output(OpenFlowPortNumber(1)), .gotoTable(2)])
    try course.rule(course.inner, table: 2, [], [.writeActions([.group(5), .output(two)]), .gotoTable(3)])
    try course.rule(
      course.inner, table: 3, [(.actionSetOutput, unset)],
      [.output(OpenFlowPortNumber(3)), .clearActions, .gotoTable(4)])
    try course.rule(course.inner, table: 4, [(.actionSetOutput, unset)], [.output(OpenFlowPortNumber(4))])
    let result = course.translate(course.inner, tcpKey(inPort: 8))
    #expect(ports(result.actions) == [1, 3, 4])
    #expect(result.finalKey[.actionSetOutput] == 0)
  }

  @Test func `The log says how a group chooses, as Open vSwitch's does`() throws {
    let buckets = [5, 10, 25, 60, 0].enumerated().map {
      GroupBucket(id: BucketID(rawValue: UInt32($0)), weight: UInt16($1))
    }
    let lines = BucketChoice(.select, buckets, nil).explanation(buckets, nil)
    #expect(lines.count == 9)
    #expect(lines[1...2] == ["  Minimum weight: 5, total weight: 100", "  Using 32 hash values:"])
    #expect(lines[4] == "  Bucket 1: weight=10, target=3.20 hits=3")
    #expect(lines.last == "Use dp_hash with 32 hash values using algorithm 1.")
    let heavy = [GroupBucket(weight: 1), GroupBucket(weight: 65535)]
    #expect(
      BucketChoice(.select, heavy, nil).explanation(heavy, nil).last == "Falling back to default hash method."
    )
  }

  // MARK: Selection

  @Test func `A hash over fields looks at those fields, and at no others`() throws {
    let course = Self.course()
    try Self.put(
      "group_id=1,type=select,selection_method=hash,fields(ip_dst=255.255.255.0,tcp_src)"
        + (1...8).map { ",bucket=output:\($0)" }.joined(), course)
    var chance = SplitMix64(seed: 5)
    for _ in 0..<200 {
      let key = Self.connection(&chance)
      let first = Self.run(course, 1, key)
      #expect(first.wildcards[.ipDestination] == 0xffff_ff00)
      #expect(first.wildcards[.ipSource] == 0)
      #expect(first.wildcards[.transportSource] == 0xffff)
      #expect(first.wildcards[.transportDestination] == 0)
      var like = Self.connection(&chance)
      like[.ipDestination] = key[.ipDestination] ^ 0x55
      like.transportSource = key.transportSource
      #expect(ports(Self.run(course, 1, like).actions) == ports(first.actions))
    }
    // A packet without the field is hashed without it.
    var icmp = tcpKey(inPort: 9)
    icmp.ipProtocol = 1
    #expect(Self.run(course, 1, icmp).wildcards[.transportSource] == 0)
  }

  @Test func `Whatever bit is left wild, the bucket stays`() throws {
    let course = Self.course()
    let buckets = (1...8).map { ",bucket=weight:\($0),output:\($0)" }.joined()
    try Self.put(
      "group_id=1,type=select,selection_method=hash,fields(eth_src,ip_src,tcp_dst)" + buckets, course)
    try Self.put("group_id=2,type=select,selection_method=hash" + buckets, course)
    var chance = SplitMix64(seed: 11)
    for round in 0..<40 {
      let key = Self.connection(&chance)
      let group = UInt32(1 + round % 2)
      let result = Self.run(course, group, key)
      for word in 0..<FlowKey.wordCount {
        for bit in 0..<64 where result.wildcards.words[word] & 1 << UInt64(bit) == 0 {
          // Bits that no packet of this kind has are not looked at by anybody.
          guard word <= 4 else { continue }
          var changed = key
          changed.words[word] ^= 1 << UInt64(bit)
          // A datapath's flow says of every packet what follows the addresses, and whether there is a tag.
          guard changed[.ethType] == key[.ethType], changed.vlanTCI == key.vlanTCI else { continue }
          #expect(
            ports(Self.run(course, group, changed).actions) == ports(result.actions),
            "group \(group), word \(word), bit \(bit)")
        }
      }
    }
  }

  /// The chi-square of counts against weights.
  static func chiSquare(_ counts: [Int], _ weights: [Int]) -> Double {
    let total = Double(counts.reduce(0, +))
    let sum = Double(weights.reduce(0, +))
    var result = 0.0
    for (count, weight) in zip(counts, weights) where weight > 0 {
      let expected = total * Double(weight) / sum
      result += (Double(count) - expected) * (Double(count) - expected) / expected
    }
    return result
  }

  @Test func `Hash values are dealt to buckets by their weights`() throws {
    for weights in [
      [1], [1, 1], [1, 2, 3], [100, 1], [7, 7, 7, 7, 7], [0, 5, 10], [3, 200], Array(1...16),
    ] {
      let buckets = weights.map { GroupBucket(weight: UInt16($0)) }
      guard case .datapathHash(let table) = BucketChoice(.select, buckets, nil) else {
        Issue.record("no table for \(weights)")
        continue
      }
      #expect(table.buckets.count >= 16 && table.buckets.count <= 256)
      #expect(table.buckets.count & (table.buckets.count - 1) == 0)
      let total = weights.reduce(0, +)
      for (index, weight) in weights.enumerated() {
        let share = Double(table.buckets.count * weight) / Double(total)
        let dealt = table.buckets.count { $0 == index }
        #expect(abs(Double(dealt) - share) <= 1, "\(weights): \(dealt) for \(share)")
        #expect(weight == 0 || dealt > 0)
      }
    }
    // More than 256 values, or nothing to choose from, and the hash is another.
    for weights in [[1, 65535], [], [0, 0]] {
      let buckets = weights.map { GroupBucket(weight: UInt16($0)) }
      if case .symmetric = BucketChoice(.select, buckets, nil) { continue }
      Issue.record("\(weights) have a table")
    }
  }

  @Test func `Weights at their limits are kept`() throws {
    let course = Self.course()
    try Self.put(
      "group_id=1,type=select,selection_method=hash,fields(ip_src),bucket=weight:65535,output:1,bucket=weight:0,output:2,bucket=weight:1,output:3",
      course)
    var chance = SplitMix64(seed: 3)
    var counts = [0, 0, 0, 0]
    for _ in 0..<3000 {
      let port = try #require(ports(Self.run(course, 1, Self.connection(&chance)).actions).first)
      counts[Int(port)] += 1
    }
    #expect(counts[2] == 0)
    #expect(counts[1] > 2900)
  }

  @Test func `Equal weights get equal shares of connections`() throws {
    let course = Self.course()
    let buckets = (1...8).map { ",bucket=output:\($0)" }.joined()
    try Self.put("group_id=1,type=select,selection_method=hash,fields(ip_src,tcp_src)" + buckets, course)
    try Self.put("group_id=2,type=select,selection_method=hash" + buckets, course)
    for group: UInt32 in [1, 2] {
      var chance = SplitMix64(seed: 17)
      var counts = [Int](repeating: 0, count: 8)
      for _ in 0..<8000 {
        let port = try #require(ports(Self.run(course, group, Self.connection(&chance)).actions).first)
        counts[Int(port) - 1] += 1
      }
      // 7 degrees of freedom: beyond 24.3 in one of a thousand samples.
      #expect(Self.chiSquare(counts, Array(repeating: 1, count: 8)) < 24.3, "\(counts)")
    }
  }

  @Test func `Both directions of a connection take the same bucket without a method's fields`() throws {
    let course = Self.course()
    try Self.put(
      "group_id=1,type=select,selection_method=hash" + (1...8).map { ",bucket=output:\($0)" }.joined(), course
    )
    var chance = SplitMix64(seed: 23)
    for _ in 0..<100 {
      let key = Self.connection(&chance)
      var back = key
      (back.ipv4Source, back.ipv4Destination) = (key.ipv4Destination, key.ipv4Source)
      (back.ethernetSource, back.ethernetDestination) = (key.ethernetDestination, key.ethernetSource)
      (back.transportSource, back.transportDestination) = (key.transportDestination, key.transportSource)
      #expect(ports(Self.run(course, 1, key).actions) == ports(Self.run(course, 1, back).actions))
    }
  }

  @Test func `Packets are counted for the group and the bucket that they took`() throws {
    let course = Self.course()
    try Self.put("group_id=1,type=all,bucket=output:1,bucket=output:2", course)
    try Self.put("group_id=2,type=ff,bucket=watch_port:8,output:1,bucket=watch_port:7,output:2", course)
    course.inner.interface(OpenFlowPortNumber(8))?.isUp = false
    for group: UInt32 in [1, 2] {
      for credit in Self.run(course, group).credits { credit.apply(packets: 3, bytes: 300, now: 0) }
    }
    let all = try #require(course.inner.tables.groups[1])
    #expect(all.count == .init(packets: 3, bytes: 300))
    #expect(all.bucketCounts.map { $0.packets } == [3, 3])
    let failover = try #require(course.inner.tables.groups[2])
    #expect(failover.bucketCounts.map { $0.packets } == [0, 3])
  }
}
