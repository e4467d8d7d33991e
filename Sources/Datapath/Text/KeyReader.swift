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
    reader.key[word: 0, shift: 32, bitCount: 32] = 0xffff_ffff
    reader.mask.words[0] = 0xffff_ffff
    var scanner = TextScanner(text)
    try reader.readLevel(&scanner, tag: 0, portNumber)
    guard scanner.isAtEnd else { throw scanner.unexpected }
    if reader.key.words[2] & 0xffff == 0 { reader.mask.words[2] |= 0xffff }
    if reader.key.words[5] & 0xffff_0000 == 0 { reader.mask.words[5] |= 0xffff_0000 }
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
        key[word: 0, shift: 32, bitCount: 32] = value
        mask[word: 0, shift: 32, bitCount: 32] = bits
      default:
        try readAttribute(name, &scanner)
        continue
      }
      try scanner.expect(")")
    }
    guard !hasTag else { return }
    key[word: 1, shift: 0, bitCount: 16] = type.value
    mask[word: 1, shift: 0, bitCount: 16] = type.mask
  }

  private mutating func readTag(
    _ scanner: inout TextScanner, tag: Int, type: (value: UInt64, mask: UInt64)
  ) throws(DatapathTextError) {
    guard tag < 2 else { throw .nestingTooDeep }
    let rows =
      tag == 0
      ? [TextRow("vid", 2, 0, 12), TextRow("pcp", 2, 13, 3), TextRow("cfi", 2, 12, 1)]
      : [TextRow("vid", 5, 16, 12), TextRow("pcp", 5, 29, 3), TextRow("cfi", 5, 28, 1)]
    let place = rows[2]
    key[word: place.word, shift: place.shift, bitCount: 1] = 1
    mask[word: place.word, shift: place.shift, bitCount: 1] = 1
    key[word: 5, shift: tag == 0 ? 32 : 0, bitCount: 16] = type.value
    mask[word: 5, shift: tag == 0 ? 32 : 0, bitCount: 16] = type.mask
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
      key[word: 36, shift: 48, bitCount: 16] = flags.value
      mask[word: 36, shift: 48, bitCount: 16] = flags.mask
      try scanner.expect(")")
    case "vxlan":
      try scanner.expect("(gbp(")
      try readFields([TextRow("id", 37, 48, 16), TextRow("flags", 37, 40, 8, .hexadecimal)], &scanner)
      try scanner.expect(")")
    case "geneve":
      try scanner.expect("(")
      let options = try GeneveOptionReader.read(&scanner)
      for index in 0..<options.value.count {
        key[word: 62 + index / 2, shift: index & 1 == 0 ? 32 : 0, bitCount: 32] = UInt64(options.value[index])
        mask[word: 62 + index / 2, shift: index & 1 == 0 ? 32 : 0, bitCount: 32] = UInt64(options.mask[index])
      }
      key[word: 38, shift: 0, bitCount: 32] = UInt64(4 * options.value.count)
      mask[word: 38, shift: 0, bitCount: 32] = 0xffff_ffff
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
      try readFields([TextRow("ns", 9, 48, 16), TextRow("id", 9, 32, 16, .hexadecimal)], &scanner)
    default:
      try readScalar(name, &scanner)
      try scanner.expect(")")
    }
  }

  private mutating func readScalar(_ name: String, _ scanner: inout TextScanner) throws(DatapathTextError) {
    let rows: [String: TextRow] = [
      "skb_priority": TextRow("", 8, 0, 32), "skb_mark": TextRow("", 7, 0, 32),
      "recirc_id": TextRow("", 0, 0, 32),
      "dp_hash": TextRow("", 8, 32, 32), "ct_zone": TextRow("", 7, 48, 16), "ct_mark": TextRow("", 6, 0, 32),
    ]
    if let row = rows[name] { return try scanner.value(row, &key, &mask) }
    switch name {
    case "tcp_flags":
      let flags = try scanner.flags(TextRow.tcpFlagNames, full: 0xfff)
      key[word: 5, shift: 48, bitCount: 16] = flags.value
      mask[word: 5, shift: 48, bitCount: 16] = flags.mask
    case "ct_state":
      let flags = try scanner.flags(TextRow.connectionStateNames, full: 0xffff_ffff)
      key[word: 6, shift: 32, bitCount: 32] = flags.value
      mask[word: 6, shift: 32, bitCount: 32] = flags.mask
    case "ct_label":
      let value = try KeyReader.wide(&scanner)
      let bits = scanner.skip("/") ? try KeyReader.wide(&scanner) : ~0
      (key.words[22], key.words[23]) = (
        UInt64(truncatingIfNeeded: value >> 64), UInt64(truncatingIfNeeded: value)
      )
      (mask.words[22], mask.words[23]) = (
        UInt64(truncatingIfNeeded: bits >> 64), UInt64(truncatingIfNeeded: bits)
      )
    default: throw .unknownName(name)
    }
  }

  static func wide(_ scanner: inout TextScanner) throws(DatapathTextError) -> UInt128 {
    let text = scanner.word()
    guard let value = TextScanner.number128(text) else { throw .invalidValue(text) }
    return value
  }

  private mutating func readLabels(_ scanner: inout TextScanner) throws(DatapathTextError) {
    let places = [(20, 32), (20, 0), (21, 32)]
    var index = -1
    while true {
      scanner.skipSeparators()
      if scanner.skip(")") { return }
      let name = scanner.word()
      try scanner.expect("=")
      if name == "label" { index += 1 }
      guard index >= 0, index < 3 else { throw scanner.unexpected }
      let (word, shift) = places[index]
      switch name {
      case "label": try scanner.value(TextRow("", word, shift + 12, 20), &key, &mask)
      case "tc": try scanner.value(TextRow("", word, shift + 9, 3), &key, &mask)
      case "ttl": try scanner.value(TextRow("", word, shift, 8), &key, &mask)
      case "bos": try scanner.value(TextRow("", word, shift + 8, 1), &key, &mask)
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
