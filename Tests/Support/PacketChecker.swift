public import PacketWire
public import Testing

// Checks of packets that compose: each layer checks its header, then hands its payload to the check within.
//
//     expect(packet, ethernet(type: .ipv4, ipv4(source: a, protocol: .udp, udp(destinationPort: 4789, vxlan(5)))))

/// A check of the bytes of a layer: what is wrong with them, or nil.
public typealias PacketCheck = (RawSpan) -> String?

/// Records an issue if a packet fails a check.
public func expect(
  _ packet: [UInt8], _ check: PacketCheck, sourceLocation: SourceLocation = #_sourceLocation
) {
  let problem = check(packet.span.bytes)
  #expect(problem == nil, sourceLocation: sourceLocation)
}

/// Compares a field, if a value for it is wanted.
private func differs<Value: Equatable>(_ name: String, _ found: Value, _ wanted: Value?) -> String? {
  guard let wanted, wanted != found else { return nil }
  return "\(name) is \(found), wanted \(wanted)"
}

/// Accepts what is there.
public func anything() -> PacketCheck { { _ in nil } }

/// Checks that so many bytes are left.
public func byteCount(_ count: Int) -> PacketCheck {
  { bytes in differs("length", bytes.byteCount, count) }
}

/// Checks an Ethernet header.
public func ethernet(
  source: MACAddress? = nil, destination: MACAddress? = nil, type: EtherType? = nil,
  _ inner: @escaping PacketCheck = anything()
) -> PacketCheck {
  { bytes in
    guard let header = EthernetHeader(bytes) else { return "Ethernet: cut short" }
    return differs("Ethernet source", header.source, source)
      ?? differs("Ethernet destination", header.destination, destination)
      ?? differs("Ethernet type", header.type, type) ?? inner(header.payload)
  }
}

/// Checks a VLAN tag.
public func vlan(
  identifier: UInt16? = nil, priority: UInt8? = nil, type: EtherType? = nil,
  _ inner: @escaping PacketCheck = anything()
) -> PacketCheck {
  { bytes in
    guard let header = VLANHeader(bytes) else { return "VLAN: cut short" }
    return differs("VLAN identifier", header.control.identifier, identifier)
      ?? differs("VLAN priority", header.control.priority, priority)
      ?? differs("VLAN type", header.type, type) ?? inner(header.payload)
  }
}

/// Checks an IPv4 header with its checksum, and the transport's checksum.
public func ipv4(
  source: IPv4Address? = nil, destination: IPv4Address? = nil, protocol number: IPProtocol? = nil,
  timeToLive: UInt8? = nil, fragmentation: IPv4Fragmentation? = nil,
  _ inner: @escaping PacketCheck = anything()
) -> PacketCheck {
  { bytes in
    guard let header = IPv4Header(bytes) else { return "IPv4: malformed" }
    return differs("IPv4 length valid", header.hasValidLength, true)
      ?? differs("IPv4 checksum valid", header.hasValidChecksum, true)
      ?? differs("IPv4 source", header.source, source)
      ?? differs("IPv4 destination", header.destination, destination)
      ?? differs("IPv4 protocol", header.protocolNumber, number)
      ?? differs("IPv4 time to live", header.timeToLive, timeToLive)
      ?? differs("IPv4 fragmentation", header.fragmentation, fragmentation)
      ?? transportChecksumProblem(header) ?? inner(header.payload)
  }
}

/// Checks an IPv6 header, and the transport's checksum.
public func ipv6(
  source: IPv6Address? = nil, destination: IPv6Address? = nil, upper: IPProtocol? = nil,
  hopLimit: UInt8? = nil, flowLabel: UInt32? = nil, _ inner: @escaping PacketCheck = anything()
) -> PacketCheck {
  { bytes in
    guard let header = IPv6Header(bytes), let extensions = header.extensions else { return "IPv6: malformed" }
    return differs("IPv6 length valid", header.hasValidLength, true)
      ?? differs("IPv6 source", header.source, source)
      ?? differs("IPv6 destination", header.destination, destination)
      ?? differs("IPv6 upper protocol", extensions.upperProtocol, upper)
      ?? differs("IPv6 hop limit", header.hopLimit, hopLimit)
      ?? differs("IPv6 flow label", header.flowLabel, flowLabel)
      ?? transportChecksumProblem(header, extensions)
      ?? inner(header.payload.from(extensions.byteCount))
  }
}

/// Checks a UDP header.
public func udp(
  sourcePort: UInt16? = nil, destinationPort: UInt16? = nil, _ inner: @escaping PacketCheck = anything()
) -> PacketCheck {
  { bytes in
    guard let header = UDPHeader(bytes), header.hasValidLength else { return "UDP: malformed" }
    return differs("UDP source port", header.sourcePort, sourcePort)
      ?? differs("UDP destination port", header.destinationPort, destinationPort) ?? inner(header.payload)
  }
}

/// Checks a TCP header.
public func tcp(
  sourcePort: UInt16? = nil, destinationPort: UInt16? = nil, flags: TCPFlags? = nil,
  _ inner: @escaping PacketCheck = anything()
) -> PacketCheck {
  { bytes in
    guard let header = TCPHeader(bytes) else { return "TCP: malformed" }
    return differs("TCP source port", header.sourcePort, sourcePort)
      ?? differs("TCP destination port", header.destinationPort, destinationPort)
      ?? differs("TCP flags", header.flags, flags) ?? inner(header.payload)
  }
}

/// Checks a VXLAN header.
public func vxlan(_ identifier: UInt32? = nil, _ inner: @escaping PacketCheck = anything()) -> PacketCheck {
  { bytes in
    guard let header = VXLANHeader(bytes), header.hasNetworkIdentifier else { return "VXLAN: malformed" }
    return differs("VXLAN identifier", header.networkIdentifier, identifier)
      ?? inner(bytes.from(VXLANHeader.byteCount))
  }
}

/// Checks a Geneve header and its options.
public func geneve(
  _ identifier: UInt32? = nil, options: [[UInt8]]? = nil, _ inner: @escaping PacketCheck = anything()
) -> PacketCheck {
  { bytes in
    guard let header = GeneveHeader(bytes) else { return "Geneve: malformed" }
    var found: [[UInt8]] = []
    var walk = header.options
    while let option = walk.next() {
      let prefix = [UInt8(option.optionClass >> 8), UInt8(option.optionClass & 0xff), option.type]
      found.append(prefix + Array(option.value))
    }
    return differs("Geneve options malformed", walk.isMalformed, false)
      ?? differs("Geneve options", found, options)
      ?? differs("Geneve identifier", header.base.networkIdentifier, identifier) ?? inner(header.payload)
  }
}

/// Checks a GRE header and its checksum.
public func gre(
  key: UInt32?? = nil, sequenceNumber: UInt32?? = nil, type: EtherType? = nil,
  _ inner: @escaping PacketCheck = anything()
) -> PacketCheck {
  { bytes in
    guard let header = GREHeader(bytes) else { return "GRE: malformed" }
    return differs("GRE checksum valid", header.hasValidChecksum, true)
      ?? differs("GRE key", header.key, key)
      ?? differs("GRE sequence number", header.sequenceNumber, sequenceNumber)
      ?? differs("GRE type", header.base.type, type) ?? inner(header.payload)
  }
}

/// Verifies the checksum of a whole TCP, UDP or ICMP packet over IPv4.
private func transportChecksumProblem(_ header: borrowing IPv4Header) -> String? {
  if header.fragmentation.isFragment { return nil }
  var sum = InternetChecksum()
  switch header.protocolNumber {
  case .icmp: break
  case .udp where UDPHeader(header.payload)?.checksum == 0: return nil
  case .tcp, .udp:
    sum.addPseudoHeader(
      source: header.source, destination: header.destination, protocol: header.protocolNumber,
      length: header.payload.byteCount)
  default: return nil
  }
  sum.add(header.payload)
  return sum.isValid ? nil : "transport checksum is wrong"
}

/// Verifies the checksum of a whole TCP, UDP or ICMP packet over IPv6.
private func transportChecksumProblem(_ header: borrowing IPv6Header, _ extensions: IPv6Extensions) -> String?
{
  if let fragment = extensions.fragment, !fragment.isAtomic { return nil }
  let payload = header.payload.from(extensions.byteCount)
  switch extensions.upperProtocol {
  case .udp where UDPHeader(payload)?.checksum == 0: return nil
  case .tcp, .udp, .icmpv6: break
  default: return nil
  }
  var sum = InternetChecksum()
  sum.addPseudoHeader(
    source: header.source, destination: header.destination, protocol: extensions.upperProtocol,
    length: payload.byteCount)
  sum.add(payload)
  return sum.isValid ? nil : "transport checksum is wrong"
}
