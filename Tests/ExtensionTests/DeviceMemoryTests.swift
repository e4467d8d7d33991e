import TestSupport
import Testing

@testable import Datapath
@testable import Extension

struct DeviceMemoryTests {
  /// Counts the questions for memory, and says no to one of them.
  private final class Refuser {
    var asked = 0
    var refused: Int?

    func answer() -> Bool {
      asked += 1
      return asked - 1 != refused
    }

    func attach(to device: ControlDevice) {
      device.hasMemory = { [unowned self] _ in answer() }
      device.systemHasMemory = { [unowned self] _ in answer() }
    }
  }

  /// The flows and ports of each engine, without counters.
  private func state(_ harness: DeviceHarness) -> [String] {
    (0..<harness.engines.count).map { index in
      var flow = 0
      var port = 0
      var text = ""
      while flow < harness.engines[index].table.highestFlow {
        for flow in harness.engines[index].describeFlows(from: &flow, maximumCount: 1_000, flags: 0) {
          text +=
            "\(flow.number.index): \(flow.message.key?.words[1] ?? 0) \(flow.message.actions?.count ?? 0)\n"
        }
      }
      for port in harness.engines[index].describePorts(from: &port, maximumCount: 1_000) {
        text += "\(port.number?.rawValue ?? 0) \(port.name ?? [])\n"
      }
      return text
    }
  }

  private func flow(_ number: UInt64, actionCount: Int = 1) -> FlowMessage {
    var key = FlowKey()
    key.words[0] = 1 << 32
    key.words[1] = number << 16 | 0x88b5
    var mask = FlowKey()
    for word in 0..<3 { mask.words[word] = ~0 }
    mask.words[5] = 0xffff_0000
    return FlowMessage(
      key: key, mask: mask, actions: [DatapathAction](repeating: .output(.init(1)), count: actionCount),
      identifier: FlowIdentifier(high: 1, low: number))
  }

  @Test func `a request that is refused memory at any step is answered so, and changes no engine`() throws {
    let harness = DeviceHarness(count: 3)
    let handle = try #require(harness.device.open())
    harness.addPort(1, for: handle)
    let refuser = Refuser()
    refuser.attach(to: harness.device)
    var random = SeededRandom(seed: 11)
    var refusals = 0
    for number in 0..<UInt64(190) {
      let requests: [NetlinkMessage.Body] = [
        .flow(.new, flow(number, actionCount: 1 + random.below(40))),
        .flow(.set, flow(UInt64(random.below(Int(number) + 1)), actionCount: 1 + random.below(60))),
        .vport(.set, VportMessage(number: .init(1), type: .netdev, name: "p1")),
        .packet(
          .execute,
          PacketMessage(packet: harness.frame(), key: flow(1).key, actions: [.output(.init(1))])),
      ]
      for request in requests {
        var step = 0
        while true {
          let before = state(harness)
          refuser.asked = 0
          refuser.refused = step
          let answer = harness.transact(handle, request).map(\.body)
          _ = harness.engines.drain(0)
          if refuser.asked <= step {
            #expect(answer == [.error(0)])
            break
          }
          refusals += 1
          #expect(answer == [.error(12)])
          #expect(state(harness) == before)
          step += 1
        }
        let now = state(harness)
        #expect(now.allSatisfy { $0 == now[0] })
      }
    }
    refuser.refused = nil
    #expect(harness.device.count(.noMemory) == UInt64(refusals))
    #expect(harness.dump(handle, .flow(.get, FlowMessage(key: nil))).count == 191)
    #expect(harness.engines.disagreementCount == 0)
  }

  @Test func `a table that would double is refused for all engines together, before any grows`() throws {
    let harness = DeviceHarness(count: 4)
    let handle = try #require(harness.device.open())
    for number in 0..<UInt64(64) { _ = harness.transact(handle, .flow(.new, flow(number))) }
    let before = state(harness)
    var tried: [Int] = []
    harness.device.systemHasMemory = {
      tried.append($0)
      return false
    }
    #expect(harness.transact(handle, .flow(.new, flow(64))).map(\.body) == [.error(12)])
    // Twice 128 rows of 64 and 56 bytes, at least, in each of four.
    #expect(tried.count == 1 && tried.allSatisfy { $0 >= 4 * 128 * (64 + 56) })
    #expect(state(harness) == before)
    #expect(harness.transact(handle, .flow(.delete, flow(3))).map(\.body) == [.error(0)])
    // Its place can be had without any memory.
    tried = []
    #expect(harness.transact(handle, .flow(.new, flow(64))).map(\.body) == [.error(0)])
    #expect(tried.isEmpty)
  }

  @Test func `a heap full of flows can be looked at and emptied`() throws {
    let harness = DeviceHarness()
    let handle = try #require(harness.device.open())
    _ = harness.transact(handle, .flow(.new, flow(0)))
    harness.device.hasMemory = { $0 < 8 << 20 }
    #expect(harness.transact(handle, .flow(.new, flow(1))).map(\.body) == [.error(12)])
    #expect(harness.dump(handle, .flow(.get, FlowMessage(key: nil))).count == 2)
    #expect(harness.transact(handle, .flow(.delete, FlowMessage(key: nil))).map(\.body) == [.error(0)])
  }

  @Test func `a dump that is refused memory goes on when there is some`() throws {
    let harness = DeviceHarness()
    let handle = try #require(harness.device.open())
    for number in 0..<UInt64(40) { _ = harness.transact(handle, .flow(.new, flow(number))) }
    #expect(harness.write(handle, .flow(.get, FlowMessage(key: nil)), [.request, .dump]).status == .success)
    harness.device.hasMemory = { _ in false }
    #expect(harness.control(handle, .read, capacity: 4_096).status == .insufficientResources)
    harness.device.hasMemory = { _ in true }
    var messages: [NetlinkMessage] = []
    while true {
      let reply = harness.control(handle, .read, capacity: 4_096)
      if reply.bytes.isEmpty { break }
      messages += try NetlinkMessage.decode(reply.bytes)
    }
    #expect(messages.count == 41)
  }

  @Test func `packets for the daemon for which there is no memory are lost and counted`() throws {
    let forwarding = ForwardingExtension(count: 1, smallConfiguration())
    let handle = try #require(forwarding.device.open())
    var port = VportMessage(number: .init(1), type: .netdev, name: "p1")
    port.upcallProcessIDs = [handle]
    _ = forwarding.engines.request(.vport(.new, port))
    forwarding.followPorts()
    let frame = [UInt8](repeating: 2, count: 60)
    for _ in 0..<20 { _ = forwarding.engines.receive(frame.span.bytes, from: .init(1), on: 0) }
    forwarding.engines.process(nowMilliseconds: 1, on: 0)
    forwarding.device.hasMemory = { _ in false }
    var steps = 1
    while forwarding.deliverUpcalls(of: 0) { steps += 1 }
    #expect(steps == 3)
    #expect(forwarding.engines.statistics(on: 0).lost == 20)
  }
}
