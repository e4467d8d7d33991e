// What all engines counted, as one.

extension EngineGroup {
  /// How many packets all engines dropped for a reason.
  public func dropCount(_ reason: DropReason) -> UInt64 {
    var total: UInt64 = 0
    for index in 0..<count { total &+= locked(index) { engine in engine.dropCount(reason) } }
    return total
  }

  /// Counts packets for the daemon that were lost on their way, so that they show in the datapath's counters.
  public func countLostUpcalls(_ number: Int) { lostUpcallCount &+= UInt64(truncatingIfNeeded: number) }

  /// Adds packets that were lost behind the engines to descriptions of the datapath.
  func addLostUpcalls(to replies: inout [NetlinkMessage]) {
    guard lostUpcallCount > 0 else { return }
    for place in replies.indices {
      guard case .datapath(let command, var description) = replies[place].body else { continue }
      description.statistics?.lost &+= lostUpcallCount
      description.drops?[.upcallQueueFull] &+= lostUpcallCount
      replies[place].body = .datapath(command, description)
    }
  }
}

extension NetlinkMessage {
  /// Adds the counters of another engine's answer to the same request; `false` if it is another answer.
  mutating func add(_ other: NetlinkMessage) -> Bool {
    switch (body, other.body) {
    case (.flow(let command, var mine), .flow(_, let others)):
      if let statistics = others.statistics { mine.statistics?.add(statistics) }
      body = .flow(command, mine)
    case (.vport(let command, var mine), .vport(_, let others)):
      if let statistics = others.statistics { mine.statistics?.add(statistics) }
      body = .vport(command, mine)
    case (.datapath(let command, var mine), .datapath(_, let others)):
      if let statistics = others.statistics { mine.statistics?.add(statistics) }
      if let drops = others.drops { mine.drops?.add(drops) }
      body = .datapath(command, mine)
    case (.error(let mine), .error(let others)): return mine == others
    case (.done, .done): break
    default: return false
    }
    return true
  }
}

extension FlowStatistics {
  /// Adds what another engine counted of the same flow.
  mutating func add(_ other: FlowStatistics) {
    packets &+= other.packets
    bytes &+= other.bytes
    tcpFlags |= other.tcpFlags
    if let used = other.usedMilliseconds { usedMilliseconds = max(usedMilliseconds ?? 0, used) }
  }
}

extension VportStatistics {
  /// Adds what another engine counted of the same port.
  mutating func add(_ other: VportStatistics) {
    receivedPackets &+= other.receivedPackets
    sentPackets &+= other.sentPackets
    receivedBytes &+= other.receivedBytes
    sentBytes &+= other.sentBytes
    receivedErrors &+= other.receivedErrors
    sentErrors &+= other.sentErrors
    receivedDropped &+= other.receivedDropped
    sentDropped &+= other.sentDropped
  }
}

extension DatapathStatistics {
  /// Adds what another engine of the same datapath counted; flows and masks are the same ones.
  mutating func add(_ other: DatapathStatistics) {
    hits &+= other.hits
    misses &+= other.misses
    lost &+= other.lost
    maskHits &+= other.maskHits
    cacheHits &+= other.cacheHits
  }
}
