// What: one datapath on several processors or workers. Each has an engine of its own, so that packets need no lock that
// another holds; the daemon sees one datapath. A worker that is alone has a group of one.
//
// Why whole copies and not shared tables: a flow table that others read while it changes needs either locks or deferred
// freeing in the packet path. Flows change some thousand times a second, packets come millions of times; so a change is
// made once for each engine, and the packet path stays as simple as it is with one.
//
// Why a class: in Embedded Swift a module cannot destroy a value of another module that owns memory; a class is destroyed by
// its own module, so this one can be held elsewhere. Its engines lie in memory reached by a plain pointer: neither reference
// counts nor exclusivity checks come into the packet path, as they would for an array of objects.
//
// Who may call what:
//  - Packets (this file), with an engine's number: whoever holds that engine's lock. Two threads must not use the same number
//    at the same time.
//  - Requests, dumps and upkeep (GroupRequests.swift, GroupDumps.swift): one at a time, without any lock. They take each
//    engine's lock in turn, for a step of bounded length (EngineLocks.swift).

/// The engines of one datapath, numbered from zero, behind one control surface.
@safe
public final class EngineGroup {
  private let base: UnsafeMutablePointer<Engine>
  /// How many engines there are.
  public let count: Int
  /// The datapath's name.
  public let name: [UInt8]
  /// The datapath's number in messages (`dp_ifindex`).
  public let datapathIndex: Int32
  /// The connections, which all engines share.
  public let connections: ConnectionTracker
  /// The meters, which all engines share.
  public let meters = SharedMeters()
  let locks: EngineLocks
  let steps: EngineSteps
  /// How often an engine answered otherwise than the first one; never, unless there is an error in here.
  public internal(set) var disagreementCount: UInt64 = 0
  /// Packets for the daemon that were lost after they had left their engine.
  var lostUpcallCount: UInt64 = 0
  /// The time of the last request, in milliseconds.
  var lastNow: UInt64 = 0
  /// What has happened to ports since somebody took note of it.
  var portChanges: [PortChange] = []

  /// Makes engines without ports or flows, all with the same numbers in their hashes, so that they agree about flows.
  public init(
    count: Int, _ configuration: EngineConfiguration = EngineConfiguration(), locks: EngineLocks = .none,
    steps: EngineSteps = EngineSteps()
  ) {
    self.count = max(1, count)
    self.locks = locks
    self.steps = steps
    name = Array(configuration.name.utf8)
    datapathIndex = configuration.datapathIndex
    // SAFETY: every place is initialised here, and destroyed and freed in `deinit` alone.
    unsafe base = UnsafeMutablePointer<Engine>.allocate(capacity: self.count)
    connections = ConnectionTracker(
      engineCount: self.count, reserved: configuration.reservedConnectionCount, seed: configuration.seed)
    for index in 0..<self.count {
      unsafe (base + index).initialize(to: Engine(configuration, connections: connections, meters: meters))
      // Samples that two processors take should not be the same ones.
      unsafe base[index].randomState ^= UInt64(index) &* (SplitMix64.increment &+ 1)
    }
  }

  deinit {
    // SAFETY: nobody holds the pointer beyond this owner's life.
    unsafe base.deinitialize(count: count)
    unsafe base.deallocate()
  }

  /// An engine, for whoever holds its lock.
  subscript(index: Int) -> Engine {
    @inline(__always)
    unsafeAddress {
      guard UInt(bitPattern: index) < UInt(bitPattern: count) else {
        preconditionFailure("no such engine")
      }
      // SAFETY: the index was checked.
      return unsafe UnsafePointer(base + index)
    }
    @inline(__always)
    unsafeMutableAddress {
      guard UInt(bitPattern: index) < UInt(bitPattern: count) else {
        preconditionFailure("no such engine")
      }
      // SAFETY: the index was checked.
      return unsafe base + index
    }
  }

  /// The engine for a processor, whatever its number is.
  public func index(ofProcessor number: Int) -> Int { number >= 0 ? number % count : 0 }

  /// Does something with an engine, for whoever holds its lock.
  public func unlocked<Result>(_ index: Int, _ body: (_ engine: inout Engine) -> Result) -> Result {
    body(&self[index])
  }

  /// Does something with an engine while its lock is held.
  public func locked<Result>(_ index: Int, _ body: (_ engine: inout Engine) -> Result) -> Result {
    locks.acquire(index)
    let result = body(&self[index])
    locks.release(index)
    return result
  }

  // MARK: Packets

  /// Adds a copy of a packet to an engine's batch; see `Engine.receive`.
  #if !DEBUG  // The proof needs the whole module in view.
    @_noLocks @_noAllocation
  #endif
  public func receive(
    _ bytes: RawSpan, from port: DatapathPortNumber, offload: Offload = Offload(), tag: UInt32 = 0,
    on index: Int
  ) -> Engine.Reception {
    self[index].receive(bytes, from: port, offload: offload, tag: tag)
  }

  /// Adds a packet to an engine's batch that the caller writes into its memory; see `Engine.receive`.
  @unsafe
  public func receive(
    byteCount: Int, from port: DatapathPortNumber, tag: UInt32, on index: Int,
    write: (UnsafeMutableRawBufferPointer) -> Offload?
  ) -> Engine.Reception {
    unsafe self[index].receive(byteCount: byteCount, from: port, tag: tag, write: write)
  }

  /// Counts packets that whoever moves them had to drop; see `Engine.countDrops`.
  public func countDrops(_ number: UInt64, _ reason: DropReason, row: Int?, on index: Int) {
    self[index].countDrops(number, reason, row: row)
  }

  /// Why a packet of an engine's last batch was dropped; see `Engine.dropReason`.
  public func dropReason(ofRow row: Int, on index: Int) -> DropReason { self[index].dropReason(ofRow: row) }

  /// Why an engine dropped a packet last.
  public func lastDropReason(on index: Int) -> DropReason { self[index].lastDropReason }

  /// How many packets an engine's batch holds.
  public func batchCount(on index: Int) -> Int { self[index].batchCount }

  /// Which packets of an engine's last batch went to a port or to the daemon; see `Engine.delivered`.
  public func delivered(on index: Int) -> UInt32 { self[index].delivered }

  /// Takes an engine's batch through parse, lookup and actions.
  #if !DEBUG  // The proof needs the whole module in view.
    @_noLocks @_noAllocation
  #endif
  public func process(nowMilliseconds: UInt64, on index: Int) {
    self[index].process(nowMilliseconds: nowMilliseconds)
  }

  /// A port to which an engine has packets to send, or `nil` when there is none.
  #if !DEBUG  // The proof needs the whole module in view.
    @_noLocks @_noAllocation
  #endif
  public func nextOutput(on index: Int) -> PortOutput? { self[index].nextOutput() }

  /// The first packet of a port's queue.
  #if !DEBUG  // The proof needs the whole module in view.
    @_noLocks @_noAllocation
  #endif
  public func first(of output: PortOutput, on index: Int) -> OutputPacket? { self[index].first(of: output) }

  /// The packet behind another of the same queue.
  #if !DEBUG  // The proof needs the whole module in view.
    @_noLocks @_noAllocation
  #endif
  public func next(after packet: OutputPacket, on index: Int) -> OutputPacket? {
    self[index].next(after: packet)
  }

  /// A packet's bytes.
  @_lifetime(borrow self)
  public func bytes(of packet: OutputPacket, on index: Int) -> RawSpan {
    // SAFETY: the slot is the packet's until `finishOutput`, which ends what this borrows.
    let span = unsafe RawSpan(_unsafeBytes: self[index].pointer(of: packet))
    return unsafe _overrideLifetime(span, borrowing: self)
  }

  /// Where a packet's bytes are until `finishOutput`.
  @unsafe
  public func pointer(of packet: OutputPacket, on index: Int) -> UnsafeRawBufferPointer {
    unsafe self[index].pointer(of: packet)
  }

  /// Counts the first `sent` packets of a port's queue as sent, the others as dropped, and gives all up.
  #if !DEBUG  // The proof needs the whole module in view.
    @_noLocks @_noAllocation
  #endif
  public func finishOutput(_ output: PortOutput, sent: Int, on index: Int) {
    self[index].finishOutput(output, sent: sent)
  }

  /// Whether packets of an engine wait for the daemon.
  public func hasUpcalls(on index: Int) -> Bool { self[index].hasUpcalls }

  /// The messages for the daemon that have gathered in an engine, of so many packets.
  public func drainUpcalls(maximumCount: Int = .max, on index: Int) -> [[UInt8]] {
    self[index].drainUpcalls(maximumCount: maximumCount)
  }

  /// How many packets an engine dropped for a reason.
  public func dropCount(_ reason: DropReason, on index: Int) -> UInt64 { self[index].dropCount(reason) }

  /// An engine's counters.
  public func statistics(on index: Int) -> DatapathStatistics { self[index].statistics }
}
