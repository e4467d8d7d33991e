import TestSupport
import Testing

@testable import Datapath

@Suite struct TrackTests {
  private let commit = ct(zone: 3, commit: true)
  private let look = ct(zone: 3)

  // MARK: Without states of their own

  @Test(arguments: [false, true])
  func `UDP is new until it is committed and answered`(isIPv6: Bool) {
    let harness = TrackHarness()
    let hosts = Hosts(isIPv6: isIPv6)
    #expect(harness.track(hosts.udp(), look).text == "new|trk")
    #expect(harness.dump().isEmpty)
    #expect(harness.track(hosts.udp(), commit).text == "new|trk")
    #expect(harness.track(hosts.udp(), look).text == "new|trk")
    #expect(harness.track(hosts.udp(reply: true), look).text == "est|rpl|trk")
    #expect(harness.track(hosts.udp(), look).text == "est|trk")
    #expect(harness.dump().map(\.isAnswered) == [true])
    let description = harness.dump()[0]
    #expect(description.original.sourcePort == 1000 && description.reply.sourcePort == 80)
    #expect(description.original.reversed == description.reply)
  }

  @Test(arguments: [false, true])
  func `an echo belongs to the request with its identifier`(isIPv6: Bool) {
    let harness = TrackHarness()
    let hosts = Hosts(isIPv6: isIPv6)
    #expect(harness.track(hosts.echo(reply: true), commit).text == "inv|trk")
    #expect(harness.track(hosts.echo(), commit).text == "new|trk")
    #expect(harness.track(hosts.echo(), look).text == "new|trk")
    #expect(harness.track(hosts.echo(reply: true, identifier: 6), look).text == "inv|trk")
    #expect(harness.track(hosts.echo(reply: true), look).text == "est|rpl|trk")
    #expect(harness.track(hosts.echo(), look).text == "est|trk")
  }

  @Test func `another protocol is tracked by its addresses`() {
    let harness = TrackHarness()
    let there = Hosts.frame(47, [1, 2, 3, 4], from: [10, 0, 0, 1], to: [10, 0, 0, 2], field: nil)
    let back = Hosts.frame(47, [1, 2, 3, 4], from: [10, 0, 0, 2], to: [10, 0, 0, 1], field: nil)
    #expect(harness.track(there, commit).text == "new|trk")
    #expect(harness.track(back, look).text == "est|rpl|trk")
  }

  @Test(arguments: [false, true])
  func `an error is related to the connection of the packet that it is about`(isIPv6: Bool) {
    let harness = TrackHarness()
    let hosts = Hosts(isIPv6: isIPv6)
    #expect(harness.track(hosts.error(about: hosts.udp()), look).text == "inv|trk")
    _ = harness.track(hosts.udp(), commit)
    let tracked = harness.track(hosts.error(about: hosts.udp()), look)
    #expect(tracked.text == "rel|rpl|trk")
    #expect(tracked.key[.ctProtocol] == 17)
    #expect(harness.track(hosts.error(about: hosts.udp(reply: true)), look).text == "rel|trk")
    // An error does not count as an answer.
    #expect(harness.track(hosts.udp(), look).text == "new|trk")
  }

  // MARK: What cannot be tracked

  @Test func `what is broken is invalid`() {
    let harness = TrackHarness()
    let hosts = Hosts()
    var udp = hosts.udp()
    udp[udp.count - 1] ^= 1
    #expect(harness.track(udp, commit).text == "inv|trk")
    #expect(harness.count(.transportChecksum) == 1)
    udp = hosts.udp()
    udp[24] ^= 1
    #expect(harness.track(udp, commit).text == "inv|trk")
    #expect(harness.count(.headerChecksum) == 1)
    #expect(harness.track(Build.arp(), commit).text == "inv|trk")
    let fragment = Build.ethernet(
      0x0800, Build.ipv4(17, Build.udp(1, 2, [1, 2, 3, 4]), fragment: 0x2000))
    #expect(harness.track(fragment, commit).text == "inv|trk")
    var noPort = hosts
    noPort.clientPort = 0
    #expect(harness.track(noPort.udp(), commit).text == "inv|trk")
    #expect(harness.count(.untrackable) == 3)
    #expect(harness.dump().isEmpty)
    // A datagram without a checksum is one.
    udp = hosts.udp()
    (udp[40], udp[41]) = (0, 0)
    #expect(harness.track(udp, commit).text == "new|trk")
  }

  // MARK: TCP

  @Test(arguments: [false, true])
  func `a TCP connection from its beginning to its end`(isIPv6: Bool) {
    let harness = TrackHarness()
    let hosts = Hosts(isIPv6: isIPv6)
    #expect(harness.track(hosts.tcp(reply: true, 0x12, sequence: 1), commit).text == "inv|trk")
    #expect(harness.track(hosts.tcp(2, sequence: 100, scale: 2), commit).text == "new|trk")
    #expect(harness.track(hosts.tcp(2, sequence: 100, scale: 2), look).text == "new|trk")
    let answer = hosts.tcp(reply: true, 0x12, sequence: 500, acknowledgment: 101, scale: 3)
    #expect(harness.track(answer, look).text == "est|rpl|trk")
    let states = harness.dump()[0].transmission
    #expect(states?.original.state == .established && states?.reply.state == .synSent)
    #expect(states?.original.windowScale == 2 && states?.reply.windowScale == 3)
    #expect(harness.track(hosts.tcp(0x10, sequence: 101, acknowledgment: 501), look).text == "est|trk")
    #expect(harness.dump()[0].timeoutSeconds == 86_400)
    #expect(
      harness.track(hosts.tcp(0x18, sequence: 101, acknowledgment: 501, count: 50), look).text == "est|trk")
    #expect(harness.track(hosts.tcp(0x11, sequence: 151, acknowledgment: 501), look).text == "est|trk")
    #expect(harness.dump()[0].timeoutSeconds == 900)
    let last = hosts.tcp(reply: true, 0x11, sequence: 501, acknowledgment: 152)
    #expect(harness.track(last, look).text == "est|rpl|trk")
    #expect(harness.track(hosts.tcp(0x10, sequence: 152, acknowledgment: 502), look).text == "est|trk")
    #expect(harness.dump()[0].transmission?.reply.state == .finWait2)
    #expect(harness.dump()[0].timeoutSeconds == 30)
    // Another connection with the same ports.
    #expect(harness.track(hosts.tcp(2, sequence: 9000), look).text == "new|trk")
    #expect(harness.dump().isEmpty)
  }

  @Test func `segments outside of the window are invalid unless nobody checks`() {
    let harness = TrackHarness()
    let hosts = Hosts()
    _ = harness.track(hosts.tcp(2, sequence: 100), commit)
    _ = harness.track(hosts.tcp(reply: true, 0x12, sequence: 500, acknowledgment: 101), look)
    _ = harness.track(hosts.tcp(0x10, sequence: 101, acknowledgment: 501), look)
    let far = hosts.tcp(0x18, sequence: 200_000, acknowledgment: 501, count: 10)
    #expect(harness.track(far, look).text == "inv|trk")
    #expect(harness.count(.outOfWindow) == 1)
    #expect(harness.track(hosts.tcp(4, sequence: 300), look).text == "inv|trk")
    #expect(harness.track(hosts.tcp(0x10, sequence: 101, acknowledgment: 500_000), look).text == "inv|trk")
    harness.connections.checksSequence = false
    #expect(harness.track(far, look).text == "est|trk")
    #expect(harness.count(.unchecked) == 1)
    harness.connections.checksSequence = true
  }

  @Test func `a reset ends a connection if it hits what is expected`() {
    let harness = TrackHarness()
    let hosts = Hosts()
    _ = harness.track(hosts.tcp(2, sequence: 100), commit)
    _ = harness.track(hosts.tcp(reply: true, 0x12, sequence: 500, acknowledgment: 101), look)
    #expect(harness.track(hosts.tcp(reply: true, 4, sequence: 505), look).text == "inv|trk")
    #expect(harness.track(hosts.tcp(reply: true, 4, sequence: 501), look).text == "est|rpl|trk")
    #expect(harness.dump()[0].transmission?.original.state == .timeWait)
    #expect(harness.dump()[0].timeoutSeconds == 30)
  }

  @Test(arguments: [0, 1, 3, 6, 8, 0x20, 0x28])
  func `flags that no TCP sends are invalid`(flags: Int) {
    let harness = TrackHarness()
    #expect(harness.track(Hosts().tcp(flags, sequence: 100), commit).text == "inv|trk")
    _ = harness.track(Hosts().tcp(2, sequence: 100), commit)
    #expect(harness.track(Hosts().tcp(flags, sequence: 101), look).text == "inv|trk")
    #expect(harness.count(.invalidFlags) == 1)
  }

  @Test func `a connection is taken up in its middle`() {
    let harness = TrackHarness()
    let hosts = Hosts()
    #expect(
      harness.track(hosts.tcp(0x18, sequence: 7000, acknowledgment: 9000, count: 5), commit).text == "new|trk"
    )
    let answer = hosts.tcp(reply: true, 0x18, sequence: 9000, acknowledgment: 7005, count: 9)
    #expect(harness.track(answer, look).text == "est|rpl|trk")
    #expect(harness.track(hosts.tcp(0x10, sequence: 7005, acknowledgment: 9009), look).text == "est|trk")
    #expect(harness.dump()[0].transmission?.original.isLiberal == true)
  }

  // MARK: Zones, marks, labels

  @Test func `zones know nothing of each other, and a packet has the state of the last`() {
    let harness = TrackHarness()
    let hosts = Hosts()
    _ = harness.track(hosts.udp(), ct(zone: 1, commit: true))
    _ = harness.track(hosts.udp(reply: true), ct(zone: 1))
    #expect(harness.track(hosts.udp(), ct(zone: 1)).text == "est|trk")
    let both = harness.track(hosts.udp(), ct(zone: 1), ct(zone: 2, commit: true))
    #expect(both.text == "new|trk" && both.zone == 2)
    #expect(harness.dump(ConnectionFilter(zone: 2)).count == 1)
    #expect(harness.connections.zoneCounts().map(\.zone) == [1, 2])
  }

  @Test func `mark and label change under their masks, and come with each packet`() {
    let harness = TrackHarness()
    let hosts = Hosts()
    let high = UInt128(0xab) << 100
    let first = harness.track(
      hosts.udp(), ct(commit: true, mark: (0x1234, 0xffff), label: (high | 5, high | 0xf)))
    #expect(first.mark == 0x1234 && first.label == high | 5)
    let second = harness.track(hosts.udp(reply: true), ct())
    #expect(second.mark == 0x1234 && second.label == high | 5)
    let third = harness.track(
      hosts.udp(), ct(commit: true, mark: (0xff00_0000, 0xff00_00ff), label: (2, 0xf)))
    #expect(third.mark == 0xff00_1200 && third.label == high | 2)
    #expect(harness.dump()[0].mark == 0xff00_1200)
    #expect(harness.track(Hosts(client: 9).udp(), ct()).mark == 0)
  }

  @Test(arguments: [false, true])
  func `the key has the tuple of the first direction`(isIPv6: Bool) {
    let harness = TrackHarness()
    let hosts = Hosts(isIPv6: isIPv6)
    _ = harness.track(hosts.udp(), commit)
    let key = harness.track(hosts.udp(reply: true), look).key
    #expect(key[.ctProtocol] == 17 && key[.ctTransportSource] == 1000 && key[.ctTransportDestination] == 80)
    if isIPv6 {
      #expect(key[wide: .ctIPv6Source] == UInt128(0xfd) << 120 | 1)
      #expect(key[wide: .ctIPv6Destination] == UInt128(0xfd) << 120 | 2)
      #expect(key[.ctSource] == 0)
    } else {
      #expect(key[.ctSource] == 0x0a00_0001 && key[.ctDestination] == 0x0a00_0002)
      #expect(key[wide: .ctIPv6Source] == 0)
    }
    let echo = harness.track(hosts.echo(), look).key
    #expect(echo[.ctTransportSource] == (isIPv6 ? 128 : 8) && echo[.ctTransportDestination] == 0)
  }

  @Test func `a packet's state can be forgotten`() {
    let harness = TrackHarness()
    let tracked = harness.run(
      Hosts().udp(), [.connectionTrack(ct(zone: 4, commit: true, mark: (1, 1))), .connectionTrackClear])
    #expect(tracked.state == 0 && tracked.zone == 0 && tracked.mark == 0)
    #expect(tracked.key[.ctSource] == 0 && tracked.key[.ctProtocol] == 0)
    #expect(harness.dump().count == 1)
  }

  @Test func `the state is in the key of the next lookup`() {
    let harness = TrackHarness()
    harness.harness.forward(1, [.connectionTrack(look), .recirculate(7)])
    _ = harness.harness.send([Hosts().udp()], from: 1)
    let key = harness.harness.upcalls().last?.message.key
    #expect(key?[.recirculationID] == 7 && key?[.ctState] == 0x21 && key?[.ctZone] == 3)
    #expect(key?[.ctSource] == 0x0a00_0001)
  }

  @Test func `force begins anew from the other end`() {
    let harness = TrackHarness()
    let hosts = Hosts()
    _ = harness.track(hosts.udp(), commit)
    _ = harness.track(hosts.udp(reply: true), look)
    #expect(harness.track(hosts.udp(), ct(zone: 3, commit: true, force: true)).text == "est|trk")
    #expect(harness.track(hosts.udp(reply: true), ct(zone: 3, force: true)).text == "new|trk")
    #expect(harness.dump().map(\.original.sourcePort) == [80])
  }

  @Test func `actions that take the packet nowhere still make the connection, and count a drop`() {
    let harness = TrackHarness()
    harness.harness.forward(1, [.connectionTrack(commit)])
    #expect(harness.harness.send([Hosts().udp()], from: 1).isEmpty)
    #expect(harness.dump().count == 1)
    #expect(harness.harness.drops(.flowAction) == 1)
  }

  // MARK: Limits

  @Test func `zones have limits`() {
    let harness = TrackHarness()
    harness.connections.defaultZoneLimit = 2
    harness.connections.setLimit(1, ofZone: 5)
    harness.connections.setLimit(0, ofZone: 6)
    for port in 1...4 {
      for zone in UInt16(4)...6 {
        _ = harness.track(Hosts(clientPort: port).udp(), ct(zone: zone, commit: true))
      }
    }
    #expect(harness.connections.zoneCounts().map(\.count) == [2, 1, 4])
    #expect(harness.count(.zoneFull) == 5)
    #expect(harness.connections.limitedZones().map(\.zone) == [5, 6])
    #expect(harness.connections.limit(ofZone: 5) == ZoneLimit(zone: 5, limit: 1, count: 1))
    harness.connections.removeLimit(ofZone: 5)
    #expect(harness.connections.limit(ofZone: 5).limit == 2)
    // Over the limit a packet is new, and goes on.
    #expect(harness.track(Hosts(clientPort: 9).udp(), ct(zone: 4, commit: true)).text == "new|trk")
    var position: Int? = 0
    var flushed = 0
    while position != nil {
      flushed += harness.connections.flush(
        from: &position, passing: ConnectionFilter(zone: 4), nowMilliseconds: harness.now)
    }
    #expect(flushed == 2)
    _ = harness.track(Hosts(clientPort: 9).udp(), ct(zone: 4, commit: true))
    #expect(harness.connections.limit(ofZone: 4).count == 1)
  }

  @Test func `all connections together have a limit`() {
    let harness = TrackHarness()
    #expect(harness.connections.maximumCount == 3_000_000)
    #expect(harness.connections.setMaximumCount(3))
    #expect(!harness.connections.setMaximumCount(1 << 30))
    for port in 1...5 { _ = harness.track(Hosts(clientPort: port).udp(), commit) }
    #expect(harness.connections.count == 3 && harness.count(.tableFull) == 2)
  }

  @Test func `without memory a packet is new, and upkeep makes some`() {
    let harness = TrackHarness { $0.reservedConnectionCount = 1 }
    for port in 1...5_000 { _ = harness.track(Hosts(clientPort: port).udp(), commit) }
    #expect(harness.connections.count == 4_096 && harness.count(.noPlace) == 904)
    harness.harness.engine.maintainConnections(nowMilliseconds: harness.now) { _ in false }
    #expect(harness.track(Hosts(clientPort: 6_000).udp(), commit).text == "new|trk")
    #expect(harness.connections.count == 4_096)
    harness.harness.engine.maintainConnections(nowMilliseconds: harness.now)
    for port in 6_000..<7_000 { _ = harness.track(Hosts(clientPort: port).udp(), commit) }
    #expect(harness.connections.count == 5_096)
  }

  // MARK: Time

  @Test func `a connection ends when no packet comes for its timeout`() {
    let harness = TrackHarness()
    let hosts = Hosts()
    _ = harness.track(hosts.udp(), commit)
    #expect(harness.dump()[0].timeoutSeconds == 60)
    harness.now += 59_999
    #expect(harness.track(hosts.udp(reply: true), look).text == "est|rpl|trk")
    #expect(harness.dump()[0].timeoutSeconds == 30)
    harness.now += 30_000
    #expect(harness.dump().isEmpty)
    #expect(harness.track(hosts.udp(reply: true), look).text == "new|trk")
  }

  @Test func `the sweep removes what has ended`() {
    let harness = TrackHarness()
    for port in 1...300 { _ = harness.track(Hosts(clientPort: port).udp(), commit) }
    harness.now += 60_000
    #expect(harness.connections.count == 300)
    for _ in 0..<200 {
      harness.now += 100
      _ = harness.harness.send([], from: 1)
    }
    #expect(harness.connections.count == 0)
    #expect(harness.connections.zoneCounts().isEmpty)
  }

  @Test func `timeouts are those of the policy`() {
    let harness = TrackHarness()
    var policy = TimeoutPolicy(id: 7)
    policy[.udpFirst] = 5
    policy[.udpMultiple] = 9
    #expect(harness.connections.setPolicy(policy))
    #expect(harness.connections.policy(7) == policy && harness.connections.policy(8) == nil)
    let hosts = Hosts()
    _ = harness.track(hosts.udp(), ct(zone: 3, commit: true, timeout: "7"))
    #expect(harness.dump()[0].timeoutSeconds == 5)
    _ = harness.track(hosts.udp(reply: true), look)
    #expect(harness.dump()[0].timeoutSeconds == 9)
    #expect(harness.connections.removePolicy(7) && !harness.connections.removePolicy(7))
    _ = harness.track(hosts.udp(), look)
    #expect(harness.dump()[0].timeoutSeconds == 30)
    policy = TimeoutPolicy(id: 0)
    policy[.udpMultiple] = 11
    #expect(harness.connections.setPolicy(policy))
    _ = harness.track(Hosts(client: 8).udp(), commit)
    _ = harness.track(Hosts(client: 8).udp(reply: true), look)
    #expect(harness.dump().map(\.timeoutSeconds).max() == 30)
    #expect(harness.dump().map(\.timeoutSeconds).min() == 11)
    for id in UInt32(1)...400 { _ = harness.connections.setPolicy(TimeoutPolicy(id: id)) }
    #expect(harness.connections.policies().count == Tracker.maximumPolicyCount)
  }

  // MARK: Control

  @Test func `connections are found, counted and removed by tuple, mark and label`() {
    let harness = TrackHarness()
    for port in 1...100 {
      let label = UInt128(port % 2) << 70
      _ = harness.track(
        Hosts(isIPv6: port % 4 == 0, clientPort: port).udp(),
        ct(commit: true, mark: (UInt32(port), ~0), label: (label, ~0)))
    }
    #expect(harness.dump().count == 100)
    var filter = ConnectionFilter()
    filter.mark = (3, 3)
    #expect(harness.dump(filter).count == 25)
    filter.label = (UInt128(1) << 70, UInt128(1) << 70)
    #expect(harness.dump(filter).count == 25)
    filter.label = (0, UInt128(1) << 70)
    #expect(harness.dump(filter).isEmpty)
    let tuple = harness.dump()[0].original
    #expect(harness.connections.connection(tuple.reversed, nowMilliseconds: harness.now)?.original == tuple)
    #expect(harness.connections.flush(tuple.reversed, nowMilliseconds: harness.now))
    #expect(!harness.connections.flush(tuple, nowMilliseconds: harness.now))
    var position: Int? = 0
    var lengths: [Int] = []
    while position != nil { lengths += harness.connections.bucketLengths(from: &position) }
    #expect(lengths.count == harness.connections.bucketCount)
    #expect(lengths.reduce(0, +) == 99)
    #expect(lengths.max() ?? 0 < 12)
  }

  @Test func `places are used again`() {
    let harness = TrackHarness { $0.reservedConnectionCount = 1 }
    for round in 0..<3 {
      for port in 1...4_000 { _ = harness.track(Hosts(server: round + 2, clientPort: port).udp(), commit) }
      #expect(harness.connections.count == 4_000)
      var position: Int? = 0
      while position != nil { _ = harness.connections.flush(from: &position, nowMilliseconds: harness.now) }
      #expect(harness.connections.count == 0)
    }
    #expect(harness.count(.noPlace) == 0)
  }
}
