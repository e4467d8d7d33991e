import Datapath

/// Why a packet was sent to a controller (OFPR_*).
public enum PacketInReason: UInt8, CaseIterable, Hashable, Sendable {
  /// No flow matched, or the flow of a table miss did.
  case noMatch = 0
  /// An action sent it.
  case action = 1
  /// Its TTL would have become invalid.
  case invalidTTL = 2
  /// An action set sent it (OpenFlow 1.4).
  case actionSet = 3
  /// A group sent it (OpenFlow 1.4).
  case group = 4
  /// A packet-out message sent it (OpenFlow 1.4).
  case packetOut = 5
  /// The rule for packets that no other of a table matches sent it; in messages this is `noMatch`, or before OpenFlow 1.3 `action`.
  case explicitMiss = 6
  /// No rule matched; in messages this is `noMatch`.
  case implicitMiss = 7

  /// The reason with a number in a message.
  init?(number: UInt8) {
    guard number <= Self.packetOut.rawValue else { return nil }
    self.init(rawValue: number)
  }

  /// The name that commands print.
  public var name: String {
    switch self {
    case .noMatch, .explicitMiss, .implicitMiss: "no_match"
    case .action: "action"
    case .invalidTTL: "invalid_ttl"
    case .actionSet: "action_set"
    case .group: "group"
    case .packetOut: "packet_out"
    }
  }

  /// The reason's number in a version; those that OpenFlow 1.4 added were plain actions before.
  func number(_ version: OpenFlowVersion) -> UInt8 {
    switch self {
    case .noMatch, .action, .invalidTTL: rawValue
    case .actionSet, .group, .packetOut: version < .v14 ? Self.action.rawValue : rawValue
    case .explicitMiss: version < .v13 ? Self.action.rawValue : Self.noMatch.rawValue
    case .implicitMiss: Self.noMatch.rawValue
    }
  }
}

/// A packet sent to a controller.
public struct PacketIn: Equatable, Sendable {
  /// The packet, or its beginning.
  public var packet: [UInt8]
  /// The packet's whole length.
  public var totalByteCount: Int
  /// Where the switch keeps the packet; all ones for nowhere.
  public var buffer: UInt32 = .max
  /// Why it was sent.
  public var reason: PacketInReason
  /// The table whose flow sent it.
  public var table: UInt8 = 0
  /// The cookie of that flow; all ones for none.
  public var cookie: UInt64 = .max
  /// The pipeline's fields, `in_port` among them.
  public var metadata = Match()
  /// What the `controller` action gave along.
  public var userData: [UInt8] = []
  /// What the controller has to send back to resume the packet, if it is paused.
  public var continuation: [UInt8] = []

  /// A packet that is sent whole.
  public init(packet: [UInt8], reason: PacketInReason, inPort: OpenFlowPortNumber) {
    self.packet = packet
    totalByteCount = packet.count
    self.reason = reason
    metadata.set(.inPortOXM, FieldValue(inPort.rawValue))
  }

  /// The port that the packet came in by.
  public var inPort: OpenFlowPortNumber {
    OpenFlowPortNumber(UInt32(truncatingIfNeeded: metadata.value(of: .inPortOXM)))
  }

  init() {
    packet = []
    totalByteCount = 0
    reason = .noMatch
  }
}
