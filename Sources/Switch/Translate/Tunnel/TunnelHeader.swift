import Datapath
import PacketWire

/// The headers that a tunnel puts before its packets, without what differs from packet to packet: lengths, checksums and the
/// UDP source port are left to the datapath.
struct TunnelHeader {
  /// The bytes, from the outer Ethernet header on.
  private(set) var bytes: [UInt8]
  /// The kind of tunnel, as the datapath names it.
  let kind: VportType
  /// The headers as a flow key, for the underlay's bridge.
  private(set) var outerKey = FlowKey()

  /// Builds the headers of a tunnel.
  ///
  /// `key` has the tunnel fields as they are to be sent; `inner` is the packet inside.
  init(
    settings: TunnelSettings, source: IPv6Address, destination: IPv6Address, from sourceLink: MACAddress,
    to destinationLink: MACAddress, key: borrowing FlowKey, inner: borrowing FlowKey
  ) {
    let row = settings.encapsulation.row
    outerKey.ethernetSource = sourceLink
    outerKey.ethernetDestination = destinationLink
    outerKey.ipProtocol = row.carrier.protocolNumber.rawValue
    outerKey.typeOfService = key.tunnelTypeOfService
    outerKey.timeToLive = key.tunnelTimeToLive
    outerKey.transportDestination = settings.transportPort
    if let source = source.mappedIPv4, let destination = destination.mappedIPv4 {
      kind = row.vportType
      outerKey.etherType = EtherType.ipv4.rawValue
      outerKey.ipv4Source = source
      outerKey.ipv4Destination = destination
    } else {
      kind = row.vportTypeOverIPv6
      outerKey.etherType = EtherType.ipv6.rawValue
      outerKey.ipv6Source = source
      outerKey.ipv6Destination = destination
    }
    let network = EthernetHeader.byteCount
    let transport = network + (outerKey.isIPv4 ? IPv4Header.minimumByteCount : IPv6Header.byteCount)
    let tunnel = transport + (row.carrier.isUDP ? UDPHeader.byteCount : 0)
    bytes = [UInt8](repeating: 0, count: tunnel)
    Self.writeLinkAndNetwork(
      outerKey, to: &bytes, at: network, doesNotFragment: settings.doesNotFragment)
    if row.carrier.isUDP {
      let hasChecksum = settings.hasChecksum || outerKey.isIPv6
      var span = bytes.mutableRawBytes
      // A checksum that is not zero asks the datapath to fill one in; over IPv6 there has to be one (RFC 8200, 8.1).
      UDPHeader.write(
        sourcePort: 0, destinationPort: settings.transportPort, length: 0,
        checksum: hasChecksum ? 0xffff : 0, to: &span, at: transport)
    }
    let fields = Self.fields(key, settings)
    let options = Self.options(key)
    let header = settings.encapsulation.header(fields, options: options)
    // Options that do not fit a push action with the headers before them are left out.
    let fits = tunnel + header.count <= TunnelPush.maximumHeaderByteCount
    bytes += fits ? header : settings.encapsulation.header(fields)
  }

  private static func writeLinkAndNetwork(
    _ outerKey: borrowing FlowKey, to bytes: inout [UInt8], at network: Int, doesNotFragment: Bool
  ) {
    let number = IPProtocol(rawValue: outerKey.ipProtocol)
    var span = bytes.mutableRawBytes
    EthernetHeader.write(
      destination: outerKey.ethernetDestination, source: outerKey.ethernetSource,
      type: EtherType(rawValue: outerKey.etherType), to: &span)
    if outerKey.isIPv4 {
      IPv4Header.write(
        source: outerKey.ipv4Source, destination: outerKey.ipv4Destination, protocol: number, totalLength: 0,
        typeOfService: outerKey.typeOfService, timeToLive: outerKey.timeToLive,
        fragmentation: IPv4Fragmentation(isFragmentable: !doesNotFragment), hasChecksum: false, to: &span,
        at: network)
    } else {
      IPv6Header.write(
        source: outerKey.ipv6Source, destination: outerKey.ipv6Destination, nextHeader: number,
        payloadLength: 0, trafficClass: outerKey.typeOfService, hopLimit: outerKey.timeToLive, to: &span,
        at: network)
    }
  }

  /// What the tunnel header is to say.
  private static func fields(_ key: borrowing FlowKey, _ settings: TunnelSettings) -> TunnelFields {
    var fields = TunnelFields()
    fields.key = key.tunnelID
    fields.flags = key.tunnelFlags
    if settings.hasChecksum { fields.flags.insert(.checksum) } else { fields.flags.remove(.checksum) }
    fields.hasSequence = settings.hasSequence
    if settings.hasGroupPolicy, key[.tunnelGBPID] != 0 {
      fields.groupPolicy = VXLANGroupPolicy(
        identifier: UInt16(truncatingIfNeeded: key[.tunnelGBPID]),
        flags: UInt8(truncatingIfNeeded: key[.tunnelGBPFlags]))
    }
    return fields
  }

  /// The options that the flow sets.
  private static func options(_ key: borrowing FlowKey) -> [UInt8] {
    let count = min(key.tunnelOptionByteCount, GeneveHeader.maximumOptionByteCount) & ~3
    var bytes: [UInt8] = []
    for place in 0..<count {
      bytes.append(
        UInt8(truncatingIfNeeded: key[.tunnelOptions.half(place / 4)] >> UInt64(24 - place % 4 * 8)))
    }
    return bytes
  }
}
