import Datapath
import TestSupport
import Testing

@Suite struct LookupTests {
  /// Random disjoint megaflows over addresses and ports, compared with a search through a list.
  @Test func `the tables agree with a naive search`() throws {
    var random = SeededRandom(seed: 77)
    let harness = EngineHarness {
      $0.initialCacheSetCount = 4
      $0.maximumCacheSetCount = 16
    }
    var model: [(key: FlowKey, mask: FlowKey, port: UInt32)] = []
    var hits = 0
    for round in 0..<4_000 {
      let packet = Build.udp4(
        [], from: 0x0a00_0000 | random.below(64) << 16 | random.below(4),
        ports: (random.below(4), random.below(40)))
      let sent = harness.send([packet])
      let wanted = harness.upcalls().first?.message.key
      if let key = wanted {
        #expect(sent.isEmpty)
        #expect(!model.contains { matches($0, key) })
        var mask = FlowKey()
        mask.words[0] = ~0
        mask.words[1] = 0xffff
        mask.words[2] = 0xffff
        mask.words[3] = FlowKey.lowBits(16) << 48
        mask.words[4] = 0xff00_00ff_0000_0000
        if key.words[3] >> 48 & 1 == 0 { mask.words[4] |= 0xffff }
        if key.words[3] >> 48 & 2 == 0 { mask.words[3] |= 0x3 << 32 }
        let port = UInt32(1 + random.below(4))
        #expect(
          harness.request(.flow(.new, FlowMessage(key: key, mask: mask, actions: [output(port)]))).map(\.body)
            == [.error(0)])
        model.append((key, mask, port))
      } else {
        hits += 1
        #expect(sent.count == 1)
      }
      if round % 500 == 499 {
        harness.engine.maintain()
        for _ in 0..<model.count / 3 {
          let gone = model.remove(at: random.below(model.count))
          #expect(
            harness.request(.flow(.delete, FlowMessage(key: gone.key, mask: gone.mask))).map(\.body) == [
              .error(0)
            ])
        }
        #expect(harness.statistics.flows == UInt64(model.count))
        for entry in model.prefix(40) {
          let key = entry.key
          let packet = Build.udp4(
            [], from: Int(key.words[3] >> 32),
            ports: (Int(key.words[4] >> 16 & 0xffff), Int(key.words[4] & 0xffff)))
          #expect(harness.send([packet]).map(\.port) == [entry.port])
        }
      }
    }
    #expect(hits > 1_000)
    #expect(harness.statistics.cacheHits > 0)
  }

  private func matches(_ flow: (key: FlowKey, mask: FlowKey, port: UInt32), _ key: FlowKey) -> Bool {
    for word in 0..<FlowKey.wordCount
    where (flow.key.words[word] ^ key.words[word]) & flow.mask.words[word] != 0 { return false }
    return true
  }

  @Test func `flows on IPv6 addresses and tunnel keys are told apart`() throws {
    let harness = EngineHarness()
    for last in UInt8(0)..<20 {
      var address = [UInt8](repeating: 1, count: 16)
      address[15] = last
      let packet = Build.ethernet(0x86dd, Build.ipv6(17, Build.udp(1, 2, []), from: address))
      #expect(harness.send([packet]) == [])
      let key = try #require(harness.upcalls().first?.message.key)
      var mask = FlowKey()
      mask.words[0] = ~0
      mask.words[1] = 0xffff
      mask.words[11] = 0xff
      harness.request(.flow(.new, FlowMessage(key: key, mask: mask, actions: [output(UInt32(last % 4) + 1)])))
      #expect(harness.send([packet]).map(\.port) == [UInt32(last % 4) + 1])
    }
    #expect(harness.statistics.flows == 20)
    #expect(harness.statistics.masks == 1)
  }

  @Test func `a rule on a header that a packet does not have does not match`() throws {
    let harness = EngineHarness()
    let packet = Build.udp4()
    _ = harness.send([packet])
    let key = try #require(harness.upcalls().first?.message.key)
    var other = key
    other.words[8] = 5 << 32
    var mask = FlowKey()
    mask.words[0] = ~0
    mask.words[8] = ~0 << 32
    harness.request(.flow(.new, FlowMessage(key: other, mask: mask, actions: [output(2)])))
    #expect(harness.send([packet]) == [])
  }
}
