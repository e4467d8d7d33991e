import OpenFlow

/// How many rules learn into each table with each cookie by `learn` actions whose rules go with the last of them
/// (`delete_learned`).
struct LearnerCounts {
  /// What learned rules have in common.
  struct Learned: Hashable {
    var table: UInt8
    var cookie: UInt64
  }

  private var counts: [Learned: Int] = [:]
  private var orphans: [Learned] = []

  /// Counts the actions of a rule that is there now.
  mutating func add(_ actions: [Action]) {
    forEach(of: actions) { learned, counts in counts.counts[learned, default: 0] += 1 }
  }

  /// No longer counts the actions of a rule that has gone.
  mutating func remove(_ actions: [Action]) {
    forEach(of: actions) { learned, counts in
      let left = counts.counts[learned, default: 1] - 1
      counts.counts[learned] = left > 0 ? left : nil
      if left <= 0 { counts.orphans.append(learned) }
    }
  }

  /// Rules that nobody learns any more, if there are some; a rule that came back meanwhile keeps its own.
  mutating func takeOrphans() -> Learned? {
    while let learned = orphans.popLast() {
      if counts[learned] == nil { return learned }
    }
    return nil
  }

  private mutating func forEach(of actions: [Action], _ body: (Learned, inout LearnerCounts) -> Void) {
    for action in actions {
      switch action {
      case .learn(let learn):
        if learn.deletesLearned { body(Learned(table: learn.table, cookie: learn.cookie), &self) }
      case .clone(let inner), .writeActions(let inner): forEach(of: inner, body)
      default: continue
      }
    }
  }
}
