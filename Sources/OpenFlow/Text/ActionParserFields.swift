// Actions on fields in general.

import Datapath

extension ActionParser {
  func deleteField(_ text: TextBytes) throws(FlowTextError) -> Action {
    guard let field = Field.named(text.span) ?? Field.specificationNamed(text.span) else {
      throw FlowTextError("unknown field `\(text.string)'")
    }
    return .deleteField(field)
  }

  mutating func setField(_ text: TextBytes) throws(FlowTextError) -> Action {
    let (valueText, name) = try arrow(text)
    guard let field = Field.named(name.span) else {
      throw FlowTextError("\(name.string) is not a valid OXM field name")
    }
    guard field.isWritable else { throw FlowTextError("\(field.name) is read-only") }
    if !field.isStored {
      var action = SetFieldAction(field, value: 0, mask: 0)
      action.option = try field.parseTunnelMetadata(valueText)
      formats.formIntersection(.extensible)
      return .setField(action)
    }
    let parsed = try field.parse(valueText, names: names)
    // OVS writes all sixteen bits of the ARP operation.
    let allBits: FieldValue = field == .arpOperation ? 0xffff : field.validBits
    let mask = parsed.mask & allBits
    guard parsed.value & parsed.mask & ~field.validBits == 0 else {
      throw FlowTextError("\(valueText.string) is not a valid value for field \(field.name)")
    }
    // OVS holds `set_field` of an Ethernet or IPv4 address to what an exact one would need.
    formats.formIntersection(.expressing(field, mask: field.validBits))
    return .setField(SetFieldAction(field, value: parsed.value, mask: mask))
  }

  func load(_ text: TextBytes) throws(FlowTextError) -> SetFieldAction {
    let (valueText, destinationText) = try arrow(text)
    let destination = try Subfield.parse(destinationText)
    let value = try integer(valueText, of: text, byteCount: destination.field.byteCount)
    guard fits(value, destination) else {
      var writer = TextWriter()
      writer.hex(wide: value)
      throw FlowTextError(
        "\(text.string): value \(writer.bytes[...].string) does not fit into \(destination.bitCount) bits")
    }
    guard destination.field.isStored else {
      var action = SetFieldAction(destination.field, value: 0, mask: 0, isLoad: true)
      action.option = TunnelMetadataMatch.loading(value, destination)
      return action
    }
    return SetFieldAction(
      destination.field, value: value << FieldValue(destination.offset), mask: destination.mask, isLoad: true)
  }

  func integer(_ part: TextBytes, of text: TextBytes, byteCount: Int) throws(FlowTextError) -> FieldValue {
    guard case .number(let value, let end) = readNumber(part, bitCount: min(byteCount * 8, 128)),
      end == part.endIndex
    else {
      throw FlowTextError("\(text.string): cannot parse integer value")
    }
    return value
  }

  func fits(_ value: FieldValue, _ subfield: Subfield) -> Bool {
    subfield.bitCount >= 128 || value >> FieldValue(subfield.bitCount) == 0
  }

  func move(_ text: TextBytes) throws(FlowTextError) -> Action {
    let (source, destination) = try sourceAndDestination(text)
    return .move(from: source, to: destination)
  }

  /// `source->destination`, of the same width.
  func sourceAndDestination(_ text: TextBytes) throws(FlowTextError) -> (Subfield, Subfield) {
    let (source, rest) = try Subfield.parsePrefix(text)
    guard rest.count >= 2, rest.prefix(2).equals("->") else {
      throw FlowTextError("\(text.string): missing `->' following source")
    }
    let (destination, tail) = try Subfield.parsePrefix(rest.dropFirst(2))
    guard tail.isEmpty else { throw FlowTextError("\(text.string): trailing garbage following destination") }
    guard source.bitCount == destination.bitCount else {
      throw FlowTextError(
        "\(text.string): source field is \(source.bitCount) bits wide but destination is "
          + "\(destination.bitCount) bits wide")
    }
    return (source, destination)
  }

  func checkPacketLarger(_ text: TextBytes) throws(FlowTextError) -> Action {
    var (lengthText, destinationText) = try arrow(text)
    if lengthText.last == UInt8(ascii: ")") { lengthText = lengthText.dropLast() }
    let byteCount = try parseUInt16(lengthText, "check_pkt_larger")
    let destination = try Subfield.parse(destinationText)
    guard destination.bitCount == 1 else { throw FlowTextError("Only 1-bit destination field is allowed") }
    return .checkPacketLarger(byteCount: byteCount, to: destination)
  }
}

extension Field {
  /// Reads a value of a tunnel option: a hexadecimal or decimal number, perhaps with a mask; without either, that
  /// the option is there.
  func parseTunnelMetadata(_ text: TextBytes) throws(FlowTextError) -> TunnelMetadataMatch {
    let index = number &- Field.tunnelMetadata(0).number
    let parts = text.optionalSplit(at: UInt8(ascii: "/"))
    let value = try tunnelBytes(parts.before, of: text, "value")
    guard let maskText = parts.after else {
      return TunnelMetadataMatch(index: index, value: value, mask: Array(repeating: 0xff, count: value.count))
    }
    let mask = try tunnelBytes(maskText, of: text, "mask")
    let count = max(value.count, mask.count)
    return TunnelMetadataMatch(
      index: index, value: Array(repeating: 0, count: count - value.count) + value,
      mask: Array(repeating: 0, count: count - mask.count) + mask)
  }

  /// The bytes of a number, without those zeros at its head that the number was not written with.
  private func tunnelBytes(_ part: TextBytes, of text: TextBytes, _ role: String) throws(FlowTextError)
    -> [UInt8]
  {
    let isHexadecimal = part.starts(with: [0x30, 0x78]) || part.starts(with: [0x30, 0x58])
    guard isHexadecimal else {
      guard part.isEmpty || wholeNumber(part) != nil else {
        throw FlowTextError("\(text.string): bad syntax for \(name) \(role)")
      }
      let value = wholeNumber(part) ?? 0
      let count = max(1, (64 - value.leadingZeroBitCount + 7) / 8)
      return (0..<count).reversed().map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }
    }
    let digits = part.dropFirst(2)
    guard digits.allSatisfy({ hexDigit($0) != nil }) else {
      throw FlowTextError("\(text.string): bad syntax for \(name) \(role)")
    }
    guard digits.count <= byteCount * 2 else {
      throw FlowTextError("\(text.string): \(role) too large for \(byteCount)-byte field \(name)")
    }
    var bytes: [UInt8] = []
    var pending: UInt8 = 0
    var hasPending = digits.count % 2 == 1
    for digit in digits {
      let value = hexDigit(digit) ?? 0
      if hasPending { bytes.append(pending << 4 | value) } else { pending = value }
      hasPending.toggle()
      if !hasPending { pending = 0 }
    }
    return bytes
  }
}

extension TunnelMetadataMatch {
  /// Loads some low bits of an option.
  static func loading(_ value: FieldValue, _ destination: Subfield) -> TunnelMetadataMatch {
    let bitCount = Int(destination.offset) + Int(destination.bitCount)
    let byteCount = min((bitCount + 7) / 8, 124)
    var bytes = [UInt8](repeating: 0, count: byteCount)
    var mask = bytes
    for bit in 0..<min(Int(destination.bitCount), byteCount * 8) {
      let place = Int(destination.offset) + bit
      guard place / 8 < byteCount else { break }
      let byte = byteCount - 1 - place / 8
      mask[byte] |= 1 << UInt8(place % 8)
      if bit < 128 && value >> FieldValue(bit) & 1 == 1 { bytes[byte] |= 1 << UInt8(place % 8) }
    }
    return TunnelMetadataMatch(
      index: destination.field.number &- Field.tunnelMetadata(0).number, value: bytes, mask: mask)
  }
}
