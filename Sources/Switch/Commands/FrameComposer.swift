import Datapath
import PacketWire

/// Makes frames that have the headers that a key says: packets for tests, and for traces with `-generate`.
enum FrameComposer {
  /// How many bytes of payload follow a transport header.
  static var payloadByteCount: Int { 64 }
  /// The most bytes of payload that may be asked for.
  static var maximumPayloadByteCount: Int { 64_000 }
  /// The place, in bytes, of a fragment that is not the first.
  static var laterFragmentOffset: Int { 800 }

  /// A frame with a key's headers.
  static func frame(of key: FlowKey) -> [UInt8] {
    var bytes: [UInt8] = []
    addEthernet(key, to: &bytes)
    switch EtherType(rawValue: key.etherType) {
    case .ipv4: addIPv4(key, to: &bytes)
    case .ipv6: addIPv6(key, to: &bytes)
    case .arp, .rarp: addARP(key, to: &bytes)
    case .mpls, .mplsMulticast: addMPLS(key, to: &bytes)
    default: break
    }
    return bytes
  }

  private static func addEthernet(_ key: FlowKey, to bytes: inout [UInt8]) {
    let outer = EtherType(rawValue: key.vlanTPID == 0 ? EtherType.vlan.rawValue : key.vlanTPID)
    let inner = EtherType(rawValue: key.innerVLANTPID == 0 ? EtherType.vlan.rawValue : key.innerVLANTPID)
    // What has no type is an 802.3 frame, whose type is its length.
    let type = EtherType(rawValue: key.etherType < EtherType.minimum ? 0 : key.etherType)
    let hasInner = key.hasVLAN && VLANControl(rawValue: key.innerVLANTCI).isDropEligible
    let place = bytes.appendZeros(EthernetHeader.byteCount)
    var span = bytes.mutableRawBytes
    EthernetHeader.write(
      destination: key.ethernetDestination, source: key.ethernetSource, type: key.hasVLAN ? outer : type,
      to: &span, at: place)
    if key.hasVLAN { addTag(key.vlanTCI, before: hasInner ? inner : type, to: &bytes) }
    if hasInner { addTag(key.innerVLANTCI, before: type, to: &bytes) }
  }

  private static func addTag(_ control: UInt16, before type: EtherType, to bytes: inout [UInt8]) {
    // The key says with a bit of its own that there is a tag.
    let control = VLANControl(rawValue: control)
    let place = bytes.appendZeros(VLANHeader.byteCount)
    var span = bytes.mutableRawBytes
    VLANHeader.write(
      control: VLANControl(identifier: control.identifier, priority: control.priority), type: type, to: &span,
      at: place)
  }

  private static func addMPLS(_ key: FlowKey, to bytes: inout [UInt8]) {
    for entry in Commit.entries(key) {
      let place = bytes.appendZeros(MPLSHeader.byteCount)
      var span = bytes.mutableRawBytes
      MPLSHeader.write(MPLSEntry(rawValue: entry), to: &span, at: place)
    }
  }

  private static func addARP(_ key: FlowKey, to bytes: inout [UInt8]) {
    let place = bytes.appendZeros(ARPPacket.byteCount)
    var span = bytes.mutableRawBytes
    ARPPacket.write(
      operation: ARPOperation(rawValue: UInt16(key.ipProtocol)), senderHardware: key.arpSourceHardware,
      senderProtocol: key.ipv4Source, targetHardware: key.arpTargetHardware,
      targetProtocol: key.ipv4Destination, to: &span, at: place)
  }

  private static func addIPv4(_ key: FlowKey, to bytes: inout [UInt8]) {
    let place = bytes.appendZeros(IPv4Header.minimumByteCount)
    addTransport(key, to: &bytes)
    let length = UInt16(bytes.count - place)
    let fragmentation: IPv4Fragmentation =
      switch key.fragment & 3 {
      case 0: .dontFragment
      case 1: IPv4Fragmentation(hasMore: true)
      default: IPv4Fragmentation(offset: Self.laterFragmentOffset)
      }
    var span = bytes.mutableRawBytes
    IPv4Header.write(
      source: key.ipv4Source, destination: key.ipv4Destination,
      protocol: IPProtocol(rawValue: key.ipProtocol), totalLength: length, typeOfService: key.typeOfService,
      timeToLive: key.timeToLive, fragmentation: fragmentation, to: &span, at: place)
  }

  private static func addIPv6(_ key: FlowKey, to bytes: inout [UInt8]) {
    let place = bytes.appendZeros(IPv6Header.byteCount)
    addTransport(key, to: &bytes)
    let length = UInt16(bytes.count - place - IPv6Header.byteCount)
    var span = bytes.mutableRawBytes
    IPv6Header.write(
      source: key.ipv6Source, destination: key.ipv6Destination,
      nextHeader: IPProtocol(rawValue: key.ipProtocol), payloadLength: length,
      trafficClass: key.typeOfService,
      flowLabel: UInt32(truncatingIfNeeded: key[.ipv6Label]), hopLimit: key.timeToLive, to: &span,
      at: place)
  }

  /// Adds the transport header and payload, with their checksum; nothing for a fragment other than the first.
  private static func addTransport(_ key: FlowKey, to bytes: inout [UInt8]) {
    guard key.fragment & 2 == 0 else { return }
    let proto = IPProtocol(rawValue: key.ipProtocol)
    switch proto {
    case .tcp:
      let place = bytes.appendZeros(TCPHeader.minimumByteCount)
      var span = bytes.mutableRawBytes
      TCPHeader.write(
        sourcePort: key.transportSource, destinationPort: key.transportDestination, sequenceNumber: 0,
        flags: TCPFlags(rawValue: UInt16(truncatingIfNeeded: key[.tcpFlags])), to: &span, at: place)
      // A segment that opens or ends a connection (FIN, SYN, RST) carries nothing.
      if key[.tcpFlags] & 7 == 0 {
        complete(key, &bytes, from: place, field: TCPHeader.checksumOffset)
      } else {
        storeChecksum(key, &bytes, from: place, field: TCPHeader.checksumOffset)
      }
    case .udp:
      let place = bytes.appendZeros(UDPHeader.byteCount)
      var span = bytes.mutableRawBytes
      UDPHeader.write(
        sourcePort: key.transportSource, destinationPort: key.transportDestination,
        length: UInt16(UDPHeader.byteCount + Self.payloadByteCount), to: &span, at: place)
      complete(key, &bytes, from: place, field: UDPHeader.checksumOffset)
    case .sctp:
      let place = bytes.appendZeros(SCTPHeader.byteCount)
      var span = bytes.mutableRawBytes
      SCTPHeader.write(
        sourcePort: key.transportSource, destinationPort: key.transportDestination, verificationTag: 0,
        to: &span, at: place)
      addPayload(to: &bytes)
    case .icmp where key.isIPv4, .igmp where key.isIPv4, .icmpv6 where key.isIPv6:
      addICMP(key, proto, to: &bytes)
    default: break
    }
  }

  /// Adds an ICMP or IGMP message; one of neighbour discovery carries its target in place of a payload.
  private static func addICMP(_ key: FlowKey, _ proto: IPProtocol, to bytes: inout [UInt8]) {
    let place = bytes.appendZeros(ICMPHeader.byteCount)
    var span = bytes.mutableRawBytes
    ICMPHeader.write(
      type: UInt8(truncatingIfNeeded: key.transportSource),
      code: UInt8(truncatingIfNeeded: key.transportDestination), to: &span, at: place)
    let type = ICMPv6Type(rawValue: UInt8(truncatingIfNeeded: key.transportSource))
    if proto == .icmpv6, type.isNeighbor {
      let target = bytes.appendZeros(NeighborMessage.byteCount - ICMPHeader.byteCount)
      var span = bytes.mutableRawBytes
      span.store(key.neighborTarget, at: target)
      storeChecksum(key, &bytes, from: place, field: ICMPHeader.checksumOffset)
    } else {
      complete(key, &bytes, from: place, field: ICMPHeader.checksumOffset)
    }
  }

  private static func addPayload(to bytes: inout [UInt8]) {
    bytes.append(contentsOf: (0..<Self.payloadByteCount).map { UInt8(truncatingIfNeeded: $0) })
  }

  private static func complete(_ key: FlowKey, _ bytes: inout [UInt8], from place: Int, field: Int) {
    addPayload(to: &bytes)
    storeChecksum(key, &bytes, from: place, field: field)
  }

  /// Stores the checksum of what begins at `place`, with the pseudo header if the protocol has one.
  private static func storeChecksum(_ key: FlowKey, _ bytes: inout [UInt8], from place: Int, field: Int) {
    let proto = IPProtocol(rawValue: key.ipProtocol)
    var sum = InternetChecksum()
    if key.isIPv6 {
      sum.addPseudoHeader(
        source: key.ipv6Source, destination: key.ipv6Destination, protocol: proto, length: bytes.count - place
      )
    } else if proto == .tcp || proto == .udp {
      sum.addPseudoHeader(
        source: key.ipv4Source, destination: key.ipv4Destination, protocol: proto, length: bytes.count - place
      )
    }
    sum.add(bytes.rawBytes.from(place))
    var span = bytes.mutableRawBytes
    span.store(bigEndian16: proto == .udp ? sum.udpValue : sum.value, at: place + field)
  }
}
