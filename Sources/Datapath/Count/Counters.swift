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
  /// The next free record, if this one is free.
  var nextFree = PortHandle.none

  /// Whether packets leave by it as they are; a tunnel port has no wire of its own.
  @inline(__always)
  var isOpen: Bool { tunnel == nil && hasAdapter }
}

/// The ports of a datapath: dense records found by number, of which there are as many as were needed at a time.
struct PortTable: ~Copyable {
  /// The largest port number.
  static var maximumNumber: UInt32 { 65_535 }
  /// The most ports that `indexes` has numbers for.
  static var maximumPortCount: Int { 65_535 }
  /// Records that there are from the start.
  private static var initialRecordCount: Int { 64 }

  var records: Table<PortRecord, PortRecord>
  /// One more than the place of a number's record.
  private var indexes: Slab<UInt16>
  /// Names by record, for the control path.
  private(set) var names: [[UInt8]] = []
  private var handlesByName: [[UInt8]: PortHandle] = [:]
  private var firstFree = PortHandle.none
  /// A number below which all numbers but 0 are taken.
  private var lowestCandidate: UInt32 = 1
  private let limit: Int

  init(maximumPortCount: Int) {
    limit = max(1, min(maximumPortCount, PortTable.maximumPortCount))
    records = Table(repeating: PortRecord(), count: min(limit, PortTable.initialRecordCount))
    indexes = Slab(repeating: 0, count: Int(PortTable.maximumNumber) + 1)
  }

  /// How many places for records are in use, or were.
  var placeCount: Int { names.count }

  /// The record of a port, or none.
  @inline(__always)
  func index(_ number: UInt32) -> PortHandle {
    number <= PortTable.maximumNumber ? PortHandle(Int(indexes[Int(number)]) &- 1) : .none
  }

  /// Adds a port; `false` if the number or the room is taken.
  mutating func add(_ record: PortRecord, name: [UInt8]) -> Bool {
    guard record.number <= PortTable.maximumNumber, index(record.number).isNone else { return false }
    let port: PortHandle
    if !firstFree.isNone {
      port = firstFree
      firstFree = records[port].nextFree
      names[port.index] = name
    } else {
      guard placeCount < limit else { return false }
      port = PortHandle(placeCount)
      records.grow(to: nextRecordCount, repeating: PortRecord())
      names.append(name)
    }
    records[port] = record
    records[port].isPresent = true
    handlesByName[name] = port
    indexes[Int(record.number)] = UInt16(port.index + 1)
    return true
  }

  /// How many records there have to be for another port; as many as now if there is room for it.
  var nextRecordCount: Int {
    firstFree.isNone && placeCount == records.count ? min(limit, placeCount * 2) : records.count
  }

  /// How many bytes it takes at most to add a port.
  var growthByteCount: Int {
    var bytes = 0
    let count = nextRecordCount
    if count > records.count { bytes += Slab<PortRecord>.byteCount(of: count) }
    if names.count >= names.capacity { bytes += 64 + (names.capacity + 1) * 2 * MemoryLayout<[UInt8]>.stride }
    if handlesByName.count >= handlesByName.capacity {
      // A dictionary has up to four places for what it holds before it grows.
      let place = MemoryLayout<[UInt8]>.stride + MemoryLayout<PortHandle>.stride + 1
      bytes += 256 + (handlesByName.capacity + 1) * 4 * place
    }
    return bytes
  }

  /// Removes a port, whose output queue has to be empty.
  mutating func remove(_ port: PortHandle) {
    let number = records[port].number
    indexes[Int(number)] = 0
    if number > 0 { lowestCandidate = min(lowestCandidate, number) }
    handlesByName[names[port.index]] = nil
    names[port.index] = []
    records[port] = PortRecord()
    records[port].nextFree = firstFree
    firstFree = port
  }

  /// The record with a name, or none.
  func index(named name: [UInt8]) -> PortHandle { handlesByName[name] ?? .none }

  /// The smallest number from 1 on that is free.
  mutating func freeNumber() -> UInt32? {
    while lowestCandidate <= PortTable.maximumNumber && !index(lowestCandidate).isNone {
      lowestCandidate += 1
    }
    return lowestCandidate <= PortTable.maximumNumber ? lowestCandidate : nil
  }
}
