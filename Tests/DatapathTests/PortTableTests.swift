import Testing

@testable import Datapath

/// Ports by the ten thousand: a datapath holds as many as there are numbers, and takes memory for those that it has.
struct PortTableTests {
  private func add(_ number: UInt32, to table: inout PortTable) -> Bool {
    var record = PortRecord()
    record.number = number
    return table.add(record, name: Array("p\(number)".utf8))
  }

  @Test func `a table holds as many ports as there are numbers, and finds each by number and name`() {
    var table = PortTable(maximumPortCount: 65_535)
    var refused = 0
    for number in 1...PortTable.maximumNumber where !add(number, to: &table) { refused += 1 }
    #expect(refused == 0 && table.placeCount == 65_535)
    let none = table.freeNumber()
    #expect(none == nil)
    let isTaken = add(0, to: &table)
    #expect(!isTaken, "there is no room for one more")
    var wrong = 0
    for number in 1...PortTable.maximumNumber {
      let port = table.index(number)
      if port.isNone || table.records[port].number != number { wrong += 1 }
      if table.index(named: Array("p\(number)".utf8)) != port { wrong += 1 }
    }
    #expect(wrong == 0)
  }

  @Test func `a place that was given up is used again, and the lowest free number is given out`() {
    var table = PortTable(maximumPortCount: 100)
    for number in UInt32(1)...100 { _ = add(number, to: &table) }
    for number: UInt32 in [70, 30, 50] { table.remove(table.index(number)) }
    let first = table.freeNumber()
    #expect(first == 30)
    let name = table.index(named: Array("p30".utf8))
    #expect(name.isNone)
    for _ in 0..<3 {
      let number = table.freeNumber()
      let isAdded = add(number ?? 0, to: &table)
      #expect(isAdded)
    }
    #expect(table.placeCount == 100)
    for number: UInt32 in [30, 50, 70] {
      let port = table.index(number)
      #expect(!port.isNone)
    }
    let isAdded = add(101, to: &table)
    #expect(!isAdded)
  }

  @Test func `ports take no more memory than was said before, and only for those that there are`() {
    let harness = EngineHarness()
    #expect(harness.engine.ports.records.count < 100)
    var growths = 0
    for number in UInt32(10)...3_000 {
      let message = VportMessage(number: DatapathPortNumber(number), type: .netdev, name: "p\(number)")
      let said = harness.engine.growthByteCount(for: NetlinkMessage(NetlinkHeader(), .vport(.new, message)))
      let before = harness.engine.ports.records.count
      harness.add(message)
      let after = harness.engine.ports.records.count
      guard after > before else { continue }
      growths += 1
      let taken = Slab<PortRecord>.byteCount(of: after) + Slab<UpcallLine>.byteCount(of: after + 1)
      #expect(taken <= said)
    }
    #expect(growths > 4)
  }

  @Test func `packets pass between ports whose records were made late, and come up in their own lines`() {
    let harness = EngineHarness()
    for number in UInt32(1)...5_000 {
      harness.add(VportMessage(number: DatapathPortNumber(number), type: .netdev, name: "p\(number)"))
    }
    let frame = [UInt8](repeating: 1, count: 64)
    _ = harness.send([frame], from: 4_999)
    let upcalls = harness.upcalls()
    #expect(upcalls.count == 1)
    harness.forward(4_999, [output(5_000)])
    let sent = harness.send([frame], from: 4_999)
    #expect(sent.map(\.port) == [5_000])
  }
}
