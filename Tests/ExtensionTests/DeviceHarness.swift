import Datapath
import PacketWire
import TestSupport

@testable import Extension

/// A device with a datapath behind it, and what a driver does around them.
final class DeviceHarness {
  let engines: EngineGroup
  let device: ControlDevice
  var nics: [NetworkPort] = []
  var now: UInt64 = 100
  private var sequence: UInt32 = 0

  init(
    count: Int = 2, locks: EngineLocks = .none, controlLock: ControlLock = .none,
    _ change: (inout DeviceLimits) -> Void = { _ in }
  ) {
    var configuration = smallConfiguration()
    configuration.datapathIndex = 0
    engines = EngineGroup(count: count, configuration, locks: locks)
    var limits = DeviceLimits()
    change(&limits)
    device = ControlDevice(engines, limits: limits, lock: controlLock)
    device.networkPorts = { [unowned self] in nics }
  }

  /// A request to the device.
  func control(
    _ handle: UInt32, _ code: DeviceControlCode, _ input: [UInt8] = [], capacity: Int = 65_536,
    on processor: Int = 0
  ) -> DeviceReply {
    device.control(
      handle, code: code.rawValue, input: input, capacity: capacity, nowMilliseconds: now, on: processor)
  }

  /// A message of a handle.
  func message(_ handle: UInt32, _ body: NetlinkMessage.Body, _ flags: MessageFlags = .request) -> [UInt8] {
    sequence += 1
    return NetlinkMessage(NetlinkHeader(flags: flags, sequence: sequence, processID: handle), body).encode()
  }

  /// Carries out a request, and decodes the answer.
  func transact(
    _ handle: UInt32, _ body: NetlinkMessage.Body, _ flags: MessageFlags = [.request, .acknowledge]
  )
    -> [NetlinkMessage]
  {
    let reply = control(handle, .transact, message(handle, body, flags))
    guard reply.status == .success else { return [] }
    return (try? NetlinkMessage.decode(reply.bytes)) ?? []
  }

  func write(_ handle: UInt32, _ body: NetlinkMessage.Body, _ flags: MessageFlags = .request) -> DeviceReply {
    control(handle, .write, message(handle, body, flags))
  }

  /// Reads a dump to its end.
  func dump(_ handle: UInt32, _ body: NetlinkMessage.Body, capacity: Int = 65_536) -> [NetlinkMessage] {
    guard write(handle, body, [.request, .dump]).status == .success else { return [] }
    var messages: [NetlinkMessage] = []
    while true {
      let reply = control(handle, .read, capacity: capacity)
      if reply.bytes.isEmpty { return messages }
      messages += (try? NetlinkMessage.decode(reply.bytes)) ?? []
    }
  }

  /// Makes a port whose misses go to a handle.
  @discardableResult
  func addPort(
    _ number: UInt32, for handle: UInt32, type: VportType = .netdev, receiver: UInt32? = nil
  ) -> [NetlinkMessage] {
    var port = VportMessage(number: .init(number), type: type, name: "p\(number)")
    port.upcallProcessIDs = [receiver ?? handle]
    return transact(handle, .vport(.new, port))
  }

  func subscribe(_ handle: UInt32, _ way: UInt8 = 1) -> DeviceReply {
    var message = ControlMessage()
    message.subscription = way
    message.receiver = handle
    return write(handle, .control(.subscribePackets, message))
  }

  func join(_ handle: UInt32, _ joins: UInt8 = 1) -> DeviceReply {
    var message = ControlMessage()
    message.group = MulticastGroup.vport
    message.joins = joins
    return write(handle, .control(.joinGroup, message))
  }

  func wait(_ handle: UInt32, for thing: AwaitedThing) -> DeviceReply {
    write(handle, .control(thing == .event ? .awaitEvent : .awaitPacket, ControlMessage()))
  }

  /// Lets a port receive a packet, and hands what goes up to the device.
  func receive(_ packet: [UInt8], from port: UInt32, on processor: Int = 0) {
    let (_, up) = engines.run(packet, from: port, now: now, on: processor)
    device.deliver(upcalls: up)
  }

  func wakeUps() -> [WakeUp] {
    var result: [WakeUp] = []
    while let wakeUp = device.nextWakeUp() { result.append(wakeUp) }
    return result
  }

  /// A frame that differs by its last byte.
  func frame(_ number: UInt8 = 0) -> [UInt8] {
    [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5] + [UInt8](repeating: number, count: 46)
  }
}
