import Datapath
import OpenFlow
import TestSupport
import Testing

@testable import Switch

@Suite struct MeterTableTests {
  static func meter(_ text: String, _ command: MeterCommand = .add) throws -> Message {
    .meterModification(try FlowParser().meter(text, command).change)
  }

  private static func described(_ peer: OpenFlowPeer, _ wanted: UInt32 = MeterNumber.all)
    -> [MeterConfiguration]
  {
    var found: [MeterConfiguration] = []
    for case .meterConfigurationReply(let meters, more: _) in peer.ask(.meterConfigurationRequest(wanted)) {
      found += meters
    }
    return found
  }

  private static func counted(_ peer: OpenFlowPeer, _ wanted: UInt32 = MeterNumber.all) -> [MeterStatistics] {
    var found: [MeterStatistics] = []
    for case .meterStatisticsReply(let meters, more: _) in peer.ask(.meterStatisticsRequest(wanted)) {
      found += meters
    }
    return found
  }

  private static func flow(_ priority: UInt16, _ actions: [Action]) -> Message {
    var change = FlowMod(.add, table: 0)
    change.priority = priority
    change.actions = actions
    return .flowModification(change)
  }

  private static func bridge(_ peer: OpenFlowPeer, _ name: String = "br0") throws -> Bridge {
    try #require(peer.harness.virtualSwitch.reconciler.bridges[name])
  }

  @Test(arguments: [OpenFlowVersion.v13, .v14, .v15])
  func `Meters are added, described, changed and deleted in every version`(version: OpenFlowVersion) throws {
    let peer = AgentTests.peer(version)
    #expect(peer.error(try Self.meter("meter=7 pktps bands=type=drop rate=5")) == nil)
    #expect(peer.error(try Self.meter("meter=5 kbps burst bands=type=drop rate=5 burst_size=6")) == nil)
    #expect(peer.error(try Self.meter("meter=controller pktps bands=type=drop rate=5")) == nil)
    #expect(Self.described(peer).map { $0.meter } == [5, 7, MeterNumber.controller])
    #expect(Self.described(peer, 7).map { $0.bands } == [[MeterBand(.drop, rate: 5)]])
    #expect(peer.error(try Self.meter("meter=7 pktps bands=type=drop rate=9", .modify)) == nil)
    #expect(Self.described(peer, 7).map { $0.bands } == [[MeterBand(.drop, rate: 9)]])
    #expect(peer.error(.meterConfigurationRequest(9)) == .meterModFailedUnknownMeter)
    #expect(peer.error(.meterStatisticsRequest(9)) == .meterModFailedUnknownMeter)
    #expect(peer.error(try Self.meter("meter=7", .delete)) == nil)
    #expect(peer.error(try Self.meter("meter=7", .delete)) == nil, "what is gone can be deleted")
    #expect(peer.error(try Self.meter("meter=all", .delete)) == nil)
    #expect(Self.described(peer).isEmpty)
    for case .meterFeaturesReply(let features) in peer.ask(.meterFeaturesRequest) {
      #expect(features == MeterFeatures(meterLimit: 1 << 18, bandLimit: 8))
    }
  }

  @Test func `What makes no sense is refused with the error that there is for it`() throws {
    let peer = AgentTests.peer()
    func error(_ meter: UInt32, _ flags: MeterFlags, _ bands: [MeterBand], _ command: MeterCommand = .add)
      -> OpenFlowError?
    {
      peer.error(
        .meterModification(MeterMod(command, MeterConfiguration(meter: meter, flags: flags, bands: bands))))
    }
    let band = MeterBand(.drop, rate: 1)
    #expect(error(0, .packets, [band]) == .meterModFailedInvalidMeter)
    #expect(error(MeterNumber.maximum + 1, .packets, [band]) == .meterModFailedInvalidMeter)
    #expect(error(MeterNumber.all, .packets, [band]) == .meterModFailedInvalidMeter)
    #expect(error(1, .packets, [band], .modify) == .meterModFailedUnknownMeter)
    #expect(error(1, [], [band]) == .meterModFailedBadFlags)
    #expect(error(1, [.packets, .init(rawValue: 0x10)], [band]) == .meterModFailedBadFlags)
    #expect(error(1, .packets, []) == .meterModFailedOutOfBands)
    #expect(error(1, .packets, Array(repeating: band, count: 9)) == .meterModFailedOutOfBands)
    #expect(error(1, .packets, [MeterBand(.drop, rate: 0)]) == .meterModFailedBadRate)
    #expect(error(1, .packets, Array(repeating: band, count: 8)) == nil)
    #expect(error(1, .packets, [band]) == .meterModFailedMeterExists)
    #expect(error(0, [], [], .delete) == nil)
  }

  @Test func `A flow needs its meter, and goes with it`() throws {
    let peer = AgentTests.peer(.v15)
    peer.send(.flowModification(FlowMod(.delete)))
    let port = Action.output(OpenFlowPortNumber(1))
    #expect(peer.error(Self.flow(1, [.meter(3), port])) == .meterModFailedInvalidMeter)
    #expect(peer.error(Self.flow(1, [.clone([.meter(3), port])])) == .meterModFailedInvalidMeter)
    peer.send(try Self.meter("meter=3 pktps bands=type=drop rate=5"))
    #expect(peer.error(Self.flow(1, [.meter(3), port])) == nil)
    #expect(peer.error(Self.flow(2, [.clone([.meter(3), port])])) == nil)
    #expect(peer.error(Self.flow(3, [port])) == nil)
    #expect(Self.counted(peer, 3).map { $0.flowCount } == [2])
    peer.send(Self.flow(2, [port]))
    #expect(Self.counted(peer).map { $0.flowCount } == [1])
    peer.send(try Self.meter("meter=3", .delete))
    #expect(try Self.bridge(peer).tables.ruleCount == 2)
  }

  @Test func `Flows that go with their meter are told of, with the reason`() throws {
    let peer = AgentTests.peer(.v14)
    let listener = OpenFlowPeer(peer.harness, version: .v14)
    listener.send(
      .setConfiguration(
        SwitchConfiguration(fragments: .normal, invalidTTLToController: nil, missSendLength: 99)))
    peer.send(try Self.meter("meter=3 pktps bands=type=drop rate=5"))
    var change = FlowMod(.add, table: 0)
    change.actions = [.meter(3)]
    change.flags = .sendFlowRemoved
    peer.send(.flowModification(change))
    _ = listener.receive()
    peer.send(try Self.meter("meter=3", .delete))
    var reasons: [FlowRemovedReason] = []
    for case .flowRemoved(let removed) in listener.receive() { reasons.append(removed.reason) }
    #expect(reasons == [.meterDelete])
  }

  @Test func `What a meter has counted is the datapath's count of the moment`() throws {
    let peer = AgentTests.peer()
    peer.send(try Self.meter("meter=1 pktps burst stats bands=type=drop rate=1 burst_size=3"))
    peer.send(Self.flow(1, [.meter(1), .output(OpenFlowPortNumber(2))]))
    for _ in 0..<5 { peer.harness.receive(Build.udp4(), on: "p1") }
    #expect(peer.harness.takeSentPorts() == ["p2", "p2", "p2"])
    peer.harness.advance(milliseconds: 2_500)
    let one = try #require(Self.counted(peer, 1).first)
    let byteCount = UInt64(Build.udp4().count)
    #expect(one.count == .init(packets: 5, bytes: 5 * byteCount))
    #expect(one.bands == [.init(packets: 2, bytes: 2 * byteCount)])
    #expect(one.durationSeconds == 2 && one.durationNanoseconds == 500_000_000)
    for _ in 0..<3 { peer.harness.receive(Build.udp4(), on: "p1") }
    #expect(peer.harness.takeSentPorts() == ["p2", "p2"])
    #expect(peer.harness.virtualSwitch.reconciler.bridges.count == 1)
    #expect(Self.counted(peer).map { $0.bands } == [[.init(packets: 3, bytes: 3 * byteCount)]])
  }

  @Test func `Who asks for counts gets its answers in order, also from a datapath that takes its time`()
    throws
  {
    let peer = AgentTests.peer()
    peer.send(try Self.meter("meter=1 pktps bands=type=drop rate=1"))
    peer.harness.isDatapathSlow = true
    #expect(peer.ask(.meterStatisticsRequest(1)).isEmpty)
    #expect(peer.ask(.barrierRequest).isEmpty)
    peer.harness.isDatapathSlow = false
    #expect(peer.receive().map { $0.kind } == [.meterStatisticsReply, .barrierReply])
  }

  @Test func `Who waits for counts of a datapath that goes away is answered, and meters come back with it`()
    throws
  {
    let peer = AgentTests.peer()
    peer.send(try Self.meter("meter=1 pktps bands=type=drop rate=1"))
    peer.harness.isDatapathSlow = true
    #expect(peer.ask(.meterStatisticsRequest(1)).isEmpty)
    peer.harness.removeDatapath()
    #expect(peer.receive().map { $0.kind } == [.meterStatisticsReply])
    peer.harness.isDatapathSlow = false
    #expect(Self.counted(peer).isEmpty)
    peer.harness.returnDatapath()
    peer.harness.advance(milliseconds: 2_000)
    #expect(Self.counted(peer).map { $0.meter } == [1])
    #expect(Self.described(peer).map { $0.meter } == [1])
  }

  @Test func `Bridges of a datapath share its meters' numbers, and give them back`() throws {
    let harness = SwitchHarness()
    let first = SwitchHarness.bridge("br0", ports: [("p1", 1)])
    let second = SwitchHarness.bridge("br1", ports: [("p2", 2)])
    harness.configure([first, second])
    let peers = [OpenFlowPeer(harness, bridge: "br0"), OpenFlowPeer(harness, bridge: "br1")]
    for number in 1...2 {
      for peer in peers {
        #expect(peer.error(try Self.meter("meter=\(number) pktps bands=type=drop rate=1")) == nil)
      }
    }
    func numbers(_ peer: OpenFlowPeer, _ name: String) throws -> [UInt32] {
      try Self.bridge(peer, name).tables.meters.inOrder.map { $0.datapathNumber }
    }
    #expect(try numbers(peers[0], "br0") == [0, 2])
    #expect(try numbers(peers[1], "br1") == [1, 3])
    harness.configure([second])
    peers[1].send(try Self.meter("meter=9 pktps bands=type=drop rate=1"))
    #expect(try numbers(peers[1], "br1") == [1, 3, 0])
  }

  @Test func `A bundle takes no meters, as Open vSwitch has it`() throws {
    let peer = AgentTests.peer(.v14)
    let inner = try Self.meter("meter=1 pktps bands=type=drop rate=1").encode(peer.form, xid: 1)
    let addition = Message.bundleAdd(BundleAdd(bundleID: 1, flags: .atomic, message: inner))
    _ = peer.receive()
    peer.send(bytes: addition.encode(peer.form, xid: 1))
    var errors: [OpenFlowError?] = []
    for case .error(let error) in peer.receive() { errors.append(error.error) }
    #expect(errors.first == .bundleFailedMessageUnsupported)
  }

  @Test func `Other controllers that want it hear of changes`() throws {
    let peer = AgentTests.peer(.v14)
    let listener = OpenFlowPeer(peer.harness, version: .v14)
    listener.send(
      .setConfiguration(
        SwitchConfiguration(fragments: .normal, invalidTTLToController: nil, missSendLength: 99)))
    var wanted = AsyncConfiguration()
    wanted.primary[AsyncMessageKind.requestForward.rawValue] = 0b10
    listener.send(.setAsync(wanted))
    _ = listener.receive()
    let change = try Self.meter("meter=1 pktps bands=type=drop rate=1")
    peer.send(change)
    var heard: [[UInt8]] = []
    for case .requestForward(let request) in listener.receive() { heard.append(Array(request.message[8...])) }
    #expect(heard == [Array(change.encode(listener.form, xid: 0)[8...])])
  }

  // MARK: Translation

  @Test func `A meter is the datapath's, and no later action can undo it`() throws {
    let course = GroupTranslationTests.course()
    let flags = MeterConfiguration(meter: 4, flags: .packets, bands: [MeterBand(.drop, rate: 1)])
    let meter = Meter(flags, datapathNumber: 17, created: 0)
    course.inner.tables.addMeter(meter)
    let port = { Action.output(OpenFlowPortNumber($0)) }
    let plain = course.translate(course.inner, tcpKey(inPort: 9), actions: [.meter(4), port(1)])
    #expect(plain.actions.first == .meter(17))
    #expect(ports(plain.actions) == [1])
    let cloned = course.translate(
      course.inner, tcpKey(inPort: 9), actions: [.clone([.meter(4), port(1)]), port(2)])
    guard case .clone(let inner)? = cloned.actions.first else {
      Issue.record("the meter would drop what follows the clone: \(cloned.actions)")
      return
    }
    #expect(inner.first == .meter(17))
    course.inner.tables.removeMeter(meter)
    let gone = course.translate(course.inner, tcpKey(inPort: 9), actions: [.meter(4), port(1)])
    #expect(!gone.actions.contains(.meter(17)))
  }

  @Test func `What goes to controllers goes through their meter, or the one that the action names`() throws {
    let course = GroupTranslationTests.course()
    func number(_ translation: Translation) -> UInt32? {
      guard case .sample(probability: .max, let actions)? = translation.actions.last,
        case .meter(let number)? = actions.first, case .userspace? = actions.last
      else { return nil }
      return number
    }
    var action = ControllerAction()
    func run() -> Translation {
      course.translate(course.inner, tcpKey(inPort: 9), actions: [.controller(action)])
    }
    #expect(number(run()) == nil)
    let tables = course.inner.tables
    tables.addMeter(Meter(MeterConfiguration(meter: MeterNumber.controller), datapathNumber: 3, created: 0))
    #expect(number(run()) == 3)
    tables.addMeter(Meter(MeterConfiguration(meter: 8), datapathNumber: 5, created: 0))
    action.meter = 8
    #expect(number(run()) == 5)
    action.meter = 9
    #expect(number(run()) == 3)
  }

  @Test func `A controller's meter limits its packets and not the flow's`() throws {
    let peer = AgentTests.peer()
    peer.send(try Self.meter("meter=controller pktps bands=type=drop rate=2"))
    peer.send(Self.flow(1, [.controller(ControllerAction()), .output(OpenFlowPortNumber(2))]))
    for _ in 0..<8 { peer.harness.receive(Build.udp4(), on: "p1") }
    #expect(peer.harness.takeSentPorts().count == 8)
    let counted = try #require(Self.counted(peer).first)
    #expect(counted.meter == MeterNumber.controller && counted.flowCount == 0)
    #expect(counted.count.packets == 8)
    #expect(counted.bands.map { $0.packets } == [6])
  }

  @Test func `What the daemon does with packets goes through the meter of the slow path`() throws {
    let peer = AgentTests.peer()
    peer.send(try Self.meter("meter=slowpath pktps burst bands=type=drop rate=1 burst_size=2"))
    peer.send(Self.flow(1, [.debugSlow, .output(OpenFlowPortNumber(2))]))
    for _ in 0..<5 { peer.harness.receive(Build.udp4(), on: "p1") }
    // The first one made the flow.
    #expect(peer.harness.takeSentPorts().count == 3)
    #expect(Self.counted(peer, MeterNumber.slowPath).map { $0.bands.map { $0.packets } } == [[2]])
  }
}
