import Datapath
import TestSupport
import Testing

@Suite struct EngineTests {
  @Test func `a packet without a flow reaches the daemon with its key`() throws {
    let harness = EngineHarness()
    let packet = Build.udp4()
    #expect(harness.send([packet]) == [])
    let upcalls = harness.upcalls()
    #expect(upcalls.count == 1)
    #expect(upcalls.first?.command == .miss)
    #expect(upcalls.first?.message.packet == packet)
    #expect(upcalls.first?.message.key?.words[0] == 1 << 32)
    #expect(harness.statistics.misses == 1)
  }

  @Test func `a flow forwards, and counts`() throws {
    let harness = EngineHarness()
    let packet = Build.tcp4(flags: 0x12)
    _ = harness.send([packet])
    let key = try #require(harness.upcalls().first?.message.key)
    let identifier = FlowIdentifier(high: 3, low: 4)
    let replies = harness.request(
      .flow(.new, FlowMessage(key: key, mask: nil, actions: [output(2), output(3)], identifier: identifier)))
    #expect(replies.map(\.body) == [.error(0)])
    harness.now = 2500
    let sent = harness.send([packet, packet])
    #expect(sent.filter { $0.port == 2 }.map(\.bytes) == [packet, packet])
    #expect(sent.filter { $0.port == 3 }.map(\.bytes) == [packet, packet])
    var question = FlowMessage()
    question.identifier = identifier
    let answer = harness.request(.flow(.get, question), flags: .request)
    guard case .flow(.new, let flow)? = answer.first?.body else { throw Failure() }
    #expect(flow.statistics?.packets == 2)
    #expect(flow.statistics?.bytes == UInt64(2 * packet.count))
    #expect(flow.statistics?.usedMilliseconds == 2500)
    #expect(flow.statistics?.tcpFlags == 0x12)
    #expect(flow.key == key)
    #expect(flow.actions == [output(2), output(3)])
    #expect(harness.statistics.hits == 2)
    #expect(harness.request(.flow(.delete, question)).map(\.body) == [.error(0)])
    #expect(harness.send([packet]) == [])
    #expect(harness.statistics.misses == 2)
  }

  @Test func `a different packet does not match an exact flow`() throws {
    let harness = EngineHarness()
    _ = harness.send([Build.udp4()])
    let key = try #require(harness.upcalls().first?.message.key)
    harness.request(.flow(.new, FlowMessage(key: key, actions: [output(2)])))
    #expect(harness.send([Build.udp4()]).count == 1)
    #expect(harness.send([Build.udp4(ports: (1000, 2001))]) == [])
    #expect(harness.send([Build.udp4(from: 0x0a00_0003)]) == [])
  }

  @Test func `actions that change are used for the next packet`() {
    let harness = EngineHarness()
    harness.forward(1, [output(2)])
    #expect(harness.send([Build.udp4()]).map(\.port) == [2])
    harness.forward(1, [output(3)])
    #expect(harness.send([Build.udp4()]).map(\.port) == [3])
    harness.forward(1, [])
    #expect(harness.send([Build.udp4()]) == [])
    #expect(harness.drops(.flowAction) == 1)
  }

  @Test func `requests that make no sense are refused with the error that a kernel gives`() {
    let harness = EngineHarness()
    var missing = FlowMessage()
    missing.identifier = FlowIdentifier(high: 9, low: 9)
    #expect(harness.request(.flow(.delete, missing)).map(\.body) == [.error(2)])
    #expect(harness.request(.flow(.new, FlowMessage(key: FlowKey()))).map(\.body) == [.error(22)])
    let port = VportMessage(number: DatapathPortNumber(1), type: .netdev, name: "other")
    #expect(harness.request(.vport(.new, port)).map(\.body) == [.error(16)])
    #expect(
      harness.request(.vport(.new, VportMessage(type: .netdev, name: "p1"))).map(\.body) == [.error(17)])
    #expect(harness.request(.vport(.get, VportMessage(name: "none"))).map(\.body) == [.error(19)])
    let label = FlowMessage(key: FlowKey(), actions: [.addMPLS(entry: 0x140, etherType: 0x8847, flags: 1)])
    #expect(harness.request(.flow(.new, label)).map(\.body) == [.error(95)])
    #expect(harness.engine.handle(message: [1, 2, 3], nowMilliseconds: 0).count == 1)
  }

  @Test func `an exclusive request does not replace a flow`() {
    let harness = EngineHarness()
    let flow = FlowMessage(key: FlowKey(), actions: [output(1)])
    #expect(harness.request(.flow(.new, flow)).map(\.body) == [.error(0)])
    #expect(
      harness.request(.flow(.new, flow), flags: [.request, .exclusive, .create]).map(\.body) == [.error(17)])
  }

  @Test func `ports are dumped with counters, and can go`() {
    let harness = EngineHarness()
    harness.forward(1, [output(2)])
    _ = harness.send([Build.udp4()])
    let dump = harness.request(.vport(.get, VportMessage()), flags: [.request, .dump])
    #expect(dump.count == 5)
    #expect(dump.last?.body == .done)
    guard case .vport(_, let second) = dump[1].body else { return }
    #expect(second.name == Array("p2".utf8))
    #expect(second.statistics?.sentPackets == 1)
    harness.request(.vport(.delete, VportMessage(number: DatapathPortNumber(2))))
    #expect(harness.send([Build.udp4()]) == [])
    #expect(harness.drops(.unknownPortOut) == 1)
    #expect(harness.send([Build.udp4()], from: 2) == [])
    #expect(harness.drops(.unknownPortIn) == 1)
  }

  @Test func `a port that goes takes its queue along`() {
    let harness = EngineHarness()
    harness.forward(1, [output(2), output(3)])
    let packet = Build.udp4()
    _ = harness.engine.receive(RawSpan(_elements: packet.span), from: DatapathPortNumber(1))
    harness.engine.process(nowMilliseconds: 0)
    harness.request(.vport(.delete, VportMessage(number: DatapathPortNumber(2))))
    #expect(harness.drain().map(\.port) == [3])
  }

  @Test func `the number of masks is limited, and refusals are counted`() {
    let harness = EngineHarness { $0.maximumMaskCount = 4 }
    var accepted = 0
    for bits in 1...8 {
      var mask = FlowKey()
      mask.words[0] = FlowKey.lowBits(bits)
      let reply = harness.request(.flow(.new, FlowMessage(key: FlowKey(), mask: mask, actions: [])))
      if reply.map(\.body) == [.error(0)] {
        accepted += 1
      } else {
        #expect(reply.map(\.body) == [.error(28)])
      }
    }
    #expect(accepted == 4)
    #expect(harness.engine.refusedMaskCount == 4)
    harness.request(.flow(.delete, FlowMessage()))
    #expect(harness.statistics.flows == 0)
    #expect(harness.statistics.masks == 0)
    #expect(harness.forward(1, [output(2)]).map(\.body) == [.error(0), .error(0), .error(0)])
  }

  @Test func `a full upcall queue loses packets and says so`() {
    let harness = EngineHarness { $0.maximumUpcallCount = 8 }
    _ = harness.send((0..<20).map { Build.udp4(from: $0) })
    #expect(harness.drops(.upcallQueueFull) == 12)
    #expect(harness.statistics.lost == 12)
    #expect(harness.upcalls().count == 8)
  }

  @Test func `a port that floods takes no room that another port needs, and is drained in turn with it`() {
    let harness = EngineHarness { $0.maximumUpcallCount = 8 }
    _ = harness.send((0..<20).map { Build.udp4(from: $0) }, from: 1)
    _ = harness.send((0..<3).map { Build.udp4(from: $0) }, from: 2)
    _ = harness.send((0..<20).map { Build.udp4(from: $0) }, from: 1)
    #expect(harness.drops(.upcallQueueFull) == 35)
    #expect(harness.statistics.lost == 35)
    #expect(harness.upcalls().map { ($0.message.key?.words[0] ?? 0) >> 32 } == [1, 2, 1, 2, 1, 2, 1, 1])
    let ports = harness.request(.vport(.get, VportMessage()), flags: [.request, .dump])
    var dropped: [UInt64] = []
    for case .vport(_, let port) in ports.map(\.body) {
      dropped.append(port.statistics?.receivedDropped ?? 0)
    }
    #expect(dropped == [35, 0, 0, 0])
  }

  @Test func `ports that flood share the room, and nothing is lost of what waits`() {
    let harness = EngineHarness { $0.maximumUpcallCount = 12 }
    for port in UInt32(1)...4 { _ = harness.send((0..<30).map { Build.udp4(from: $0) }, from: port) }
    let ports = harness.upcalls().map { ($0.message.key?.words[0] ?? 0) >> 32 }
    #expect(ports.count == 12)
    for port in UInt64(1)...4 { #expect(ports.filter { $0 == port }.count >= 2) }
    for _ in 0..<100 {
      for port in UInt32(1)...4 { _ = harness.send((0..<30).map { Build.udp4(from: $0) }, from: port) }
      #expect(harness.upcalls().count == 12)
    }
  }

  @Test func `no buffer is lost however packets end`() {
    let harness = EngineHarness {
      $0.smallSlotCount = 40
      $0.largeSlotCount = 0
      $0.maximumUpcallCount = 4
      $0.maximumOutputCount = 8
    }
    harness.forward(
      1, [.pushVLAN(tpid: 0x8100, tci: 0x1001), output(2), .popVLAN, output(3), .recirculate(5)])
    harness.forward(2, [.clone([.recirculate(6)]), output(9), .truncate(maximumByteCount: 20), output(1)])
    harness.forward(3, [.recirculate(0)])
    for _ in 0..<50 {
      for port in UInt32(1)...4 {
        _ = harness.send([Build.udp4(), Build.tcp6(), Build.arp()], from: port)
        _ = harness.upcalls()
      }
    }
    harness.forward(4, [output(1)])
    for _ in 0..<3 { #expect(harness.send((0..<8).map { _ in Build.udp4() }, from: 4).count == 8) }
    #expect(harness.drops(.recirculationTooDeep) > 0)
  }

  @Test func `the daemon can have a packet sent`() {
    let harness = EngineHarness()
    let request = PacketMessage(
      packet: Build.udp4(), actions: [.pushVLAN(tpid: 0x8100, tci: 0x1007), output(3)])
    #expect(harness.request(.packet(.execute, request)).map(\.body) == [.error(0)])
    let sent = harness.drain()
    #expect(sent.map(\.port) == [3])
    #expect(sent.first.map { Array($0.bytes[12..<16]) } == [0x81, 0, 0, 7])
  }
}

struct Failure: Error {}
