// A datapath and its ports as `dpctl/show` and `ovs-dpctl show` print them.

/// The lines about a datapath.
public enum DatapathSummary {
  /// The lines about the datapath as a whole.
  ///
  /// - Parameters:
  ///   - name: Type and name, as users give them.
  ///   - showsMasks: Whether what is counted of masks is written too.
  public static func heading(_ name: String, _ statistics: DatapathStatistics, showsMasks: Bool) -> String {
    var text = name + ":\n"
    text += "  lookups: hit:\(statistics.hits) missed:\(statistics.misses) lost:\(statistics.lost)\n"
    text += "  flows: \(statistics.flows)\n"
    guard showsMasks else { return text }
    let lookups = statistics.hits &+ statistics.misses
    let hundredths = lookups == 0 ? 0 : statistics.maskHits &* 100 / lookups
    let fraction = String(hundredths % 100)
    text += "  masks: hit:\(statistics.maskHits) total:\(statistics.masks) hit/pkt:\(hundredths / 100)."
    return text + (fraction.utf8.count < 2 ? "0" : "") + fraction + "\n"
  }

  /// What `show` says of a tunnel port in brackets; `nil` if the port is none.
  public static func kind(ofTunnel type: VportType?) -> String? {
    type.flatMap { TunnelKind($0) }?.row.description
  }

  /// The line about a port.
  public static func line(_ port: VportMessage, kind: String) -> String {
    let name = String(decoding: port.name ?? [], as: UTF8.self)
    return "  port \(port.number?.rawValue ?? 0): \(name) (\(kind))\n"
  }

  /// What a port counted; what nobody counts is a question mark, as Open vSwitch has it.
  public static func counters(_ counted: VportStatistics, countsErrors: Bool) -> String {
    func known(_ value: UInt64) -> String { countsErrors ? String(value) : "?" }
    return """
          RX packets:\(counted.receivedPackets) errors:\(known(counted.receivedErrors)) \
      dropped:\(known(counted.receivedDropped)) overruns:? frame:?
          TX packets:\(counted.sentPackets) errors:\(known(counted.sentErrors)) \
      dropped:\(known(counted.sentDropped)) aborted:? carrier:?
          collisions:?
          RX bytes:\(quantity(counted.receivedBytes))  TX bytes:\(quantity(counted.sentBytes))

      """
  }

  /// The line about packets that were dropped; none if none was.
  public static func drops(_ counts: DropCounts) -> String {
    var text = ""
    for reason in DropReason.allCases where counts[reason] > 0 { text += " \(reason.name):\(counts[reason])" }
    if counts.others > 0 { text += " datapath_drop_other:\(counts.others)" }
    return text.isEmpty ? "" : "  drops:" + text + "\n"
  }

  /// A number of bytes, with a larger unit in brackets if it is large.
  private static func quantity(_ bytes: UInt64) -> String {
    let units: [(String, UInt64)] = [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
    for (unit, size) in units where bytes >= size {
      let tenths = (bytes / (size / 16) &* 10 &+ 8) / 16
      return "\(bytes) (\(tenths / 10).\(tenths % 10) \(unit))"
    }
    return String(bytes)
  }
}

extension FlowIdentifier {
  /// The identifier of a text `ufid:…`, in the form of a UUID.
  public init?(text: String) {
    guard text.hasPrefix("ufid:") else { return nil }
    var digits = ""
    for character in text.utf8.dropFirst(5) where character != UInt8(ascii: "-") {
      digits.unicodeScalars.append(UnicodeScalar(character))
    }
    guard digits.utf8.count == 32, let high = UInt64(digits.prefix(16), radix: 16),
      let low = UInt64(digits.suffix(16), radix: 16)
    else { return nil }
    self.init(high: high, low: low)
  }
}
