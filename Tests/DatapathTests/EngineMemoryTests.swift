import Testing

@testable import Datapath

struct EngineMemoryTests {
  /// What tables have, counted from their sizes.
  private func held(_ harness: EngineHarness) -> Int {
    let tables = harness.engine.table.byteCount + harness.engine.programs.words.count * 8
    let places = MemoryLayout<FlowIdentifier>.stride + 8
    return tables + harness.engine.control.flows.capacity * MemoryLayout<FlowControl?>.stride
      + harness.engine.control.flowsByIdentifier.capacity * places
  }

  private func flow(_ number: UInt64, _ random: UInt64) -> FlowMessage {
    var key = FlowKey()
    key.words[0] = 1 << 32
    key.words[1] = number << 16 | 0x0800
    key.words[2] = 0
    key.words[5] = 0
    var mask = FlowKey()
    for word in 0..<6 { mask.words[word] = ~0 }
    if random & 1 == 0 {
      // A priority takes a row of further values.
      key.words[8] = number + 1
      mask.words[8] = ~0
    }
    let actions = (0...Int(random >> 8 & 31)).map { DatapathAction.output(.init(UInt32($0 % 4 + 1))) }
    let identifier = random & 2 == 0 ? nil : FlowIdentifier(high: 7, low: number)
    return FlowMessage(key: key, mask: mask, actions: actions, identifier: identifier)
  }

  @Test func `tables grow by no more than was said before, and not at all where nothing was said`() {
    let harness = EngineHarness()
    var random: UInt64 = 0x1234_5678_9abc_def1
    var growths = 0
    for number in 0..<UInt64(6_000) {
      random ^= random << 13
      random ^= random >> 7
      random ^= random << 17
      let body = NetlinkMessage.Body.flow(.new, flow(number, random))
      let said = harness.engine.growthByteCount(for: NetlinkMessage(NetlinkHeader(), body))
      let before = held(harness)
      let replies = harness.request(body)
      #expect(replies.map(\.body) == [.error(0)])
      let grown = held(harness) - before
      #expect(grown <= said, "flow \(number)")
      if grown > 0 { growths += 1 }
      if random >> 40 & 7 == 0 {
        let earlier = held(harness)
        harness.request(.flow(.delete, flow(number, random)))
        #expect(held(harness) == earlier, "giving up a flow takes no memory")
      }
    }
    #expect(growths > 20)
    #expect(harness.engine.table.flowCount > 4_000)
  }

  @Test func `what was given up is used again`() {
    let harness = EngineHarness()
    for round in 0..<20 {
      for number in 0..<UInt64(60) {
        harness.request(.flow(.new, flow(number, number << 8 | UInt64(round & 3))))
      }
      let full = held(harness)
      harness.request(.flow(.delete, FlowMessage(key: nil)))
      #expect(harness.engine.table.flowCount == 0)
      for number in 0..<UInt64(60) {
        harness.request(.flow(.new, flow(number, number << 8 | UInt64(round & 3))))
      }
      #expect(held(harness) == full)
      for number in 0..<UInt64(60) {
        harness.request(.flow(.delete, flow(number, number << 8 | UInt64(round & 3))))
      }
      #expect(harness.engine.table.flowCount == 0)
    }
    #expect(harness.engine.table.highestFlow == 60)
  }
}
