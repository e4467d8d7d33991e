import Datapath
import Testing

@testable import Host

@Suite struct DatapathHostTests {
  /// A datapath without devices, and what it says.
  final class Fixture {
    let loop = EventLoop()
    let host: DatapathHost
    var received: [NetlinkMessage] = []
    private var sequence: UInt32 = 0

    init() {
      host = DatapathHost(on: loop, dummyMode: .all)
      host.onMessage = { [self] bytes in received += (try? NetlinkMessage.decode(bytes)) ?? [] }
      host.onUpcalls = { [self] in
        for bytes in host.takeUpcalls(maximumCount: 100) {
          received += (try? NetlinkMessage.decode(bytes)) ?? []
        }
      }
    }

    /// Sends a request and waits until it is acknowledged or refused; returns the answers.
    func request(_ body: NetlinkMessage.Body, datapath: Int32 = 1, flags: MessageFlags = [])
      -> [NetlinkMessage]
    {
      sequence += 1
      received = []
      let all = flags.union([.request, .acknowledge, .echo])
      let header = NetlinkHeader(flags: all, sequence: sequence, processID: 7, datapathIndex: datapath)
      host.send(NetlinkMessage(header, body).encode())
      wait { messages in
        messages.contains {
          if case .error = $0.body { true } else if case .done = $0.body { true } else { false }
        }
      }
      return received
    }

    func wait(_ isDone: ([NetlinkMessage]) -> Bool) {
      let end = Instant.now.advanced(byMilliseconds: 10_000)
      while !isDone(received), Instant.now < end { loop.runOnce(maximumMilliseconds: 100) }
    }

    func errorCode(_ messages: [NetlinkMessage]) -> UInt32? {
      for message in messages { if case .error(let code) = message.body { return code } }
      return nil
    }

    func statistics(_ port: UInt32) -> VportStatistics? {
      received = []
      let header = NetlinkHeader(flags: .request, sequence: 99, processID: 7, datapathIndex: 1)
      host.send(
        NetlinkMessage(header, .vport(.get, VportMessage(number: DatapathPortNumber(port)))).encode())
      wait { !$0.isEmpty }
      for message in received { if case .vport(_, let vport) = message.body { return vport.statistics } }
      return nil
    }
  }

  let frame: [UInt8] =
    [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x12, 0x34] + [UInt8](repeating: 0, count: 50)

  @Test func `a miss goes up, a flow comes down, and the next frame is sent`() throws {
    let fixture = Fixture()
    let answer = fixture.request(.datapath(.new, DatapathMessage(name: "ovs-test")), datapath: 0)
    #expect(answer.first?.header.datapathIndex == 1)
    #expect(fixture.errorCode(answer) == 0)
    for number in 1...2 as ClosedRange<UInt32> {
      let port = VportMessage(number: DatapathPortNumber(number), type: .netdev, name: "p\(number)")
      #expect(fixture.errorCode(fixture.request(.vport(.new, port))) == 0)
    }
    fixture.received = []
    fixture.host.inject(frame, port: DatapathPortNumber(1), datapath: "ovs-test")
    fixture.wait { !$0.isEmpty }
    guard case .packet(.miss, let miss) = try #require(fixture.received.first).body else {
      Issue.record("no miss")
      return
    }
    #expect(miss.packet == frame)
    var flow = FlowMessage()
    flow.key = miss.key
    flow.actions = [.output(DatapathPortNumber(2))]
    #expect(fixture.errorCode(fixture.request(.flow(.new, flow), flags: .create)) == 0)
    fixture.host.inject(frame, port: DatapathPortNumber(1), datapath: "ovs-test")
    // A single answer is acknowledged as well, if that is asked for.
    let single = fixture.request(.vport(.get, VportMessage(name: "p2")))
    #expect(single.count == 2 && fixture.errorCode(single) == 0)
    let statistics = try #require(fixture.statistics(2))
    #expect(statistics.sentPackets == 1 && statistics.sentBytes == 64)
    #expect(fixture.statistics(1)?.receivedPackets == 2)
    fixture.host.stop()
  }

  @Test func `all flows are named, however many there are`() {
    let fixture = Fixture()
    _ = fixture.request(.datapath(.new, DatapathMessage(name: "ovs-test")), datapath: 0)
    for number in 0..<1000 {
      var key = FlowKey()
      key.words[0] = 1 << 32 | UInt64(number)
      let flow = FlowMessage(key: key, actions: [.drop(reason: 0)])
      let header = NetlinkHeader(flags: [.request, .create], sequence: 0, processID: 7, datapathIndex: 1)
      fixture.host.send(NetlinkMessage(header, .flow(.new, flow)).encode())
    }
    let named = fixture.request(.flow(.get, FlowMessage(key: nil)), flags: .dump)
    #expect(named.count == 1001)
    fixture.host.stop()
  }

  @Test func `packets that the daemon does not take wait in the datapath, fair by port`() {
    let fixture = Fixture()
    fixture.host.onUpcalls = nil
    _ = fixture.request(.datapath(.new, DatapathMessage(name: "ovs-test")), datapath: 0)
    for number in 1...2 as ClosedRange<UInt32> {
      let port = VportMessage(number: DatapathPortNumber(number), type: .netdev, name: "p\(number)")
      _ = fixture.request(.vport(.new, port))
    }
    for _ in 0..<5000 { fixture.host.inject(frame, port: DatapathPortNumber(1), datapath: "ovs-test") }
    fixture.host.inject(frame, port: DatapathPortNumber(2), datapath: "ovs-test")
    // The statistics are asked for after the packets, and so are answered after them.
    let flood = fixture.statistics(1)
    #expect(flood?.receivedPackets == 5000)
    #expect((flood?.receivedDropped ?? 0) >= 5000 - 1024 - 64 - 1)
    #expect(fixture.statistics(2)?.receivedDropped == 0)
    var ports: [UInt64] = []
    let end = Instant.now.advanced(byMilliseconds: 10_000)
    while !ports.contains(2), Instant.now < end {
      for bytes in fixture.host.takeUpcalls(maximumCount: 16) {
        for case .packet(.miss, let packet) in ((try? NetlinkMessage.decode(bytes)) ?? []).map(\.body) {
          ports.append((packet.key?.words[0] ?? 0) >> 32)
        }
      }
    }
    // What was on its way already, and one turn of the other port's.
    #expect((ports.firstIndex(of: 2) ?? .max) <= 66)
    fixture.host.stop()
  }

  @Test func `what is not there is refused`() {
    let fixture = Fixture()
    let port = VportMessage(number: DatapathPortNumber(1), type: .netdev, name: "p1")
    #expect(fixture.errorCode(fixture.request(.vport(.new, port))) == 19)
    #expect(
      fixture.errorCode(fixture.request(.datapath(.get, DatapathMessage(name: "x")), datapath: 0)) == 19)
    _ = fixture.request(.datapath(.new, DatapathMessage(name: "x")), datapath: 0)
    #expect(
      fixture.errorCode(fixture.request(.datapath(.new, DatapathMessage(name: "x")), datapath: 0)) == 17)
    _ = fixture.request(.vport(.new, port))
    #expect(fixture.errorCode(fixture.request(.vport(.new, port))) == 17)
    #expect(fixture.errorCode(fixture.request(.vport(.delete, VportMessage(name: "p2")))) == 19)
    #expect(fixture.errorCode(fixture.request(.vport(.delete, VportMessage(name: "p1")))) == 0)
    #expect(fixture.errorCode(fixture.request(.vport(.new, port))) == 0)
    #expect(fixture.errorCode(fixture.request(.datapath(.delete, DatapathMessage(name: "x")))) == 0)
    // The datapath's thread has ended by now, or ends soon; either way its name is free afterwards.
    fixture.host.stop()
  }

  @Test func `a device that does not exist makes no port`() {
    let loop = EventLoop()
    let host = DatapathHost(on: loop)
    var codes: [UInt32] = []
    host.onMessage = { bytes in
      for message in (try? NetlinkMessage.decode(bytes)) ?? [] {
        if case .error(let code) = message.body { codes.append(code) }
      }
    }
    let header = NetlinkHeader(flags: [.request, .acknowledge], sequence: 1, processID: 1, datapathIndex: 0)
    host.send(NetlinkMessage(header, .datapath(.new, DatapathMessage(name: "x"))).encode())
    var portHeader = header
    portHeader.datapathIndex = 1
    let port = VportMessage(type: .netdev, name: "no-such-device")
    host.send(NetlinkMessage(portHeader, .vport(.new, port)).encode())
    let end = Instant.now.advanced(byMilliseconds: 10_000)
    while codes.count < 2, Instant.now < end { loop.runOnce(maximumMilliseconds: 100) }
    #expect(codes == [0, 19])
    host.stop()
  }
}
