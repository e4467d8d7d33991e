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
  var heading: String { DatapathSummary.heading(fullName, statistics, showsMasks: type == "system") }

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
    var text = ""
    for port in ports {
      text += DatapathSummary.line(port, kind: kind(port))
      guard showsCounters else { continue }
      text += DatapathSummary.counters(port.statistics ?? VportStatistics(), countsErrors: type != "dummy")
    }
    return text
  }

  private func kind(_ port: VportMessage) -> String {
    if let number = port.number, let interface = interfaces[number] { return interface.description }
    switch port.type {
    case .internal: return type == "dummy" ? "dummy-internal" : type == "netdev" ? "tap" : "internal"
    default: return DatapathSummary.kind(ofTunnel: port.type) ?? "system"
    }
  }
}
