// What: what control sees of connections, and does to them. Each call is one step of bounded length, for whoever holds an engine's
// lock; what may be much goes from a position on and says where to go on.

/// A connection, as dumps have it.
public struct ConnectionDescription: Equatable, Sendable {
  /// The first direction's packets.
  public var original: ConnectionTuple
  /// The packets that answer.
  public var reply: ConnectionTuple
  /// The first direction of the connection that it belongs to.
  public var parent: ConnectionTuple?
  /// Seconds until it ends if no packet comes.
  public var timeoutSeconds: UInt32
  /// `ct_mark`.
  public var mark: UInt32
  /// `ct_label`.
  public var label: UInt128
  /// The states of both ends of a TCP connection.
  public var transmission: Transmission?
  /// The helper that looks into its packets.
  public var helper: TrackHelper
  /// Whether packets of both directions were seen.
  public var isAnswered: Bool

  /// The states of the ends of a TCP connection, that of who began first.
  public struct Transmission: Equatable, Sendable {
    /// Who began.
    public var original: End
    /// Who answers.
    public var reply: End
  }

  /// One end of a TCP connection.
  public struct End: Equatable, Sendable {
    /// How far it has come.
    public var state: TCPState
    /// How far its window is shifted.
    public var windowScale: UInt8
    /// Whether it has said so.
    public var scales: Bool
    /// Whether its beginning was not seen, so that its window is believed to be large.
    public var isLiberal: Bool

    init(_ peer: TCPPeer) {
      state = peer.state
      windowScale = peer.scale.rawValue & 0xf
      scales = peer.scale.isSaid
      isLiberal = peer.scale.isUnknown
    }
  }
}

/// Which connections are meant.
public struct ConnectionFilter: Equatable, Sendable {
  /// The zone; `nil` for all.
  public var zone: UInt16?
  /// Bits of the mark, and which of them count.
  public var mark: (value: UInt32, mask: UInt32) = (0, 0)
  /// Bits of the label, and which of them count.
  public var label: (value: UInt128, mask: UInt128) = (0, 0)

  /// A filter that all connections pass.
  public init(zone: UInt16? = nil) { self.zone = zone }

  /// Whether two filters let the same through.
  public static func == (left: ConnectionFilter, right: ConnectionFilter) -> Bool {
    left.zone == right.zone && left.mark == right.mark && left.label == right.label
  }
}

/// How many connections a zone has, and may have.
public struct ZoneLimit: Equatable, Sendable {
  /// The zone.
  public var zone: UInt16
  /// How many there may be; zero for any number.
  public var limit: UInt32
  /// How many there are.
  public var count: UInt32
}

extension ConnectionTracker {
  /// Places that a step looks at, at most.
  public static var placesPerStep: Int { 1_024 }
  /// Connections that a step describes or removes, at most.
  public static var connectionsPerStep: Int { 32 }

  /// The next connections that pass a filter, from a position on, which is moved; it is `nil` behind the last.
  ///
  /// There may be none, with more to come. What is made or removed meanwhile may be missed; nothing is said twice.
  public func next(
    from position: inout Int?, passing filter: ConnectionFilter = ConnectionFilter(),
    nowMilliseconds now: UInt64
  ) -> [ConnectionDescription] {
    var found: [ConnectionDescription] = []
    box.value.step(&position, now: now, filter) { index in
      found.append(box.value.describe(index, now: now))
      return found.count < ConnectionTracker.connectionsPerStep
    }
    return found
  }

  /// Removes connections that pass a filter, from a position on, which is moved; returns how many.
  ///
  /// The position is `nil` behind the last.
  public func flush(
    from position: inout Int?, passing filter: ConnectionFilter = ConnectionFilter(),
    nowMilliseconds now: UInt64
  ) -> Int {
    var count = 0
    box.value.step(&position, now: now, filter) { index in
      box.value.removeHeld(index)
      count += 1
      return count < ConnectionTracker.connectionsPerStep
    }
    return count
  }

  /// Removes the connection that a tuple of either direction belongs to, if there is one.
  public func flush(_ tuple: ConnectionTuple, nowMilliseconds now: UInt64) -> Bool {
    box.value.flush(tuple, now: now)
  }

  /// The connection that a tuple of either direction belongs to.
  public func connection(_ tuple: ConnectionTuple, nowMilliseconds now: UInt64) -> ConnectionDescription? {
    box.value.locks(structure: true)
    defer { box.value.unlocks(structure: true) }
    let index = box.value.index(of: tuple, now: now)
    return index >= 0 ? box.value.describe(index, now: now) : nil
  }

  /// How many connections there are, those among them that have ended and were not removed yet.
  public var count: Int {
    box.value.locks(structure: true)
    defer { box.value.unlocks(structure: true) }
    return box.value.table.count
  }

  /// How many connections there may be.
  public var maximumCount: Int { box.value.settings[0].maximumCount }

  /// Says how many connections there may be; `false` if that is more than the tracker can hold.
  public func setMaximumCount(_ count: Int) -> Bool {
    guard count >= 0, count <= ConnectionTable.maximumCapacity else { return false }
    box.value.settings[0].maximumCount = count
    return true
  }

  /// Whether segments outside of their window are invalid.
  public var checksSequence: Bool {
    get { box.value.settings[0].checksSequence }
    set { box.value.settings[0].checksSequence = newValue }
  }

  /// How many bytes of memory connections over a version of IP have, those that could be made among them, with all chains.
  public func byteCount(isIPv6: Bool) -> Int { box.value.table.byteCount(isIPv6: isIPv6) }

  // MARK: Zones

  /// How many connections a zone without a limit of its own may have; zero for any number.
  public var defaultZoneLimit: UInt32 {
    get { box.value.settings[0].defaultZoneLimit }
    set { box.value.settings[0].defaultZoneLimit = newValue }
  }

  /// What a zone has, and may have.
  public func limit(ofZone zone: UInt16) -> ZoneLimit {
    ZoneLimit(zone: zone, limit: box.value.limit(ofZone: Int(zone)), count: box.value.zones[Int(zone)].count)
  }

  /// Whether a zone has a limit of its own.
  public func hasLimit(zone: UInt16) -> Bool {
    box.value.limitedZones[Int(zone) / 64] & 1 << UInt64(zone % 64) != 0
  }

  /// Gives a zone a limit of its own.
  public func setLimit(_ limit: UInt32, ofZone zone: UInt16) {
    box.value.zones[Int(zone)].limit = limit
    box.value.limitedZones[Int(zone) / 64] |= 1 << UInt64(zone % 64)
  }

  /// Takes a zone's own limit away.
  public func removeLimit(ofZone zone: UInt16) {
    box.value.limitedZones[Int(zone) / 64] &= ~(1 << UInt64(zone % 64))
  }

  /// The zones that have a limit of their own.
  public func limitedZones() -> [ZoneLimit] {
    var result: [ZoneLimit] = []
    for word in 0..<box.value.limitedZones.count {
      var bits = box.value.limitedZones[word]
      while bits != 0 {
        result.append(limit(ofZone: UInt16(word * 64 + bits.trailingZeroBitCount)))
        bits &= bits - 1
      }
    }
    return result
  }

  /// How many connections each zone has that has any.
  public func zoneCounts() -> [(zone: UInt16, count: UInt32)] {
    var result: [(zone: UInt16, count: UInt32)] = []
    for zone in 0..<box.value.zones.count where box.value.zones[zone].count > 0 {
      result.append((UInt16(zone), box.value.zones[zone].count))
    }
    return result
  }

  // MARK: Timeouts

  /// Defines a timeout policy, or redefines it; `false` if there are too many.
  ///
  /// Connections that have it go by it from their next packet on. Policy 0 is that of connections without one.
  public func setPolicy(_ policy: TimeoutPolicy) -> Bool {
    guard policy.seconds.count == TrackTimeout.allCases.count else { return false }
    var place = box.value.place(ofPolicy: policy.id)
    if place == 0 && policy.id != 0 {
      // A place that was never used, before one of which connections may still go by.
      for candidate in 1..<Tracker.maximumPolicyCount
      where !box.value.policies[candidate].isUsed && place == 0 {
        place = candidate
      }
      for candidate in 1..<Tracker.maximumPolicyCount
      where !box.value.policies[candidate].isDefined && place == 0 {
        place = candidate
      }
      guard place > 0 else { return false }
    }
    var row = TimeoutRow()
    row.id = policy.id
    row.isUsed = true
    row.isDefined = true
    for index in 0..<policy.seconds.count { row.seconds[index] = policy.seconds[index] }
    box.value.policies[place] = row
    return true
  }

  /// A timeout policy, if it is defined; number 0 always is.
  public func policy(_ id: UInt32) -> TimeoutPolicy? {
    let place = box.value.place(ofPolicy: id)
    guard place > 0 || id == 0, box.value.policies[place].isDefined || id == 0 else { return nil }
    var policy = TimeoutPolicy(id: id)
    for timeout in TrackTimeout.allCases { policy[timeout] = box.value.policies[place].seconds(timeout) }
    return policy
  }

  /// Removes a timeout policy; connections that have it go by the defaults from their next packet on.
  public func removePolicy(_ id: UInt32) -> Bool {
    let place = box.value.place(ofPolicy: id)
    guard place > 0 || id == 0, box.value.policies[place].isDefined else { return false }
    box.value.policies[place].isDefined = false
    return true
  }

  /// The timeout policies that are defined, in the order of their numbers.
  public func policies() -> [TimeoutPolicy] {
    var ids: [UInt32] = []
    for place in 0..<Tracker.maximumPolicyCount where box.value.policies[place].isDefined {
      ids.append(box.value.policies[place].id)
    }
    ids.sort { $0 < $1 }
    return ids.compactMap { policy($0) }
  }

  // MARK: Buckets

  /// How many buckets there are.
  public var bucketCount: Int {
    var count = 0
    for shard in 0..<box.value.table.shards.count { count += box.value.table.shards[shard].bucketCount }
    return count
  }

  /// How many connections the next buckets have, from a position on, which is moved; it is `nil` behind the last.
  public func bucketLengths(from position: inout Int?) -> [Int] {
    box.value.bucketLengths(&position, maximumCount: ConnectionTracker.placesPerStep)
  }
}

extension Tracker {
  func locks(structure: Bool) { table.locks.acquire(table.structure) }
  func unlocks(structure: Bool) { table.locks.release(table.structure) }

  /// Goes on from a position to connections that live and pass a filter, until `body` has had enough.
  fileprivate func step(
    _ position: inout Int?, now: UInt64, _ filter: ConnectionFilter, _ body: (Int) -> Bool
  ) {
    guard var place = position else { return }
    var left = ConnectionTracker.placesPerStep
    var goesOn = true
    table.locks.acquire(table.structure)
    while goesOn && left > 0 {
      place = table.nextUsed(place)
      guard place < table.placeCount else {
        table.locks.release(table.structure)
        position = nil
        return
      }
      if table[place].traits.contains(.isAlive), passes(place, filter, now: now) { goesOn = body(place) }
      place += 1
      left -= 1
    }
    table.locks.release(table.structure)
    position = place
  }

  private func passes(_ index: Int, _ filter: ConnectionFilter, now: UInt64) -> Bool {
    if let zone = filter.zone, zone != table[index].zone { return false }
    let shard = Int(table[index].shard)
    table.locks.acquire(shard)
    let connection = table[index]
    table.locks.release(shard)
    guard connection.expiration > now,
      connection.mark & filter.mark.mask == filter.mark.value & filter.mark.mask
    else { return false }
    let label = UInt128(connection.label.high) << 64 | UInt128(connection.label.low)
    return label & filter.label.mask == filter.label.value & filter.label.mask
  }

  /// Describes a connection; for whoever holds `structure`.
  fileprivate func describe(_ index: Int, now: UInt64) -> ConnectionDescription {
    let shard = Int(table[index].shard)
    table.locks.acquire(shard)
    let connection = table[index]
    table.locks.release(shard)
    let isTCP = connection.protocolNumber == 6
    return ConnectionDescription(
      original: table.tuple(of: index, isReply: false), reply: table.tuple(of: index, isReply: true),
      parent: connection.parent >= 0 ? expectations.parents[Int(connection.parent)].tuple : nil,
      timeoutSeconds: connection.expiration > now
        ? UInt32(truncatingIfNeeded: (connection.expiration - now) / 1_000) : 0,
      mark: connection.mark, label: UInt128(connection.label.high) << 64 | UInt128(connection.label.low),
      transmission: isTCP
        ? ConnectionDescription.Transmission(
          original: ConnectionDescription.End(connection.peers.0),
          reply: ConnectionDescription.End(connection.peers.1)) : nil,
      helper: connection.helper,
      isAnswered: isTCP ? connection.peers.1.state >= .synSent : connection.progress == .both)
  }

  /// The place of the connection that a tuple belongs to, or -1; for whoever holds `structure`.
  fileprivate func index(of tuple: ConnectionTuple, now: UInt64) -> Int {
    let hash = table.hash.value(tuple)
    let shard = table.shard(hash)
    table.locks.acquire(shard)
    let node = table.find(tuple, hash, now: now)
    table.locks.release(shard)
    return node >= 0 ? node >> 1 : -1
  }

  fileprivate func flush(_ tuple: ConnectionTuple, now: UInt64) -> Bool {
    table.locks.acquire(table.structure)
    let index = index(of: tuple, now: now)
    if index >= 0 { removeHeld(index) }
    table.locks.release(table.structure)
    return index >= 0
  }

  fileprivate func bucketLengths(_ position: inout Int?, maximumCount: Int) -> [Int] {
    guard var place = position else { return [] }
    var lengths: [Int] = []
    var first = 0
    for shard in 0..<table.shards.count {
      table.locks.acquire(shard)
      let count = table.shards[shard].bucketCount
      while place < first + count && lengths.count < maximumCount {
        lengths.append(table.length(ofBucket: place - first, in: shard))
        place += 1
      }
      table.locks.release(shard)
      if lengths.count == maximumCount {
        position = place
        return lengths
      }
      first += count
    }
    position = nil
    return lengths
  }
}
