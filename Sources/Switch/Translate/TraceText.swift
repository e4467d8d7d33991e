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

  /// A rule that is learned.
  func learned(_ change: FlowMod) -> String {
    var text = "table=\(change.table ?? 0)"
    let match = change.match.text()
    if !match.isEmpty { text += " " + match }
    text += " priority=\(change.priority)"
    if change.newCookie != 0 { text += " cookie=0x" + String(change.newCookie, radix: 16) }
    if change.idleTimeoutSeconds != 0 { text += " idle=\(change.idleTimeoutSeconds)" }
    if change.hardTimeoutSeconds != 0 { text += " hard=\(change.hardTimeoutSeconds)" }
    if change.flags.contains(.sendFlowRemoved) { text += " send_flow_rem" }
    return text + " actions=" + (change.actions.isEmpty ? "drop" : Action.text(change.actions))
  }

  /// An action.
  func action(_ action: Action) -> String { Action.text([action], names: names) }

  /// Several actions, in a row.
  func actions(_ actions: [Action]) -> String { Action.text(actions, names: names) }
}
