// Flows and actions of a datapath as text, in the syntax that `dpctl/dump-flows` prints and `dpctl/add-flow`
// reads. The parts: KeyText for keys and masks, ActionText for actions, TunnelPushText for prebuilt headers.

import PacketWire

/// How datapath flows are written.
public struct DatapathText {
  /// Whether fields that a flow does not look at are written too.
  public var isVerbose: Bool
  /// The name that is written in place of a port's number, if any.
  public var portName: (DatapathPortNumber) -> String?

  /// Makes a way to write; ports are written as numbers unless names are given.
  public init(isVerbose: Bool = false, portName: @escaping (DatapathPortNumber) -> String? = { _ in nil }) {
    self.isVerbose = isVerbose
    self.portName = portName
  }

  /// One line of `dpctl/dump-flows`.
  ///
  /// - Parameter nowMilliseconds: The time on the clock that the flow's statistics were taken by.
  public func describe(_ flow: FlowMessage, nowMilliseconds: UInt64) -> String {
    var text = ""
    if isVerbose, let identifier = flow.identifier {
      text += "ufid:" + DatapathText.describe(identifier) + ", "
    }
    if let key = flow.key { text += describe(key, mask: flow.mask) }
    text +=
      ", " + DatapathText.describe(flow.statistics ?? FlowStatistics(), nowMilliseconds: nowMilliseconds)
    if isVerbose { text += ", dp:ovs" }
    return text + ", actions:" + describe(flow.actions ?? [])
  }

  /// A flow's counters.
  public static func describe(_ statistics: FlowStatistics, nowMilliseconds: UInt64) -> String {
    var text = "packets:\(statistics.packets), bytes:\(statistics.bytes), used:"
    if let used = statistics.usedMilliseconds {
      let age = nowMilliseconds > used ? nowMilliseconds - used : 0
      let fraction = String(age % 1000)
      text += "\(age / 1000)." + String(repeating: "0", count: 3 - fraction.utf8.count) + fraction + "s"
    } else {
      text += "never"
    }
    if statistics.tcpFlags != 0 { text += ", flags:" + letters(ofFlags: statistics.tcpFlags) }
    return text
  }

  /// TCP flags as letters, as in `SFP.`.
  static func letters(ofFlags flags: UInt16) -> String {
    let letters: [String] = ["F", "S", "R", "P", ".", "U", "E", "C", "N", "[200]", "[400]", "[800]"]
    var text = ""
    for bit in 0..<letters.count where flags & 1 << UInt16(bit) != 0 { text += letters[bit] }
    return text
  }

  /// An identifier in the form of a UUID.
  public static func describe(_ identifier: FlowIdentifier) -> String {
    let digits = hexadecimal(identifier.high, digits: 16) + hexadecimal(identifier.low, digits: 16)
    var text = ""
    var position = 0
    for character in digits.utf8 {
      if position == 8 || position == 12 || position == 16 || position == 20 { text += "-" }
      text.unicodeScalars.append(UnicodeScalar(character))
      position += 1
    }
    return text
  }

  /// A number in hexadecimal with at least so many digits, without prefix.
  static func hexadecimal(_ value: UInt64, digits: Int = 1) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
  }

  /// A number as C's `%#x` writes it.
  static func prefixed(_ value: UInt64) -> String { value == 0 ? "0" : "0x" + String(value, radix: 16) }

  /// A port's name or number.
  func port(_ number: DatapathPortNumber) -> String { portName(number) ?? String(number.rawValue) }

  static func ethernet(_ value: UInt64) -> String { MACAddress(value).description }
  static func ipv4(_ value: UInt64) -> String { IPv4Address(UInt32(truncatingIfNeeded: value)).description }
  static func ipv6(_ high: UInt64, _ low: UInt64) -> String { IPv6Address(high: high, low: low).description }
}

/// A comma-separated list of fields under construction.
struct FieldList {
  private(set) var text = ""
  let isVerbose: Bool

  init(isVerbose: Bool) { self.isVerbose = isVerbose }

  /// How a field's number is written.
  enum Style { case decimal, hexadecimal, ethernet, ipv4, ipv6, fragment }

  /// Adds text that stands for itself.
  mutating func add(_ part: String) {
    if !text.isEmpty { text += "," }
    text += part
  }

  /// Adds a field unless its mask is zero.
  mutating func add(_ name: String, _ value: UInt64, _ mask: UInt64, full: UInt64, _ style: Style = .decimal)
  {
    guard mask != 0 || isVerbose else { return }
    var part = name + "=" + FieldList.write(value, style)
    if mask & full != full {
      part +=
        "/"
        + (style == .ethernet || style == .ipv4 ? FieldList.write(mask, style) : DatapathText.prefixed(mask))
    }
    add(part)
  }

  /// Adds an IPv6 address unless its mask is zero.
  mutating func add(_ name: String, _ key: FlowKey, _ mask: FlowKey, ipv6 place: KeyPlace) {
    let word = place.word
    let bits = (mask.words[word], mask.words[word + 1])
    guard bits.0 | bits.1 != 0 || isVerbose else { return }
    var part = name + "=" + DatapathText.ipv6(key.words[word], key.words[word + 1])
    if bits.0 & bits.1 != ~0 { part += "/" + DatapathText.ipv6(bits.0, bits.1) }
    add(part)
  }

  private static func write(_ value: UInt64, _ style: Style) -> String {
    switch style {
    case .decimal, .ipv6, .fragment: String(value)
    case .hexadecimal: DatapathText.prefixed(value)
    case .ethernet: DatapathText.ethernet(value)
    case .ipv4: DatapathText.ipv4(value)
    }
  }

  /// Flags: `a|b` where all that exist matter, `+a-b` where some do.
  static func flags(_ value: UInt64, _ mask: UInt64, full: UInt64, _ names: [String]) -> String {
    var text = ""
    let isExact = mask & full == full
    for bit in 0..<names.count where !names[bit].isEmpty {
      let place = UInt64(1) << UInt64(bit)
      if isExact && value & place != 0 { text += (text.isEmpty ? "" : "|") + names[bit] }
      if !isExact && mask & place != 0 { text += (value & place != 0 ? "+" : "-") + names[bit] }
    }
    return text.isEmpty ? "0" : text
  }
}
