import Datapath
import TestSupport
import Testing

/// A tunnel header as a translator would prebuild it.
func tunnelHeader(
  _ kind: VportType, overIPv6: Bool = false, checksum: Bool = false, greFlags: Int = 0x2000,
  options: [UInt8] = []
) -> [UInt8] {
  var inner: [UInt8]
  switch kind {
  case .vxlan:
    inner =
      big(0, 2) + big(4789, 2) + [0, 0] + (checksum ? [0xff, 0xff] : [0, 0]) + [8, 0, 0, 0, 0, 0, 77, 0]
  case .geneve:
    inner = big(0, 2) + big(6081, 2) + [0, 0] + (checksum ? [0xff, 0xff] : [0, 0])
    inner += [UInt8(options.count / 4), 0, 0x65, 0x58, 0, 0, 77, 0] + options
  default:
    inner = big(greFlags, 2) + [0x65, 0x58]
    if greFlags & 0x8000 != 0 { inner += [0, 0, 0, 0] }
    if greFlags & 0x2000 != 0 { inner += [0, 0, 0, 77] }
    if greFlags & 0x1000 != 0 { inner += [0, 0, 0, 0] }
  }
  let proto = kind == .vxlan || kind == .geneve ? 17 : 47
  if overIPv6 {
    var packet = Build.ipv6(proto, inner, trafficClass: 0x15)
    (packet[4], packet[5]) = (0, 0)
    return Build.ethernet(0x86dd, packet)
  }
  var packet = Build.ipv4(proto, inner, from: 0xc0a8_0001, to: 0xc0a8_0002, tos: 0x15, fragment: 0x4000)
  for index in [2, 3, 4, 5, 10, 11] { packet[index] = 0 }
  return Build.ethernet(0x0800, packet)
}

struct TunnelCase: CustomTestStringConvertible {
  var kind: VportType
  var overIPv6 = false
  var checksum = false
  var greFlags = 0x2000
  var options: [UInt8] = []
  var testDescription: String {
    "kind \(kind.rawValue) ipv6 \(overIPv6) checksum \(checksum) gre \(String(greFlags, radix: 16)) options \(options.count)"
  }
  var header: [UInt8] {
    tunnelHeader(kind, overIPv6: overIPv6, checksum: checksum, greFlags: greFlags, options: options)
  }

  static let all: [TunnelCase] = [false, true].flatMap { overIPv6 in
    [
      TunnelCase(kind: .vxlan, overIPv6: overIPv6),
      TunnelCase(kind: .vxlan, overIPv6: overIPv6, checksum: true),
      TunnelCase(kind: .geneve, overIPv6: overIPv6),
      TunnelCase(
        kind: .geneve, overIPv6: overIPv6, checksum: true,
        options: [1, 2, 0x80, 1, 0xa, 0xb, 0xc, 0xd, 0, 3, 4, 0]),
      TunnelCase(kind: .gre, overIPv6: overIPv6, greFlags: 0x0000),
      TunnelCase(kind: .gre, overIPv6: overIPv6),
      TunnelCase(kind: .gre, overIPv6: overIPv6, greFlags: 0xb000),
    ]
  }
}

@Suite struct TunnelTests {
  /// An engine in which port 1 encapsulates to port 2, and port 2 decapsulates to a tunnel port.
  func makeHarness(_ tunnel: TunnelCase, capabilities: OffloadCapabilities = []) -> EngineHarness {
    let harness = EngineHarness(capabilities: capabilities)
    harness.add(VportMessage(number: DatapathPortNumber(10), type: tunnel.kind, name: "tunnel"))
    let push = TunnelPush(
      tunnelPort: DatapathPortNumber(10), outPort: DatapathPortNumber(2), kind: tunnel.kind,
      header: tunnel.header)
    #expect(
      harness.forward(1, [.tunnelPush(push), output(2)]).map(\.body) == [.error(0), .error(0), .error(0)])
    harness.forward(2, [.tunnelPop(DatapathPortNumber(10))])
    return harness
  }

  @Test(arguments: TunnelCase.all)
  func `what is pushed is valid, and what is popped is what was pushed`(tunnel: TunnelCase) throws {
    let harness = makeHarness(tunnel)
    for packet in [Build.udp4(), Build.tcp6([UInt8](repeating: 5, count: 101)), Build.arp()] {
      let sent = harness.send([packet])
      #expect(sent.count == 1)
      let outer = try #require(sent.first?.bytes)
      #expect(defects(outer) == [])
      #expect(Array(outer[(outer.count - packet.count)...]) == packet)
      #expect(outer.count == tunnel.header.count + packet.count)
      _ = harness.send([outer], from: 2)
      let upcall = try #require(harness.upcalls().first)
      #expect(upcall.message.packet == packet)
      let key = try #require(upcall.message.key)
      #expect(key.words[0] == 10 << 32)
      #expect(key.words[35] == (tunnel.kind == .gre && tunnel.greFlags & 0x2000 == 0 ? 0 : 77))
      #expect(key[word: 36, shift: 40, bitCount: 8] == 0x15)
      #expect(key[word: 36, shift: 32, bitCount: 8] == 64)
      if tunnel.overIPv6 {
        #expect(key.words[31] == 0x0101_0101_0101_0101 && key.words[34] == 0x0202_0202_0202_0202)
      } else {
        #expect(key.words[30] == 0xc0a8_0001_c0a8_0002)
      }
      #expect(key.tunnelOptionByteCount == tunnel.options.count)
      if !tunnel.options.isEmpty {
        #expect(key.words[62] == 0x0102_8001_0a0b_0c0d && key.words[63] == 0x0003_0400 << 32)
      }
    }
    #expect(harness.totalDrops == 0)
  }

  @Test(arguments: TunnelCase.all)
  func `truncated and changed tunnel packets are counted, and never trap`(tunnel: TunnelCase) throws {
    let harness = makeHarness(tunnel)
    let outer = try #require(harness.send([Build.udp4()]).first?.bytes)
    for count in 14..<outer.count { _ = harness.send([Array(outer[..<count])], from: 2) }
    #expect(harness.drops(.invalidTunnelHeader) > 0)
    var random = SeededRandom(seed: 3)
    for _ in 0..<500 {
      var packet = outer
      packet[random.below(tunnel.header.count)] = UInt8(random.below(256))
      _ = harness.send([packet], from: 2)
      _ = harness.upcalls()
    }
  }

  @Test(arguments: TunnelCase.all)
  func `a segment is cut behind its tunnel headers`(tunnel: TunnelCase) throws {
    for capabilities in [OffloadCapabilities.all, []] {
      let harness = makeHarness(tunnel, capabilities: capabilities)
      let payload = (0..<5000).map { UInt8(truncatingIfNeeded: $0) }
      let (packet, offload) = segment(payload, size: 1400)
      let sent = harness.send([packet], offload: offload)
      #expect(sent.count == 4)
      var collected: [UInt8] = []
      for part in sent {
        let bytes = completed(part)
        #expect(defects(bytes) == [])
        collected += bytes[(tunnel.header.count + 54)...]
        let harness = makeHarness(tunnel)
        _ = harness.send([bytes], from: 2)
        #expect(harness.upcalls().count == 1)
      }
      #expect(collected == payload)
      #expect(harness.totalDrops == 0)
    }
  }

  @Test func `a segment passes a tunnel whole where the port can carry it, and comes out whole`() throws {
    let tunnel = TunnelCase(kind: .vxlan)
    let harness = makeHarness(tunnel, capabilities: [.all, .tunnel])
    let (packet, offload) = segment([UInt8](repeating: 7, count: 30_000), size: 1400)
    let sent = harness.send([packet], offload: offload)
    #expect(sent.count == 1)
    let outer = try #require(sent.first)
    #expect(outer.offload.checksumStart == 50 + 34)
    var received = Offload()
    received.needsChecksum = true
    received.segmentation = .tcp4
    received.segmentByteCount = 1400
    received.checksumStart = outer.offload.checksumStart
    received.checksumOffset = 16
    var key = FlowKey()
    key.words[0] = 10 << 32
    var mask = FlowKey()
    mask.words[0] = ~0
    harness.request(.flow(.new, FlowMessage(key: key, mask: mask, actions: [output(3)])))
    let inner = harness.send([outer.bytes], from: 2, offload: received)
    #expect(inner.map(\.bytes) == [packet])
    #expect(inner.first?.offload.checksumStart == 34)
    #expect(inner.first?.offload.headerByteCount == 54)
  }

  @Test func `headers that are not what they say are refused`() {
    let harness = EngineHarness()
    for cut in 0..<50 {
      let header = Array(tunnelHeader(.vxlan)[..<cut])
      let push = TunnelPush(
        tunnelPort: DatapathPortNumber(1), outPort: DatapathPortNumber(2), kind: .vxlan, header: header)
      #expect(harness.forward(1, [.tunnelPush(push)]).first?.body == .error(22))
    }
  }
}

/// A TCP segment that its sender left uncut, with the information that says so.
func segment(_ payload: [UInt8], size: Int, overIPv6: Bool = false) -> (packet: [UInt8], offload: Offload) {
  var packet = overIPv6 ? Build.tcp6(payload, flags: 0x99) : Build.tcp4(payload, flags: 0x99)
  let transport = overIPv6 ? 54 : 34
  // A sender leaves the sum of the pseudo-header in the field.
  (packet[transport + 16], packet[transport + 17]) = (0, 0)
  let addresses = overIPv6 ? packet[22..<54] : packet[26..<34]
  let sum = ~internetChecksum(Array(addresses) + big(6, 4) + big(packet.count - transport, 4)) & 0xffff
  packet.replaceSubrange((transport + 16)..<(transport + 18), with: big(sum, 2))
  var offload = Offload()
  offload.needsChecksum = true
  offload.segmentation = overIPv6 ? .tcp6 : .tcp4
  offload.segmentByteCount = UInt16(size)
  offload.checksumStart = UInt16(transport)
  offload.checksumOffset = 16
  return (packet, offload)
}

/// What a device makes of a packet whose checksum was left to it.
func completed(_ packet: Sent) -> [UInt8] {
  guard packet.offload.needsChecksum else { return packet.bytes }
  var bytes = packet.bytes
  let start = Int(packet.offload.checksumStart)
  let field = start + Int(packet.offload.checksumOffset)
  let value = internetChecksum(Array(bytes[start...]))
  bytes.replaceSubrange(field..<(field + 2), with: big(value, 2))
  return bytes
}
