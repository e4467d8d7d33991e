// What is done to all engines besides requests, and what requests and upkeep take from the heap, said beforehand.

extension EngineGroup {
  /// Lets each engine put its tables in order, if there is memory for that; to be called a few times a second.
  public func maintain(hasMemory: (Int) -> Bool = { _ in true }) {
    for index in 0..<count where hasMemory(self[index].maintenanceByteCount) {
      locked(index) { engine in engine.maintain() }
    }
    locked(0) { engine in engine.maintainConnections(nowMilliseconds: lastNow, hasMemory: hasMemory) }
  }

  /// Says what a port can do by itself, and whether somebody takes what is sent to it.
  public func describe(
    _ port: DatapathPortNumber, capabilities: OffloadCapabilities, hasAdapter: Bool
  ) {
    for index in 0..<count {
      locked(index) { engine in
        engine.setCapabilities(capabilities, of: port)
        engine.setAdapter(isPresent: hasAdapter, of: port)
      }
    }
  }

  /// How many bytes the tables of all engines take to do what a message asks, at most; nothing as long as none is full.
  public func growthByteCount(for message: NetlinkMessage) -> Int {
    let bytes = locked(0) { engine in engine.growthByteCount(for: message) }
    if case .packet = message.body { return bytes }
    return bytes * count
  }
}

extension Engine {
  /// How many bytes an engine takes to put its tables in order.
  var maintenanceByteCount: Int { cache.growthByteCount + table.groupCount * 64 }
}
