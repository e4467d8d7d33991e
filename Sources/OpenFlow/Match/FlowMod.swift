/// What to do to a flow table.
public enum FlowCommand: UInt8, CaseIterable, Sendable {
  case add, modify, modifyStrict, delete, deleteStrict

  /// Whether the match and priority must be those of the flow exactly.
  public var isStrict: Bool { self == .modifyStrict || self == .deleteStrict }
  /// Whether flows are deleted.
  public var isDelete: Bool { self == .delete || self == .deleteStrict }
}

/// Flags of a flow (`OFPFF_*` of OpenFlow 1.3).
public struct FlowFlags: OptionSet, Hashable, Sendable {
  /// The bits as on the wire.
  public var rawValue: UInt16
  /// Makes a set from its bits.
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// The flow's removal is reported.
  public static var sendFlowRemoved: FlowFlags { FlowFlags(rawValue: 1 << 0) }
  /// The flow is not added if one of its priority overlaps it.
  public static var checkOverlap: FlowFlags { FlowFlags(rawValue: 1 << 1) }
  /// A flow that is replaced counts from zero again.
  public static var resetCounts: FlowFlags { FlowFlags(rawValue: 1 << 2) }
  /// Packets are not counted.
  public static var noPacketCounts: FlowFlags { FlowFlags(rawValue: 1 << 3) }
  /// Bytes are not counted.
  public static var noByteCounts: FlowFlags { FlowFlags(rawValue: 1 << 4) }
}

/// A change to a flow table, whatever the OpenFlow version.
public struct FlowMod: Equatable, Sendable {
  /// What to do.
  public var command: FlowCommand
  /// The table; nil (0xff on the wire) means all for deletions, and the switch's choice for additions.
  public var table: UInt8?
  /// Which packets, or which flows.
  public var match: Match
  /// Of the flow, or of the flow to find by a strict command.
  public var priority: UInt16 = 0x8000
  /// The cookie that flows to be changed or deleted must have, where `cookieMask` is one.
  public var cookie: UInt64 = 0
  /// Which bits of the cookie must agree.
  public var cookieMask: UInt64 = 0
  /// The cookie of the new flow; all ones leaves that of a modified flow.
  public var newCookie: UInt64 = 0
  /// Whether `newCookie` is to be given to modified flows.
  public var modifiesCookie = false
  /// Seconds without a packet after which the flow expires, zero for never.
  public var idleTimeoutSeconds: UInt16 = 0
  /// Seconds after which the flow expires, zero for never.
  public var hardTimeoutSeconds: UInt16 = 0
  /// How reluctantly the flow is evicted.
  public var importance: UInt16 = 0
  /// Flags of the new flow.
  public var flags: FlowFlags = []
  /// The buffered packet to send through the flow, all ones for none.
  public var buffer: UInt32 = 0xffff_ffff
  /// The port that flows to be deleted must output to, or `.none`.
  public var outPort: OpenFlowPortNumber = .none
  /// The group that flows to be deleted must output to, or all ones.
  public var outGroup: UInt32 = 0xffff_ffff
  /// What the flow does.
  public var actions: [Action] = []

  /// A change to the flows that a match finds.
  public init(_ command: FlowCommand, table: UInt8? = nil, match: Match = Match()) {
    self.command = command
    self.table = table
    self.match = match
  }
}
