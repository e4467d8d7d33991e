/// Names one pending timer of an event loop.
public struct TimerToken: Hashable, Sendable {
  let number: UInt64
}

/// Pending timers ordered by due time, then by the order in which they were set: a binary heap that leaves
/// cancelled entries in place until they come up.
struct TimerQueue {
  private struct Entry {
    var due: Instant
    var number: UInt64

    func precedes(_ other: Entry) -> Bool {
      due < other.due || (due == other.due && number < other.number)
    }
  }

  private var heap: [Entry] = []
  private var bodies: [UInt64: () -> Void] = [:]
  private var nextNumber: UInt64 = 0

  /// How many timers are pending.
  var count: Int { bodies.count }

  /// When the next timer is due, if one is pending.
  mutating func nextDue() -> Instant? {
    while let first = heap.first {
      if bodies[first.number] != nil { return first.due }
      removeFirst()
    }
    return nil
  }

  /// Adds a timer.
  mutating func add(due: Instant, _ body: @escaping () -> Void) -> TimerToken {
    let number = nextNumber
    nextNumber &+= 1
    bodies[number] = body
    heap.append(Entry(due: due, number: number))
    siftUp(heap.count - 1)
    return TimerToken(number: number)
  }

  /// Forgets a timer; nothing happens if it has fired.
  mutating func cancel(_ token: TimerToken) {
    bodies[token.number] = nil
    // A program that sets and cancels far-off timers all day must not grow: rebuild when most are dead.
    guard heap.count > 64, heap.count > bodies.count &* 4 else { return }
    let live = heap.filter { bodies[$0.number] != nil }
    heap = []
    for entry in live {
      heap.append(entry)
      siftUp(heap.count - 1)
    }
  }

  /// Takes the first timer that is due at `now`, if any.
  mutating func popDue(now: Instant) -> (() -> Void)? {
    while let first = heap.first, first.due <= now {
      removeFirst()
      if let body = bodies.removeValue(forKey: first.number) { return body }
    }
    return nil
  }

  private mutating func removeFirst() {
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    siftDown(0)
  }

  private mutating func siftUp(_ start: Int) {
    var index = start
    while index > 0 {
      let parent = (index - 1) / 2
      guard heap[index].precedes(heap[parent]) else { return }
      heap.swapAt(index, parent)
      index = parent
    }
  }

  private mutating func siftDown(_ start: Int) {
    var index = start
    while true {
      var least = index
      for child in [2 * index + 1, 2 * index + 2]
      where child < heap.count && heap[child].precedes(heap[least]) {
        least = child
      }
      if least == index { return }
      heap.swapAt(index, least)
      index = least
    }
  }
}
