// What: a packet's connection is found, followed, and if the action says so, made.
//
// How: the common case takes one lock, that of the connection's shard, and ends. What makes or removes a connection gives that
// up, takes `structure`, and looks again. The order of the steps, and what `ct_state` says after them, is that of Open
// vSwitch's userspace datapath: a packet that is not to be committed, or is over a limit, is `new` all the same.

/// The limits of zones.
struct ZoneRow: BitwiseCopyable {
  /// How many connections are in the zone.
  var count: UInt32 = 0
  /// How many may be; zero for any number.
  var limit: UInt32 = 0
}

/// What all engines go by, and what the sweep has come to.
struct TrackSettings: BitwiseCopyable {
  /// The most connections.
  var maximumCount = Tracker.defaultMaximumCount
  /// The most connections of a zone without a limit of its own; zero for any number.
  var defaultZoneLimit: UInt32 = 0
  /// Whether segments outside of their window are invalid.
  var checksSequence = true
  /// The place that the sweep looks at next, and the time of its last step.
  var sweepPlace = 0
  var sweepTime: UInt64 = 0
  var randomState: UInt64 = 1
  /// How many connections were ever made.
  var madeCount: UInt64 = 0
}

/// The state that engines share.
struct Tracker: ~Copyable {
  /// The most connections unless somebody says otherwise.
  static var defaultMaximumCount: Int { 3_000_000 }
  /// Timeout policies, that of number 0 among them.
  static var maximumPolicyCount: Int { 256 }
  /// How often a packet is looked up that others make and remove meanwhile.
  private static var maximumAttempts: Int { 4 }

  let table: ConnectionTable
  let zones: SharedSlab<ZoneRow>
  /// A bit for each zone that has a limit of its own.
  let limitedZones: SharedSlab<UInt64>
  let policies: SharedSlab<TimeoutRow>
  let settings: SharedSlab<TrackSettings>
  let expectations: ExpectationTable

  init(engineCount: Int, reserved: Int, seed: UInt64) {
    table = ConnectionTable(shardCount: engineCount == 1 ? 1 : 4 * engineCount, seed: seed)
    zones = SharedSlab(repeating: ZoneRow(), count: 65_536)
    limitedZones = SharedSlab(repeating: 0, count: 1_024)
    policies = SharedSlab(repeating: TimeoutRow(), count: Tracker.maximumPolicyCount)
    settings = SharedSlab(repeating: TrackSettings(), count: 1)
    expectations = ExpectationTable(hash: table.hash)
    settings[0].randomState = seed | 1
    policies[0].isUsed = true
    _ = table.reserve(reserved, isIPv6: false) { _ in true }
    _ = table.reserve(reserved / 2, isIPv6: true) { _ in true }
    for shard in 0..<table.shards.count {
      table.reserveBuckets(shard, count: reserved / table.shards.count) { _ in true }
    }
  }

  // MARK: A packet

  /// Takes a packet through the tracker.
  @inline(__always)
  func track(_ packet: inout TrackedPacket, _ pass: inout TrackPass, now: UInt64) {
    if pass.state != 0 && pass.previousZone != pass.zone { pass.state = 0 }
    packet.tuple.zone = pass.zone
    var isTranslated = pass.state & TrackState.isTranslated != 0
    var attempts = 0
    while attempts < Tracker.maximumAttempts {
      attempts &+= 1
      let wanted = isTranslated ? packet.tuple.reversed : packet.tuple
      let node = acquire(wanted, now: now)
      if node >= 0 {
        let index = node &>> 1
        let isReply = (node & 1 != 0) != isTranslated
        if !(pass.forces && isReply), follow(index, &packet, &pass, isReply: isReply, now: now) {
          table.locks.release(Int(table[index].shard))
          return
        }
        // Another connection begins with this packet; this one ends.
        packet.tuple = table.tuple(of: index, isReply: isReply)
        let original = table.tuple(of: index, isReply: false)
        table.locks.release(Int(table[index].shard))
        remove(index, original)
      } else if isTranslated {
        pass.event = .goneConnection
      }
      isTranslated = false
      if begin(&packet, &pass, now: now) { return }
    }
    // Others were quicker each time.
    pass.state = TrackState.isInvalid | TrackState.isTracked
  }

  /// Finds the connection that a tuple belongs to, and takes the lock of its shard; returns what `ConnectionTable.find` does.
  @inline(__always)
  private func acquire(_ tuple: ConnectionTuple, now: UInt64) -> Int {
    let hash = table.hash.value(tuple)
    let shard = table.shard(hash)
    table.locks.acquire(shard)
    let node = table.find(tuple, hash, now: now)
    if node >= 0 && Int(table[node &>> 1].shard) == shard { return node }
    if node >= 0 { return acquireElsewhere(node, tuple, shard, now: now) }
    table.locks.release(shard)
    return -1
  }

  /// Goes from the shard in which a node was found to that of its connection.
  @inline(never)
  private func acquireElsewhere(_ node: Int, _ tuple: ConnectionTuple, _ shard: Int, now: UInt64) -> Int {
    let index = node &>> 1
    let home = Int(table[index].shard)
    table.locks.release(shard)
    table.locks.acquire(home)
    if table[index].traits.contains(.isAlive), Int(table[index].shard) == home, table[index].expiration > now,
      table.matches(index, tuple, isReply: node & 1 != 0)
    {
      return node
    }
    table.locks.release(home)
    return -1
  }

  /// Follows a packet of a connection whose lock is held; `false` if the packet begins another one.
  @inline(__always)
  private func follow(
    _ index: Int, _ packet: inout TrackedPacket, _ pass: inout TrackPass, isReply: Bool, now: UInt64
  ) -> Bool {
    if packet.isError {
      pass.state |= TrackState.isRelated
      if isReply { pass.state |= TrackState.isReply }
    } else {
      if table[index].traits.contains(.isRelated) { pass.state |= TrackState.isRelated }
      let skew = pass.translates ? table[index].skew : 0
      if skew != 0 {
        if isReply == table[index].skewsReply {
          pass.sequenceSkew = skew
        } else {
          pass.acknowledgmentSkew = 0 &- skew
          packet.segment.acknowledgment &-= UInt32(bitPattern: skew)
        }
      }
      switch update(index, packet, &pass, isReply: isReply, now: now) {
      case .established:
        pass.state = (pass.state | TrackState.isEstablished) & ~TrackState.isNew
        if isReply { pass.state |= TrackState.isReply }
      case .unanswered: pass.state |= TrackState.isNew
      case .invalid: pass.state = TrackState.isInvalid
      case .begins: return false
      }
      pass.interested = table[index].helper
    }
    if pass.translates { rewrite(index, &pass, isReply: isReply) }
    pass.state |= TrackState.isTracked
    pass.connection = index
    pass.isReply = isReply
    describe(index, &pass)
    return true
  }

  /// Follows a packet by its protocol.
  @inline(__always)
  private func update(
    _ index: Int, _ packet: TrackedPacket, _ pass: inout TrackPass, isReply: Bool, now: UInt64
  ) -> TrackUpdate {
    if packet.tuple.protocolNumber == 6 {
      var timeout: TrackTimeout?
      var finding = TCPFinding.none
      let update = table[index].follow(
        packet.segment, isReply: isReply, isChecked: settings[0].checksSequence, timeout: &timeout,
        finding: &finding)
      switch finding {
      case .none: break
      case .invalidFlags: pass.event = .invalidFlags
      case .outOfWindow: pass.event = .outOfWindow
      case .unchecked: pass.event = .unchecked
      }
      if let timeout { extend(index, timeout, now: now) }
      return update
    }
    let isMessage = packet.tuple.isMessage
    if isReply {
      table[index].progress = .both
    } else if table[index].progress == .first && !isMessage {
      table[index].progress = .several
    }
    let progress = table[index].progress
    extend(index, TrackTimeout(progress, isMessage: isMessage), now: now)
    return progress == .both ? .established : .unanswered
  }

  /// Lets a timeout begin anew.
  @inline(__always)
  private func extend(_ index: Int, _ timeout: TrackTimeout, now: UInt64) {
    table[index].expiration = now &+ expiration(Int(table[index].policy), timeout)
  }

  /// A policy's timeout in milliseconds.
  @inline(__always)
  private func expiration(_ policy: Int, _ timeout: TrackTimeout) -> UInt64 {
    UInt64(policies[policy].seconds(timeout)) &* 1_000
  }

  /// Says how a packet of a translated connection is to be rewritten, unless that was done in this zone.
  @inline(__always)
  private func rewrite(_ index: Int, _ pass: inout TrackPass, isReply: Bool) {
    let traits = table[index].traits
    guard !traits.isDisjoint(with: .translates), pass.state & TrackState.isTranslated == 0 else { return }
    var end = traits.contains(.translatesSource) ? TranslatedEnd.source : .destination
    if isReply { end = end.reversed }
    pass.state |= end == .source ? TrackState.isSourceTranslated : TrackState.isDestinationTranslated
    pass.rewrite = end
    pass.target = table.tuple(of: index, isReply: !isReply).reversed
  }

  /// Says what a packet's mark, label and original tuple are, and changes the connection's as the action asks.
  @inline(__always)
  private func describe(_ index: Int, _ pass: inout TrackPass) {
    if table[index].traits.contains(.isRelated) {
      pass.original = original(ofParentOf: index)
    } else {
      pass.original = table.tuple(of: index, isReply: false)
      if pass.markMask != 0 { table[index].mark = pass.markValue | table[index].mark & ~pass.markMask }
      if pass.labelMask.high | pass.labelMask.low != 0 {
        let old = table[index].label
        table[index].label = (
          pass.labelValue.high | old.high & ~pass.labelMask.high,
          pass.labelValue.low | old.low & ~pass.labelMask.low
        )
      }
    }
    pass.mark = table[index].mark
    pass.label = table[index].label
    pass.hasOriginal = true
  }

  /// The first direction of the connection that another one was expected by.
  private func original(ofParentOf index: Int) -> ConnectionTuple {
    let parent = Int(table[index].parent)
    return parent >= 0 ? expectations.parents[parent].tuple : table.tuple(of: index, isReply: false)
  }

  // MARK: Another connection

  /// What a packet without a connection is, and if the action says so, its connection; `false` if there is one by now.
  @inline(never)
  private func begin(_ packet: inout TrackedPacket, _ pass: inout TrackPass, now: UInt64) -> Bool {
    pass.mark = 0
    pass.label = (0, 0)
    pass.original = packet.tuple
    pass.hasOriginal = true
    guard mayBegin(packet) else {
      pass.state = TrackState.isInvalid | TrackState.isTracked
      return true
    }
    table.locks.acquire(table.structure)
    if holds(packet.tuple, now: now) {
      table.locks.release(table.structure)
      return false
    }
    pass.state = TrackState.isNew | TrackState.isTracked
    let expectation = expectations.find(packet.tuple)
    if expectation >= 0 {
      pass.state |= TrackState.isRelated
      pass.mark = expectations.rows[expectation].mark
      pass.label = expectations.rows[expectation].label
      pass.original = expectations.rows[expectation].parent
    }
    if pass.commits { make(packet, &pass, expectation: expectation, now: now) }
    table.locks.release(table.structure)
    return true
  }

  /// Whether a packet may begin a connection.
  private func mayBegin(_ packet: TrackedPacket) -> Bool {
    if packet.isError { return false }
    if packet.tuple.protocolNumber == 6 { return packet.segment.mayBegin }
    guard packet.tuple.isMessage else { return true }
    return ConnectionTuple.isQuery(UInt8(packet.tuple.destinationPort >> 8), isIPv6: packet.tuple.isIPv6)
  }

  /// Whether a tuple belongs to a connection; for whoever holds `structure`.
  func holds(_ tuple: ConnectionTuple, now: UInt64) -> Bool {
    let hash = table.hash.value(tuple)
    let shard = table.shard(hash)
    table.locks.acquire(shard)
    let node = table.find(tuple, hash, now: now)
    table.locks.release(shard)
    return node >= 0
  }

  /// Makes a connection, unless a limit stands against it; for whoever holds `structure`.
  private func make(_ packet: TrackedPacket, _ pass: inout TrackPass, expectation: Int, now: UInt64) {
    let zone = Int(packet.tuple.zone)
    let limit = limit(ofZone: zone)
    guard limit == 0 || zones[zone].count < limit else {
      pass.event = .zoneFull
      return
    }
    guard table.count < settings[0].maximumCount else {
      pass.event = .tableFull
      return
    }
    let index = table.take(isIPv6: packet.tuple.isIPv6)
    guard index >= 0 else {
      pass.event = .noPlace
      return
    }
    let hash = table.hash.value(packet.tuple)
    table[index] = Connection()
    table[index].kind = packet.tuple.kind
    table[index].traits = .isAlive
    table[index].shard = UInt16(truncatingIfNeeded: table.shard(hash))
    table[index].policy = UInt16(truncatingIfNeeded: place(ofPolicy: pass.policy))
    table[index].helper = pass.helper
    table.set(packet.tuple, of: index, isReply: false)
    let answer = packet.tuple.reversed
    table.set(answer, of: index, isReply: true)
    var timeout = TrackTimeout(.first, isMessage: packet.tuple.isMessage)
    if packet.tuple.protocolNumber == 6 {
      table[index].begin(packet.segment)
      timeout = .tcpSynSent
    }
    extend(index, timeout, now: now)
    if expectation >= 0 { relate(index, to: expectation) }
    if pass.translates, !translate(index, packet.tuple, pass.range, expectation: expectation, now: now) {
      pass.event = .exhausted
      expectations.releaseParent(Int(table[index].parent))
      table.give(index, isIPv6: packet.tuple.isIPv6)
      return
    }
    let reply = table.tuple(of: index, isReply: true)
    if reply != answer {
      table[index].traits.insert(.hasReplyNode)
      link(index, table.hash.value(reply), isReply: true)
    }
    if pass.translates { rewrite(index, &pass, isReply: false) }
    describe(index, &pass)
    pass.connection = index
    pass.isReply = false
    pass.interested = table[index].helper
    zones[zone].count &+= 1
    settings[0].madeCount &+= 1
    link(index, hash, isReply: false)
  }

  private func link(_ index: Int, _ hash: UInt64, isReply: Bool) {
    let shard = table.shard(hash)
    table.locks.acquire(shard)
    table.link(index, hash, isReply: isReply)
    table.locks.release(shard)
  }

  private func unlink(_ index: Int, isReply: Bool) {
    let hash = table.hash.value(table.tuple(of: index, isReply: isReply))
    let shard = table.shard(hash)
    table.locks.acquire(shard)
    table.unlink(index, hash, isReply: isReply)
    if !isReply { table[index].traits.remove(.isAlive) }
    table.locks.release(shard)
  }

  private func relate(_ index: Int, to expectation: Int) {
    table[index].traits.insert(.isRelated)
    table[index].mark = expectations.rows[expectation].mark
    table[index].label = expectations.rows[expectation].label
    table[index].parent = Int32(
      truncatingIfNeeded: expectations.takeParent(expectations.rows[expectation].parent))
  }

  // MARK: The end of connections

  /// Removes a connection if it still is the one with a tuple.
  func remove(_ index: Int, _ original: ConnectionTuple) {
    table.locks.acquire(table.structure)
    if table[index].traits.contains(.isAlive), table.matches(index, original, isReply: false) {
      removeHeld(index)
    }
    table.locks.release(table.structure)
  }

  /// Removes a connection; for whoever holds `structure`.
  func removeHeld(_ index: Int) {
    if table[index].traits.contains(.hasReplyNode) { unlink(index, isReply: true) }
    unlink(index, isReply: false)
    let zone = Int(table[index].zone)
    zones[zone].count &-= 1
    if table[index].helper != .none { expectations.removeAll(of: table.tuple(of: index, isReply: false)) }
    expectations.releaseParent(Int(table[index].parent))
    table.give(index, isIPv6: table[index].isIPv6)
  }

  // MARK: Limits and policies

  /// How many connections may be in a zone; zero for any number.
  func limit(ofZone zone: Int) -> UInt32 {
    limitedZones[zone &>> 6] & 1 &<< UInt64(zone & 63) != 0 ? zones[zone].limit : settings[0].defaultZoneLimit
  }

  /// The place of a timeout policy; that of policy 0 if it is not known.
  func place(ofPolicy id: UInt32) -> Int {
    guard id != 0 else { return 0 }
    for place in 1..<Tracker.maximumPolicyCount where policies[place].isUsed && policies[place].id == id {
      return place
    }
    return 0
  }
}
