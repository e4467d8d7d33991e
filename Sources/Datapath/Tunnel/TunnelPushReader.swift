// Prebuilt tunnel headers from text.

import PacketWire

struct TunnelPushReader {
  private var header: [UInt8] = []

  private init() {}

  /// Reads what follows `tnl_push(`, with the closing parenthesis.
  static func read(
    _ scanner: inout TextScanner, _ portNumber: (String) -> DatapathPortNumber?
  ) throws(DatapathTextError) -> DatapathAction {
    try scanner.expect("tnl_port(")
    let tunnelPort = try port(&scanner, portNumber)
    try scanner.expect(",header(size=")
    let size = Int(try scanner.number(bits: 16))
    try scanner.expect(",type=")
    let type = VportType(rawValue: UInt32(try scanner.number(bits: 32)))
    try scanner.expect(",")
    var reader = TunnelPushReader()
    try reader.readHeaders(&scanner)
    try scanner.expect("),out_port(")
    let outPort = try port(&scanner, portNumber)
    try scanner.expect(")")
    guard reader.header.count == size else { throw .invalidValue("size=\(size)") }
    let push = TunnelPush(tunnelPort: tunnelPort, outPort: outPort, kind: type, header: reader.header)
    guard push.layout != nil else { throw .invalidValue("type=\(type.rawValue)") }
    return .tunnelPush(push)
  }

  private static func port(
    _ scanner: inout TextScanner, _ portNumber: (String) -> DatapathPortNumber?
  ) throws(DatapathTextError) -> DatapathPortNumber {
    let text = scanner.word()
    try scanner.expect(")")
    if let number = TextScanner.number(text), number <= 0xffff_ffff {
      return DatapathPortNumber(UInt32(number))
    }
    guard let number = portNumber(text) else { throw .unknownName(text) }
    return number
  }

  private mutating func readHeaders(_ scanner: inout TextScanner) throws(DatapathTextError) {
    try readEthernet(&scanner)
    try scanner.expect(",")
    if scanner.skip("ipv4(") {
      try readIPv4(&scanner)
    } else {
      try scanner.expect("ipv6(")
      try readIPv6(&scanner)
    }
    try scanner.expect(",")
    if scanner.skip("udp(") {
      try readUDP(&scanner)
      try scanner.expect(",")
    }
    for kind in TunnelKind.allCases {
      let row = kind.row
      guard scanner.skip(row.name + "(") else { continue }
      header += try row.parse(&scanner)
      try scanner.expect(")")
      return
    }
    throw scanner.unexpected
  }

  private mutating func readEthernet(_ scanner: inout TextScanner) throws(DatapathTextError) {
    try scanner.expect("eth(dst=")
    let destination = try scanner.ethernetAddress()
    try scanner.expect(",src=")
    let source = try scanner.ethernetAddress()
    try scanner.expect(",dl_type=")
    let type = EtherType(rawValue: UInt16(try scanner.number(bits: 16)))
    try scanner.expect(")")
    let place = header.appendZeros(EthernetHeader.byteCount)
    var bytes = header.mutableRawBytes
    EthernetHeader.write(destination: destination, source: source, type: type, to: &bytes, at: place)
  }

  private mutating func readIPv4(_ scanner: inout TextScanner) throws(DatapathTextError) {
    try scanner.expect("src=")
    let source = try scanner.ipv4Address()
    try scanner.expect(",dst=")
    let destination = try scanner.ipv4Address()
    try scanner.expect(",proto=")
    let proto = IPProtocol(rawValue: UInt8(try scanner.number(bits: 8)))
    try scanner.expect(",tos=")
    let typeOfService = UInt8(try scanner.number(bits: 8))
    try scanner.expect(",ttl=")
    let timeToLive = UInt8(try scanner.number(bits: 8))
    try scanner.expect(",frag=")
    let fragmentation = IPv4Fragmentation(rawValue: UInt16(try scanner.number(bits: 16)))
    try scanner.expect(")")
    let place = header.appendZeros(IPv4Header.minimumByteCount)
    var bytes = header.mutableRawBytes
    IPv4Header.write(
      source: source, destination: destination, protocol: proto, totalLength: 0, typeOfService: typeOfService,
      timeToLive: timeToLive, fragmentation: fragmentation, hasChecksum: false, to: &bytes, at: place)
  }

  private mutating func readIPv6(_ scanner: inout TextScanner) throws(DatapathTextError) {
    try scanner.expect("src=")
    let source = try scanner.ipv6Address()
    try scanner.expect(",dst=")
    let destination = try scanner.ipv6Address()
    try scanner.expect(",label=")
    let label = UInt32(try scanner.number(bits: 20))
    try scanner.expect(",proto=")
    let proto = IPProtocol(rawValue: UInt8(try scanner.number(bits: 8)))
    try scanner.expect(",tclass=")
    let trafficClass = UInt8(try scanner.number(bits: 8))
    try scanner.expect(",hlimit=")
    let limit = UInt8(try scanner.number(bits: 8))
    try scanner.expect(")")
    let place = header.appendZeros(IPv6Header.byteCount)
    var bytes = header.mutableRawBytes
    IPv6Header.write(
      source: source, destination: destination, nextHeader: proto, payloadLength: 0,
      trafficClass: trafficClass, flowLabel: label, hopLimit: limit, to: &bytes, at: place)
  }

  private mutating func readUDP(_ scanner: inout TextScanner) throws(DatapathTextError) {
    try scanner.expect("src=")
    let source = UInt16(try scanner.number(bits: 16))
    try scanner.expect(",dst=")
    let destination = UInt16(try scanner.number(bits: 16))
    try scanner.expect(",csum=")
    let checksum = UInt16(try scanner.number(bits: 16))
    try scanner.expect(")")
    let place = header.appendZeros(UDPHeader.byteCount)
    var bytes = header.mutableRawBytes
    UDPHeader.write(
      sourcePort: source, destinationPort: destination, length: 0, checksum: checksum, to: &bytes, at: place)
  }
}

extension TextScanner {
  fileprivate mutating func ethernetAddress() throws(DatapathTextError) -> MACAddress {
    let text = word()
    guard let address = MACAddress(text) else { throw .invalidValue(text) }
    return address
  }

  fileprivate mutating func ipv4Address() throws(DatapathTextError) -> IPv4Address {
    let text = word()
    guard let address = IPv4Address(text) else { throw .invalidValue(text) }
    return address
  }

  fileprivate mutating func ipv6Address() throws(DatapathTextError) -> IPv6Address {
    let text = word()
    guard let address = IPv6Address(text) else { throw .invalidValue(text) }
    return address
  }
}
