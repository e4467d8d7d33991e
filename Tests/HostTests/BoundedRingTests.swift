import Testing

@testable import Host

@Suite struct BoundedRingTests {
  @Test func `a full ring refuses, and gives back in order`() {
    let ring = BoundedRing<Int>(capacity: 4)
    for number in 0..<4 { #expect(ring.add(number)) }
    #expect(!ring.add(4))
    #expect(ring.take() == 0)
    #expect(ring.add(4))
    #expect((0..<4).map { _ in ring.take() } == [1, 2, 3, 4])
    #expect(ring.take() == nil && ring.isEmpty)
  }

  @Test func `what one thread adds another takes, all of it and in order`() throws {
    let ring = BoundedRing<[UInt8]>(capacity: 64)
    let count = 200_000
    let thread = try WorkerThread.start {
      var number = 0
      while number < count {
        if ring.add([UInt8(truncatingIfNeeded: number)]) { number += 1 }
      }
    }
    var isInOrder = true
    var taken = 0
    while taken < count {
      guard let element = ring.take() else { continue }
      if element != [UInt8(truncatingIfNeeded: taken)] { isInOrder = false }
      taken += 1
    }
    WorkerThread.join(thread)
    #expect(isInOrder)
  }
}
