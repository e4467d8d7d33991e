import Testing

@testable import Switch

struct PortQueuesTests {
  @Test func `ports are taken from in turns, and each in its order`() {
    var queues = PortQueues<String>(capacity: 100)
    var isAdded = true
    for text in ["a1", "a2", "a3"] { isAdded = queues.add(text, port: 1) && isAdded }
    isAdded = queues.add("b1", port: 2) && isAdded
    for text in ["c1", "c2"] { isAdded = queues.add(text, port: 3) && isAdded }
    #expect(isAdded)
    var taken: [String] = []
    while let next = queues.take() { taken.append(next) }
    #expect(taken == ["a1", "b1", "c1", "a2", "c2", "a3"])
    #expect(queues.isEmpty)
  }

  @Test(arguments: [1, 2, 3, 7, 50]) func `ports that flood leave room for one that does not`(floods: UInt32)
  {
    var queues = PortQueues<UInt32>(capacity: 256)
    for round in 0..<1000 {
      for port in 1...floods { while queues.add(port, port: port) {} }
      #expect(queues.count <= 256 + Int(floods), "round \(round)")
      _ = queues.take()
    }
    let isAdded = queues.add(99, port: 99)
    #expect(isAdded)
    var turns = 0
    while let port = queues.take(), port != 99 { turns += 1 }
    #expect(turns <= Int(floods))
  }

  @Test func `many elements pass through a queue that is never empty`() {
    var queues = PortQueues<Int>(capacity: 100)
    _ = queues.add(0, port: 1)
    for number in 1..<1000 {
      _ = queues.add(number, port: 1)
      let taken = queues.take()
      #expect(taken == number - 1)
    }
    #expect(queues.count == 1)
  }
}
