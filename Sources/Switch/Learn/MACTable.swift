// What: the Ethernet addresses that a bridge has learned, and the port behind each.
//
// Why: NORMAL forwards a frame to the one port behind its destination, and floods what it doesn't know.
//
// How: a dictionary from VLAN and address to a place in a row of entries, which doubly linked lists keep in the order of
// use: one of all entries and one of each port's, static ones apart. The table is bounded: when it is full, the port that has
// learned most gives up its least recently used entry, so that a port that floods it with addresses hurts itself and not the
// others.

import PacketWire

/// The addresses that a bridge has learned.
final class MACTable {
  /// What an address is looked up by.
  struct Key: Hashable {
    /// The VLAN, 0 for none.
    var vlan: UInt16
    /// The address.
    var address: MACAddress
  }

  /// A learned address.
  struct Entry {
    /// The VLAN and the address.
    var key: Key
    /// The port behind it.
    var port: BridgePort
    /// When it was last seen, in milliseconds; of no meaning for a static entry.
    var usedMilliseconds: Int64
    /// Whether a user put it there, to stay until a user removes it.
    var isStatic = false
  }

  /// What is behind one port.
  private struct PortEntries {
    /// Tells it from other ports'.
    var number: UInt64
    var learnedCount = 0
    var staticCount = 0
    var order = OrderOfUse()
  }

  /// What was counted since the bridge was made (`fdb/stats-show`).
  struct Statistics: Equatable {
    var learned: UInt64 = 0
    var expired: UInt64 = 0
    var evicted: UInt64 = 0
    var moved: UInt64 = 0
    var staticMoveAttempts: UInt64 = 0
  }

  /// The default of `limit` (`other_config:mac-table-size`).
  static var defaultLimit: Int { 8192 }
  /// The default of `agingMilliseconds` (`other_config:mac-aging-time`), five minutes.
  static var defaultAgingMilliseconds: Int64 { 300_000 }

  /// How many addresses are learned at most; at least 10.
  var limit = MACTable.defaultLimit { didSet { while count > max(limit, 10), evictOne() {} } }
  /// How long a learned address lives without being seen.
  var agingMilliseconds = MACTable.defaultAgingMilliseconds
  /// What was counted.
  private(set) var statistics = Statistics()
  private let changes: ChangeCounter

  /// The entries, without gaps: an entry that is gone must not hold its port.
  private var entries: [Entry] = []
  private var places: [Key: Int] = [:]
  /// The learned entries, and each one's neighbours.
  private var order = OrderOfUse()
  private var neighbors: [OrderOfUse.Neighbors] = []
  /// Each one's neighbours among those of its port.
  private var neighborsInPort: [OrderOfUse.Neighbors] = []
  private var ports: [ObjectIdentifier: PortEntries] = [:]
  private var portsByNumber: [UInt64: ObjectIdentifier] = [:]
  private var nextPortNumber: UInt64 = 0
  /// The ports by their numbers, those first that have learned most.
  private var fullest = Agenda<UInt64>()

  init(changes: ChangeCounter = ChangeCounter()) { self.changes = changes }

  /// How many addresses there are, static ones included.
  var count: Int { places.count }

  /// The port behind an address, if it is known.
  func lookup(vlan: UInt16, _ address: MACAddress) -> Entry? {
    guard let place = places[Key(vlan: vlan, address: address)] else { return nil }
    return entries[place]
  }

  /// Notes that an address was seen behind a port; says whether that changes where frames go.
  ///
  /// Multicast addresses are never learned, and a static entry stays as it is.
  @discardableResult
  func learn(vlan: UInt16, _ address: MACAddress, port: BridgePort, now: Int64) -> Bool {
    guard !address.isMulticast else { return false }
    let key = Key(vlan: vlan, address: address)
    guard let place = places[key] else {
      insert(Entry(key: key, port: port, usedMilliseconds: now))
      statistics.learned &+= 1
      return true
    }
    guard !entries[place].isStatic else {
      if entries[place].port !== port { statistics.staticMoveAttempts &+= 1 }
      return false
    }
    let hasMoved = entries[place].port !== port
    unlink(place)
    entries[place].usedMilliseconds = now
    entries[place].port = port
    link(place)
    if hasMoved {
      statistics.moved &+= 1
      changes.note()
    }
    return hasMoved
  }

  /// Puts an address behind a port until a user removes it (`fdb/add`); says whether anything changed.
  @discardableResult
  func addStatic(vlan: UInt16, _ address: MACAddress, port: BridgePort) -> Bool {
    if let entry = lookup(vlan: vlan, address) {
      if entry.isStatic, entry.port === port { return false }
      remove(vlan: vlan, address)
    }
    insert(
      Entry(key: Key(vlan: vlan, address: address), port: port, usedMilliseconds: 0, isStatic: true))
    return true
  }

  /// Forgets an address; says whether it was known.
  @discardableResult
  func remove(vlan: UInt16, _ address: MACAddress) -> Bool {
    guard let place = places[Key(vlan: vlan, address: address)] else { return false }
    remove(at: place)
    return true
  }

  /// Forgets what is behind a port that goes away.
  func remove(port: BridgePort) {
    while let place = ports[ObjectIdentifier(port)]?.order.oldest { remove(at: place) }
    if ports[ObjectIdentifier(port)] != nil { remove { $0.port === port } }
  }

  private func remove(where isMeant: (Entry) -> Bool) {
    for key in Array(places.keys) {
      if let place = places[key], isMeant(entries[place]) { remove(at: place) }
    }
  }

  /// Forgets the addresses of some VLANs, static ones too.
  func remove(vlans isRemoved: (UInt16) -> Bool) {
    remove { isRemoved($0.key.vlan) }
  }

  /// Forgets every address but the static ones (`fdb/flush`).
  func flush() {
    remove { !$0.isStatic }
  }

  /// Zeroes the statistics (`fdb/stats-clear`).
  func clearStatistics() { statistics = Statistics() }

  /// Forgets the addresses not seen for `agingMilliseconds`.
  func expire(now: Int64) {
    while let oldest = order.oldest, let time = nextExpiry, time <= now {
      remove(at: oldest)
      statistics.expired &+= 1
    }
  }

  /// When `expire` has something to do next, in milliseconds.
  var nextExpiry: Int64? {
    order.oldest.map { entries[$0].usedMilliseconds &+ agingMilliseconds }
  }

  /// Every entry: static ones first, then the least recently used first (the order of `fdb/show`).
  var all: [Entry] {
    var result: [Entry] = []
    result.reserveCapacity(count)
    for place in places.values where entries[place].isStatic { result.append(entries[place]) }
    result.sort { ($0.key.vlan, $0.key.address.rawValue) < ($1.key.vlan, $1.key.address.rawValue) }
    var next = order.oldest
    while let place = next {
      result.append(entries[place])
      next = neighbors[place].newer
    }
    return result
  }

  // MARK: The row of entries

  private func insert(_ entry: Entry) {
    if count >= max(limit, 10) { _ = evictOne() }
    let place = entries.count
    entries.append(entry)
    neighbors.append(OrderOfUse.Neighbors())
    neighborsInPort.append(OrderOfUse.Neighbors())
    places[entry.key] = place
    link(place)
    changes.note()
  }

  private func remove(at place: Int) {
    places[entries[place].key] = nil
    unlink(place)
    let last = entries.removeLast()
    if place < entries.count { move(last, to: place) }
    neighbors.removeLast()
    neighborsInPort.removeLast()
    changes.note()
  }

  /// Lets an entry take the place of one that is gone.
  private func move(_ entry: Entry, to place: Int) {
    entries[place] = entry
    places[entry.key] = place
    guard !entry.isStatic else { return }
    let last = entries.count
    order.move(last, to: place, &neighbors)
    ports[ObjectIdentifier(entry.port)]?.order.move(last, to: place, &neighborsInPort)
  }

  /// Removes the least recently used entry of the port that has learned most; says whether there was one.
  private func evictOne() -> Bool {
    guard let number = fullest.firstKey, let identity = portsByNumber[number],
      let place = ports[identity]?.order.oldest
    else { return false }
    remove(at: place)
    statistics.evicted &+= 1
    return true
  }

  /// Counts an entry among those of its port, and puts a learned one at the newest end of the order of use.
  private func link(_ place: Int) {
    let identity = ObjectIdentifier(entries[place].port)
    if ports[identity] == nil {
      ports[identity] = PortEntries(number: nextPortNumber)
      portsByNumber[nextPortNumber] = identity
      nextPortNumber &+= 1
    }
    if entries[place].isStatic {
      ports[identity]?.staticCount += 1
    } else {
      order.append(place, &neighbors)
      ports[identity]?.order.append(place, &neighborsInPort)
      ports[identity]?.learnedCount += 1
      sort(identity)
    }
  }

  /// Takes an entry out of the order of use, and from those of its port.
  private func unlink(_ place: Int) {
    let identity = ObjectIdentifier(entries[place].port)
    if entries[place].isStatic {
      ports[identity]?.staticCount -= 1
    } else {
      order.remove(place, &neighbors)
      ports[identity]?.order.remove(place, &neighborsInPort)
      ports[identity]?.learnedCount -= 1
      sort(identity)
    }
    if let port = ports[identity], port.learnedCount == 0, port.staticCount == 0 {
      ports[identity] = nil
      portsByNumber[port.number] = nil
    }
  }

  /// Gives a port its place among those that have learned more or less.
  private func sort(_ identity: ObjectIdentifier) {
    guard let port = ports[identity] else { return }
    fullest.set(port.number, port.learnedCount > 0 ? Int64(-port.learnedCount) : nil)
  }
}

/// A doubly linked list of places in a row, the least recently used first; each place's neighbours are kept by whoever has the row.
struct OrderOfUse {
  /// The places before and behind one.
  struct Neighbors {
    var older: Int?
    var newer: Int?
  }
  private(set) var oldest: Int?
  private var newest: Int?

  /// Puts a place at the newest end.
  mutating func append(_ place: Int, _ neighbors: inout [Neighbors]) {
    neighbors[place] = Neighbors(older: newest, newer: nil)
    if let newest { neighbors[newest].newer = place } else { oldest = place }
    newest = place
  }

  /// Takes a place out.
  mutating func remove(_ place: Int, _ neighbors: inout [Neighbors]) {
    let gone = neighbors[place]
    if let older = gone.older { neighbors[older].newer = gone.newer } else { oldest = gone.newer }
    if let newer = gone.newer { neighbors[newer].older = gone.older } else { newest = gone.older }
  }

  /// Lets a place stand where another one did.
  mutating func move(_ old: Int, to place: Int, _ neighbors: inout [Neighbors]) {
    let moved = neighbors[old]
    neighbors[place] = moved
    if let older = moved.older { neighbors[older].newer = place } else { oldest = place }
    if let newer = moved.newer { neighbors[newer].older = place } else { newest = place }
  }
}
