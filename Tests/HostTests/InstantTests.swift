import Testing

@testable import Host

@Suite struct InstantTests {
  @Test func `calendar times agree with known dates`() {
    let known: [(Int64, [Int])] = [
      (0, [1970, 1, 1, 0, 0, 0, 0]),
      (951_782_400_000, [2000, 2, 29, 0, 0, 0, 0]),
      (1_709_164_799_999, [2024, 2, 28, 23, 59, 59, 999]),
      (1_709_164_800_000, [2024, 2, 29, 0, 0, 0, 0]),
      (4_107_542_400_000, [2100, 3, 1, 0, 0, 0, 0]),
      (-1, [1969, 12, 31, 23, 59, 59, 999]),
    ]
    for (milliseconds, parts) in known {
      let time = CalendarTime(unixMilliseconds: milliseconds)
      #expect(
        [time.year, time.month, time.day, time.hour, time.minute, time.second, time.millisecond] == parts)
    }
  }

  @Test func `advancing an instant does not overflow`() {
    #expect(Instant(milliseconds: 5).advanced(byMilliseconds: .max).milliseconds == .max)
    #expect(Instant(milliseconds: -5).advanced(byMilliseconds: .min).milliseconds == .min)
  }
}
