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
    guard known != nil || bridge.tables.hasRoom(for: change, limit: learned.action.limit) else { return }
    do throws(OpenFlowError) {
      // The port came out of a packet, and may be any number.
      for case .output(let port, _) in change.actions where !port.takesPackets { throw .badActionBadOutPort }
      report(try self.change(change))
    } catch {
      context.turn.log("ofproto_dpif", .warning, "failed to modify flow by a learn action")
    }
  }
}

extension LearnedRule {
  /// Whether the rule may find no room when the next packet asks for it: its number is limited, and it is not there already.
  var mayBeRefused: Bool {
    action.limit > 0 && bridge.tables.rules(RuleFilter(of: FlowMod(self), filtersOutputs: false)).isEmpty
  }
}

extension FlowTables {
  /// Whether a learned rule may be there: it is already, or there are fewer of its cookie than the limit, 0 for none.
  func hasRoom(for change: FlowMod, limit: UInt32) -> Bool {
    guard limit > 0, rules(RuleFilter(of: change, filtersOutputs: false)).isEmpty else { return true }
    let filter = RuleFilter(table: change.table ?? 0, cookie: change.newCookie, cookieMask: .max)
    return rules(filter).count < Int(limit)
  }
}

extension FlowMod {
  /// The rule that a `learn` action makes of a packet.
  init(_ learned: LearnedRule) {
    var match = Match()
    var actions: [Action] = []
    let (idle, hard) = (learned.action.finIdleTimeoutSeconds, learned.action.finHardTimeoutSeconds)
    if idle != 0 || hard != 0 { actions.append(.finTimeout(idleSeconds: idle, hardSeconds: hard)) }
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
