import OpenFlow

/// Rules and actions as `ofproto/trace` shows them.
struct TraceText {
  /// The names of ports, or none if numbers are to be shown.
  var names = FlowNames()

  /// A rule: what it matches, its priority, and its cookie if it has one.
  func rule(_ rule: Rule) -> String {
    var text = rule.wholeMatch.text(names: names)
    if !text.isEmpty { text += ", " }
    text += "priority \(rule.priority)"
    if rule.cookie != 0 { text += ", cookie 0x" + String(rule.cookie, radix: 16) }
    return text
  }

  /// An action.
  func action(_ action: Action) -> String { Action.text([action], names: names) }

  /// Several actions, in a row.
  func actions(_ actions: [Action]) -> String { Action.text(actions, names: names) }
}
