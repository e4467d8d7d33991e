// What: the meters of a datapath, which all its engines share: a rate is one rate, however many engines send.
//
// How: meters lie in blocks, which are made when control first sets a meter in them, and stay. A directory of a word for each block
// tells where it is. A meter's buckets change under one of some spin locks, chosen by the meter's number.
//
// Why blocks: 2^18 meters at once would be 100 MB, of which most datapaths use none. Why they stay: whoever has read the directory may
// look at a block at any later time.

import Synchronization

/// The meters of a datapath.
///
/// Whoever calls it holds the lock of one of the datapath's engines; see UnsafeSharedLock.swift.
@safe
public final class SharedMeters {
  /// How many meters there may be; their numbers are smaller.
  public static var limit: Int { Meters.limit }
  /// How many bands a meter may have.
  public static var bandLimit: Int { 8 }
  /// What the first meter of a block takes from the heap.
  static var blockByteCount: Int { Meters.blockCapacity * MemoryLayout<MeterRecord>.stride }

  let box = SharedBox(Meters())

  /// Makes a table without meters.
  public init() {}
}

/// The blocks, and what stands before the meters in them.
@safe
struct Meters: ~Copyable {
  // It stands here, since to name the class on the packet path could allocate.
  /// How many meters there may be.
  static var limit: Int { 262_144 }
  /// Meters of one block; a power of two.
  static var blockCapacity: Int { 128 }
  /// How many locks there are; a power of two.
  private static var lockCount: Int { 64 }
  private static var blockCount: Int { Meters.limit / blockCapacity }

  private let locks = SharedLocks(count: Meters.lockCount)
  /// The address of each block, or zero.
  private let blocks: UnsafeMutablePointer<Atomic<UInt>>
  /// A number below which there are all meters that there are.
  private let end = SharedSlab<Int>(repeating: 0, count: 1)

  init() {
    // SAFETY: every word is initialised here, and freed in `deinit` alone; an atomic of a plain integer needs no destruction.
    unsafe blocks = .allocate(capacity: Meters.blockCount)
    for index in 0..<Meters.blockCount { unsafe (blocks + index).initialize(to: Atomic(0)) }
  }

  deinit {
    for index in 0..<Meters.blockCount {
      // SAFETY: an address in the directory is that of a block that was allocated, and nobody holds it beyond this owner's life.
      unsafe UnsafeMutablePointer<MeterRecord>(bitPattern: blocks[index].load(ordering: .relaxed))?
        .deallocate()
    }
    unsafe blocks.deallocate()
  }

  /// Where a meter lies, if its block is there.
  @inline(__always)
  private func record(_ id: UInt32) -> UnsafeMutablePointer<MeterRecord>? {
    guard id < UInt32(Meters.limit) else { return nil }
    let place = Int(truncatingIfNeeded: id)
    // SAFETY: the number is less than the limit, so its block has a word in the directory.
    let address = unsafe blocks[place / Meters.blockCapacity].load(ordering: .acquiring)
    guard let block = unsafe UnsafeMutablePointer<MeterRecord>(bitPattern: address) else { return nil }
    // SAFETY: a block has a record for each remainder, and stays.
    return unsafe block + place % Meters.blockCapacity
  }

  @inline(__always)
  private func lock(of id: UInt32) -> Int { Int(truncatingIfNeeded: id) & (Meters.lockCount &- 1) }

  // MARK: Packets

  /// Counts a packet, and says what becomes of it; if there is no such meter, it passes.
  @inline(__always)
  func take(_ id: UInt32, byteCount: Int, now: UInt64) -> MeterVerdict {
    guard let record = unsafe record(id) else { return .pass }
    let lock = lock(of: id)
    locks.acquire(lock)
    var verdict = MeterVerdict.pass
    // SAFETY: the record is changed under its lock alone.
    if unsafe record.pointee.isPresent {
      verdict = unsafe record.pointee.take(byteCount: byteCount, now: now)
    }
    locks.release(lock)
    return verdict
  }

  // MARK: Control

  /// Whether a meter needs a block that is not there.
  func needsBlock(_ id: UInt32) -> Bool {
    guard id < UInt32(Meters.limit) else { return false }
    return unsafe record(id) == nil
  }

  /// Puts a meter in the place of the one with a number, if there is one, which it answers.
  ///
  /// Only control calls it, one call at a time. The number has to be less than the limit.
  func set(_ id: UInt32, _ meter: DatapathMeter, now: UInt64) -> DatapathMeter? {
    if unsafe record(id) == nil { addBlock(Int(truncatingIfNeeded: id) / Meters.blockCapacity) }
    end[0] = max(end[0], Int(truncatingIfNeeded: id) + 1)
    return replace(id, by: MeterRecord(meter, now: now))
  }

  /// Removes a meter, and answers what it was; nil if there is none.
  func remove(_ id: UInt32) -> DatapathMeter? { replace(id, by: MeterRecord()) }

  /// A meter; nil if there is none.
  func meter(_ id: UInt32) -> DatapathMeter? {
    guard let record = unsafe record(id) else { return nil }
    locks.acquire(lock(of: id))
    // SAFETY: the record is read under its lock.
    let copy = unsafe record.pointee
    locks.release(lock(of: id))
    return copy.isPresent ? copy.described : nil
  }

  /// The next meters from a number on, which is moved behind the last; nil at the end, perhaps none with more to come.
  func next(from id: inout Int, maximumCount: Int) -> [(id: UInt32, meter: DatapathMeter)]? {
    guard id < end[0] else { return nil }
    var found: [(id: UInt32, meter: DatapathMeter)] = []
    let last = min(end[0], id + maximumCount * 16)
    while id < last, found.count < maximumCount {
      let number = UInt32(truncatingIfNeeded: id)
      if let meter = meter(number) { found.append((number, meter)) }
      id += 1
    }
    return found
  }

  private func replace(_ id: UInt32, by new: MeterRecord) -> DatapathMeter? {
    guard let record = unsafe record(id) else { return nil }
    locks.acquire(lock(of: id))
    // SAFETY: the record is changed under its lock alone.
    let old = unsafe record.pointee
    unsafe record.pointee = new
    locks.release(lock(of: id))
    return old.isPresent ? old.described : nil
  }

  private func addBlock(_ index: Int) {
    let block = UnsafeMutablePointer<MeterRecord>.allocate(capacity: Meters.blockCapacity)
    // SAFETY: all records are there before the directory says so; the index is that of a number below the limit.
    unsafe block.initialize(repeating: MeterRecord(), count: Meters.blockCapacity)
    unsafe blocks[index].store(UInt(bitPattern: block), ordering: .releasing)
  }
}
