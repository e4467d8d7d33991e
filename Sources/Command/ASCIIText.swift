// Strings of a command line are bytes: these compare and change them without tables of Unicode.

public import Host

/// Whether two strings hold the same bytes.
func sameBytes(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }

extension String {
  /// The text with a to z as A to Z.
  var asciiUppercased: String {
    String(decoding: utf8.map { $0 >= 0x61 && $0 <= 0x7a ? $0 &- 32 : $0 }, as: UTF8.self)
  }

  /// The text with A to Z as a to z.
  public var asciiLowercased: String {
    String(decoding: utf8.map { $0 >= 0x41 && $0 <= 0x5a ? $0 &+ 32 : $0 }, as: UTF8.self)
  }

  /// The text with spaces, or zeros, before it, up to a width in bytes.
  func padded(toWidth width: Int, with filler: String = " ", onRight: Bool = false) -> String {
    let missing = width - utf8.count
    guard missing > 0 else { return self }
    let padding = String(repeating: filler, count: missing)
    return onRight ? self + padding : padding + self
  }
}

extension Int {
  /// The number in decimal, with zeros before it up to so many digits.
  func decimal(digits: Int) -> String { "\(self)".padded(toWidth: digits, with: "0") }
}

extension CalendarTime {
  /// The time as in "2026-11-22 13:43:25.678", in UTC.
  public var text: String {
    let date = "\(year.decimal(digits: 4))-\(month.decimal(digits: 2))-\(day.decimal(digits: 2))"
    let clock = "\(hour.decimal(digits: 2)):\(minute.decimal(digits: 2)):\(second.decimal(digits: 2))"
    return "\(date) \(clock).\(millisecond.decimal(digits: 3))"
  }
}
