// Counters of the whole datapath and of its ports.

/// Counters of an engine.
struct EngineCounters: BitwiseCopyable {
  /// Packets that matched a flow.
  var hits: UInt64 = 0
  /// Packets that matched none.
  var misses: UInt64 = 0
  /// Packets that the daemon should have seen and did not.
  var lost: UInt64 = 0
  /// Mask groups searched.
  var maskHits: UInt64 = 0
  /// Packets that the exact-match cache answered.
  var cacheHits: UInt64 = 0
}

/// A port, with its counters and the head of its output queue.
struct PortRecord: BitwiseCopyable {
  var number: UInt32 = 0
  var type = VportType.unspecified
  /// The kind of tunnel, if it is the port of one.
  var tunnel: TunnelKind?
  /// The IP protocol of a tunnel's packets.
  var tunnelProtocol: UInt8 = 0
  /// A tunnel's UDP port.
  var destinationPort: UInt16 = 0
  var capabilities: OffloadCapabilities = []
  var isPresent = false
  /// Whether somebody takes what is sent to it.
  var hasAdapter = true
  /// Whether the group policy extension of VXLAN is understood.
  var usesGroupPolicy = false
  var receivedPackets: UInt64 = 0
  var receivedBytes: UInt64 = 0
  var sentPackets: UInt64 = 0
  var sentBytes: UInt64 = 0
  var receivedDropped: UInt64 = 0
  var sentDropped: UInt64 = 0
  /// The next sequence number of a GRE tunnel.
  var sequence: UInt32 = 0
  /// The first and last entry of the output queue, or none, and how many there are.
  var head = OutputHandle.none
  var tail = OutputHandle.none
  var queued: Int32 = 0

  /// Whether packets leave by it as they are; a tunnel port has no wire of its own.
  @inline(__always)
  var isOpen: Bool { tunnel == nil && hasAdapter }
}

/// The ports of a datapath: dense records found by number.
struct PortTable: ~Copyable {
  /// The largest port number.
  static var maximumNumber: UInt32 { 65_535 }

  var records: Table<PortRecord, PortRecord>
  private var indexes: Slab<UInt16>
  /// Names by record, for the control path.
  var names: [[UInt8]] = []

  init(maximumPortCount: Int) {
    records = Table(repeating: PortRecord(), count: max(1, min(maximumPortCount, 65_000)))
    indexes = Slab(repeating: 0, count: Int(PortTable.maximumNumber) + 1)
  }

  /// The record of a port, or none.
  @inline(__always)
  func index(_ number: UInt32) -> PortHandle {
    number <= PortTable.maximumNumber ? PortHandle(Int(indexes[Int(number)]) &- 1) : .none
  }

  /// Adds a port; `false` if the number or the room is taken.
  mutating func add(_ record: PortRecord, name: [UInt8]) -> Bool {
    guard record.number <= PortTable.maximumNumber, index(record.number).isNone else { return false }
    var place = 0
    while place < names.count && records[PortHandle(place)].isPresent { place += 1 }
    guard place < records.count else { return false }
    if place == names.count { names.append(name) } else { names[place] = name }
    let port = PortHandle(place)
    records[port] = record
    records[port].isPresent = true
    indexes[Int(record.number)] = UInt16(place + 1)
    return true
  }

  /// Removes a port, whose output queue has to be empty.
  mutating func remove(_ port: PortHandle) {
    indexes[Int(records[port].number)] = 0
    records[port] = PortRecord()
    names[port.index] = []
  }

  /// The record with a name, or none.
  func index(named name: [UInt8]) -> PortHandle {
    for place in 0..<names.count where names[place] == name && records[PortHandle(place)].isPresent {
      return PortHandle(place)
    }
    return .none
  }

  /// The smallest number from 1 on that is free.
  func freeNumber() -> UInt32? {
    for number in 1...PortTable.maximumNumber where index(number).isNone { return number }
    return nil
  }
}
