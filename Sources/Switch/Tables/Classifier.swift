// What: the rules of one flow table, and the answer to "which is the most important rule that matches this packet?",
// together with the least that had to be looked at to know it.
//
// Why the second half: what was not looked at stays wildcarded in the datapath's flow, so that one flow serves many
// packets. How few bits a lookup touches decides how many packets a second the switch forwards.
//
// How: tuple space search. Rules that look at the same bits form a subtable, one hash table; subtables are tried in order of
// their highest priority, until none that is left can win. On top of that:
//
// * Stages (ClassifierStage.swift): a subtable is left at the first stage that no rule shares with the packet. Costs a
//   hash set for each stage.
// * Prefix tries (PrefixTrie.swift): a subtable whose address prefix the packet can't have is not tried at all, and only
//   the bits that tell so count as looked at. Costs a node for each prefix.
// * Port tries: the same for the transport ports of one subtable, after it has failed.
//
// A lookup is linear in the number of different masks, not of rules.

import Datapath

/// The rules of one flow table.
final class Classifier {
  /// The values that have a trie: the IPv4 destination and source.
  static let triePlaces: [KeyPlace] = [.ipDestination, .ipSource]

  /// The subtables by their masks.
  private var subtables: [SparseMask: Subtable] = [:]
  /// The subtables by priority, highest first, unless `isOrderStale`.
  private var order: [Subtable] = []
  private var isOrderStale = false
  private var tries = [PrefixTrie(), PrefixTrie()]
  /// How many rules there are.
  private(set) var count = 0

  init() {}

  /// How many different masks the rules have.
  var maskCount: Int { subtables.count }

  /// The match of a key and a mask, with the mask object that this classifier's rules share.
  func match(key: borrowing FlowKey, mask: borrowing FlowKey) -> SparseMatch {
    let sparse = SparseMask(mask)
    return SparseMatch(key: key, mask: subtables[sparse]?.mask ?? sparse)
  }

  /// Adds a rule; answers the one with the same match and priority that it takes the place of.
  func insert(_ rule: Rule) -> Rule? {
    let subtable: Subtable
    if let found = subtables[rule.match.mask] {
      subtable = found
      rule.match.mask = found.mask
    } else {
      subtable = Subtable(mask: rule.match.mask)
      subtables[subtable.mask] = subtable
      order.append(subtable)
      isOrderStale = true
    }
    if rule.priority > subtable.maximumPriority { isOrderStale = true }
    let replaced = subtable.insert(rule)
    if replaced == nil {
      count &+= 1
      changeTries(subtable, rule) { $0.insert($1, bitCount: $2) }
    }
    return replaced
  }

  /// Removes a rule; says whether it was there.
  @discardableResult
  func remove(_ rule: Rule) -> Bool {
    guard let subtable = subtables[rule.match.mask],
      subtable.find(rule.match.values, priority: rule.priority) === rule
    else { return false }
    subtable.remove(rule)
    count &-= 1
    isOrderStale = true
    changeTries(subtable, rule) { $0.remove($1, bitCount: $2) }
    if subtable.ruleCount == 0 {
      subtables[subtable.mask] = nil
      order.removeAll { $0 === subtable }
    }
    return true
  }

  private func changeTries(
    _ subtable: Subtable, _ rule: Rule, _ change: (inout PrefixTrie, UInt32, Int) -> Void
  ) {
    for trie in 0..<Self.triePlaces.count where subtable.prefixBitCounts[trie] > 0 {
      let place = Self.triePlaces[trie]
      for position in 0..<subtable.mask.places.count
      where Int(subtable.mask.places[position]) == place.word {
        let value = place.value(inWord: rule.match.values[position])
        change(&tries[trie], UInt32(truncatingIfNeeded: value), subtable.prefixBitCounts[trie])
      }
    }
  }

  /// The rule with exactly a match and a priority.
  func find(_ match: SparseMatch, priority: Int32) -> Rule? {
    subtables[match.mask]?.find(match.values, priority: priority)
  }

  /// The most important rule that matches a key.
  ///
  /// Into `wildcards` go the bits that were looked at: another key that agrees in them gets the same answer.
  /// Rules that are clauses of a conjunction are passed over unless they may join.
  func lookup(_ key: borrowing FlowKey, wildcards: inout FlowKey, joinsClauses: Bool = true) -> Rule? {
    if isOrderStale {
      order.sort { $0.maximumPriority > $1.maximumPriority }
      isOrderStale = false
    }
    var answers = TrieAnswers()
    var best: Rule?
    var clauses: [Rule] = []
    for subtable in order {
      if let best, subtable.maximumPriority <= best.priority { break }
      answers.lend(tries)
      guard let rule = subtable.lookup(key, tries: &answers, wildcards: &wildcards) else { continue }
      if rule.isClause {
        if joinsClauses {
          clauses.append(rule)
        } else if let heir = Conjunction.ordinary(after: rule), heir.priority > best?.priority ?? Int32.min {
          best = heir
        }
      } else if rule.priority > best?.priority ?? Int32.min {
        best = rule
      }
    }
    return clauses.isEmpty ? best : Conjunction.resolve(clauses, best, key, &wildcards, in: self)
  }

  /// Calls a function for every rule, until it says to stop.
  func forEach(_ body: (Rule) -> Bool) {
    for subtable in order where !Self.forEach(in: subtable, body) { return }
  }

  /// Calls a function with the rules of each mask that match no packets but those of a match.
  func forEachMask(within match: SparseMatch, _ body: ([Rule]) -> Void) {
    for subtable in order where Self.covers(subtable.mask, match.mask) {
      var found: [Rule] = []
      _ = Self.forEach(in: subtable) { rule in
        if rule.match.isWithin(match) { found.append(rule) }
        return true
      }
      if !found.isEmpty { body(found) }
    }
  }

  /// Whether some rule of a priority matches a packet that a match matches too.
  func overlaps(_ match: SparseMatch, priority: Int32) -> Bool {
    var found = false
    forEach { rule in
      found = rule.priority == priority && rule.match.overlaps(match)
      return !found
    }
    return found
  }

  private static func covers(_ mask: SparseMask, _ wider: SparseMask) -> Bool {
    for index in 0..<wider.places.count {
      let bits = wider.bits[index]
      guard mask.bits(ofWord: Int(wider.places[index])) & bits == bits else { return false }
    }
    return true
  }

  private static func forEach(in subtable: Subtable, _ body: (Rule) -> Bool) -> Bool {
    var proceed = true
    subtable.index.forEachHead { head in
      var rule: Rule? = head
      while let current = rule, proceed {
        // The body may take the rule out of its chain.
        rule = current.nextLess
        proceed = body(current)
      }
      return proceed
    }
    return proceed
  }
}

/// What the tries say of one key, asked once a lookup and only if a subtable wants to know.
struct TrieAnswers {
  private var tries: [PrefixTrie] = []
  private var answers: (PrefixTrie.Answer?, PrefixTrie.Answer?) = (nil, nil)

  /// Lends the classifier's tries for the time of a lookup.
  mutating func lend(_ tries: [PrefixTrie]) { if self.tries.isEmpty { self.tries = tries } }

  private mutating func answer(_ trie: Int, _ value: UInt32) -> PrefixTrie.Answer {
    if let known = trie == 0 ? answers.0 : answers.1 { return known }
    let found = tries[trie].lookup(value)
    if trie == 0 { answers.0 = found } else { answers.1 = found }
    return found
  }

  /// Whether a key can have no rule of a subtable, by the prefixes of the addresses that the stages after
  /// `passed` and up to `stage` look at.
  ///
  /// If so, the bits that say so are added to `wildcards`.
  mutating func exclude(
    _ subtable: Subtable, _ key: borrowing FlowKey, fromStage passed: Int, throughStage stage: Int,
    wildcards: inout FlowKey
  ) -> Bool {
    // The addresses belong to stage 2.
    guard passed < 2, stage >= 2 else { return false }
    // The tries are of IPv4 addresses: in ARP packets the same word holds others.
    guard key[.ethType] == 0x0800 else { return false }
    for trie in 0..<Classifier.triePlaces.count where subtable.prefixBitCounts[trie] > 0 {
      let place = Classifier.triePlaces[trie]
      let answer = answer(trie, UInt32(truncatingIfNeeded: key[place]))
      if answer.hasPrefix(bitCount: subtable.prefixBitCounts[trie]) { continue }
      let looked: UInt32 = answer.bitCount == 0 ? 0 : ~0 << UInt32(32 &- answer.bitCount)
      // The trie serves all subtables: its answer must not cost bits that this subtable would not look at.
      if answer.bitCount <= subtable.prefixBitCounts[trie] {
        wildcards[place] |= UInt64(looked)
        return true
      }
      if UInt32(truncatingIfNeeded: wildcards[place]) & looked == looked { return true }
    }
    return false
  }
}
