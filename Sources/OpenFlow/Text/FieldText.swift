// Values of fields in flow syntax.

import Datapath
import PacketWire

/// A value and which of its bits count.
struct MaskedValue: Equatable {
  var value: FieldValue
  var mask: FieldValue
}

extension Field {
  /// Reads `value`, `value/mask`, or `*` for any value.
  func parse(_ text: TextBytes, names: FlowNames) throws(FlowTextError) -> MaskedValue {
    if text.equals("*") { return MaskedValue(value: 0, mask: 0) }
    let result = try parseFormat(text, names)
    let ones = allOnes
    if !isMaskable && result.mask & ones != ones && result.mask != 0 {
      throw FlowTextError("\(text.string): invalid mask for field \(name)")
    }
    return result
  }

  /// Reads a value that must be exact.
  func parseExact(_ text: TextBytes, names: FlowNames) throws(FlowTextError) -> FieldValue {
    let result = try parse(text, names: names)
    guard result.mask & validBits == validBits else {
      throw FlowTextError("\(text.string): wildcards not allowed here")
    }
    return result.value
  }

  private var allOnes: FieldValue { format == .fragment ? 3 : validBits }

  private func parseFormat(_ text: TextBytes, _ names: FlowNames) throws(FlowTextError) -> MaskedValue {
    switch format {
    case .decimal, .hexadecimal: return try parseInteger(text)
    case .ethernet: return try parseEthernet(text)
    case .ipv4: return try parseIPv4(text)
    case .ipv6: return try parseIPv6(text)
    case .openFlow10Port:
      let port = try parsePort(text, names)
      return MaskedValue(value: FieldValue(Field.legacyPort(port.rawValue)), mask: 0xffff)
    case .port: return MaskedValue(value: FieldValue(try parsePort(text, names).rawValue), mask: 0xffff_ffff)
    case .fragment: return try parseFragment(text)
    case .tunnelFlags: return try masked(FlagNames.tunnel.parse(text))
    case .tcpFlags: return try masked(FlagNames.tcp.parse(text))
    case .connectionState:
      let result = try FlagNames.connectionState.parse(text)
      // Exact means all 32 bits, whether they have names or not.
      return MaskedValue(value: result.value, mask: result.mask == 0xff ? 0xffff_ffff : result.mask)
    case .packetType: return try parsePacketType(text)
    }
  }

  private func masked(_ pair: (value: FieldValue, mask: FieldValue)) -> MaskedValue {
    MaskedValue(value: pair.value, mask: pair.mask)
  }

  private func parseInteger(_ text: TextBytes) throws(FlowTextError) -> MaskedValue {
    let parts = text.optionalSplit(at: UInt8(ascii: "/"))
    let value = try parseInteger(parts.before, of: text, "value")
    guard let maskText = parts.after else { return MaskedValue(value: value, mask: ~0) }
    return MaskedValue(value: value, mask: try parseInteger(maskText, of: text, "mask"))
  }

  private func parseInteger(
    _ part: TextBytes, of text: TextBytes, _ role: String
  ) throws(FlowTextError) -> FieldValue {
    let isHexadecimal = part.starts(with: [0x30, 0x78]) || part.starts(with: [0x30, 0x58])
    // `0x` alone is zero.
    if isHexadecimal && part.count == 2 { return 0 }
    switch readNumber(part, bitCount: isHexadecimal ? byteCount * 8 : 64) {
    case .missing: throw FlowTextError("\(text.string): bad syntax for \(name) \(role)")
    case .number(_, let end) where end != part.endIndex:
      throw FlowTextError("\(text.string): bad syntax for \(name) \(role)")
    case .number(let value, _) where byteCount >= 8 || value >> FieldValue(byteCount * 8) == 0: return value
    case .number, .tooLarge:
      throw FlowTextError("\(text.string): \(role) too large for \(byteCount)-byte field \(name)")
    }
  }

  private func parseEthernet(_ text: TextBytes) throws(FlowTextError) -> MaskedValue {
    let parts = text.optionalSplit(at: UInt8(ascii: "/"))
    guard let address = MACAddress(utf8: parts.before) else {
      throw FlowTextError("\(text.string): invalid Ethernet address")
    }
    let exact: FieldValue = 0xffff_ffff_ffff
    guard let maskText = parts.after else {
      return MaskedValue(value: FieldValue(address.rawValue), mask: exact)
    }
    guard let mask = MACAddress(utf8: maskText) else {
      throw FlowTextError("\(text.string): invalid Ethernet address")
    }
    return MaskedValue(value: FieldValue(address.rawValue), mask: FieldValue(mask.rawValue))
  }

  private func parseIPv4(_ text: TextBytes) throws(FlowTextError) -> MaskedValue {
    let parts = text.optionalSplit(at: UInt8(ascii: "/"))
    guard let address = IPv4Address(utf8: parts.before) else {
      throw FlowTextError("\(text.string): invalid IP address")
    }
    var mask = IPv4Address.broadcast
    if let maskText = parts.after {
      if let given = IPv4Address(utf8: maskText) {
        mask = given
      } else {
        guard let length = wholeNumber(maskText, base: 10) else {
          throw FlowTextError("\(text.string): invalid IP address")
        }
        guard length <= 32 else {
          throw FlowTextError("\(text.string): IPv4 network prefix bits not between 0 and 32, inclusive")
        }
        mask = IPv4Address(prefixLength: Int(length))
      }
    }
    return MaskedValue(value: FieldValue(address.rawValue), mask: FieldValue(mask.rawValue))
  }

  private func parseIPv6(_ text: TextBytes) throws(FlowTextError) -> MaskedValue {
    let parts = text.optionalSplit(at: UInt8(ascii: "/"))
    guard let address = IPv6Address(utf8: parts.before) else {
      throw FlowTextError("\(text.string): invalid IPv6 address")
    }
    var mask = IPv6Address.allOnes
    if let maskText = parts.after {
      if let given = IPv6Address(utf8: maskText) {
        mask = given
      } else {
        guard let length = wholeNumber(maskText, base: 10) else {
          throw FlowTextError("\(text.string): invalid IPv6 address")
        }
        guard length <= 128 else {
          throw FlowTextError("\(text.string): IPv6 network prefix bits not between 0 and 128, inclusive")
        }
        mask = IPv6Address(prefixLength: Int(length))
      }
    }
    return MaskedValue(value: FieldValue(address), mask: FieldValue(mask))
  }

  private func parsePort(_ text: TextBytes, _ names: FlowNames) throws(FlowTextError) -> OpenFlowPortNumber {
    guard let port = names.port(text) else {
      throw FlowTextError("\(text.string): invalid or unknown port for \(name)")
    }
    return port
  }

  private func parseFragment(_ text: TextBytes) throws(FlowTextError) -> MaskedValue {
    if text.equalsIgnoringCase("no") { return MaskedValue(value: 0, mask: 3) }
    if text.equalsIgnoringCase("yes") { return MaskedValue(value: 1, mask: 1) }
    if text.equalsIgnoringCase("first") { return MaskedValue(value: 1, mask: 3) }
    if text.equalsIgnoringCase("later") { return MaskedValue(value: 3, mask: 3) }
    if text.equalsIgnoringCase("not_later") { return MaskedValue(value: 0, mask: 2) }
    throw FlowTextError(
      "\(text.string): unknown fragment type (valid types are \"no\", \"yes\", \"first\", \"later\", \"not_later\""
    )
  }

  private func parsePacketType(_ text: TextBytes) throws(FlowTextError) -> MaskedValue {
    let bad = FlowTextError("\(text.string): bad syntax for \(name)")
    guard text.first == UInt8(ascii: "("), text.last == UInt8(ascii: ")"),
      let parts = text.dropFirst().dropLast().split(at: UInt8(ascii: ",")),
      let space = wholeNumber(parts.before.trimmed), let type = wholeNumber(parts.after.trimmed)
    else {
      // What follows is how OVS says it.
      throw bad
    }
    guard space <= 0xffff, type <= 0xffff else { throw bad }
    return MaskedValue(value: FieldValue(space << 16 | type), mask: 0xffff_ffff)
  }

  /// Writes a value, and its mask unless it is exact.
  func write(_ value: FieldValue, mask: FieldValue, names: FlowNames, to writer: inout TextWriter) {
    let isExact = mask & validBits == validBits
    if mask == 0 { return writer.append("ANY") }
    switch format {
    case .decimal: writer.decimal(wide: value)
    case .hexadecimal: writer.alternateHex(wide: value)
    case .ethernet: writer.ethernet(value, mask: mask)
    case .ipv4: writer.ipv4(value, mask: mask)
    case .ipv6: writer.ipv6(value, mask: mask)
    case .openFlow10Port:
      names.write(OpenFlowPortNumber(openFlow10: UInt16(truncatingIfNeeded: value)), to: &writer)
    case .port: names.write(OpenFlowPortNumber(UInt32(truncatingIfNeeded: value)), to: &writer)
    case .fragment: Field.writeFragment(value, mask: mask, to: &writer)
    case .tunnelFlags: FlagNames.tunnel.write(value, mask: mask, to: &writer)
    case .tcpFlags: FlagNames.tcp.write(value, mask: mask, to: &writer)
    case .connectionState: FlagNames.connectionState.write(value, mask: mask, to: &writer)
    case .packetType:
      writer.append("(")
      writer.decimal(UInt16(truncatingIfNeeded: value >> 16))
      writer.append(",")
      writer.hex(UInt16(truncatingIfNeeded: value))
      writer.append(")")
    }
    if !isExact && (format == .decimal || format == .hexadecimal) {
      writer.append(UInt8(ascii: "/"))
      writer.hex(wide: mask)
    }
  }

  static func writeFragment(_ value: FieldValue, mask: FieldValue, to writer: inout TextWriter) {
    switch (mask & 3, value & 3) {
    case (3, 0): writer.append("no")
    case (3, 1): writer.append("first")
    case (3, 3): writer.append("later")
    case (3, _): writer.append("<error>")
    case (1, 0): writer.append("no")
    case (1, _): writer.append("yes")
    case (2, 0): writer.append("not_later")
    case (_, _): writer.append("later")
    }
  }
}

extension FieldValue {
  init(_ address: IPv6Address) { self = FieldValue(address.high) << 64 | FieldValue(address.low) }
}

extension TextWriter {
  mutating func ethernet(_ value: FieldValue, mask: FieldValue) {
    ethernet(UInt64(truncatingIfNeeded: value))
    let bits = UInt64(truncatingIfNeeded: mask) & 0xffff_ffff_ffff
    if bits != 0xffff_ffff_ffff {
      append(UInt8(ascii: "/"))
      ethernet(bits)
    }
  }

  mutating func ipv4(_ value: FieldValue, mask: FieldValue) {
    ipv4(UInt32(truncatingIfNeeded: value))
    let bits = IPv4Address(UInt32(truncatingIfNeeded: mask))
    guard bits != .broadcast else { return }
    append(UInt8(ascii: "/"))
    if let length = bits.prefixLength { decimal(UInt(length)) } else { ipv4(bits.rawValue) }
  }

  mutating func ipv6(_ value: FieldValue, mask: FieldValue) {
    ipv6(value)
    guard mask != ~0 else { return }
    append(UInt8(ascii: "/"))
    let high = UInt64(truncatingIfNeeded: mask >> 64)
    let bits = IPv6Address(high: high, low: UInt64(truncatingIfNeeded: mask))
    if let length = bits.prefixLength { decimal(UInt(length)) } else { ipv6(mask) }
  }
}
