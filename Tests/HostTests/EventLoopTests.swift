import Testing

@testable import Host

@Suite struct EventLoopTests {
  @Test func `timers follow the loop's clock, and deferred work runs between them`() {
    var time: Int64 = 100
    let loop = EventLoop(clock: { Instant(milliseconds: time) })
    var log: [String] = []
    loop.schedule(afterMilliseconds: 10) {
      log.append("timer")
      loop.deferWork { log.append("deferred") }
    }
    loop.schedule(afterMilliseconds: 10) { log.append("second") }
    loop.runOnce(maximumMilliseconds: 0)
    #expect(log.isEmpty)
    time = 110
    loop.runOnce(maximumMilliseconds: 0)
    #expect(log == ["timer", "deferred", "second"])
  }

  @Test func `the longest turn is known, and how many were too long`() {
    var nanoseconds: UInt64 = 0
    let loop = EventLoop(clock: { Instant(milliseconds: 0) }, nanoseconds: { nanoseconds })
    for microseconds in [3_000, 25_000, 20_000, 40_000, 10] as [UInt64] {
      loop.schedule(afterMilliseconds: 0) { nanoseconds += microseconds * 1000 }
      loop.runOnce(maximumMilliseconds: 0)
      nanoseconds += 1
    }
    loop.runOnce(maximumMilliseconds: 0)
    #expect(loop.longestTurnMicroseconds == 40_000)
    #expect(loop.longTurnCount == 2)
  }

  @Test func `a timer that sets itself again for now does not starve the loop`() {
    let loop = EventLoop(clock: { Instant(milliseconds: 0) })
    var count = 0
    func again() {
      count += 1
      loop.schedule(afterMilliseconds: 0, again)
    }
    again()
    loop.runOnce(maximumMilliseconds: 0)
    #expect(count == 2)
  }

  @Test func `work that defers itself for ever leaves descriptors their turn`() {
    let loop = EventLoop(clock: { Instant(milliseconds: 0) })
    var count = 0
    func again() {
      count += 1
      if count == 1_000 { loop.stop() }
      loop.deferWork(again)
    }
    again()
    loop.run()
    #expect(count >= 1_000)
  }
}
