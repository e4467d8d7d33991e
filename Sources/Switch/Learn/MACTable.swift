// What: the Ethernet addresses that a bridge has learned, and the port behind each.
//
// Why: NORMAL forwards a frame to the one port behind its destination, and floods what it doesn't know.
//
// How: a dictionary from VLAN and address to a place in a row of entries, which a doubly linked list keeps in the order of
// use. The table is bounded: when it is full, the port that holds the most entries gives up its least recently used one, so
// that a port that floods it with addresses hurts itself and not the others.

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

    fileprivate var older = MACTable.noPlace
    fileprivate var newer = MACTable.noPlace
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
  fileprivate static var noPlace: Int { -1 }

  /// How many addresses are learned at most; at least 10.
  var limit = MACTable.defaultLimit { didSet { while count > max(limit, 10), evictOne() {} } }
  /// How long a learned address lives without being seen.
  var agingMilliseconds = MACTable.defaultAgingMilliseconds
  /// What was counted.
  private(set) var statistics = Statistics()
  /// Counts the changes after which a lookup may come out otherwise.
  private(set) var generation: UInt64 = 0

  /// The entries, without gaps: an entry that is gone must not hold its port.
  private var entries: [Entry] = []
  private var places: [Key: Int] = [:]
  private var countOfPort: [ObjectIdentifier: Int] = [:]
  private var oldest = MACTable.noPlace
  private var newest = MACTable.noPlace

  init() {}

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
    unlink(place)
    entries[place].usedMilliseconds = now
    link(place)
    guard entries[place].port !== port else { return false }
    changeCount(of: entries[place].port, by: -1)
    entries[place].port = port
    changeCount(of: port, by: 1)
    statistics.moved &+= 1
    generation &+= 1
    return true
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
    guard countOfPort[ObjectIdentifier(port)] != nil else { return }
    remove { $0.port === port }
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
    while oldest != MACTable.noPlace, entries[oldest].usedMilliseconds &+ agingMilliseconds <= now {
      remove(at: oldest)
      statistics.expired &+= 1
    }
  }

  /// When `expire` has something to do next, in milliseconds.
  var nextExpiry: Int64? {
    oldest == MACTable.noPlace ? nil : entries[oldest].usedMilliseconds &+ agingMilliseconds
  }

  /// Every entry: static ones first, then the least recently used first (the order of `fdb/show`).
  var all: [Entry] {
    var result: [Entry] = []
    result.reserveCapacity(count)
    for place in places.values where entries[place].isStatic { result.append(entries[place]) }
    result.sort { ($0.key.vlan, $0.key.address.rawValue) < ($1.key.vlan, $1.key.address.rawValue) }
    var place = oldest
    while place != MACTable.noPlace {
      result.append(entries[place])
      place = entries[place].newer
    }
    return result
  }

  // MARK: The row of entries

  private func insert(_ entry: Entry) {
    if count >= max(limit, 10) { _ = evictOne() }
    let place = entries.count
    entries.append(entry)
    places[entry.key] = place
    changeCount(of: entry.port, by: 1)
    if !entry.isStatic { link(place) }
    generation &+= 1
  }

  private func remove(at place: Int) {
    places[entries[place].key] = nil
    changeCount(of: entries[place].port, by: -1)
    if !entries[place].isStatic { unlink(place) }
    let last = entries.removeLast()
    if place < entries.count { move(last, to: place) }
    generation &+= 1
  }

  /// Lets an entry take the place of one that is gone.
  private func move(_ entry: Entry, to place: Int) {
    entries[place] = entry
    places[entry.key] = place
    guard !entry.isStatic else { return }
    if entry.older != MACTable.noPlace { entries[entry.older].newer = place } else { oldest = place }
    if entry.newer != MACTable.noPlace { entries[entry.newer].older = place } else { newest = place }
  }

  /// Removes the least recently used entry of the port that holds the most; says whether there was one.
  private func evictOne() -> Bool {
    var largest = 0
    for portCount in countOfPort.values { largest = max(largest, portCount) }
    var place = oldest
    while place != MACTable.noPlace {
      if countOfPort[ObjectIdentifier(entries[place].port)] == largest { break }
      place = entries[place].newer
    }
    // The fullest port may hold static entries only.
    if place == MACTable.noPlace { place = oldest }
    guard place != MACTable.noPlace else { return false }
    remove(at: place)
    statistics.evicted &+= 1
    return true
  }

  private func changeCount(of port: BridgePort, by change: Int) {
    let identity = ObjectIdentifier(port)
    let value = (countOfPort[identity] ?? 0) &+ change
    countOfPort[identity] = value > 0 ? value : nil
  }

  /// Puts an entry at the newest end of the order of use.
  private func link(_ place: Int) {
    entries[place].older = newest
    entries[place].newer = MACTable.noPlace
    if newest != MACTable.noPlace { entries[newest].newer = place } else { oldest = place }
    newest = place
  }

  private func unlink(_ place: Int) {
    let (older, newer) = (entries[place].older, entries[place].newer)
    if older != MACTable.noPlace { entries[older].newer = newer } else { oldest = newer }
    if newer != MACTable.noPlace { entries[newer].older = older } else { newest = older }
  }
}
