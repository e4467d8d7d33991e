import Datapath
import TestSupport
import Testing

/// What the engine says about each packet that leaves: which one of the batch it was, and whether it is still the same.
@Suite struct UntouchedTests {
  struct Departure: Equatable {
    var port: UInt32
    var row: Int?
    var isUntouched: Bool

    init(_ port: UInt32, _ row: Int?, _ isUntouched: Bool) {
      self.port = port
      self.row = row
      self.isUntouched = isUntouched
    }
  }

  /// Takes out what the engine has to send, in the order of the ports.
  func drain(_ harness: EngineHarness) -> [Departure] {
    var departures: [Departure] = []
    while let output = harness.engine.nextOutput() {
      var packet = harness.engine.first(of: output)
      while let current = packet {
        departures.append(Departure(output.port.rawValue, current.row, current.isUntouched))
        packet = harness.engine.next(after: current)
      }
      harness.engine.finishOutput(output, sent: output.count)
    }
    return departures.sorted { $0.port < $1.port }
  }

  /// What leaves of the second packet of a batch of two from port 1.
  func departures(of packet: [UInt8], _ actions: [DatapathAction], offload: Offload = Offload())
    -> [Departure]
  {
    let harness = EngineHarness()
    harness.forward(1, actions)
    harness.forward(4, [])
    for (port, bytes) in [(UInt32(4), Build.udp4()), (1, packet)] {
      _ = harness.engine.receive(
        RawSpan(_elements: bytes.span), from: DatapathPortNumber(port),
        offload: port == 1 ? offload : Offload())
    }
    harness.engine.process(nowMilliseconds: 1)
    return drain(harness)
  }

  @Test func `what is only forwarded is untouched at every port`() {
    #expect(departures(of: Build.udp4(), [output(2)]) == [Departure(2, 1, true)])
    #expect(
      departures(of: Build.udp4(), [output(2), .clone([output(3)]), output(4)])
        == [Departure(2, 1, true), Departure(3, 1, true), Departure(4, 1, true)])
  }

  @Test(arguments: [
    set(.ethernet, (1, 16, 48, 0x0a0b_0c0d_0e0f)), set(.ipv4, (3, 32, 32, 0xc0a8_0101)),
    .pushVLAN(tpid: 0x8100, tci: 0x1005), .pushMPLS(entry: 0x1_01ff, etherType: 0x8847),
    .truncate(maximumByteCount: 20),
  ])
  func `a change shows at the ports behind it and at no other`(change: DatapathAction) {
    #expect(
      departures(of: Build.udp4(), [output(2), change, output(3)])
        == [Departure(2, 1, true), Departure(3, 1, false)])
    #expect(
      departures(of: Build.udp4(), [.clone([change, output(3)]), output(2)])
        == [Departure(2, 1, true), Departure(3, 1, false)])
  }

  @Test func `a checksum that is completed here is a change`() {
    var offload = Offload()
    offload.needsChecksum = true
    offload.checksumStart = 34
    offload.checksumOffset = 6
    #expect(departures(of: Build.udp4(), [output(2)], offload: offload) == [Departure(2, 1, false)])
  }

  @Test func `what recirculates stays what it is`() {
    let harness = EngineHarness()
    harness.forward(1, [.recirculate(7)])
    harness.forward(1, [output(2), .popVLAN, output(3)], recirculation: 7)
    let packet = Build.udp4()
    _ = harness.engine.receive(RawSpan(_elements: packet.span), from: DatapathPortNumber(1), tag: 0x8100_0005)
    harness.engine.process(nowMilliseconds: 1)
    #expect(drain(harness) == [Departure(2, 0, true), Departure(3, 0, false)])
  }

  @Test func `a packet of the daemon is none of a batch`() {
    let harness = EngineHarness()
    var key = FlowKey()
    key.words[0] = 1 << 32
    _ = harness.request(
      .packet(.execute, PacketMessage(packet: Build.udp4(), key: key, actions: [output(2)])))
    #expect(drain(harness) == [Departure(2, nil, false)])
  }

  @Test func `a port without adapter drops, counts and says so`() {
    let harness = EngineHarness()
    harness.forward(1, [output(2)])
    harness.engine.setAdapter(isPresent: false, of: DatapathPortNumber(2))
    #expect(harness.send([Build.udp4()]) == [])
    #expect(harness.drops(.noAdapter) == 1)
    #expect(harness.engine.delivered == 0)
    let question = VportMessage(number: DatapathPortNumber(2))
    guard case .vport(_, let port)? = harness.request(.vport(.get, question)).first?.body else {
      Issue.record("no answer")
      return
    }
    #expect(port.statistics?.sentDropped == 1)
    harness.engine.setAdapter(isPresent: true, of: DatapathPortNumber(2))
    #expect(harness.send([Build.udp4()]).count == 1)
    #expect(harness.engine.delivered == 1)
  }

  @Test func `actions that take a packet nowhere are a drop`() {
    let harness = EngineHarness()
    harness.forward(1, [set(.ethernet, (1, 16, 48, 1)), .clone([.popVLAN])])
    #expect(harness.send([Build.udp4()]) == [])
    #expect(harness.drops(.flowAction) == 1)
    #expect(harness.totalDrops == 1)
  }
}
