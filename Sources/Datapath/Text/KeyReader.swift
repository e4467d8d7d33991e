// Flow keys and masks from text.

extension DatapathText {
  /// The key and mask that a text says, such as `in_port(1),eth(),eth_type(0x0800),ipv4(frag=no)`.
  ///
  /// - Parameter portNumber: The number of a port that is given by name.
  /// - Throws: ``DatapathTextError``.
  public static func readKey(
    _ text: String, portNumber: (String) -> DatapathPortNumber? = { _ in nil }
  ) throws(DatapathTextError) -> (key: FlowKey, mask: FlowKey) {
    var reader = KeyReader()
    reader.key[.inPort] = 0xffff_ffff
    reader.mask.fill(.recirculationID)
    var scanner = TextScanner(text)
    try reader.readLevel(&scanner, tag: 0, portNumber)
    guard scanner.isAtEnd else { throw scanner.unexpected }
    if reader.key[.vlanTCI] == 0 { reader.mask.fill(.vlanTCI) }
    if reader.key[.innerVLANTCI] == 0 { reader.mask.fill(.innerVLANTCI) }
    return (reader.key, reader.mask)
  }
}

/// A key under construction.
struct KeyReader {
  var key = FlowKey()
  var mask = FlowKey()

  mutating func readLevel(
    _ scanner: inout TextScanner, tag: Int, _ portNumber: (String) -> DatapathPortNumber?
  ) throws(DatapathTextError) {
    guard tag <= 2 else { throw .nestingTooDeep }
    var type: (value: UInt64, mask: UInt64) = (UInt64(missingEtherType()), 0)
    var hasTag = false
    while true {
      scanner.skipSeparators()
      if scanner.isAtEnd || (tag > 0 && scanner.skip(")")) { break }
      let name = scanner.word()
      if name.utf8.starts(with: "ufid:".utf8) { continue }
      try scanner.expect("(")
      switch name {
      case "eth_type":
        type.value = try scanner.number(bits: 16)
        type.mask = scanner.skip("/") ? try scanner.number(bits: 16) : 0xffff
        if type.value == 0 { type.value = UInt64(missingEtherType()) }
      case "vlan":
        try readTag(&scanner, tag: tag, type: type)
        hasTag = true
        continue
      case "encap":
        try readLevel(&scanner, tag: tag + 1, portNumber)
        continue
      case "in_port":
        let text = scanner.word()
        guard let value = TextScanner.number(text) ?? portNumber(text).map({ UInt64($0.rawValue) }) else {
          throw .invalidValue(text)
        }
        let bits = scanner.skip("/") ? try scanner.number(bits: 32) : 0xffff_ffff
        key[.inPort] = value
        mask[.inPort] = bits
      default:
        try readAttribute(name, &scanner)
        continue
      }
      try scanner.expect(")")
    }
    guard !hasTag else { return }
    key[.ethType] = type.value
    mask[.ethType] = type.mask
  }

  private mutating func readTag(
    _ scanner: inout TextScanner, tag: Int, type: (value: UInt64, mask: UInt64)
  ) throws(DatapathTextError) {
    guard tag < 2 else { throw .nestingTooDeep }
    let control = KeyPlace.tagControl(tag)
    let present = control.part(shift: 12, bitCount: 1)
    let rows = [
      TextRow("vid", control.low(12)), TextRow("pcp", control.part(shift: 13, bitCount: 3)),
      TextRow("cfi", present),
    ]
    key.fill(present)
    mask.fill(present)
    key[.tagType(tag)] = type.value
    mask[.tagType(tag)] = type.mask
    try readFields(rows, &scanner)
  }

  /// Reads fields up to the closing parenthesis.
  mutating func readFields(_ rows: [TextRow], _ scanner: inout TextScanner) throws(DatapathTextError) {
    while true {
      scanner.skipSeparators()
      if scanner.skip(")") { return }
      if scanner.isAtEnd { throw scanner.unexpected }
      let name = scanner.word()
      guard let row = rows.first(where: { $0.name == name }) else {
        try readSpecial(name, &scanner)
        continue
      }
      try scanner.expect("=")
      try scanner.value(row, &key, &mask)
    }
  }

  /// Parts of a tunnel that are not plain fields.
  private mutating func readSpecial(_ name: String, _ scanner: inout TextScanner) throws(DatapathTextError) {
    switch name {
    case "flags":
      try scanner.expect("(")
      let flags = try scanner.flags(TextRow.tunnelFlagNames, full: 0xf)
      key[.tunnelFlags] = flags.value
      mask[.tunnelFlags] = flags.mask
      try scanner.expect(")")
    case "vxlan":
      try scanner.expect("(gbp(")
      try readFields(
        [TextRow("id", .tunnelGBPID), TextRow("flags", .tunnelGBPFlags, .hexadecimal)], &scanner)
      try scanner.expect(")")
    case "geneve":
      try scanner.expect("(")
      let options = try GeneveOptionReader.read(&scanner)
      for index in 0..<options.value.count {
        key[.tunnelOptions.half(index)] = UInt64(options.value[index])
        mask[.tunnelOptions.half(index)] = UInt64(options.mask[index])
      }
      key[.tunnelOptionByteCount] = UInt64(4 * options.value.count)
      mask[.tunnelOptionByteCount] = 0xffff_ffff
      try scanner.expect(")")
    default: throw .unknownName(name)
    }
  }

  /// Reads an attribute after its opening parenthesis, and the closing one.
  mutating func readAttribute(_ name: String, _ scanner: inout TextScanner) throws(DatapathTextError) {
    switch name {
    case "eth": try readFields(TextRow.rows(of: .ethernet), &scanner)
    case "ipv4": try readFields(TextRow.rows(of: .ipv4), &scanner)
    case "ipv6": try readFields(TextRow.rows(of: .ipv6), &scanner)
    case "tcp", "udp", "sctp": try readFields(TextRow.rows(of: .tcp), &scanner)
    case "icmp", "icmpv6": try readFields(TextRow.rows(of: .icmp), &scanner)
    case "arp": try readFields(TextRow.rows(of: .arp), &scanner)
    case "nd": try readFields(TextRow.rows(of: .neighborDiscovery), &scanner)
    case "nd_ext": try readFields(TextRow.rows(of: .neighborExtensions), &scanner)
    case "ct_tuple4": try readFields(TextRow.rows(of: .connectionTuple4), &scanner)
    case "ct_tuple6": try readFields(TextRow.rows(of: .connectionTuple6), &scanner)
    case "tunnel": try readFields(TextRow.rows(of: .tunnel), &scanner)
    case "mpls": try readLabels(&scanner)
    case "packet_type":
      try readFields(
        [
          TextRow("ns", .packetType.part(shift: 16, bitCount: 16)),
          TextRow("id", .packetType.low(16), .hexadecimal),
        ], &scanner)
    default:
      try readScalar(name, &scanner)
      try scanner.expect(")")
    }
  }

  private mutating func readScalar(_ name: String, _ scanner: inout TextScanner) throws(DatapathTextError) {
    let rows: [String: TextRow] = [
      "skb_priority": TextRow("", .skbPriority), "skb_mark": TextRow("", .packetMark),
      "recirc_id": TextRow("", .recirculationID),
      "dp_hash": TextRow("", .datapathHash), "ct_zone": TextRow("", .ctZone), "ct_mark": TextRow("", .ctMark),
    ]
    if let row = rows[name] { return try scanner.value(row, &key, &mask) }
    switch name {
    case "tcp_flags":
      let flags = try scanner.flags(TextRow.tcpFlagNames, full: 0xfff)
      key[.tcpFlags] = flags.value
      mask[.tcpFlags] = flags.mask
    case "ct_state":
      let flags = try scanner.flags(TextRow.connectionStateNames, full: 0xffff_ffff)
      key[.ctState] = flags.value
      mask[.ctState] = flags.mask
    case "ct_label":
      key[wide: .ctLabel] = try KeyReader.wide(&scanner)
      mask[wide: .ctLabel] = scanner.skip("/") ? try KeyReader.wide(&scanner) : ~0
    default: throw .unknownName(name)
    }
  }

  static func wide(_ scanner: inout TextScanner) throws(DatapathTextError) -> UInt128 {
    let text = scanner.word()
    guard let value = TextScanner.number128(text) else { throw .invalidValue(text) }
    return value
  }

  private mutating func readLabels(_ scanner: inout TextScanner) throws(DatapathTextError) {
    var index = -1
    while true {
      scanner.skipSeparators()
      if scanner.skip(")") { return }
      let name = scanner.word()
      try scanner.expect("=")
      if name == "label" { index += 1 }
      guard index >= 0, index < KeyPlace.mplsEntryCount else { throw scanner.unexpected }
      let entry = KeyPlace.mplsEntry(index)
      switch name {
      case "label": try scanner.value(TextRow("", entry.part(shift: 12, bitCount: 20)), &key, &mask)
      case "tc": try scanner.value(TextRow("", entry.part(shift: 9, bitCount: 3)), &key, &mask)
      case "ttl": try scanner.value(TextRow("", entry.low(8)), &key, &mask)
      case "bos": try scanner.value(TextRow("", entry.part(shift: 8, bitCount: 1)), &key, &mask)
      default: throw .unknownName(name)
      }
    }
  }
}

/// Reads Geneve options as 32-bit words.
enum GeneveOptionReader {
  static func read(_ scanner: inout TextScanner) throws(DatapathTextError) -> (
    value: [UInt32], mask: [UInt32]
  ) {
    var value: [UInt32] = []
    var mask: [UInt32] = []
    while scanner.skip("{") {
      try scanner.expect("class=")
      let kind = try scanner.number(bits: 16)
      try scanner.expect(",type=")
      let type = try scanner.number(bits: 8)
      try scanner.expect(",len=")
      let length = try scanner.number(bits: 8)
      guard length & 3 == 0, length <= 124 else { throw .invalidValue("len=\(length)") }
      value.append(UInt32(kind << 16 | type << 8 | length / 4))
      mask.append(~0)
      if scanner.skip(",") {
        value += try data(&scanner, wordCount: Int(length / 4))
        if scanner.skip("/") {
          mask += try data(&scanner, wordCount: Int(length / 4))
        } else {
          mask += [UInt32](repeating: ~0, count: Int(length / 4))
        }
      } else if length > 0 {
        throw scanner.unexpected
      }
      try scanner.expect("}")
      guard value.count <= 63 else { throw .invalidValue("geneve") }
    }
    return (value, mask)
  }

  private static func data(_ scanner: inout TextScanner, wordCount: Int) throws(DatapathTextError) -> [UInt32]
  {
    let text = scanner.word()
    var digits = Array(text.utf8)
    guard digits.count >= 2, digits[0] == 0x30, digits[1] | 0x20 == 0x78 else { throw .invalidValue(text) }
    digits.removeFirst(2)
    guard digits.count <= wordCount * 8 else { throw .invalidValue(text) }
    digits = [UInt8](repeating: 0x30, count: wordCount * 8 - digits.count) + digits
    var words: [UInt32] = []
    for index in 0..<wordCount {
      guard
        let word = UInt32(String(decoding: digits[(8 * index)..<(8 * index + 8)], as: UTF8.self), radix: 16)
      else {
        throw .invalidValue(text)
      }
      words.append(word)
    }
    return words
  }
}
