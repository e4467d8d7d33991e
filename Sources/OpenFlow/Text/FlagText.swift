import Datapath

/// The bits of a field that have names: connection state, TCP flags, tunnel flags.
struct FlagNames: Sendable {
  /// What messages call the flags.
  let kind: String
  let names: [(name: String, bit: FieldValue)]
  /// The bits that may be set.
  let allowed: FieldValue

  static let connectionState = FlagNames(
    kind: "ct_state",
    names: [
      ("new", 0x01), ("est", 0x02), ("rel", 0x04), ("rpl", 0x08), ("inv", 0x10), ("trk", 0x20),
      ("snat", 0x40), ("dnat", 0x80),
    ], allowed: 0xff)
  static let tcp = FlagNames(
    kind: "TCP",
    names: [
      ("fin", 0x001), ("syn", 0x002), ("rst", 0x004), ("psh", 0x008), ("ack", 0x010), ("urg", 0x020),
      ("ece", 0x040), ("cwr", 0x080), ("ns", 0x100), ("[200]", 0x200), ("[400]", 0x400), ("[800]", 0x800),
    ], allowed: 0xfff)
  /// The tunnel flags that rules can match, as they stand in the field.
  static let tunnel = FlagNames(kind: "tunnel", names: [("oam", 0x01)], allowed: 0x01)

  /// Reads `+a-b`, `a|b`, a number, or a number with a mask.
  ///
  /// Without signs or a mask, all the allowed bits count.
  func parse(_ text: TextBytes) throws(FlowTextError) -> (value: FieldValue, mask: FieldValue) {
    guard let first = text.first else { return (0, allowed) }
    if isDigit(first) { return try parseNumber(text) }
    if first == UInt8(ascii: "+") || first == UInt8(ascii: "-") { return try parseSigned(text) }
    var value: FieldValue = 0
    for name in text.split(separator: UInt8(ascii: "|")) { value |= try bit(name) }
    return (value, allowed)
  }

  private func bit(_ name: TextBytes) throws(FlowTextError) -> FieldValue {
    for entry in names where name.equals(entry.name) { return entry.bit }
    throw FlowTextError("\(name.string): unknown \(kind) flag(s)")
  }

  private func parseNumber(_ text: TextBytes) throws(FlowTextError) -> (value: FieldValue, mask: FieldValue) {
    let parts = text.optionalSplit(at: UInt8(ascii: "/"))
    func number(_ text: TextBytes) throws(FlowTextError) -> FieldValue {
      guard let value = wholeNumber(text), FieldValue(value) & ~allowed == 0 else {
        throw FlowTextError("\(text.string): unknown \(kind) flag(s)")
      }
      return FieldValue(value)
    }
    guard let maskText = parts.after else { return (try number(parts.before), allowed) }
    return (try number(parts.before), try number(maskText))
  }

  private func parseSigned(_ text: TextBytes) throws(FlowTextError) -> (value: FieldValue, mask: FieldValue) {
    var value: FieldValue = 0
    var mask: FieldValue = 0
    var rest = text
    while let sign = rest.first {
      guard isSign(sign) else {
        throw FlowTextError("\(rest.string): \(kind) must be preceded by '+' (for SET) or '-' (NOT SET)")
      }
      rest = rest.dropFirst()
      let end = rest.firstIndex(where: isSign) ?? rest.endIndex
      let name = rest[rest.startIndex..<end]
      let bit = try bit(name)
      guard mask & bit == 0 else {
        throw FlowTextError("\(name.string): Each \(kind) flag can be specified only once")
      }
      mask |= bit
      if sign == UInt8(ascii: "+") { value |= bit }
      rest = rest[end...]
    }
    return (value, mask)
  }

  private func isSign(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") }

  /// Writes `+a-b`.
  func writeSigned(_ value: FieldValue, mask: FieldValue, to writer: inout TextWriter) {
    for (name, bit) in names where mask & bit != 0 {
      writer.append(value & bit != 0 ? UInt8(ascii: "+") : UInt8(ascii: "-"))
      writer.append(name)
    }
  }

  /// Writes `a|b`, or `0` if there is none.
  func writeList(_ value: FieldValue, to writer: inout TextWriter) {
    guard value != 0 else { return writer.append(UInt8(ascii: "0")) }
    var isFirst = true
    for (name, bit) in names where value & bit != 0 {
      if !isFirst { writer.append(UInt8(ascii: "|")) }
      writer.append(name)
      isFirst = false
    }
  }

  /// Writes a value under a mask: `a|b` if all the allowed bits count, else `+a-b`.
  func write(_ value: FieldValue, mask: FieldValue, to writer: inout TextWriter) {
    if mask & allowed == allowed {
      writeList(value, to: &writer)
    } else {
      writeSigned(value, mask: mask, to: &writer)
    }
  }
}

/// The flags of a connection's state, by the names that `ct_state` has for them.
public enum ConnectionStateText {
  /// The flag with a name.
  public static func flag(named name: String) -> UInt32? {
    FlagNames.connectionState.names.first { $0.name.utf8.elementsEqual(name.utf8) }.map {
      UInt32(truncatingIfNeeded: $0.bit)
    }
  }

  /// The names of flags, with bars between them.
  public static func names(of flags: UInt32) -> String {
    FlagNames.connectionState.names.filter { flags & UInt32(truncatingIfNeeded: $0.bit) != 0 }.map { $0.name }
      .joined(separator: "|")
  }
}
