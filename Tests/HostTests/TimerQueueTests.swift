import Testing

@testable import Host

@Suite struct TimerQueueTests {
  @Test func `timers come up by due time, then in the order set`() {
    var queue = TimerQueue()
    var order: [Int] = []
    _ = queue.add(due: Instant(milliseconds: 20)) { order.append(1) }
    _ = queue.add(due: Instant(milliseconds: 10)) { order.append(2) }
    _ = queue.add(due: Instant(milliseconds: 20)) { order.append(3) }
    let cancelled = queue.add(due: Instant(milliseconds: 5)) { order.append(4) }
    queue.cancel(cancelled)
    #expect(queue.nextDue() == Instant(milliseconds: 10))
    while let body = queue.popDue(now: Instant(milliseconds: 20)) { body() }
    #expect(order == [2, 1, 3])
    #expect(queue.nextDue() == nil)
  }

  @Test func `random timers come up sorted, and cancelling most of them frees them`() {
    var queue = TimerQueue()
    var random = SystemRandomNumberGenerator()
    var last: Int64 = -1
    var inOrder = true
    var tokens: [TimerToken] = []
    for _ in 0..<2_000 {
      let due = Int64.random(in: 0..<500, using: &random)
      let token = queue.add(due: Instant(milliseconds: due)) {
        if due < last { inOrder = false }
        last = due
      }
      tokens.append(token)
    }
    for token in tokens.prefix(1_900) { queue.cancel(token) }
    #expect(queue.count == 100)
    var fired = 0
    while let body = queue.popDue(now: Instant(milliseconds: 500)) {
      body()
      fired += 1
    }
    #expect(fired == 100)
    #expect(inOrder)
  }
}
