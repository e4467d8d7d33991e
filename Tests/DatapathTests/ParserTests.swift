import Datapath
import TestSupport
import Testing

@Suite struct ParserTests {
  let harness = EngineHarness { $0.tagLimit = 2 }

  @Test func `UDP over IPv4`() throws {
    let key = try #require(harness.key(Build.udp4()))
    #expect(key.words[0] == 4 << 32)
    #expect(key.words[1] == 0x0200_0000_000d_0800)
    #expect(key.words[2] == 0x0200_0000_0005_0000)
    #expect(key.words[3] == 0x0a00_0001_0a00_0002)
    #expect(key.words[4] == 17 << 56 | 64 << 40 | 1000 << 16 | 2000)
    #expect(key.words[5] == 0)
  }

  @Test func `TCP over IPv4 with options has its flags`() throws {
    let packet = Build.ethernet(
      0x0800, Build.ipv4(6, Build.tcp(80, 443, flags: 0x112, []), tos: 0xb9, ttl: 3, options: [1, 1, 1, 1]))
    let key = try #require(harness.key(packet))
    #expect(key.words[4] == 6 << 56 | 0xb9 << 48 | 3 << 40 | 80 << 16 | 443)
    #expect(key.words[5] == 0x112 << 48)
  }

  @Test func `fragments`() throws {
    let first = try #require(
      harness.key(Build.ethernet(0x0800, Build.ipv4(17, Build.udp(1, 2, []), fragment: 0x2000))))
    #expect(first.words[4] == 17 << 56 | 64 << 40 | 1 << 32 | 1 << 16 | 2)
    let later = try #require(
      harness.key(Build.ethernet(0x0800, Build.ipv4(17, Build.udp(1, 2, []), fragment: 0x0010))))
    #expect(later.words[4] == 17 << 56 | 64 << 40 | 3 << 32)
  }

  @Test func `two tags`() throws {
    let packet = Build.ethernet(
      0x0800, Build.ipv4(17, Build.udp(1, 2, [])), tags: [(0x88a8, 0x2005), (0x8100, 0x0007)])
    let key = try #require(harness.key(packet))
    #expect(key.words[2] & 0xffff == 0x3005)
    #expect(key.words[5] == 0x88a8 << 32 | 0x1007 << 16 | 0x8100)
    #expect(key.words[1] & 0xffff == 0x0800)
  }

  @Test func `a tag beyond the limit is a payload`() throws {
    let packet = Build.ethernet(
      0x0800, Build.ipv4(17, Build.udp(1, 2, [])), tags: [(0x8100, 5), (0x8100, 7)])
    let key = try #require(EngineHarness().key(packet))
    #expect(key.words[2] & 0xffff == 0x1005)
    #expect(key.words[1] & 0xffff == 0x8100)
    #expect(key.words[3] == 0)
  }

  @Test func `ARP`() throws {
    let key = try #require(harness.key(Build.arp(2)))
    #expect(key.words[3] == 0x0a00_0001_0a00_0002)
    #expect(key.words[4] == 2 << 56)
    #expect(key.words[17] == 0x0200_0000_0005_0000)
    #expect(key.words[18] == 0)
  }

  @Test func `IPv6 with extension headers`() throws {
    let udp = Build.udp(5, 6, [])
    let hops: [UInt8] = [44, 0, 0, 0, 0, 0, 0, 0]
    let fragment: [UInt8] = [17, 0, 0, 1, 0, 0, 0, 9]
    let packet = Build.ethernet(
      0x86dd, Build.ipv6(0, hops + fragment + udp, trafficClass: 0xab, label: 0x12345))
    let key = try #require(harness.key(packet))
    #expect(key.words[10] == 0x0101_0101_0101_0101)
    #expect(key.words[13] == 0x0202_0202_0202_0202)
    #expect(key.words[14] == 0x12345 << 32)
    #expect(key.words[4] == 17 << 56 | 0xab << 48 | 64 << 40 | 1 << 32 | 5 << 16 | 6)
  }

  @Test func `neighbour solicitation`() throws {
    let key = try #require(harness.key(Build.solicitation()))
    #expect(key.words[4] & 0xffff_ffff == 135 << 16)
    #expect(key.words[15] == 0x0909_0909_0909_0909)
    #expect(key.words[16] == 0x0909_0909_0909_0909)
    #expect(key.words[17] == 0x0200_0000_0005_0100)
  }

  @Test func `neighbour discovery options that are cut off or repeated`() throws {
    func solicitation(_ options: [UInt8]) -> [UInt8] {
      let message: [UInt8] = [135, 0, 0, 0, 0, 0, 0, 0] + [UInt8](repeating: 9, count: 16) + options
      return Build.ethernet(0x86dd, Build.ipv6(58, message))
    }
    let empty = try #require(harness.key(solicitation([1, 0] + Build.source)))
    #expect(empty.words[15] == 0x0909_0909_0909_0909)
    #expect(empty.words[17] == 0)
    let twice = try #require(harness.key(solicitation([1, 1] + Build.source + [1, 1] + Build.source)))
    #expect(twice.words[15] == 0 && twice.words[17] == 0)
    #expect(twice.words[4] & 0xffff_ffff == 135 << 16)
  }

  @Test func `an IPv6 extension header that is cut off leaves the addresses alone`() throws {
    let packet = Build.ethernet(0x86dd, Build.ipv6(0, [17, 5, 0, 0, 0, 0, 0, 0] + Build.udp(5, 6, [])))
    let key = try #require(harness.key(packet))
    #expect(key.words[10] == 0x0101_0101_0101_0101)
    #expect(key.words[4] == 0)
  }

  @Test func `later IPv6 fragments have the protocol of the fragment header`() throws {
    let packet = Build.ethernet(0x86dd, Build.ipv6(44, [17, 0, 0, 0x10, 0, 0, 0, 9] + Build.udp(5, 6, [])))
    let key = try #require(harness.key(packet))
    #expect(key.words[4] == 44 << 56 | 64 << 40 | 3 << 32)
  }

  @Test func `padding of any length is ignored`() throws {
    let packet = Build.udp4() + [UInt8](repeating: 0, count: 300)
    #expect(try #require(harness.key(packet)) == #require(harness.key(Build.udp4())))
  }

  @Test func `MPLS labels up to the bottom of the stack`() throws {
    let key = try #require(harness.key(Build.ethernet(0x8847, big(0x1040, 4) + big(0x2140, 4) + [0x45])))
    #expect(key.words[20] == 0x1040 << 32 | 0x2140)
    #expect(key.words[21] == 0)
  }

  @Test func `802.2 frames`() throws {
    let plain = try #require(harness.key(Build.ethernet(0x0026, [UInt8](repeating: 0x42, count: 46))))
    #expect(plain.etherType == missingEtherType())
    let snap = try #require(
      harness.key(
        Build.ethernet(0x0030, [0xaa, 0xaa, 3, 0, 0, 0, 8, 0] + Build.ipv4(17, Build.udp(1, 2, [])))))
    #expect(snap.etherType == 0x0800)
    #expect(snap.words[4] >> 56 == 17)
  }

  @Test func `every truncation of a packet has a key that agrees with the whole as far as it goes`() throws {
    for packet in [Build.udp4(), Build.tcp6(), Build.solicitation(), Build.arp()] {
      let whole = try #require(harness.key(packet))
      for count in 14..<packet.count {
        let key = try #require(harness.key(Array(packet[..<count])))
        #expect(key.words[1] == whole.words[1])
        #expect(key.words[2] == whole.words[2])
        // The IP length no longer fits, so nothing beyond Ethernet may be told.
        if key.etherType != 0x0806 { #expect(key.words[3] == 0 && key.words[4] & 0xffff_ffff == 0) }
      }
    }
  }

  @Test func `packets shorter than an Ethernet header are dropped and counted`() {
    #expect(harness.send([[UInt8](repeating: 0, count: 13)]) == [])
    #expect(harness.drops(.invalidLength) == 1)
  }

  @Test func `random and changed bytes never trap`() {
    var random = SeededRandom(seed: 11)
    let seeds = [Build.udp4(), Build.tcp6(), Build.solicitation(), Build.arp(), Build.tcp4()]
    for _ in 0..<3_000 {
      var packet = seeds[random.below(seeds.count)]
      for _ in 0..<random.below(8) { packet[random.below(packet.count)] = UInt8(random.below(256)) }
      packet.removeLast(random.below(packet.count - 13))
      _ = harness.key(packet)
    }
    for _ in 0..<1_000 {
      _ = harness.key((0..<(14 + random.below(80))).map { _ in UInt8(random.below(256)) })
    }
  }
}
