// What: the exact-match cache. From a packet's signature to the flow that the last such packet matched.
//
// Why so: a cache line holds the eight ways of a set, sixteen bits of signature and a flow's number each. A
// cached answer costs one line of memory, where keeping whole keys would cost a line and a half more, so that a
// million connections fit in 16 MiB. The key need not be kept, since the flow's own mask and value are compared
// afterwards: whatever the cache says, the answer is right, and a flow that is gone simply does not compare.
//
// How it grows: it starts small, so that few connections stay near, and doubles, forgetting everything, when
// sets overflow. The eighth way's neighbour counts in a circle to choose what is replaced.

/// The exact-match cache.
///
/// A set is eight words: two of tags, four of flow numbers, one that counts in a circle.
struct FlowCache: ~Copyable {
  private static let lanes: UInt64 = 0x0001_0001_0001_0001
  private static let tops: UInt64 = 0x8000_8000_8000_8000

  private var words: Slab<UInt64>
  private var setMask: Int
  private let maximumSetCount: Int
  /// How many entries were put in place of others since the cache last grew.
  private var evictions = 0

  init(minimumSetCount: Int, maximumSetCount: Int) {
    words = Slab(repeating: 0, count: minimumSetCount * 8)
    setMask = minimumSetCount - 1
    self.maximumSetCount = maximumSetCount
  }

  @inline(__always)
  private static func tag(_ hash: UInt64) -> UInt64 { (hash >> 48) | 1 }

  /// Where a hash's set begins.
  @inline(__always)
  func set(for hash: UInt64) -> Int { (Int(truncatingIfNeeded: hash) & setMask) &* 8 }

  /// The ways whose tag is the hash's, as the top bits of 16-bit lanes; the lowest set bit is exact, those
  /// above it may be wrong, which the comparison with the flow finds out.
  @inline(__always)
  func candidates(_ hash: UInt64) -> (low: UInt64, high: UInt64) {
    let set = set(for: hash)
    let wanted = FlowCache.tag(hash) &* FlowCache.lanes
    let low = words[set] ^ wanted
    let high = words[set &+ 1] ^ wanted
    return (
      (low &- FlowCache.lanes) & ~low & FlowCache.tops, (high &- FlowCache.lanes) & ~high & FlowCache.tops
    )
  }

  /// The flow that a way proposes.
  @inline(__always)
  func flow(_ hash: UInt64, way: Int) -> FlowHandle {
    let word = words[set(for: hash) &+ 2 &+ way >> 1]
    return FlowHandle(Int(truncatingIfNeeded: (word >> UInt64((way & 1) &* 32)) & 0xffff_ffff))
  }

  /// Remembers a flow for a hash.
  @inline(__always)
  mutating func insert(_ hash: UInt64, flow: FlowHandle) {
    let set = set(for: hash)
    let way = freeWay(set)
    let shift = UInt64((way & 3) &* 16)
    let place = set &+ way >> 2
    words[place] = (words[place] & ~(0xffff << shift)) | (FlowCache.tag(hash) << shift)
    let half = UInt64((way & 1) &* 32)
    let number = set &+ 2 &+ way >> 1
    words[number] =
      (words[number] & ~(0xffff_ffff << half)) | (UInt64(flow.rawValue) << half)
  }

  private mutating func freeWay(_ set: Int) -> Int {
    for half in 0..<2 {
      let tags = words[set &+ half]
      let empty = (tags &- FlowCache.lanes) & ~tags & FlowCache.tops
      if empty != 0 { return half &* 4 &+ empty.trailingZeroBitCount >> 4 }
    }
    evictions &+= 1
    let way = Int(truncatingIfNeeded: words[set &+ 6] & 7)
    words[set &+ 6] &+= 1
    return way
  }

  /// How many sets there should be if sets overflow often, by how often they do; `nil` if there are enough.
  private var wantedSetCount: Int? {
    let setCount = setMask + 1
    guard evictions > setCount / 8, setCount < maximumSetCount else { return nil }
    var size = setCount * 2
    while size < maximumSetCount && size * 2 < evictions { size *= 2 }
    return size
  }

  /// How many bytes it would take to grow now.
  var growthByteCount: Int { wantedSetCount.map { Slab<UInt64>.byteCount(of: $0 * 8) } ?? 0 }

  /// Makes the cache larger if sets overflow often; never done for a packet.
  mutating func growIfCrowded() {
    guard let size = wantedSetCount else { return }
    evictions = 0
    words = Slab(repeating: 0, count: size * 8)
    setMask = size - 1
  }
}
