// What: spin locks for what all engines of a datapath share: connections, meters.
//
// Why not the host's own locks: what is protected is some cache lines, held for some hundred nanoseconds by whoever has a packet.
// An atomic word is that on both hosts, without a call out of ring 0.
//
// Rules for whoever takes one:
//  - He holds an engine's lock already, which in the driver means that nothing else can run on his processor (DISPATCH_LEVEL).
//    Otherwise an interrupt could wait for what it interrupted.
//  - He holds it for a number of steps that has a limit, allocates nothing meanwhile, and calls nobody.
//  - He takes another one meanwhile only in the order that the owner of the locks has written down.

import Synchronization

/// A row of spin locks, each in a cache line of its own.
@safe
struct SharedLocks: ~Copyable {
  /// The distance of two locks, in words: a cache line, and the one that processors fetch with it.
  private static var stride: Int { 32 }

  private let base: UnsafeMutablePointer<Atomic<UInt32>>
  /// How many locks there are.
  let count: Int

  /// Makes locks that nobody holds.
  init(count: Int) {
    self.count = max(1, count)
    let words = self.count * SharedLocks.stride
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: words * MemoryLayout<Atomic<UInt32>>.stride, alignment: 128)
    // SAFETY: every word is initialised here, and freed in `deinit` alone; an atomic of a plain integer needs no destruction.
    unsafe base = memory.bindMemory(to: Atomic<UInt32>.self, capacity: words)
    for word in 0..<words { unsafe (base + word).initialize(to: Atomic(0)) }
  }

  deinit {
    // SAFETY: nobody holds the pointer beyond this owner's life.
    unsafe base.deallocate()
  }

  /// Waits until nobody holds a lock, and takes it.
  @inline(__always)
  func acquire(_ index: Int) {
    if tryAcquire(index) { return }
    wait(index)
  }

  /// Takes a lock if nobody holds it.
  @inline(__always)
  func tryAcquire(_ index: Int) -> Bool {
    precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
    // SAFETY: the index was checked.
    return unsafe base[index &* SharedLocks.stride]
      .compareExchange(expected: 0, desired: 1, successOrdering: .acquiring, failureOrdering: .relaxed)
      .exchanged
  }

  @inline(never)
  private func wait(_ index: Int) {
    repeat {
      // Reading alone leaves the cache line where it is until the holder writes to it.
      // SAFETY: the index was checked by whoever called.
      while unsafe base[index &* SharedLocks.stride].load(ordering: .relaxed) != 0 {}
    } while !tryAcquire(index)
  }

  /// Gives a lock back.
  @inline(__always)
  func release(_ index: Int) {
    precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
    // SAFETY: the index was checked.
    unsafe base[index &* SharedLocks.stride].store(0, ordering: .releasing)
  }
}

/// A row of plain values that several threads share, each value under a lock of its owner's.
///
/// Unlike a `Slab` it is changed without being `mutating`: an `inout` of it would promise the compiler that nobody else changes
/// the values meanwhile.
@safe
struct SharedSlab<Element: BitwiseCopyable>: ~Copyable {
  private let base: UnsafeMutablePointer<Element>
  /// How many values there are.
  let count: Int

  init(repeating value: Element, count: Int) {
    self.count = count
    let byteCount = Swift.max(64, count * MemoryLayout<Element>.stride)
    let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)
    // SAFETY: the memory is initialised before anything can read it, and freed in `deinit` alone.
    unsafe base = memory.bindMemory(to: Element.self, capacity: Swift.max(1, count))
    unsafe base.initialize(repeating: value, count: count)
  }

  deinit {
    // SAFETY: the elements are plain values, and nobody holds the pointer beyond this owner's life.
    unsafe base.deallocate()
  }

  subscript(index: Int) -> Element {
    @inline(__always)
    unsafeAddress {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
      // SAFETY: the index was checked.
      return unsafe UnsafePointer(base + index)
    }
    @inline(__always)
    nonmutating unsafeMutableAddress {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
      // SAFETY: the index was checked.
      return unsafe base + index
    }
  }
}
