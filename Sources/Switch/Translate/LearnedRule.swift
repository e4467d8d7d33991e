import Datapath
import OpenFlow

/// A rule that a `learn` action asks for, with the packet that it is made from.
struct LearnedRule {
  /// The bridge.
  var bridge: Bridge
  /// What the rule is made by.
  var action: LearnAction
  /// The headers that it is made from.
  var key: FlowKey
}
