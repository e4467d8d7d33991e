// What: rules that match a packet only together: `conjunction(id, k/n)`.
//
// Why: "one of these sources, and one of those ports" takes m + n rules so, in place of m * n.
//
// How: a lookup gathers the clauses that match beside the best ordinary rule. From the highest priority down, if
// the clauses of one priority complete a conjunction, the table is looked up once more with its number in
// `conj_id`. If they do not, each gives way to the next rule with the same match (ovs-fields(7), "Conjunctive Match Fields").

import Datapath
import OpenFlow

/// Finds the rule that clauses of conjunctions lead to.
enum Conjunction {
  /// The rule for a packet that some clauses match, beside the best rule that is no clause.
  static func resolve(
    _ found: [Rule], _ ordinary: Rule?, _ key: borrowing FlowKey, _ wildcards: inout FlowKey,
    in classifier: Classifier
  ) -> Rule? {
    var clauses = found
    var best = ordinary
    while let priority = clauses.map({ $0.priority }).max(), priority > best?.priority ?? Int32.min {
      if let id = completed(clauses, priority) {
        var conjunctive = copy key
        conjunctive[.conjunctionID] = UInt64(id)
        let rule = classifier.lookup(conjunctive, wildcards: &wildcards, joinsClauses: false)
        if let rule { return rule }
      }
      var next: [Rule] = []
      for clause in clauses {
        guard clause.priority == priority else {
          next.append(clause)
          continue
        }
        guard let heir = clause.nextLess else { continue }
        if heir.isClause {
          next.append(heir)
        } else if heir.priority > best?.priority ?? Int32.min {
          best = heir
        }
      }
      clauses = next
    }
    return best
  }

  /// The next rule with the same match that is no clause.
  static func ordinary(after clause: Rule) -> Rule? {
    var rule = clause.nextLess
    while let next = rule, next.isClause { rule = next.nextLess }
    return rule
  }

  /// The number of a conjunction all of whose clauses are among rules of a priority.
  private static func completed(_ clauses: [Rule], _ priority: Int32) -> UInt32? {
    var satisfied: [UInt32: UInt64] = [:]
    for clause in clauses where clause.priority == priority {
      for case .conjunction(let part) in clause.actions {
        let bits = satisfied[part.id, default: 0] | 1 << UInt64(part.clause & 63)
        satisfied[part.id] = bits
        if bits == FlowKey.lowBits(Int(part.clauseCount)) { return part.id }
      }
    }
    return nil
  }
}

extension Rule {
  /// Whether the rule is a clause of conjunctions, and does nothing by itself.
  var isClause: Bool {
    switch actions.first {
    case .conjunction?: true
    case .note?: actions.contains { if case .conjunction = $0 { true } else { false } }
    default: false
    }
  }
}
