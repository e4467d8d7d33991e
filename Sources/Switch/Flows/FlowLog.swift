// What is written to the log of a datapath's flows and packets, in Open vSwitch's words, if somebody wants to read it.

import Datapath
import OpenFlow
import Vlog

extension FlowSide {
  private var details: LoggedDetails { context.turn.details }
  private var name: String { datapath.type + "@" + datapath.name }

  /// Writes down a packet that came up.
  func logUpcall(_ command: PacketMessage.Command, _ message: PacketMessage, _ key: FlowKey) {
    guard details.contains(.datapathFlows) else { return }
    let reason = command == .action ? "action" : "miss"
    context.turn.log(
      "dpif_netdev", .debug,
      "\(datapath.name): \(reason) upcall:\n\(DatapathText(isVerbose: true).describe(key, mask: nil))\n"
        + MessagePrinter().text(ofPacket: message.packet))
  }

  /// Writes down a flow that the datapath is given, or given other actions for.
  func logFlow(_ what: String, _ flow: FlowMessage, oldActions: [DatapathAction]? = nil) {
    guard details.contains(.datapathFlows), let key = flow.key else { return }
    let text = DatapathText()
    var line = what + ": "
    if let identifier = flow.identifier { line += "ufid:" + DatapathText.describe(identifier) + " " }
    line += text.describe(key, mask: flow.mask)
    if let oldActions { line += ", old_actions:" + text.describe(oldActions) }
    context.turn.log("dpif_netdev", .debug, line + ", actions:" + text.describe(flow.actions ?? []))
  }

  /// Writes down that the datapath is given other actions for a flow.
  func logPut(_ flow: FlowMessage) {
    guard details.contains(.datapathRequests), let key = flow.key else { return }
    let text = DatapathText(isVerbose: true)
    var line = "\(name): put[modify] "
    if let identifier = flow.identifier { line += "ufid:" + DatapathText.describe(identifier) + " " }
    line += text.describe(key, mask: flow.mask)
    context.turn.log("dpif", .debug, line + ", actions:" + text.describe(flow.actions ?? []))
  }

  /// Writes down a flow that the datapath named.
  func logDumped(_ flow: FlowMessage) {
    guard details.contains(.datapathRequests) else { return }
    let text = DatapathText(isVerbose: true)
    var line = "\(name): flow_dump "
    if let identifier = flow.identifier { line += "ufid:" + DatapathText.describe(identifier) + " " }
    line += flow.key.map { text.describe($0, mask: flow.mask) } ?? "<empty>"
    line +=
      ", "
      + DatapathText.describe(
        flow.statistics ?? FlowStatistics(), nowMilliseconds: UInt64(max(0, now)))
    if let actions = flow.actions { line += ", actions:" + text.describe(actions) }
    context.turn.log("dpif", .debug, line)
  }

  /// Writes down what the datapath was asked, or has answered.
  func logRequest(_ what: String) {
    if details.contains(.datapathRequests) { context.turn.log("dpif", .debug, "\(name): \(what)") }
  }
}
