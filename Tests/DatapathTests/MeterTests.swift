import TestSupport
import Testing

@testable import Datapath

@Suite struct MeterTests {
  private static func set(_ harness: EngineHarness, _ id: UInt32, _ meter: DatapathMeter) -> [NetlinkMessage]
  {
    harness.request(.meter(.set, MeterMessage(id: id, meter)))
  }

  private static func meter(_ harness: EngineHarness, _ id: UInt32) -> DatapathMeter? {
    for case .meter(.get, let message) in harness.request(.meter(.get, MeterMessage(id: id))).map({ $0.body })
    {
      return message.meter
    }
    return nil
  }

  private static func packets(_ rate: UInt32, burst: UInt32 = 0) -> DatapathMeter {
    DatapathMeter(countsKilobits: false, bands: [DatapathMeterBand(.drop, rate: rate, burst: burst)])
  }

  /// How many of the packets that are offered in each millisecond pass a meter during a second, after one that emptied its buckets.
  private static func passed(
    _ meter: DatapathMeter, offered: Int, byteCount: Int, at milliseconds: [UInt64]
  ) -> Int {
    let shared = SharedMeters()
    _ = shared.box.value.set(3, meter, now: 0)
    var passed = 0
    for now in milliseconds {
      for _ in 0..<offered {
        let verdict = shared.box.value.take(3, byteCount: byteCount, now: now)
        if now > 1_000, verdict == .pass { passed += 1 }
      }
    }
    return passed
  }

  @Test(arguments: [UInt32(7), 100, 999, 10_000])
  func `what passes in a second is the rate, within two per cent or a packet`(rate: UInt32) {
    let second = Array(UInt64(1)...2_000)
    // Twice the rate comes, in packets of which every millisecond has some.
    let offered = max(1, Int(rate) / 500)
    let wanted = min(Int(rate), offered * 1_000)
    let bursting = Self.passed(
      Self.packets(rate, burst: max(1, rate / 10)), offered: offered, byteCount: 100, at: second)
    #expect(abs(bursting - wanted) <= max(1, wanted / 50), "\(bursting) of \(wanted)")
    // The same in kilobits: packets of 125 bytes are a kilobit each.
    var bits = Self.packets(rate, burst: max(1, rate / 10))
    bits.countsKilobits = true
    let kilobits = Self.passed(bits, offered: offered, byteCount: 125, at: second)
    #expect(abs(kilobits - wanted) <= max(1, wanted / 50), "\(kilobits) of \(wanted)")
  }

  @Test func `a rate of nothing lets nothing through, and the highest one everything`() {
    for countsKilobits in [false, true] {
      for burst in [UInt32(0), 1, .max] {
        var none = Self.packets(0, burst: burst)
        none.countsKilobits = countsKilobits
        let shared = SharedMeters()
        _ = shared.box.value.set(0, none, now: 0)
        let first = shared.box.value.take(0, byteCount: 65_536, now: .max)
        #expect(first == (burst == .max ? .pass : burst == 1 && !countsKilobits ? .pass : .drop))
        var all = Self.packets(.max, burst: burst == 0 ? 0 : .max)
        all.countsKilobits = countsKilobits
        _ = shared.box.value.set(1, all, now: 0)
        for now in [UInt64(0), 1, 1 << 31, 1 << 40, .max - 1, .max, 0] {
          for _ in 0..<100 {
            let verdict = shared.box.value.take(1, byteCount: 65_536, now: now)
            #expect(verdict == .pass)
          }
        }
      }
    }
  }

  @Test func `of the bands that a packet exceeds, the one with the highest rate is applied`() {
    let shared = SharedMeters()
    let meter = DatapathMeter(
      countsKilobits: false,
      bands: [
        DatapathMeterBand(.remark, rate: 1, burst: 1, precedence: 1),
        DatapathMeterBand(.drop, rate: 3, burst: 3),
        DatapathMeterBand(.remark, rate: 2, burst: 2, precedence: 2),
      ])
    _ = shared.box.value.set(9, meter, now: 0)
    var verdicts: [MeterVerdict] = []
    for _ in 0..<5 { verdicts.append(shared.box.value.take(9, byteCount: 60, now: 0)) }
    #expect(verdicts == [.pass, .remark(1), .remark(2), .drop, .drop])
    let counted = shared.box.value.meter(9)
    #expect(counted?.count == DatapathMeterCount(packets: 5, bytes: 300))
    #expect(counted?.bands.map(\.count.packets) == [1, 2, 1])
  }

  @Test func `a time that goes back fills no bucket, and stops none`() {
    let shared = SharedMeters()
    _ = shared.box.value.set(0, Self.packets(1_000, burst: 1), now: 100)
    var verdicts: [MeterVerdict] = []
    for now in [UInt64(100), 99, 100, 101, 100, 102] {
      verdicts.append(shared.box.value.take(0, byteCount: 60, now: now))
    }
    #expect(verdicts == [.pass, .drop, .drop, .pass, .drop, .pass])
  }

  @Test func `a flow's packets beyond the rate are dropped and counted, and come again with time`() {
    let harness = EngineHarness()
    #expect(Self.set(harness, 5, Self.packets(1_000, burst: 2)).count == 2)
    #expect(harness.forward(1, [.meter(5), output(2)]).allSatisfy { $0.body == .error(0) })
    #expect(harness.send([Build.udp4(), Build.udp4(), Build.udp4()]).map(\.port) == [2, 2])
    #expect(harness.drops(.meterExceeded) == 1)
    harness.now += 1
    #expect(harness.send([Build.udp4(), Build.udp4()]).map(\.port) == [2])
    let counted = Self.meter(harness, 5)
    #expect(counted?.count.packets == 5)
    #expect(counted?.count.bytes == UInt64(5 * Build.udp4().count))
    #expect(counted?.bands.first?.count.packets == 2)
    #expect(counted?.usedMilliseconds == harness.now)
  }

  @Test func `a meter that is not there lets everything through, and a clone's meter ends the clone alone`() {
    let harness = EngineHarness()
    harness.forward(1, [.meter(7), output(2)])
    #expect(harness.send([Build.udp4()]).map(\.port) == [2])
    _ = Self.set(harness, 7, Self.packets(0))
    #expect(harness.send([Build.udp4()]).isEmpty)
    harness.forward(1, [.sample(probability: .max, actions: [.meter(7), output(2)]), output(3)])
    #expect(harness.send([Build.udp4()]).map(\.port) == [3])
    harness.forward(1, [.meter(7)])
    #expect(harness.send([Build.udp4()]).isEmpty)
    #expect(Self.meter(harness, 7)?.count.packets == 3)
    harness.forward(1, [.meter(.max), output(2)])
    #expect(harness.send([Build.udp4()]).map(\.port) == [2])
  }

  @Test func `a drop precedence is raised in the classes that have one, and the checksum with it`() {
    let harness = EngineHarness()
    let remark = DatapathMeter(
      countsKilobits: false, bands: [DatapathMeterBand(.remark, rate: 0, precedence: 1)])
    _ = Self.set(harness, 1, remark)
    harness.forward(1, [.meter(1), output(2)])
    // AF11 becomes AF12 and AF43 stays; what is no class of Assured Forwarding stays, and so does ECN.
    for (before, after) in [(0x28, 0x30), (0x29, 0x31), (0x9b, 0x9b), (0x98, 0x98), (0, 0), (0xb8, 0xb8)] {
      let packet = Build.ethernet(0x0800, Build.ipv4(17, Build.udp(1, 2, [1, 2]), tos: before))
      let wanted = Build.ethernet(0x0800, Build.ipv4(17, Build.udp(1, 2, [1, 2]), tos: after))
      #expect(harness.send([packet]).map(\.bytes) == [wanted], "\(before)")
    }
    var six = Build.udp6()
    six[14] = 0x62
    six[15] |= 0x80
    let sent = harness.send([six]).first?.bytes ?? []
    #expect(sent.count == six.count)
    #expect(sent[14] == 0x63 && sent[15] == six[15] & 0x0f)
    #expect(Self.meter(harness, 1)?.bands.first?.count.packets == 7)
  }

  @Test func `all engines of a datapath have one rate together`() {
    let engines = EngineGroup(count: 4, smallConfiguration())
    for number in UInt32(1)...2 {
      _ = engines.request(
        .vport(.new, VportMessage(number: .init(number), type: .netdev, name: "p\(number)")))
    }
    _ = engines.request(.meter(.set, MeterMessage(id: 0, Self.packets(100, burst: 10))))
    var mask = FlowKey()
    mask.words[0] = ~0
    var key = FlowKey()
    key.words[0] = 1 << 32
    mask.words[2] = 0xffff
    mask.words[5] = 0xffff_0000
    _ = engines.request(
      .flow(.new, FlowMessage(key: key, mask: mask, actions: [.meter(0), .output(.init(2))])))
    var passed = 0
    for index in 0..<4 {
      for _ in 0..<8 {
        let bytes = Build.udp4()
        _ = engines.receive(RawSpan(_elements: bytes.span), from: .init(1), on: index)
      }
      engines.process(nowMilliseconds: 1, on: index)
      passed += engines.unlocked(index) { $0.takeSent().count }
    }
    #expect(passed == 10)
    #expect(engines.dropCount(.meterExceeded) == 22)
    #expect(engines.disagreementCount == 0)
  }

  @Test func `meters are set, asked for, told in steps and removed`() {
    let harness = EngineHarness()
    #expect(Self.meter(harness, 4) == nil)
    #expect(harness.request(.meter(.get, MeterMessage(id: 4))).map(\.body) == [.error(2)])
    #expect(harness.request(.meter(.delete, MeterMessage(id: 4))).map(\.body) == [.error(2)])
    #expect(harness.request(.meter(.set, MeterMessage(id: 4))).map(\.body) == [.error(22)])
    #expect(harness.request(.meter(.get, MeterMessage())).map(\.body) == [.error(22)])
    let limit = UInt32(SharedMeters.limit)
    #expect(Self.set(harness, limit, Self.packets(1)).map(\.body) == [.error(28)])
    #expect(harness.request(.meter(.get, MeterMessage(id: .max))).map(\.body) == [.error(2)])
    let many = DatapathMeter(
      countsKilobits: true, bands: Array(repeating: DatapathMeterBand(.drop, rate: 1), count: 9))
    #expect(Self.set(harness, 1, many).map(\.body) == [.error(22)])
    let ids = [UInt32(0), 4, 127, 128, 5_000, limit - 1]
    for id in ids { _ = Self.set(harness, id, Self.packets(id + 1)) }
    var told: [UInt32] = []
    for case .meter(_, let message) in harness.request(
      .meter(.get, MeterMessage()), flags: [.request, .dump]
    ).map({ $0.body }) {
      if let id = message.id, message.meter?.bands.first?.rate == id + 1 { told.append(id) }
    }
    #expect(told == ids)
    #expect(harness.request(.meter(.delete, MeterMessage(id: 4))).count == 2)
    #expect(Self.meter(harness, 4) == nil)
    #expect(Self.meter(harness, 127) != nil)
    let features = harness.request(.meter(.features, MeterMessage())).first?.body
    #expect(features == .meter(.features, .features))
  }

  @Test func `a group of engines tells its meters in steps`() {
    let engines = EngineGroup(count: 2, smallConfiguration())
    for id in UInt32(0)..<100 { _ = engines.request(.meter(.set, MeterMessage(id: id * 3, Self.packets(7)))) }
    let question = NetlinkMessage(
      NetlinkHeader(flags: [.request, .dump], sequence: 3), .meter(.get, MeterMessage()))
    let whole = engines.handle(question, nowMilliseconds: 1)
    #expect(whole.count == 101)
    #expect(whole.last?.body == .done)
  }

  @Test func `messages about meters are read as they were written, and cut ones are no trap`() throws {
    var meter = DatapathMeter(
      countsKilobits: true,
      bands: [
        DatapathMeterBand(.drop, rate: .max, burst: .max),
        DatapathMeterBand(.remark, rate: 0, burst: 1, precedence: 3),
      ])
    meter.count = DatapathMeterCount(packets: .max, bytes: 7)
    meter.bands[1].count = DatapathMeterCount(packets: 1, bytes: .max)
    meter.usedMilliseconds = 99
    for message in [MeterMessage(id: 5, meter), MeterMessage(id: 0), .features] {
      let bytes = NetlinkMessage(NetlinkHeader(), .meter(.set, message)).encode()
      #expect(try NetlinkMessage.decode(bytes).map(\.body) == [.meter(.set, message)])
      for count in 24..<bytes.count {
        var cut = Array(bytes[..<count])
        cut[0] = UInt8(truncatingIfNeeded: count)
        cut[1] = UInt8(truncatingIfNeeded: count >> 8)
        _ = try? NetlinkMessage.decode(cut)
      }
    }
  }
}
