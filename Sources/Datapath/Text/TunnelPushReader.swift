// Prebuilt tunnel headers from text.

enum TunnelPushReader {
  /// Reads what follows `tnl_push(`, with the closing parenthesis.
  static func read(
    _ scanner: inout TextScanner, _ portNumber: (String) -> DatapathPortNumber?
  ) throws(DatapathTextError) -> DatapathAction {
    try scanner.expect("tnl_port(")
    let tunnelPort = try port(&scanner, portNumber)
    try scanner.expect(",header(size=")
    let size = Int(try scanner.number(bits: 16))
    try scanner.expect(",type=")
    let kind = VportType(rawValue: UInt32(try scanner.number(bits: 32)))
    try scanner.expect(",")
    var writer = AttributeWriter()
    try readEthernet(&scanner, &writer)
    try scanner.expect(",")
    if scanner.skip("ipv4(") {
      try readIPv4(&scanner, &writer)
    } else {
      try scanner.expect("ipv6(")
      try readIPv6(&scanner, &writer)
    }
    try scanner.expect(",")
    if scanner.skip("udp(") { try readUDP(&scanner, &writer) } else { try readGRE(&scanner, &writer) }
    try scanner.expect("),out_port(")
    let outPort = try port(&scanner, portNumber)
    try scanner.expect(")")
    guard writer.bytes.count == size else { throw .invalidValue("size=\(size)") }
    return .tunnelPush(TunnelPush(tunnelPort: tunnelPort, outPort: outPort, kind: kind, header: writer.bytes))
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

  private static func readEthernet(
    _ scanner: inout TextScanner, _ writer: inout AttributeWriter
  ) throws(DatapathTextError) {
    var reader = KeyReader()
    try scanner.expect("eth(dst=")
    try scanner.value(TextRow("", 1, 16, 48, .ethernet), &reader.key, &reader.mask)
    try scanner.expect(",src=")
    try scanner.value(TextRow("", 2, 16, 48, .ethernet), &reader.key, &reader.mask)
    try scanner.expect(",dl_type=")
    let type = try scanner.number(bits: 16)
    try scanner.expect(")")
    writer.append(bigEndian: reader.key.words[1] >> 16, byteCount: 6)
    writer.append(bigEndian: reader.key.words[2] >> 16, byteCount: 6)
    writer.append(bigEndian: type, byteCount: 2)
  }

  private static func readIPv4(
    _ scanner: inout TextScanner, _ writer: inout AttributeWriter
  ) throws(DatapathTextError) {
    var reader = KeyReader()
    try scanner.expect("src=")
    try scanner.value(TextRow("", 3, 32, 32, .ipv4), &reader.key, &reader.mask)
    try scanner.expect(",dst=")
    try scanner.value(TextRow("", 3, 0, 32, .ipv4), &reader.key, &reader.mask)
    try scanner.expect(",proto=")
    let proto = try scanner.number(bits: 8)
    try scanner.expect(",tos=")
    let tos = try scanner.number(bits: 8)
    try scanner.expect(",ttl=")
    let ttl = try scanner.number(bits: 8)
    try scanner.expect(",frag=")
    let fragment = try scanner.number(bits: 16)
    try scanner.expect(")")
    writer.append(bigEndian: 0x45 << 24 | tos << 16, byteCount: 4)
    writer.append(bigEndian: fragment, byteCount: 4)
    writer.append(bigEndian: ttl << 24 | proto << 16, byteCount: 4)
    writer.append(bigEndian: reader.key.words[3], byteCount: 8)
  }

  private static func readIPv6(
    _ scanner: inout TextScanner, _ writer: inout AttributeWriter
  ) throws(DatapathTextError) {
    var reader = KeyReader()
    try scanner.expect("src=")
    try scanner.value(TextRow("", 10, 0, 128, .ipv6), &reader.key, &reader.mask)
    try scanner.expect(",dst=")
    try scanner.value(TextRow("", 12, 0, 128, .ipv6), &reader.key, &reader.mask)
    try scanner.expect(",label=")
    let label = try scanner.number(bits: 20)
    try scanner.expect(",proto=")
    let proto = try scanner.number(bits: 8)
    try scanner.expect(",tclass=")
    let trafficClass = try scanner.number(bits: 8)
    try scanner.expect(",hlimit=")
    let limit = try scanner.number(bits: 8)
    try scanner.expect(")")
    writer.append(bigEndian: 6 << 28 | trafficClass << 20 | label, byteCount: 4)
    writer.append(bigEndian: proto << 8 | limit, byteCount: 4)
    for word in 10...13 { writer.append(bigEndian: reader.key.words[word], byteCount: 8) }
  }

  private static func readUDP(
    _ scanner: inout TextScanner, _ writer: inout AttributeWriter
  ) throws(DatapathTextError) {
    try scanner.expect("src=")
    let source = try scanner.number(bits: 16)
    try scanner.expect(",dst=")
    let target = try scanner.number(bits: 16)
    try scanner.expect(",csum=")
    let checksum = try scanner.number(bits: 16)
    try scanner.expect("),")
    writer.append(bigEndian: source << 16 | target, byteCount: 4)
    writer.append(bigEndian: checksum, byteCount: 4)
    if scanner.skip("vxlan(flags=") {
      writer.append(bigEndian: try scanner.number(bits: 32), byteCount: 4)
      try scanner.expect(",vni=")
      writer.append(bigEndian: try scanner.number(bits: 24) << 8, byteCount: 4)
      try scanner.expect(")")
      return
    }
    try scanner.expect("geneve(")
    var flags: UInt64 = 0
    if scanner.skip("oam,") { flags |= 0x80 }
    if scanner.skip("crit,") { flags |= 0x40 }
    try scanner.expect("vni=")
    let vni = try scanner.number(bits: 24)
    var options: [UInt32] = []
    if scanner.skip(",options(") {
      options = try GeneveOptionReader.read(&scanner).value
      try scanner.expect(")")
    }
    try scanner.expect(")")
    writer.append(bigEndian: UInt64(options.count) << 24 | flags << 16 | 0x6558, byteCount: 4)
    writer.append(bigEndian: vni << 8, byteCount: 4)
    for option in options { writer.append(bigEndian: UInt64(option), byteCount: 4) }
  }

  private static func readGRE(
    _ scanner: inout TextScanner, _ writer: inout AttributeWriter
  ) throws(DatapathTextError) {
    try scanner.expect("gre((flags=")
    let flags = try scanner.number(bits: 16)
    try scanner.expect(",proto=")
    writer.append(bigEndian: flags << 16 | (try scanner.number(bits: 16)), byteCount: 4)
    try scanner.expect(")")
    if flags & 0x8000 != 0 {
      try scanner.expect(",csum=")
      writer.append(bigEndian: try scanner.number(bits: 16) << 16, byteCount: 4)
    }
    if flags & 0x2000 != 0 {
      try scanner.expect(",key=")
      writer.append(bigEndian: try scanner.number(bits: 32), byteCount: 4)
    }
    if flags & 0x1000 != 0 {
      try scanner.expect(",seq=")
      writer.append(bigEndian: try scanner.number(bits: 32), byteCount: 4)
    }
    try scanner.expect(")")
  }
}
