/// Messages that wait to be read, first in, first out.
struct MessageQueue {
  private var messages: [[UInt8]] = []
  /// Where the oldest is; what is before it has been read.
  private var head = 0
  /// How many bytes the messages have together.
  private(set) var byteCount = 0

  /// How many messages there are.
  var count: Int { messages.count - head }
  /// Whether there is none.
  var isEmpty: Bool { head == messages.count }
  /// The oldest.
  var first: [UInt8]? { head < messages.count ? messages[head] : nil }

  mutating func append(_ message: [UInt8]) {
    messages.append(message)
    byteCount += message.count
  }

  mutating func popFirst() -> [UInt8]? {
    guard head < messages.count else { return nil }
    let message = messages[head]
    messages[head] = []
    head += 1
    byteCount -= message.count
    if head == messages.count {
      messages.removeAll(keepingCapacity: messages.count <= 64)
      head = 0
    } else if head >= 64, head * 2 >= messages.count {
      messages.removeFirst(head)
      head = 0
    }
    return message
  }
}
