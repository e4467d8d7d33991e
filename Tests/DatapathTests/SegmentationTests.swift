import Datapath
import TestSupport
import Testing

@Suite struct SegmentationTests {
  @Test(arguments: [false, true], [OffloadCapabilities.checksum, []])
  func `TCP segments are cut as hardware cuts them`(overIPv6: Bool, capabilities: OffloadCapabilities) {
    let harness = EngineHarness(capabilities: capabilities)
    harness.forward(1, [.pushVLAN(tpid: 0x8100, tci: 0x1009), output(2)])
    let payload = (0..<64_000).map { UInt8(truncatingIfNeeded: $0 >> 3) }
    let (packet, offload) = segment(payload, size: 1448, overIPv6: overIPv6)
    let parts = harness.send([packet], offload: offload)
    #expect(parts.count == 45)
    let headers = 18 + (overIPv6 ? 40 : 20) + 20
    var collected: [UInt8] = []
    for (index, part) in parts.enumerated() {
      #expect(part.offload.needsChecksum == capabilities.contains(.checksum))
      let bytes = completed(part)
      #expect(defects(bytes) == [])
      let sequence = bytes[(headers - 16)..<(headers - 12)].reduce(0) { $0 << 8 | Int($1) }
      #expect(sequence == 1000 + 1448 * index)
      let flags = bytes[headers - 7]
      #expect(flags == 0x10 | (index == 0 ? 0x80 : 0) | (index == 44 ? 0x09 : 0))
      collected += bytes[headers...]
    }
    #expect(collected == payload)
  }

  @Test func `a port that can takes the segment whole`() {
    let harness = EngineHarness(capabilities: .all)
    harness.forward(1, [output(2)])
    let (packet, offload) = segment([UInt8](repeating: 1, count: 65_000), size: 1448)
    let sent = harness.send([packet], offload: offload)
    #expect(sent.map(\.bytes) == [packet])
    #expect(sent.first?.offload.segmentation == .tcp4)
    #expect(sent.first?.offload.segmentByteCount == 1448)
    #expect(sent.first?.offload.headerByteCount == 54)
  }

  @Test func `UDP datagrams are cut`() {
    let harness = EngineHarness()
    harness.forward(1, [output(2)])
    var offload = Offload()
    offload.needsChecksum = true
    offload.segmentation = .udp
    offload.segmentByteCount = 1000
    offload.checksumStart = 34
    offload.checksumOffset = 6
    let sent = harness.send([Build.udp4([UInt8](repeating: 3, count: 2500))], offload: offload)
    #expect(sent.map(\.bytes.count) == [1042, 1042, 542])
    for part in sent { #expect(defects(part.bytes) == []) }
  }

  @Test func `addresses of a packet whose checksum is not complete can change`() {
    let harness = EngineHarness()
    harness.forward(1, [set(.ipv4, (3, 0, 32, 0x0909_0909)), set(.tcp, (4, 16, 16, 5)), output(2)])
    var (packet, offload) = segment([1, 2, 3], size: 1448)
    offload.segmentation = .none
    let sent = harness.send([packet], offload: offload)
    #expect(sent.first.map { defects($0.bytes) } == [])
    packet.append(0)
  }

  @Test func `a tag that the driver took out is put back`() {
    let harness = EngineHarness()
    harness.forward(1, [output(2)])
    var (packet, offload) = segment([1, 2, 3], size: 1448)
    offload.segmentation = .none
    let sent = harness.send([packet], offload: offload, tag: 0x8100_0005)
    #expect(sent.first.map { defects($0.bytes) } == [])
    #expect(sent.first.map { Array($0.bytes[12..<16]) } == [0x81, 0, 0, 5])
    packet.append(0)
  }

  @Test func `the daemon sees a segment in parts`() {
    let harness = EngineHarness()
    let (packet, offload) = segment([UInt8](repeating: 1, count: 3000), size: 1448)
    _ = harness.send([packet], offload: offload)
    let upcalls = harness.upcalls()
    #expect(upcalls.count == 3)
    for upcall in upcalls { #expect(defects(upcall.message.packet) == []) }
  }

  @Test func `a segment within a foreign tunnel is not cut wrongly but dropped`() throws {
    let tunnel = tunnelHeader(.vxlan)
    let (inner, offload) = segment([UInt8](repeating: 1, count: 3000), size: 1448)
    var outer = tunnel + inner
    outer.replaceSubrange(16..<18, with: big(outer.count - 14, 2))
    outer.replaceSubrange(38..<40, with: big(outer.count - 34, 2))
    var moved = offload
    moved.checksumStart += UInt16(tunnel.count)
    let harness = EngineHarness()
    harness.forward(1, [output(2)])
    #expect(harness.send([outer], offload: moved) == [])
    #expect(harness.drops(.segmentationFailed) == 1)
  }

  @Test func `offload information that does not fit is refused`() {
    let harness = EngineHarness()
    harness.forward(1, [output(2)])
    var random = SeededRandom(seed: 9)
    for _ in 0..<3_000 {
      var (packet, offload) = segment([UInt8](repeating: 1, count: random.below(300)), size: 100)
      offload.segmentation = Offload.Segmentation(rawValue: UInt8(random.below(7)))
      offload.checksumStart = UInt16(random.below(200))
      offload.checksumOffset = UInt16(random.below(200))
      offload.segmentByteCount = UInt16(random.below(100))
      if random.below(2) == 0 { packet[random.below(packet.count)] = UInt8(random.below(256)) }
      _ = harness.send([packet], offload: offload)
      _ = harness.upcalls()
    }
    #expect(harness.drops(.invalidOffload) > 0)
  }
}
