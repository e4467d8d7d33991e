import Datapath
import OpenFlow
import Testing

@testable import Switch

/// What a switch does when more comes up than it has time for.
struct UpcallsTests {
  private static func frame(from source: Int, to destination: UInt8) -> [UInt8] {
    [2, 0, 0, 0, 0, destination, 2, 0, 0, 0, UInt8(source >> 8 & 255), UInt8(source & 255), 0x12, 0x34]
      + [UInt8](repeating: 7, count: 50)
  }

  private static func switched() throws -> SwitchHarness {
    let harness = SwitchHarness()
    harness.configure([SwitchHarness.bridge(ports: [("p1", 1), ("p2", 2), ("p3", 3)])])
    let peer = OpenFlowPeer(harness)
    peer.send(
      .flowModification(try FlowParser().flow("priority=1,actions=output:3", .add).change))
    harness.advance(milliseconds: 100)
    return harness
  }

  /// The message of a packet that no flow matched.
  private static func miss(_ frame: [UInt8], on port: String, _ harness: SwitchHarness) throws -> Event {
    let link = try #require(harness.virtualSwitch.reconciler.datapaths.values.first)
    let number = try #require(link.interface(named: port)?.datapathNumber)
    var key = try #require(FrameParser().key(of: frame))
    key.inPort = OpenFlowPortNumber(number.rawValue)
    let header = NetlinkHeader(datapathIndex: link.index)
    return .datapathReceived(
      NetlinkMessage(header, .packet(.miss, PacketMessage(packet: frame, key: key))).encode())
  }

  /// The frames that effects have a datapath execute actions on.
  private static func executed(_ effects: [Effect]) -> [[UInt8]] {
    var frames: [[UInt8]] = []
    for case .datapathSend(let bytes) in effects {
      for case .packet(.execute, let packet) in ((try? NetlinkMessage.decode(bytes)) ?? []).map(\.body) {
        frames.append(packet.packet)
      }
    }
    return frames
  }

  @Test func `a flood by one port does not delay another port's packet by more than a step`() throws {
    let harness = try Self.switched()
    let budget = StepBudget(packetCount: 8, flowCount: 8)
    let now = Moment(milliseconds: harness.now)
    var flood: [Event] = []
    for number in 0..<1000 { flood.append(try Self.miss(Self.frame(from: number, to: 9), on: "p1", harness)) }
    var effects = harness.virtualSwitch.step(flood, now: now, budget: budget)
    #expect(Self.executed(effects).count == 8)
    #expect(harness.virtualSwitch.nextWakeup == harness.now)
    let victim = Self.frame(from: 2000, to: 9)
    effects = harness.virtualSwitch.step(
      [try Self.miss(victim, on: "p2", harness)], now: now, budget: budget)
    #expect(Self.executed(effects).contains(victim))
    #expect(Self.executed(effects).count == 8)
  }

  @Test func `what waits is limited, and what is too much is dropped at its port and counted`() throws {
    let harness = try Self.switched()
    let now = Moment(milliseconds: harness.now)
    let flood = try Self.miss(Self.frame(from: 1, to: 9), on: "p1", harness)
    _ = harness.virtualSwitch.step(
      [Event](repeating: flood, count: Upcalls.capacity * 2), now: now, budget: .none)
    let flows = try #require(harness.virtualSwitch.flows.values.first)
    #expect(flows.waitingPacketCount == Upcalls.capacity / 2)
    #expect(flows.counters.refusedPackets == UInt64(Upcalls.capacity / 2 * 3))
    let victim = try Self.miss(Self.frame(from: 2, to: 9), on: "p2", harness)
    _ = harness.virtualSwitch.step([victim], now: now, budget: .none)
    #expect(flows.waitingPacketCount == Upcalls.capacity / 2 + 1)
  }

  @Test func `a step without a budget leaves packets for the next`() throws {
    let harness = try Self.switched()
    let now = Moment(milliseconds: harness.now)
    let event = try Self.miss(Self.frame(from: 1, to: 9), on: "p1", harness)
    #expect(Self.executed(harness.virtualSwitch.step([event], now: now, budget: .none)) == [])
    #expect(harness.virtualSwitch.nextWakeup == harness.now)
    #expect(Self.executed(harness.virtualSwitch.step([], now: now)).count == 1)
    #expect(harness.virtualSwitch.nextWakeup != harness.now)
  }

  @Test func `flows are looked over in pieces, and all of them in the end`() throws {
    let harness = try Self.switched()
    let flows = try #require(harness.virtualSwitch.flows.values.first)
    // Each packet has a flow of its own.
    flows.wildcardsFlows = false
    for number in 0..<200 { harness.receive(Self.frame(from: number, to: 9), on: "p1") }
    #expect(flows.count == 200)
    // Everything is wrong by now.
    let peer = OpenFlowPeer(harness)
    peer.send(
      .flowModification(try FlowParser().flow("priority=1,actions=output:2", .add).change))
    let updated = flows.counters.updated
    harness.largestEffectCount = 0
    harness.advance(milliseconds: 2000)
    #expect(flows.counters.updated - updated == 200)
    #expect(harness.largestEffectCount <= StepBudget.standard.flowCount + 8)
  }

  @Test func `flows that take long to be looked over become fewer`() throws {
    let harness = try Self.switched()
    let flows = try #require(harness.virtualSwitch.flows.values.first)
    flows.limits.flowCount = 5000
    flows.wildcardsFlows = false
    #expect(flows.limit == 5000)
    for number in 0..<2000 { harness.receive(Self.frame(from: number, to: 9), on: "p1") }
    harness.isDatapathSlow = true
    harness.advance(milliseconds: 600)
    harness.jump(milliseconds: 1_900)
    harness.isDatapathSlow = false
    harness.advance(milliseconds: 100)
    #expect(flows.limit < 1500)
    harness.advance(milliseconds: 10_000)
    #expect(flows.limit == 5000)
  }
}
