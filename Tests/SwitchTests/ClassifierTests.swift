import Datapath
import TestSupport
import Testing

@testable import Switch

@Suite struct ClassifierTests {
  /// Masks and values drawn from few choices, so that rules meet.
  static func randomMask(_ random: inout SeededRandom) -> FlowKey {
    var mask = FlowKey()
    if Bool.random(using: &random) { mask.words[0] = 0xffff_ffff_0000_0000 }
    if Bool.random(using: &random) { mask.words[1] = 0xffff }
    if Int.random(in: 0..<4, using: &random) == 0 { mask.words[1] |= 0xffff_ffff_ffff_0000 }
    let lengths = [0, 0, 8, 16, 24, 31, 32]
    for shift in [UInt64(0), 32] {
      let length = lengths.randomElement(using: &random) ?? 0
      if length > 0 { mask.words[3] |= UInt64(~UInt32(0) << UInt32(32 - length)) << shift }
    }
    if Int.random(in: 0..<8, using: &random) == 0 { mask.words[3] |= 0x0000_ff00 }
    if Bool.random(using: &random) { mask.words[4] |= 0xff00_0000_0000_0000 }
    if Int.random(in: 0..<3, using: &random) == 0 { mask.words[4] |= 0xffff_0000 }
    if Int.random(in: 0..<3, using: &random) == 0 { mask.words[4] |= 0xfff0 }
    if Int.random(in: 0..<6, using: &random) == 0 { mask.words[45] = 0xff }
    return mask
  }

  static func randomKey(_ random: inout SeededRandom) -> FlowKey {
    var key = FlowKey()
    key.words[0] = UInt64.random(in: 1...2, using: &random) << 32
    key.words[1] = UInt64.random(in: 0...1, using: &random) << 16 | 0x800
    for shift in [UInt64(0), 32] {
      let parts: [UInt64] = [0x0a00_0000, 0x0a01_0000, 0x0a01_0200, 0x0a01_0201, 0xc0a8_0001]
      key.words[3] |= (parts.randomElement(using: &random) ?? 0) << shift
    }
    key.words[4] = UInt64.random(in: 6...7, using: &random) << 56
    key.words[4] |= UInt64.random(in: 0...3, using: &random) << 16 | UInt64.random(in: 0...40, using: &random)
    key.words[45] = UInt64.random(in: 0...1, using: &random)
    return key
  }

  static func masked(_ key: FlowKey, _ mask: FlowKey) -> FlowKey {
    var result = key
    for word in 0..<FlowKey.wordCount { result.words[word] &= mask.words[word] }
    return result
  }

  @Test func `A lookup finds what a linear search finds, and only needs the bits it says`() {
    for seed in UInt64(1)...4 {
      var random = SeededRandom(seed: seed)
      let classifier = Classifier()
      var model: [(rule: Rule, key: FlowKey, mask: FlowKey)] = []
      for round in 0..<120 {
        if Int.random(in: 0..<3, using: &random) > 0 {
          let mask = Self.randomMask(&random)
          let key = Self.masked(Self.randomKey(&random), mask)
          let rule = Rule(
            match: classifier.match(key: key, mask: mask), priority: Int32.random(in: 0...30, using: &random),
            table: 0, cookie: UInt64(round), now: 0)
          let replaced = classifier.insert(rule)
          let old = model.firstIndex { $0.key == key && $0.mask == mask && $0.rule.priority == rule.priority }
          let expected = old.map { model[$0].rule }
          #expect(replaced === expected, "seed \(seed)")
          if let old { model.remove(at: old) }
          model.append((rule, key, mask))
        } else if let victim = model.indices.randomElement(using: &random) {
          let removed = classifier.remove(model[victim].rule)
          #expect(removed)
          model.remove(at: victim)
        }
        #expect(classifier.count == model.count)
        for _ in 0..<3 { Self.check(classifier, model, &random, seed) }
      }
    }
  }

  private static func check(
    _ classifier: Classifier, _ model: [(rule: Rule, key: FlowKey, mask: FlowKey)],
    _ random: inout SeededRandom, _ seed: UInt64
  ) {
    let key = randomKey(&random)
    func best(_ key: FlowKey) -> Int32? {
      model.filter { masked(key, $0.mask) == $0.key }.map(\.rule.priority).max()
    }
    var wildcards = FlowKey()
    let found = classifier.lookup(key, wildcards: &wildcards)
    #expect(found?.priority == best(key), "seed \(seed)")
    for _ in 0..<3 {
      var other = randomKey(&random)
      for word in 0..<FlowKey.wordCount {
        other.words[word] =
          (other.words[word] & ~wildcards.words[word]) | (key.words[word] & wildcards.words[word])
      }
      #expect(best(other) == best(key), "seed \(seed)")
    }
  }

  private static func add(
    _ classifier: Classifier, priority: Int32, _ fill: (inout FlowKey, inout FlowKey) -> Void
  ) {
    var key = FlowKey()
    var mask = FlowKey()
    fill(&key, &mask)
    _ = classifier.insert(
      Rule(match: classifier.match(key: key, mask: mask), priority: priority, table: 0, cookie: 0, now: 0))
  }

  @Test func `An address far from every prefix costs the bits that tell so`() {
    let classifier = Classifier()
    Self.add(classifier, priority: 10) { key, mask in
      key.words[3] = 0x0a01_0200
      mask.words[3] = 0xffff_ff00
    }
    Self.add(classifier, priority: 0) { _, _ in }
    var key = FlowKey()
    key.words[1] = 0x0800
    key.words[3] = 0xc0a8_0001
    var wildcards = FlowKey()
    let rule = classifier.lookup(key, wildcards: &wildcards)
    #expect(rule?.priority == 0)
    #expect(wildcards.words[3] == 0x8000_0000)
  }

  @Test func `A lookup that fails at layer 2 leaves layer 3 wildcarded`() {
    let classifier = Classifier()
    Self.add(classifier, priority: 10) { key, mask in
      key.words[1] = 0x0102_0304_0506_0800
      mask.words[1] = ~0
      key.words[4] = 0x0600_0000_0000_0050
      mask.words[4] = 0xff00_0000_0000_ffff
    }
    var key = FlowKey()
    key.words[1] = 0x0102_0304_0507_0800
    var wildcards = FlowKey()
    let rule = classifier.lookup(key, wildcards: &wildcards)
    #expect(rule == nil)
    #expect(wildcards.words[1] == ~0)
    #expect(wildcards.words[4] == 0)
  }

  @Test func `A lookup stops at the subtables that can not win`() {
    let classifier = Classifier()
    Self.add(classifier, priority: 100) { key, mask in
      key.words[0] = 1 << 32
      mask.words[0] = 0xffff_ffff_0000_0000
    }
    Self.add(classifier, priority: 10) { _, mask in mask.words[4] = 0xffff }
    var key = FlowKey()
    key.words[0] = 1 << 32
    var wildcards = FlowKey()
    let rule = classifier.lookup(key, wildcards: &wildcards)
    #expect(rule?.priority == 100)
    #expect(wildcards.words[4] == 0)
  }

  @Test func `Port tries leave the low bits of a port wildcarded`() {
    let classifier = Classifier()
    Self.add(classifier, priority: 10) { key, mask in
      key.words[4] = 0x0000_0050
      mask.words[4] = 0x0000_ffff
    }
    var key = FlowKey()
    key.words[4] = 0x0000_8000
    var wildcards = FlowKey()
    let rule = classifier.lookup(key, wildcards: &wildcards)
    #expect(rule == nil)
    #expect(wildcards.words[4] == 0x8000)
  }
}
