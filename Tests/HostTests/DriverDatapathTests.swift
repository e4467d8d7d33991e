import Datapath
import Extension
import PacketWire
import Testing

@testable import Host

/// The extension's own device, reached without an operating system.
private final class DirectDevice: DriverDevice {
  let device: ControlDevice
  let number: UInt32
  var failure: SystemError?
  var calls: [DeviceControlCode] = []

  init(_ device: ControlDevice) {
    self.device = device
    number = device.open() ?? 0
  }

  func control(_ code: DeviceControlCode, _ input: [UInt8], capacity: Int) throws(SystemError) -> [UInt8] {
    if let failure { throw failure }
    calls.append(code)
    let reply = device.control(
      number, code: code.rawValue, input: input, capacity: capacity, nowMilliseconds: 50)
    guard reply.status == .success || reply.status == .pending else {
      throw SystemError(code: Int32(bitPattern: reply.status.rawValue))
    }
    return reply.bytes
  }
}

private struct Failure: Error {}

/// An extension, a daemon's handles on it, and the datapath as the daemon sees it.
private final class DriverHarness {
  let engines: EngineGroup
  let device: ControlDevice
  let requests: DirectDevice
  let packets: DirectDevice
  let notices: DriverConversation
  let datapath: DriverDatapath

  init(prepare: (DirectDevice) -> Void = { _ in }) throws {
    var configuration = EngineConfiguration()
    configuration.smallSlotCount = 64
    configuration.largeSlotCount = 2
    configuration.datapathIndex = 0
    engines = EngineGroup(count: 2, configuration)
    device = ControlDevice(engines)
    requests = DirectDevice(device)
    packets = DirectDevice(device)
    prepare(requests)
    notices = try DriverConversation(packets)
    try notices.subscribePackets()
    let conversation = try DriverConversation(requests)
    guard
      let found = try DriverDatapath(
        named: Array("ovs-system".utf8), as: 7, over: conversation, receiver: notices.processID)
    else { throw Failure() }
    datapath = found
  }

  /// A request as the daemon sends it.
  func request(
    _ body: NetlinkMessage.Body, _ flags: MessageFlags = [.request, .acknowledge], sequence: UInt32 = 9
  )
    throws
    -> [NetlinkMessage]
  {
    let header = NetlinkHeader(flags: flags, sequence: sequence, processID: 1, datapathIndex: 7)
    return try datapath.carryOut(NetlinkMessage(header, body).encode()).flatMap {
      try NetlinkMessage.decode($0)
    }
  }

  func addPort(_ number: UInt32) throws {
    var port = VportMessage(number: .init(number), type: .netdev, name: "p\(number)")
    port.upcallProcessIDs = [1]
    _ = try request(.vport(.new, port))
  }

  let frame: [UInt8] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5] + [UInt8](repeating: 3, count: 46)
}

@Suite struct DriverDatapathTests {
  @Test func `the datapath is found, and answers to the number that the daemon gave it`() throws {
    let harness = try DriverHarness()
    let answers = try harness.request(
      .datapath(.new, DatapathMessage(name: "ovs-system")), [.request, .acknowledge, .echo])
    #expect(answers.count == 2)
    guard case .datapath(.new, let description)? = answers.first?.body else { throw Failure() }
    #expect(description.name == Array("ovs-system".utf8))
    #expect(answers.first?.header.datapathIndex == 7)
    #expect(answers.allSatisfy { $0.header.sequence == 9 })
    #expect(answers.last?.body == .error(0))
  }

  @Test func `what a daemon before this one left is taken away`() throws {
    var left: [[UInt8]] = []
    let harness = try DriverHarness { old in
      let port = NetlinkMessage(
        NetlinkHeader(processID: old.number),
        .vport(.new, VportMessage(number: .init(3), type: .netdev, name: "old")))
      left.append((try? old.control(.transact, port.encode(), capacity: 1000)) ?? [])
    }
    #expect(left == [[]])
    #expect(try harness.request(.vport(.get, VportMessage()), [.request, .dump]).map(\.body) == [.done])
  }

  @Test func `an answer is followed by the acknowledgement that was asked for`() throws {
    let harness = try DriverHarness()
    let port = VportMessage(number: .init(3), type: .netdev, name: "p3")
    let echoed = try harness.request(.vport(.new, port), [.request, .acknowledge, .echo])
    #expect(echoed.count == 2)
    guard case .vport(.new, let made)? = echoed.first?.body else { throw Failure() }
    #expect(made.number == .init(3))
    #expect(echoed.last?.body == .error(0))
    #expect(try harness.request(.vport(.new, port)).map(\.body) == [.error(17)])
    #expect(try harness.request(.vport(.set, port)).map(\.body) == [.error(0)])
    #expect(try harness.request(.vport(.set, port), .request) == [])
  }

  @Test func `packets come to the daemon's handle, with the daemon's number of the datapath`() throws {
    let harness = try DriverHarness()
    try harness.addPort(4)
    let frame = harness.frame
    for _ in 0..<3 {
      _ = harness.engines.receive(RawSpan(_elements: frame.span), from: .init(4), on: 1)
    }
    harness.engines.process(nowMilliseconds: 60, on: 1)
    harness.device.deliver(upcalls: harness.engines.drainUpcalls(on: 1))
    let messages = try harness.notices.read(.readPacket).map { harness.datapath.received($0) }
    #expect(messages.count == 3)
    for message in messages {
      guard let decoded = try NetlinkMessage.decode(message).first,
        case .packet(.miss, let packet) = decoded.body
      else {
        throw Failure()
      }
      #expect(decoded.header.datapathIndex == 7)
      #expect(packet.packet == harness.frame)
    }
    #expect(try harness.notices.read(.readPacket) == [])
  }

  @Test func `flows are put, dumped and deleted`() throws {
    let harness = try DriverHarness()
    for number in UInt32(1)...60 {
      var key = FlowKey()
      key.words[0] = UInt64(number) << 32
      key.words[1] = 0x88b5
      var mask = FlowKey()
      mask.words[0] = ~0
      mask.words[1] = 0xffff
      mask.words[2] = 0xffff
      mask.words[5] = 0xffff_0000
      let identifier = FlowIdentifier(high: 1, low: UInt64(number))
      let message = FlowMessage(key: key, mask: mask, actions: [.output(.init(2))], identifier: identifier)
      #expect(
        try harness.request(.flow(.new, message), [.request, .acknowledge, .create]).map(\.body) == [
          .error(0)
        ])
    }
    let dump = try harness.request(.flow(.get, FlowMessage(key: nil)), [.request, .dump])
    #expect(dump.count == 61)
    #expect(dump.last?.body == .done)
    #expect(dump.dropLast().allSatisfy { $0.header.datapathIndex == 7 })
    var one = FlowMessage(key: nil, identifier: FlowIdentifier(high: 1, low: 5))
    one.identifierFlags = 7
    let last = try harness.request(.flow(.delete, one), [.request, .acknowledge, .echo])
    #expect(last.count == 2)
    #expect(try harness.request(.flow(.get, FlowMessage(key: nil)), [.request, .dump]).count == 60)
  }

  @Test func `a device that is gone is an error, and not an answer`() throws {
    let harness = try DriverHarness()
    harness.requests.failure = SystemError(code: 6)
    #expect(throws: SystemError.self) { try harness.addPort(1) }
  }

  @Test func `a datapath of another name is not there`() throws {
    let harness = try DriverHarness()
    let other = try DriverDatapath(
      named: Array("ovs-netdev".utf8), as: 8, over: DriverConversation(harness.requests), receiver: 1)
    #expect(other == nil)
  }

  @Test func `bytes that hold several messages are taken apart, and a cut one is dropped`() throws {
    let one = NetlinkMessage(NetlinkHeader(), .vport(.get, VportMessage(name: "abc"))).encode()
    for count in 0..<(one.count * 2) {
      let parts = DriverConversation.split(Array((one + one)[..<count]))
      #expect(parts == [[UInt8]](repeating: one, count: count / one.count))
    }
  }

  @Test func `devices are what the driver names, but for a bridge's own port without a NIC`() throws {
    let harness = try DriverHarness()
    harness.device.networkPorts = {
      [
        NetworkPort(
          name: Array("external".utf8), ethernetAddress: MACAddress(0x0200_0000_0001),
          maximumTransmissionUnit: 9000,
          isConnected: true, bitsPerSecond: 5)
      ]
    }
    try harness.addPort(1)
    _ = try harness.request(.vport(.new, VportMessage(number: .init(2), type: .internal, name: "br0")))
    let conversation = try DriverConversation(harness.requests)
    let answers = try conversation.request(.networkDevice(NetworkDeviceMessage()), [.request, .dump])
    let devices = answers.compactMap { answer -> NetworkDevice? in
      guard case .networkDevice(let message) = answer.body else { return nil }
      return NetworkDevice(message, place: 0)
    }
    #expect(devices.map(\.name) == ["external", "p1"])
    #expect(devices.map(\.isUp) == [true, false])
    #expect(devices.map(\.hasCarrier) == [true, false])
    #expect(devices.first?.maximumTransmissionUnit == 9000)
    #expect(devices.first?.ethernetAddress == MACAddress(0x0200_0000_0001))
    #expect(devices.first?.bitsPerSecond == 5)
  }
}
