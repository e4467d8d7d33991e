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
  /// A group that the rules have to output to, or `GroupNumber.any`.
  var outGroup = GroupNumber.any
  /// Whether the switch's own rules are meant as well.
  var includesHidden = false

  /// Whether a rule that lies within the match is meant.
  func admits(_ rule: Rule) -> Bool {
    guard includesHidden || !rule.isHidden else { return false }
    guard (rule.cookie ^ cookie) & cookieMask == 0 else { return false }
    guard outPort == .none || rule.actions.containsNested(where: { $0.outputs(to: outPort) }) else {
      return false
    }
    return outGroup == GroupNumber.any || rule.groups.contains(outGroup)
  }
}

extension Action {
  /// Whether the action itself sends packets to a port.
  func outputs(to port: OpenFlowPortNumber) -> Bool {
    switch self {
    case .output(let target, _): target == port
    case .outputTruncated(let target, _): target == port
    case .enqueue(let target, _): target == port
    case .controller: port == .controller
    default: false
    }
  }
}
