import Testing

@testable import Datapath

/// What threads share in these tests.
private final class Shared: @unchecked Sendable {
  let locks = SharedLocks(count: 3)
  let values = SharedSlab(repeating: 0, count: 3)

  func add(_ index: Int) {
    locks.acquire(index)
    values[index] += 1
    locks.release(index)
  }

  func take(_ index: Int) -> Bool { locks.tryAcquire(index) }
  func give(_ index: Int) { locks.release(index) }
  func value(_ index: Int) -> Int { values[index] }
}

@Suite struct SharedLockTests {
  @Test func `a lock is held by one at a time, and locks are apart`() {
    let shared = Shared()
    #expect(shared.take(1))
    #expect(!shared.take(1))
    #expect(shared.take(0))
    shared.give(1)
    #expect(shared.take(1))
  }

  @Test func `what several threads change under a lock is changed as often as they say`() async {
    let shared = Shared()
    await withTaskGroup(of: Void.self) { group in
      for task in 0..<4 {
        group.addTask { for round in 0..<5_000 { shared.add((task &+ round) % 3) } }
      }
    }
    #expect(shared.value(0) + shared.value(1) + shared.value(2) == 20_000)
  }
}
