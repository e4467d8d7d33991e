import TestSupport
import Testing

@testable import Datapath

@Suite struct TranslationTests {
  private let apply = ct(nat: nat())

  private func address(_ number: Int, _ isIPv6: Bool) -> [UInt8] { Hosts.address(number, isIPv6: isIPv6) }

  @Test(arguments: [false, true], [6, 17])
  func `a source is translated, and its answers back`(isIPv6: Bool, proto: Int) {
    let harness = TrackHarness()
    var hosts = Hosts(isIPv6: isIPv6)
    let first = proto == 6 ? hosts.tcp(2, sequence: 100) : hosts.udp()
    let sent = harness.track(first, ct(commit: true, nat: nat(.source, address(200, isIPv6))))
    #expect(sent.text == "new|trk|snat")
    #expect(sent.addresses == [address(200, isIPv6), address(2, isIPv6)])
    #expect(sent.ports == [1000, 80])
    #expect(defects(sent.bytes) == [])
    hosts.client = 200
    let back =
      proto == 6 ? hosts.tcp(reply: true, 0x12, sequence: 5, acknowledgment: 101) : hosts.udp(reply: true)
    let received = harness.track(back, apply)
    #expect(received.text == "est|rpl|trk|dnat")
    #expect(received.addresses == [address(2, isIPv6), address(1, isIPv6)])
    #expect(defects(received.bytes) == [])
    // Looked at without translation the packet stays as it is.
    let seen = harness.track(back, ct())
    #expect(seen.text == "est|rpl|trk" && seen.addresses[1] == address(200, isIPv6))
    #expect(harness.dump().count == 1)
  }

  @Test(arguments: [false, true])
  func `a destination is translated with its port`(isIPv6: Bool) {
    let harness = TrackHarness()
    var hosts = Hosts(isIPv6: isIPv6)
    let action = ct(commit: true, nat: nat(.destination, address(50, isIPv6), ports: 8080...8080))
    let sent = harness.track(hosts.tcp(2, sequence: 1), action)
    #expect(sent.text == "new|trk|dnat")
    #expect(sent.addresses == [address(1, isIPv6), address(50, isIPv6)] && sent.ports == [1000, 8080])
    #expect(defects(sent.bytes) == [])
    hosts.server = 50
    hosts.serverPort = 8080
    let received = harness.track(hosts.tcp(reply: true, 0x12, sequence: 5, acknowledgment: 2), apply)
    #expect(received.text == "est|rpl|trk|snat")
    #expect(received.addresses == [address(2, isIPv6), address(1, isIPv6)] && received.ports == [80, 1000])
    #expect(defects(received.bytes) == [])
  }

  @Test(arguments: [false, true])
  func `an echo is translated`(isIPv6: Bool) {
    let harness = TrackHarness()
    var hosts = Hosts(isIPv6: isIPv6)
    let sent = harness.track(hosts.echo(), ct(commit: true, nat: nat(.source, address(200, isIPv6))))
    #expect(sent.addresses[0] == address(200, isIPv6) && defects(sent.bytes) == [])
    hosts.client = 200
    let received = harness.track(hosts.echo(reply: true), apply)
    #expect(received.addresses[1] == address(1, isIPv6) && received.text == "est|rpl|trk|dnat")
    #expect(defects(received.bytes) == [])
  }

  @Test(arguments: [false, true], [6, 17])
  func `of an error the packet within is translated too`(isIPv6: Bool, proto: Int) {
    let harness = TrackHarness()
    let hosts = Hosts(isIPv6: isIPv6)
    let first = proto == 6 ? hosts.tcp(2, sequence: 100) : hosts.udp()
    let sent = harness.track(
      first, ct(commit: true, nat: nat(.source, address(200, isIPv6), ports: 5000...5000)))
    let received = harness.track(hosts.error(about: sent.bytes), apply)
    #expect(received.text == "rel|rpl|trk|dnat")
    #expect(received.addresses == [address(99, isIPv6), address(1, isIPv6)])
    #expect(defects(received.bytes) == [])
    let network = isIPv6 ? 40 : 20
    // What is within is what the client has sent.
    #expect(Array(received.bytes[(14 + network + 8)...]) == Array(first[14...]))
  }

  @Test func `ports are taken from the range until it is exhausted`() {
    let harness = TrackHarness()
    let action = ct(commit: true, nat: nat(.source, [10, 0, 0, 200], ports: 4000...4009))
    var ports: Set<Int> = []
    for client in 1...10 { ports.insert(harness.track(Hosts(client: client).udp(), action).ports[0]) }
    #expect(ports == Set(4000...4009))
    let last = harness.track(Hosts(client: 11).udp(), action)
    #expect(last.text == "new|trk" && last.addresses[0] == [10, 0, 0, 11])
    #expect(harness.count(.exhausted) == 1 && harness.connections.count == 10)
    // Another server is another tuple.
    #expect(harness.track(Hosts(client: 11, server: 3).udp(), action).text == "new|trk|snat")
  }

  @Test func `a port stays as it is if it can, and is of its class otherwise`() {
    let harness = TrackHarness()
    let action = ct(commit: true, nat: nat(.source, [10, 0, 0, 200]))
    for (port, range) in [(100, 1...511), (700, 600...1023), (5000, 1024...65_535)] {
      #expect(harness.track(Hosts(client: 1, clientPort: port).udp(), action).ports[0] == port)
      let other = harness.track(Hosts(client: 2, clientPort: port).udp(), action).ports[0]
      #expect(other != port && range.contains(other))
    }
  }

  @Test func `without an address ports keep connections apart`() {
    let harness = TrackHarness()
    // Two clients of two zones that meet in a third.
    let action = ct(zone: 9, commit: true, nat: nat(.source))
    let first = harness.track(Hosts().udp(), action)
    #expect(
      first.text == "new|trk|snat" && first.addresses[0] == [10, 0, 0, 1] && first.ports == [1000, 80])
    // The same answers would come to a connection of the other direction.
    let other = harness.track(
      Hosts(client: 2, server: 1, clientPort: 80, serverPort: 1000).udp(), ct(zone: 9))
    #expect(other.text == "est|rpl|trk")
    #expect(harness.dump().count == 1)
    _ = harness.track(
      Hosts(client: 5).udp(), ct(zone: 9, commit: true, nat: nat(.destination, [10, 0, 0, 7])))
    let clash = harness.track(Hosts(client: 5, server: 7).udp(), action)
    #expect(clash.text == "new|trk|snat" && clash.addresses == [[10, 0, 0, 5], [10, 0, 0, 7]])
    #expect(clash.ports[0] != 1000 && clash.ports[1] == 80)
  }

  @Test func `addresses of a range are used, and one client's stays with persistence`() {
    let harness = TrackHarness()
    var translation = nat(.source, [10, 0, 1, 0], [10, 0, 1, 15])
    var used: Set<[UInt8]> = []
    for client in 1...200 {
      used.insert(harness.track(Hosts(client: client).udp(), ct(commit: true, nat: translation)).addresses[0])
    }
    #expect(used.count == 16 && used.allSatisfy { $0[2] == 1 && $0[3] < 16 })
    translation.isPersistent = true
    used = []
    for port in 1...50 {
      let hosts = Hosts(client: 300, server: port, clientPort: port)
      used.insert(harness.track(hosts.udp(), ct(commit: true, nat: translation)).addresses[0])
    }
    #expect(used.count == 1)
  }

  @Test func `IPv6 ranges carry over the low half`() {
    let harness = TrackHarness()
    let lowest = [UInt8](repeating: 0, count: 7) + [1] + [UInt8](repeating: 0xff, count: 8)
    let highest = [UInt8](repeating: 0, count: 7) + [2] + [UInt8](repeating: 0, count: 8)
    var used: Set<[UInt8]> = []
    for client in 1...40 {
      let hosts = Hosts(isIPv6: true, client: client)
      used.insert(
        harness.track(hosts.udp(), ct(commit: true, nat: nat(.source, lowest, highest))).addresses[0])
    }
    #expect(used == [lowest, highest])
  }

  @Test func `a packet is translated once in a zone, and found again by what it was`() {
    let harness = TrackHarness()
    let action = ct(commit: true, nat: nat(.source, [10, 0, 0, 200]))
    _ = harness.track(Hosts().udp(), action)
    let twice = harness.track(Hosts().udp(), apply, apply)
    #expect(twice.text == "new|trk|snat" && twice.addresses[0] == [10, 0, 0, 200])
    let zones = harness.track(
      Hosts().udp(), apply, ct(zone: 1, commit: true, nat: nat(.source, [10, 0, 0, 201])))
    #expect(zones.text == "new|trk|snat" && zones.addresses[0] == [10, 0, 0, 201])
    #expect(zones.key[.ctSource] == 0x0a00_00c8)
  }

  @Test func `hairpin: a client reaches itself through its outer address`() {
    let harness = TrackHarness()
    // Destination and source are translated in two zones.
    let inward = ct(zone: 1, commit: true, nat: nat(.destination, [10, 0, 0, 1], ports: 80...80))
    let outward = ct(zone: 2, commit: true, nat: nat(.source, [10, 0, 0, 254]))
    let hosts = Hosts(server: 200)
    let sent = harness.track(hosts.tcp(2, sequence: 1), inward, outward)
    #expect(sent.addresses == [[10, 0, 0, 254], [10, 0, 0, 1]] && defects(sent.bytes) == [])
    let back = Hosts(client: 254, server: 1).tcp(reply: true, 0x12, sequence: 1, acknowledgment: 2)
    let received = harness.track(back, ct(zone: 2, nat: nat()), ct(zone: 1, nat: nat()))
    #expect(received.addresses == [[10, 0, 0, 200], [10, 0, 0, 1]] && received.text == "est|rpl|trk|snat")
    #expect(defects(received.bytes) == [])
  }

  @Test func `what is left of a checksum stays left`() {
    let harness = TrackHarness()
    var offload = Offload()
    offload.needsChecksum = true
    offload.checksumStart = 34
    offload.checksumOffset = 6
    var packet = Hosts().udp()
    // Only the pseudo header is in the checksum yet.
    let pseudo = ~internetChecksum(Array(packet[26..<34]) + [0, 17] + big(packet.count - 34, 2)) & 0xffff
    packet.replaceSubrange(40..<42, with: big(pseudo, 2))
    harness.harness.forward(
      1, [.connectionTrack(ct(commit: true, nat: nat(.source, [10, 0, 0, 200]))), output(2)])
    let sent = harness.harness.send([packet], from: 1, offload: offload)
    #expect(sent.count == 1 && defects(sent.first?.bytes ?? []) == [])
    #expect(harness.connections.count == 1)
  }

  @Test func `removing a translated connection frees its tuple`() {
    let harness = TrackHarness()
    let action = ct(commit: true, nat: nat(.source, [10, 0, 0, 200], ports: 4000...4000))
    for client in 1...5 {
      #expect(harness.track(Hosts(client: client).udp(), action).text == "new|trk|snat")
      let tuple = harness.dump()[0].original
      #expect(harness.connections.flush(tuple, nowMilliseconds: harness.now))
    }
    #expect(harness.track(Hosts(client: 200, clientPort: 4000).udp(reply: true), apply).text == "new|trk")
  }
}
