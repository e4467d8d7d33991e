// Groups: which buckets a packet takes, and what each does with its own copy.

import Datapath
import OpenFlow
import PacketWire

extension Translator {
  /// How many buckets one packet may run through.
  ///
  /// Depth alone bounds groups that lead back to themselves, but not groups that each lead twice to the next.
  static var maximumBuckets: Int { 8192 }

  /// Runs a group.
  func group(_ number: UInt32) {
    guard mayResubmit() else { return }
    guard let group = bridge.tables.groups[number] else {
      note(.warning, "output to nonexistent group \(number)")
      endsList = true
      return
    }
    switch group.type {
    case .all, .indirect:
      for index in group.buckets.indices where result.failure == nil { run(group.buckets[index]) }
      result.credits.append(.group(group, bucket: nil))
    case .select, .fastFailover:
      let index = group.type == .select ? selected(of: group) : firstLive(of: group)
      guard let index else {
        note(.detail, "no live bucket")
        return
      }
      note(.detail, "using bucket \(group.buckets[index].id.rawValue)")
      run(group.buckets[index])
      result.credits.append(.group(group, bucket: index))
    }
  }

  /// Runs a bucket's action set on a copy of the packet; what it leaves on the stack and in the action set stays.
  private func run(_ bucket: GroupBucket) {
    bucketCount += 1
    guard bucketCount <= Self.maximumBuckets else {
      return fail(.tooManyResubmits, "over \(Self.maximumBuckets) buckets of groups")
    }
    var kept = place.packet
    detour {
      place.trace = place.trace?.add(.action, "bucket \(bucket.id.rawValue)")
      place.depth += 1
      place.isInBucket = true
      perform(ActionSet.ordered(bucket.actions))
      (kept.stack, kept.actionSet) = (place.packet.stack, place.packet.actionSet)
    }
    (place.packet.stack, place.packet.actionSet) = (kept.stack, kept.actionSet)
    endsList = false
    // What can't be done with one copy does not concern the others.
    if result.failure == .tooManyMPLSLabels || result.failure == .unsupportedPacketType {
      result.failure = nil
    }
    if result.failure == nil { isDone = false }
  }

  // MARK: Liveness

  private func firstLive(of group: Group) -> Int? {
    for (index, bucket) in group.buckets.enumerated() {
      if isLive(bucket, of: group) { return index }
      noteDead(bucket)
    }
    return nil
  }

  private func isLive(_ bucket: GroupBucket, of group: Group) -> Bool {
    if group.type == .select, bucket.weight == 0 { return false }
    guard bucket.watches else { return true }
    let isPortLive =
      switch bucket.watchPort {
      case .none: false
      case .controller: bridge.hasControllers
      default: bridge.interface(bucket.watchPort)?.isLive ?? false
      }
    return isPortLive || (bucket.watchGroup != GroupNumber.any && isLive(group: bucket.watchGroup))
  }

  /// Whether a group has a live bucket; a group that watches itself is not live by that.
  private func isLive(group number: UInt32) -> Bool {
    let key = WatchedGroup(bridge: ObjectIdentifier(bridge), number: number)
    if let known = groupLiveness[key] { return known }
    guard let group = bridge.tables.groups[number] else { return false }
    groupLiveness[key] = false
    let isLive = firstLive(of: group) != nil
    groupLiveness[key] = isLive
    return isLive
  }

  private func noteDead(_ bucket: GroupBucket) {
    guard place.trace != nil else { return }
    var reasons: [String] = []
    if bucket.watchPort != .none { reasons.append("port " + FlowNames().text(bucket.watchPort)) }
    if bucket.watchGroup != GroupNumber.any { reasons.append("port \(bucket.watchGroup)") }
    note(.detail, "bucket \(bucket.id.rawValue): not live due to " + reasons.joined(separator: " and "))
  }

  // MARK: Selection

  /// The bucket that the packet takes; nil if none is live, or if the datapath has to hash the packet, or read it anew, first.
  private func selected(of group: Group) -> Int? {
    if place.packet.wasMPLS {
      leave(.parsing, repeatingAction: true)
      return nil
    }
    switch group.choice {
    case .datapathHash(let table):
      let hash = UInt32(truncatingIfNeeded: key[.datapathHash])
      guard hash != 0 else {
        // A hash is never zero, and a packet that comes from a port has none.
        if key[.recirculationID] != 0 { wildcards.fill(.datapathHash) }
        leave(.hash(algorithm: table.algorithm, basis: table.basis), repeatingAction: true)
        return nil
      }
      wildcards[.datapathHash] |= UInt64(table.mask)
      for step in 0...table.mask {
        let index = table.buckets[Int((hash &+ step) & table.mask)]
        if isLive(group.buckets[index], of: group) { return index }
      }
      return nil
    case .fields(let fields, let parameter): return best(of: group, basis: hash(fields, parameter))
    case .symmetric:
      lookAtSymmetricFields()
      return best(of: group, basis: SymmetricHash.value(key))
    }
  }

  /// The live bucket that a hash and the weights prefer.
  private func best(of group: Group, basis: UInt32) -> Int? {
    var best: Int?
    var bestScore: UInt32 = 0
    for (index, bucket) in group.buckets.enumerated() {
      guard isLive(bucket, of: group) else {
        noteDead(bucket)
        continue
      }
      let score = (MurmurHash.of(bucket.id.rawValue, basis: basis) & 0xffff) * UInt32(bucket.weight)
      if score >= bestScore { (best, bestScore) = (index, score) }
      note(.detail, "bucket \(bucket.id.rawValue): score \(score)")
    }
    return best
  }

  /// Hashes those of the fields that the packet has.
  private func hash(_ fields: [GroupField], _ parameter: UInt64) -> UInt32 {
    var hash = MurmurHash()
    hash.add(UInt32(truncatingIfNeeded: parameter))
    hash.add(UInt32(truncatingIfNeeded: parameter >> 32))
    var basis = hash.finish(byteCount: 8)
    for entry in fields {
      entry.field.prerequisite.unwildcard(in: &wildcards)
      guard entry.field.prerequisite.isSatisfied(by: key) else { continue }
      entry.field.unwildcard(entry.mask & entry.field.validBits, in: &wildcards)
      basis = MurmurHash.of(
        entry.field.value(in: key) & entry.mask, byteCount: entry.field.byteCount, basis: basis)
    }
    return basis
  }

  private func lookAtSymmetricFields() {
    wildcards.fill(.ethSource)
    wildcards.fill(.ethDestination)
    wildcards[.vlanTCI] |= VLANBits.present | VLANBits.id
    wildcards[.innerVLANTCI] |= VLANBits.present | VLANBits.id
    if key.isIPv4 { wildcards.fill(.ipAddresses) }
    if key.isIPv6 {
      wildcards.fill(.ipv6Source)
      wildcards.fill(.ipv6Destination)
    }
    guard key.isIPv4 || key.isIPv6 else { return }
    wildcards.fill(.ipProtocol)
    // The ports of UDP are not hashed, since answers need not come from the port that was asked.
    if key.ipProtocol != 17 {
      wildcards.fill(.transportSource)
      wildcards.fill(.transportDestination)
    }
  }
}

/// A group of a bridge, by which translations remember whether it is live.
struct WatchedGroup: Hashable {
  let bridge: ObjectIdentifier
  let number: UInt32
}
