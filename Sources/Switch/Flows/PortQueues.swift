// What: a queue for each port, taken from in turns, with a limit for all together.
//
// Why: what one port sends must not make others wait, nor take their room.
//
// How: a port may have as many waiting as would leave room for one more port with as many. One alone has half of the room, two
// have a third each. A port that has nothing waiting finds room for one even if others have taken it all, which they do when
// they come one after another.

/// What waits, by the port that it came in by.
struct PortQueues<Element> {
  private struct Queue {
    var waiting: [Element] = []
    var next = 0
    var count: Int { waiting.count - next }
  }

  /// How much may wait in all, apart from what is the only one of its port.
  let capacity: Int
  private var queues: [UInt32: Queue] = [:]
  /// The ports for which something waits; the first one's turn is next.
  private var turns: [UInt32] = []
  /// How much waits.
  private(set) var count = 0

  init(capacity: Int) { self.capacity = capacity }

  /// Whether nothing waits.
  var isEmpty: Bool { count == 0 }

  /// Adds an element to a port's queue; false if the port has its share of the room.
  mutating func add(_ element: Element, port: UInt32) -> Bool {
    let known = queues[port]?.count ?? 0
    if known == 0 {
      turns.append(port)
    } else if known >= capacity / (turns.count + 1) || count >= capacity {
      return false
    }
    queues[port, default: Queue()].waiting.append(element)
    count += 1
    return true
  }

  /// Takes the oldest element of the port whose turn it is.
  mutating func take() -> Element? {
    guard let port = turns.first, var queue = queues.removeValue(forKey: port) else { return nil }
    turns.removeFirst()
    let element = queue.waiting[queue.next]
    queue.next += 1
    count -= 1
    guard queue.count > 0 else { return element }
    if queue.next >= 32, queue.next * 2 >= queue.waiting.count {
      queue.waiting.removeFirst(queue.next)
      queue.next = 0
    }
    queues[port] = queue
    turns.append(port)
    return element
  }

  /// Forgets everything.
  mutating func removeAll() {
    queues = [:]
    turns = []
    count = 0
  }
}
