// Tells Translate which tunnels, endpoints and routes there are, after anything that they depend on has changed.

import Vlog
import Datapath
import PacketWire

extension VirtualSwitch {
  /// Hands the tunnels, the endpoints and the host's routes to the translation.
  func refreshTunnels() {
    context.haveAddressesChanged = false
    reconciler.attachments.haveTunnelsChanged = false
    let tunnels = reconciler.attachments.tunnels.values.sorted {
      $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
    }
    for interface in environment.tunnels.replace(with: tunnels) {
      context.turn.log(
        "tunnel", .warning,
        "\(interface.name): attempting to add tunnel port with same config as another port")
    }
    environment.endpoints.replace(with: endpoints(of: tunnels))
    environment.routes.replace(origin: .endpoint, with: environment.endpoints.routes)
    environment.routes.replace(origin: .host, with: hostRoutes())
  }

  /// The host's addresses on the bridges' own ports, and the addresses of tunnels that the host does not have.
  private func endpoints(of tunnels: [Interface]) -> [EndpointTable.Endpoint] {
    var endpoints: [EndpointTable.Endpoint] = []
    for name in reconciler.bridges.keys.sorted() {
      guard let device = context.devices[name] else { continue }
      for address in device.addresses {
        endpoints.append(
          EndpointTable.Endpoint(
            address: address.address, bridge: name, prefixBitCount: address.prefixBitCount, isOwn: false))
      }
    }
    var hostAddresses: Set<IPv6Address> = []
    for device in context.devices.values {
      for address in device.addresses { hostAddresses.insert(address.address) }
    }
    let declared = declaredEndpoints(besides: hostAddresses)
    endpoints.append(contentsOf: declared)
    for interface in tunnels {
      guard case .tunnel(let settings) = interface.kind, case .fixed(let address) = settings.localAddress,
        !hostAddresses.contains(address)
      else { continue }
      let holder = declared.first {
        $0.address & IPv6Address(prefixLength: $0.prefixBitCount)
          == address & IPv6Address(prefixLength: $0.prefixBitCount) && $0.prefixBitCount > 0
      }
      endpoints.append(
        EndpointTable.Endpoint(
          address: address, bridge: holder?.bridge ?? interface.bridge.name,
          prefixBitCount: holder?.prefixBitCount ?? 0, isOwn: true))
    }
    return endpoints
  }

  /// The addresses that bridges have by `other_config:endpoint-ip`.
  private func declaredEndpoints(besides hostAddresses: Set<IPv6Address>) -> [EndpointTable.Endpoint] {
    var endpoints: [EndpointTable.Endpoint] = []
    for name in reconciler.bridges.keys.sorted() {
      guard let text = reconciler.wanted?.bridges[name]?.row.otherConfig["endpoint-ip"] else { continue }
      for part in text.split(separator: ",") {
        guard let endpoint = Self.endpoint(String(part), name), !hostAddresses.contains(endpoint.address)
        else {
          continue
        }
        endpoints.append(endpoint)
      }
    }
    return endpoints
  }

  private static func endpoint(_ text: String, _ bridge: String) -> EndpointTable.Endpoint? {
    let parts = text.split(separator: "/", maxSplits: 1)
    guard let first = parts.first else { return nil }
    let address: IPv6Address
    let offset: Int
    if let found = IPv4Address(String(first)) {
      address = IPv6Address(mapped: found)
      offset = 96
    } else if let found = IPv6Address(String(first)) {
      address = found
      offset = 0
    } else {
      return nil
    }
    let length = parts.count > 1 ? Int(parts[1]).map { $0 + offset } : 128
    guard let length, (0...128).contains(length) else { return nil }
    return EndpointTable.Endpoint(address: address, bridge: bridge, prefixBitCount: length, isOwn: true)
  }

  private func hostRoutes() -> [RouteTable.Route] {
    context.routes.map { route in
      RouteTable.Route(
        destination: route.destination, prefixBitCount: route.prefixBitCount, gateway: route.gateway,
        bridge: route.deviceName,
        source: route.preferredSource ?? firstAddress(of: route.deviceName, for: route),
        mark: route.mark, isLocal: route.isLocal, origin: .host)
    }
  }

  /// The address that the host would send from: the first of the device of the same family, best on the same network.
  private func firstAddress(of device: String, for route: NetworkRoute) -> IPv6Address? {
    guard let device = context.devices[device] else { return nil }
    let target = route.gateway ?? route.destination
    let isIPv4 = target.isMapped
    let candidates = device.addresses.filter { $0.address.isMapped == isIPv4 }
    let onLink = candidates.first {
      let mask = IPv6Address(prefixLength: $0.prefixBitCount)
      return $0.address & mask == target & mask
    }
    return (onLink ?? candidates.first)?.address
  }
}

extension IPv6Address {
  /// Whether this is the mapped form of an IPv4 address (RFC 4291, section 2.5.5.2).
  fileprivate var isMapped: Bool { high == 0 && low >> 32 == 0xffff }
}
