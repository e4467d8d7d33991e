/// Things on their way: each arrives at its time, and none overtakes another of the same line.
struct DelayLine<Item> {
  private var waiting: [(due: Int64, item: Item)] = []
  private var first = 0

  /// How many are on their way.
  var count: Int { waiting.count - first }

  /// When the next arrives.
  var nextDue: Int64? { first < waiting.count ? waiting[first].due : nil }

  /// Everything on its way, in order.
  var items: [Item] { waiting[first...].map { $0.item } }

  mutating func add(_ item: Item, due: Int64) {
    waiting.append((max(due, waiting.last?.due ?? due), item))
  }

  /// The next, if it has arrived.
  mutating func take(now: Int64) -> Item? {
    guard let due = nextDue, due <= now else { return nil }
    defer {
      first += 1
      if first == waiting.count { removeAll() }
    }
    return waiting[first].item
  }

  mutating func removeAll() {
    waiting = []
    first = 0
  }

  /// Leaves only the first few.
  mutating func cut(to count: Int) {
    waiting = Array(waiting[first..<first + min(count, self.count)]); first = 0
  }
}
