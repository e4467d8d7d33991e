/// A point of the monotonic clock, which starts anywhere and never goes back.
public struct Instant: Comparable, Hashable, Sendable {
  /// Milliseconds since the clock's start.
  public var milliseconds: Int64

  /// Makes an instant from its milliseconds.
  public init(milliseconds: Int64) { self.milliseconds = milliseconds }

  /// The clock's present reading.
  public static var now: Instant {
    Instant(
      milliseconds: Int64(
        truncatingIfNeeded: AdjustableClock.milliseconds(of: Syscalls.monotonicNanoseconds())))
  }

  /// The instant that lies some milliseconds later, or the last representable one.
  public func advanced(byMilliseconds count: Int64) -> Instant {
    let (sum, overflow) = milliseconds.addingReportingOverflow(count)
    return Instant(milliseconds: overflow ? (count > 0 ? .max : .min) : sum)
  }

  /// Milliseconds from another instant to this one; negative if this one is earlier.
  public func milliseconds(since other: Instant) -> Int64 { milliseconds &- other.milliseconds }

  /// Whether one instant is before another.
  public static func < (left: Instant, right: Instant) -> Bool { left.milliseconds < right.milliseconds }
}

/// The calendar clock.
public enum WallClock {
  /// Milliseconds since 1970-01-01 00:00 UTC.
  public static var milliseconds: Int64 {
    Int64(truncatingIfNeeded: Syscalls.wallClockNanoseconds() / 1_000_000)
  }
}

/// A date and time of day in UTC, taken apart.
public struct CalendarTime: Equatable, Sendable {
  /// Year, such as 2026.
  public var year: Int
  /// Month, 1 to 12.
  public var month: Int
  /// Day of the month, from 1.
  public var day: Int
  /// Hour, 0 to 23.
  public var hour: Int
  /// Minute, 0 to 59.
  public var minute: Int
  /// Second, 0 to 59.
  public var second: Int
  /// Milliseconds within the second.
  public var millisecond: Int

  /// Takes a count of milliseconds since 1970-01-01 00:00 UTC apart.
  ///
  /// The proleptic Gregorian calendar in 400-year eras of 146,097 days, each beginning on 1 March so that the
  /// leap day comes last.
  public init(unixMilliseconds: Int64) {
    let dayLength: Int64 = 86_400_000
    var dayCount = unixMilliseconds / dayLength
    var rest = unixMilliseconds % dayLength
    if rest < 0 {
      rest += dayLength
      dayCount -= 1
    }
    let shifted = dayCount + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    day = Int(dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    month = Int(marchMonth < 10 ? marchMonth + 3 : marchMonth - 9)
    year = Int(yearOfEra + era * 400) + (month <= 2 ? 1 : 0)
    hour = Int(rest / 3_600_000)
    minute = Int(rest / 60_000 % 60)
    second = Int(rest / 1_000 % 60)
    millisecond = Int(rest % 1_000)
  }
}
