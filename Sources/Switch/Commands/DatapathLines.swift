// A datapath and its ports as `dpctl/show` prints them.

import Datapath

extension DatapathLink {
  /// Type and name, as users give them.
  var fullName: String { type + "@" + name }

  /// The way to write flows as a user wants them.
  func text(_ options: DumpOptions) -> DatapathText {
    guard options.usesNames else { return DatapathText(isVerbose: options.isVerbose) }
    return DatapathText(isVerbose: options.isVerbose) { [self] in portName($0) }
  }

  /// The name of a datapath port.
  func portName(_ number: DatapathPortNumber) -> String? {
    if let interface = interfaces[number] { return interface.name }
    for (name, port) in tunnelPorts where port.number == number { return name }
    return number.rawValue == 0 ? name : nil
  }

  /// The lines about the datapath as a whole.
  func heading(_ answer: DatapathAnswer) -> String {
    var statistics = self.statistics
    if case .done(let messages) = answer {
      for case .datapath(_, let message) in messages.map({ $0.body }) {
        if let found = message.statistics { statistics = found }
      }
    }
    var text = fullName + ":\n"
    text += "  lookups: hit:\(statistics.hits) missed:\(statistics.misses) lost:\(statistics.lost)\n"
    text += "  flows: \(statistics.flows)\n"
    guard type == "system" else { return text }
    let lookups = statistics.hits &+ statistics.misses
    let hundredths = lookups == 0 ? 0 : statistics.maskHits &* 100 / lookups
    let fraction = String(hundredths % 100)
    text += "  masks: hit:\(statistics.maskHits) total:\(statistics.masks) hit/pkt:\(hundredths / 100)."
    text += (fraction.utf8.count < 2 ? "0" : "") + fraction + "\n"
    return text
  }

  /// The lines about the ports.
  func portLines(_ answer: DatapathAnswer, _ showsCounters: Bool) -> String {
    var ports: [VportMessage] = []
    if case .done(let messages) = answer {
      for case .vport(_, let port) in messages.map({ $0.body }) { ports.append(port) }
    }
    // The datapath's own port always exists, for whoever counts on it.
    if !ports.contains(where: { $0.number?.rawValue == 0 }) {
      var own = VportMessage(number: DatapathPortNumber(0), type: .internal, name: name)
      own.statistics = VportStatistics()
      ports.append(own)
    }
    ports.sort { $0.number ?? DatapathPortNumber(0) < $1.number ?? DatapathPortNumber(0) }
    return ports.map { line($0) + (showsCounters ? counterLines($0.statistics ?? VportStatistics()) : "") }
      .joined()
  }

  private func line(_ port: VportMessage) -> String {
    let number = port.number ?? DatapathPortNumber(0)
    let name = String(decoding: port.name ?? [], as: UTF8.self)
    return "  port \(number.rawValue): \(name) (\(kind(port)))\n"
  }

  private func kind(_ port: VportMessage) -> String {
    if let number = port.number, let interface = interfaces[number] { return interface.description }
    switch port.type {
    case .vxlan: return "vxlan: packet_type=ptap"
    case .gre, .ip6gre: return "gre: packet_type=ptap"
    case .geneve: return "geneve: packet_type=ptap"
    case .internal: return type == "dummy" ? "dummy-internal" : type == "netdev" ? "tap" : "internal"
    default: return "system"
    }
  }

  /// What a port counted; what nobody counts is a question mark, as OVS has it.
  private func counterLines(_ counted: VportStatistics) -> String {
    let isDummy = type == "dummy"
    func known(_ value: UInt64) -> String { isDummy ? "?" : String(value) }
    return """
          RX packets:\(counted.receivedPackets) errors:\(known(counted.receivedErrors)) \
      dropped:\(known(counted.receivedDropped)) overruns:? frame:?
          TX packets:\(counted.sentPackets) errors:\(known(counted.sentErrors)) \
      dropped:\(known(counted.sentDropped)) aborted:? carrier:?
          collisions:?
          RX bytes:\(Self.quantity(counted.receivedBytes))  TX bytes:\(Self.quantity(counted.sentBytes))

      """
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
