/// How long something has existed, as OpenFlow says it (OpenFlow 1.5.1, section 7.3.5.2).
struct Age {
  /// Whole seconds.
  let seconds: UInt32
  /// The rest, in nanoseconds.
  let nanoseconds: UInt32

  /// The time between two times in milliseconds; none if the clock has gone back.
  init(since start: Int64, now: Int64) {
    let milliseconds = max(0, now - start)
    seconds = UInt32(clamping: milliseconds / 1000)
    nanoseconds = UInt32(clamping: milliseconds % 1000 * 1_000_000)
  }
}
