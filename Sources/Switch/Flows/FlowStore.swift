// What: the flows that a datapath has of the switch, as far as the switch knows.
//
// How: the flows lie in a row without gaps, and a dictionary says where each is. The last one of the row takes the place of
// one that goes. Who walks the row in pieces begins at its end: what moves under the walk then goes to places that the walk has
// still before it, or that it has seen.

import Datapath

/// The flows that the switch put into one datapath.
struct FlowStore {
  /// How many flows a port's packets may have even if others have taken all the room.
  static var reservedCount: Int { 256 }

  private var places: [FlowIdentifier: Int] = [:]
  private var row: [InstalledFlow] = []
  private var countOfPort: [UInt32: Int] = [:]
  /// The most flows that there were.
  private(set) var highestCount = 0

  /// How many flows there are, those included that are going.
  var count: Int { row.count }

  /// Whether there are none.
  var isEmpty: Bool { row.isEmpty }

  /// The flow with a name, if there is one.
  subscript(identifier: FlowIdentifier) -> InstalledFlow? { places[identifier].map { row[$0] } }

  /// The flow at a place of the row.
  subscript(place place: Int) -> InstalledFlow { row[place] }

  /// Whether there is a flow with a name.
  func contains(_ identifier: FlowIdentifier) -> Bool { places[identifier] != nil }

  /// Whether there is room for another flow of a port's packets.
  func hasRoom(port: UInt32, limit: Int) -> Bool {
    row.count < limit || countOfPort[port, default: 0] < min(limit, Self.reservedCount)
  }

  /// Adds a flow whose name no other has.
  mutating func add(_ flow: InstalledFlow) {
    places[flow.identifier] = row.count
    row.append(flow)
    countOfPort[flow.port, default: 0] += 1
    highestCount = max(highestCount, row.count)
  }

  /// Puts a flow in the place of the one with its name, if that is still there.
  mutating func replace(_ flow: InstalledFlow) {
    if let place = places[flow.identifier] { row[place] = flow }
  }

  /// Forgets a flow.
  mutating func remove(_ identifier: FlowIdentifier) {
    guard let place = places.removeValue(forKey: identifier) else { return }
    let port = row[place].port
    let count = countOfPort[port, default: 1] - 1
    countOfPort[port] = count == 0 ? nil : count
    let last = row.removeLast()
    guard place < row.count else { return }
    row[place] = last
    places[last.identifier] = place
  }

  /// Forgets every flow.
  mutating func removeAll() {
    places = [:]
    row = []
    countOfPort = [:]
  }

  /// Notes that the datapath was asked to remove a flow; false if the flow is not here.
  @discardableResult
  mutating func markGoing(_ identifier: FlowIdentifier) -> Bool {
    guard let place = places[identifier] else { return false }
    row[place].isGoing = true
    return true
  }

  /// Notes that the datapath named a flow in a dump.
  mutating func markNamed(_ identifier: FlowIdentifier, dump: UInt64) {
    if let place = places[identifier] { row[place].lastDump = dump }
  }

  /// Credits what is new in a flow's counters; answers the rules that its new packets ask for, or nil if there are none.
  mutating func credit(
    _ identifier: FlowIdentifier, _ statistics: Datapath.FlowStatistics?, now: Int64
  ) -> [LearnedRule]? {
    guard let statistics, let place = places[identifier] else { return nil }
    let packets = statistics.packets &- min(statistics.packets, row[place].creditedPackets)
    let bytes = statistics.bytes &- min(statistics.bytes, row[place].creditedBytes)
    guard packets > 0 else { return nil }
    row[place].creditedPackets = statistics.packets
    row[place].creditedBytes = statistics.bytes
    let used = statistics.usedMilliseconds.map { Int64(truncatingIfNeeded: $0) } ?? now
    row[place].usedMilliseconds = max(row[place].usedMilliseconds, min(used, now))
    for credit in row[place].credits {
      credit.apply(
        packets: packets, bytes: bytes, now: row[place].usedMilliseconds, tcpFlags: statistics.tcpFlags)
    }
    return row[place].learned
  }
}

extension FlowIdentifier {
  /// A flow's name: a hash of the whole key, so that packets of one kind that come up together make one flow.
  init(of key: borrowing FlowKey) {
    var high: UInt64 = 0x243f_6a88_85a3_08d3
    var low: UInt64 = 0x1319_8a2e_0370_7344
    for index in 0..<FlowKey.wordCount where key.words[index] != 0 {
      high = WordHash.mix(high, key.words[index] ^ UInt64(index))
      low = WordHash.mix(low &+ UInt64(index), key.words[index])
    }
    self.init(high: high, low: low)
  }
}
