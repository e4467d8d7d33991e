import PacketWire
import TestSupport
import Testing

// Each header written by its builder is read back by its view, and refused when a byte of it is missing.

/// The bytes that a builder writes `offset` bytes behind the start of a buffer that was not zero.
private func built(_ count: Int, offset: Int = 3, _ build: (inout MutableRawSpan, Int) -> Void) -> [UInt8] {
  var bytes = [UInt8](repeating: 0xa5, count: offset + count + 2)
  do {
    var span = bytes.mutableRawBytes
    build(&span, offset)
  }
  #expect(bytes[..<offset].allSatisfy { $0 == 0xa5 } && bytes.suffix(2) == [0xa5, 0xa5], "wrote outside")
  return Array(bytes[offset..<offset + count])
}

/// Expects every truncation below `count` bytes to be refused, and `count` bytes to be enough.
private func expectNeeds(
  _ count: Int, of bytes: [UInt8], _ isViewable: (RawSpan) -> Bool,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  for length in 0...bytes.count {
    let accepted = isViewable(bytes.rawBytes.extracting(first: length))
    #expect(accepted == (length >= count), "at \(length) bytes", sourceLocation: sourceLocation)
  }
}

@Suite struct HeaderTests {
  let source = MACAddress(0x0200_0000_0001)
  let destination = MACAddress(0x0200_0000_0002)

  @Test func `Ethernet`() {
    let bytes = built(14) { span, offset in
      EthernetHeader.write(destination: destination, source: source, type: .arp, to: &span, at: offset)
    }
    expect(bytes, ethernet(source: source, destination: destination, type: .arp, byteCount(0)))
    expectNeeds(14, of: bytes) { EthernetHeader($0) != nil }
  }

  @Test func `VLAN`() {
    let control = VLANControl(identifier: 4095, priority: 6, isDropEligible: true)
    #expect(control.rawValue == 0xdfff && control.isDropEligible)
    let bytes = built(4) { span, offset in
      VLANHeader.write(control: control, type: .ipv6, to: &span, at: offset)
    }
    expect(bytes, vlan(identifier: 4095, priority: 6, type: .ipv6, byteCount(0)))
    expectNeeds(4, of: bytes) { VLANHeader($0) != nil }
  }

  @Test func `MPLS`() {
    let entry = MPLSEntry(label: 0xabcde, trafficClass: 5, isBottom: false, timeToLive: 9)
    #expect(entry.label == 0xabcde && entry.trafficClass == 5 && !entry.isBottom && entry.timeToLive == 9)
    let bytes = built(4) { span, offset in MPLSHeader.write(entry, to: &span, at: offset) }
    let found = MPLSHeader(bytes.rawBytes)?.entry
    #expect(found == entry)
    expectNeeds(4, of: bytes) { MPLSHeader($0) != nil }
  }

  @Test func `Network service header`() {
    let bytes = built(24) { span, offset in
      span.zero(at: offset, count: 24)
      NetworkServiceHeader.write(
        flags: 2, timeToLive: 17, metadataType: 1, nextProtocol: .ipv6, path: 0xa1b2_c3d4,
        contextByteCount: 16,
        to: &span, at: offset)
    }
    guard let header = NetworkServiceHeader(bytes.rawBytes) else {
      Issue.record("malformed")
      return
    }
    let fields = (
      header.flags, header.timeToLive, header.metadataType, header.nextProtocol.rawValue, header.path
    )
    #expect(fields == (2, 17, 1, 2, 0xa1b2_c3d4))
    expectNeeds(24, of: bytes) { NetworkServiceHeader($0) != nil }
  }

  @Test func `Network service headers that contradict themselves are refused`() {
    for bad: [UInt8] in [[0x4f, 0xc6], [0x0f, 0xc1], [0x0f, 0xc5], [0x0f, 0xc7]] {
      let bytes = bad + [1, 3] + [UInt8](repeating: 0, count: 40)
      let isRefused = NetworkServiceHeader(bytes.rawBytes) == nil
      #expect(isRefused, "\(bad)")
    }
  }

  @Test func `ARP`() {
    let bytes = built(28) { span, offset in
      ARPPacket.write(
        operation: .reply, senderHardware: source, senderProtocol: IPv4Address(10, 0, 0, 1),
        targetHardware: destination, targetProtocol: IPv4Address(10, 0, 0, 2), to: &span, at: offset)
    }
    guard let packet = ARPPacket(bytes.rawBytes) else {
      Issue.record("malformed")
      return
    }
    let isSame =
      packet.operation == .reply && packet.senderHardware == source && packet.targetHardware == destination
      && packet.senderProtocol.rawValue == 0x0a00_0001 && packet.targetProtocol.rawValue == 0x0a00_0002
    #expect(isSame)
    expectNeeds(28, of: bytes) { ARPPacket($0) != nil }
  }

  @Test func `IPv4`() {
    let fragmentation = IPv4Fragmentation(isFragmentable: true, hasMore: true, offset: 1480)
    let bytes = built(24) { span, offset in
      span.store(bigEndian32: 0x0101_0100, at: offset + 20)
      IPv4Header.write(
        source: IPv4Address(1, 2, 3, 4), destination: IPv4Address(5, 6, 7, 8), protocol: .udp,
        totalLength: 24,
        typeOfService: 0xb9, timeToLive: 3, identification: 77, fragmentation: fragmentation,
        optionByteCount: 4,
        to: &span, at: offset)
    }
    expect(
      bytes,
      ipv4(
        source: IPv4Address(1, 2, 3, 4), destination: IPv4Address(5, 6, 7, 8), protocol: .udp, timeToLive: 3,
        fragmentation: fragmentation, byteCount(0)))
    #expect(fragmentation.offset == 1480 && fragmentation.isLaterFragment)
    expectNeeds(24, of: bytes) { IPv4Header($0) != nil }
  }

  @Test func `An IPv4 payload ends where the header says`() {
    for (totalLength, payload, isValid) in [(40, 20, true), (60, 40, true), (61, 40, false), (19, 0, false)] {
      let bytes = built(60) { span, offset in
        IPv4Header.write(
          source: .zero, destination: .zero, protocol: .udp, totalLength: UInt16(totalLength), to: &span,
          at: offset)
      }
      let header = IPv4Header(bytes.rawBytes)
      let found = header?.payload.byteCount
      let foundValid = header?.hasValidLength
      #expect(found == payload)
      #expect(foundValid == isValid)
    }
  }

  @Test func `IPv6`() {
    let from = IPv6Address(high: 1, low: 2)
    let to = IPv6Address(high: 3, low: 4)
    let bytes = built(40) { span, offset in
      IPv6Header.write(
        source: from, destination: to, nextHeader: .noNextHeader, payloadLength: 0, trafficClass: 0xfe,
        flowLabel: 0xabcde, hopLimit: 7, to: &span, at: offset)
    }
    expect(
      bytes,
      ipv6(source: from, destination: to, upper: .noNextHeader, hopLimit: 7, flowLabel: 0xabcde, byteCount(0))
    )
    let trafficClass = IPv6Header(bytes.rawBytes)?.trafficClass
    #expect(trafficClass == 0xfe)
    expectNeeds(40, of: bytes) { IPv6Header($0) != nil }
  }

  @Test func `IPv6 extension headers are limited and never cut short`() {
    func chain(_ count: Int) -> [UInt8] {
      (0..<count).flatMap { index -> [UInt8] in [index == count - 1 ? 17 : 60, 0, 1, 4, 0, 0, 0, 0] }
    }
    let limit = IPv6Header.maximumExtensionCount
    let longest = chain(limit)
    #expect(IPv6Extensions(longest.rawBytes, nextHeader: .destinationOptions)?.byteCount == limit * 8)
    let tooLong = chain(limit + 1)
    #expect(IPv6Extensions(tooLong.rawBytes, nextHeader: .destinationOptions) == nil)
    expectNeeds(longest.count, of: longest) { IPv6Extensions($0, nextHeader: .destinationOptions) != nil }
    let authentication: [UInt8] = [6, 1, 0, 0] + [UInt8](repeating: 0, count: 8)
    expectNeeds(12, of: authentication) { IPv6Extensions($0, nextHeader: .authentication) != nil }
  }

  @Test func `A later IPv6 fragment ends the walk`() {
    let fragment = IPv6Fragment(
      nextHeader: .destinationOptions, offset: 1448, hasMore: false, identification: 9)
    let bytes = built(8) { span, offset in fragment.write(to: &span, at: offset) }
    let found = IPv6Extensions(bytes.rawBytes, nextHeader: .ipv6Fragment)
    #expect(found?.upperProtocol == .ipv6Fragment)
    #expect(found?.byteCount == 8)
    #expect(found?.fragment == fragment)
    #expect(fragment.offset == 1448 && !fragment.hasMore && !fragment.isAtomic)
  }

  @Test func `TCP`() {
    let bytes = built(28) { span, offset in
      span.store(bigEndian64: 0x0204_05b4_0103_0307, at: offset + 20)
      TCPHeader.write(
        sourcePort: 1, destinationPort: 2, sequenceNumber: 3, acknowledgmentNumber: 4, flags: [.syn, .ns],
        window: 5,
        urgentPointer: 6, optionByteCount: 8, to: &span, at: offset)
    }
    expect(bytes, tcp(sourcePort: 1, destinationPort: 2, flags: [.syn, .ns], byteCount(0)))
    guard let header = TCPHeader(bytes.rawBytes) else { return }
    let numbers = (header.sequenceNumber, header.acknowledgmentNumber, header.window, header.urgentPointer)
    let windowScale = header.windowScale
    #expect(numbers == (3, 4, 5, 6))
    #expect(windowScale == 7)
    expectNeeds(28, of: bytes) { TCPHeader($0) != nil }
  }

  @Test func `Options of wrong length end the walk`() {
    for bad: [UInt8] in [[2], [2, 0], [2, 1, 0, 0], [2, 5, 0, 0], [1, 1, 9, 255]] {
      var walk = HeaderOptions(bad.rawBytes)
      let hasOption = walk.next() != nil
      let isMalformed = walk.isMalformed
      let hasMore = walk.next() != nil
      #expect(!hasOption && isMalformed && !hasMore, "\(bad)")
    }
    for bad: [UInt8] in [[1, 0, 0, 0, 0, 0, 0, 0], [1, 2, 0, 0, 0, 0, 0, 0], [1, 1, 0, 0]] {
      var walk = NeighborOptions(bad.rawBytes)
      let hasOption = walk.next() != nil
      let isMalformed = walk.isMalformed
      #expect(!hasOption && isMalformed, "\(bad)")
    }
    for bad: [UInt8] in [[0, 1, 1], [0, 1, 1, 1], [0, 1, 1, 31, 0, 0, 0, 0]] {
      var walk = GeneveOptions(bad.rawBytes)
      let hasOption = walk.next() != nil
      let isMalformed = walk.isMalformed
      #expect(!hasOption && isMalformed, "\(bad)")
    }
  }

  @Test func `UDP`() {
    let bytes = built(8) { span, offset in
      UDPHeader.write(sourcePort: 1, destinationPort: 2, length: 8, checksum: 3, to: &span, at: offset)
    }
    expect(bytes, udp(sourcePort: 1, destinationPort: 2, byteCount(0)))
    let checksum = UDPHeader(bytes.rawBytes)?.checksum
    #expect(checksum == 3)
    expectNeeds(8, of: bytes) { UDPHeader($0) != nil }
  }

  @Test func `SCTP`() {
    let bytes = built(12) { span, offset in
      SCTPHeader.write(sourcePort: 1, destinationPort: 2, verificationTag: 3, to: &span, at: offset)
    }
    let tag = SCTPHeader(bytes.rawBytes)?.verificationTag
    let chunk = SCTPHeader(bytes.rawBytes)?.firstChunkType
    #expect(tag == 3)
    #expect(chunk == nil)
    expectNeeds(12, of: bytes) { SCTPHeader($0) != nil }
  }

  @Test func `ICMP`() {
    let bytes = built(8) { span, offset in
      ICMPHeader.write(type: 8, code: 1, rest: 0x0002_0003, to: &span, at: offset)
    }
    guard let header = ICMPHeader(bytes.rawBytes) else { return }
    let fields = (header.type, header.code, header.identifier, header.sequenceNumber)
    #expect(fields == (.echoRequest, 1, 2, 3))
    expectNeeds(8, of: bytes) { ICMPHeader($0) != nil }
  }

  @Test func `Neighbour advertisement`() {
    let target = IPv6Address.linkLocal(source)
    let bytes = built(NeighborMessage.byteCountWithLinkLayer) { span, offset in
      NeighborMessage.write(
        type: .neighborAdvertisement, flags: [.solicited, .override], target: target, linkLayer: source,
        to: &span,
        at: offset)
    }
    guard let message = NeighborMessage(bytes.rawBytes) else {
      Issue.record("malformed")
      return
    }
    var walk = message.options
    let option = walk.next()
    let kind = option?.kind
    let linkLayer = option?.linkLayer
    let foundTarget = message.target
    let found = message.flags
    let flags = (found.contains(.router), found.contains(.solicited), found.contains(.override))
    #expect(bytes[4] == 0x60)
    #expect(kind == NeighborOption.targetLinkLayerKind)
    #expect(linkLayer == source)
    #expect(foundTarget == target)
    #expect(flags == (false, true, true))
    expectNeeds(24, of: bytes) { NeighborMessage($0) != nil }
  }

  @Test func `VXLAN`() {
    let bytes = built(8) { span, offset in
      VXLANHeader(networkIdentifier: 0xff_abcd).write(to: &span, at: offset)
    }
    expect(bytes, vxlan(0xff_abcd, byteCount(0)))
    let isPlain = VXLANHeader(bytes.rawBytes)?.isPlain
    #expect(isPlain == true)
    expectNeeds(8, of: bytes) { VXLANHeader($0) != nil }
  }

  @Test func `Geneve`() {
    let value: [UInt8] = [9, 8, 7, 6]
    let bytes = built(16) { span, offset in
      let base = GeneveBase(
        networkIdentifier: 0x123456, isControl: true, hasCriticalOption: true, optionByteCount: 8)
      GeneveHeader.write(base, to: &span, at: offset)
      GeneveOption.write(optionClass: 0x102, type: 0x81, value: value.rawBytes, to: &span, at: offset + 8)
    }
    expect(bytes, geneve(0x123456, options: [[1, 2, 0x81, 9, 8, 7, 6]], byteCount(0)))
    guard let header = GeneveHeader(bytes.rawBytes) else { return }
    let base = header.base
    let flags = (base.isControl, base.hasCriticalOption, base.type == .ethernet)
    #expect(flags == (true, true, true))
    expectNeeds(16, of: bytes) { GeneveHeader($0) != nil }
  }

  @Test func `GRE with every choice of fields`() {
    for choice in 0..<8 {
      let key: UInt32? = choice & 1 == 0 ? nil : 0xdead_beef
      let sequence: UInt32? = choice & 2 == 0 ? nil : 0x1234_5678
      let hasChecksum = choice & 4 != 0
      let count = 4 + (hasChecksum ? 4 : 0) + (key == nil ? 0 : 4) + (sequence == nil ? 0 : 4)
      var bytes = built(count) { span, offset in
        GREHeader.write(
          type: .ipv6, key: key, sequenceNumber: sequence, checksum: hasChecksum ? 0 : nil, to: &span,
          at: offset)
      }
      bytes += [1, 2, 3]
      if hasChecksum {
        var span = bytes.mutableRawBytes
        GREHeader.completeChecksum(in: &span)
      }
      expect(bytes, gre(key: .some(key), sequenceNumber: .some(sequence), type: .ipv6, byteCount(3)))
      expectNeeds(count, of: bytes) { GREHeader($0) != nil }
    }
    for bad: UInt16 in [0x4000, 0x0001] {
      let bytes = [UInt8(bad >> 8), UInt8(bad & 0xff), 0x65, 0x58]
      let isRefused = GREHeader(bytes.rawBytes) == nil
      #expect(isRefused)
    }
  }
}
