// What: connections that have ended are removed, and memory for more is made, in small steps.
//
// How connections end: one of which no packet has come for its timeout is passed over by every lookup at once. A sweep goes
// round all places and removes such ones. Whoever has packets takes a step of it when a millisecond has gone by, long enough
// that a round takes ten seconds. Without packets upkeep takes the steps.

extension Tracker {
  /// How long a round of the sweep takes, in milliseconds.
  static var sweepMilliseconds: Int { 10_000 }
  /// The most places that a step looks at on the packet path, and between packets.
  static var maximumStepCount: Int { 512 }
  static var maximumUpkeepCount: Int { 8_192 }
  /// Places that are looked at while `structure` is held.
  private static var placesPerHold: Int { 32 }
  /// The least number of free places that upkeep leaves.
  static var leastFreeCount: Int { 4_096 }

  /// Takes a step of the sweep if time has gone by.
  @inline(__always)
  func sweepIfDue(now: UInt64, maximumCount: Int = Tracker.maximumStepCount) {
    if settings[0].sweepTime < now { sweep(now: now, maximumCount: maximumCount) }
  }

  @inline(never)
  private func sweep(now: UInt64, maximumCount: Int) {
    guard table.locks.tryAcquire(table.structure) else { return }
    let last = settings[0].sweepTime
    let elapsed = last == 0 ? 1 : Int(truncatingIfNeeded: min(now &- last, 10_000))
    settings[0].sweepTime = max(now, last)
    guard now > last, table.count > 0 else {
      table.locks.release(table.structure)
      return
    }
    var left = min(maximumCount, table.placeCount &* elapsed / Tracker.sweepMilliseconds &+ 1)
    while left > 0 {
      sweepHeld(min(left, Tracker.placesPerHold), now: now)
      left &-= Tracker.placesPerHold
      guard left > 0 else { break }
      // Who waits gets his turn.
      table.locks.release(table.structure)
      guard table.locks.tryAcquire(table.structure) else { return }
    }
    table.locks.release(table.structure)
  }

  private func sweepHeld(_ count: Int, now: UInt64) {
    var place = settings[0].sweepPlace
    for _ in 0..<count {
      place = table.nextUsed(place)
      if place >= table.placeCount {
        place = 0
        break
      }
      if table[place].traits.contains(.isAlive), hasEnded(place, now: now) { removeHeld(place) }
      place &+= 1
    }
    settings[0].sweepPlace = place
  }

  /// Whether no packet of a connection has come for its timeout; for whoever holds `structure`.
  func hasEnded(_ index: Int, now: UInt64) -> Bool {
    let shard = Int(table[index].shard)
    table.locks.acquire(shard)
    let hasEnded = table[index].expiration <= now
    table.locks.release(shard)
    return hasEnded
  }

  /// Makes room for half as many more connections as there are; never done for a packet.
  func maintain(now: UInt64, hasMemory: (Int) -> Bool) {
    sweepIfDue(now: now, maximumCount: Tracker.maximumUpkeepCount)
    table.locks.acquire(table.structure)
    for family in 0..<2 {
      let count = table.places[family].count
      let wanted = min(count / 2 + Tracker.leastFreeCount / 2, max(0, settings[0].maximumCount - table.count))
      if count > 0 || table.places[family].capacity == 0 {
        _ = table.reserve(wanted, isIPv6: family == 1, hasMemory: hasMemory)
      }
    }
    table.locks.release(table.structure)
    for shard in 0..<table.shards.count {
      table.locks.acquire(shard)
      table.reserveBuckets(shard, count: ConnectionTable.bucketChunkCapacity / 2, hasMemory: hasMemory)
      table.locks.release(shard)
    }
  }
}
