// What: where connections lie, and how they are found by either direction's tuple.
//
// How connections lie: in chunks of a fixed number, made between packets and never given back, so that a packet allocates
// nothing and no address changes. A place is a number. Free places of a chunk that was not used yet are not touched, so that
// on a host that gives memory when it is first written they cost nothing.
//
// How they are found: buckets of chains, linked by number through the connections. The hash of a tuple is that of its
// reversal, so one node stands for both directions, unless a translation makes the answers' addresses others; then there is
// a second node. The number of buckets grows by one with each connection (W. Litwin, "Linear Hashing", 1980): one chain is
// cut in two, and no table is ever copied.
//
// How engines share it: buckets belong to shards by their hash, and each shard has a lock. A connection belongs to the shard of
// its first direction, whose lock protects what changes of it with packets. What is linked or removed, and all that is
// counted, is protected by one more lock, `structure`. Order: first `structure`, then one shard; never two shards. Who finds a
// node of an answer in one shard therefore gives that up, takes the connection's own, and looks whether it is still the same.

/// The connections of a datapath.
@safe
struct ConnectionTable: ~Copyable {
  /// Connections of a chunk: 512 KiB, and as many IPv6 addresses in 256 KiB.
  static var chunkCapacity: Int { 4_096 }
  /// The most chunks.
  static var maximumChunkCount: Int { 4_096 }
  /// Buckets of a chunk: 4 KiB.
  static var bucketChunkCapacity: Int { 1_024 }
  /// The most connections that a table can be told to hold.
  static var maximumCapacity: Int { chunkCapacity * maximumChunkCount }

  /// What changes of a shard.
  struct Shard: BitwiseCopyable {
    var bucketCount = 1
    /// One less than the power of two that is not less than `bucketCount`.
    var mask = 0
    /// How many buckets there is memory for.
    var bucketCapacity = 0
    var nodeCount = 0
    private var padding: (Int, Int, Int, Int) = (0, 0, 0, 0)
  }

  /// Places for connections over one version of IP.
  struct Places: BitwiseCopyable {
    /// The first free place that was used before, or -1.
    var free: Int32 = -1
    /// The chunk that places are taken from which were never used, or -1.
    var chunk: Int32 = -1
    /// The first chunk of which none was taken yet, or -1.
    var nextChunk: Int32 = -1
    /// How many places there are.
    var capacity = 0
    /// How many of them hold connections.
    var count = 0
  }

  /// What is known of a chunk.
  struct Chunk: BitwiseCopyable {
    /// How many of its places, from the first on, were ever used.
    var usedCount: Int32 = 0
    /// The next chunk of which none was used, or -1.
    var next: Int32 = -1
  }

  let locks: SharedLocks
  let shards: SharedSlab<Shard>
  /// Places for IPv4 and for IPv6.
  let places: SharedSlab<Places>
  let hash: TupleHash
  private let shardBits: UInt64
  private let bucketDirectoryCapacity: Int
  private let chunks: UnsafeMutablePointer<UnsafeMutablePointer<Connection>?>
  private let wideChunks: UnsafeMutablePointer<UnsafeMutablePointer<WideAddresses>?>
  private let bucketChunks: UnsafeMutablePointer<UnsafeMutablePointer<Int32>?>
  private let chunkStates: SharedSlab<Chunk>
  /// How many chunks there are.
  private let chunkCounts: SharedSlab<Int>

  /// Makes a table without memory for connections.
  init(shardCount: Int, seed: UInt64) {
    var bits = 0
    while 1 << bits < min(shardCount, 64) { bits += 1 }
    let shardCount = 1 << bits
    shardBits = UInt64(bits)
    locks = SharedLocks(count: shardCount + 1)
    shards = SharedSlab(repeating: Shard(), count: shardCount)
    places = SharedSlab(repeating: Places(), count: 2)
    hash = TupleHash(seed: seed)
    // Up to two nodes a connection, and room for shards that have more than others.
    bucketDirectoryCapacity =
      4 * ConnectionTable.maximumCapacity / ConnectionTable.bucketChunkCapacity / shardCount
    let chunkCount = ConnectionTable.maximumChunkCount
    // SAFETY: every pointer is initialised here, and all memory is freed in `deinit` alone.
    unsafe chunks = .allocate(capacity: chunkCount)
    unsafe chunks.initialize(repeating: nil, count: chunkCount)
    unsafe wideChunks = .allocate(capacity: chunkCount)
    unsafe wideChunks.initialize(repeating: nil, count: chunkCount)
    unsafe bucketChunks = .allocate(capacity: shardCount * bucketDirectoryCapacity)
    unsafe bucketChunks.initialize(repeating: nil, count: shardCount * bucketDirectoryCapacity)
    chunkStates = SharedSlab(repeating: Chunk(), count: chunkCount)
    chunkCounts = SharedSlab(repeating: 0, count: 1)
    for shard in 0..<shardCount { _ = addBuckets(to: shard) }
  }

  deinit {
    // SAFETY: nobody holds a pointer beyond this owner's life.
    for index in 0..<ConnectionTable.maximumChunkCount {
      unsafe chunks[index]?.deallocate()
      unsafe wideChunks[index]?.deallocate()
    }
    for index in 0..<(shards.count * bucketDirectoryCapacity) { unsafe bucketChunks[index]?.deallocate() }
    unsafe chunks.deallocate()
    unsafe wideChunks.deallocate()
    unsafe bucketChunks.deallocate()
  }

  /// The number of the lock that protects which connections there are.
  @inline(__always)
  var structure: Int { shards.count }

  // MARK: Places

  /// A connection, for whoever holds the lock of its shard, or `structure` if it is in no chain.
  subscript(index: Int) -> Connection {
    @inline(__always)
    unsafeAddress {
      // SAFETY: `address` checks the index.
      unsafe UnsafePointer(address(index))
    }
    @inline(__always)
    nonmutating unsafeMutableAddress {
      // SAFETY: `address` checks the index.
      unsafe address(index)
    }
  }

  @inline(__always)
  private func address(_ index: Int) -> UnsafeMutablePointer<Connection> {
    let number = index &>> 12
    guard UInt(bitPattern: number) < UInt(bitPattern: ConnectionTable.maximumChunkCount),
      let chunk = unsafe chunks[number]
    else { preconditionFailure("no such place") }
    // SAFETY: the chunk is there, and has 4,096 places.
    return unsafe chunk + (index & 4_095)
  }

  /// The IPv6 addresses of a connection.
  subscript(wide index: Int) -> WideAddresses {
    @inline(__always)
    unsafeAddress {
      // SAFETY: `wideAddress` checks the index.
      unsafe UnsafePointer(wideAddress(index))
    }
    @inline(__always)
    nonmutating unsafeMutableAddress {
      // SAFETY: `wideAddress` checks the index.
      unsafe wideAddress(index)
    }
  }

  @inline(__always)
  private func wideAddress(_ index: Int) -> UnsafeMutablePointer<WideAddresses> {
    let number = index &>> 12
    guard UInt(bitPattern: number) < UInt(bitPattern: ConnectionTable.maximumChunkCount),
      let chunk = unsafe wideChunks[number]
    else { preconditionFailure("no such place") }
    // SAFETY: the chunk is there, and has 4,096 places.
    return unsafe chunk + (index & 4_095)
  }

  /// How many places there are, those of both families together; all numbers are less.
  var placeCount: Int { chunkCounts[0] &* ConnectionTable.chunkCapacity }

  /// How many bytes of memory there are for connections over a version of IP, and for all chains.
  func byteCount(isIPv6: Bool) -> Int {
    let wide = isIPv6 ? MemoryLayout<WideAddresses>.stride : 0
    var bytes = places[isIPv6 ? 1 : 0].capacity * (MemoryLayout<Connection>.stride + wide)
    for shard in 0..<shards.count { bytes += shards[shard].bucketCapacity * 4 }
    return bytes
  }

  /// How many connections there are, for whoever holds `structure`.
  @inline(__always)
  var count: Int { places[0].count &+ places[1].count }

  /// Takes a place, or returns -1 if none is free; for whoever holds `structure`.
  func take(isIPv6: Bool) -> Int {
    let family = isIPv6 ? 1 : 0
    if places[family].free >= 0 {
      let index = Int(places[family].free)
      places[family].free = self[index].next.original
      places[family].count &+= 1
      return index
    }
    var chunk = Int(places[family].chunk)
    if chunk < 0 || Int(chunkStates[chunk].usedCount) == ConnectionTable.chunkCapacity {
      chunk = Int(places[family].nextChunk)
      guard chunk >= 0 else { return -1 }
      places[family].chunk = Int32(truncatingIfNeeded: chunk)
      places[family].nextChunk = chunkStates[chunk].next
    }
    let index = chunk &* ConnectionTable.chunkCapacity &+ Int(chunkStates[chunk].usedCount)
    chunkStates[chunk].usedCount &+= 1
    places[family].count &+= 1
    return index
  }

  /// Gives a place back; for whoever holds `structure`.
  func give(_ index: Int, isIPv6: Bool) {
    let family = isIPv6 ? 1 : 0
    self[index].traits = .none
    self[index].next.original = places[family].free
    places[family].free = Int32(truncatingIfNeeded: index)
    places[family].count &-= 1
  }

  /// The first place from a number on that was ever used, or `placeCount`; for whoever holds `structure`.
  func nextUsed(_ index: Int) -> Int {
    var index = index
    while index < placeCount {
      if index & (ConnectionTable.chunkCapacity &- 1) < Int(chunkStates[index &>> 12].usedCount) {
        return index
      }
      index = (index &>> 12 &+ 1) &<< 12
    }
    return placeCount
  }

  /// Makes places for `count` more connections than there are, if they are not there yet; returns whether they are now.
  ///
  /// Never done for a packet. `structure` must be held.
  func reserve(_ count: Int, isIPv6: Bool, hasMemory: (Int) -> Bool) -> Bool {
    let family = isIPv6 ? 1 : 0
    while places[family].capacity < places[family].count + count {
      guard addChunk(isIPv6: isIPv6, hasMemory: hasMemory) else { return false }
    }
    return true
  }

  private func addChunk(isIPv6: Bool, hasMemory: (Int) -> Bool) -> Bool {
    let number = chunkCounts[0]
    let capacity = ConnectionTable.chunkCapacity
    let byteCount =
      capacity * (MemoryLayout<Connection>.stride + (isIPv6 ? MemoryLayout<WideAddresses>.stride : 0))
    guard number < ConnectionTable.maximumChunkCount, hasMemory(byteCount) else { return false }
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: capacity * MemoryLayout<Connection>.stride, alignment: 64)
    // SAFETY: a place is written before it is read: `take` gives it to whoever fills it in.
    unsafe chunks[number] = memory.bindMemory(to: Connection.self, capacity: capacity)
    if isIPv6 {
      let wide = UnsafeMutableRawPointer.allocate(
        byteCount: capacity * MemoryLayout<WideAddresses>.stride, alignment: 64)
      unsafe wideChunks[number] = wide.bindMemory(to: WideAddresses.self, capacity: capacity)
    }
    let family = isIPv6 ? 1 : 0
    chunkStates[number] = Chunk()
    var last = Int(places[family].nextChunk)
    if last < 0 {
      places[family].nextChunk = Int32(number)
    } else {
      while chunkStates[last].next >= 0 { last = Int(chunkStates[last].next) }
      chunkStates[last].next = Int32(number)
    }
    places[family].capacity += capacity
    chunkCounts[0] = number + 1
    return true
  }

  // MARK: Tuples

  /// The tuple of one direction of a connection.
  @inline(__always)
  func tuple(of index: Int, isReply: Bool) -> ConnectionTuple {
    var tuple = ConnectionTuple(kind: self[index].kind)
    tuple.ports = isReply ? self[index].ports.reply : self[index].ports.original
    if tuple.isIPv6 {
      let addresses = isReply ? self[wide: index].reply : self[wide: index].original
      tuple.sourceHigh = addresses.0
      tuple.sourceLow = addresses.1
      tuple.destinationHigh = addresses.2
      tuple.destinationLow = addresses.3
    } else {
      let addresses = isReply ? self[index].addresses.reply : self[index].addresses.original
      tuple.sourceLow = addresses >> 32
      tuple.destinationLow = addresses & 0xffff_ffff
    }
    return tuple
  }

  /// Sets the tuple of one direction of a connection.
  func set(_ tuple: ConnectionTuple, of index: Int, isReply: Bool) {
    if isReply { self[index].ports.reply = tuple.ports } else { self[index].ports.original = tuple.ports }
    if tuple.isIPv6 {
      let addresses = (tuple.sourceHigh, tuple.sourceLow, tuple.destinationHigh, tuple.destinationLow)
      if isReply { self[wide: index].reply = addresses } else { self[wide: index].original = addresses }
    } else if isReply {
      self[index].addresses.reply = tuple.addresses
    } else {
      self[index].addresses.original = tuple.addresses
    }
  }

  /// Whether a tuple is that of one direction of a connection.
  @inline(__always)
  func matches(_ index: Int, _ tuple: ConnectionTuple, isReply: Bool) -> Bool {
    guard self[index].kind == tuple.kind else { return false }
    let ports = isReply ? self[index].ports.reply : self[index].ports.original
    guard ports == tuple.ports else { return false }
    if tuple.isIPv6 { return matchesWide(index, tuple, isReply: isReply) }
    return (isReply ? self[index].addresses.reply : self[index].addresses.original) == tuple.addresses
  }

  @inline(never)
  private func matchesWide(_ index: Int, _ tuple: ConnectionTuple, isReply: Bool) -> Bool {
    let addresses = isReply ? self[wide: index].reply : self[wide: index].original
    return addresses.0 == tuple.sourceHigh && addresses.1 == tuple.sourceLow
      && addresses.2 == tuple.destinationHigh && addresses.3 == tuple.destinationLow
  }

  // MARK: Chains

  /// The shard of a hash.
  @inline(__always)
  func shard(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash) & (shards.count &- 1) }

  /// The bucket of a hash in its shard.
  @inline(__always)
  private func bucket(_ hash: UInt64, _ shard: Int) -> Int {
    let number = Int(truncatingIfNeeded: hash &>> shardBits)
    let bucket = number & shards[shard].mask
    return bucket < shards[shard].bucketCount ? bucket : number & shards[shard].mask &>> 1
  }

  private func head(_ bucket: Int, _ shard: Int) -> UnsafeMutablePointer<Int32> {
    precondition(bucket >= 0 && bucket < shards[shard].bucketCapacity)
    // SAFETY: buckets below the capacity have memory.
    guard let chunk = unsafe bucketChunks[shard &* bucketDirectoryCapacity &+ bucket &>> 10] else {
      preconditionFailure("no such bucket")
    }
    return unsafe chunk + (bucket & 1_023)
  }

  /// The place and direction of the connection that a tuple belongs to, as twice the place and one more for answers, or -1; for
  /// whoever holds the lock of the hash's shard.
  ///
  /// - Parameter now: Connections that ended by then are passed over.
  @inline(__always)
  func find(_ tuple: ConnectionTuple, _ hash: UInt64, now: UInt64) -> Int {
    let shard = shard(hash)
    var node = unsafe head(bucket(hash, shard), shard).pointee
    while node >= 0 {
      let index = Int(node) &>> 1
      let isReply = node & 1 != 0
      let connection = self[index].traits
      if self[index].expiration > now {
        if matches(index, tuple, isReply: isReply) { return Int(node) }
        if !connection.contains(.hasReplyNode), matches(index, tuple, isReply: true) {
          return index &* 2 &+ 1
        }
      }
      node = isReply ? self[index].next.reply : self[index].next.original
    }
    return -1
  }

  /// Links a node of a connection into its chain; for whoever holds the lock of the hash's shard.
  func link(_ index: Int, _ hash: UInt64, isReply: Bool) {
    let shard = shard(hash)
    splitIfCrowded(shard)
    push(Int32(truncatingIfNeeded: index &* 2 &+ (isReply ? 1 : 0)), bucket(hash, shard), shard)
    shards[shard].nodeCount &+= 1
  }

  private func push(_ node: Int32, _ bucket: Int, _ shard: Int) {
    let head = unsafe head(bucket, shard)
    let index = Int(node) &>> 1
    // SAFETY: `head` checks the bucket.
    if node & 1 != 0 {
      unsafe self[index].next.reply = head.pointee
    } else {
      unsafe self[index].next.original = head.pointee
    }
    unsafe head.pointee = node
  }

  /// Takes a node of a connection out of its chain; for whoever holds the lock of the hash's shard.
  func unlink(_ index: Int, _ hash: UInt64, isReply: Bool) {
    let shard = shard(hash)
    let wanted = Int32(truncatingIfNeeded: index &* 2 &+ (isReply ? 1 : 0))
    let behind = isReply ? self[index].next.reply : self[index].next.original
    // SAFETY: `head` checks the bucket.
    let head = unsafe head(bucket(hash, shard), shard)
    var node = unsafe head.pointee
    if node == wanted {
      unsafe head.pointee = behind
      shards[shard].nodeCount &-= 1
      return
    }
    while node >= 0 {
      let place = Int(node) &>> 1
      let next = node & 1 != 0 ? self[place].next.reply : self[place].next.original
      if next == wanted {
        if node & 1 != 0 { self[place].next.reply = behind } else { self[place].next.original = behind }
        shards[shard].nodeCount &-= 1
        return
      }
      node = next
    }
  }

  /// Cuts one chain in two, if there are more nodes than buckets and memory for another bucket.
  private func splitIfCrowded(_ shard: Int) {
    let count = shards[shard].bucketCount
    guard shards[shard].nodeCount >= count, count < shards[shard].bucketCapacity else { return }
    if count > shards[shard].mask { shards[shard].mask = shards[shard].mask &* 2 &+ 1 }
    let old = count &- (shards[shard].mask &+ 1) &>> 1
    shards[shard].bucketCount = count &+ 1
    // SAFETY: `head` checks the buckets.
    var node = unsafe head(old, shard).pointee
    unsafe head(old, shard).pointee = -1
    unsafe head(count, shard).pointee = -1
    while node >= 0 {
      let index = Int(node) &>> 1
      let isReply = node & 1 != 0
      let next = isReply ? self[index].next.reply : self[index].next.original
      push(node, bucket(hash.value(tuple(of: index, isReply: isReply)), shard), shard)
      node = next
    }
  }

  /// Gives shards memory for as many buckets as they have nodes, and half as many more; never done for a packet.
  ///
  /// The lock of the shard must be held.
  func reserveBuckets(_ shard: Int, count: Int, hasMemory: (Int) -> Bool) {
    while shards[shard].bucketCapacity < shards[shard].nodeCount * 3 / 2 + count {
      guard hasMemory(ConnectionTable.bucketChunkCapacity * 4), addBuckets(to: shard) else { return }
    }
  }

  private func addBuckets(to shard: Int) -> Bool {
    let capacity = ConnectionTable.bucketChunkCapacity
    let number = shards[shard].bucketCapacity / capacity
    guard number < bucketDirectoryCapacity else { return false }
    // SAFETY: the memory is initialised here.
    let chunk = UnsafeMutablePointer<Int32>.allocate(capacity: capacity)
    unsafe chunk.initialize(repeating: -1, count: capacity)
    unsafe bucketChunks[shard * bucketDirectoryCapacity + number] = unsafe chunk
    shards[shard].bucketCapacity += capacity
    return true
  }

  /// How many nodes the chain of a bucket has; for whoever holds the lock of its shard.
  func length(ofBucket bucket: Int, in shard: Int) -> Int {
    guard bucket < shards[shard].bucketCount else { return 0 }
    var length = 0
    var node = unsafe head(bucket, shard).pointee
    while node >= 0 {
      length &+= 1
      node = node & 1 != 0 ? self[Int(node) &>> 1].next.reply : self[Int(node) &>> 1].next.original
    }
    return length
  }
}
