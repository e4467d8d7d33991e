import PacketWire

/// Which bridge leads to a tunnel's other end, by which gateway, and from which address.
///
/// Three sources fill it: the host's routes over internal ports, a user's `ovs/route/add`, and the endpoints that belong
/// to the switch. IPv4 addresses are in their mapped form (RFC 4291, section 2.5.5.2).
final class RouteTable {
  /// Where a route came from; a longer prefix wins first, then the later of these.
  enum Origin: UInt8, Comparable {
    /// The host's routing table.
    case host
    /// An endpoint of the switch's own.
    case endpoint
    /// A user.
    case user

    static func < (left: Origin, right: Origin) -> Bool { left.rawValue < right.rawValue }
  }

  /// A route.
  struct Route: Equatable {
    /// The destination network.
    var destination: IPv6Address
    /// How many leading bits of the destination count, in the 128-bit form.
    var prefixBitCount: Int
    /// The next hop; nil if the destination is on the link.
    var gateway: IPv6Address?
    /// The bridge whose link leads there; for the host's routes the device's name.
    var bridge: String
    /// The address that packets get as their source.
    var source: IPv6Address?
    /// The mark that packets must have; 0 for any.
    var mark: UInt32 = 0
    /// Whether the destination is this host.
    var isLocal = false
    /// Where it came from.
    var origin: Origin

    /// Whether an address is in the destination network.
    func covers(_ address: IPv6Address) -> Bool {
      address & IPv6Address(prefixLength: prefixBitCount) == destination
    }
  }

  /// How many routes of the host are taken in at most; a host with a full Internet table keeps the rest to itself.
  static var limit: Int { 65536 }

  /// How many routes were left out because the table was full.
  private(set) var refusedCount: UInt64 = 0
  /// Counts the changes after which a lookup may come out otherwise.
  private(set) var generation: UInt64 = 0
  /// The routes by prefix length, longest first.
  private var routes: [Int: [Route]] = [:]
  private var lengths: [Int] = []
  private(set) var count = 0

  init() {}

  /// The best route to an address for packets of a mark.
  func lookup(_ address: IPv6Address, mark: UInt32 = 0) -> Route? {
    for length in lengths {
      var best: Route?
      for route in routes[length] ?? [] where route.covers(address) && (route.mark == 0 || route.mark == mark)
      {
        if let found = best, (found.mark, found.origin.rawValue) >= (route.mark, route.origin.rawValue) {
          continue
        }
        best = route
      }
      if let best { return best }
    }
    return nil
  }

  /// Puts other routes in the place of all of one origin.
  func replace(origin: Origin, with new: [Route]) {
    let old = all.filter { $0.origin == origin }
    var wanted: [Route] = []
    for var route in new {
      route.destination = route.destination & IPv6Address(prefixLength: route.prefixBitCount)
      route.origin = origin
      wanted.append(route)
    }
    guard old != wanted else { return }
    for (length, list) in routes { routes[length] = list.filter { $0.origin != origin } }
    count -= old.count
    for route in wanted { append(route) }
    settle()
  }

  /// Adds a user's route, in the place of one with the same destination and mark.
  func add(_ route: Route) {
    var route = route
    route.destination = route.destination & IPv6Address(prefixLength: route.prefixBitCount)
    _ = removeMatching(route.destination, route.prefixBitCount, route.mark, route.origin)
    append(route)
    settle()
  }

  /// Removes a user's route; says whether it was there.
  func remove(_ destination: IPv6Address, prefixBitCount: Int, mark: UInt32 = 0) -> Bool {
    let network = destination & IPv6Address(prefixLength: prefixBitCount)
    let found = removeMatching(network, prefixBitCount, mark, .user)
    settle()
    return found
  }

  private func removeMatching(_ network: IPv6Address, _ length: Int, _ mark: UInt32, _ origin: Origin) -> Bool
  {
    let list = routes[length] ?? []
    let kept = list.filter { !($0.destination == network && $0.mark == mark && $0.origin == origin) }
    routes[length] = kept
    count -= list.count - kept.count
    return kept.count < list.count
  }

  private func append(_ route: Route) {
    guard count < Self.limit else {
      refusedCount &+= 1
      return
    }
    routes[route.prefixBitCount, default: []].append(route)
    count += 1
  }

  private func settle() {
    routes = routes.filter { !$0.value.isEmpty }
    lengths = routes.keys.sorted(by: >)
    generation &+= 1
  }

  /// Every route, the longest prefix first.
  var all: [Route] {
    var result: [Route] = []
    for length in lengths { result += routes[length] ?? [] }
    return result
  }

  /// The table as `ovs/route/show` prints it: the host's routes and endpoints as cached, a user's as given.
  var shown: String {
    var text = "Route Table:\n"
    for route in all {
      text += route.origin == .user ? "User: " : "Cached: "
      text += Self.network(route.destination, route.prefixBitCount)
      if route.mark != 0 { text += " MARK " + String(route.mark) }
      text += " dev " + route.bridge
      if let gateway = route.gateway { text += " GW " + Self.address(gateway) }
      if let source = route.source { text += " SRC " + Self.address(source) }
      if route.isLocal { text += " local" }
      text += "\n"
    }
    return text
  }

  private static func address(_ address: IPv6Address) -> String {
    address.mappedIPv4?.description ?? address.description
  }

  private static func network(_ address: IPv6Address, _ prefixBitCount: Int) -> String {
    if let mapped = address.mappedIPv4, prefixBitCount >= 96 {
      return mapped.description + "/" + String(prefixBitCount - 96)
    }
    // The IPv4 default route is ::/96 below the mapped prefix once masked.
    return address.description + "/" + String(prefixBitCount)
  }
}
