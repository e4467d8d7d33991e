import Datapath
import OpenFlow

/// Whether actions can run on this switch, whatever message brought them.
enum ActionChecks {
  /// How deep actions may hold actions.
  static var maximumDepth: Int { 8 }

  /// Throws what is wrong with a list of actions of a table.
  static func check(
    _ actions: [Action], table: UInt8, _ bridge: Bridge, isPacketOut: Bool = false, depth: Int = 0
  ) throws(OpenFlowError) {
    guard depth < maximumDepth else { throw .badActionTooMany }
    for action in actions { try check(action, table, bridge, isPacketOut, depth) }
  }

  private static func check(
    _ action: Action, _ table: UInt8, _ bridge: Bridge, _ isPacketOut: Bool, _ depth: Int
  ) throws(OpenFlowError) {
    switch action {
    case .output(let port, _): try check(port, isPacketOut)
    case .outputTruncated(let port, _): try check(port, isPacketOut)
    case .enqueue(let port, _):
      guard port < .maximum || port == .inPort || port == .local else { throw .badActionBadOutPort }
    case .group: throw .badActionBadOutGroup
    case .meter: throw .meterModFailedInvalidMeter
    case .gotoTable(let target):
      guard isPacketOut || target > table, Int(target) < FlowTables.visibleCount else {
        throw .badInstructionBadTableID
      }
    case .resubmit(let resubmit):
      if let target = resubmit.table, Int(target) >= FlowTables.count { throw .badActionBadArgument }
    case .writeActions(let inner), .clone(let inner):
      try check(inner, table: table, bridge, isPacketOut: isPacketOut, depth: depth + 1)
    default: break
    }
  }

  private static func check(_ port: OpenFlowPortNumber, _ isPacketOut: Bool) throws(OpenFlowError) {
    switch port {
    case .inPort, .table, .normal, .flood, .all, .controller, .local: break
    case .none where !isPacketOut: throw .badActionBadOutPort
    default: guard port < .maximum || port == .none else { throw .badActionBadOutPort }
    }
  }
}
