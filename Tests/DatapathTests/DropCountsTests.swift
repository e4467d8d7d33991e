import Datapath
import TestSupport
import Testing

struct DropCountsTests {
  private let header = NetlinkHeader(sequence: 1)

  /// What a datapath message says of drops, given the value of the attribute.
  private func read(_ value: [UInt8]) throws(MessageError) -> DropCounts? {
    var bytes = NetlinkMessage(header, .datapath(.new, DatapathMessage())).encode()
    bytes += [UInt8(4 + value.count), 0, 64, 0] + value
    bytes[0] = UInt8(bytes.count)
    while bytes.count % 4 != 0 { bytes.append(0) }
    guard case .datapath(_, let message)? = try NetlinkMessage.decode(bytes).first?.body else { return nil }
    return message.drops
  }

  @Test func `a datapath that knows fewer reasons, or more, is understood`() throws {
    let one = try #require(try read([7, 0, 0, 0, 0, 0, 0, 0]))
    #expect(one[.invalidLength] == 7 && one[.actionsTooDeep] == 0 && one.others == 0)
    #expect(try read([]) == DropCounts())
    let known = DropReason.allCases.count
    let value = [UInt8](repeating: 0, count: 8 * known) + [2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]
    let more = try #require(try read(value))
    #expect(more.others == 5 && DropReason.allCases.allSatisfy { more[$0] == 0 })
    #expect(DatapathSummary.drops(more) == "  drops: datapath_drop_other:5\n")
    var sum = one
    sum.add(more)
    #expect(sum[.invalidLength] == 7 && sum.others == 5)
  }

  @Test func `counters that are cut off are refused`() {
    for count in 1..<24 where count % 8 != 0 {
      #expect(throws: MessageError.wrongLength(attribute: 64, found: count)) {
        try read([UInt8](repeating: 1, count: count))
      }
    }
  }

  @Test func `growth is since then, or since the counter began anew`() {
    let old = DropCounts { $0 == .explicitDrop ? 5 : 2 }
    let new = DropCounts { $0 == .explicitDrop ? 9 : 1 }
    let growth = new.growth(since: old)
    #expect(growth[.explicitDrop] == 4 && growth[.noBuffer] == 1)
    #expect(new.growth(since: DropCounts()) == new)
    #expect(DropCounts().growth(since: old) == DropCounts())
    #expect(old.growth(since: old).others == 0)
  }

  @Test func `an engine tells what it has dropped`() throws {
    let harness = EngineHarness()
    harness.forward(1, [])
    for _ in 0..<3 { _ = harness.send([Build.udp4()]) }
    harness.forward(1, [.drop(reason: 1)])
    _ = harness.send([Build.udp4()])
    let answer = harness.request(.datapath(.get, DatapathMessage()), flags: .request).first
    guard case .datapath(_, let message)? = answer?.body, let drops = message.drops else {
      Issue.record("no counters")
      return
    }
    for reason in DropReason.allCases { #expect(drops[reason] == harness.drops(reason)) }
    #expect(drops[.flowAction] == 3 && drops[.explicitDrop] == 1)
    #expect(DatapathSummary.drops(drops) == "  drops: drop_action_of_pipeline:3 datapath_drop_explicit:1\n")
    #expect(DatapathSummary.drops(DropCounts()) == "")
  }
}
