// What: says which of many descriptors are ready.
//
// How: every operation ends at one completion port, so that any number of descriptors is waited for at once. What the
// port says only makes a descriptor worth looking at; whether it is ready is read from its operations. A descriptor that
// was ready is looked at again in the next turn, as its handler may have left something.

#if APUS_WINDOWS
  /// Says which of many descriptors are ready: an I/O completion port.
  final class Poller {
    private struct Entry {
      let descriptor: Descriptor
      var interest: Readiness
      /// Whether it is among those to be looked at.
      var isTouched = false
    }

    private struct Held {
      let operation: Operation
      let number: UInt64
      let handle: Handle
    }

    /// A closed stream whose last write has not ended.
    private struct Lingering {
      let operation: Operation
      let deadlineNanoseconds: UInt64
    }

    private let port: Handle
    private var entries: [UInt64: Entry] = [:]
    private var touched: [UInt64] = []
    /// Operations under way, by their identities; they keep their memory even if the descriptor is closed.
    private var held: [UInt: Held] = [:]
    private var lingering: [Lingering] = []
    /// Listeners that could not make all the places that they should have.
    private var crowded: Set<UInt64> = []
    // One entry of the port's has 32 bytes: key, operation, status, count.
    private var packets = [UInt64](repeating: 0, count: 4 * Poller.maximumPacketCount)

    private static let maximumPacketCount = 128
    /// How long a closed stream's last write may take, in nanoseconds.
    private static let lingerNanoseconds: UInt64 = 5_000_000_000
    /// How often what no packet tells of is looked at, in milliseconds.
    private static let slowLookMilliseconds: Int64 = 100

    init() {
      port = CreateIoCompletionPort(Win32.invalidHandle, 0, 0, 1)
      // Without a port nothing can run; the system is out of memory at the program's start.
      guard port != 0 else { preconditionFailure("CreateIoCompletionPort failed") }
    }

    deinit {
      _ = CloseHandle(port)
      // The system may still write into what is under way.
      for one in held.values { _ = unsafe Unmanaged.passRetained(one.operation) }
    }

    func add(_ descriptor: Descriptor, number: UInt64, interest: Readiness) throws(SystemError) {
      switch descriptor.kind {
      case .file, .console, .datagrams: break
      case .termination:
        let error = apus_termination_open(port)
        if error != 0 { throw SystemError(code: Int32(bitPattern: error)) }
      case .pipeListener: break
      case .socket, .pipe, .socketListener, .device:
        if !descriptor.isAssociated { try associate(descriptor.handle) }
        descriptor.isAssociated = true
      }
      descriptor.attach(to: self, number: number)
      entries[number] = Entry(descriptor: descriptor, interest: interest)
      Syscalls.start(descriptor)
      touch(number)
    }

    /// Has operations on a handle end at this port.
    func associate(_ handle: Handle) throws(SystemError) {
      if CreateIoCompletionPort(handle, port, 0, 0) == 0 { throw SystemError.last }
    }

    func change(_ descriptor: Descriptor, number: UInt64, interest: Readiness) {
      entries[number]?.interest = interest
      touch(number)
    }

    func remove(_ descriptor: Descriptor) {
      entries[descriptor.number] = nil
      crowded.remove(descriptor.number)
    }

    /// Keeps an operation until it has ended.
    func hold(_ operation: Operation, on handle: Handle, number: UInt64) {
      held[operation.identity] = Held(operation: operation, number: number, handle: handle)
    }

    /// Has a descriptor looked at in the next turn.
    func touch(_ number: UInt64) {
      guard let entry = entries[number], !entry.isTouched else { return }
      entries[number]?.isTouched = true
      touched.append(number)
    }

    /// Has a listener's missing places made again later.
    func setCrowded(_ number: UInt64, _ isCrowded: Bool) {
      if isCrowded { crowded.insert(number) } else { crowded.remove(number) }
    }

    /// Closes a handle once a write to it has ended.
    func linger(_ operation: Operation, _ kind: Descriptor.Kind, _ handle: Handle) {
      operation.closing = (kind, handle)
      let deadline = Syscalls.monotonicNanoseconds() &+ Poller.lingerNanoseconds
      lingering.append(Lingering(operation: operation, deadlineNanoseconds: deadline))
    }

    // MARK: Waiting

    func wait(timeoutMilliseconds: Int64) -> [ReadyEvent] {
      let ready = look()
      var timeout = ready.isEmpty ? timeoutMilliseconds : 0
      if !crowded.isEmpty || !lingering.isEmpty { timeout = min(timeout, Poller.slowLookMilliseconds) }
      receive(timeoutMilliseconds: timeout)
      endLingering()
      for number in crowded {
        if let descriptor = entries[number]?.descriptor { Syscalls.start(descriptor) }
      }
      if ready.isEmpty { return look() }
      return ready
    }

    /// Takes what the port has, or waits for it.
    private func receive(timeoutMilliseconds: Int64) {
      let timeout =
        timeoutMilliseconds >= Int64(UInt32.max) ? Win32.infinite : UInt32(max(0, timeoutMilliseconds))
      var count: UInt32 = 0
      // SAFETY: the array has room for as many entries as the call is told.
      let result = unsafe packets.withUnsafeMutableBytes { bytes -> Int32 in
        guard let base = bytes.baseAddress else { return 0 }
        return unsafe GetQueuedCompletionStatusEx(
          port, base, UInt32(Poller.maximumPacketCount), &count, timeout, 0)
      }
      guard result != 0 else { return }
      for index in 0..<min(Int(count), Poller.maximumPacketCount) { receive(packets[4 * index + 1]) }
    }

    /// Takes one packet, by the identity of its operation; none means a request to end.
    private func receive(_ identity: UInt64) {
      guard identity != 0 else {
        for (number, entry) in entries {
          if case .termination = entry.descriptor.kind { touch(number) }
        }
        return
      }
      guard let one = held.removeValue(forKey: UInt(identity)) else { return }
      if let closing = one.operation.closing {
        one.operation.state = .idle
        Syscalls.close(closing.kind, closing.handle)
        lingering.removeAll { $0.operation === one.operation }
        return
      }
      guard entries[one.number] != nil else { return one.operation.state = .idle }
      one.operation.finish(one.handle)
      touch(one.number)
    }

    private func endLingering() {
      guard !lingering.isEmpty else { return }
      let now = Syscalls.monotonicNanoseconds()
      for one in lingering where now >= one.deadlineNanoseconds {
        // The packet that follows closes the handle. SAFETY: the structure lives until then.
        if let closing = one.operation.closing {
          _ = unsafe CancelIoEx(closing.handle, one.operation.overlapped)
        }
      }
    }

    /// What is ready as things stand.
    private func look() -> [ReadyEvent] {
      var events: [ReadyEvent] = []
      let numbers = touched
      touched = []
      for number in numbers {
        guard let entry = entries[number] else { continue }
        let readiness = Poller.readiness(of: entry.descriptor, entry.interest)
        entries[number]?.isTouched = !readiness.isEmpty
        if readiness.isEmpty { continue }
        touched.append(number)
        events.append(ReadyEvent(number: number, readiness: readiness))
      }
      return events
    }

    private static func readiness(of descriptor: Descriptor, _ interest: Readiness) -> Readiness {
      switch descriptor.kind {
      case .file, .console, .datagrams: return interest
      case .termination: return apus_termination_is_pending() != 0 ? .readable : []
      case .socketListener, .pipeListener:
        return descriptor.places.contains { !$0.operation.state.isPending } ? .readable : []
      case .device:
        let operations = [descriptor.input, descriptor.output].compactMap { $0 }
        return operations.contains {
          switch $0.state {
          case .done, .failed: true
          case .idle, .pending: false
          }
        } ? .readable : []
      case .socket, .pipe: return streamReadiness(of: descriptor, interest)
      }
    }

    private static func streamReadiness(of descriptor: Descriptor, _ interest: Readiness) -> Readiness {
      let isInputPending = descriptor.input?.state.isPending ?? false
      if descriptor.isConnecting { return isInputPending ? [] : interest.intersection(.writable) }
      var readiness: Readiness = []
      if let input = descriptor.input, !isInputPending {
        if interest.contains(.readable) { readiness.insert(.readable) }
        if input.state.isFailed { readiness.insert(.failed) }
      }
      if interest.contains(.writable), !(descriptor.output?.state.isPending ?? false) {
        readiness.insert(.writable)
      }
      return readiness
    }
  }
#endif
