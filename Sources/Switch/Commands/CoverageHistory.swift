// What: how fast the switch's counters grew over the last five seconds, minute and hour (`coverage/show`).
//
// How: every five seconds the totals are noted in a ring of a minute, every minute in a ring of an hour. A rate is the
// difference between two notes; before the first note everything was zero.

/// The totals of a list of counters at regular times of the last hour.
struct CoverageHistory {
  /// The time between two notes, in milliseconds.
  static let intervalMilliseconds: Int64 = 5_000
  private static let intervalsPerMinute = 12
  private static let minutesPerHour = 60

  /// What the counters grew by in three spans of time.
  struct Growth: Equatable {
    /// In the last five seconds.
    var interval: UInt64 = 0
    /// In the last minute.
    var minute: UInt64 = 0
    /// In the last hour.
    var hour: UInt64 = 0
  }

  /// The latest notes, newest last: one more than spans, so that the oldest is where the longest span began.
  private var intervals: [[UInt64]] = []
  private var minutes: [[UInt64]] = []
  private var intervalsToMinute = CoverageHistory.intervalsPerMinute
  private var nextNote: Int64?

  /// Notes the totals if it is time; a time that was slept through is noted as the totals of now.
  mutating func advance(to now: Int64, totals: () -> [UInt64]) {
    guard let due = nextNote else {
      nextNote = now &+ Self.intervalMilliseconds
      return
    }
    guard now >= due else { return }
    let missed = (now &- due) / Self.intervalMilliseconds + 1
    nextNote = due &+ missed &* Self.intervalMilliseconds
    let current = totals()
    // What is older than the rings are long leaves no trace in them.
    for _ in 0..<min(missed, Int64(Self.intervalsPerMinute * Self.minutesPerHour)) { note(current) }
  }

  private mutating func note(_ totals: [UInt64]) {
    Self.append(totals, to: &intervals, capacity: Self.intervalsPerMinute + 1)
    intervalsToMinute -= 1
    guard intervalsToMinute == 0 else { return }
    intervalsToMinute = Self.intervalsPerMinute
    Self.append(totals, to: &minutes, capacity: Self.minutesPerHour + 1)
  }

  private static func append(_ totals: [UInt64], to ring: inout [[UInt64]], capacity: Int) {
    if ring.count == capacity { ring.removeFirst() }
    ring.append(totals)
  }

  /// What the counter at a place of the list grew by.
  func growth(at place: Int) -> Growth {
    func total(_ ring: [[UInt64]], _ back: Int) -> UInt64 {
      ring.count > back ? ring[ring.count - 1 - back][place] : 0
    }
    return Growth(
      interval: total(intervals, 0) &- total(intervals, 1),
      minute: total(intervals, 0) &- total(intervals, Self.intervalsPerMinute),
      hour: total(minutes, 0) &- total(minutes, Self.minutesPerHour))
  }
}

/// A count divided by a span of seconds, with a number of decimals, rounded to nearest.
func perSecond(_ count: UInt64, seconds: UInt64, decimals: Int) -> String {
  var scale: UInt64 = 1
  for _ in 0..<decimals { scale &*= 10 }
  let whole = count / seconds
  let fraction = ((count % seconds) &* scale &+ seconds / 2) / seconds
  let digits = String(fraction % scale)
  let zeros = String(repeating: "0", count: decimals - digits.utf8.count)
  return "\(whole &+ fraction / scale).\(zeros)\(digits)"
}
