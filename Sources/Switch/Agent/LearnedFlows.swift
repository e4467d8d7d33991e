// The rules that `learn` actions make.

import Vlog
import Datapath
import OpenFlow

extension BridgeAgent {
  /// Adds the rule that a `learn` action asked for, or makes the one that is there young again.
  func learn(_ learned: LearnedRule) {
    let change = FlowMod(learned)
    let known = bridge.tables.rules(RuleFilter(of: change, filtersOutputs: false)).first
    if let known, known.actions == change.actions, known.cookie == change.newCookie {
      known.modifiedMilliseconds = context.now
      known.usedMilliseconds = context.now
      return
    }
    if known == nil, learned.action.limit > 0 {
      let filter = RuleFilter(table: learned.action.table, cookie: change.newCookie, cookieMask: .max)
      guard bridge.tables.rules(filter).count < Int(learned.action.limit) else { return }
    }
    do throws(OpenFlowError) {
      // The port came out of a packet, and may be any number.
      for case .output(let port, _) in change.actions where !port.takesPackets { throw .badActionBadOutPort }
      report(try self.change(change))
    } catch {
      context.turn.log("ofproto_dpif", .warning, "failed to modify flow by a learn action")
    }
  }
}

extension FlowMod {
  /// The rule that a `learn` action makes of a packet.
  init(_ learned: LearnedRule) {
    var match = Match()
    var actions: [Action] = []
    for part in learned.action.specifications {
      let value: FieldValue =
        switch part.source {
        case .field(let source): source.value(in: learned.key)
        case .value(let constant): constant
        }
      switch part.destination {
      case .match(let target):
        let bits = match.mask(of: target.field) | target.mask
        let old = match.value(of: target.field) & ~target.mask
        match.set(target.field, old | (value << FieldValue(target.offset)) & target.mask, mask: bits)
      case .load(let target):
        let shifted = value << FieldValue(target.offset)
        actions.append(
          .setField(SetFieldAction(target.field, value: shifted, mask: target.mask, isLoad: true)))
      case .output:
        actions.append(.output(OpenFlowPortNumber(UInt32(truncatingIfNeeded: value))))
      }
    }
    self.init(.modifyStrict, table: learned.action.table, match: match)
    priority = learned.action.priority
    newCookie = learned.action.cookie
    modifiesCookie = true
    idleTimeoutSeconds = learned.action.idleTimeoutSeconds
    hardTimeoutSeconds = learned.action.hardTimeoutSeconds
    flags = learned.action.sendsFlowRemoved ? .sendFlowRemoved : []
    self.actions = actions
  }
}
