import Testing

@testable import Host

@Suite struct AdjustableClockTests {
  /// One test, in a process of its own: the clock is that of the process.
  @Test func `the clock stands still when told to, and goes forward by what is asked`() async {
    await #expect(processExitsWith: .success) {
      let before = Instant.now
      AdjustableClock.advance(byMilliseconds: 60_000)
      #expect(Instant.now.milliseconds(since: before) >= 60_000)
      AdjustableClock.halt()
      let stopped = Instant.now
      Process.sleep(milliseconds: 20)
      #expect(Instant.now == stopped)
      AdjustableClock.halt()
      AdjustableClock.advance(byMilliseconds: 500)
      AdjustableClock.advance(byMilliseconds: -500)
      #expect(Instant.now.milliseconds(since: stopped) == 500)
    }
  }
}
