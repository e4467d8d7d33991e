import Datapath
import TestSupport
import Testing

@testable import Extension

@Suite struct DeviceDeliveryTests {
  private func packet(_ reply: DeviceReply) throws -> (PacketMessage.Command, PacketMessage) {
    guard case .packet(let command, let message)? = try NetlinkMessage.decode(reply.bytes).first?.body else {
      throw Unexpected()
    }
    return (command, message)
  }

  // MARK: Packets

  @Test func `a miss goes to the handle that the port names, and to no other`() throws {
    let harness = DeviceHarness()
    let handles = try (0..<3).map { _ in try #require(harness.device.open()) }
    for handle in handles { #expect(harness.subscribe(handle).status == .success) }
    harness.addPort(1, for: handles[0])
    harness.addPort(2, for: handles[1])
    harness.receive(harness.frame(1), from: 1)
    harness.receive(harness.frame(2), from: 2, on: 1)
    let (command, first) = try packet(harness.control(handles[0], .readPacket))
    #expect(command == .miss)
    #expect(first.packet == harness.frame(1))
    #expect(first.key?.words[0] == 1 << 32)
    #expect(try packet(harness.control(handles[1], .readPacket)).1.packet == harness.frame(2))
    for handle in handles { #expect(harness.control(handle, .readPacket) == DeviceReply(.success)) }
  }

  @Test
  func `what an action sends up goes to the handle that it names, else to the port's, else to the oldest`()
    throws
  {
    let harness = DeviceHarness()
    let handles = try (0..<3).map { _ in try #require(harness.device.open()) }
    for handle in handles.dropFirst() { _ = harness.subscribe(handle) }
    harness.addPort(1, for: handles[2])
    func execute(_ port: UInt64, _ receiver: UInt32) {
      var key = FlowKey()
      key.words[0] = port << 32
      let action = UserspaceAction(processID: receiver, userData: [9])
      let message = PacketMessage(packet: harness.frame(), key: key, actions: [.userspace(action)])
      _ = harness.transact(handles[0], .packet(.execute, message))
      harness.device.deliver(upcalls: harness.engines.drainUpcalls(on: 0))
    }
    execute(1, handles[1])
    #expect(harness.control(handles[1], .readPacket).bytes.isEmpty == false)
    execute(1, 0)
    #expect(harness.control(handles[2], .readPacket).bytes.isEmpty == false)
    execute(77, 0)
    let (command, message) = try packet(harness.control(handles[1], .readPacket))
    #expect(command == .action)
    #expect(message.userData == [9])
    execute(1, handles[0])
    #expect(harness.device.count(.packetWithoutReceiver) == 1)
  }

  @Test func `a packet for nobody is counted as lost, by the device and by the datapath`() throws {
    let harness = DeviceHarness()
    let handle = try #require(harness.device.open())
    harness.addPort(1, for: handle, receiver: 0)
    harness.addPort(2, for: handle, receiver: 99)
    harness.addPort(3, for: handle)
    for port in UInt32(1)...3 { harness.receive(harness.frame(), from: port) }
    #expect(harness.device.count(.packetWithoutReceiver) == 3)
    let answer = harness.transact(handle, .datapath(.get, DatapathMessage(name: "ovs-system")))
    guard case .datapath(_, let description)? = answer.first?.body else { throw Unexpected() }
    #expect(description.statistics?.lost == 3)
    #expect(description.statistics?.misses == 3)
  }

  @Test func `a waiting read is woken by the packet, once`() throws {
    let harness = DeviceHarness()
    let handle = try #require(harness.device.open())
    #expect(harness.wait(handle, for: .packet).status == .invalidParameter)
    _ = harness.subscribe(handle)
    harness.addPort(1, for: handle)
    #expect(harness.wait(handle, for: .packet) == .pending(.packet))
    #expect(harness.wait(handle, for: .packet).status == .busy)
    #expect(harness.device.count(.alreadyWaiting) == 1)
    harness.receive(harness.frame(1), from: 1)
    harness.receive(harness.frame(2), from: 1)
    #expect(harness.wakeUps() == [WakeUp(handle: handle, thing: .packet, status: .success)])
    // With packets to read there is nothing to wait for.
    #expect(harness.wait(handle, for: .packet).status == .success)
    for _ in 0..<2 { _ = harness.control(handle, .readPacket) }
    #expect(harness.wait(handle, for: .packet).status == .pending)
  }

  @Test func `a queue has a limit, and what it loses is counted`() throws {
    let harness = DeviceHarness { $0.maximumPacketCount = 5 }
    let handle = try #require(harness.device.open())
    _ = harness.subscribe(handle)
    harness.addPort(1, for: handle)
    for number in UInt8(0)..<9 { harness.receive(harness.frame(number), from: 1) }
    #expect(harness.device.count(.packetQueueFull) == 4)
    for number in UInt8(0)..<5 {
      #expect(try packet(harness.control(handle, .readPacket)).1.packet == harness.frame(number))
    }
    #expect(harness.control(handle, .readPacket).bytes.isEmpty)
    harness.receive(harness.frame(77), from: 1)
    #expect(try packet(harness.control(handle, .readPacket)).1.packet == harness.frame(77))
  }

  @Test func `bytes have limits too, of one handle and of all`() throws {
    let harness = DeviceHarness {
      $0.maximumPacketByteCount = 1_000
      $0.maximumQueuedByteCount = 1_500
    }
    let handles = try (0..<2).map { _ in try #require(harness.device.open()) }
    for (place, handle) in handles.enumerated() {
      _ = harness.subscribe(handle)
      harness.addPort(UInt32(place + 1), for: handle)
      for _ in 0..<10 { harness.receive(harness.frame(), from: UInt32(place + 1)) }
    }
    let first = try #require(harness.device.handles[handles[0]]?.packets.byteCount)
    let second = try #require(harness.device.handles[handles[1]]?.packets.byteCount)
    #expect(first > 500 && first <= 1_000)
    #expect(second > 0 && first + second <= 1_500)
    #expect(harness.device.queuedByteCount == first + second)
    harness.device.close(handles[0])
    #expect(harness.device.queuedByteCount == second)
    while !harness.control(handles[1], .readPacket).bytes.isEmpty {}
    #expect(harness.device.queuedByteCount == 0)
  }

  @Test func `a handle may read as many packets at a time as there is room for`() throws {
    let harness = DeviceHarness()
    let handle = try #require(harness.device.open())
    #expect(harness.subscribe(handle, 2).status == .success)
    harness.addPort(1, for: handle)
    for number in UInt8(0)..<7 { harness.receive(harness.frame(number), from: 1) }
    let single = try #require(harness.device.handles[handle]?.packets.first?.count)
    let reply = harness.control(handle, .readPacket, capacity: 3 * single + 10)
    #expect(reply.bytes.count == 3 * single)
    #expect(try NetlinkMessage.decode(reply.bytes).count == 3)
    #expect(try NetlinkMessage.decode(harness.control(handle, .readPacket).bytes).count == 4)
  }

  @Test func `a read without room leaves the packet where it is`() throws {
    let harness = DeviceHarness()
    let handle = try #require(harness.device.open())
    _ = harness.subscribe(handle)
    harness.addPort(1, for: handle)
    harness.receive(harness.frame(), from: 1)
    #expect(harness.control(handle, .readPacket, capacity: 50).status == .bufferTooSmall)
    #expect(try packet(harness.control(handle, .readPacket)).1.packet == harness.frame())
  }

  @Test func `who ceases to receive loses what waits, and is no longer waiting`() throws {
    let harness = DeviceHarness()
    let handle = try #require(harness.device.open())
    _ = harness.subscribe(handle)
    #expect(harness.control(handle, .readPacket) == DeviceReply(.success))
    harness.addPort(1, for: handle)
    _ = harness.wait(handle, for: .packet)
    #expect(harness.subscribe(handle, 0).status == .success)
    #expect(harness.wakeUps() == [WakeUp(handle: handle, thing: .packet, status: .cancelled)])
    #expect(harness.control(handle, .readPacket).status == .invalidParameter)
    _ = harness.subscribe(handle)
    harness.receive(harness.frame(), from: 1)
    _ = harness.subscribe(handle, 0)
    #expect(harness.device.count(.packetAbandoned) == 1)
    #expect(harness.device.queuedByteCount == 0)
    #expect(harness.subscribe(handle, 3).status == .invalidParameter)
    var other = ControlMessage()
    other.subscription = 1
    other.receiver = handle + 1
    #expect(harness.write(handle, .control(.subscribePackets, other)).status == .invalidParameter)
  }

  // MARK: Cancel and close

  @Test func `a cancelled wait is forgotten, and another may follow`() throws {
    let harness = DeviceHarness()
    let handle = try #require(harness.device.open())
    _ = harness.subscribe(handle)
    _ = harness.join(handle)
    harness.addPort(1, for: handle)
    _ = harness.control(handle, .readEvent)
    for thing in AwaitedThing.allCases { #expect(harness.wait(handle, for: thing).status == .pending) }
    harness.device.cancel(handle, .packet)
    harness.device.cancel(handle, .packet)
    harness.device.cancel(99, .event)
    #expect(harness.device.count(.cancelled) == 1)
    harness.receive(harness.frame(), from: 1)
    #expect(harness.wakeUps() == [])
    _ = harness.control(handle, .readPacket)
    #expect(harness.wait(handle, for: .packet).status == .pending)
    harness.device.publish(networkPort: [1], isPresent: true)
    #expect(harness.wakeUps() == [WakeUp(handle: handle, thing: .event, status: .success)])
  }

  @Test func `closing ends what waits, and throws away what was to be read`() throws {
    let harness = DeviceHarness()
    let handle = try #require(harness.device.open())
    _ = harness.subscribe(handle)
    _ = harness.join(handle)
    for thing in AwaitedThing.allCases { _ = harness.wait(handle, for: thing) }
    harness.device.close(handle)
    let expected = AwaitedThing.allCases.map { WakeUp(handle: handle, thing: $0, status: .cancelled) }
    let found = harness.wakeUps()
    #expect(found.count == 2 && expected.allSatisfy(found.contains))
    let second = try #require(harness.device.open())
    _ = harness.subscribe(second)
    harness.addPort(1, for: second)
    harness.receive(harness.frame(), from: 1)
    harness.device.close(second)
    harness.device.close(second)
    #expect(harness.device.count(.packetAbandoned) == 1)
    #expect(harness.device.queuedByteCount == 0)
    #expect(harness.control(second, .readPacket).status == .invalidHandle)
    harness.receive(harness.frame(), from: 1)
    #expect(harness.device.count(.packetWithoutReceiver) == 1)
  }

  // MARK: Events

  @Test func `those who joined the group hear of ports that come, change and go`() throws {
    let harness = DeviceHarness()
    let handles = try (0..<3).map { _ in try #require(harness.device.open()) }
    for handle in handles.dropFirst() { #expect(harness.join(handle).status == .success) }
    #expect(harness.wait(handles[0], for: .event).status == .invalidParameter)
    #expect(harness.wait(handles[1], for: .event) == .pending(.event))
    harness.addPort(4, for: handles[0])
    #expect(harness.wakeUps() == [WakeUp(handle: handles[1], thing: .event, status: .success)])
    _ = harness.transact(handles[0], .vport(.set, VportMessage(number: .init(4))))
    _ = harness.transact(handles[0], .vport(.delete, VportMessage(number: .init(4))))
    _ = harness.transact(handles[0], .vport(.delete, VportMessage(number: .init(4))))
    for handle in handles.dropFirst() {
      var commands: [MessageCommand] = []
      while true {
        let reply = harness.control(handle, .readEvent)
        guard !reply.bytes.isEmpty else { break }
        guard case .vport(let command, let port)? = try NetlinkMessage.decode(reply.bytes).first?.body else {
          throw Unexpected()
        }
        #expect(port.name == Array("p4".utf8))
        commands.append(command)
      }
      #expect(commands == [.new, .new, .delete])
    }
    #expect(harness.control(handles[0], .readEvent) == DeviceReply(.success))
  }

  @Test func `events beyond the limit are lost and counted, and leaving the group ends them`() throws {
    let harness = DeviceHarness { $0.maximumEventCount = 3 }
    let handle = try #require(harness.device.open())
    _ = harness.join(handle)
    for _ in 0..<5 { harness.device.publish(networkPort: [65], isPresent: false) }
    #expect(harness.device.count(.eventQueueFull) == 2)
    #expect(harness.control(handle, .readEvent, capacity: 10).status == .bufferTooSmall)
    #expect(harness.join(handle, 0).status == .success)
    #expect(harness.control(handle, .readEvent).bytes.isEmpty)
    #expect(harness.device.queuedByteCount == 0)
    _ = harness.join(handle)
    _ = harness.wait(handle, for: .event)
    _ = harness.join(handle, 0)
    #expect(harness.wakeUps() == [WakeUp(handle: handle, thing: .event, status: .cancelled)])
    var other = ControlMessage()
    other.group = 7
    other.joins = 1
    #expect(harness.write(handle, .control(.joinGroup, other)).status == .invalidParameter)
    other.group = MulticastGroup.vport
    other.joins = 2
    #expect(harness.write(handle, .control(.joinGroup, other)).status == .invalidParameter)
  }
}

@Suite struct MessageQueueTests {
  @Test func `messages come out as they went in, and are counted`() {
    var random = SeededRandom(seed: 3)
    var queue = MessageQueue()
    var model: [[UInt8]] = []
    for step in 0..<5000 {
      if random.below(5) < (step / 1000 % 2 == 0 ? 3 : 2) {
        let message = [UInt8](repeating: UInt8(step & 0xff), count: random.below(20))
        queue.append(message)
        model.append(message)
      } else {
        let expected = model.isEmpty ? nil : model.removeFirst()
        #expect(queue.popFirst() == expected)
      }
      #expect(queue.count == model.count)
      #expect(queue.first == model.first)
      #expect(queue.isEmpty == model.isEmpty)
      #expect(queue.byteCount == model.reduce(0) { $0 + $1.count })
    }
  }
}
