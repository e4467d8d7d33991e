import Datapath
import OpenFlow
import PacketWire

extension Translator {
  /// Sends the packet into a tunnel: its headers are put before it, and the whole goes on from the own port of the bridge
  /// whose link leads to the other end.
  func encapsulate(_ interface: Interface, _ settings: TunnelSettings) {
    note(.detail, "output to native tunnel")
    guard let tunnelPort = interface.datapathNumber, let outer = outerHeaders(settings) else { return }
    let remoteText = Self.text(outer.remote)
    guard
      let route = environment.routes.lookup(outer.remote, mark: settings.egressMark)
        ?? onLinkRoute(to: outer.remote, from: outer.local, interface)
    else {
      note(.detail, "native tunnel routing failed")
      return
    }
    guard let underlay = bridge.datapath.bridges[route.bridge], let local = underlay.local else {
      note(.detail, "native tunnel routing failed: no bridge named \(route.bridge)")
      return
    }
    note(.detail, "tunneling to \(Self.text(route.gateway ?? outer.remote)) via \(underlay.name)")
    let hop = NeighborTable.Key(bridge: underlay.name, address: route.gateway ?? outer.remote)
    guard let source = outer.local ?? route.source else {
      note(.detail, "native tunnel routing failed: no source address for \(remoteText)")
      return
    }
    guard let address = environment.neighbors.lookup(hop, now: request.now) else {
      note(
        .detail,
        "neighbor cache miss for \(Self.text(hop.address)) on bridge \(underlay.name), sending "
          + (hop.address.mappedIPv4 != nil ? "ARP" : "ND") + " request")
      askFor(hop, from: source, underlay)
      return
    }
    note(
      .detail,
      "tunneling from \(underlay.ethernetAddress.description) \(Self.text(source)) to \(address.description) \(remoteText)"
    )
    result.credits.append(.nextHop(environment.neighbors, hop))
    let header = TunnelHeader(
      settings: settings, source: source, destination: outer.remote, from: underlay.ethernetAddress,
      to: address,
      key: outer.key, inner: key)
    push(header, tunnelPort, local, underlay)
  }

  private static func text(_ address: IPv6Address) -> String {
    address.mappedIPv4?.description ?? address.description
  }

  /// Without a route: an endpoint of the switch's own reaches everyone on its own bridge's link.
  private func onLinkRoute(
    to remote: IPv6Address, from local: IPv6Address?, _ interface: Interface
  ) -> RouteTable.Route? {
    guard let local else { return nil }
    let endpoint = environment.endpoints.all.first { $0.address == local && $0.isOwn }
    guard let endpoint, endpoint.prefixBitCount >= 128 else { return nil }
    return RouteTable.Route(
      destination: remote, prefixBitCount: 128, bridge: endpoint.bridge, source: local, origin: .endpoint)
  }

  private struct Outer {
    var remote: IPv6Address
    var local: IPv6Address?
    /// The flow's key with the tunnel fields as they will be.
    var key: FlowKey
  }

  /// The outer addresses and the tunnel fields, from the interface's options and the flow's own fields.
  private func outerHeaders(_ settings: TunnelSettings) -> Outer? {
    var key = self.key
    let remote: IPv6Address
    switch settings.remoteAddress {
    case .fixed(let address): remote = address
    case .flow, .absent: remote = key.tunnelDestination
    }
    guard !remote.isZero else {
      note(.detail, "tunnel without a remote address, dropping")
      return nil
    }
    var local: IPv6Address?
    switch settings.localAddress {
    case .fixed(let address): local = address
    case .flow: local = key.tunnelSource.isZero ? nil : key.tunnelSource
    case .absent: break
    }
    var flags = key.tunnelFlags.intersection(.operations)
    switch settings.keyOut {
    case .fixed(let id):
      key.tunnelID = id
      flags.insert(.key)
    case .flow: flags.insert(.key)
    case .absent: key.tunnelID = 0
    }
    if settings.hasChecksum { flags.insert(.checksum) }
    if settings.doesNotFragment { flags.insert(.dontFragment) }
    key.tunnelFlags = flags
    let isIP = key.isIPv4 || key.isIPv6
    if isIP {
      // The outer header shows the inner one's congestion bits (RFC 6040).
      wildcards.fill(.ipTOS.low(2))
      if settings.typeOfService == nil { wildcards.fill(.ipTOS) }
      if settings.timeToLive == nil { wildcards.fill(.ipTTL) }
    }
    let inner = isIP ? key.typeOfService : 0
    key.tunnelTypeOfService = (settings.typeOfService ?? inner) & 0xfc | inner & 3
    key.tunnelTimeToLive = settings.timeToLive ?? (isIP ? key.timeToLive : 64)
    return Outer(remote: remote, local: local, key: key)
  }

  private func askFor(_ hop: NeighborTable.Key, from source: IPv6Address, _ underlay: Bridge) {
    guard request.mayHaveSideEffects, environment.neighbors.mayRequest(hop, now: request.now) else { return }
    result.injections.append(
      Injection(
        bridge: underlay,
        frame: EndpointFrames.request(for: hop.address, from: source, underlay.ethernetAddress)))
  }

  /// Adds the push, and what the underlay's bridge does with the encapsulated packet.
  private func push(
    _ header: TunnelHeader, _ tunnelPort: DatapathPortNumber, _ local: Interface, _ underlay: Bridge
  ) {
    guard mayEnter() else { return }
    commit()
    let rest = translateOuter(header.outerKey, underlay)
    guard !rest.isEmpty else { return }
    let push = TunnelPush(
      tunnelPort: tunnelPort,
      outPort: local.datapathNumber ?? DatapathPortNumber(.max),
      kind: header.kind, header: header.bytes)
    actions.append(.clone([.tunnelPush(push)] + rest))
  }

  /// What the underlay's bridge does with a packet that its own port sends.
  ///
  /// What is looked at there is the outer header, which is the same for all packets of the flow: the mask is not the flow's.
  private func translateOuter(_ outerKey: FlowKey, _ underlay: Bridge) -> [DatapathAction] {
    let before = (actions: actions, wildcards: wildcards, base: base)
    actions = []
    wildcards = FlowKey()
    detour {
      var key = outerKey
      key.inPort = .local
      base = key
      place = place.entrance(of: underlay, key)
      place.learns = false
      enterBridge()
    }
    defer { (actions, wildcards, base) = before }
    return actions
  }

  // MARK: At the end of a tunnel

  /// What a packet to the bridge's own port means to a tunnel endpoint there; answers whether the packet goes no further.
  func deliverToEndpoint() -> Bool {
    guard environment.endpoints.hasAny(on: bridge.name) else { return false }
    switch key.etherType {
    case 0x0806: return arpAtEndpoint()
    case 0x86dd where key.ipProtocol == 58: return neighborDiscoveryAtEndpoint()
    case 0x0800, 0x86dd: return endTunnel()
    default: return false
    }
  }

  private func endTunnel() -> Bool {
    // Only what is sent to the bridge's own address can end here; what is not needs no further look.
    wildcards.fill(.ethDestination)
    guard key.ethernetDestination == bridge.ethernetAddress else { return false }
    let destination: IPv6Address
    if key.isIPv4 {
      wildcards.fill(.ipDestination)
      destination = IPv6Address(mapped: key.ipv4Destination)
    } else {
      wildcards.fill(.ipv6Destination)
      destination = key.ipv6Destination
    }
    guard environment.endpoints.endpoint(destination, on: bridge.name) != nil,
      let port = environment.tunnels.port(terminating: key, wildcards: &wildcards)
    else { return false }
    commit()
    actions.append(.tunnelPop(port))
    return true
  }

  private func arpAtEndpoint() -> Bool {
    wildcards.fill(.ipDestination)
    let sender = IPv6Address(mapped: key.ipv4Source)
    let target = key.ipv4Destination
    guard let endpoint = environment.endpoints.endpoint(IPv6Address(mapped: target), on: bridge.name) else {
      return false
    }
    wildcards.fill(.ipProtocol)
    wildcards.fill(.ipAddresses)
    wildcards.fill(.sourceLink)
    if !key.arpSourceHardware.isMulticast, key.ipv4Source != .zero {
      noteNeighbor(sender, key.arpSourceHardware)
    }
    guard key.ipProtocol == 1, endpoint.isOwn else { return endpoint.isOwn }
    answer(
      EndpointFrames.arpReply(
        to: (key.arpSourceHardware, key.ipv4Source), from: target, bridge.ethernetAddress))
    return true
  }

  private func neighborDiscoveryAtEndpoint() -> Bool {
    wildcards.fill(.ipProtocol)
    wildcards.fill(.transportPorts)
    let type = key.transportSource
    guard (type == 135 || type == 136) && key.transportDestination == 0 else { return endTunnel() }
    wildcards.fill(.ipv6Source)
    wildcards.fill(.ndTarget)
    if type == 136 {
      // An advertisement says whose address it is; its sender may speak for another.
      wildcards.fill(.targetLink)
      let hardware = key.arpTargetHardware.isZero ? key.ethernetSource : key.arpTargetHardware
      noteNeighbor(key.neighborTarget, hardware)
      return false
    }
    guard let endpoint = environment.endpoints.endpoint(key.neighborTarget, on: bridge.name), endpoint.isOwn
    else {
      return false
    }
    wildcards.fill(.sourceLink)
    let hardware = key.arpSourceHardware.isZero ? key.ethernetSource : key.arpSourceHardware
    if !key.ipv6Source.isZero { noteNeighbor(key.ipv6Source, hardware) }
    answer(
      EndpointFrames.neighborAdvertisement(
        to: (hardware, key.ipv6Source), from: key.neighborTarget, bridge.ethernetAddress))
    return true
  }

  private func noteNeighbor(_ address: IPv6Address, _ hardware: MACAddress) {
    guard !hardware.isZero else { return }
    result.credits.append(
      .neighbor(environment.neighbors, NeighborTable.Key(bridge: bridge.name, address: address), hardware))
  }

  /// Answers for an endpoint; every such packet has to come to the daemon.
  private func answer(_ frame: [UInt8]) {
    result.slowPath.insert(.action)
    if request.mayHaveSideEffects { result.injections.append(Injection(bridge: bridge, frame: frame)) }
  }
}
