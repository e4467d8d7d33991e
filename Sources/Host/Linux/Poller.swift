#if !APUS_WINDOWS
  import CLinux
  import Glibc

  /// Says which of many descriptors are ready: epoll.
  final class Poller {
    private let epoll: Descriptor
    private var buffer = [apus_ready](repeating: apus_ready(), count: 128)

    init() {
      let number = epoll_create1(Int32(EPOLL_CLOEXEC))
      // Without a poller nothing can run; the system is out of memory or descriptors at the program's start.
      guard number >= 0 else { preconditionFailure("epoll_create1 failed") }
      epoll = Descriptor(number: number)
    }

    deinit { Syscalls.close(epoll) }

    func add(_ descriptor: Descriptor, number: UInt64, interest: Readiness) throws(SystemError) {
      let events = Poller.events(interest)
      if apus_epoll_set(epoll.number, EPOLL_CTL_ADD, descriptor.number, events, number) < 0 {
        throw SystemError.last
      }
    }

    func change(_ descriptor: Descriptor, number: UInt64, interest: Readiness) {
      _ = apus_epoll_set(epoll.number, EPOLL_CTL_MOD, descriptor.number, Poller.events(interest), number)
    }

    func remove(_ descriptor: Descriptor) {
      _ = apus_epoll_set(epoll.number, EPOLL_CTL_DEL, descriptor.number, 0, 0)
    }

    func wait(timeoutMilliseconds: Int64) -> [ReadyEvent] {
      let timeout = timeoutMilliseconds > Int64(Int32.max) ? -1 : Int32(max(0, timeoutMilliseconds))
      // SAFETY: at most `count` entries are written, which is the array's size.
      let count = unsafe buffer.withUnsafeMutableBufferPointer {
        unsafe apus_epoll_wait(epoll.number, $0.baseAddress, Int32($0.count), timeout)
      }
      guard count > 0 else { return [] }
      return buffer[..<Int(count)].map { ready in
        var readiness: Readiness = []
        if ready.events & EPOLLIN.rawValue != 0 { readiness.insert(.readable) }
        if ready.events & EPOLLOUT.rawValue != 0 { readiness.insert(.writable) }
        if ready.events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 { readiness.insert(.failed) }
        return ReadyEvent(number: ready.number, readiness: readiness)
      }
    }

    private static func events(_ interest: Readiness) -> UInt32 {
      var events: UInt32 = 0
      if interest.contains(.readable) { events |= EPOLLIN.rawValue }
      if interest.contains(.writable) { events |= EPOLLOUT.rawValue }
      return events
    }
  }
#endif
