// Reading the syntax of datapath flows: names, numbers, parentheses, values under masks.

import PacketWire

/// Why a datapath flow's text could not be read.
public enum DatapathTextError: Error, Equatable, Sendable {
  /// Something else was expected at an offset of the text.
  case unexpected(at: Int)
  /// The name is not one that stands there.
  case unknownName(String)
  /// The value is not one of its field.
  case invalidValue(String)
  /// Parentheses nest deeper than any datapath allows.
  case nestingTooDeep
  /// The action cannot be read from text.
  case unsupported(String)
}

/// A place in a text.
struct TextScanner {
  private let bytes: [UInt8]
  private(set) var position = 0

  init(_ text: String) { bytes = Array(text.utf8) }

  var isAtEnd: Bool { position >= bytes.count }
  var unexpected: DatapathTextError { .unexpected(at: position) }

  /// Skips blanks and commas.
  mutating func skipSeparators() {
    while position < bytes.count, [0x20, 0x2c, 0x09, 0x0a, 0x0d].contains(bytes[position]) { position += 1 }
  }

  /// Whether the text goes on with something, which is then skipped.
  mutating func skip(_ text: String) -> Bool {
    let wanted = Array(text.utf8)
    guard bytes.count - position >= wanted.count else { return false }
    for index in 0..<wanted.count where bytes[position + index] != wanted[index] { return false }
    position += wanted.count
    return true
  }

  /// Skips what has to stand here.
  mutating func expect(_ text: String) throws(DatapathTextError) {
    if !skip(text) { throw unexpected }
  }

  /// The text up to a byte that ends words: comma, equals sign, parenthesis, brace, slash, blank.
  mutating func word(stopAtSlash: Bool = true) -> String {
    let start = position
    while position < bytes.count {
      switch bytes[position] {
      case 0x2c, 0x3d, 0x28, 0x29, 0x7b, 0x7d, 0x20:
        return String(decoding: bytes[start..<position], as: UTF8.self)
      case 0x2f where stopAtSlash: return String(decoding: bytes[start..<position], as: UTF8.self)
      default: position += 1
      }
    }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  /// A number, decimal or with `0x`.
  mutating func number(bits: Int = 64) throws(DatapathTextError) -> UInt64 {
    let text = word()
    guard let value = TextScanner.number(text), value & ~FlowKey.lowBits(bits) == 0 else {
      throw .invalidValue(text)
    }
    return value
  }

  static func number(_ text: String) -> UInt64? {
    let bytes = Array(text.utf8)
    if bytes.count > 2, bytes[0] == 0x30, bytes[1] | 0x20 == 0x78 {
      return UInt64(String(decoding: bytes[2...], as: UTF8.self), radix: 16)
    }
    return UInt64(text)
  }

  static func number128(_ text: String) -> UInt128? {
    let bytes = Array(text.utf8)
    if bytes.count > 2, bytes[0] == 0x30, bytes[1] | 0x20 == 0x78 {
      return UInt128(String(decoding: bytes[2...], as: UTF8.self), radix: 16)
    }
    return UInt128(text)
  }

  /// Flags: `a|b` exactly, or `+a-b` under a mask, or a number under a mask.
  mutating func flags(_ names: [String], full: UInt64) throws(DatapathTextError) -> (
    value: UInt64, mask: UInt64
  ) {
    let text = word()
    if let value = TextScanner.number(text) {
      return (value, skip("/") ? try number() : full)
    }
    var value: UInt64 = 0
    var mask: UInt64 = 0
    var name: [UInt8] = []
    var sign: UInt8 = 0
    let list = Array(text.utf8) + [0x7c]
    for byte in list {
      guard byte == 0x2b || byte == 0x2d || byte == 0x7c else {
        name.append(byte)
        continue
      }
      if !name.isEmpty {
        let found = String(decoding: name, as: UTF8.self)
        guard let bit = names.firstIndex(of: found) else { throw .unknownName(found) }
        mask |= 1 << UInt64(bit)
        if sign != 0x2d { value |= 1 << UInt64(bit) }
      }
      name = []
      if byte != 0x7c { sign = byte }
    }
    return (value, sign == 0 ? full : mask)
  }

  /// A field's value and mask, written into keys.
  mutating func value(
    _ row: TextRow, _ key: inout FlowKey, _ mask: inout FlowKey
  ) throws(DatapathTextError) {
    if row.style == .ipv6 {
      let value = try address6()
      let bits = skip("/") ? try mask6() : (~0, ~0)
      key[wide: row.place] = UInt128(value.0) << 64 | UInt128(value.1)
      mask[wide: row.place] = UInt128(bits.0) << 64 | UInt128(bits.1)
      return
    }
    let value = try single(row)
    var bits = FlowKey.lowBits(row.place.bitCount)
    if row.style == .fragment { bits = 3 } else if skip("/") { bits = try single(row) }
    key[row.place] = value
    mask[row.place] = bits
  }

  private mutating func single(_ row: TextRow) throws(DatapathTextError) -> UInt64 {
    switch row.style {
    case .decimal, .hexadecimal, .ipv6: return try number(bits: row.place.bitCount)
    case .ethernet:
      let text = word()
      guard let address = MACAddress(text) else { throw .invalidValue(text) }
      return address.rawValue
    case .ipv4:
      let text = word()
      guard let address = IPv4Address(text) else { throw .invalidValue(text) }
      return UInt64(address.rawValue)
    case .fragment:
      let text = word()
      switch text {
      case "no": return 0
      case "first": return 1
      case "later": return 3
      default: throw .invalidValue(text)
      }
    }
  }

  private mutating func address6() throws(DatapathTextError) -> (UInt64, UInt64) {
    let text = word()
    guard let address = IPv6Address(text) else { throw .invalidValue(text) }
    return (address.high, address.low)
  }

  private mutating func mask6() throws(DatapathTextError) -> (UInt64, UInt64) {
    let text = word()
    if let address = IPv6Address(text) { return (address.high, address.low) }
    guard let length = UInt64(text), length <= 128 else { throw .invalidValue(text) }
    let bits: UInt128 = length == 0 ? 0 : ~0 << UInt128(128 - length)
    return (UInt64(truncatingIfNeeded: bits >> 64), UInt64(truncatingIfNeeded: bits))
  }
}
