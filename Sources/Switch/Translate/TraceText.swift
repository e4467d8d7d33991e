import OpenFlow

/// Rules and actions as `ofproto/trace` shows them.
enum TraceText {
  /// A rule: what it matches, its priority, and its cookie if it has one.
  static func rule(_ rule: Rule) -> String {
    "\(rule)"
  }

  /// An action.
  static func action(_ action: Action) -> String {
    "\(action)"
  }
}
