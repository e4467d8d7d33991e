import PacketWire

/// Reads every field of every view that can be made of some bytes, and what they hold inside.
///
/// The sum of all that was read keeps the optimiser from leaving anything out.
struct EveryView {
  private(set) var sum: UInt64 = 0
  /// Headers within headers are followed this deep.
  static var maximumDepth: Int { 6 }

  private mutating func take(_ value: some BinaryInteger) {
    sum = sum &* 31 &+ UInt64(truncatingIfNeeded: value)
  }
  private mutating func take(_ value: Bool) { take(value ? 1 : 0) }
  private mutating func take(_ address: IPv6Address) { take(address.high ^ address.low) }
  private mutating func take(_ bytes: RawSpan) { take(bytes.onesComplementSum) }

  /// Reads the bytes as each of the formats in turn.
  mutating func readAll(_ bytes: RawSpan) {
    readEthernet(bytes, depth: 0)
    readLink(bytes)
    readARP(bytes)
    readIPv4(bytes, depth: 0)
    readIPv6(bytes, depth: 0)
    for number in [IPProtocol.tcp, .udp, .sctp, .icmp, .icmpv6, .gre] {
      readTransport(bytes, number, depth: 0)
    }
    readTunnels(bytes, depth: 0)
    readExtensions(bytes)
    take(InternetChecksum.of(bytes))
    take(CRC32c.of(bytes))
  }

  private mutating func readEthernet(_ bytes: RawSpan, depth: Int) {
    guard depth < Self.maximumDepth, let header = EthernetHeader(bytes) else { return }
    take(header.source.rawValue)
    take(header.destination.rawValue)
    readTyped(header.payload, header.type, depth: depth + 1)
  }

  private mutating func readTyped(_ bytes: RawSpan, _ type: EtherType, depth: Int) {
    guard depth < Self.maximumDepth else { return }
    switch type {
    case .ipv4: readIPv4(bytes, depth: depth)
    case .ipv6: readIPv6(bytes, depth: depth)
    case .ethernet: readEthernet(bytes, depth: depth)
    case .arp: readARP(bytes)
    case .vlan, .serviceVLAN:
      guard let header = VLANHeader(bytes) else { return }
      take(header.control.rawValue)
      readTyped(header.payload, header.type, depth: depth + 1)
    default:
      readLink(bytes)
    }
  }

  private mutating func readLink(_ bytes: RawSpan) {
    if let header = MPLSHeader(bytes) {
      take(header.entry.label)
      take(header.entry.isBottom)
      take(header.payload)
    }
    if let header = NetworkServiceHeader(bytes) {
      take(header.path)
      take(header.flags)
      take(header.timeToLive)
      take(header.context(0) ^ header.context(3) ^ header.context(4) ^ header.context(-1))
      take(header.contextBytes)
      take(header.payload)
    }
  }

  private mutating func readARP(_ bytes: RawSpan) {
    guard let packet = ARPPacket(bytes) else { return }
    take(packet.operation.rawValue)
    take(packet.senderHardware.rawValue ^ packet.targetHardware.rawValue)
    take(packet.senderProtocol.rawValue ^ packet.targetProtocol.rawValue)
  }

  private mutating func readIPv4(_ bytes: RawSpan, depth: Int) {
    guard depth < Self.maximumDepth, let header = IPv4Header(bytes) else { return }
    take(header.hasValidLength)
    take(header.hasValidChecksum)
    take(header.identification ^ header.checksum ^ header.totalLength)
    take(header.typeOfService ^ header.timeToLive)
    take(header.fragmentation.offset)
    take(header.source.rawValue ^ header.destination.rawValue)
    readOptions(header.options)
    take(header.payload)
    readTransport(header.payload, header.protocolNumber, depth: depth + 1)
  }

  private mutating func readOptions(_ options: consuming HeaderOptions) {
    while let option = options.next() {
      take(option.kind)
      take(option.value)
    }
    take(options.isMalformed)
  }

  private mutating func readIPv6(_ bytes: RawSpan, depth: Int) {
    guard depth < Self.maximumDepth, let header = IPv6Header(bytes) else { return }
    take(header.hasValidLength)
    take(header.flowLabel)
    take(header.trafficClass ^ header.hopLimit)
    take(header.source)
    take(header.destination)
    take(header.payload)
    guard let extensions = header.extensions else { return }
    take(extensions.fragment?.offset ?? -1)
    readTransport(header.payload.from(extensions.byteCount), extensions.upperProtocol, depth: depth + 1)
  }

  private mutating func readExtensions(_ bytes: RawSpan) {
    for number in [
      IPProtocol.hopByHopOptions, .ipv6Routing, .ipv6Fragment, .authentication, .destinationOptions,
    ] {
      guard let extensions = IPv6Extensions(bytes, nextHeader: number) else { continue }
      take(extensions.byteCount)
      take(extensions.protocolOffset)
      take(bytes.from(extensions.byteCount))
      precondition(extensions.byteCount <= bytes.byteCount)
    }
  }

  private mutating func readTransport(_ bytes: RawSpan, _ number: IPProtocol, depth: Int) {
    guard depth < Self.maximumDepth else { return }
    switch number {
    case .tcp:
      guard let header = TCPHeader(bytes) else { return }
      take(
        header.sourcePort ^ header.destinationPort ^ header.window ^ header.urgentPointer ^ header.checksum)
      take(header.sequenceNumber ^ header.acknowledgmentNumber)
      take(header.flags.rawValue)
      take(header.windowScale ?? 0)
      readOptions(header.options)
      take(header.payload)
    case .udp:
      guard let header = UDPHeader(bytes) else { return }
      take(header.sourcePort ^ header.destinationPort ^ header.length ^ header.checksum)
      take(header.hasValidLength)
      readTunnels(header.payload, depth: depth + 1)
    case .sctp:
      guard let header = SCTPHeader(bytes) else { return }
      take(header.sourcePort ^ header.destinationPort)
      take(header.verificationTag ^ header.checksum)
      take(header.firstChunkType ?? 0)
      take(SCTPHeader.expectedChecksum(bytes))
      take(header.payload)
    case .gre:
      guard let header = GREHeader(bytes) else { return }
      take(header.checksum ?? 0)
      take(header.key ?? 0)
      take(header.sequenceNumber ?? 0)
      take(header.hasValidChecksum)
      readTyped(header.payload, header.base.type, depth: depth + 1)
    default:
      readICMP(bytes, depth: depth)
    }
  }

  private mutating func readICMP(_ bytes: RawSpan, depth: Int) {
    if let header = ICMPHeader(bytes) {
      take(header.type.isError)
      take(header.type6.isError)
      take(header.code)
      take(header.checksum ^ header.identifier ^ header.sequenceNumber)
      take(header.rest)
      readIPv4(header.payload, depth: depth + 1)
      readIPv6(header.payload, depth: depth + 1)
    }
    if let message = NeighborMessage(bytes) {
      take(message.target)
      take(message.flags.contains(.router))
      var walk = message.options
      while let option = walk.next() {
        take(option.kind)
        take(option.linkLayer?.rawValue ?? 0)
        take(option.value)
      }
      take(walk.isMalformed)
    }
  }

  private mutating func readTunnels(_ bytes: RawSpan, depth: Int) {
    if let header = VXLANHeader(bytes) {
      take(header.hasNetworkIdentifier)
      take(header.isPlain)
      take(header.networkIdentifier)
      take(header.groupPolicy?.identifier ?? 0)
      readEthernet(bytes.from(VXLANHeader.byteCount), depth: depth + 1)
    }
    if let header = GeneveHeader(bytes) {
      take(header.base.networkIdentifier)
      take(header.base.isControl)
      take(header.base.hasCriticalOption)
      var walk = header.options
      while let option = walk.next() {
        take(option.optionClass)
        take(option.isCritical)
        take(option.value)
      }
      take(walk.isMalformed)
      readTyped(header.payload, header.base.type, depth: depth + 1)
    }
  }
}
