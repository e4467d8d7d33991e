import Datapath
import OpenFlow

/// What a change to the flow tables or the group table did, to tell controllers and to undo it.
enum FlowEffect {
  /// A rule was added, in place of another if there was one.
  case added(Rule, replaced: Rule?)
  /// A rule was given other actions or another cookie; what it had before.
  case modified(Rule, FlowBefore)
  /// A rule was removed.
  case removed(Rule, FlowRemovedReason)
  /// A group took the place of another; either may be nil.
  case group(old: Group?, new: Group?)
}

/// What a rule had before it was modified.
struct FlowBefore {
  var actions: [Action]
  var cookie: UInt64
  var modifiedMilliseconds: Int64
  var packetCount: UInt64
  var byteCount: UInt64
}

extension FlowTables {
  /// Carries a change out; answers what it did, or throws and has done nothing.
  func apply(_ change: FlowMod, now: Int64, isOwn: Bool = false) throws(OpenFlowError) -> [FlowEffect] {
    if let table = change.table {
      guard Int(table) < FlowTables.count else { throw .badRequestBadTableID }
      if table == FlowTables.internalTable, !isOwn {
        guard change.command.isDelete else { throw .badRequestNotPermitted }
        return []
      }
    }
    switch change.command {
    case .add: return try add(change, now: now)
    case .modify, .modifyStrict: return try modify(change, now: now)
    case .delete, .deleteStrict: return delete(change)
    }
  }

  private func add(_ change: FlowMod, now: Int64) throws(OpenFlowError) -> [FlowEffect] {
    guard change.match.mask(of: .recirculationID) == 0, change.match.mask(of: .dpHash) == 0 else {
      // These are the switch's own means, and mean nothing to others.
      throw .badRequestNotPermitted
    }
    let table = change.table ?? 0
    let classifier = tables[Int(table)].classifier
    let match = classifier.match(key: change.match.key, mask: change.match.mask)
    let rule = Rule(
      match: match, priority: Int32(change.priority), table: table, cookie: change.newCookie,
      actions: change.actions, flags: change.flags, idleTimeoutSeconds: change.idleTimeoutSeconds,
      hardTimeoutSeconds: change.hardTimeoutSeconds, tunnelMetadata: change.match.tunnelMetadata, now: now)
    rule.importance = change.importance
    let old = classifier.find(match, priority: rule.priority)
    if let old {
      if !change.flags.contains(.resetCounts) {
        rule.packetCount = old.packetCount
        rule.byteCount = old.byteCount
      }
    } else {
      if change.flags.contains(.checkOverlap), classifier.overlaps(match, priority: rule.priority) {
        throw .flowModFailedOverlap
      }
      guard classifier.count < tables[Int(table)].ruleLimit else { throw .flowModFailedTableFull }
    }
    let replaced = insert(rule)
    return [.added(rule, replaced: replaced)]
  }

  private func modify(_ change: FlowMod, now: Int64) throws(OpenFlowError) -> [FlowEffect] {
    let found = rules(RuleFilter(of: change, filtersOutputs: false))
    if found.isEmpty {
      // OpenFlow 1.0 and 1.1: what modifies nothing adds.
      guard change.cookieMask == 0, change.newCookie != .max else { return [] }
      return try add(change, now: now)
    }
    var effects: [FlowEffect] = []
    for rule in found {
      effects.append(.modified(rule, FlowBefore(rule)))
      setActions(of: rule, change.actions)
      rule.modifiedMilliseconds = now
      if change.modifiesCookie, change.newCookie != .max { rule.cookie = change.newCookie }
      if change.flags.contains(.resetCounts) {
        rule.packetCount = 0
        rule.byteCount = 0
      }
    }
    return effects
  }

  private func delete(_ change: FlowMod) -> [FlowEffect] {
    var effects: [FlowEffect] = []
    for rule in rules(RuleFilter(of: change, filtersOutputs: true)) {
      remove(rule)
      effects.append(.removed(rule, .delete))
    }
    return effects
  }

  /// Takes back what changes did, the last one first.
  func undo(_ effects: [FlowEffect]) {
    for effect in effects.reversed() {
      switch effect {
      case .added(let rule, let replaced):
        if let replaced { insert(replaced) } else { remove(rule) }
        rule.isRemoved = true
      case .modified(let rule, let before):
        setActions(of: rule, before.actions)
        rule.cookie = before.cookie
        rule.modifiedMilliseconds = before.modifiedMilliseconds
        rule.packetCount = before.packetCount
        rule.byteCount = before.byteCount
      case .removed(let rule, _):
        insert(rule)
      case .group(let old, let new):
        replaceGroup(new, by: old)
      }
    }
  }
}

extension FlowBefore {
  init(_ rule: Rule) {
    self.init(
      actions: rule.actions, cookie: rule.cookie, modifiedMilliseconds: rule.modifiedMilliseconds,
      packetCount: rule.packetCount, byteCount: rule.byteCount)
  }
}

extension RuleFilter {
  /// The rules that a change to the flow tables means.
  init(of change: FlowMod, filtersOutputs: Bool) {
    table = change.table
    match = change.match
    strictPriority = change.command.isStrict ? change.priority : nil
    cookie = change.cookie
    cookieMask = change.cookieMask
    if filtersOutputs {
      outPort = change.outPort
      outGroup = change.outGroup
    }
  }
}
