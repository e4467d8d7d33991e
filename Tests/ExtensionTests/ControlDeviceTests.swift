import Datapath
import PacketWire
import Testing

@testable import Extension

/// A test that cannot go on.
struct Unexpected: Error {}

@Suite struct ControlDeviceTests {
  // MARK: Codes and handles

  @Test func `control codes are type 45000, functions 256 to 261, with their methods and access`() {
    // CTL_CODE(type, function, method, access); methods: buffered 0, in-direct 1, out-direct 2; access: read 1, write 2.
    func code(_ function: UInt32, _ method: UInt32, _ access: UInt32) -> UInt32 {
      45_000 << 16 | access << 14 | function << 2 | method
    }
    #expect(DeviceControlCode.getProcessID.rawValue == code(0x100, 0, 2))
    #expect(DeviceControlCode.read.rawValue == code(0x101, 2, 1))
    #expect(DeviceControlCode.readEvent.rawValue == code(0x102, 2, 1))
    #expect(DeviceControlCode.readPacket.rawValue == code(0x103, 2, 1))
    #expect(DeviceControlCode.write.rawValue == code(0x104, 1, 1))
    #expect(DeviceControlCode.transact.rawValue == code(0x105, 2, 2))
  }

  @Test func `every handle has a number of its own, and none comes again`() throws {
    let harness = DeviceHarness { $0.maximumHandleCount = 3 }
    var seen: Set<UInt32> = []
    for _ in 0..<50 {
      let handle = try #require(harness.device.open())
      #expect(seen.insert(handle).inserted)
      let reply = harness.control(handle, .getProcessID, capacity: 4)
      #expect(reply.status == .success)
      #expect(reply.bytes.count == 4 && ControlDevice.word(reply.bytes, at: 0) == handle)
      harness.device.close(handle)
    }
    #expect(harness.device.handleCount == 0)
    for _ in 0..<3 { _ = harness.device.open() }
    #expect(harness.device.open() == nil)
    #expect(harness.device.count(.tooManyHandles) == 1)
  }

  @Test func `a handle that is not open, and a code that is none, are refused`() throws {
    let harness = DeviceHarness()
    #expect(harness.control(77, .read).status == .invalidHandle)
    let handle = try #require(harness.device.open())
    let reply = harness.device.control(
      handle, code: 0xafc8_8418, input: [], capacity: 100, nowMilliseconds: 1)
    #expect(reply.status == .invalidRequest)
    #expect(harness.device.count(.unknownHandle) == 1)
    #expect(harness.device.count(.unknownControlCode) == 1)
    #expect(harness.control(handle, .getProcessID, capacity: 3).status == .bufferTooSmall)
    #expect(harness.control(handle, .transact, capacity: 23).status == .bufferTooSmall)
    #expect(harness.control(handle, .read, capacity: 23).status == .bufferTooSmall)
    #expect(harness.device.count(.bufferTooSmall) == 3)
  }

  // MARK: Requests

  @Test func `the datapath is there, has one name, and cannot be made again`() throws {
    let harness = DeviceHarness()
    let handle = try #require(harness.device.open())
    let known = NetlinkMessage.Body.datapath(.get, DatapathMessage(name: "ovs-system"))
    guard case .datapath(.new, let found)? = harness.transact(handle, known).first?.body else {
      throw Unexpected()
    }
    #expect(found.name == Array("ovs-system".utf8))
    #expect(found.statistics != nil)
    var unaddressed = harness.message(handle, known)
    unaddressed[20] = 5
    let answer = try NetlinkMessage.decode(harness.control(handle, .transact, unaddressed).bytes)
    #expect(answer.first?.header.datapathIndex == 0)
    #expect(
      harness.transact(handle, .datapath(.new, DatapathMessage(name: "ovs-system"))).map(\.body) == [
        .error(17)
      ])
    for command in [MessageCommand.new, .get, .delete] {
      #expect(
        harness.transact(handle, .datapath(command, DatapathMessage(name: "x"))).map(\.body) == [.error(19)])
    }
    #expect(harness.transact(handle, .datapath(.set, DatapathMessage(name: "x"))).map(\.body) == [.error(95)])
  }

  @Test func `an answer is one message: what was asked for, or else how it went, or else nothing`() throws {
    let harness = DeviceHarness()
    let handle = try #require(harness.device.open())
    let port = VportMessage(number: .init(1), type: .netdev, name: "p1")
    let echoed = harness.transact(handle, .vport(.new, port), [.request, .acknowledge, .echo])
    #expect(echoed.count == 1)
    guard case .vport(.new, let made)? = echoed.first?.body else { throw Unexpected() }
    #expect(made.number == .init(1))
    #expect(echoed.first?.header.processID == handle)
    #expect(harness.transact(handle, .vport(.set, port)).map(\.body) == [.error(0)])
    let reply = harness.control(handle, .transact, harness.message(handle, .vport(.set, port)))
    #expect(reply == DeviceReply(.success))
    #expect(harness.transact(handle, .vport(.new, port)).map(\.body) == [.error(17)])
    #expect(
      harness.transact(handle, .vport(.get, VportMessage(number: .init(9)))).map(\.body) == [.error(19)])
  }

  @Test func `dumps are written and read to their end, however small the reads`() throws {
    let harness = DeviceHarness()
    let handle = try #require(harness.device.open())
    for number in UInt32(1)...9 { harness.addPort(number, for: handle) }
    let whole = harness.dump(handle, .vport(.get, VportMessage()))
    #expect(whole.count == 10)
    #expect(whole.last?.body == .done)
    #expect(harness.dump(handle, .vport(.get, VportMessage()), capacity: 200) == renumbered(whole, by: 1))
    #expect(harness.dump(handle, .datapath(.get, DatapathMessage())).count == 2)
    #expect(harness.dump(handle, .flow(.get, FlowMessage(key: nil))).map(\.body) == [.done])
    // Nothing under way is nothing to read.
    #expect(harness.control(handle, .read) == DeviceReply(.success))
    // A read without room for a message leaves it for the next.
    _ = harness.write(handle, .vport(.get, VportMessage()), [.request, .dump])
    #expect(harness.control(handle, .read, capacity: 40).status == .bufferTooSmall)
    #expect(harness.control(handle, .read).bytes.count > 1000)
  }

  private func renumbered(_ messages: [NetlinkMessage], by step: UInt32) -> [NetlinkMessage] {
    messages.map { message in
      var message = message
      message.header.sequence += step
      return message
    }
  }

  @Test func `a second dump takes the place of the first`() throws {
    let harness = DeviceHarness()
    let handle = try #require(harness.device.open())
    for number in UInt32(1)...5 { harness.addPort(number, for: handle) }
    _ = harness.write(handle, .vport(.get, VportMessage()), [.request, .dump])
    _ = harness.control(handle, .read, capacity: 200)
    let flows = harness.dump(handle, .flow(.get, FlowMessage(key: nil)))
    #expect(flows.map(\.body) == [.done])
  }

  @Test func `a write that starts no dump, and a dump that is asked for as a transaction, are refused`()
    throws
  {
    let harness = DeviceHarness()
    let handle = try #require(harness.device.open())
    #expect(harness.write(handle, .vport(.get, VportMessage())).status == .invalidParameter)
    #expect(harness.write(handle, .flow(.delete, FlowMessage(key: nil))).status == .invalidParameter)
    #expect(
      harness.write(handle, .packet(.execute, PacketMessage(packet: harness.frame()))).status
        == .invalidParameter)
    let message = harness.message(handle, .vport(.get, VportMessage()), [.request, .dump])
    #expect(harness.control(handle, .transact, message).status == .invalidParameter)
    for command in [
      ControlCommand.awaitEvent, .awaitPacket, .joinGroup, .subscribePackets, .readEvent, .readPacket,
    ] {
      let message = harness.message(handle, .control(command, ControlMessage()))
      #expect(harness.control(handle, .transact, message).status == .invalidParameter)
    }
    for command in [ControlCommand.readEvent, .readPacket, .socketProperties, .counters] {
      #expect(harness.write(handle, .control(command, ControlMessage())).status == .invalidParameter)
    }
    #expect(harness.device.count(.wrongOperation) == 14)
  }

  @Test func `messages with another handle's number, another datapath's, or of an old version are refused`()
    throws
  {
    let harness = DeviceHarness()
    let handle = try #require(harness.device.open())
    let other = try #require(harness.device.open())
    let message = harness.message(other, .vport(.get, VportMessage(number: .init(1))))
    #expect(harness.control(handle, .transact, message).status == .invalidParameter)
    var wrong = harness.message(handle, .vport(.get, VportMessage(number: .init(1))))
    wrong[20] = 7
    #expect(harness.control(handle, .transact, wrong).status == .invalidParameter)
    #expect(harness.device.count(.wrongAddress) == 2)
    var old = harness.message(handle, .datapath(.get, DatapathMessage(name: "ovs-system")))
    old[17] = 1
    #expect(harness.control(handle, .transact, old).status == .invalidParameter)
    #expect(harness.device.count(.oldVersion) == 1)
  }

  @Test func `meters are set, told one by one and together, and removed`() throws {
    let harness = DeviceHarness()
    let handle = try #require(harness.device.open())
    let meter = DatapathMeter(countsKilobits: true, bands: [DatapathMeterBand(.drop, rate: 9, burst: 9)])
    for id in [UInt32(3), 200] {
      let reply = harness.transact(handle, .meter(.set, MeterMessage(id: id, meter)))
      #expect(reply.map(\.body) == [.meter(.set, MeterMessage(id: id))])
    }
    let one = harness.transact(handle, .meter(.get, MeterMessage(id: 3)))
    #expect(one.map(\.body) == [.meter(.get, MeterMessage(id: 3, meter))])
    let all = harness.dump(handle, .meter(.get, MeterMessage()))
    #expect(all.count == 3)
    #expect(all.last?.body == .done)
    #expect(harness.transact(handle, .meter(.delete, MeterMessage(id: 3))).count == 1)
    #expect(harness.transact(handle, .meter(.get, MeterMessage(id: 3))).map(\.body) == [.error(2)])
  }

  @Test func `families that are not there yet say so, and unknown ones are refused`() throws {
    let harness = DeviceHarness()
    let handle = try #require(harness.device.open())
    for family in UInt8(0)...40 where !(17...22).contains(family) && family != 24 && family != 25 {
      var message = harness.message(handle, .vport(.get, VportMessage()))
      message[4] = family
      let reply = harness.control(handle, .transact, message)
      if family == 23 {
        #expect(try NetlinkMessage.decode(reply.bytes).map(\.body) == [.error(95)])
      } else {
        #expect(reply.status == .invalidParameter)
      }
      #expect(harness.control(handle, .write, message).status == .invalidParameter)
    }
    #expect(harness.device.count(.unknownFamily) == 2 * 33)
    var message = harness.message(handle, .vport(.get, VportMessage()))
    message[16] = 99
    #expect(
      try NetlinkMessage.decode(harness.control(handle, .transact, message).bytes).map(\.body) == [.error(95)]
    )
    #expect(harness.control(handle, .write, message).status == .invalidParameter)
    #expect(harness.device.count(.unknownCommand) == 2)
  }

  @Test func `every truncation and extension of every request is refused or done, and counted`() throws {
    let harness = DeviceHarness()
    let handle = try #require(harness.device.open())
    var subscription = ControlMessage()
    subscription.subscription = 1
    subscription.receiver = handle
    let bodies: [NetlinkMessage.Body] = [
      .datapath(.get, DatapathMessage(name: "ovs-system")),
      .vport(.new, VportMessage(number: .init(2), type: .netdev, name: "p2")),
      .packet(.execute, PacketMessage(packet: harness.frame(), key: FlowKey(), actions: [.output(.init(2))])),
      .networkDevice(NetworkDeviceMessage(name: Array("p2".utf8))),
      .control(.subscribePackets, subscription),
    ]
    for body in bodies {
      let whole = harness.message(handle, body, [.request, .acknowledge])
      for count in 0..<whole.count {
        var cut = Array(whole[..<count])
        #expect(harness.control(handle, .transact, cut).status == .invalidParameter)
        #expect(harness.control(handle, .write, cut).status == .invalidParameter)
        // The same with a length that fits.
        if count >= 4 {
          cut[0] = UInt8(count & 0xff)
          cut[1] = UInt8(count >> 8)
        }
        for code in [DeviceControlCode.transact, .write] {
          let status = harness.control(handle, code, cut).status
          #expect(status == .invalidParameter || status == .success)
        }
      }
      #expect(harness.control(handle, .transact, whole + [0, 0, 0, 0]).status == .invalidParameter)
    }
    #expect(harness.device.count(.invalidRequestLength) > 0)
    #expect(harness.device.count(.malformedMessage) > 0)
  }

  @Test
  func `a request beyond the limit, or beyond the memory there is, is refused before it is carried out`()
    throws
  {
    let harness = DeviceHarness { $0.maximumRequestByteCount = 200 }
    let handle = try #require(harness.device.open())
    let packet = PacketMessage(packet: [UInt8](repeating: 0, count: 300), actions: [])
    #expect(
      harness.control(handle, .transact, harness.message(handle, .packet(.execute, packet))).status
        == .invalidParameter)
    #expect(harness.device.count(.invalidRequestLength) == 1)
    harness.device.hasMemory = { _ in false }
    #expect(harness.addPort(1, for: handle).map(\.body) == [.error(12)])
    harness.device.hasMemory = { $0 < 32 << 20 }
    #expect(harness.addPort(1, for: handle).map(\.body) == [.error(0)])
    #expect(harness.device.count(.noMemory) == 1)
    harness.device.hasMemory = { _ in false }
    #expect(
      harness.write(handle, .vport(.get, VportMessage()), [.request, .dump]).status == .insufficientResources)
  }

  @Test func `an answer that does not fit is counted`() throws {
    let harness = DeviceHarness()
    let handle = try #require(harness.device.open())
    let question = harness.message(handle, .datapath(.get, DatapathMessage(name: "ovs-system")))
    #expect(harness.control(handle, .transact, question, capacity: 24).status == .bufferTooSmall)
    #expect(harness.device.count(.bufferTooSmall) == 1)
  }

  @Test func `a handle's protocol is remembered, and its number told`() throws {
    let harness = DeviceHarness()
    let handle = try #require(harness.device.open())
    var message = ControlMessage()
    message.socketProtocol = 16
    let answer = harness.transact(handle, .control(.socketProperties, message))
    guard case .control(.socketProperties, let found)? = answer.first?.body else { throw Unexpected() }
    #expect(found.socketProtocol == 16)
    #expect(found.socketProcessID == handle)
  }

  @Test func `the counters can be asked for`() throws {
    let harness = DeviceHarness()
    let handle = try #require(harness.device.open())
    _ = harness.control(handle, .write, [])
    let answer = harness.transact(handle, .control(.counters, ControlMessage()))
    guard case .control(.counters, let found)? = answer.first?.body else { throw Unexpected() }
    #expect(found.counters.count == DeviceCounter.allCases.count)
    let name = Array("device_invalid_request_length".utf8)
    #expect(found.counters.first { $0.name == name }?.value == 1)
  }

  // MARK: Devices

  @Test func `devices are the switches' NICs, and ports that wait for theirs`() throws {
    let harness = DeviceHarness()
    let handle = try #require(harness.device.open())
    harness.nics = [
      NetworkPort(
        name: Array("external".utf8), ethernetAddress: MACAddress(0x0200_0000_0001),
        maximumTransmissionUnit: 1500,
        isConnected: true, bitsPerSecond: 10_000_000_000),
      NetworkPort(
        name: Array("p1".utf8), type: .internal, ethernetAddress: MACAddress(0x0200_0000_0002),
        maximumTransmissionUnit: 9000, isConnected: false),
    ]
    harness.addPort(1, for: handle)
    harness.addPort(2, for: handle, type: .internal)
    harness.addPort(3, for: handle, type: .vxlan)
    let messages = harness.dump(handle, .networkDevice(NetworkDeviceMessage()))
    let devices = messages.compactMap { message -> NetworkDeviceMessage? in
      if case .networkDevice(let device) = message.body { return device }
      return nil
    }
    #expect(devices.map { String(decoding: $0.name ?? [], as: UTF8.self) } == ["external", "p1", "p2"])
    #expect(devices.map(\.number) == [nil, .init(1), .init(2)])
    #expect(devices.map(\.flags) == [[.up, .running], .up, []])
    #expect(devices.map(\.maximumTransmissionUnit) == [1500, 9000, 0])
    #expect(devices[0].bitsPerSecond == 10_000_000_000)
    let named = NetworkDeviceMessage(name: Array("p1".utf8))
    #expect(harness.transact(handle, .networkDevice(named)).map(\.body) == [.networkDevice(devices[1])])
    let absent = NetworkDeviceMessage(name: Array("none".utf8))
    #expect(harness.transact(handle, .networkDevice(absent)).map(\.body) == [.error(19)])
    #expect(harness.transact(handle, .networkDevice(NetworkDeviceMessage())).map(\.body) == [.error(19)])
  }
}
