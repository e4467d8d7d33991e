import Datapath
import Extension
import PacketWire

/// A device with a datapath behind it, made anew for each input, so that an input that fails does so again by itself.
final class FuzzedDevice {
  let engines: EngineGroup
  let device: ControlDevice
  var handles: [UInt32] = []
  /// Which requests wait, as a driver knows.
  var waiting: Set<UInt64> = []
  var now: UInt64 = 1

  init() {
    var configuration = EngineConfiguration()
    configuration.smallSlotCount = 16
    configuration.largeSlotCount = 1
    configuration.maximumFlowCount = 64
    configuration.maximumMaskCount = 8
    configuration.maximumPortCount = 16
    configuration.maximumOutputCount = 32
    configuration.maximumUpcallCount = 16
    configuration.initialCacheSetCount = 4
    configuration.maximumCacheSetCount = 8
    configuration.datapathIndex = 0
    engines = EngineGroup(count: 2, configuration)
    var limits = DeviceLimits()
    limits.maximumHandleCount = 4
    limits.maximumPacketCount = 4
    limits.maximumEventCount = 4
    limits.maximumQueuedByteCount = 4_096
    device = ControlDevice(engines, limits: limits)
    let nic = NetworkPort(
      name: [0x70, 0x31], ethernetAddress: MACAddress(0x0200_0000_0001), maximumTransmissionUnit: 1500,
      isConnected: true)
    device.networkPorts = { [nic] }
  }

  /// Carries out a request, and checks what must hold whatever it is.
  func control(_ handle: UInt32, _ code: UInt32, _ input: [UInt8], capacity: Int) {
    let processor = Int(handle & 1)
    let reply = device.control(
      handle, code: code, input: input, capacity: capacity, nowMilliseconds: now, on: processor)
    precondition(reply.bytes.count <= capacity)
    precondition((reply.status == .pending) == (reply.awaits != nil))
    if let thing = reply.awaits {
      precondition(waiting.insert(UInt64(handle) << 1 | UInt64(thing.rawValue)).inserted)
    }
    drain(processor)
  }

  /// Sends nowhere what the engines have to send, delivers what goes up, and completes what is to be woken.
  func drain(_ processor: Int) {
    while let output = engines.nextOutput(on: processor) {
      engines.finishOutput(output, sent: output.count, on: processor)
    }
    device.deliver(upcalls: engines.drainUpcalls(on: processor))
    while let wakeUp = device.nextWakeUp() {
      precondition(waiting.remove(UInt64(wakeUp.handle) << 1 | UInt64(wakeUp.thing.rawValue)) != nil)
    }
  }
}

/// The input is a row of steps: what to do, with which handle, how many bytes follow, and those bytes.
func fuzz(_ input: Span<UInt8>) {
  let fuzzed = FuzzedDevice()
  if let first = fuzzed.device.open() { fuzzed.handles.append(first) }
  var position = 0
  while position + 4 <= input.count {
    let what = input[position]
    let which = Int(input[position + 1])
    let count = min(Int(input[position + 2]) | Int(input[position + 3]) << 8, input.count - position - 4)
    var bytes: [UInt8] = []
    for index in 0..<count { bytes.append(input[position + 4 + index]) }
    position += 4 + count
    fuzzed.now += 1
    let handle = fuzzed.handles.isEmpty ? 0 : fuzzed.handles[which % fuzzed.handles.count]
    step(fuzzed, what & 15, handle, which, bytes)
    precondition(fuzzed.device.handleCount == fuzzed.handles.count)
  }
  for handle in fuzzed.handles { fuzzed.device.close(handle) }
  fuzzed.drain(0)
  precondition(fuzzed.waiting.isEmpty)
}

private func step(_ fuzzed: FuzzedDevice, _ what: UInt8, _ handle: UInt32, _ which: Int, _ bytes: [UInt8]) {
  let codes = DeviceControlCode.allCases
  switch what {
  case 0: if let made = fuzzed.device.open() { fuzzed.handles.append(made) }
  case 1:
    fuzzed.device.close(handle)
    fuzzed.handles.removeAll { $0 == handle }
    fuzzed.drain(0)
  case 2:
    let thing: AwaitedThing = which & 1 == 0 ? .packet : .event
    if fuzzed.waiting.remove(UInt64(handle) << 1 | UInt64(thing.rawValue)) != nil {
      fuzzed.device.cancel(handle, thing)
    }
  case 3:
    _ = fuzzed.engines.receive(
      RawSpan(_elements: bytes.span), from: .init(UInt32(which & 3)), on: which & 1)
    fuzzed.engines.process(nowMilliseconds: fuzzed.now, on: which & 1)
    fuzzed.drain(which & 1)
  case 4: fuzzed.device.publish(networkPort: bytes, isPresent: which & 1 == 0)
  case 5: fuzzed.control(handle, UInt32(which) << 2 | 0xafc8_8000, bytes, capacity: 128)
  case 6...9: fuzzed.control(handle, codes[Int(what - 6)].rawValue, bytes, capacity: which * 8)
  default:
    // A request with the headers right, so that what follows them is looked at.
    var message = bytes
    if message.count >= 24 {
      store(UInt32(message.count), in: &message, at: 0)
      store(handle, in: &message, at: 12)
      store(0, in: &message, at: 20)
      message[17] = 2
      message[5] = 0
      message[4] = 17 + message[4] % 9
    }
    let code: DeviceControlCode = what < 13 ? .transact : .write
    fuzzed.control(handle, code.rawValue, message, capacity: 4_096)
  }
}

private func store(_ value: UInt32, in bytes: inout [UInt8], at offset: Int) {
  for index in 0..<4 { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(8 * index)) }
}
