import PacketWire
import TestSupport
import Testing

@Suite struct VectorTests {
  let tunnelSource = IPv4Address(1, 1, 2, 88)
  let tunnelDestination = IPv4Address(1, 1, 2, 92)
  let inner = ethernet(
    source: MACAddress(1), destination: MACAddress(2), type: .ipv4,
    ipv4(
      source: IPv4Address(10, 0, 0, 1), destination: IPv4Address(10, 0, 0, 2), protocol: .icmp, byteCount(72))
  )

  @Test func `TCP over IPv4`() throws {
    expect(
      try packetVector("tcp-syn"),
      ethernet(
        source: MACAddress(1), destination: MACAddress(2), type: .ipv4,
        ipv4(
          source: IPv4Address(10, 0, 0, 1), protocol: .tcp, timeToLive: 64,
          tcp(sourcePort: 1000, destinationPort: 80, flags: .syn))))
  }

  @Test func `TCP and UDP over IPv6`() throws {
    let source = IPv6Address("fe80::1")
    expect(
      try packetVector("tcp-ipv6"),
      ethernet(type: .ipv6, ipv6(source: source, upper: .tcp, tcp(destinationPort: 6, flags: [.syn, .ack]))))
    expect(
      try packetVector("udp-ipv6"),
      ethernet(
        type: .ipv6,
        ipv6(
          source: source, upper: .udp, flowLabel: 0x12345,
          udp(sourcePort: 5, destinationPort: 6, byteCount(64)))))
  }

  @Test func `UDP with a VLAN tag`() throws {
    expect(
      try packetVector("udp-vlan"),
      ethernet(
        type: .vlan, vlan(identifier: 10, priority: 5, type: .ipv4, ipv4(protocol: .udp, udp(sourcePort: 1))))
    )
  }

  @Test func `SCTP`() throws {
    expect(
      try packetVector("sctp"),
      ethernet(
        ipv4(protocol: .sctp) { bytes in
          guard let header = SCTPHeader(bytes) else { return "cut short" }
          return header.sourcePort == 1 && header.destinationPort == 2 ? nil : "wrong ports"
        }))
  }

  @Test func `ARP request`() throws {
    expect(
      try packetVector("arp-request"),
      ethernet(destination: .broadcast, type: .arp) { bytes in
        guard let packet = ARPPacket(bytes) else { return "malformed" }
        return packet.operation == .request && packet.senderHardware == MACAddress(0x0001_0203_0405)
          && packet.senderProtocol == IPv4Address(10, 0, 0, 1) && packet.targetHardware.isZero
          && packet.targetProtocol == IPv4Address(10, 0, 0, 2) ? nil : "wrong fields"
      })
  }

  @Test func `Neighbour solicitation`() throws {
    let check: PacketCheck = { bytes in
      guard let message = NeighborMessage(bytes) else { return "malformed" }
      var walk = message.options
      guard let option = walk.next() else { return "no option" }
      let address = option.linkLayer
      return message.type == .neighborSolicitation && message.target == IPv6Address("fe80::2")
        && address == MACAddress(0x0001_0203_0405) && walk.next() == nil ? nil : "wrong fields"
    }
    expect(
      try packetVector("neighbor-solicitation"),
      ethernet(type: .ipv6, ipv6(upper: .icmpv6, hopLimit: 255, check)))
  }

  @Test func `MPLS`() throws {
    expect(
      try packetVector("mpls"),
      ethernet(type: .mpls) { bytes in
        let wanted = MPLSEntry(label: 100, trafficClass: 3, isBottom: true, timeToLive: 64)
        return MPLSHeader(bytes)?.entry == wanted ? nil : "wrong entry"
      })
  }

  @Test func `Network service header`() throws {
    expect(
      try packetVector("network-service"),
      ethernet(type: .networkService) { bytes in
        guard let header = NetworkServiceHeader(bytes) else { return "malformed" }
        guard header.headerByteCount == 24, header.timeToLive == 63, header.metadataType == 1,
          header.flags == 0,
          header.nextProtocol == .ethernet, header.pathIdentifier == 0x112233, header.serviceIndex == 4,
          (0..<4).allSatisfy({ header.context($0) == UInt32($0 + 1) })
        else { return "wrong fields" }
        return ethernet(source: MACAddress(0xb), destination: MACAddress(0xa))(header.payload)
      })
  }

  @Test func `VXLAN over IPv4 and IPv6`() throws {
    expect(
      try packetVector("vxlan"),
      ethernet(
        source: MACAddress(0xaa55_aa55_0000), destination: MACAddress(0xf8bc_1244_34b6), type: .ipv4,
        ipv4(
          source: tunnelSource, destination: tunnelDestination, protocol: .udp, timeToLive: 64,
          fragmentation: .dontFragment, udp(destinationPort: VXLANHeader.port, vxlan(124, inner)))))
    expect(
      try packetVector("vxlan-ipv6"),
      ethernet(
        type: .ipv6,
        ipv6(
          source: IPv6Address("2001:cafe::88"), destination: IPv6Address("2001:cafe::92"), upper: .udp,
          udp(destinationPort: VXLANHeader.port, vxlan(125, inner)))))
  }

  @Test func `VXLAN group policy`() throws {
    let bytes = try packetVector("vxlan-group-policy")
    guard let header = VXLANHeader(bytes.rawBytes) else {
      Issue.record("malformed")
      return
    }
    let policy = header.groupPolicy
    let isPlain = header.isPlain
    #expect(policy == VXLANGroupPolicy(identifier: 0x1234, isLearningForbidden: true, isApplied: true))
    #expect(!isPlain)
    var written = [UInt8](repeating: 0xff, count: 8)
    var span = written.mutableRawBytes
    VXLANHeader(networkIdentifier: 0x7e, groupPolicy: policy).write(to: &span)
    #expect(written == bytes)
  }

  @Test func `Geneve with options`() throws {
    let options: [[UInt8]] = [
      [1, 2, 0x80, 0x12, 0x34, 0x56, 0x78], [1, 3, 1, 0, 0, 0xa0, 0xb0, 0xc0, 0xd0, 0xe0, 0xf0],
    ]
    expect(
      try packetVector("geneve-options"),
      ethernet(
        type: .ipv4,
        ipv4(protocol: .udp, udp(destinationPort: GeneveHeader.port, geneve(123, options: options, inner)))))
  }

  @Test func `GRE`() throws {
    expect(
      try packetVector("gre"),
      ethernet(ipv4(protocol: .gre, gre(key: .some(nil), sequenceNumber: .some(nil), type: .ethernet, inner)))
    )
    expect(
      try packetVector("gre-checksum-key-sequence"),
      ethernet(ipv4(protocol: .gre, gre(key: 456, sequenceNumber: 0, type: .ethernet, inner))))
  }

  @Test func `IPv4 options and fragments`() throws {
    let packet = try packetVector("ipv4-options-fragment")
    guard let header = IPv4Header(packet.rawBytes.from(14)) else {
      Issue.record("malformed")
      return
    }
    var kinds: [UInt8] = []
    var walk = header.options
    while let option = walk.next() { kinds.append(option.kind) }
    let isMalformed = walk.isMalformed
    let fragmentation = header.fragmentation
    let headerByteCount = header.headerByteCount
    #expect(kinds == [7, 0x94])
    #expect(!isMalformed)
    #expect(fragmentation.hasMore && fragmentation.isFragment && !fragmentation.isLaterFragment)
    #expect(headerByteCount == 32)
  }

  @Test func `IPv6 extension headers`() throws {
    let packet = try packetVector("ipv6-extensions")
    guard let header = IPv6Header(packet.rawBytes.from(14)) else {
      Issue.record("malformed")
      return
    }
    let found = header.extensions
    let extensions = try #require(found)
    #expect(extensions.byteCount == 32)
    #expect(extensions.upperProtocol == .udp)
    #expect(extensions.protocolOffset == 24)
    #expect(extensions.fragment?.hasMore == true)
    #expect(extensions.fragment?.offset == 0)
    #expect(extensions.fragment?.identification == 0x1234_5678)
  }
}
