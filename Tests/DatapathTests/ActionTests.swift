import Datapath
import TestSupport
import Testing

@Suite struct ActionTests {
  /// Sends one packet through actions and returns what leaves.
  func run(_ packet: [UInt8], _ actions: [DatapathAction], offload: Offload = Offload()) -> [Sent] {
    let harness = EngineHarness()
    #expect(harness.forward(1, actions).map(\.body) == [.error(0), .error(0), .error(0)])
    return harness.send([packet], offload: offload)
  }

  @Test func `Ethernet addresses, whole and in part`() {
    let whole = run(
      Build.udp4(), [set(.ethernet, (1, 16, 48, 0x0a0b_0c0d_0e0f), (2, 16, 8, 0x77)), output(2)])
    #expect(
      whole.first.map { Array($0.bytes[..<12]) } == [0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 2, 0, 0, 0, 0, 0x77])
  }

  @Test(arguments: [Build.udp4(), Build.tcp4(), Build.udp4([])])
  func `IPv4 fields keep all checksums right`(packet: [UInt8]) {
    let actions = [
      set(.ipv4, (3, 32, 32, 0xc0a8_0101), (3, 0, 32, 0x0808_0808), (4, 48, 8, 0xb8), (4, 40, 8, 9)),
      output(2),
    ]
    let sent = run(packet, actions).first?.bytes ?? []
    #expect(defects(sent) == [])
    #expect(Array(sent[26..<34]) == [192, 168, 1, 1, 8, 8, 8, 8])
    #expect(sent[15] == 0xb8 && sent[22] == 9)
  }

  @Test(arguments: [Build.udp6(), Build.tcp6(), Build.solicitation()])
  func `IPv6 fields keep all checksums right`(packet: [UInt8]) {
    let actions = [
      set(
        .ipv6, (10, 0, 64, 0xfe80_0000_0000_0000), (12, 0, 64, 5), (13, 0, 64, 6), (14, 32, 20, 0xabcde),
        (4, 48, 8, 0x12), (4, 40, 8, 7)), output(2),
    ]
    let sent = run(packet, actions).first?.bytes ?? []
    #expect(defects(sent) == [])
    #expect(Array(sent[14..<18]) == [0x61, 0x2a, 0xbc, 0xde])
    #expect(sent[21] == 7)
    #expect(Array(sent[22..<30]) == [0xfe, 0x80, 0, 0, 0, 0, 0, 0])
  }

  @Test func `ports`() {
    let udp = run(Build.udp4(), [set(.udp, (4, 16, 16, 5353), (4, 0, 16, 99)), output(2)]).first?.bytes ?? []
    #expect(defects(udp) == [])
    #expect(Array(udp[34..<38]) == big(5353, 2) + big(99, 2))
    let tcp = run(Build.tcp6(), [set(.tcp, (4, 0, 16, 99)), output(2)]).first?.bytes ?? []
    #expect(defects(tcp) == [])
    #expect(Array(tcp[54..<58]) == big(80, 2) + big(99, 2))
  }

  @Test func `a UDP packet without checksum stays without`() {
    var packet = Build.udp4()
    (packet[40], packet[41]) = (0, 0)
    let sent =
      run(packet, [set(.udp, (4, 0, 16, 99)), set(.ipv4, (3, 0, 32, 5)), output(2)]).first?.bytes ?? []
    #expect(Array(sent[40..<42]) == [0, 0])
    #expect(defects(sent) == [])
  }

  @Test func `SCTP's checksum follows its ports`() {
    func sctp(_ source: Int) -> [UInt8] {
      var message = big(source, 2) + big(7, 2) + [1, 2, 3, 4, 0, 0, 0, 0, 9, 9, 9, 9]
      var crc: UInt32 = ~0
      for byte in message {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc & 1 != 0 ? crc >> 1 ^ 0x82f6_3b78 : crc >> 1 }
      }
      message.replaceSubrange(8..<12, with: big(Int((~crc).byteSwapped), 4))
      return Build.ethernet(0x0800, Build.ipv4(132, message))
    }
    #expect(run(sctp(5), [set(.sctp, (4, 16, 16, 6)), output(2)]).map(\.bytes) == [sctp(6)])
  }

  @Test func `ARP and neighbour discovery`() {
    let arp = run(
      Build.arp(),
      [set(.arp, (3, 32, 32, 0x0101_0101), (4, 56, 8, 2), (18, 16, 48, 0x0203_0405_0607)), output(2)])
    #expect(
      arp.first.map { Array($0.bytes[14...]) } == [0, 1, 8, 0, 6, 4, 0, 2] + Build.source + [1, 1, 1, 1]
        + [2, 3, 4, 5, 6, 7, 10, 0, 0, 2])
    let nd = run(
      Build.solicitation(),
      [set(.neighborDiscovery, (16, 0, 64, 3), (17, 16, 48, 0x0a0a_0a0a_0a0a)), output(2)])
    let bytes = nd.first?.bytes ?? []
    #expect(defects(bytes) == [])
    #expect(Array(bytes[70..<78]) == [0, 0, 0, 0, 0, 0, 0, 3])
    #expect(Array(bytes[80..<86]) == [10, 10, 10, 10, 10, 10])
  }

  @Test func `tags are pushed and popped, and earlier outputs keep their bytes`() {
    let packet = Build.udp4()
    let sent = run(
      packet,
      [
        output(2), .pushVLAN(tpid: 0x8100, tci: 0x3005), output(3), .pushVLAN(tpid: 0x88a8, tci: 0x1006),
        output(4),
        .popVLAN, .popVLAN, .popVLAN, output(1),
      ])
    func on(_ port: UInt32) -> [[UInt8]] { sent.filter { $0.port == port }.map(\.bytes) }
    #expect(on(2) == [packet])
    #expect(on(3) == [Array(packet[..<12]) + [0x81, 0, 0x20, 5] + packet[12...]])
    #expect(on(4) == [Array(packet[..<12]) + [0x88, 0xa8, 0, 6, 0x81, 0, 0x20, 5] + packet[12...]])
    #expect(on(1) == [packet])
  }

  @Test func `fields are rewritten behind a pushed tag and without a popped one`() {
    let pushed = run(
      Build.tcp4(), [.pushVLAN(tpid: 0x8100, tci: 0x1005), set(.ipv4, (3, 0, 32, 7)), output(2)]
    ).first?.bytes
    #expect(pushed.map { defects($0) } == [])
    let popped = run(
      Build.ethernet(0x0800, Array(Build.tcp4()[14...]), tags: [(0x8100, 5)]),
      [.popVLAN, set(.ipv4, (3, 0, 32, 7)), set(.tcp, (4, 0, 16, 7)), output(2)]
    ).first?.bytes
    #expect(popped.map { defects($0) } == [])
    #expect(popped?.count == Build.tcp4().count)
  }

  @Test func `MPLS labels are pushed and popped`() {
    let packet = Build.udp4()
    let pushed =
      run(packet, [.pushMPLS(entry: 0x0001_0140, etherType: 0x8847), output(2)]).first?.bytes ?? []
    #expect(pushed == Array(packet[..<12]) + [0x88, 0x47, 0, 1, 1, 0x40] + packet[14...])
    #expect(
      run(pushed, [.popMPLS(etherType: 0x0800), set(.ipv4, (4, 40, 8, 3)), output(2)]).first.map {
        defects($0.bytes)
      }
        == [])
    #expect(run(pushed, [.popMPLS(etherType: 0x0800), output(2)]).map(\.bytes) == [packet])
  }

  @Test func `truncation lasts, copies are independent, and a drop ends it`() {
    let packet = Build.udp4([UInt8](repeating: 1, count: 100))
    let sent = run(
      packet,
      [
        .clone([.truncate(maximumByteCount: 40), .pushVLAN(tpid: 0x8100, tci: 0x1001), output(2)]), output(3),
        .truncate(maximumByteCount: 50), output(4), .drop(reason: 1), output(1),
      ])
    #expect(sent.map { "\($0.port):\($0.bytes.count)" }.sorted() == ["2:40", "3:142", "4:50"])
  }

  @Test func `sampling always, never and sometimes`() {
    let harness = EngineHarness()
    harness.forward(
      1,
      [
        .sample(probability: 0xffff_ffff, actions: [output(2)]),
        .sample(probability: 0, actions: [output(3)]),
        .sample(probability: 0x8000_0000, actions: [output(4)]),
      ])
    var count = [UInt32: Int]()
    for _ in 0..<100 {
      for packet in harness.send((0..<10).map { _ in Build.udp4() }) { count[packet.port, default: 0] += 1 }
    }
    #expect(count[2] == 1000)
    #expect(count[3] == nil)
    #expect((400...600).contains(count[4] ?? 0))
  }

  @Test func `the length of a packet chooses`() {
    let actions: [DatapathAction] = [
      .checkPacketLength(threshold: 100, greater: [output(2)], lessOrEqual: [output(3)]), output(4),
    ]
    #expect(run(Build.udp4([UInt8](repeating: 0, count: 200)), actions).map(\.port).sorted() == [2, 4])
    #expect(run(Build.udp4(), actions).map(\.port).sorted() == [3, 4])
  }

  @Test func `the TTL goes down, and exhausted packets go elsewhere`() {
    let actions: [DatapathAction] = [.decrementTTL(exhausted: [output(3)]), output(2)]
    let sent = run(Build.udp4(), actions)
    #expect(sent.map(\.port) == [2])
    #expect(sent.first?.bytes[22] == 63)
    #expect(sent.first.map { defects($0.bytes) } == [])
    let old = Build.ethernet(0x0800, Build.ipv4(17, Build.udp(1, 2, []), ttl: 1))
    #expect(run(old, actions) == [Sent(port: 3, bytes: old)])
  }

  @Test func `recirculation looks the changed packet up under another id`() {
    let harness = EngineHarness()
    harness.forward(
      1, [.pushVLAN(tpid: 0x8100, tci: 0x1005), .hash(algorithm: 0, basis: 3), .recirculate(9), output(2)])
    harness.forward(1, [.popVLAN, output(3)], recirculation: 9)
    let packet = Build.udp4()
    let sent = harness.send([packet])
    #expect(sent.first { $0.port == 3 }?.bytes == packet)
    #expect(sent.first { $0.port == 2 }?.bytes.count == packet.count + 4)
    harness.request(.flow(.delete, FlowMessage()))
    harness.forward(1, [.hash(algorithm: 0, basis: 3), .recirculate(9)])
    _ = harness.send([packet])
    let key = harness.upcalls().first?.message.key
    #expect(key?.words[0] == 1 << 32 | 9)
    #expect((key?.words[8] ?? 0) >> 32 != 0)
  }

  @Test func `endless recirculation ends`() {
    let harness = EngineHarness()
    harness.forward(1, [.recirculate(0), output(2)])
    #expect(harness.send([Build.udp4()]).count == 7)
    #expect(harness.drops(.recirculationTooDeep) == 1)
  }

  @Test func `userspace gets the packet as it is by then, its key and the user data`() {
    let harness = EngineHarness()
    let cookie = UserspaceCookie(.slowPath(.controller), inPort: 7).encode()
    harness.forward(
      1,
      [
        set(.ipv4, (3, 0, 32, 0x0505_0505)), .userspace(UserspaceAction(processID: 8, userData: cookie)),
        output(2),
      ])
    _ = harness.send([Build.udp4()])
    let upcall = harness.upcalls().first
    #expect(upcall?.command == .action)
    #expect(upcall?.message.userData == cookie)
    #expect(upcall?.message.key?.words[3] == 0x0a00_0001_0505_0505)
    #expect(upcall.map { defects($0.message.packet) } == [])
  }

  @Test func `actions on packets that lack the header change nothing`() {
    let packet = Build.arp()
    #expect(
      run(packet, [set(.ipv4, (3, 0, 32, 7)), set(.tcp, (4, 0, 16, 7)), output(2)]).map(\.bytes) == [packet])
    #expect(run(packet, [.popMPLS(etherType: 0x800), output(2)]) == [])
  }

  @Test func `random actions on random packets neither trap nor lose buffers`() {
    var random = SeededRandom(seed: 5)
    let harness = EngineHarness {
      $0.smallSlotCount = 96
      $0.largeSlotCount = 0
    }
    let seeds = [Build.udp4(), Build.tcp6(), Build.solicitation(), Build.arp(), Build.tcp4(), Build.udp6()]
    let kinds: [KeyAttribute] = [
      .ethernet, .ipv4, .ipv6, .tcp, .udp, .sctp, .icmp, .icmpv6, .arp, .neighborDiscovery, .mpls, .mark,
      .tunnel,
    ]
    func actions(_ depth: Int) -> [DatapathAction] {
      (0..<(1 + random.below(5))).map { _ in
        var key = FlowKey()
        for word in 0..<44 { key.words[word] = random.next() }
        switch random.below(depth > 3 ? 10 : 14) {
        case 0: return output(UInt32(random.below(6)))
        case 1: return .pushVLAN(tpid: 0x8100, tci: 0x1000 | UInt16(random.below(4096)))
        case 2: return .popVLAN
        case 3: return .pushMPLS(entry: UInt32(truncatingIfNeeded: random.next()), etherType: 0x8847)
        case 4: return .popMPLS(etherType: [0x0800, 0x86dd, 0x8847][random.below(3)])
        case 5: return .truncate(maximumByteCount: UInt32(random.below(100)))
        case 6: return .recirculate(UInt32(random.below(2)))
        case 7: return .userspace(UserspaceAction(userData: [1, 2, 3]))
        case 8: return .tunnelPop(DatapathPortNumber(UInt32(random.below(6))))
        case 9: return .set(SetAction(kinds[random.below(kinds.count)], value: key, mask: key))
        case 10: return .clone(actions(depth + 1))
        case 11: return .sample(probability: 0x8000_0000, actions: actions(depth + 1))
        case 12: return .decrementTTL(exhausted: actions(depth + 1))
        default:
          return .checkPacketLength(
            threshold: 60, greater: actions(depth + 1), lessOrEqual: actions(depth + 1))
        }
      }
    }
    for _ in 0..<400 {
      harness.forward(1, actions(0))
      harness.forward(1, actions(0), recirculation: 1)
      for _ in 0..<4 {
        var packet = seeds[random.below(seeds.count)]
        if random.below(2) == 0 { packet[random.below(packet.count)] = UInt8(random.below(256)) }
        if random.below(4) == 0 { packet.removeLast(random.below(packet.count - 13)) }
        _ = harness.send([packet, packet])
      }
      _ = harness.upcalls()
    }
    harness.request(.flow(.delete, FlowMessage()))
    harness.forward(1, [output(2)])
    for _ in 0..<3 { #expect(harness.send((0..<32).map { _ in Build.udp4() }).count == 32) }
  }
}
