import Datapath
import TestSupport
import Testing

@testable import Switch

struct FlowStoreTests {
  private static func flow(_ number: UInt64, port: UInt32 = 1) -> InstalledFlow {
    InstalledFlow(
      identifier: FlowIdentifier(high: 0, low: number), port: port, key: PackedKey(FlowKey()),
      mask: PackedKey(FlowKey()), actions: [], credits: [], generation: 0, usedMilliseconds: 0,
      createdDump: 0)
  }

  @Test func `a walk from the end sees every flow that stays, whatever goes meanwhile`() {
    var chance = SeededRandom(seed: 11)
    for _ in 0..<200 {
      var store = FlowStore()
      for number in 0..<50 as Range<UInt64> { store.add(Self.flow(number)) }
      var staying = Set(0..<50 as Range<UInt64>)
      var seen: Set<UInt64> = []
      var place = store.count
      while place > 0 {
        place = min(place, store.count)
        guard place > 0 else { break }
        place -= 1
        seen.insert(store[place: place].identifier.low)
        for _ in 0..<Int(chance.next() % 3) {
          let number = chance.next() % 50
          store.remove(FlowIdentifier(high: 0, low: number))
          staying.remove(number)
        }
      }
      #expect(staying.isSubset(of: seen))
      #expect(store.count == staying.count)
    }
  }

  @Test func `a port finds room for some flows when another has taken all`() {
    var store = FlowStore()
    for number in 0..<1000 as Range<UInt64> where store.hasRoom(port: 1, limit: 500) {
      store.add(Self.flow(number))
    }
    #expect(store.count == 500)
    for number in 1000..<2000 as Range<UInt64> where store.hasRoom(port: 2, limit: 500) {
      store.add(Self.flow(number, port: 2))
    }
    #expect(store.count == 500 + FlowStore.reservedCount)
    store.remove(FlowIdentifier(high: 0, low: 1000))
    #expect(store.hasRoom(port: 2, limit: 500))
    #expect(!store.hasRoom(port: 1, limit: 500))
    #expect(store.highestCount == 500 + FlowStore.reservedCount)
  }

  @Test func `what a flow counted is credited once`() {
    var store = FlowStore()
    store.add(Self.flow(1))
    var statistics = Datapath.FlowStatistics()
    statistics.packets = 5
    statistics.bytes = 500
    let identifier = FlowIdentifier(high: 0, low: 1)
    let first = store.credit(identifier, statistics, now: 10)
    let second = store.credit(identifier, statistics, now: 20)
    #expect(first?.count == 0)
    #expect(second == nil)
    #expect(store[identifier]?.creditedPackets == 5)
    #expect(store[identifier]?.usedMilliseconds == 10)
  }
}
