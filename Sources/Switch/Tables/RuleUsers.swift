/// The rules that name something by a number, such as a group or a meter.
struct RuleUsers {
  /// By that number, and by the rules' serial numbers.
  private var users: [UInt32: [UInt64: Rule]] = [:]

  /// The rules that name a number, in the order in which they were made.
  func rules(_ number: UInt32) -> [Rule] {
    users[number].map { $0.values.sorted { $0.serial < $1.serial } } ?? []
  }

  /// How many rules name a number.
  func count(_ number: UInt32) -> Int { users[number]?.count ?? 0 }

  /// Takes note of the numbers that a rule names.
  mutating func add(_ rule: Rule, _ numbers: [UInt32]) {
    for number in numbers { users[number, default: [:]][rule.serial] = rule }
  }

  /// Forgets a rule.
  mutating func remove(_ rule: Rule, _ numbers: [UInt32]) {
    for number in numbers {
      users[number]?[rule.serial] = nil
      if users[number]?.isEmpty == true { users[number] = nil }
    }
  }
}
