// Packets for tests, built byte by byte and independently of the code under test.

/// Big-endian bytes of an integer.
public func big(_ value: Int, _ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * (count - 1 - $0))) }
}

/// Big-endian bytes of an integer.
public func big(_ value: UInt64, _ count: Int) -> [UInt8] { big(Int(truncatingIfNeeded: value), count) }

/// The Internet checksum, the slow way.
public func internetChecksum(_ bytes: [UInt8]) -> Int {
  var sum = 0
  for index in stride(from: 0, to: bytes.count, by: 2) {
    sum += Int(bytes[index]) << 8 | (index + 1 < bytes.count ? Int(bytes[index + 1]) : 0)
  }
  while sum > 0xffff { sum = (sum & 0xffff) + (sum >> 16) }
  return ~sum & 0xffff
}

/// Builders of headers.
public enum Build {
  /// Where built frames go.
  public static let destination: [UInt8] = [2, 0, 0, 0, 0, 0xd]
  /// Where built frames come from.
  public static let source: [UInt8] = [2, 0, 0, 0, 0, 0x5]

  /// An Ethernet frame.
  public static func ethernet(_ type: Int, _ payload: [UInt8], tags: [(tpid: Int, tci: Int)] = []) -> [UInt8]
  {
    var bytes = destination + source
    for tag in tags { bytes += big(tag.tpid, 2) + big(tag.tci, 2) }
    return bytes + big(type, 2) + payload
  }

  /// An IPv4 packet with its checksum.
  public static func ipv4(
    _ proto: Int, _ payload: [UInt8], from: Int = 0x0a00_0001, to: Int = 0x0a00_0002, tos: Int = 0,
    ttl: Int = 64, fragment: Int = 0, options: [UInt8] = [], identification: Int = 0x1234
  ) -> [UInt8] {
    var header: [UInt8] =
      [UInt8(0x45 + options.count / 4), UInt8(tos)] + big(20 + options.count + payload.count, 2)
    header +=
      big(identification, 2) + big(fragment, 2) + [UInt8(ttl), UInt8(proto), 0, 0] + big(from, 4) + big(to, 4)
      + options
    header.replaceSubrange(10..<12, with: big(internetChecksum(header), 2))
    return header + payload
  }

  /// An IPv6 packet.
  public static func ipv6(
    _ next: Int, _ payload: [UInt8], from: [UInt8] = [UInt8](repeating: 1, count: 16),
    to: [UInt8] = [UInt8](repeating: 2, count: 16), trafficClass: Int = 0, label: Int = 0, hopLimit: Int = 64
  ) -> [UInt8] {
    big(6 << 28 | trafficClass << 20 | label, 4) + big(payload.count, 2) + [UInt8(next), UInt8(hopLimit)]
      + from + to
      + payload
  }

  /// Fills in a transport checksum at `field` of the payload of an IP packet.
  public static func checksummed(_ packet: [UInt8], transport: Int, field: Int, proto: Int) -> [UInt8] {
    var packet = packet
    packet.replaceSubrange((transport + field)..<(transport + field + 2), with: [0, 0])
    let value = transportSum(packet, transport: transport, proto: proto)
    packet.replaceSubrange(
      (transport + field)..<(transport + field + 2), with: big(value == 0 ? 0xffff : value, 2))
    return packet
  }

  /// The complement of the sum over pseudo-header and transport of an IP packet.
  public static func transportSum(_ packet: [UInt8], transport: Int, proto: Int) -> Int {
    let length = packet.count - transport
    let addresses = packet[0] >> 4 == 4 ? packet[12..<20] : packet[8..<40]
    return internetChecksum(Array(addresses) + big(proto, 4) + big(length, 4) + packet[transport...])
  }

  /// A UDP datagram without a checksum.
  public static func udp(_ source: Int, _ target: Int, _ payload: [UInt8]) -> [UInt8] {
    big(source, 2) + big(target, 2) + big(8 + payload.count, 2) + [0, 0] + payload
  }

  /// A TCP segment without a checksum.
  public static func tcp(_ source: Int, _ target: Int, flags: Int, _ payload: [UInt8], sequence: Int = 1000)
    -> [UInt8]
  {
    big(source, 2) + big(target, 2) + big(sequence, 4) + big(7, 4) + big(5 << 12 | flags, 2) + big(512, 2)
      + [0, 0, 0, 0] + payload
  }

  /// A frame of UDP over IPv4.
  public static func udp4(
    _ payload: [UInt8] = [1, 2, 3], from: Int = 0x0a00_0001, ports: (Int, Int) = (1000, 2000)
  )
    -> [UInt8]
  {
    ethernet(
      0x0800,
      checksummed(ipv4(17, udp(ports.0, ports.1, payload), from: from), transport: 20, field: 6, proto: 17))
  }

  /// A frame of TCP over IPv4.
  public static func tcp4(_ payload: [UInt8] = [1, 2, 3], flags: Int = 0x18) -> [UInt8] {
    ethernet(
      0x0800, checksummed(ipv4(6, tcp(80, 443, flags: flags, payload)), transport: 20, field: 16, proto: 6))
  }

  /// A frame of TCP over IPv6.
  public static func tcp6(_ payload: [UInt8] = [1, 2, 3], flags: Int = 0x18) -> [UInt8] {
    ethernet(
      0x86dd, checksummed(ipv6(6, tcp(80, 443, flags: flags, payload)), transport: 40, field: 16, proto: 6))
  }

  /// A frame of UDP over IPv6.
  public static func udp6(_ payload: [UInt8] = [1, 2, 3]) -> [UInt8] {
    ethernet(0x86dd, checksummed(ipv6(17, udp(1000, 2000, payload)), transport: 40, field: 6, proto: 17))
  }

  /// A neighbour solicitation with a source link-layer address.
  public static func solicitation() -> [UInt8] {
    let message: [UInt8] = [135, 0, 0, 0, 0, 0, 0, 0] + [UInt8](repeating: 9, count: 16) + [1, 1] + source
    return ethernet(0x86dd, checksummed(ipv6(58, message, hopLimit: 255), transport: 40, field: 2, proto: 58))
  }

  /// A frame with an ARP request, or another operation.
  public static func arp(_ operation: Int = 1) -> [UInt8] {
    ethernet(
      0x0806,
      [0, 1, 8, 0, 6, 4] + big(operation, 2) + source + [10, 0, 0, 1] + [0, 0, 0, 0, 0, 0] + [10, 0, 0, 2])
  }
}

/// What is wrong with the checksums and lengths of a packet, tunnels included; empty if nothing is.
public func defects(_ packet: [UInt8]) -> [String] {
  var place = 14
  var type = Int(packet[12]) << 8 | Int(packet[13])
  while type == 0x8100 || type == 0x88a8 {
    type = Int(packet[place + 2]) << 8 | Int(packet[place + 3])
    place += 4
  }
  let network = Array(packet[place...])
  switch type {
  case 0x0800:
    let header = Int(network[0] & 15) * 4
    let total = Int(network[2]) << 8 | Int(network[3])
    var found: [String] = []
    if internetChecksum(Array(network[..<header])) != 0 { found.append("ipv4 header checksum") }
    if total > network.count { return found + ["ipv4 length \(total) of \(network.count)"] }
    if (Int(network[6]) << 8 | Int(network[7])) & 0x1fff != 0 { return found }
    return found + transportDefects(Array(network[..<total]), header, Int(network[9]))
  case 0x86dd:
    let total = 40 + (Int(network[4]) << 8 | Int(network[5]))
    if total > network.count { return ["ipv6 length \(total) of \(network.count)"] }
    return transportDefects(Array(network[..<total]), 40, Int(network[6]))
  default: return []
  }
}

private func transportDefects(_ packet: [UInt8], _ transport: Int, _ proto: Int) -> [String] {
  let bytes = Array(packet[transport...])
  switch proto {
  case 6: return Build.transportSum(packet, transport: transport, proto: 6) == 0 ? [] : ["tcp checksum"]
  case 58: return Build.transportSum(packet, transport: transport, proto: 58) == 0 ? [] : ["icmpv6 checksum"]
  case 17:
    var found: [String] = []
    if bytes[6] | bytes[7] != 0 && Build.transportSum(packet, transport: transport, proto: 17) != 0 {
      found.append("udp checksum")
    }
    if Int(bytes[4]) << 8 | Int(bytes[5]) != bytes.count { found.append("udp length") }
    let port = Int(bytes[2]) << 8 | Int(bytes[3])
    if port == 4789 { return found + defects(Array(bytes[16...])) }
    if port == 6081 { return found + defects(Array(bytes[(16 + Int(bytes[8] & 0x3f) * 4)...])) }
    return found
  case 47:
    var found: [String] = []
    if bytes[0] & 0x80 != 0 && internetChecksum(bytes) != 0 { found.append("gre checksum") }
    return found + defects(Array(bytes[(4 + 4 * (bytes[0] & 0xb0).nonzeroBitCount)...]))
  default: return []
  }
}
