// What: the monotonic clock as all threads of the program see it: the system's, unless a test of a switch with dummy devices has stopped
// it or set it forward (`time/stop`, `time/warp`).

import Synchronization

/// The monotonic clock, which may be stopped and set forward.
public enum AdjustableClock {
  /// What the clock shows beyond the system's, in milliseconds.
  private static let shift = Atomic<Int64>(0)
  /// What the system's clock showed when this one was stopped, in milliseconds; -1 while it goes.
  private static let stop = Atomic<Int64>(-1)

  /// The clock's reading in milliseconds when the system's is at some nanoseconds.
  static func milliseconds(of nanoseconds: UInt64) -> UInt64 {
    let stopped = stop.load(ordering: .relaxed)
    let base = stopped >= 0 ? UInt64(stopped) : nanoseconds / 1_000_000
    return base &+ UInt64(bitPattern: shift.load(ordering: .relaxed))
  }

  /// Stops the clock; from then on only `advance` sets it forward.
  public static func halt() {
    let now = Int64(truncatingIfNeeded: Syscalls.monotonicNanoseconds() / 1_000_000)
    _ = stop.compareExchange(expected: -1, desired: now, ordering: .relaxed)
  }

  /// Sets the clock forward.
  public static func advance(byMilliseconds count: Int64) {
    shift.add(max(0, min(count, Self.maximumAdvance)), ordering: .relaxed)
  }

  /// The most that the clock is set forward at once, in milliseconds: a year.
  private static let maximumAdvance: Int64 = 365 * 86_400_000
}
