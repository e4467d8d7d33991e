extension DatapathFlows {
  /// What may be configured of it (`Open_vSwitch.other_config`).
  struct Limits: Equatable {
    /// How many flows there are at most (`flow-limit`).
    var flowCount = 200_000
    /// How long a flow lives unused (`max-idle`).
    var idleMilliseconds: Int64 = 10_000
    /// How often counters are read and flows are looked over (`max-revalidator`).
    var revalidationMilliseconds: Int64 = 500
  }

  /// What was counted since the datapath was opened (`upcall/show`, `coverage/show`).
  struct Counters: Equatable {
    var misses: UInt64 = 0
    var actions: UInt64 = 0
    var installed: UInt64 = 0
    var removedIdle: UInt64 = 0
    var removedChanged: UInt64 = 0
    var updated: UInt64 = 0
    /// Flows that were not installed because there were `Limits.flowCount` of them.
    var refusedByLimit: UInt64 = 0
    /// Flows that the datapath did not take.
    var refusedByDatapath: UInt64 = 0
    /// Packets that came up and found their port's share of the room taken.
    var refusedPackets: UInt64 = 0
    /// Packets from ports that belong to no interface.
    var unknownPort: UInt64 = 0
    /// Packets without the fields that every packet of a datapath has.
    var malformed: UInt64 = 0
    /// Packets that the daemon had the datapath execute actions on.
    var executed: UInt64 = 0
    /// Flows that the datapath named in dumps.
    var dumped: UInt64 = 0
    /// Frames of the switch's own that led to more frames of its own, beyond the limit.
    var injectionsTooDeep: UInt64 = 0
  }
}

extension DatapathFlows.Counters {
  /// Adds what another datapath's flows counted.
  mutating func add(_ other: DatapathFlows.Counters) {
    misses &+= other.misses
    actions &+= other.actions
    installed &+= other.installed
    removedIdle &+= other.removedIdle
    removedChanged &+= other.removedChanged
    updated &+= other.updated
    refusedByLimit &+= other.refusedByLimit
    refusedByDatapath &+= other.refusedByDatapath
    refusedPackets &+= other.refusedPackets
    unknownPort &+= other.unknownPort
    malformed &+= other.malformed
    executed &+= other.executed
    dumped &+= other.dumped
    injectionsTooDeep &+= other.injectionsTooDeep
  }
}
