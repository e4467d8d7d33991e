import PacketWire

/// The Ethernet addresses of tunnel next hops, learned from ARP and neighbour discovery on a bridge (`tnl/arp/show`).
///
/// IPv4 addresses are in their mapped form (RFC 4291, section 2.5.5.2).
final class NeighborTable {
  /// What a neighbour is looked up by.
  struct Key: Hashable {
    /// The bridge on whose link the neighbour is.
    var bridge: String
    /// Its address.
    var address: IPv6Address
  }

  /// A neighbour.
  struct Entry: Equatable {
    /// Its Ethernet address.
    var ethernetAddress: MACAddress
    /// When it is forgotten, in milliseconds; nil for never, if a user set it.
    var expiryMilliseconds: Int64?
  }

  /// How many neighbours are remembered at most.
  static var limit: Int { 65536 }
  /// How long a neighbour lives without being heard of, 15 minutes (`tnl/neigh/aging`).
  static var defaultAgingMilliseconds: Int64 { 900_000 }
  /// The least time between two requests for one address.
  static var requestIntervalMilliseconds: Int64 { 1000 }

  /// How long a neighbour lives without being heard of.
  var agingMilliseconds = NeighborTable.defaultAgingMilliseconds
  /// How many neighbours were not remembered because the table was full.
  private(set) var refusedCount: UInt64 = 0
  /// Counts the changes after which a lookup may come out otherwise.
  private(set) var generation: UInt64 = 0
  private var entries: [Key: Entry] = [:]
  private var requested: [Key: Int64] = [:]

  init() {}

  /// How many neighbours are known.
  var count: Int { entries.count }

  /// The Ethernet address of a neighbour, if it is known and not too old.
  func lookup(_ key: Key, now: Int64) -> MACAddress? {
    guard let entry = entries[key] else { return nil }
    if let expiry = entry.expiryMilliseconds, expiry <= now { return nil }
    return entry.ethernetAddress
  }

  /// Notes a neighbour that was heard of.
  func learn(_ key: Key, _ address: MACAddress, now: Int64) {
    set(key, Entry(ethernetAddress: address, expiryMilliseconds: now &+ agingMilliseconds))
  }

  /// Keeps a neighbour that packets are sent to: with traffic of one way alone it would not be heard of for long.
  func refresh(_ key: Key, now: Int64) {
    guard let expiry = entries[key]?.expiryMilliseconds, expiry > now else { return }
    entries[key]?.expiryMilliseconds = max(expiry, now &+ agingMilliseconds)
  }

  /// Sets a neighbour by a user's word, for ever (`tnl/arp/set`).
  func setStatic(_ key: Key, _ address: MACAddress) {
    set(key, Entry(ethernetAddress: address, expiryMilliseconds: nil))
  }

  private func set(_ key: Key, _ entry: Entry) {
    let known = entries[key]
    guard known != nil || entries.count < Self.limit else {
      refusedCount &+= 1
      return
    }
    // What a user set stays against what the wire says.
    if let known, known.expiryMilliseconds == nil, entry.expiryMilliseconds != nil { return }
    requested[key] = nil
    entries[key] = entry
    if known?.ethernetAddress != entry.ethernetAddress { generation &+= 1 }
  }

  /// Whether a request for an unknown neighbour may be sent now; if so, it counts as sent.
  func mayRequest(_ key: Key, now: Int64) -> Bool {
    if let last = requested[key], last &+ Self.requestIntervalMilliseconds > now { return false }
    if requested.count >= Self.limit { requested.removeAll() }
    requested[key] = now
    return true
  }

  /// Forgets the neighbours of a bridge, or all (`tnl/arp/flush`).
  func flush(bridge: String? = nil) {
    let before = entries.count
    if let bridge {
      entries = entries.filter { $0.key.bridge != bridge }
    } else {
      entries.removeAll()
    }
    requested.removeAll()
    if entries.count != before { generation &+= 1 }
  }

  /// Forgets the neighbours not heard of for too long.
  func expire(now: Int64) {
    let before = entries.count
    entries = entries.filter { ($0.value.expiryMilliseconds ?? Int64.max) > now }
    if entries.count != before { generation &+= 1 }
  }

  /// When `expire` has something to do next, in milliseconds.
  var nextExpiry: Int64? {
    var next: Int64?
    for entry in entries.values {
      if let expiry = entry.expiryMilliseconds { next = min(next ?? expiry, expiry) }
    }
    return next
  }

  /// Every neighbour, ordered by bridge and address.
  var all: [(key: Key, entry: Entry)] {
    var result: [(key: Key, entry: Entry)] = []
    for (key, entry) in entries { result.append((key, entry)) }
    result.sort { left, right in
      if left.key.bridge != right.key.bridge {
        return left.key.bridge.utf8.lexicographicallyPrecedes(right.key.bridge.utf8)
      }
      return left.key.address < right.key.address
    }
    return result
  }

  /// The table as `tnl/arp/show` prints it.
  var shown: String {
    var text = "IP                                            MAC                 Bridge\n"
    text += "==========================================================================\n"
    for (key, entry) in all {
      let address = key.address.mappedIPv4?.description ?? key.address.description
      text += address.padded(to: 46) + entry.ethernetAddress.description + "   " + key.bridge + "\n"
    }
    return text
  }
}
