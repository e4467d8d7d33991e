import Datapath
import PacketWire

/// Why the options of a tunnel interface can't be used, as the log and `Interface.error` say it.
struct TunnelOptionsError: Error, Equatable {
  let message: String
}

extension TunnelSettings {
  /// Reads the options of a tunnel interface.
  init(name: String, encapsulation: TunnelKind, options: Settings) throws(TunnelOptionsError) {
    self.init(encapsulation: encapsulation)
    let row = encapsulation.row
    for (key, value) in options.pairs {
      switch key {
      case "remote_ip": remoteAddress = try Self.address(name, key, value)
      case "local_ip": localAddress = try Self.address(name, key, value)
      case "tos": typeOfService = value == "inherit" ? nil : UInt8(clamping: Self.number(value) ?? 0) & 0xfc
      case "ttl": timeToLive = value == "inherit" ? nil : UInt8(clamping: Self.number(value) ?? 0)
      case "dst_port": destinationPort = UInt16(clamping: Self.number(value) ?? 0)
      case "csum": hasChecksum = value == "true"
      case "seq": hasSequence = value == "true" && row.abilities.contains(.sequence)
      case "df_default": doesNotFragment = value != "false"
      case "exts":
        hasGroupPolicy =
          row.abilities.contains(.groupPolicy) && value.split(separator: ",").contains("gbp")
      case "egress_pkt_mark": egressMark = UInt32(clamping: Self.number(value) ?? 0)
      default: break
      }
    }
    keyIn = Self.key(options["in_key"] ?? options["key"])
    keyOut = Self.key(options["out_key"] ?? options["key"])
    if remoteAddress == .absent {
      throw TunnelOptionsError(
        message: "\(name): \(row.name) type requires valid 'remote_ip' argument")
    }
    if case .fixed = remoteAddress, localAddress == .flow {
      throw TunnelOptionsError(
        message:
          "\(name): \(row.name) type requires 'remote_ip=flow' with 'local_ip=flow'")
    }
  }

  private static func address(
    _ name: String, _ key: String, _ value: String
  ) throws(TunnelOptionsError) -> Choice<IPv6Address> {
    if value == "flow" { return .flow }
    if let address = IPv4Address(value) {
      if key == "remote_ip", address.isMulticast {
        throw TunnelOptionsError(message: "\(name): multicast remote_ip=\(value) not allowed")
      }
      return .fixed(IPv6Address(mapped: address))
    }
    guard let address = IPv6Address(value) else {
      throw TunnelOptionsError(message: "\(name): bad '\(key)' address \(value)")
    }
    return .fixed(address)
  }

  private static func key(_ value: String?) -> Choice<UInt64> {
    guard let value else { return .absent }
    return value == "flow" ? .flow : .fixed(number(value) ?? 0)
  }

  private static func number(_ text: String) -> UInt64? {
    text.hasPrefix("0x") || text.hasPrefix("0X") ? UInt64(text.dropFirst(2), radix: 16) : UInt64(text)
  }
}
