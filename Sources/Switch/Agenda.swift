/// What is due when: a heap of times, from which what is due is taken without looking at what is not.
struct Agenda<Key: Hashable & Comparable> {
  private struct Entry {
    var time: Int64
    var key: Key

    static func precedes(_ left: Entry, _ right: Entry) -> Bool {
      left.time != right.time ? left.time < right.time : left.key < right.key
    }
  }
  /// A binary heap: the earliest entry comes first.
  ///
  /// Entries whose time is not that of `times` any more count for nothing.
  private var heap: [Entry] = []
  private var times: [Key: Int64] = [:]

  init() {}

  /// The earliest time at which something is due.
  var first: Int64? { heap.first?.time }

  /// What is due first.
  var firstKey: Key? { heap.first?.key }

  /// Says when a key is due; nil for never.
  mutating func set(_ key: Key, _ time: Int64?) {
    guard times[key] != time else { return }
    times[key] = time
    if let time { push(Entry(time: time, key: key)) }
    dropStale()
    if heap.count > 2 * times.count + 16 { rebuild() }
  }

  /// Takes out the keys that are due, in their order.
  mutating func take(until now: Int64) -> [Key] {
    var due: [Key] = []
    while let entry = heap.first, entry.time <= now {
      pop()
      guard times[entry.key] == entry.time else { continue }
      times[entry.key] = nil
      due.append(entry.key)
    }
    dropStale()
    return due.sorted()
  }

  /// Takes out what is not due any more from the top.
  private mutating func dropStale() {
    while let entry = heap.first, times[entry.key] != entry.time { pop() }
  }

  private mutating func rebuild() {
    heap = []
    for (key, time) in times { push(Entry(time: time, key: key)) }
  }

  private mutating func push(_ entry: Entry) {
    heap.append(entry)
    var place = heap.count - 1
    while place > 0 {
      let parent = (place - 1) / 2
      guard Entry.precedes(heap[place], heap[parent]) else { return }
      heap.swapAt(place, parent)
      place = parent
    }
  }

  private mutating func pop() {
    guard let last = heap.popLast(), !heap.isEmpty else { return }
    heap[0] = last
    var place = 0
    while true {
      var least = place
      for child in [2 * place + 1, 2 * place + 2] where child < heap.count {
        if Entry.precedes(heap[child], heap[least]) { least = child }
      }
      guard least != place else { return }
      heap.swapAt(place, least)
      place = least
    }
  }
}
