import Datapath
import OpenFlow

/// A rule of a flow table: what OpenFlow calls a flow.
final class Rule {
  /// What it matches.
  var match: SparseMatch
  /// Its priority: 0 to 65535 by OpenFlow, above for the switch's own hidden rules.
  let priority: Int32
  /// Its table.
  let table: UInt8
  /// The controller's opaque mark.
  var cookie: UInt64
  /// Seconds without a packet after which it goes; 0 for never.
  var idleTimeoutSeconds: UInt16
  /// Seconds after its last change of actions after which it goes; 0 for never.
  var hardTimeoutSeconds: UInt16
  /// What it is worth when a table evicts rules.
  var importance: UInt16 = 0
  /// When it was made, when its actions were last changed, when a packet last used it.
  var createdMilliseconds: Int64
  var modifiedMilliseconds: Int64
  var usedMilliseconds: Int64
  /// The packets and bytes that it handled.
  var packetCount: UInt64 = 0
  var byteCount: UInt64 = 0
  /// What it does with a packet.
  var actions: [Action] {
    didSet {
      groups = Self.groups(of: actions)
      meters = Self.meters(of: actions)
    }
  }
  /// The groups that it sends packets to.
  private(set) var groups: [UInt32]
  /// The meters that it takes packets through.
  private(set) var meters: [UInt32]
  /// Its flags.
  var flags: FlowFlags
  /// Its matches on tunnel options by index.
  let tunnelMetadata: [TunnelMetadataMatch]
  /// Counts up with each rule that is made in a bridge: dumps are in this order within a mask.
  var serial: UInt64 = 0
  /// Whether it left its table.
  ///
  /// Whoever kept a reference sees by this that it is stale.
  var isRemoved = false

  /// The hash of the match's values, and the next less important rule with the same match: kept by the subtable.
  var hash: UInt64 = 0
  var nextLess: Rule?

  init(
    match: SparseMatch, priority: Int32, table: UInt8, cookie: UInt64, actions: [Action] = [],
    flags: FlowFlags = [], idleTimeoutSeconds: UInt16 = 0, hardTimeoutSeconds: UInt16 = 0,
    tunnelMetadata: [TunnelMetadataMatch] = [], now: Int64
  ) {
    self.match = match
    self.priority = priority
    self.table = table
    self.cookie = cookie
    self.actions = actions
    groups = Self.groups(of: actions)
    meters = Self.meters(of: actions)
    self.flags = flags
    self.idleTimeoutSeconds = idleTimeoutSeconds
    self.hardTimeoutSeconds = hardTimeoutSeconds
    self.tunnelMetadata = tunnelMetadata
    createdMilliseconds = now
    modifiedMilliseconds = now
    usedMilliseconds = now
  }

  private static func groups(of actions: [Action]) -> [UInt32] {
    var found: [UInt32] = []
    actions.forEachNested { action in
      if case .group(let group) = action, !found.contains(group) { found.append(group) }
    }
    return found
  }

  private static func meters(of actions: [Action]) -> [UInt32] {
    var found: [UInt32] = []
    actions.forEachNested { action in
      if case .meter(let meter) = action, !found.contains(meter) { found.append(meter) }
    }
    return found
  }

  /// Whether it is one of the switch's own, which controllers don't see.
  var isHidden: Bool { priority > 65535 }

  /// Whether it is for the packets that no other rule of its table matches (OpenFlow 1.5.1, section 5.4).
  var isForMisses: Bool { priority == 0 && match.mask.places.isEmpty && tunnelMetadata.isEmpty }

  /// What it matches, as a controller says it.
  var wholeMatch: Match {
    var whole = match.match
    for option in tunnelMetadata { whole.set(option) }
    return whole
  }

  /// Counts packets that it handled.
  func credit(packets: UInt64, bytes: UInt64, usedMilliseconds: Int64) {
    packetCount &+= packets
    byteCount &+= bytes
    self.usedMilliseconds = max(self.usedMilliseconds, usedMilliseconds)
  }
}
