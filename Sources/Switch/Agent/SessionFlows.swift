// What controllers do with flows: change them, ask for them, send packets, and hear of both.

import Datapath
import OpenFlow

extension OpenFlowSession {
  /// Handles the messages about flows and packets.
  func handleFlows(_ request: ReceivedMessage, _ bytes: [UInt8]) throws(OpenFlowError) {
    throw .badRequestBadType
  }

  /// Carries out the messages of a bundle: all of them or none.
  func commit(_ bundle: Bundle) throws(OpenFlowError) {
  }
}

extension BridgeAgent {
  /// Removes the rules whose time is over.
  func expireRules() {
    for (rule, reason) in bridge.tables.expire(now: context.now) { ruleRemoved(rule, reason) }
  }

  /// Tells controllers that a rule is gone, if it wants that.
  func ruleRemoved(_ rule: Rule, _ reason: FlowRemovedReason) {
  }

  /// Sends a packet to the controllers that want it.
  func packetIn(_ packet: ControllerPacket) {
  }

  /// Adds a rule that a `learn` action asked for.
  func learn(_ learned: LearnedRule) {
  }
}
