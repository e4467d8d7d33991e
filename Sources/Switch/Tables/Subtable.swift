import Datapath

/// The rules of a classifier that look at the same bits: one hash table.
final class Subtable {
  /// Which bits they look at.
  let mask: SparseMask
  /// The rules by the hash of all their values.
  private(set) var index = RuleIndex()
  /// How many rules there are.
  private(set) var ruleCount = 0
  /// The stages that have words of their own and are not the last such: where a lookup can end early.
  let earlyStages: [Int]
  /// For each early stage, how many rules have a hash of the values up to there.
  private var stageHashes: [[UInt64: UInt32]]
  /// How many leading bits of the IPv4 source and destination all rules look at, 0 if not a prefix.
  let prefixBitCounts: [Int]
  /// The transport ports that rules look at, as one 32-bit value, by prefix.
  private var ports = PrefixTrie()
  /// The bits of the transport ports that rules look at.
  let portMask: UInt32
  /// How many leading bits of the ports are looked at.
  let portBitCount: Int
  /// The highest priority; only a bound while `isPriorityStale`.
  private var maximum = Int32.min
  private var maximumCount = 0
  private var isPriorityStale = false

  init(mask: SparseMask) {
    self.mask = mask
    var stages: [Int] = []
    var previousEnd = 0
    for stage in 0..<ClassifierStage.count {
      if mask.stageEnds[stage] > previousEnd { stages.append(stage) }
      previousEnd = mask.stageEnds[stage]
    }
    earlyStages = Array(stages.dropLast())
    stageHashes = Array(repeating: [:], count: earlyStages.count)
    prefixBitCounts = Classifier.triePlaces.map {
      PrefixTrie.prefixLength(ofMask: UInt32(truncatingIfNeeded: mask.bits(of: $0)))
    }
    portMask = UInt32(truncatingIfNeeded: mask.bits(of: .transportPorts))
    portBitCount = portMask == 0 ? 0 : 32 &- portMask.trailingZeroBitCount
  }

  /// The highest priority of a rule.
  var maximumPriority: Int32 {
    if isPriorityStale {
      maximum = Int32.min
      maximumCount = 0
      index.forEachHead { rule in
        self.notePriority(rule.priority)
        return true
      }
      isPriorityStale = false
    }
    return maximum
  }

  private func notePriority(_ priority: Int32) {
    if priority > maximum {
      maximum = priority
      maximumCount = 1
    } else if priority == maximum {
      maximumCount &+= 1
    }
  }

  /// The rule with a match and a priority.
  func find(_ values: [UInt64], priority: Int32) -> Rule? {
    let hash = mask.hash(values: values, throughStage: ClassifierStage.count - 1)
    var rule = index.first(hash: hash, values: values)
    while let candidate = rule, candidate.priority > priority { rule = candidate.nextLess }
    guard let rule, rule.priority == priority else { return nil }
    return rule
  }

  /// Adds a rule, whose match has this subtable's mask; answers the rule with the same match and priority that it
  /// takes the place of.
  func insert(_ rule: Rule) -> Rule? {
    rule.hash = mask.hash(values: rule.match.values, throughStage: ClassifierStage.count - 1)
    var previous: Rule?
    var next = index.first(hash: rule.hash, values: rule.match.values)
    while let candidate = next, candidate.priority > rule.priority {
      previous = candidate
      next = candidate.nextLess
    }
    var replaced: Rule?
    if let candidate = next, candidate.priority == rule.priority {
      replaced = candidate
      rule.nextLess = candidate.nextLess
      candidate.nextLess = nil
    } else {
      rule.nextLess = next
      ruleCount &+= 1
    }
    if let previous {
      previous.nextLess = rule
    } else {
      index.setHead(rule)
    }
    if replaced == nil {
      addHashes(of: rule)
      if !isPriorityStale { notePriority(rule.priority) } else { maximum = max(maximum, rule.priority) }
    }
    return replaced
  }

  /// Removes a rule that is in the subtable.
  func remove(_ rule: Rule) {
    var previous: Rule?
    var next = index.first(hash: rule.hash, values: rule.match.values)
    while let candidate = next, candidate !== rule {
      previous = candidate
      next = candidate.nextLess
    }
    guard next != nil else { return }
    if let previous {
      previous.nextLess = rule.nextLess
    } else if let heir = rule.nextLess {
      index.setHead(heir)
    } else {
      index.removeHead(rule)
    }
    rule.nextLess = nil
    ruleCount &-= 1
    removeHashes(of: rule)
    guard rule.priority == maximum else { return }
    maximumCount &-= 1
    if maximumCount <= 0 { isPriorityStale = true }
  }

  private func addHashes(of rule: Rule) {
    for (position, stage) in earlyStages.enumerated() {
      stageHashes[position][mask.hash(values: rule.match.values, throughStage: stage), default: 0] &+= 1
    }
    if portBitCount > 0 { ports.insert(portValue(of: rule), bitCount: portBitCount) }
  }

  private func removeHashes(of rule: Rule) {
    for (position, stage) in earlyStages.enumerated() {
      let hash = mask.hash(values: rule.match.values, throughStage: stage)
      guard let count = stageHashes[position][hash] else { continue }
      stageHashes[position][hash] = count > 1 ? count &- 1 : nil
    }
    if portBitCount > 0 { ports.remove(portValue(of: rule), bitCount: portBitCount) }
  }

  private func portValue(of rule: Rule) -> UInt32 {
    // The word of the ports may stand twice: for the network stage with other bits, then for the transport stage.
    let place = KeyPlace.transportPorts
    for position in (0..<mask.places.count).reversed()
    where Int(mask.places[position]) == place.word && mask.bits[position] & place.mask != 0 {
      return UInt32(truncatingIfNeeded: place.value(inWord: rule.match.values[position]))
    }
    return 0
  }

  /// The best rule for a key, if one matches; and into `wildcards` the bits that had to be looked at to know.
  func lookup(_ key: borrowing FlowKey, tries: inout TrieAnswers, wildcards: inout FlowKey) -> Rule? {
    var hash = WordHash.seed
    var passedStage = -1
    for position in 0..<earlyStages.count {
      let stage = earlyStages[position]
      if tries.exclude(self, key, fromStage: passedStage, throughStage: stage, wildcards: &wildcards) {
        fold(passedStage, into: &wildcards)
        return nil
      }
      hash = mask.hash(key, stage: stage, from: hash)
      passedStage = stage
      guard stageHashes[position][hash] != nil else {
        fold(passedStage, into: &wildcards)
        return nil
      }
    }
    let last = ClassifierStage.count - 1
    if tries.exclude(self, key, fromStage: passedStage, throughStage: last, wildcards: &wildcards) {
      fold(passedStage, into: &wildcards)
      return nil
    }
    for stage in (passedStage + 1)..<ClassifierStage.count { hash = mask.hash(key, stage: stage, from: hash) }
    let rule = index.first(hash: hash, matching: key)
    if rule == nil, portBitCount > 0 {
      let value = UInt32(truncatingIfNeeded: key[.transportPorts]) & portMask
      let bitCount = ports.lookup(value).bitCount
      let looked = bitCount == 0 ? 0 : portMask & (~0 << UInt32(32 &- bitCount))
      wildcards[.transportPorts] |= UInt64(looked)
      fold(passedStage, into: &wildcards)
      return nil
    }
    mask.add(to: &wildcards)
    return rule
  }

  private func fold(_ stage: Int, into wildcards: inout FlowKey) {
    if stage >= 0 { mask.add(to: &wildcards, throughStage: stage) }
  }
}
