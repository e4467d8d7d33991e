import Datapath
import OpenFlow
import PacketWire

/// `tnl/…` and `ofproto/list-tunnels`: tunnels and their next hops.
enum TunnelCommands {
  static let all: [SwitchCommand] = [
    SwitchCommand("tnl/arp/show", "", run: showNeighbors),
    SwitchCommand("tnl/neigh/show", "", run: showNeighbors),
    SwitchCommand("tnl/arp/set", "BRIDGE IP MAC", 3, 3, setNeighbor),
    SwitchCommand("tnl/neigh/set", "BRIDGE IP MAC", 3, 3, setNeighbor),
    SwitchCommand("tnl/arp/flush", "", run: flushNeighbors),
    SwitchCommand("tnl/neigh/flush", "", run: flushNeighbors),
    SwitchCommand("tnl/arp/aging", "[SECS]", 0, 1, ageNeighbors),
    SwitchCommand("tnl/neigh/aging", "[SECS]", 0, 1, ageNeighbors),
    SwitchCommand("tnl/ports/show", "-v", 0, 1, showPorts),
    SwitchCommand("ofproto/list-tunnels", "", run: listTunnels),
  ]

  @Sendable private static func showNeighbors(_ call: CommandCall) {
    call.reply(call.host.environment.neighbors.shown)
  }

  @Sendable private static func flushNeighbors(_ call: CommandCall) {
    call.host.environment.neighbors.flush()
    call.reply("OK\n")
  }

  @Sendable private static func setNeighbor(_ call: CommandCall) {
    guard let address = IPv6Address(orMapped: call.arguments[1]) else {
      call.fail("bad IP address")
      return
    }
    guard let hardware = MACAddress(call.arguments[2]) else {
      call.fail("bad MAC address")
      return
    }
    let key = NeighborTable.Key(bridge: call.arguments[0], address: address)
    call.host.environment.neighbors.setStatic(key, hardware)
    call.reply("OK\n")
  }

  @Sendable private static func ageNeighbors(_ call: CommandCall) {
    let neighbors = call.host.environment.neighbors
    guard let text = call.argument(0) else {
      call.reply("\(neighbors.agingMilliseconds / 1000)\n")
      return
    }
    guard let seconds = Int64(text), seconds > 0, seconds <= 3600 else {
      call.fail("bad aging value")
      return
    }
    neighbors.agingMilliseconds = seconds * 1000
    call.reply("OK\n")
  }

  /// The datapath ports of tunnels; with `-v` the packets that they take.
  @Sendable private static func showPorts(_ call: CommandCall) {
    var text = "Listening ports:\n"
    for link in call.host.openDatapaths {
      for name in link.tunnelPorts.keys.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
        guard let port = link.tunnelPorts[name] else { continue }
        if call.arguments.isEmpty {
          text += "\(name) (\(port.number.rawValue)) ref_cnt=\(port.users.count)\n"
        } else {
          text += listeners(name, port, link, call.host.environment)
        }
      }
    }
    call.reply(text)
  }

  private static func listeners(
    _ name: String, _ port: DatapathLink.SharedPort, _ link: DatapathLink,
    _ environment: TranslationEnvironment
  ) -> String {
    guard case .tunnel(let settings)? = port.users.values.first?.kind else { return "" }
    var text = ""
    for endpoint in environment.endpoints.all {
      guard let bridge = link.bridges[endpoint.bridge] else { continue }
      text += "\(name) (\(port.number.rawValue)) : eth(dst=\(bridge.ethernetAddress)),"
      let carrier = settings.encapsulation.row.carrier
      let proto = carrier.protocolNumber.rawValue
      if let address = endpoint.address.mappedIPv4 {
        text += "eth_type(0x0800),ipv4(dst=\(address),proto=\(proto),frag=no)"
      } else {
        text += "eth_type(0x86dd),ipv6(dst=\(endpoint.address),proto=\(proto),frag=no)"
      }
      if carrier.isUDP { text += ",udp(dst=\(settings.destinationPort))" }
      text += "\n"
    }
    return text
  }

  @Sendable private static func listTunnels(_ call: CommandCall) {
    var text = ""
    for bridge in call.host.sortedBridges {
      for number in bridge.interfaces.keys.sorted() {
        guard let interface = bridge.interfaces[number], case .tunnel(let settings) = interface.kind,
          let port = interface.datapathNumber
        else { continue }
        text += "port \(port.rawValue): \(interface.name) (\(settings.described(port: port)))\n"
      }
    }
    call.reply(text)
  }
}

extension SwitchCommand {
  /// A command without arguments.
  init(_ name: String, _ usage: String, run: @escaping @Sendable (CommandCall) -> Void) {
    self.init(name, usage, 0, 0, run)
  }
}

extension TunnelSettings {
  /// What `ofproto/list-tunnels` says of the tunnel.
  func described(port: DatapathPortNumber) -> String {
    var text = encapsulation.row.name + ": " + Self.text(localAddress) + "->" + Self.text(remoteAddress)
    if keyIn == keyOut {
      text += ", key=" + Self.text(keyIn)
    } else {
      text += ", key_in=" + Self.text(keyIn) + ", key_out=" + Self.text(keyOut)
    }
    text += ", legacy_l2, dp port=\(port.rawValue)"
    if typeOfService == nil {
      text += ", tos=inherit"
    } else if let typeOfService, typeOfService != 0 {
      text += ", tos=0x" + String(typeOfService, radix: 16)
    }
    text += ", ttl=" + (timeToLive.map { String($0) } ?? "inherit")
    if !doesNotFragment { text += ", df=false" }
    if hasChecksum { text += ", csum=true" }
    return text
  }

  private static func text(_ choice: Choice<IPv6Address>) -> String {
    switch choice {
    case .absent: "::"
    case .flow: "flow"
    case .fixed(let address): address.mappedIPv4?.description ?? address.description
    }
  }

  private static func text(_ choice: Choice<UInt64>) -> String {
    switch choice {
    case .absent: "0"
    case .flow: "flow"
    case .fixed(let key): "0x" + String(key, radix: 16)
    }
  }
}
