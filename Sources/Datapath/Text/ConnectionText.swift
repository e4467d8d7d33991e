// Connections, limits and settings as `dpctl/…` prints them.

public import PacketWire

/// How connections are written in text.
public struct ConnectionText: Sendable {
  /// Whether everything is written.
  public var isVerbose: Bool
  /// Whether counters and timeouts are written.
  public var showsStatistics: Bool

  /// Makes a way to write.
  public init(isVerbose: Bool = false, showsStatistics: Bool = false) {
    self.isVerbose = isVerbose
    self.showsStatistics = showsStatistics
  }

  /// A connection, without an end of line.
  public func describe(_ connection: ConnectionMessage) -> String {
    let original = connection.original ?? TupleMessage()
    var text = Self.protocolName(original.protocolNumber ?? 0)
    text += ",orig=(" + Self.describe(original) + counters(connection.originalCounters) + ")"
    let reply = connection.reply ?? TupleMessage()
    text += ",reply=(" + Self.describe(reply) + counters(connection.replyCounters) + ")"
    if isVerbose { text += ",id=\(connection.identifier ?? 0)" }
    if let zone = connection.zone, zone != 0 { text += ",zone=\(zone)" }
    if isVerbose {
      text += ",status=" + Self.flags(connection.status?.rawValue ?? 0, Self.statusNames)
    }
    if showsStatistics { text += ",timeout=\(connection.timeoutSeconds ?? 0)" }
    if let mark = connection.mark, mark != 0 { text += ",mark=\(mark)" }
    if let labels = connection.labels, !labels.isZero { text += ",labels=" + Self.hexadecimal(labels) }
    if let state = connection.protocolState { text += ",protoinfo=(" + describe(state) + ")" }
    if let helper = connection.helper { text += ",helper=" + String(decoding: helper, as: UTF8.self) }
    if isVerbose, let parent = connection.parent { text += ",parent=(" + Self.describe(parent) + ")" }
    return text
  }

  private func counters(_ counters: ConnectionCounters?) -> String {
    guard showsStatistics, let counters, counters.packets != 0 || counters.bytes != 0 else { return "" }
    return ",packets=\(counters.packets),bytes=\(counters.bytes)"
  }

  private func describe(_ state: ConnectionProtocolState) -> String {
    switch state {
    case .tcp(let tcp):
      guard isVerbose else { return "state=\(Self.phase(of: tcp).name)" }
      var text = "state_orig=\(tcp.original.name),state_reply=\(tcp.reply.name)"
      if tcp.originalWindowScale != 0 || tcp.replyWindowScale != 0 {
        text += ",wscale_orig=\(tcp.originalWindowScale),wscale_reply=\(tcp.replyWindowScale)"
      }
      text += ",flags_orig=" + Self.flags(UInt32(tcp.originalFlags), ConnectionTCPState.flagNames)
      return text + ",flags_reply=" + Self.flags(UInt32(tcp.replyFlags), ConnectionTCPState.flagNames)
    case .sctp(let number, let originalTag, let replyTag):
      let names = ConnectionSCTPPhase.names
      let name = Int(number) < names.count ? names[Int(number)] : "[\(number)]"
      return "state=" + name + ",vtag_orig=\(originalTag),vtag_reply=\(replyTag)"
    }
  }

  /// The one state that stands for those of both sides: the later, with two that Linux does not tell from others.
  static func phase(of tcp: ConnectionTCPState) -> TCPState {
    switch max(tcp.original, tcp.reply) {
    case .finWait2: .timeWait
    case .synReceived: .established
    case let other: other
    }
  }

  /// The name of a protocol above IP, or its number.
  static func protocolName(_ number: UInt8) -> String {
    switch number {
    case 1: "icmp"
    case 2: "igmp"
    case 6: "tcp"
    case 17: "udp"
    case 33: "dccp"
    case 58: "icmpv6"
    case 132: "sctp"
    case 136: "udplite"
    default: "\(number)"
    }
  }

  private static func describe(_ tuple: TupleMessage) -> String {
    let text = "src=" + address(tuple.source) + ",dst=" + address(tuple.destination)
    guard tuple.isMessage else {
      return text + ",sport=\(tuple.sourcePort ?? 0),dport=\(tuple.destinationPort ?? 0)"
    }
    return text + ",id=\(tuple.messageIdentifier ?? 0)"
      + ",type=\(tuple.messageType ?? 0),code=\(tuple.messageCode ?? 0)"
  }

  private static func address(_ address: IPv6Address?) -> String {
    guard let address else { return "0.0.0.0" }
    return address.mappedIPv4?.description ?? address.description
  }

  private static let statusNames = [
    "EXPECTED", "SEEN_REPLY", "ASSURED", "CONFIRMED", "SRC_NAT", "DST_NAT", "SEQ_ADJUST", "SRC_NAT_DONE",
    "DST_NAT_DONE", "DYING", "FIXED_TIMEOUT", "TEMPLATE", "UNTRACKED",
  ]

  /// The names of bits that are set, from the lowest up.
  private static func flags(_ bits: UInt32, _ names: [String]) -> String {
    var found: [String] = []
    for (place, name) in names.enumerated() where bits >> UInt32(place) & 1 == 1 { found.append(name) }
    return found.isEmpty ? "0" : found.joined(separator: "|")
  }

  /// 128 bits as a hexadecimal number.
  public static func hexadecimal(_ value: IPv6Address) -> String {
    guard value.high != 0 else { return "0x" + String(value.low, radix: 16) }
    let low = String(value.low, radix: 16)
    return "0x" + String(value.high, radix: 16) + String(repeating: "0", count: 16 - low.utf8.count) + low
  }

  // MARK: Summaries

  /// How many connections there are of each protocol, as `dpctl/ct-stats-show` prints it.
  public func summary(_ connections: [ConnectionMessage]) -> String {
    var counts = [Int](repeating: 0, count: 256)
    var phases = [Int](repeating: 0, count: TCPState.allCases.count)
    for connection in connections {
      counts[Int(connection.original?.protocolNumber ?? 0)] += 1
      if case .tcp(let tcp)? = connection.protocolState { phases[Int(Self.phase(of: tcp).rawValue)] += 1 }
    }
    var text = "Connections Stats:\n    Total: \(connections.count)\n"
    var others = connections.count
    for (name, number) in Self.summarised {
      let count = counts[number]
      others -= count
      guard count > 0, !name.isEmpty else { continue }
      text += "  \(name): \(count)\n"
      guard number == 6, isVerbose else { continue }
      text += "    Conn per TCP states:\n"
      for phase in TCPState.allCases where phases[Int(phase.rawValue)] > 0 {
        text += "\t  [\(phase.name)]=\(phases[Int(phase.rawValue)])\n"
      }
    }
    if others > 0 { text += "  Other: \(others)\n" }
    return text
  }

  /// The protocols that are counted, in the order of the text; ICMPv6 is counted and not shown.
  private static let summarised = [
    ("TCP", 6), ("UDP", 17), ("UDPLITE", 136), ("SCTP", 132), ("ICMP", 1), ("DCCP", 33), ("IGMP", 2),
    ("", 58),
  ]

  /// How connections are spread, as `dpctl/ct-bkts` prints it: here, as in Open vSwitch, all are in one bucket.
  static func buckets(connectionCount count: Int, threshold: Int) -> String {
    var text = "Total Buckets: 1\nCurrent Connections: \(count)\n\n"
    guard count > 0 else { return text }
    let line = "+-----------+-----------------------------------------+"
    text += line + "\n|  Buckets  |         Connections per Buckets         |\n" + line
    let number = count > threshold ? "\(count)" : "."
    text +=
      "\n   0..  7   | " + String(repeating: " ", count: max(0, 5 - number.utf8.count)) + number + "\n\n"
    return text
  }

  /// Limits by zone, as `dpctl/ct-get-limits` prints them.
  static func limits(_ limits: [ConnectionLimit]) -> String {
    let standard = limits.first { $0.zone == nil }?.limit ?? 0
    var text = "default limit=\(standard)\n"
    for limit in limits {
      if let zone = limit.zone { text += "zone=\(zone),limit=\(limit.limit),count=\(limit.count)\n" }
    }
    return text
  }

  /// What is known of fragments, as `dpctl/ipf-get-status` prints it.
  static func fragments(_ settings: ConnectionSettingsMessage) -> String {
    let margin = "        "
    func number(_ flag: Bool?) -> Int { flag == true ? 1 : 0 }
    var text = margin + "Fragmentation Module Status\n" + margin + "---------------------------\n"
    text += margin + "v4 enabled: \(number(settings.ipv4.isEnabled))\n"
    text += margin + "v6 enabled: \(number(settings.ipv6.isEnabled))\n"
    text += margin + "max num frags (v4/v6): \(settings.maximumFragmentCount ?? 0)\n"
    text += margin + "num frag: \(settings.fragmentCount ?? 0)\n"
    for (name, part) in [("v4", settings.ipv4), ("v6", settings.ipv6)] {
      let counters = part.counters ?? FragmentCounters()
      text += margin + "min \(name) frag size: \(part.minimumByteCount ?? 0)\n"
      text += margin + "\(name) frags accepted: \(counters.accepted)\n"
      text += margin + "\(name) frags completed: \(counters.completed)\n"
      text += margin + "\(name) frags expired: \(counters.expired)\n"
      text += margin + "\(name) frags too small: \(counters.tooSmall)\n"
      text += margin + "\(name) frags overlapped: \(counters.overlapped)\n"
      text += margin + "\(name) frags purged: \(counters.purged)\n"
    }
    return text
  }
}
