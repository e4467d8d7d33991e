import TestSupport
import Testing

@testable import Datapath

/// Requests and packets at random, over few enough ports, addresses and masks that they meet.
struct RandomTraffic {
  var random: SeededRandom
  static let portCount = 5

  mutating func address() -> UInt64 { UInt64(0x0200_0000_0000) | UInt64(random.below(8)) }

  /// A frame of a type that has no further headers.
  mutating func packet() -> [UInt8] {
    var bytes: [UInt8] = []
    for value in [address(), address()] {
      for shift in stride(from: 40, through: 0, by: -8) {
        bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
      }
    }
    return bytes + [0x88, 0xb5] + [UInt8](repeating: UInt8(random.below(256)), count: 46 + random.below(40))
  }

  /// A flow's key and mask; the mask depends on the port alone, so that no two flows overlap.
  mutating func flow() -> (key: FlowKey, mask: FlowKey) {
    let port = UInt64(1 + random.below(Self.portCount))
    var key = FlowKey()
    var mask = FlowKey()
    mask.words[0] = ~0
    mask.words[1] = 0xffff
    mask.words[2] = 0xffff
    mask.words[5] = 0xffff_0000
    key.words[0] = port << 32
    key.words[1] = address() << 16 | 0x88b5
    key.words[2] = address() << 16
    switch port {
    case 1: mask.words[1] = ~0
    case 2: mask.words[1] |= 0xffff_ffff_fffc << 16
    case 3:
      mask.words[1] = ~0
      mask.words[2] = ~0
    default: break
    }
    for word in [1, 2] { key.words[word] &= mask.words[word] }
    return (key, mask)
  }

  mutating func actions() -> [DatapathAction] {
    switch random.below(6) {
    case 0: []
    case 1: [.userspace(UserspaceAction(processID: UInt32(random.below(3)), userData: [1, 2, 3]))]
    case 2: [.pushVLAN(tpid: 0x8100, tci: 0x1005), .output(port()), .popVLAN, .output(port())]
    case 3: [.output(port()), .output(port())]
    default: [.output(port())]
    }
  }

  mutating func port() -> DatapathPortNumber { .init(UInt32(1 + random.below(Self.portCount + 1))) }

  mutating func flags() -> MessageFlags {
    var flags: MessageFlags = .request
    if random.below(2) == 0 { flags.insert(.acknowledge) }
    if random.below(2) == 0 { flags.insert(.echo) }
    return flags
  }

  mutating func request() -> (body: NetlinkMessage.Body, flags: MessageFlags) {
    var flags = flags()
    switch random.below(20) {
    case 0:
      let number = port()
      var message = VportMessage(number: number, type: .netdev, name: "p\(number.rawValue)")
      if random.below(2) == 0 { message.upcallProcessIDs = [UInt32(random.below(4)), 9] }
      return (.vport(.new, message), flags)
    case 1: return (.vport(.delete, VportMessage(number: random.below(4) == 0 ? port() : .init(99))), flags)
    case 2: return (.vport(.get, VportMessage(number: port())), flags)
    case 3: return (.vport(.get, VportMessage()), [.request, .dump])
    case 4: return (.datapath(.get, DatapathMessage(name: "ovs-system")), flags)
    case 5: return (.flow(.get, FlowMessage(key: nil)), [.request, .dump])
    case 6:
      return (.packet(.execute, PacketMessage(packet: packet(), key: flow().key, actions: actions())), flags)
    case 7 where random.below(10) == 0: return (.flow(.delete, FlowMessage(key: nil)), flags)
    case 8, 9:
      let (key, mask) = flow()
      var message = FlowMessage(key: key, mask: random.below(2) == 0 ? mask : nil)
      message.identifierFlags = UInt32(random.below(8))
      return (.flow(random.below(2) == 0 ? .delete : .get, message), flags)
    case 10:
      let (key, mask) = flow()
      var message = FlowMessage(key: key, mask: random.below(2) == 0 ? mask : nil, actions: actions())
      message.clears = random.below(2) == 0
      return (.flow(.set, message), flags)
    case 11:
      let message = FlowMessage(key: nil, identifier: FlowIdentifier(high: 1, low: UInt64(random.below(20))))
      return (.flow(random.below(2) == 0 ? .delete : .get, message), flags)
    default:
      let (key, mask) = flow()
      if random.below(3) == 0 { flags.insert(.exclusive) }
      let identifier =
        random.below(2) == 0 ? nil : FlowIdentifier(high: 1, low: place(key, mask) % 20)
      return (
        .flow(.new, FlowMessage(key: key, mask: mask, actions: actions(), identifier: identifier)), flags
      )
    }
  }

  private func place(_ key: FlowKey, _ mask: FlowKey) -> UInt64 {
    (key.words[0] >> 32) &* 7 &+ (key.words[1] >> 16) &+ (key.words[2] >> 16) &* 3
  }
}

@Suite struct EngineGroupTests {
  @Test(arguments: [1, 2, 3, 8])
  func `several engines give the answers of one, whatever is asked and wherever packets come in`(count: Int) {
    for seed in UInt64(1)...12 {
      var traffic = RandomTraffic(random: SeededRandom(seed: seed))
      let one = EngineGroup(count: 1, smallConfiguration())
      let many = EngineGroup(count: count, smallConfiguration())
      for number in UInt32(1)...4 {
        for engines in [one, many] {
          _ = engines.request(
            .vport(.new, VportMessage(number: .init(number), type: .netdev, name: "p\(number)")))
        }
      }
      for step in 0..<600 {
        let now = UInt64(step) * 3 + 5
        let index = traffic.random.below(count)
        if traffic.random.below(3) == 0 {
          let (body, flags) = traffic.request()
          let expected = one.request(body, flags: flags, now: now).map(comparable)
          let found = many.request(body, flags: flags, now: now, on: index).map(comparable)
          #expect(found == expected, "seed \(seed), step \(step), \(count) engines, \(body)")
          #expect(many.drain(index) == one.drain(0), "seed \(seed), step \(step)")
          #expect(
            many.drainUpcalls(on: index) == one.drainUpcalls(on: 0),
            "seed \(seed), step \(step)")
        } else {
          let packet = traffic.packet()
          let port = UInt32(1 + traffic.random.below(RandomTraffic.portCount))
          let expected = one.run(packet, from: port, now: now, on: 0)
          let found = many.run(packet, from: port, now: now, on: index)
          #expect(found.sent == expected.sent, "seed \(seed), step \(step), \(count) engines")
          #expect(found.up == expected.up, "seed \(seed), step \(step), \(count) engines")
        }
      }
      #expect(many.disagreementCount == 0, "seed \(seed)")
      let hits = one.statistics(on: 0).hits
      #expect(hits > 10, "seed \(seed): too little traffic to say anything")
      for reason in DropReason.allCases {
        #expect(many.dropCount(reason) == one.dropCount(reason), "seed \(seed), \(reason)")
      }
    }
  }

  /// What does not depend on which engine's cache has seen what.
  private func comparable(_ message: NetlinkMessage) -> NetlinkMessage {
    guard case .datapath(let command, var description) = message.body else { return message }
    description.statistics?.maskHits = 0
    description.statistics?.cacheHits = 0
    return NetlinkMessage(message.header, .datapath(command, description))
  }

  @Test func `a dump in pieces is the dump in one`() {
    var traffic = RandomTraffic(random: SeededRandom(seed: 77))
    let engines = EngineGroup(count: 3, smallConfiguration())
    for _ in 0..<100 {
      let (key, mask) = traffic.flow()
      _ = engines.request(.flow(.new, FlowMessage(key: key, mask: mask, actions: [.output(.init(1))])))
    }
    let question = NetlinkMessage(
      NetlinkHeader(flags: [.request, .dump], sequence: 3), .flow(.get, FlowMessage(key: nil)))
    let whole = engines.handle(question, nowMilliseconds: 1)
    guard var dump = engines.beginDump(question) else {
      Issue.record("no dump")
      return
    }
    var pieces: [NetlinkMessage] = []
    while !dump.isFinished { pieces += engines.next(of: &dump) }
    #expect(pieces == whole)
    #expect(pieces.last?.body == .done)
    #expect(pieces.count > EngineSteps().dumpCount)
  }

  @Test func `changes of ports are told once for all engines`() {
    let engines = EngineGroup(count: 2, smallConfiguration())
    let port = VportMessage(number: .init(3), type: .internal, name: "br0")
    #expect(engines.request(.vport(.new, port)).map(\.body) == [.error(0)])
    #expect(engines.request(.vport(.new, port)).map(\.body) == [.error(17)])
    #expect(engines.request(.vport(.delete, port)).map(\.body) == [.error(0)])
    _ = engines.request(.datapath(.delete, DatapathMessage(name: "ovs-system")))
    let name = Array("br0".utf8)
    let changes = engines.takePortChanges()
    #expect(changes == [.present(.init(3), .internal, name: name), .removed(.init(3)), .allRemoved])
    #expect(engines.takePortChanges().isEmpty)
  }

  @Test func `each lock is taken alone, and given back`() {
    var held: Set<Int> = []
    var seen: Set<Int> = []
    let engines = EngineGroup(
      count: 3, smallConfiguration(),
      locks: EngineLocks(
        acquire: {
          #expect(held.isEmpty)
          held.insert($0)
          seen.insert($0)
        }, release: { held.remove($0) }))
    var traffic = RandomTraffic(random: SeededRandom(seed: 5))
    for _ in 0..<400 {
      let (body, flags) = traffic.request()
      _ = engines.request(body, flags: flags, on: 2)
      #expect(held.isEmpty)
      for index in 0..<3 { _ = (engines.drain(index), engines.drainUpcalls(on: index)) }
    }
    engines.maintain()
    engines.describe(.init(1), capabilities: [.checksum], hasAdapter: true)
    _ = engines.dropCount(.flowAction)
    #expect(held.isEmpty)
    #expect(seen == [0, 1, 2])
  }

  @Test func `packets lost behind the engines show in the datapath's counters`() {
    let engines = EngineGroup(count: 2, smallConfiguration())
    engines.countLostUpcalls(3)
    let replies = engines.request(.datapath(.get, DatapathMessage(name: "ovs-system")), flags: .request)
    guard case .datapath(_, let description)? = replies.first?.body else {
      Issue.record("no answer")
      return
    }
    #expect(description.statistics?.lost == 3)
    #expect(description.drops?[.upcallQueueFull] == 3)
  }

  @Test func `what each engine has dropped is summed`() {
    let engines = EngineGroup(count: 3, smallConfiguration())
    let frame = [UInt8](repeating: 0, count: 60)
    for index in 0..<3 {
      for _ in 0...index {
        _ = engines.receive(RawSpan(_elements: frame.span), from: .init(9), on: index)
        engines.process(nowMilliseconds: 1, on: index)
      }
    }
    #expect(engines.dropCount(.unknownPortIn) == 6)
    for flags in [MessageFlags.request, [.request, .dump]] {
      let replies = engines.request(.datapath(.get, DatapathMessage(name: "ovs-system")), flags: flags)
      guard case .datapath(_, let description)? = replies.first?.body else {
        Issue.record("no answer")
        continue
      }
      #expect(description.drops == DropCounts { $0 == .unknownPortIn ? 6 : 0 })
    }
  }

  @Test func `bytes that are no message are refused as one engine refuses them`() {
    let engines = EngineGroup(count: 2, smallConfiguration())
    let whole = NetlinkMessage(NetlinkHeader(sequence: 9), .vport(.get, VportMessage(number: .init(1))))
      .encode()
    for count in 1..<whole.count {
      let replies = engines.handle(message: Array(whole[..<count]), nowMilliseconds: 1)
      #expect(replies.count == 1)
    }
  }
}
