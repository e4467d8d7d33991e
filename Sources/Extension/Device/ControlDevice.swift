// What: the device `\\.\OpenvSwitchDevice`, without the operating system: handles, the requests that come by them, the
// packets and events that wait in them, and the requests that wait for those.
//
// How a driver uses it: `open`, `close`, `control` and `cancel` when the system says so; `deliver` with the messages that
// the engines have for the daemon; `publish` when a NIC comes, goes or changes. After each of them `nextWakeUp` names the
// pended requests that are to be completed. A pended request is the driver's; here only stands that there is one.
//
// All calls come one at a time, from whoever holds the device's lock. Nothing in here waits, and nothing that user mode
// says can do more than be refused and counted.

import Datapath

/// The control device of the extension.
public final class ControlDevice {
  let pipelines: Pipelines
  let limits: DeviceLimits
  /// Says whether so many bytes may be taken from the heap; asked before a request is carried out.
  public var hasMemory: (Int) -> Bool = { _ in true }
  /// Names the NICs of the virtual switches.
  public var networkPorts: () -> [NetworkPort] = { [] }

  var handles: [UInt32: OpenHandle] = [:]
  var counters = DeviceCounters()
  /// Bytes that wait in all handles.
  var queuedByteCount = 0
  private var wakeUps: [WakeUp] = []
  private var lastProcessID: UInt32 = 0

  /// Makes a device that no one has opened.
  public init(_ pipelines: Pipelines, limits: DeviceLimits = DeviceLimits()) {
    self.pipelines = pipelines
    self.limits = limits
  }

  /// The most bytes that a request may have.
  public var maximumRequestByteCount: Int { limits.maximumRequestByteCount }

  /// How many handles are open.
  public var handleCount: Int { handles.count }

  /// How often something was refused, lost or dropped.
  public func count(_ counter: DeviceCounter) -> UInt64 { counters[counter] }

  // MARK: Handles

  /// Opens the device; the number names the handle from now on, and is its netlink port.
  ///
  /// `nil` means that there are too many handles.
  public func open() -> UInt32? {
    guard handles.count < limits.maximumHandleCount else {
      counters.count(.tooManyHandles)
      return nil
    }
    // Zero is nobody, and a number must not come again while its old owner may still be named somewhere.
    repeat { lastProcessID &+= 1 } while lastProcessID == 0 || handles[lastProcessID] != nil
    handles[lastProcessID] = OpenHandle(processID: lastProcessID)
    return lastProcessID
  }

  /// Closes a handle; its pended requests end as cancelled.
  public func close(_ number: UInt32) {
    guard let handle = handles.removeValue(forKey: number) else { return }
    for thing in AwaitedThing.allCases where handle.awaits.contains(thing) {
      wakeUps.append(WakeUp(handle: number, thing: thing, status: .cancelled))
    }
    abandonPackets(of: handle)
    queuedByteCount -= handle.events.byteCount
  }

  /// Notes that the driver has cancelled a pended request.
  public func cancel(_ number: UInt32, _ thing: AwaitedThing) {
    if handles[number]?.awaits.remove(thing) != nil { counters.count(.cancelled) }
  }

  func abandonPackets(of handle: OpenHandle) {
    counters.count(.packetAbandoned, handle.packets.count)
    queuedByteCount -= handle.packets.byteCount
    handle.packets = MessageQueue()
  }

  // MARK: Pended requests

  /// The next pended request that is to be completed; it is not named again.
  public func nextWakeUp() -> WakeUp? { wakeUps.popLast() }

  func wake(_ handle: OpenHandle, _ thing: AwaitedThing, _ status: DeviceStatus = .success) {
    guard handle.awaits.remove(thing) != nil else { return }
    wakeUps.append(WakeUp(handle: handle.processID, thing: thing, status: status))
  }

  // MARK: Requests

  /// Carries out a control request.
  ///
  /// - Parameters:
  ///   - input: What user mode says.
  ///   - capacity: How many bytes the output buffer holds.
  ///   - processor: The engine that executes packets; it may have something to send afterwards.
  public func control(
    _ number: UInt32, code: UInt32, input: [UInt8], capacity: Int, nowMilliseconds: UInt64,
    on processor: Int = 0
  ) -> DeviceReply {
    guard let handle = handles[number] else { return refuse(.unknownHandle, .invalidHandle) }
    guard let code = DeviceControlCode(rawValue: code) else {
      return refuse(.unknownControlCode, .invalidRequest)
    }
    switch code {
    case .getProcessID:
      guard capacity >= 4 else { return refuse(.bufferTooSmall, .bufferTooSmall) }
      let bytes = (0..<4).map { UInt8(truncatingIfNeeded: handle.processID >> UInt32(8 * $0)) }
      return DeviceReply(.success, bytes)
    case .read:
      guard capacity >= Self.headerByteCount else { return refuse(.bufferTooSmall, .bufferTooSmall) }
      return readDump(handle, capacity)
    case .readEvent:
      return read(&handle.events, capacity, many: false)
    case .readPacket:
      guard handle.subscription != .none else { return refuse(.wrongOperation, .invalidParameter) }
      return read(&handle.packets, capacity, many: handle.subscription == .many)
    case .write:
      switch checked(input, handle) {
      case .accepted(let message): return write(message, handle)
      case .refused(let refusal): return refuse(refusal.counter, refusal.status)
      }
    case .transact:
      guard capacity >= Self.headerByteCount else { return refuse(.bufferTooSmall, .bufferTooSmall) }
      switch checked(input, handle) {
      case .accepted(let message):
        return transact(message, handle, capacity: capacity, nowMilliseconds, processor)
      case .refused(let refusal):
        guard let message = refusal.answer else { return refuse(refusal.counter, refusal.status) }
        counters.count(refusal.counter)
        return answer(message, capacity: capacity)
      }
    }
  }

  /// A netlink header, a generic netlink header and the number of a datapath.
  static var headerByteCount: Int { 24 }

  func refuse(_ counter: DeviceCounter, _ status: DeviceStatus) -> DeviceReply {
    counters.count(counter)
    return DeviceReply(status)
  }

  /// Reads from a queue: one message, or as many as there is room for.
  private func read(_ queue: inout MessageQueue, _ capacity: Int, many: Bool) -> DeviceReply {
    guard let first = queue.first else { return DeviceReply(.success) }
    guard first.count <= capacity else { return refuse(.bufferTooSmall, .bufferTooSmall) }
    var bytes: [UInt8] = []
    let capacity = max(first.count, min(capacity, limits.maximumReadByteCount))
    while let next = queue.first, bytes.count + next.count <= capacity {
      bytes += next
      queuedByteCount -= next.count
      _ = queue.popFirst()
      if !many { break }
    }
    return DeviceReply(.success, bytes)
  }
}
