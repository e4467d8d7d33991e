// What: the memory that packets live in while they are in the engine.
//
// Why two sizes: a frame of ordinary size takes a small slot, so that thousands fit; a 64 KiB segment takes a
// large one and crosses the switch whole. Every slot has headroom, so that tunnel and VLAN headers are put
// before a packet without moving it. A slot's distance to the next is an odd number of cache lines, so that the
// headers of a batch spread over the cache's sets.
//
// How it is safe: an address is an offset into the one region, checked against its size at each access.
// Packet bounds are the caller's to check, once a layer.

import PacketWire

/// Memory for packets, handed out in slots that count their owners.
@safe
struct PacketPool: ~Copyable {
  /// How many bytes precede a packet when it arrives.
  static var headroomByteCount: Int { 320 }

  private var base: UnsafeMutableRawPointer
  private let byteCount: Int
  private let smallStride: Int
  private let largeStride: Int
  private let smallCount: Int
  private let largeCount: Int
  private var owners: Table<UInt16, PacketPool>
  private var free: Slab<PacketSlot>
  private var smallFree: Int
  private var largeFree: Int

  init(smallSlots: Int, smallByteCount: Int, largeSlots: Int, largeByteCount: Int) {
    smallStride = PacketPool.stride(for: smallByteCount)
    largeStride = PacketPool.stride(for: largeByteCount)
    smallCount = smallSlots
    largeCount = largeSlots
    byteCount = smallSlots * smallStride + largeSlots * largeStride + 64
    // SAFETY: the region is owned by this value alone and freed in `deinit`.
    unsafe base = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)
    unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    owners = Table(repeating: 0, count: smallSlots + largeSlots)
    free = Slab(repeating: .none, count: smallSlots + largeSlots)
    for index in 0..<smallSlots { free[index] = PacketSlot(smallSlots - 1 - index) }
    for index in 0..<largeSlots { free[smallSlots + index] = PacketSlot(smallSlots + largeSlots - 1 - index) }
    smallFree = smallSlots
    largeFree = largeSlots
  }

  deinit {
    // SAFETY: spans that were handed out borrow this value, so none is alive.
    unsafe base.deallocate()
  }

  private static func stride(for capacity: Int) -> Int {
    let lines = (capacity + headroomByteCount + 64 + 63) / 64
    return (lines | 1) * 64
  }

  /// How many slots of either size are free.
  var freeCount: Int { smallFree &+ largeFree }

  /// Takes a slot that holds `needed` bytes beyond the headroom, or returns none.
  @inline(__always)
  mutating func take(byteCount needed: Int) -> PacketSlot {
    if needed &+ PacketPool.headroomByteCount <= smallStride && smallFree > 0 {
      smallFree &-= 1
      let slot = free[smallFree]
      owners[slot] = 1
      return slot
    }
    guard needed &+ PacketPool.headroomByteCount <= largeStride, largeFree > 0 else { return .none }
    largeFree &-= 1
    let slot = free[smallCount &+ largeFree]
    owners[slot] = 1
    return slot
  }

  /// Adds an owner.
  @inline(__always)
  mutating func retain(_ slot: PacketSlot) { owners[slot] &+= 1 }

  /// Whether only one owner is left, who may change the bytes.
  @inline(__always)
  func isUnique(_ slot: PacketSlot) -> Bool { owners[slot] == 1 }

  /// Gives up one ownership.
  @inline(__always)
  mutating func release(_ slot: PacketSlot) {
    let left = owners[slot] &- 1
    owners[slot] = left
    guard left == 0 else { return }
    if slot.index < smallCount {
      free[smallFree] = slot
      smallFree &+= 1
    } else {
      free[smallCount &+ largeFree] = slot
      largeFree &+= 1
    }
  }

  /// Where a slot's memory begins.
  @inline(__always)
  func address(of slot: PacketSlot) -> Int {
    let index = slot.index
    return index < smallCount
      ? index &* smallStride : smallCount &* smallStride &+ (index &- smallCount) &* largeStride
  }

  /// How many bytes a slot has, headroom and all.
  @inline(__always)
  func capacity(of slot: PacketSlot) -> Int { slot.index < smallCount ? smallStride : largeStride }

  // MARK: Bytes

  @inline(__always)
  private func check(_ address: Int, _ count: Int) {
    precondition(address >= 0 && address &+ count <= byteCount)
  }

  @inline(__always)
  func load8(_ address: Int) -> UInt8 {
    check(address, 1)
    // SAFETY: checked above.
    return unsafe base.load(fromByteOffset: address, as: UInt8.self)
  }

  @inline(__always)
  func load16(_ address: Int) -> UInt16 {
    check(address, 2)
    // SAFETY: checked above.
    return unsafe UInt16(bigEndian: base.loadUnaligned(fromByteOffset: address, as: UInt16.self))
  }

  @inline(__always)
  func load32(_ address: Int) -> UInt32 {
    check(address, 4)
    // SAFETY: checked above.
    return unsafe UInt32(bigEndian: base.loadUnaligned(fromByteOffset: address, as: UInt32.self))
  }

  @inline(__always)
  func load64(_ address: Int) -> UInt64 {
    check(address, 8)
    // SAFETY: checked above.
    return unsafe UInt64(bigEndian: base.loadUnaligned(fromByteOffset: address, as: UInt64.self))
  }

  @inline(__always)
  mutating func store8(_ value: UInt8, _ address: Int) {
    check(address, 1)
    // SAFETY: checked above.
    unsafe base.storeBytes(of: value, toByteOffset: address, as: UInt8.self)
  }

  @inline(__always)
  mutating func store16(_ value: UInt16, _ address: Int) {
    check(address, 2)
    // SAFETY: checked above.
    unsafe base.storeBytes(of: value.bigEndian, toByteOffset: address, as: UInt16.self)
  }

  @inline(__always)
  mutating func store32(_ value: UInt32, _ address: Int) {
    check(address, 4)
    // SAFETY: checked above.
    unsafe base.storeBytes(of: value.bigEndian, toByteOffset: address, as: UInt32.self)
  }

  @inline(__always)
  mutating func store64(_ value: UInt64, _ address: Int) {
    check(address, 8)
    // SAFETY: checked above.
    unsafe base.storeBytes(of: value.bigEndian, toByteOffset: address, as: UInt64.self)
  }

  /// Stores the low 48 bits.
  @inline(__always)
  mutating func store48(_ value: UInt64, _ address: Int) {
    store16(UInt16(truncatingIfNeeded: value >> 32), address)
    store32(UInt32(truncatingIfNeeded: value), address &+ 2)
  }

  /// Copies bytes within the region; the two ranges may overlap.
  @inline(__always)
  mutating func move(from source: Int, to target: Int, count: Int) {
    precondition(count >= 0)
    check(source, count)
    check(target, count)
    // SAFETY: both ranges were checked; `memmove` semantics allow overlap.
    unsafe (base + target).copyMemory(from: base + source, byteCount: count)
  }

  /// Copies at least eight bytes into the region.
  @inline(__always)
  mutating func copy(_ bytes: RawSpan, to target: Int) {
    let count = bytes.byteCount
    precondition(count >= 8)
    check(target, count)
    var position = 0
    // SAFETY: the target was checked, every source offset is less than the span's length by the size of the
    // load, and the last, overlapping step ends where both end.
    while count &- position >= 32 {
      let part = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: position, as: SIMD4<UInt64>.self)
      unsafe base.storeBytes(of: part, toByteOffset: target &+ position, as: SIMD4<UInt64>.self)
      position &+= 32
    }
    while count &- position >= 8 {
      let part = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: position, as: UInt64.self)
      unsafe base.storeBytes(of: part, toByteOffset: target &+ position, as: UInt64.self)
      position &+= 8
    }
    guard position < count else { return }
    let part = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: count &- 8, as: UInt64.self)
    unsafe base.storeBytes(of: part, toByteOffset: target &+ count &- 8, as: UInt64.self)
  }

  /// Bytes of the region, for as long as the pool is not changed.
  @_lifetime(borrow self)
  func span(_ address: Int, _ count: Int) -> RawSpan {
    precondition(count >= 0)
    check(address, count)
    // SAFETY: the range was checked, and the span's lifetime is bound to this value.
    let span = unsafe RawSpan(_unsafeStart: base + address, byteCount: count)
    return unsafe _overrideLifetime(span, borrowing: self)
  }

  /// A copy of bytes of the region; allocates.
  func array(_ address: Int, _ count: Int) -> [UInt8] {
    // SAFETY: `pointer` checks the range, and the copy is made before it can change.
    unsafe Array(pointer(address, count))
  }

  /// Where bytes of the region are, for system calls.
  @unsafe
  func pointer(_ address: Int, _ count: Int) -> UnsafeRawBufferPointer {
    precondition(count >= 0)
    check(address, count)
    return unsafe UnsafeRawBufferPointer(start: base + address, count: count)
  }

  /// The one's complement sum of bytes, as RFC 1071 defines it.
  func sum(_ address: Int, _ count: Int) -> UInt16 {
    precondition(count >= 0)
    check(address, count)
    // SAFETY: the range was checked.
    return unsafe InternetChecksum.sum(of: UnsafeRawBufferPointer(start: base + address, count: count))
  }
}
