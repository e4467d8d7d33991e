import Datapath
import OpenFlow
import PacketWire
import TestSupport
import Testing

@testable import Switch

@Suite struct GroupTableTests {
  private static func group(_ text: String, _ command: GroupCommand = .add) throws -> Message {
    .groupModification(try FlowParser().group(text, command).change)
  }

  private static func described(_ peer: OpenFlowPeer, _ wanted: UInt32 = GroupNumber.all)
    -> [GroupDescription]
  {
    var found: [GroupDescription] = []
    for case .groupDescriptionReply(let groups, more: _) in peer.ask(.groupDescriptionRequest(wanted)) {
      found += groups
    }
    return found
  }

  private static func ids(_ peer: OpenFlowPeer) -> [UInt32] {
    described(peer).first?.buckets.map { $0.id.rawValue } ?? []
  }

  private static func flow(_ priority: UInt16, _ actions: [Action]) -> Message {
    var change = FlowMod(.add, table: 0)
    change.priority = priority
    change.actions = actions
    return .flowModification(change)
  }

  @Test(arguments: OpenFlowVersion.allCases)
  func `Groups are added, described, changed and deleted in every version`(version: OpenFlowVersion) throws {
    let peer = AgentTests.peer(version)
    #expect(peer.error(try Self.group("group_id=7,type=all,bucket=output:1,bucket=output:2")) == nil)
    #expect(peer.error(try Self.group("group_id=5,type=indirect,bucket=output:3")) == nil)
    #expect(Self.described(peer).map { $0.group } == [5, 7])
    #expect(peer.error(try Self.group("group_id=7,type=all")) == .groupModFailedGroupExists)
    #expect(peer.error(try Self.group("group_id=8,type=all", .modify)) == .groupModFailedUnknownGroup)
    #expect(peer.error(try Self.group("group_id=7,type=select,bucket=weight:3,output:1", .modify)) == nil)
    #expect(Self.described(peer).last?.type == .select)
    #expect(peer.error(try Self.group("group_id=9,type=all", .addOrModify)) == nil)
    #expect(Self.described(peer).count == 3)
    #expect(peer.error(try Self.group("group_id=7", .delete)) == nil)
    #expect(peer.error(try Self.group("group_id=7", .delete)) == nil, "what is gone can be deleted")
    #expect(peer.error(try Self.group("", .delete)) == nil)
    #expect(Self.described(peer).isEmpty)
  }

  @Test func `Buckets are inserted and removed where the command says`() throws {
    let peer = AgentTests.peer(.v15)
    peer.send(try Self.group("group_id=1,type=all,bucket=bucket_id:1,drop,bucket=bucket_id:5,drop"))
    func insert(_ place: String, _ id: UInt32) throws -> OpenFlowError? {
      peer.error(
        try Self.group("group_id=1,command_bucket_id=\(place),bucket=bucket_id:\(id),drop", .insertBuckets))
    }
    func remove(_ place: String) throws -> OpenFlowError? {
      peer.error(try Self.group("group_id=1,command_bucket_id=\(place)", .removeBuckets))
    }
    #expect(try insert("last", 9) == nil)
    #expect(try insert("first", 0) == nil)
    #expect(try insert("1", 3) == nil)
    #expect(Self.ids(peer) == [0, 1, 3, 5, 9])
    #expect(try insert("7", 8) == .groupModFailedUnknownBucket)
    #expect(try insert("last", 3) == .groupModFailedBucketExists)
    #expect(try remove("3") == nil)
    #expect(try remove("3") == .groupModFailedUnknownBucket)
    #expect(try remove("first") == nil)
    #expect(try remove("last") == nil)
    #expect(Self.ids(peer) == [1, 5])
    #expect(try remove("all") == nil)
    #expect(try remove("first") == nil)
    #expect(Self.ids(peer).isEmpty)
    #expect(Self.described(peer).count == 1)
  }

  @Test func `A flow needs its group, and goes with it`() throws {
    let peer = AgentTests.peer()
    peer.send(.flowModification(FlowMod(.delete)))
    #expect(peer.error(Self.flow(1, [.group(3)])) == .badActionBadOutGroup)
    #expect(peer.error(Self.flow(1, [.writeActions([.group(3)])])) == .badActionBadOutGroup)
    peer.send(try Self.group("group_id=3,type=all,bucket=output:1"))
    #expect(peer.error(Self.flow(1, [.group(3)])) == nil)
    #expect(peer.error(Self.flow(2, [.writeActions([.group(3)])])) == nil)
    #expect(peer.error(Self.flow(3, [.output(OpenFlowPortNumber(1))])) == nil)
    var statistics: [GroupStatistics] = []
    for case .groupStatisticsReply(let groups, more: _) in peer.ask(.groupStatisticsRequest(3)) {
      statistics += groups
    }
    #expect(statistics.map { $0.references } == [2])
    peer.send(try Self.group("group_id=3", .delete))
    var left: [UInt16] = []
    for case .flowStatisticsReply(let flows, more: _) in peer.ask(
      .flowStatisticsRequest(FlowStatisticsRequest()))
    {
      left += flows.map { $0.priority }
    }
    #expect(left == [3])
  }

  @Test func `A flow that changes its actions is no user of the group that it had`() throws {
    let peer = AgentTests.peer()
    peer.send(.flowModification(FlowMod(.delete)))
    for group in [3, 4] { peer.send(try Self.group("group_id=\(group),type=all,bucket=output:1")) }
    peer.send(Self.flow(1, [.group(3)]))
    var change = FlowMod(.modifyStrict, table: 0)
    change.priority = 1
    change.actions = [.group(4)]
    peer.send(.flowModification(change))
    peer.send(try Self.group("group_id=3", .delete))
    let bridge = try #require(peer.harness.virtualSwitch.reconciler.datapaths.values.first?.bridges["br0"])
    #expect(bridge.tables.ruleCount == 1)
    #expect(bridge.tables.userCount(ofGroup: 4) == 1)
    peer.send(try Self.group("group_id=4", .delete))
    #expect(bridge.tables.ruleCount == 0)
  }

  @Test func `A bundle that fails leaves groups and their flows as they were`() throws {
    let peer = AgentTests.peer(.v14)
    peer.send(.flowModification(FlowMod(.delete)))
    peer.send(try Self.group("group_id=1,type=all,bucket=output:1"))
    peer.send(Self.flow(1, [.group(1)]))
    let before = Self.described(peer)
    let error = AgentTests.bundle(
      5,
      [
        try Self.group("group_id=2,type=all,bucket=output:2"), Self.flow(2, [.group(2)]),
        try Self.group("group_id=1,type=select,bucket=output:3", .modify), try Self.group("", .delete),
        Self.flow(3, [.group(1)]),
      ], peer)
    #expect(error == [.badActionBadOutGroup, .bundleFailedMessageFailed])
    #expect(Self.described(peer) == before)
    let bridge = try #require(peer.harness.virtualSwitch.reconciler.datapaths.values.first?.bridges["br0"])
    #expect(bridge.tables.ruleCount == 1)
    #expect(bridge.tables.userCount(ofGroup: 1) == 1)
    #expect(bridge.tables.userCount(ofGroup: 2) == 0)
    #expect(
      AgentTests.bundle(
        6, [try Self.group("", .delete), try Self.group("group_id=9,type=all"), Self.flow(9, [.group(9)])],
        peer
      ).isEmpty)
    #expect(Self.described(peer).map { $0.group } == [9])
    #expect(bridge.tables.ruleCount == 1)
  }

  @Test func `A change keeps a group's age and begins its counters anew`() throws {
    let peer = AgentTests.peer(.v15)
    peer.send(try Self.group("group_id=1,type=all,bucket=output:1"))
    peer.harness.advance(milliseconds: 5000)
    let bridge = try #require(peer.harness.virtualSwitch.reconciler.datapaths.values.first?.bridges["br0"])
    bridge.tables.groups[1]?.credit(bucket: nil, packets: 4, bytes: 400)
    func statistics() -> GroupStatistics? {
      for case .groupStatisticsReply(let groups, more: _) in peer.ask(
        .groupStatisticsRequest(GroupNumber.all))
      {
        return groups.first
      }
      return nil
    }
    #expect(statistics()?.count.packets == 4)
    peer.send(try Self.group("group_id=1,command_bucket_id=last,bucket=bucket_id:4,drop", .insertBuckets))
    #expect(statistics()?.count.packets == 0)
    #expect(statistics()?.buckets.count == 2)
    #expect(statistics()?.durationSeconds == 5)
  }

  @Test func `Buckets beyond what a description can say are refused`() throws {
    let peer = AgentTests.peer(.v15)
    peer.send(try Self.group("group_id=1,type=all"))
    var error: OpenFlowError?
    var inserted = 0
    for round in 0..<4 where error == nil {
      var change = GroupMod(.insertBuckets, group: 1, place: .last)
      for id in 0..<1000 {
        change.buckets.append(
          GroupBucket(
            id: BucketID(rawValue: UInt32(round * 1000 + id)), actions: [.output(OpenFlowPortNumber(1))]))
      }
      error = peer.error(.groupModification(change))
      if error == nil { inserted += 1000 }
    }
    #expect(error == .groupModFailedOutOfBuckets)
    #expect(inserted == 2000 || inserted == 1000)
    #expect(Self.ids(peer).count == inserted)
  }

  @Test func `Others hear of a change if they want to`() throws {
    let peer = AgentTests.peer(.v14)
    let other = OpenFlowPeer(peer.harness, version: .v14)
    let deaf = OpenFlowPeer(peer.harness, version: .v14)
    var wanted = AsyncConfiguration()
    wanted.primary[AsyncMessageKind.requestForward.rawValue] = 1
    for session in [other, peer] {
      session.send(.setConfiguration(OpenFlow.SwitchConfiguration(fragments: .normal, missSendLength: 128)))
      session.send(.setAsync(wanted))
      _ = session.receive()
    }
    let change = try FlowParser().group("group_id=1,type=all,bucket=output:1", .addOrModify).change
    #expect(peer.ask(.groupModification(change)).isEmpty)
    var heard: [GroupMod] = []
    for case .requestForward(let forward) in other.receive() {
      if case .groupModification(let inner) = try Message.decode(forward.message).message {
        heard.append(inner)
      }
    }
    #expect(heard.map { $0.command } == [.add])
    #expect(heard.first?.group == 1)
    #expect(deaf.receive().isEmpty)
    #expect(peer.error(.groupModification(GroupMod(.modify, group: 4))) == .groupModFailedUnknownGroup)
    #expect(other.receive().isEmpty, "what failed is not told")
  }

  @Test func `A secondary controller changes no groups`() throws {
    let peer = AgentTests.peer()
    peer.send(.roleRequest(RoleMessage(role: .secondary, generationID: 1)))
    #expect(peer.error(try Self.group("group_id=1,type=all")) == .badRequestIsSecondary)
  }

  @Test func `A packet follows its flow's group, and the flow changes with the group`() throws {
    let peer = AgentTests.peer()
    peer.send(.flowModification(FlowMod(.delete)))
    peer.send(try Self.group("group_id=1,type=ff,bucket=watch_port:2,output:2,bucket=watch_port:3,output:3"))
    peer.send(Self.flow(1, [.group(1)]))
    let harness = peer.harness
    let frame = [UInt8](repeating: 2, count: 60)
    harness.receive(frame, on: "p1")
    #expect(harness.takeSentPorts() == ["p2"])
    let link = try #require(harness.virtualSwitch.reconciler.datapaths.values.first)
    link.interface(named: "p2")?.hasCarrier = false
    harness.advance(milliseconds: 1000)
    harness.receive(frame, on: "p1")
    #expect(harness.takeSentPorts() == ["p3"])
    peer.send(try Self.group("group_id=1,type=all,bucket=output:2,bucket=output:3", .modify))
    harness.advance(milliseconds: 1000)
    harness.receive(frame, on: "p1")
    #expect(harness.takeSentPorts() == ["p2", "p3"])
    harness.advance(milliseconds: 2000)
    var packets: [UInt64] = []
    for case .groupStatisticsReply(let groups, more: _) in peer.ask(.groupStatisticsRequest(1)) {
      packets += groups.map { $0.count.packets }
    }
    #expect(packets == [1])
  }

  /// A frame of TCP, in one direction or the other.
  private static func segment(_ host: UInt8, port: UInt16, isAnswer: Bool = false) -> [UInt8] {
    var key = tcpKey()
    key.ipv4Source = IPv4Address(10, 0, 0, host)
    key.transportSource = port
    if isAnswer {
      (key.ipv4Source, key.ipv4Destination) = (key.ipv4Destination, key.ipv4Source)
      (key.ethernetSource, key.ethernetDestination) = (key.ethernetDestination, key.ethernetSource)
      (key.transportSource, key.transportDestination) = (key.transportDestination, key.transportSource)
    }
    return FrameComposer.frame(of: key)
  }

  @Test func `The datapath's hash divides connections by weight, and keeps both directions together`() throws
  {
    let peer = AgentTests.peer(.v15)
    peer.send(.flowModification(FlowMod(.delete)))
    peer.send(try Self.group("group_id=1,type=select,bucket=weight:1,output:2,bucket=weight:3,output:3"))
    peer.send(Self.flow(1, [.group(1)]))
    let harness = peer.harness
    var counts = [0, 0]
    for index in 0..<1000 {
      let (host, port) = (UInt8(index % 200 + 3), UInt16(1024 + index * 7))
      harness.receive(Self.segment(host, port: port), on: "p1")
      let sent = harness.takeSentPorts()
      #expect(sent == ["p2"] || sent == ["p3"])
      counts[sent == ["p2"] ? 0 : 1] += 1
      harness.receive(Self.segment(host, port: port, isAnswer: true), on: "p1")
      #expect(harness.takeSentPorts() == sent)
    }
    // 1 degree of freedom: beyond 10.8 in one of a thousand samples.
    #expect(GroupTranslationTests.chiSquare(counts, [1, 3]) < 10.8, "\(counts)")
    // One flow that hashes, and one for each hash value: not one for each connection.
    let link = try #require(harness.virtualSwitch.reconciler.datapaths.values.first)
    #expect((harness.virtualSwitch.flows[link.type]?.count ?? 99) <= 17)
  }
}
