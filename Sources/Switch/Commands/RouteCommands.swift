import Datapath
import PacketWire

/// `ovs/route/…`: the ways to the tunnels' other ends.
enum RouteCommands {
  static let all: [SwitchCommand] = [
    SwitchCommand("ovs/route/add", "ip_addr/prefix_len out_br_name [gw] [pkt_mark=mark]", 2, 4, add),
    SwitchCommand("ovs/route/show", "") { $0.reply($0.host.environment.routes.shown) },
    SwitchCommand("ovs/route/del", "ip_addr/prefix_len [pkt_mark=mark]", 1, 2, delete),
    SwitchCommand("ovs/route/lookup", "ip_addr [pkt_mark=mark]", 1, 2, lookUp),
  ]

  /// A destination as text: an address and how many bits of it count, in the 128-bit form.
  private static func network(_ text: String) -> (address: IPv6Address, prefixBitCount: Int)? {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let first = parts.first else { return nil }
    let isIPv4 = IPv4Address(String(first)) != nil
    guard let address = IPv6Address(orMapped: String(first)) else { return nil }
    guard parts.count > 1 else { return (address, 128) }
    guard let length = Int(parts[1]), length >= 0, length <= (isIPv4 ? 32 : 128) else { return nil }
    return (address, isIPv4 ? 96 + length : length)
  }

  private static func mark(_ text: String) -> UInt32? {
    guard text.hasPrefix("pkt_mark=") else { return nil }
    return UInt32(text.dropFirst(9))
  }

  @Sendable private static func add(_ call: CommandCall) {
    guard let network = network(call.arguments[0]) else {
      call.fail("Invalid parameters")
      return
    }
    var gateway: IPv6Address?
    var mark: UInt32 = 0
    for text in call.arguments.dropFirst(2) {
      if let found = Self.mark(text) {
        mark = found
      } else if let found = IPv6Address(orMapped: text), gateway == nil {
        gateway = found
      } else {
        call.fail("Invalid pkt_mark or gateway")
        return
      }
    }
    let bridge = call.arguments[1]
    let wanted = gateway ?? network.address
    guard let source = source(for: wanted, on: bridge, call.host, isDefault: gateway == nil) else {
      call.fail("Error while inserting route.")
      return
    }
    call.host.environment.routes.add(
      RouteTable.Route(
        destination: network.address, prefixBitCount: network.prefixBitCount, gateway: gateway,
        bridge: bridge,
        source: source, mark: mark, origin: .user))
    call.reply("OK\n")
  }

  /// The address that packets to a destination get on a bridge: an endpoint's or the device's, of the same network.
  private static func source(
    for target: IPv6Address, on bridge: String, _ host: VirtualSwitch, isDefault: Bool
  ) -> IPv6Address? {
    let isIPv4 = target.mappedIPv4 != nil
    var candidates: [(address: IPv6Address, prefixBitCount: Int)] = []
    for address in host.context.devices[bridge]?.addresses ?? [] {
      candidates.append((address.address, address.prefixBitCount))
    }
    for endpoint in host.environment.endpoints.all where endpoint.bridge == bridge {
      candidates.append((endpoint.address, endpoint.prefixBitCount))
    }
    for (address, prefixBitCount) in candidates where (address.mappedIPv4 != nil) == isIPv4 {
      let mask = IPv6Address(prefixLength: prefixBitCount)
      if address & mask == target & mask { return address }
    }
    return nil
  }

  @Sendable private static func delete(_ call: CommandCall) {
    guard let network = network(call.arguments[0]) else {
      call.fail("Invalid parameters")
      return
    }
    var mark: UInt32 = 0
    if let text = call.argument(1) {
      guard let found = Self.mark(text) else {
        call.fail("Invalid pkt_mark")
        return
      }
      mark = found
    }
    let routes = call.host.environment.routes
    guard routes.remove(network.address, prefixBitCount: network.prefixBitCount, mark: mark) else {
      call.fail("Not found")
      return
    }
    call.reply("OK\n")
  }

  @Sendable private static func lookUp(_ call: CommandCall) {
    guard let address = IPv6Address(orMapped: call.arguments[0]) else {
      call.fail("Invalid parameters")
      return
    }
    var mark: UInt32 = 0
    if let text = call.argument(1) {
      guard let found = Self.mark(text) else {
        call.fail("Invalid pkt_mark")
        return
      }
      mark = found
    }
    guard let route = call.host.environment.routes.lookup(address, mark: mark) else {
      call.fail("Not found")
      return
    }
    var text = ""
    if let source = route.source { text += "src " + source.shortText + "\n" }
    text += "gateway " + (route.gateway?.shortText ?? "::") + "\n"
    text += "dev " + route.bridge + "\n"
    call.reply(text)
  }
}

extension IPv6Address {
  /// An IPv6 address, or an IPv4 address in its mapped form (RFC 4291, section 2.5.5.2).
  init?(orMapped text: String) {
    if let address = IPv4Address(text) {
      self.init(mapped: address)
    } else if let address = IPv6Address(text) {
      self = address
    } else {
      return nil
    }
  }

  /// The address as a user gives it: a mapped IPv4 address as such.
  var shortText: String { mappedIPv4?.description ?? description }
}
