// Fixed rows of plain values in one allocation: the only storage that the packet path touches. Arrays would
// bring reference counts and uniqueness checks into the loop.

/// A row of plain values, made once and reached by checked index.
@safe
struct Slab<Element: BitwiseCopyable>: ~Copyable {
  private var base: UnsafeMutablePointer<Element>
  /// How many values there are.
  private(set) var count: Int

  init(repeating value: Element, count: Int) {
    // SAFETY: the memory is initialised before anything can read it, and freed in `deinit` alone.
    unsafe base = Slab.allocate(count)
    unsafe base.initialize(repeating: value, count: count)
    self.count = count
  }

  /// What values of one kind take.
  static func byteCount(of count: Int) -> Int { count * MemoryLayout<Element>.stride }

  deinit {
    // SAFETY: the elements are plain values, and nobody holds the pointer beyond this owner's life.
    unsafe base.deallocate()
  }

  /// Memory that begins on a cache line.
  private static func allocate(_ count: Int) -> UnsafeMutablePointer<Element> {
    let byteCount = Swift.max(64, count * MemoryLayout<Element>.stride)
    let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)
    return unsafe memory.bindMemory(to: Element.self, capacity: Swift.max(1, count))
  }

  subscript(index: Int) -> Element {
    @inline(__always)
    unsafeAddress { unsafe address(of: index) }
    @inline(__always)
    unsafeMutableAddress { unsafe mutableAddress(of: index) }
  }

  /// Where a value lies, for as long as the row is not changed.
  @inline(__always)
  func address(of index: Int) -> UnsafePointer<Element> {
    precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
    // SAFETY: the index was checked.
    return unsafe UnsafePointer(base + index)
  }

  /// Where a value lies, for whoever has the row for itself.
  @inline(__always)
  mutating func mutableAddress(of index: Int) -> UnsafeMutablePointer<Element> {
    precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
    // SAFETY: the index was checked.
    return unsafe base + index
  }

  /// Makes the row longer by copies of `value`; never done for a packet.
  mutating func grow(to newCount: Int, repeating value: Element) {
    guard newCount > count else { return }
    // SAFETY: the old values are copied before the old memory is freed.
    let larger = unsafe Slab.allocate(newCount)
    unsafe larger.initialize(from: base, count: count)
    unsafe (larger + count).initialize(repeating: value, count: newCount - count)
    unsafe base.deallocate()
    unsafe base = larger
    count = newCount
  }

  /// Sets every value.
  mutating func fill(_ value: Element) {
    // SAFETY: `count` values are allocated.
    unsafe base.update(repeating: value, count: count)
  }
}
