import PacketWire
import TestSupport
import Testing

@testable import Datapath

/// Engines that several threads use, each with its own.
private final class SharedGroup: @unchecked Sendable {
  let group: EngineGroup

  init(count: Int) {
    var configuration = smallConfiguration()
    configuration.reservedConnectionCount = 20_000
    group = EngineGroup(count: count, configuration)
    for number in UInt32(1)...2 {
      let port = VportMessage(number: DatapathPortNumber(number), type: .netdev, name: "p\(number)")
      _ = group.handle(NetlinkMessage(NetlinkHeader(), .vport(.new, port)), nowMilliseconds: 1)
    }
  }

  func install(_ actions: [DatapathAction]) {
    var key = FlowKey()
    key[.inPort] = 1
    var mask = FlowKey()
    mask.fill(.inPort)
    mask.fill(.vlanTCI)
    mask.fill(.recirculationID)
    _ = group.handle(
      NetlinkMessage(NetlinkHeader(), .flow(.new, FlowMessage(key: key, mask: mask, actions: actions))),
      nowMilliseconds: 1)
  }

  /// Sends packets through an engine; returns what came out.
  func send(_ packets: [[UInt8]], on index: Int, now: UInt64 = 1_000) -> [Sent] {
    for packet in packets {
      _ = group.receive(RawSpan(_elements: packet.span), from: DatapathPortNumber(1), on: index)
    }
    group.process(nowMilliseconds: now, on: index)
    return group.unlocked(index) { $0.takeSent() }
  }
}

@Suite struct TrackSharingTests {
  @Test func `both directions of a connection meet, whichever engine they arrive at`() {
    let shared = SharedGroup(count: 4)
    shared.install([
      .connectionTrack(ct(commit: true, nat: nat(.source, [10, 0, 0, 200], ports: 5_000...60_000))),
      output(2),
    ])
    for port in 1...200 {
      let hosts = Hosts(client: port, clientPort: 2_000)
      let sent = shared.send([hosts.udp()], on: port % 4)
      let outer = Int(sent[0].bytes[34]) << 8 | Int(sent[0].bytes[35])
      let back = Hosts(client: 200, clientPort: outer).udp(reply: true)
      let received = shared.send([back], on: (port + 1) % 4)
      #expect(Array(received[0].bytes[30..<34]) == [10, 0] + big(port, 2))
      #expect(defects(received[0].bytes) == [])
    }
    #expect(shared.group.connections.count == 200)
  }

  @Test func `engines on threads of their own make, use and lose the same connections`() async {
    let shared = SharedGroup(count: 4)
    shared.install([
      .connectionTrack(ct(commit: true, nat: nat(.source, [10, 0, 0, 200], ports: 1_024...65_535))),
      output(2),
    ])
    await withTaskGroup(of: Int.self) { tasks in
      for index in 0..<4 {
        tasks.addTask {
          var random = SeededRandom(seed: UInt64(index))
          var wrong = 0
          for round in 0..<1_500 {
            let hosts = Hosts(client: 1 + random.below(40), clientPort: 2_000 + random.below(20))
            for packet in shared.send([hosts.udp()], on: index, now: 1_000 + UInt64(round) * 40)
            where !defects(packet.bytes).isEmpty { wrong += 1 }
            if random.below(10) == 0 {
              var position: Int? = random.below(300)
              var filter = ConnectionFilter()
              filter.mark = (0, 0)
              _ = shared.group.connections.flush(
                from: &position, passing: filter, nowMilliseconds: 1_000 + UInt64(round) * 40)
            }
          }
          return wrong
        }
      }
      for await wrong in tasks { #expect(wrong == 0) }
    }
    var position: Int? = 0
    var found: [ConnectionDescription] = []
    while position != nil {
      found += shared.group.connections.next(from: &position, nowMilliseconds: 61_000)
    }
    #expect(found.allSatisfy { $0.reply.destinationLow == 0x0a00_00c8 })
    #expect(Set(found.map { "\($0.reply)" }).count == found.count)
    #expect(Set(found.map { "\($0.original)" }).count == found.count)
    position = 0
    while position != nil { _ = shared.group.connections.flush(from: &position, nowMilliseconds: 0) }
    #expect(shared.group.connections.count == 0)
    #expect(shared.group.connections.zoneCounts().isEmpty)
    var lengths = 0
    position = 0
    while position != nil { lengths += shared.group.connections.bucketLengths(from: &position).reduce(0, +) }
    #expect(lengths == 0)
  }
}
