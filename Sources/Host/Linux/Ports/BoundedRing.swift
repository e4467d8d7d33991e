// What: a queue of fixed size between exactly two threads, one that adds and one that takes.
//
// How: the adding side owns `tail`, the taking side owns `head`; each publishes its own with release order after it has
// touched the slot, and reads the other's with acquire order before it does. No lock, no waiting.

#if !APUS_WINDOWS
  import CLinux
  import Glibc
  import Synchronization

  @safe
  final class BoundedRing<Element: Sendable>: @unchecked Sendable {
    // SAFETY: the slots from `head` to `tail` are initialised and belong to the taking side, all others to the
    // adding side; the atomic indexes hand them over.
    private let slots: UnsafeMutablePointer<Element>
    private let mask: Int
    private let head = Atomic<Int>(0)
    private let tail = Atomic<Int>(0)

    /// Makes a ring with room for `capacity` elements, a power of two.
    init(capacity: Int) {
      precondition(capacity > 0 && capacity & (capacity - 1) == 0, "the capacity is a power of two")
      unsafe slots = .allocate(capacity: capacity)
      mask = capacity - 1
    }

    deinit {
      while take() != nil {}
      unsafe slots.deallocate()
    }

    /// Whether nothing waits.
    ///
    /// Exact on the taking side.
    var isEmpty: Bool { head.load(ordering: .relaxed) == tail.load(ordering: .acquiring) }

    /// How much waits.
    ///
    /// At most so much on the adding side, at least so much on the taking side.
    var count: Int { tail.load(ordering: .acquiring) &- head.load(ordering: .acquiring) }

    /// Adds an element; false if there is no room.
    ///
    /// For the adding side alone.
    func add(_ element: Element) -> Bool {
      let place = tail.load(ordering: .relaxed)
      guard place &- head.load(ordering: .acquiring) <= mask else { return false }
      // SAFETY: the slot is beyond `tail` and less than a round from `head`, so it is ours and empty.
      unsafe (slots + (place & mask)).initialize(to: element)
      tail.store(place &+ 1, ordering: .sequentiallyConsistent)
      return true
    }

    /// Takes the oldest element, if there is one.
    ///
    /// For the taking side alone.
    func take() -> Element? {
      let place = head.load(ordering: .relaxed)
      guard place != tail.load(ordering: .acquiring) else { return nil }
      // SAFETY: the slot lies between `head` and `tail`, so it is initialised and ours.
      let element = unsafe (slots + (place & mask)).move()
      head.store(place &+ 1, ordering: .releasing)
      return element
    }
  }

  /// Wakes a thread that waits for descriptors; costs a system call only when it does wait.
  final class Doorbell: @unchecked Sendable {
    let descriptor: Descriptor
    private let isArmed = Atomic<Bool>(false)

    init() throws(SystemError) {
      let number = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
      if number < 0 { throw SystemError.last }
      descriptor = Descriptor(number: number)
    }

    deinit { Syscalls.close(descriptor) }

    /// Says that this thread is going to wait.
    ///
    /// It has to look for work once more before it does.
    func arm() { isArmed.store(true, ordering: .sequentiallyConsistent) }

    /// Says that this thread waits no longer, and forgets earlier rings.
    func disarm() {
      isArmed.store(false, ordering: .relaxed)
      var buffer = [UInt8](repeating: 0, count: 8)
      _ = Syscalls.read(descriptor, into: &buffer)
    }

    /// Wakes the other thread, if it waits.
    ///
    /// To be called after the work was added.
    func ring() {
      guard isArmed.exchange(false, ordering: .sequentiallyConsistent) else { return }
      _ = Syscalls.write(descriptor, [1, 0, 0, 0, 0, 0, 0, 0], from: 0)
    }
  }
#endif
