import Datapath

/// The rules of a subtable by the hash of their values: open addressing, each place the head of a chain of rules
/// that match the same packets, most important first.
struct RuleIndex {
  private var slots: [Rule?] = []
  /// How many places are taken, one for each match.
  private(set) var count = 0

  init() {}

  private func home(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash >> 7) & (slots.count &- 1) }

  /// The most important rule that matches the same packets as `values`.
  func first(hash: UInt64, values: [UInt64]) -> Rule? {
    guard !slots.isEmpty else { return nil }
    var place = home(hash)
    while let rule = slots[place] {
      if rule.hash == hash, rule.match.values == values { return rule }
      place = (place &+ 1) & (slots.count &- 1)
    }
    return nil
  }

  /// The most important rule that matches a key, whose masked hash is `hash`.
  func first(hash: UInt64, matching key: borrowing FlowKey) -> Rule? {
    guard !slots.isEmpty else { return nil }
    var place = home(hash)
    while let rule = slots[place] {
      if rule.hash == hash, rule.match.matches(key) { return rule }
      place = (place &+ 1) & (slots.count &- 1)
    }
    return nil
  }

  /// Makes `rule` the head of its chain, in place of the rule that heads it now or as a new chain.
  mutating func setHead(_ rule: Rule) {
    if (count &+ 1) &* 4 > slots.count &* 3 { grow() }
    var place = home(rule.hash)
    while let found = slots[place] {
      if found.hash == rule.hash, found.match.values == rule.match.values {
        slots[place] = rule
        return
      }
      place = (place &+ 1) & (slots.count &- 1)
    }
    slots[place] = rule
    count &+= 1
  }

  /// Removes the chain of which `rule` is the head.
  mutating func removeHead(_ rule: Rule) {
    guard !slots.isEmpty else { return }
    var place = home(rule.hash)
    while let found = slots[place] {
      if found === rule { break }
      place = (place &+ 1) & (slots.count &- 1)
    }
    guard slots[place] != nil else { return }
    count &-= 1
    closeGap(place)
  }

  /// Empties a place, and moves back those behind it that would not be found any more.
  private mutating func closeGap(_ start: Int) {
    var gap = start
    slots[gap] = nil
    var place = (gap &+ 1) & (slots.count &- 1)
    while let rule = slots[place] {
      let distance = (place &- home(rule.hash)) & (slots.count &- 1)
      if distance >= (place &- gap) & (slots.count &- 1) {
        slots[gap] = rule
        slots[place] = nil
        gap = place
      }
      place = (place &+ 1) & (slots.count &- 1)
    }
  }

  private mutating func grow() {
    let old = slots
    slots = [Rule?](repeating: nil, count: max(8, old.count &* 2))
    for case let rule? in old {
      var place = home(rule.hash)
      while slots[place] != nil { place = (place &+ 1) & (slots.count &- 1) }
      slots[place] = rule
    }
  }

  /// Calls a function for the head of each chain, until it says to stop.
  func forEachHead(_ body: (Rule) -> Bool) {
    for case let rule? in slots where !body(rule) { return }
  }
}
