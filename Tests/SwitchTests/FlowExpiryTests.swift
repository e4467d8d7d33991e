import Datapath
import OpenFlow
import Testing

@testable import Switch

/// Timeouts of rules: each goes when its time is over, and is not looked at all the time until then.
struct FlowExpiryTests {
  private func change(_ number: UInt64, idle: UInt16 = 0, hard: UInt16 = 0) -> FlowMod {
    var match = Match()
    match.set(.ethType, 0x0800)
    match.set(.ipSource, FieldValue(number))
    var change = FlowMod(.add, table: 0, match: match)
    change.idleTimeoutSeconds = idle
    change.hardTimeoutSeconds = hard
    change.actions = [.output(OpenFlowPortNumber(1))]
    return change
  }

  @Test func `rules whose time is far away are not looked at`() throws {
    let tables = FlowTables()
    for number in 1...5_000 as ClosedRange<UInt64> { _ = try tables.apply(change(number, idle: 600), now: 0) }
    for second in 1...100 as ClosedRange<Int64> { #expect(tables.expire(now: second * 1000).isEmpty) }
    #expect(tables.examinedCount == 0)
    #expect(tables.nextExpiry == 600_001)
  }

  @Test func `a rule that is used is looked at once for each of its timeouts`() throws {
    let tables = FlowTables()
    _ = try tables.apply(change(1, idle: 10), now: 0)
    let rule = try #require(tables.rules(RuleFilter()).first)
    for second in 1...100 as ClosedRange<Int64> {
      #expect(tables.expire(now: second * 1000).isEmpty)
      rule.credit(packets: 1, bytes: 64, usedMilliseconds: second * 1000)
    }
    #expect(tables.examinedCount <= 10)
    #expect(tables.expire(now: 110_000).isEmpty)
    let gone = tables.expire(now: 110_001)
    #expect(gone.map(\.reason) == [.idleTimeout] && tables.ruleCount == 0)
  }

  @Test func `changed timeouts and changed actions count`() throws {
    let tables = FlowTables()
    _ = try tables.apply(change(1, hard: 100), now: 0)
    _ = try tables.apply(change(2, hard: 5), now: 0)
    let rules = tables.rules(RuleFilter())
    #expect(rules.count == 2)
    tables.setTimeouts(of: rules[0], idleSeconds: 0, hardSeconds: 3)
    #expect(tables.expire(now: 3_001).map(\.rule.serial) == [rules[0].serial])
    var modification = change(2)
    modification.command = .modifyStrict
    _ = try tables.apply(modification, now: 4_000)
    #expect(tables.expire(now: 8_999).isEmpty)
    #expect(tables.expire(now: 9_001).map(\.reason) == [.hardTimeout])
    #expect(tables.nextExpiry == nil)
  }

  @Test func `random timeouts agree with a look at every rule`() throws {
    var state: UInt64 = 0x1234_5678_9abc_def1
    func next(_ bound: UInt64) -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return (state >> 20) % bound
    }
    let tables = FlowTables()
    for now in stride(from: Int64(0), to: 400_000, by: 500) {
      _ = try tables.apply(
        change(next(200), idle: UInt16(next(3) * next(20)), hard: UInt16(next(3) * next(30))), now: now)
      let all = tables.rules(RuleFilter())
      for rule in all where next(20) == 0 { rule.credit(packets: 1, bytes: 64, usedMilliseconds: now) }
      let wanted = all.filter { $0.expiry(now: now) != nil }.map(\.serial).sorted()
      #expect(tables.expire(now: now).map(\.rule.serial) == wanted)
    }
  }
}
