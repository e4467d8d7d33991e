import Datapath
import PacketWire

/// The headers that a tunnel puts before its packets, without what differs from packet to packet: lengths, checksums and the
/// UDP source port are left to the datapath.
struct TunnelHeader {
  /// The bytes, from the outer Ethernet header on.
  private(set) var bytes: [UInt8] = []
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
    switch settings.encapsulation {
    case .vxlan: kind = .vxlan
    case .gre: kind = destination.mappedIPv4 == nil ? .ip6gre : .gre
    case .geneve: kind = .geneve
    }
    let isUDP = settings.encapsulation != .gre
    outerKey.ethernetSource = sourceLink
    outerKey.ethernetDestination = destinationLink
    outerKey.ipProtocol = isUDP ? 17 : 47
    outerKey.typeOfService = key.tunnelTypeOfService
    outerKey.timeToLive = key.tunnelTimeToLive
    append(destinationLink.rawValue, 6)
    append(sourceLink.rawValue, 6)
    if let source = source.mappedIPv4, let destination = destination.mappedIPv4 {
      outerKey.etherType = 0x0800
      outerKey.ipv4Source = source
      outerKey.ipv4Destination = destination
      appendIPv4(source, destination, settings)
    } else {
      outerKey.etherType = 0x86dd
      outerKey.ipv6Source = source
      outerKey.ipv6Destination = destination
      appendIPv6(source, destination)
    }
    if isUDP {
      outerKey.transportDestination = settings.destinationPort
      append(0, 2)
      append(UInt64(settings.destinationPort), 2)
      append(0, 2)
      // A checksum that is not zero asks the datapath to fill one in; over IPv6 there has to be one (RFC 8200, 8.1).
      append(settings.hasChecksum || outerKey.isIPv6 ? 0xffff : 0, 2)
    }
    switch settings.encapsulation {
    case .vxlan: appendVXLAN(key, settings)
    case .geneve: appendGeneve(key)
    case .gre: appendGRE(key, settings)
    }
  }

  private mutating func append(_ value: UInt64, _ byteCount: Int) {
    EndpointFrames.append(&bytes, value, byteCount: byteCount)
  }

  private mutating func appendIPv4(
    _ source: IPv4Address, _ destination: IPv4Address, _ settings: TunnelSettings
  ) {
    append(0x0800, 2)
    append(0x45, 1)
    append(UInt64(outerKey.typeOfService), 1)
    append(0, 4)
    append(settings.doesNotFragment ? 0x4000 : 0, 2)
    append(UInt64(outerKey.timeToLive), 1)
    append(UInt64(outerKey.ipProtocol), 1)
    append(0, 2)
    append(UInt64(source.rawValue), 4)
    append(UInt64(destination.rawValue), 4)
  }

  private mutating func appendIPv6(_ source: IPv6Address, _ destination: IPv6Address) {
    append(0x86dd, 2)
    append(6 << 28 | UInt64(outerKey.typeOfService) << 20, 4)
    append(0, 2)
    append(UInt64(outerKey.ipProtocol), 1)
    append(UInt64(outerKey.timeToLive), 1)
    EndpointFrames.append(&bytes, source)
    EndpointFrames.append(&bytes, destination)
  }

  /// RFC 7348, section 5, and the group policy extension of draft-smith-vxlan-group-policy-05, section 2.1.
  private mutating func appendVXLAN(_ key: borrowing FlowKey, _ settings: TunnelSettings) {
    var flags: UInt64 = 0x0800_0000
    if settings.hasGroupPolicy, key.words[37] >> 48 != 0 {
      flags |= 0x8000_0000 | key.words[37] >> 48 | (key.words[37] >> 40 & 0x48) << 16
    }
    append(flags, 4)
    append((key.tunnelID & 0xff_ffff) << 8, 4)
  }

  /// RFC 8926, section 3.4.
  private mutating func appendGeneve(_ key: borrowing FlowKey) {
    let optionByteCount = min(Int(key.words[38] & 0xffff_ffff), 252) & ~3
    append(UInt64(optionByteCount / 4), 1)
    append(key.tunnelFlags.contains(.operations) ? 0x80 : 0, 1)
    append(0x6558, 2)
    append((key.tunnelID & 0xff_ffff) << 8, 4)
    // What does not fit a push action with the headers before it is left out.
    let room = TunnelPush.maximumHeaderByteCount - bytes.count
    guard optionByteCount <= room else {
      bytes[bytes.count - 8] = 0
      return
    }
    for place in 0..<optionByteCount {
      append(key.words[62 + place / 8] >> UInt64(56 - place % 8 * 8) & 0xff, 1)
    }
  }

  /// RFC 2784, section 2, with the key and sequence number of RFC 2890.
  private mutating func appendGRE(_ key: borrowing FlowKey, _ settings: TunnelSettings) {
    var flags: UInt64 = 0
    if settings.hasChecksum { flags |= 0x8000 }
    if key.tunnelFlags.contains(.key) { flags |= 0x2000 }
    if settings.hasSequence { flags |= 0x1000 }
    append(flags, 2)
    append(0x6558, 2)
    if settings.hasChecksum { append(0, 4) }
    if key.tunnelFlags.contains(.key) { append(key.tunnelID & 0xffff_ffff, 4) }
    if settings.hasSequence { append(0, 4) }
  }
}
