// What: the packet engine. Packets go in, packets for ports and messages for the daemon come out.
//
//     receive -> Batch -> Parse -> Lookup -> Act -> Emit -> takeOutput
//                                    |miss     |userspace
//                                    +---------+-> Upcall -> drainUpcalls -> daemon -> handle(message:)
//
// How a worker uses it, once a round:
//
//  1. `receive(_:from:offload:tag:)` for each packet of a socket's ring, until it returns `.full` or the ring is
//     empty. The bytes are copied, so the ring's frame can be given back at once.
//  2. `process(nowMilliseconds:)`.
//  3. While `nextOutput()` gives a port: walk `output(_:)` from `first` along `next`, build the system call's
//     vectors from `bytes(of:)` or `pointer(of:)` and `offload`, send, then `finishOutput(port:sent:)`.
//  4. `drainUpcalls()` gives the messages for the daemon.
//  5. Now and then (a few times a second) `maintain()`.
//
// Messages of the daemon go to `handle(message:nowMilliseconds:)`, which answers with messages; after it,
// steps 3 and 4 are due as well, since a packet may have been executed.
//
// One worker owns an engine. It does no I/O, has no clock and takes no lock; steps 1 to 3 allocate nothing.

import PacketWire

/// The sizes of an engine.
public struct EngineConfiguration: Sendable {
  /// Slots for packets of ordinary size.
  public var smallSlotCount = 4096
  /// What a small slot holds.
  public var smallSlotByteCount = 1_664
  /// Slots for segments of up to 64 KiB.
  public var largeSlotCount = 128
  /// What a large slot holds.
  public var largeSlotByteCount = 65_536 + 128
  /// The most masks that flows may have between them.
  public var maximumMaskCount = 1_024
  /// The most flows.
  public var maximumFlowCount = 2_000_000
  /// The most ports.
  public var maximumPortCount = 65_535
  /// The most packets that wait to be sent.
  public var maximumOutputCount = 8_192
  /// The most packets that wait for the daemon.
  public var maximumUpcallCount = 256
  /// Sets of eight entries that the exact-match cache begins with; a power of two.
  public var initialCacheSetCount = 1 << 10
  /// Sets that it may grow to; a power of two.
  public var maximumCacheSetCount = 1 << 19
  /// How many VLAN tags are parsed, 0 to 2.
  public var tagLimit = 1
  /// How deep actions may nest, at most 16; each level takes about a kilobyte of stack when a packet is there.
  public var maximumActionDepth = 16
  /// A number that no peer knows.
  public var seed: UInt64 = 0x5eed_0b5e_55ed_cafe
  /// Connections over IPv4 for which there is memory from the beginning; for half as many over IPv6.
  public var reservedConnectionCount = 4_096
  /// The datapath's name.
  public var name = "ovs-system"
  /// The datapath's number in messages (`dp_ifindex`).
  public var datapathIndex: Int32 = 1

  /// The default sizes.
  public init() {}
}

/// A datapath: ports, flows, and the path of packets between them.
public struct Engine: ~Copyable {
  /// The most packets of one batch.
  public static var batchCapacity: Int { 32 }
  /// The most lookups of one packet.
  static var maximumDepth: Int { 6 }
  /// Rows of the key bank: a batch and what it recirculates, then rows for clones, then rows for upcalls.
  static var workRowCount: Int { 256 }
  static var cloneRowCount: Int { 32 }

  var pool: PacketPool
  var bank: KeyBank
  var states: Table<PacketState, KeyBank>
  var signatures: Table<UInt64, KeyBank>
  var found: Table<FlowHandle, KeyBank>
  var hash: KeyHash
  var cache: FlowCache
  var table: FlowTable
  var programs: ProgramStore
  var ports: PortTable
  var outputs: OutputQueues
  var upcalls: UpcallQueue
  var drops: Slab<UInt64>
  /// Why a packet was dropped last.
  public private(set) var lastDropReason = DropReason.invalidLength
  /// Why the packets of the batch that went nowhere did, by their place in it.
  var dropReasons: Slab<UInt8>
  var counters = EngineCounters()
  /// How many rows of the bank hold packets.
  var workCount = 0
  /// Which packets of the batch went to a port or to the daemon, by their place in it.
  var deliveredPackets: UInt32 = 0
  /// The ports that the packets of the batch came in by, by their place in it.
  var arrivals: Slab<UInt32>
  var now: UInt64 = 0
  var randomState: UInt64
  var control: ControlState
  let tagLimit: Int
  let actionDepthLimit: Int
  /// The connections, which all engines of the datapath share.
  public let connections: ConnectionTracker
  let trackerReference: SharedReference<Tracker>
  /// One packet's way through the tracker.
  var trackPass: Slab<TrackPass>
  /// The meters, which all engines of the datapath share.
  public let meters: SharedMeters
  let metersReference: SharedReference<Meters>
  /// How often each `TrackEvent` has happened.
  var trackCounts: Slab<UInt64>

  /// Makes an engine without ports or flows.
  ///
  /// - Parameters:
  ///   - connections: The connections of the datapath that it is an engine of; its own if there is no other.
  ///   - meters: The meters of that datapath.
  public init(
    _ configuration: EngineConfiguration = EngineConfiguration(), connections: ConnectionTracker? = nil,
    meters: SharedMeters? = nil
  ) {
    self.meters = meters ?? SharedMeters()
    metersReference = self.meters.box.reference
    self.connections =
      connections
      ?? ConnectionTracker(reserved: configuration.reservedConnectionCount, seed: configuration.seed)
    trackerReference = self.connections.box.reference
    trackPass = Slab(repeating: TrackPass(), count: 1)
    trackCounts = Slab(repeating: 0, count: TrackEvent.allCases.count)
    pool = PacketPool(
      smallSlots: configuration.smallSlotCount, smallByteCount: configuration.smallSlotByteCount,
      largeSlots: configuration.largeSlotCount, largeByteCount: configuration.largeSlotByteCount)
    let rows = Engine.workRowCount + Engine.cloneRowCount
    bank = KeyBank(count: rows + configuration.maximumUpcallCount)
    states = Table(repeating: PacketState(), count: Engine.workRowCount)
    arrivals = Slab(repeating: 0, count: Engine.batchCapacity)
    signatures = Table(repeating: 0, count: Engine.workRowCount)
    found = Table(repeating: .none, count: Engine.workRowCount)
    hash = KeyHash(seed: configuration.seed)
    cache = FlowCache(
      minimumSetCount: configuration.initialCacheSetCount,
      maximumSetCount: configuration.maximumCacheSetCount)
    table = FlowTable(
      maximumMaskCount: min(configuration.maximumMaskCount, 65_535),
      maximumFlowCount: configuration.maximumFlowCount)
    programs = ProgramStore()
    ports = PortTable(maximumPortCount: configuration.maximumPortCount)
    outputs = OutputQueues(maximumEntryCount: configuration.maximumOutputCount)
    upcalls = UpcallQueue(capacity: configuration.maximumUpcallCount, firstRow: rows)
    upcalls.makeLines(forRecordCount: ports.records.count)
    drops = Slab(repeating: 0, count: DropReason.allCases.count)
    dropReasons = Slab(repeating: 0, count: Engine.batchCapacity)
    control = ControlState(
      name: Array(configuration.name.utf8), datapathIndex: configuration.datapathIndex)
    randomState = configuration.seed | 1
    tagLimit = min(2, max(0, configuration.tagLimit))
    actionDepthLimit = max(1, configuration.maximumActionDepth)
  }

  /// How many packets were dropped for a reason.
  public func dropCount(_ reason: DropReason) -> UInt64 { drops[reason.rawValue] }

  /// Counters of the whole datapath.
  public var statistics: DatapathStatistics {
    var result = DatapathStatistics()
    result.hits = counters.hits
    result.misses = counters.misses
    result.lost = counters.lost
    result.flows = UInt64(table.flowCount)
    result.maskHits = counters.maskHits
    result.masks = UInt32(table.groupCount)
    result.cacheHits = counters.cacheHits
    return result
  }

  /// How many flows were refused because there were too many masks.
  public var refusedMaskCount: UInt64 { table.refusedMasks }

  @inline(__always)
  mutating func count(_ reason: DropReason) {
    drops[reason.rawValue] &+= 1
    lastDropReason = reason
  }

  /// Counts packets that whoever moves them had to drop; the place in the batch that they came from is told their reason.
  public mutating func countDrops(_ number: UInt64, _ reason: DropReason, row: Int?) {
    drops[reason.rawValue] &+= number
    if let row { dropReasons[row & (Engine.batchCapacity - 1)] = UInt8(truncatingIfNeeded: reason.rawValue) }
  }

  // MARK: Batch

  /// What became of a packet that was handed in.
  public enum Reception: Sendable {
    /// It is part of the batch.
    case accepted
    /// It was dropped and counted.
    case dropped
    /// The batch is full, or no buffer is free: process, send, and hand it in again.
    case full
  }

  /// Adds a copy of a packet to the batch.
  ///
  /// - Parameters:
  ///   - tag: A VLAN tag that the driver took out of the packet, tpid and tci, or zero.
  #if !DEBUG  // The proof needs the whole module in view.
    @_noLocks @_noAllocation
  #endif
  public mutating func receive(
    _ bytes: RawSpan, from port: DatapathPortNumber, offload: Offload = Offload(), tag: UInt32 = 0
  ) -> Reception {
    guard workCount < Engine.batchCapacity else { return .full }
    let index = ports.index(port.rawValue)
    guard !index.isNone else {
      count(.unknownPortIn)
      return .dropped
    }
    let tagByteCount = tag == 0 ? 0 : 4
    let count = bytes.byteCount &+ tagByteCount
    guard bytes.byteCount >= 14, count <= 65_536 &+ 64 else {
      self.count(.invalidLength)
      ports.records[index].receivedDropped &+= 1
      return .dropped
    }
    let slot = pool.take(byteCount: count)
    guard !slot.isNone else { return .full }
    var state = PacketState()
    state.slot = slot
    state.start = pool.address(of: slot) &+ PacketPool.headroomByteCount
    state.count = count
    state.inPort = port.rawValue
    state.offload = offload
    pool.copy(bytes, to: state.start &+ tagByteCount)
    if tag != 0 {
      pool.move(from: state.start &+ 4, to: state.start, count: 12)
      pool.store32(tag, state.start &+ 12)
      state.offload.checksumStart &+= 4
    }
    return admit(state, by: index)
  }

  /// Ends the reception of a packet by the port with an index: its offload information is checked, and it counts.
  @inline(__always)
  mutating func admit(_ state: PacketState, by index: PortHandle) -> Reception {
    guard state.offload.isNone || Engine.isValid(state.offload, state.count) else {
      return refuse(state.slot, by: index, .invalidOffload)
    }
    ports.records[index].receivedPackets &+= 1
    ports.records[index].receivedBytes &+= UInt64(truncatingIfNeeded: state.count)
    var state = state
    state.traits = .fresh
    append(state, UInt64(state.inPort) << 32)
    return .accepted
  }

  /// Gives back the slot of a packet that cannot be received, and counts it.
  @inline(__always)
  mutating func refuse(_ slot: PacketSlot, by index: PortHandle, _ reason: DropReason) -> Reception {
    pool.release(slot)
    count(reason)
    ports.records[index].receivedDropped &+= 1
    return .dropped
  }

  /// Whether offload information names places that the packet has.
  static func isValid(_ offload: Offload, _ count: Int) -> Bool {
    if offload.needsChecksum {
      let start = Int(offload.checksumStart)
      guard start >= 14, start &+ Int(offload.checksumOffset) &+ 2 <= count else { return false }
    }
    switch offload.segmentation {
    case .none: return true
    case .tcp4, .tcp6, .udp:
      return offload.needsChecksum && offload.segmentByteCount >= 8 && offload.tunnelByteCount == 0
    default: return false
    }
  }

  /// Takes a row of the bank for a packet; the word of its key that says where it comes from is given.
  @inline(__always)
  mutating func append(_ state: PacketState, _ origin: UInt64) {
    let row = KeyRow(workCount)
    var state = state
    state.key = row
    state.origin = UInt8(truncatingIfNeeded: workCount)
    arrivals[workCount] = state.inPort
    workCount &+= 1
    states[row] = state
    bank.base[row][wordOf: .inPort] = origin
    bank.base[row][wordOf: .ctState] = 0
    bank.base[row][wordOf: .ctZone] = 0
    bank.reset(row)
  }

  // MARK: Process

  /// Why a packet of the last batch was dropped, by its place in it; without meaning for one that was not.
  public func dropReason(ofRow row: Int) -> DropReason {
    DropReason(rawValue: Int(dropReasons[row & (Engine.batchCapacity - 1)])) ?? .invalidLength
  }

  /// How many packets the batch holds.
  public var batchCount: Int { workCount }

  /// Which packets of the last batch went to a port or to the daemon.
  ///
  /// Bit 0 is the one that was received first. The others were dropped.
  public var delivered: UInt32 { deliveredPackets }

  /// Takes the batch through parse, lookup and actions, again for what recirculates, until nothing is left.
  #if !DEBUG  // The proof needs the whole module in view.
    @_noLocks @_noAllocation
  #endif
  public mutating func process(nowMilliseconds: UInt64) {
    now = nowMilliseconds
    deliveredPackets = 0
    runRounds(from: 0)
    trackerReference.value.sweepIfDue(now: now)
  }

  /// Takes the packets in the rows from `first` on through the stages, and whatever they recirculate.
  @inline(__always)
  mutating func runRounds(from first: Int) {
    var from = first
    while from < workCount {
      let to = min(workCount, from &+ Engine.batchCapacity)
      parse(from, to)
      propose(from, to)
      lookup(from, to)
      from = to
    }
    workCount = 0
  }

  /// Parses packets into their keys.
  @inline(__always)
  private mutating func parse(_ from: Int, _ to: Int) {
    var row = from
    while row < to {
      Parser.parse(&states[KeyRow(row)], pool, &bank, tagLimit: tagLimit)
      row &+= 1
    }
  }

  /// Hashes the keys and asks the cache for each packet's flow, for all packets before any answer is used, so that the memory
  /// accesses overlap.
  @inline(__always)
  private mutating func propose(_ from: Int, _ to: Int) {
    var place = from
    while place < to {
      let row = KeyRow(place)
      let signature = KeyHash.finish(hash.signature(bank.base[row]))
      signatures[row] = signature
      let (low, high) = cache.candidates(signature)
      var flow = FlowHandle.none
      if low != 0 {
        flow = cache.flow(signature, way: low.trailingZeroBitCount >> 4)
      } else if high != 0 {
        flow = cache.flow(signature, way: 4 &+ high.trailingZeroBitCount >> 4)
      }
      found[row] = flow
      place &+= 1
    }
  }

  /// Finds each packet's flow, or sends it to the daemon, and runs the flow's actions.
  @inline(__always)
  private mutating func lookup(_ from: Int, _ to: Int) {
    var place = from
    while place < to {
      let row = KeyRow(place)
      var flow = found[row]
      if !flow.isNone && matches(flow, row) {
        counters.cacheHits &+= 1
      } else {
        flow = lookupSlowly(row)
      }
      if !flow.isNone {
        let key = bank.base[row]
        table.records[flow].packets &+= 1
        table.records[flow].bytes &+= UInt64(truncatingIfNeeded: states[row].count)
        table.records[flow].usedMilliseconds = now
        table.records[flow].tcpFlags |= UInt16(truncatingIfNeeded: key[.tcpFlags])
        counters.hits &+= 1
        run(table.records[flow].program.index, row)
      } else {
        miss(row)
      }
      let origin = states[row].origin
      if deliveredPackets & 1 &<< UInt32(origin) == 0 {
        dropReasons[Int(origin)] = UInt8(truncatingIfNeeded: lastDropReason.rawValue)
      }
      place &+= 1
    }
  }

  /// Whether a packet's key matches the flow that the cache proposes.
  ///
  /// The same as the table's own comparison, but reached without borrowing the table as a whole, which would
  /// copy its description for each packet.
  @inline(__always)
  private mutating func matches(_ flow: FlowHandle, _ row: KeyRow) -> Bool {
    let group = table.records[flow].group
    let difference = table.values[flow].difference(bank.base[row], under: table.groups[group].base)
    guard difference == 0, table.records[flow].isAlive else { return false }
    let present = bank.segments[row]
    guard table.records[flow].segments & ~present == 0 else { return false }
    let shared = table.groups[group].segments & present & ~1
    return shared == 0 || comparesFurther(flow, group, row, shared)
  }

  @inline(never)
  private mutating func comparesFurther(
    _ flow: FlowHandle, _ group: MaskHandle, _ row: KeyRow, _ shared: UInt16
  ) -> Bool {
    table.comparesFurther(flow, group, bank, row, shared)
  }

  /// Tries the other ways of the cache, then the masked flow table.
  @inline(never)
  private mutating func lookupSlowly(_ row: KeyRow) -> FlowHandle {
    let key = bank.base[row]
    let signature = signatures[row]
    var (low, high) = cache.candidates(signature)
    while low != 0 {
      let flow = cache.flow(signature, way: low.trailingZeroBitCount >> 4)
      if flow.index < table.highestFlow && table.matches(flow, key, bank, row) {
        counters.cacheHits &+= 1
        return flow
      }
      low &= low &- 1
    }
    while high != 0 {
      let flow = cache.flow(signature, way: 4 &+ high.trailingZeroBitCount >> 4)
      if flow.index < table.highestFlow && table.matches(flow, key, bank, row) {
        counters.cacheHits &+= 1
        return flow
      }
      high &= high &- 1
    }
    var searched = 0
    let flow = table.search(row, bank, hash, searched: &searched)
    counters.maskHits &+= UInt64(truncatingIfNeeded: searched)
    guard !flow.isNone else { return .none }
    table.groups[table.records[flow].group].recentHits &+= 1
    cache.insert(signature, flow: flow)
    return flow
  }

  /// Sends a packet that matched no flow to the daemon.
  @inline(never)
  private mutating func miss(_ row: KeyRow) {
    counters.misses &+= 1
    let state = states[row]
    if !enqueueUpcall(state, kind: .miss, processID: 0) { counters.lost &+= 1 }
    pool.release(state.slot)
  }

  // MARK: Maintenance

  /// Puts the masks that answer most at the front and lets the cache grow; to be called between batches.
  public mutating func maintain() {
    table.sortGroups()
    cache.growIfCrowded()
  }

  /// Removes connections that have ended, and makes memory for more; to be called between batches, for all engines once.
  public func maintainConnections(nowMilliseconds: UInt64, hasMemory: (Int) -> Bool = { _ in true }) {
    connections.box.value.maintain(now: max(now, nowMilliseconds), hasMemory: hasMemory)
  }

  /// A random number; good enough to sample by.
  @inline(__always)
  mutating func random() -> UInt32 {
    randomState ^= randomState << 13
    randomState ^= randomState >> 7
    randomState ^= randomState << 17
    return UInt32(truncatingIfNeeded: randomState >> 24)
  }
}
