// What: which address and which ports a connection is translated to, so that its answers are nobody else's.
//
// How: the address is chosen by a hash of the connection's ends, so that a range is used evenly and a connection that is made
// anew gets the same. Ports are tried one after the other, from the packet's own or a hashed one on; after 128 that are taken,
// 64 from a random one on, then 32, then 16. With the longest run 240 tuples are looked up.

extension Tracker {
  /// How many ports are tried in the first round; each further one tries half as many.
  static var firstRoundCount: Int { 128 }
  /// The least number of ports that a round tries.
  static var lastRoundCount: Int { 16 }

  /// Ports to choose from, and which is tried first; it may lie outside.
  private struct Ports {
    var first: UInt16
    var lowest: UInt16
    var highest: UInt16

    var count: Int { Int(highest) &- Int(lowest) &+ 1 }

    /// The port behind another, the lowest behind the highest.
    func next(_ port: UInt16) -> UInt16 {
      port < lowest || port >= highest ? lowest : port &+ 1
    }
  }

  /// Translates a connection that is in no chain yet; `false` if all that it may be translated to is taken.
  func translate(
    _ index: Int, _ original: ConnectionTuple, _ range: TranslationRange, expectation: Int, now: UInt64
  ) -> Bool {
    var reply = original.reversed
    if expectation >= 0 {
      let row = expectations.rows[expectation]
      if row.end == .source {
        reply.destinationHigh = row.address.high
        reply.destinationLow = row.address.low
      } else {
        reply.sourceHigh = row.address.high
        reply.sourceLow = row.address.low
      }
      set(reply, end: row.end, of: index)
      return true
    }
    guard range.end != .none else { return true }
    let choice = hash(original, range)
    let address = address(original, range, choice)
    if range.end == .source {
      reply.destinationHigh = address.high
      reply.destinationLow = address.low
    } else {
      reply.sourceHigh = address.high
      reply.sourceLow = address.low
    }
    guard choosePorts(original, &reply, range, range.isRandom ? random() : choice, now: now) else {
      return false
    }
    set(reply, end: range.end, of: index)
    return true
  }

  private func set(_ reply: ConnectionTuple, end: TranslatedEnd, of index: Int) {
    table[index].traits.insert(end == .source ? .translatesSource : .translatesDestination)
    table.set(reply, of: index, isReply: true)
  }

  /// A number by which one of several addresses or ports is chosen.
  private func hash(_ original: ConnectionTuple, _ range: TranslationRange) -> UInt64 {
    var tuple = original
    tuple.destinationHigh ^= range.lowest.high ^ range.highest.low
    tuple.destinationLow ^= range.lowest.low ^ range.highest.high
    if range.isPersistent {
      // What one host asks for, or all that is asked of one, has one address.
      tuple.ports = 0
      if range.end == .source {
        tuple.destinationHigh = 0
        tuple.destinationLow = 0
      }
    }
    return table.hash.value(tuple)
  }

  /// The address that a connection is translated to.
  private func address(
    _ original: ConnectionTuple, _ range: TranslationRange, _ choice: UInt64
  ) -> (high: UInt64, low: UInt64) {
    if range.lowest.high | range.lowest.low == 0 {
      return range.end == .source
        ? (original.sourceHigh, original.sourceLow) : (original.destinationHigh, original.destinationLow)
    }
    // At most 2^32 - 1 addresses of a range are used.
    let (difference, borrows) = range.highest.low.subtractingReportingOverflow(range.lowest.low)
    let high = range.highest.high &- range.lowest.high &- (borrows ? 1 : 0)
    let span = high == 0 ? min(difference, 0xffff_fffe) : 0xffff_fffe
    let (low, carries) = range.lowest.low.addingReportingOverflow((choice &>> 32) % (span &+ 1))
    return (range.lowest.high &+ (carries ? 1 : 0), low)
  }

  /// Chooses the ports of the answers so that the tuple is free.
  private func choosePorts(
    _ original: ConnectionTuple, _ reply: inout ConnectionTuple, _ range: TranslationRange, _ choice: UInt64,
    now: UInt64
  ) -> Bool {
    guard original.protocolNumber == 6 || original.protocolNumber == 17 else {
      return !holds(reply, now: now)
    }
    let isSource = range.end == .source
    var given = Ports(first: 0, lowest: range.lowestPort, highest: max(range.lowestPort, range.highestPort))
    given.first = given.lowest &+ UInt16(truncatingIfNeeded: choice % UInt64(given.count))
    if range.hasPorts && isSource {
      return chooseDestination(&reply, given, now: now)
    }
    if range.hasPorts, chooseSource(&reply, given, now: now) { return true }
    // What the sender uses stays if it can; otherwise a port of the same class (RFC 4787, section 4.2.2).
    return chooseDestination(&reply, Tracker.ports(like: original.sourcePort), now: now)
  }

  private static func ports(like port: UInt16) -> Ports {
    switch port {
    case 0..<512: Ports(first: port, lowest: 1, highest: 511)
    case 512..<1024: Ports(first: port, lowest: 600, highest: 1023)
    default: Ports(first: port, lowest: 1024, highest: 65_535)
    }
  }

  private func chooseSource(_ reply: inout ConnectionTuple, _ ports: Ports, now: UInt64) -> Bool {
    var rounds = Rounds(ports.count, first: ports.first)
    while rounds.goOn(ports, self) {
      reply.sourcePort = rounds.port
      if !holds(reply, now: now) { return true }
    }
    reply.sourcePort = ports.first
    return false
  }

  private func chooseDestination(_ reply: inout ConnectionTuple, _ ports: Ports, now: UInt64) -> Bool {
    var rounds = Rounds(ports.count, first: ports.first)
    while rounds.goOn(ports, self) {
      reply.destinationPort = rounds.port
      if !holds(reply, now: now) { return true }
    }
    return false
  }

  /// Which port is tried next.
  private struct Rounds {
    private(set) var port: UInt16
    private let rangeCount: Int
    private var roundCount: Int
    private var tried = 0

    init(_ count: Int, first: UInt16) {
      rangeCount = count
      roundCount = min(count, Tracker.firstRoundCount)
      port = first
    }

    /// Goes to the next port; `false` after the last.
    mutating func goOn(_ ports: Ports, _ tracker: borrowing Tracker) -> Bool {
      if tried == 0 {
        tried = 1
        return true
      }
      if tried < roundCount || (tried == roundCount && rangeCount <= roundCount && port < ports.lowest) {
        tried &+= 1
        port = ports.next(port)
        return true
      }
      guard roundCount < rangeCount, roundCount >= 2 &* Tracker.lastRoundCount else { return false }
      roundCount = roundCount >> 1
      tried = 1
      port = ports.lowest &+ UInt16(truncatingIfNeeded: tracker.random() % UInt64(rangeCount))
      return true
    }
  }

  /// A random number; for whoever holds `structure`.
  func random() -> UInt64 {
    var state = settings[0].randomState
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    settings[0].randomState = state
    return state >> 8
  }
}
