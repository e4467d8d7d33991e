// What: connections that helpers expect, such as the data of an FTP session, and the connections that they belong to.
//
// How: an expectation is found by who will call whom at which port; the caller's port is not known. It lasts as long as the
// connection that it was made by. All of it is protected by `structure`.

/// A connection that is expected.
struct Expectation: BitwiseCopyable {
  /// The first packet's tuple, the source port zero.
  var tuple = ConnectionTuple()
  /// The first direction of the connection that it was made by.
  var parent = ConnectionTuple()
  var mark: UInt32 = 0
  var label: (high: UInt64, low: UInt64) = (0, 0)
  /// Which end is translated, if the connection is, and to which address.
  var end = TranslatedEnd.source
  var address: (high: UInt64, low: UInt64) = (0, 0)
  var isUsed = false
  /// The next in its chain, or of those that are free.
  var next: Int32 = -1
}

/// A connection that others belong to.
struct ParentRow: BitwiseCopyable {
  var tuple = ConnectionTuple()
  /// The next that is free.
  var next: Int32 = -1
}

/// The expectations of a datapath.
struct ExpectationTable: ~Copyable {
  /// The most expectations.
  static var maximumCount: Int { 1_024 }
  /// The most connections that were expected and live.
  static var maximumParentCount: Int { 4_096 }

  let rows: SharedSlab<Expectation>
  let parents: SharedSlab<ParentRow>
  private let heads: SharedSlab<Int32>
  private let state: SharedSlab<State>
  private let hash: TupleHash

  struct State: BitwiseCopyable {
    var free: Int32 = 0
    var freeParent: Int32 = 0
    var count = 0
  }

  init(hash: TupleHash) {
    self.hash = hash
    rows = SharedSlab(repeating: Expectation(), count: ExpectationTable.maximumCount)
    parents = SharedSlab(repeating: ParentRow(), count: ExpectationTable.maximumParentCount)
    heads = SharedSlab(repeating: -1, count: ExpectationTable.maximumCount)
    state = SharedSlab(repeating: State(), count: 1)
    for index in 0..<rows.count { rows[index].next = index + 1 < rows.count ? Int32(index + 1) : -1 }
    for index in 0..<parents.count { parents[index].next = index + 1 < parents.count ? Int32(index + 1) : -1 }
  }

  /// How many there are.
  var count: Int { state[0].count }

  private func bucket(_ tuple: ConnectionTuple) -> Int {
    Int(truncatingIfNeeded: hash.value(tuple)) & (ExpectationTable.maximumCount &- 1)
  }

  /// The expectation that a packet fulfils, or -1.
  func find(_ tuple: ConnectionTuple) -> Int {
    guard state[0].count > 0 else { return -1 }
    var wanted = tuple
    wanted.sourcePort = 0
    var index = heads[bucket(wanted)]
    while index >= 0 {
      if rows[Int(index)].tuple == wanted { return Int(index) }
      index = rows[Int(index)].next
    }
    return -1
  }

  /// Adds an expectation; `false` if there are too many.
  func add(_ expectation: Expectation) -> Bool {
    var expectation = expectation
    expectation.tuple.sourcePort = 0
    if find(expectation.tuple) >= 0 { return true }
    let index = state[0].free
    guard index >= 0 else { return false }
    state[0].free = rows[Int(index)].next
    state[0].count &+= 1
    let bucket = bucket(expectation.tuple)
    expectation.isUsed = true
    expectation.next = heads[bucket]
    rows[Int(index)] = expectation
    heads[bucket] = index
    return true
  }

  /// Removes what a connection has made others expect.
  func removeAll(of parent: ConnectionTuple) {
    guard state[0].count > 0 else { return }
    for index in 0..<rows.count where rows[index].isUsed && rows[index].parent == parent { remove(index) }
  }

  private func remove(_ index: Int) {
    let bucket = bucket(rows[index].tuple)
    let behind = rows[index].next
    if heads[bucket] == Int32(index) {
      heads[bucket] = behind
    } else {
      var place = heads[bucket]
      while place >= 0 && rows[Int(place)].next != Int32(index) { place = rows[Int(place)].next }
      if place >= 0 { rows[Int(place)].next = behind }
    }
    rows[index] = Expectation()
    rows[index].next = state[0].free
    state[0].free = Int32(index)
    state[0].count &-= 1
  }

  /// Notes whom a connection belongs to; -1 if there are too many.
  func takeParent(_ tuple: ConnectionTuple) -> Int {
    let index = state[0].freeParent
    guard index >= 0 else { return -1 }
    state[0].freeParent = parents[Int(index)].next
    parents[Int(index)].tuple = tuple
    return Int(index)
  }

  /// Gives up what `takeParent` has given.
  func releaseParent(_ index: Int) {
    guard index >= 0 else { return }
    parents[index].next = state[0].freeParent
    state[0].freeParent = Int32(truncatingIfNeeded: index)
  }
}
