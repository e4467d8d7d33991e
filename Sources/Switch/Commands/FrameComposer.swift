import Datapath
import PacketWire

/// Makes frames that have the headers that a key says: packets for tests, and for traces with `-generate`.
struct FrameComposer {
  /// How many bytes of payload follow a transport header unless the frame's length is given.
  static var payloadByteCount: Int { 64 }
  /// The place, in bytes, of a fragment that is not the first.
  static var laterFragmentOffset: Int { 800 }
  /// The length of the longest frame, in bytes.
  static var longestByteCount: Int { 65535 }

  private let key: FlowKey
  private let payloadByteCount: Int
  /// Zeros behind everything else, which an IP packet's length includes.
  private let paddingByteCount: Int
  private var bytes: [UInt8] = []

  private init(_ key: FlowKey, payloadByteCount: Int, paddingByteCount: Int = 0) {
    self.key = key
    self.payloadByteCount = payloadByteCount
    self.paddingByteCount = paddingByteCount
  }

  /// A frame with a key's headers, and a payload where there may be one.
  static func frame(of key: FlowKey) -> [UInt8] {
    var composer = FrameComposer(key, payloadByteCount: Self.payloadByteCount)
    composer.compose()
    return composer.bytes
  }

  /// A frame of so many bytes with a key's headers; nil if these are longer.
  static func frame(of key: FlowKey, byteCount: Int) -> [UInt8]? {
    var short = FrameComposer(key, payloadByteCount: 0)
    short.compose()
    let missing = byteCount - short.bytes.count
    guard missing >= 0, byteCount <= Self.longestByteCount else { return nil }
    var composer = FrameComposer(key, payloadByteCount: 0, paddingByteCount: missing)
    composer.compose()
    return composer.bytes
  }

  private mutating func compose() {
    addEthernet()
    switch EtherType(rawValue: key.etherType) {
    case .ipv4: addIPv4()
    case .ipv6: addIPv6()
    case .arp, .rarp: addARP()
    case .mpls, .mplsMulticast: addMPLS()
    default: break
    }
    if !key.isIPv4, !key.isIPv6 { _ = bytes.appendZeros(paddingByteCount) }
  }

  private mutating func addEthernet() {
    let key = key
    let outer = EtherType(rawValue: key.vlanTPID == 0 ? EtherType.vlan.rawValue : key.vlanTPID)
    let inner = EtherType(rawValue: key.innerVLANTPID == 0 ? EtherType.vlan.rawValue : key.innerVLANTPID)
    // What has no type is an 802.3 frame, whose type is its length.
    let length = UInt16(EthernetHeader.byteCount + paddingByteCount)
    let type = EtherType(rawValue: key.etherType < EtherType.minimum ? length : key.etherType)
    let hasInner = key.hasVLAN && VLANControl(rawValue: key.innerVLANTCI).isDropEligible
    let place = bytes.appendZeros(EthernetHeader.byteCount)
    var span = bytes.mutableRawBytes
    EthernetHeader.write(
      destination: key.ethernetDestination, source: key.ethernetSource, type: key.hasVLAN ? outer : type,
      to: &span, at: place)
    if key.hasVLAN { addTag(key.vlanTCI, before: hasInner ? inner : type) }
    if hasInner { addTag(key.innerVLANTCI, before: type) }
  }

  private mutating func addTag(_ control: UInt16, before type: EtherType) {
    // The key says with a bit of its own that there is a tag.
    let control = VLANControl(rawValue: control)
    let place = bytes.appendZeros(VLANHeader.byteCount)
    var span = bytes.mutableRawBytes
    VLANHeader.write(
      control: VLANControl(identifier: control.identifier, priority: control.priority), type: type, to: &span,
      at: place)
  }

  private mutating func addMPLS() {
    let key = key
    for entry in Commit.entries(key) {
      let place = bytes.appendZeros(MPLSHeader.byteCount)
      var span = bytes.mutableRawBytes
      MPLSHeader.write(MPLSEntry(rawValue: entry), to: &span, at: place)
    }
  }

  private mutating func addARP() {
    let key = key
    let place = bytes.appendZeros(ARPPacket.byteCount)
    var span = bytes.mutableRawBytes
    ARPPacket.write(
      operation: ARPOperation(rawValue: UInt16(key.ipProtocol)), senderHardware: key.arpSourceHardware,
      senderProtocol: key.ipv4Source, targetHardware: key.arpTargetHardware,
      targetProtocol: key.ipv4Destination, to: &span, at: place)
  }

  private mutating func addIPv4() {
    let key = key
    let place = bytes.appendZeros(IPv4Header.minimumByteCount)
    let transport = addTransport()
    let length = UInt16(truncatingIfNeeded: bytes.count - place)
    var fragmentation = IPv4Fragmentation()
    if key.fragment & 1 != 0 {
      fragmentation = IPv4Fragmentation(
        hasMore: true, offset: key.fragment & 2 != 0 ? Self.laterFragmentOffset : 0)
    }
    var span = bytes.mutableRawBytes
    IPv4Header.write(
      source: key.ipv4Source, destination: key.ipv4Destination,
      protocol: IPProtocol(rawValue: key.ipProtocol), totalLength: length, typeOfService: key.typeOfService,
      timeToLive: key.timeToLive, fragmentation: fragmentation, to: &span, at: place)
    storeChecksum(from: transport)
  }

  private mutating func addIPv6() {
    let key = key
    let place = bytes.appendZeros(IPv6Header.byteCount)
    let transport = addTransport()
    let length = UInt16(truncatingIfNeeded: bytes.count - place - IPv6Header.byteCount)
    var span = bytes.mutableRawBytes
    IPv6Header.write(
      source: key.ipv6Source, destination: key.ipv6Destination,
      nextHeader: IPProtocol(rawValue: key.ipProtocol), payloadLength: length,
      trafficClass: key.typeOfService,
      flowLabel: UInt32(truncatingIfNeeded: key[.ipv6Label]), hopLimit: key.timeToLive, to: &span,
      at: place)
    storeChecksum(from: transport)
  }

  /// Adds the transport header, payload and padding, without a checksum; gives the header's place.
  ///
  /// A fragment other than the first has no such header.
  private mutating func addTransport() -> Int {
    let place = bytes.count
    if key.fragment & 2 == 0 { addTransportHeader() }
    _ = bytes.appendZeros(paddingByteCount)
    return place
  }

  private mutating func addTransportHeader() {
    let key = key
    switch IPProtocol(rawValue: key.ipProtocol) {
    case .tcp:
      let place = bytes.appendZeros(TCPHeader.minimumByteCount)
      let flags = TCPFlags(rawValue: UInt16(truncatingIfNeeded: key[.tcpFlags]))
      var span = bytes.mutableRawBytes
      TCPHeader.write(
        sourcePort: key.transportSource, destinationPort: key.transportDestination, sequenceNumber: 0,
        flags: flags, to: &span, at: place)
      // What begins or ends a connection carries no data: FIN, SYN and RST (RFC 9293, section 3.1).
      if flags.rawValue & 0b111 == 0 { addPayload() }
    case .udp:
      let place = bytes.appendZeros(UDPHeader.byteCount)
      addPayload()
      let byteCount = UDPHeader.byteCount + payloadByteCount + paddingByteCount
      var span = bytes.mutableRawBytes
      UDPHeader.write(
        sourcePort: key.transportSource, destinationPort: key.transportDestination,
        length: UInt16(truncatingIfNeeded: byteCount), to: &span, at: place)
    case .sctp:
      let place = bytes.appendZeros(SCTPHeader.byteCount)
      var span = bytes.mutableRawBytes
      SCTPHeader.write(
        sourcePort: key.transportSource, destinationPort: key.transportDestination, verificationTag: 0,
        to: &span, at: place)
    case .icmp where key.isIPv4:
      addICMP()
      // Echo reply and request (RFC 792).
      if key.transportSource == 0 || key.transportSource == 8, key.transportDestination == 0 { addPayload() }
    case .igmp where key.isIPv4: addICMP()
    case .icmpv6 where key.isIPv6:
      addICMP()
      if key.transportDestination == 0 {
        addBody(ofICMPv6: ICMPv6Type(rawValue: UInt8(truncatingIfNeeded: key.transportSource)))
      }
    default: break
    }
  }

  private mutating func addICMP() {
    let key = key
    let place = bytes.appendZeros(ICMPHeader.byteCount)
    var span = bytes.mutableRawBytes
    ICMPHeader.write(
      type: UInt8(truncatingIfNeeded: key.transportSource),
      code: UInt8(truncatingIfNeeded: key.transportDestination), to: &span, at: place)
  }

  /// Adds the target and the addresses of neighbour discovery (RFC 4861, section 4), or the payload of an echo.
  private mutating func addBody(ofICMPv6 type: ICMPv6Type) {
    let key = key
    if type.isNeighbor {
      let target = bytes.appendZeros(NeighborMessage.byteCount - ICMPHeader.byteCount)
      var span = bytes.mutableRawBytes
      span.store(key.neighborTarget, at: target)
      for (option, address) in [(UInt8(1), key.arpSourceHardware), (2, key.arpTargetHardware)]
      where !address.isZero {
        bytes += [option, 1]
        bytes += (0..<6).map { UInt8(truncatingIfNeeded: address.rawValue >> UInt64(40 - 8 * $0)) }
      }
    } else if type.rawValue == 128 || type.rawValue == 129 {
      // Echo request and reply (RFC 4443, section 4).
      addPayload()
    }
  }

  private mutating func addPayload() {
    bytes.append(contentsOf: (0..<payloadByteCount).map { UInt8(truncatingIfNeeded: $0) })
  }

  /// Stores the checksum of the transport header at a place, with the pseudo header if the protocol has one.
  private mutating func storeChecksum(from place: Int) {
    let key = key
    let proto = IPProtocol(rawValue: key.ipProtocol)
    let field: Int
    switch proto {
    case .tcp: field = TCPHeader.checksumOffset
    case .udp: field = UDPHeader.checksumOffset
    case .icmp where key.isIPv4, .igmp where key.isIPv4, .icmpv6 where key.isIPv6:
      field = ICMPHeader.checksumOffset
    default: return
    }
    guard key.fragment & 2 == 0 else { return }
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
