// What: the addresses at which tunnels end here, and the bridge on whose link each of them lives.
//
// Why: the switch answers ARP and neighbour solicitations for its own endpoints, and takes packets to any endpoint out of
// their tunnel.
//
// How: an address is either the host's, found on the device of a bridge's own port, in which case the host's stack answers for
// it; or the switch's own: a tunnel's `options:local_ip` that the host does not have, or a bridge's `other_config:endpoint-ip`. An
// own address lives on the bridge whose `endpoint-ip` is the same address or covers it, else on the tunnel's bridge.

import Datapath
import PacketWire

/// The addresses at which tunnels end.
final class EndpointTable {
  /// Such an address.
  struct Endpoint: Equatable {
    /// The address, in its mapped form if it is an IPv4 address.
    var address: IPv6Address
    /// The bridge on whose link it lives, by name.
    var bridge: String
    /// How many leading bits name the link's network, in the 128-bit form; 0 if everyone counts as on the link.
    var prefixBitCount: Int
    /// Whether the switch answers for it, rather than the host.
    var isOwn: Bool
  }

  /// Counts the changes after which a lookup may come out otherwise.
  private(set) var generation: UInt64 = 0
  private var endpoints: [IPv6Address: Endpoint] = [:]
  private var bridgesWithOwn: Set<String> = []
  private var bridgesWithAny: Set<String> = []

  init() {}

  /// Every endpoint, in the order of their addresses.
  var all: [Endpoint] { endpoints.values.sorted { $0.address < $1.address } }

  /// Takes in all endpoints, in the place of those before; of two with one address the first wins.
  func replace(with new: [Endpoint]) {
    var table: [IPv6Address: Endpoint] = [:]
    for endpoint in new where table[endpoint.address] == nil { table[endpoint.address] = endpoint }
    guard table != endpoints else { return }
    endpoints = table
    bridgesWithOwn = []
    bridgesWithAny = []
    for endpoint in table.values {
      bridgesWithAny.insert(endpoint.bridge)
      if endpoint.isOwn { bridgesWithOwn.insert(endpoint.bridge) }
    }
    generation &+= 1
  }

  /// The endpoint with an address, if it lives on a bridge.
  func endpoint(_ address: IPv6Address, on bridge: String) -> Endpoint? {
    guard let found = endpoints[address], found.bridge == bridge else { return nil }
    return found
  }

  /// Whether the switch answers for some address on a bridge.
  func hasOwn(on bridge: String) -> Bool { bridgesWithOwn.contains(bridge) }

  /// Whether some tunnel ends on a bridge.
  func hasAny(on bridge: String) -> Bool { bridgesWithAny.contains(bridge) }

  /// The routes that the own endpoints bring: the network that each is on.
  var routes: [RouteTable.Route] {
    var routes: [RouteTable.Route] = []
    for endpoint in all where endpoint.isOwn {
      routes.append(
        RouteTable.Route(
          destination: endpoint.address, prefixBitCount: 128, bridge: endpoint.bridge,
          source: endpoint.address,
          isLocal: true, origin: .endpoint))
      if endpoint.prefixBitCount < 128 {
        routes.append(
          RouteTable.Route(
            destination: endpoint.address, prefixBitCount: endpoint.prefixBitCount, bridge: endpoint.bridge,
            source: endpoint.address, origin: .endpoint))
      }
    }
    return routes
  }
}
