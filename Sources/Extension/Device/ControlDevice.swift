// What: the device `\\.\OpenvSwitchDevice`, without the operating system: handles, the requests that come by them, the
// packets and events that wait in them, and the requests that wait for those.
//
// How a driver uses it: `open`, `close`, `control` and `cancel` when the system says so; `deliver` with the messages that
// the engines have for the daemon; `publish` when a NIC comes, goes or changes. After each of them `nextWakeUp` names the
// pended requests that are to be completed. A pended request is the driver's; here only stands that there is one.
//
// Two things stand before it. Requests come one at a time: `open`, `close`, `control` and `deliver` from whoever is the one
// that requests are served by, at a level where it may be interrupted. What they share with the switches and with
// cancellation (queues, counters, what is awaited, who is to be woken) is behind the control lock, which `control` and
// `deliver` take for as short as they can; whoever calls `open`, `close`, `cancel`, `publish` or `nextWakeUp` holds it. Nothing
// in here waits, and nothing that user mode says can do more than be refused and counted.

public import Datapath

/// How the control lock is taken and given back; in a place with one thread it does nothing.
public struct ControlLock {
  let acquire: () -> Void
  let release: () -> Void

  /// Makes a lock.
  public init(acquire: @escaping () -> Void, release: @escaping () -> Void) {
    self.acquire = acquire
    self.release = release
  }

  /// No lock.
  public static var none: ControlLock { ControlLock(acquire: {}, release: {}) }
}

/// The control device of the extension.
public final class ControlDevice {
  let engines: EngineGroup
  let limits: DeviceLimits
  let lock: ControlLock
  /// Says whether so many bytes may be taken from the heap; asked before a request is carried out.
  public var hasMemory: (Int) -> Bool = { _ in true }
  /// Finds out whether the system gives so many bytes at this moment; asked besides, before tables grow.
  public var systemHasMemory: (Int) -> Bool = { _ in true }
  /// Names the NICs of the virtual switches.
  public var networkPorts: () -> [NetworkPort] = { [] }

  var handles: [UInt32: OpenHandle] = [:]
  var counters = DeviceCounters()
  /// Bytes that wait in all handles.
  var queuedByteCount = 0
  private var wakeUps: [WakeUp] = []
  private var lastProcessID: UInt32 = 0

  /// Makes a device that no one has opened.
  public init(
    _ engines: EngineGroup, limits: DeviceLimits = DeviceLimits(), lock: ControlLock = .none
  ) {
    self.engines = engines
    self.limits = limits
    self.lock = lock
  }

  /// Does something with what is behind the control lock.
  func locked<Result>(_ body: () -> Result) -> Result {
    lock.acquire()
    let result = body()
    lock.release()
    return result
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
  /// If it is pending, the control lock is still held, so that nothing can come before the request is kept.
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
      return read(capacity) { take(from: &handle.events, capacity, many: false) }
    case .readPacket:
      guard handle.subscription != .none else { return refuse(.wrongOperation, .invalidParameter) }
      let many = handle.subscription == .many
      return read(capacity) { take(from: &handle.packets, capacity, many: many) }
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
        locked { counters.count(refusal.counter) }
        return answer(message, capacity: capacity)
      }
    }
  }

  /// A netlink header, a generic netlink header and the number of a datapath.
  static var headerByteCount: Int { 24 }

  func refuse(_ counter: DeviceCounter, _ status: DeviceStatus) -> DeviceReply {
    locked { counters.count(counter) }
    return DeviceReply(status)
  }

  /// Reads what a queue gives.
  private func read(_ capacity: Int, _ take: () -> [[UInt8]]?) -> DeviceReply {
    guard let messages = locked(take) else { return refuse(.bufferTooSmall, .bufferTooSmall) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(messages.reduce(0) { $0 + $1.count })
    for message in messages { bytes += message }
    return DeviceReply(.success, bytes)
  }

  /// Takes from a queue one message, or as many as there is room for; `nil` if the first does not fit.
  private func take(from queue: inout MessageQueue, _ capacity: Int, many: Bool) -> [[UInt8]]? {
    guard let first = queue.first else { return [] }
    guard first.count <= capacity else { return nil }
    var messages: [[UInt8]] = []
    var room = max(first.count, min(capacity, limits.maximumReadByteCount))
    while let next = queue.first, next.count <= room {
      messages.append(next)
      room -= next.count
      queuedByteCount -= next.count
      _ = queue.popFirst()
      if !many { break }
    }
    return messages
  }
}
