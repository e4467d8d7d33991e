import Datapath
import OpenFlow

/// Which rules a request means.
struct RuleFilter {
  /// The table; nil for all that controllers see.
  var table: UInt8?
  /// What the rules have to lie within or, if `strictPriority` is set, to match exactly.
  var match = Match()
  /// The priority, if match and priority have to be exact.
  var strictPriority: UInt16?
  /// The cookie, where the mask has ones.
  var cookie: UInt64 = 0
  var cookieMask: UInt64 = 0
  /// A port that the rules have to output to, or `.none`.
  var outPort = OpenFlowPortNumber.none
  /// A group that the rules have to output to, or all ones.
  var outGroup = RuleFilter.anyGroup
  /// Whether the switch's own rules are meant as well.
  var includesHidden = false

  /// The group number that means any group (`OFPG_ANY`).
  static var anyGroup: UInt32 { 0xffff_ffff }

  /// Whether a rule that lies within the match is meant.
  func admits(_ rule: Rule) -> Bool {
    guard includesHidden || !rule.isHidden else { return false }
    guard (rule.cookie ^ cookie) & cookieMask == 0 else { return false }
    guard outPort == .none || rule.actions.contains(where: { $0.outputs(to: outPort) }) else { return false }
    return outGroup == Self.anyGroup || rule.actions.contains { $0.outputs(toGroup: outGroup) }
  }
}

extension Action {
  /// Whether the action sends packets to a port.
  func outputs(to port: OpenFlowPortNumber) -> Bool {
    switch self {
    case .output(let target, _): target == port
    case .outputTruncated(let target, _): target == port
    case .enqueue(let target, _): target == port
    case .controller: port == .controller
    case .writeActions(let actions), .clone(let actions): actions.contains { $0.outputs(to: port) }
    default: false
    }
  }

  /// Whether the action sends packets to a group.
  func outputs(toGroup group: UInt32) -> Bool {
    switch self {
    case .group(let target): target == group
    case .writeActions(let actions), .clone(let actions): actions.contains { $0.outputs(toGroup: group) }
    default: false
    }
  }
}
