#if APUS_WINDOWS
  /// Says which of many descriptors are ready.
  ///
  /// Each turn first asks what is ready as things stand, and waits for events only if nothing is. Windows waits for
  /// at most 64 handles in one call; with more, the others are looked at every few milliseconds.
  final class Poller {
    private struct Entry {
      let descriptor: Descriptor
      let number: UInt64
      var interest: Readiness
    }

    private var entries: [Entry] = []
    private static let waitLimit = 64
    private static let slowLookMilliseconds: Int64 = 10

    init() {}

    func add(_ descriptor: Descriptor, number: UInt64, interest: Readiness) throws(SystemError) {
      entries.append(Entry(descriptor: descriptor, number: number, interest: interest))
    }

    func change(_ descriptor: Descriptor, number: UInt64, interest: Readiness) {
      for index in entries.indices where entries[index].number == number {
        entries[index].interest = interest
      }
    }

    func remove(_ descriptor: Descriptor) { entries.removeAll { $0.descriptor === descriptor } }

    func wait(timeoutMilliseconds: Int64) -> [ReadyEvent] {
      let ready = look()
      if !ready.isEmpty || timeoutMilliseconds == 0 { return ready }
      let handles = entries.map { $0.descriptor.event }.filter { $0 != 0 }
      var timeout = timeoutMilliseconds
      if handles.count > Poller.waitLimit { timeout = min(timeout, Poller.slowLookMilliseconds) }
      let milliseconds = timeout >= Int64(UInt32.max) ? Win32.infinite : UInt32(timeout)
      if handles.isEmpty {
        Sleep(milliseconds)
      } else {
        // SAFETY: the array holds at least as many handles as the count says.
        _ = unsafe WaitForMultipleObjects(
          UInt32(min(handles.count, Poller.waitLimit)), handles, 0, milliseconds)
      }
      return look()
    }

    private func look() -> [ReadyEvent] {
      var events: [ReadyEvent] = []
      for entry in entries {
        let readiness = Poller.readiness(of: entry.descriptor, entry.interest)
        if !readiness.isEmpty { events.append(ReadyEvent(number: entry.number, readiness: readiness)) }
      }
      return events
    }

    private static func readiness(of descriptor: Descriptor, _ interest: Readiness) -> Readiness {
      switch descriptor.kind {
      case .file: return interest
      case .event: return WaitForSingleObject(descriptor.event, 0) == Win32.waitObject0 ? .readable : []
      case .socket:
        _ = ResetEvent(descriptor.event)
        return Syscalls.pollSocket(descriptor.handle, interest)
      case .pipe, .pipeListener:
        // Completions after this set the event again.
        _ = ResetEvent(descriptor.event)
        descriptor.input?.update(descriptor.handle)
        descriptor.output?.update(descriptor.handle)
        var readiness: Readiness = []
        if interest.contains(.readable), let input = descriptor.input {
          switch input.state {
          case .done, .failed: readiness.insert(.readable)
          case .idle, .pending: break
          }
        }
        if interest.contains(.writable) {
          if case .pending? = descriptor.output?.state {} else { readiness.insert(.writable) }
        }
        return readiness
      }
    }
  }
#endif
