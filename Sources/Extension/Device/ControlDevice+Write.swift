// What user mode writes: what the device is to know about the handle, and the start of a dump.

import Datapath

extension ControlDevice {
  /// Takes a message that is not answered by another.
  func write(_ message: NetlinkMessage, _ handle: OpenHandle) -> DeviceReply {
    switch message.body {
    case .control(.awaitEvent, _):
      guard handle.isInVportGroup else { return refuse(.wrongOperation, .invalidParameter) }
      return wait(handle, for: .event)
    case .control(.awaitPacket, _):
      guard handle.subscription != .none else { return refuse(.wrongOperation, .invalidParameter) }
      return wait(handle, for: .packet)
    case .control(.joinGroup, let request): return joinGroup(request, handle)
    case .control(.subscribePackets, let request): return subscribe(request, handle)
    case .networkDevice where message.header.flags.isSuperset(of: .dump):
      guard hasMemory(limits.stepByteCount + deviceCount * limits.deviceByteCount) else {
        return refuse(.noMemory, .insufficientResources)
      }
      handle.dump = RunningDump(devices: describeDevices(), message.header)
      return DeviceReply(.success)
    case .datapath, .vport, .flow, .tracking, .meter:
      guard let dump = engines.beginDump(message) else { return refuse(.wrongOperation, .invalidParameter) }
      handle.dump = RunningDump(dump)
      return DeviceReply(.success)
    case .control, .networkDevice, .packet, .error, .done: return refuse(.wrongOperation, .invalidParameter)
    }
  }

  /// Waits for something; then the control lock is still held.
  private func wait(_ handle: OpenHandle, for thing: AwaitedThing) -> DeviceReply {
    lock.acquire()
    let isReady = thing == .event ? !handle.events.isEmpty : !handle.packets.isEmpty
    if !isReady, handle.awaits.insert(thing).inserted { return .pending(thing) }
    lock.release()
    return isReady ? DeviceReply(.success) : refuse(.alreadyWaiting, .busy)
  }

  private func joinGroup(_ request: ControlMessage, _ handle: OpenHandle) -> DeviceReply {
    guard request.group == MulticastGroup.vport, let joins = request.joins, joins <= 1 else {
      return refuse(.malformedMessage, .invalidParameter)
    }
    locked {
      handle.isInVportGroup = joins == 1
      guard joins == 0 else { return }
      queuedByteCount -= handle.events.byteCount
      handle.events = MessageQueue()
      wake(handle, .event, .cancelled)
    }
    return DeviceReply(.success)
  }

  private func subscribe(_ request: ControlMessage, _ handle: OpenHandle) -> DeviceReply {
    guard let way = request.subscription, let subscription = OpenHandle.PacketSubscription(rawValue: way)
    else {
      return refuse(.malformedMessage, .invalidParameter)
    }
    // A handle has one number, and receives what is sent to that.
    guard (request.receiver ?? handle.processID) == handle.processID else {
      return refuse(.wrongAddress, .invalidParameter)
    }
    locked {
      handle.subscription = subscription
      guard subscription == .none else { return }
      abandonPackets(of: handle)
      wake(handle, .packet, .cancelled)
    }
    return DeviceReply(.success)
  }
}
