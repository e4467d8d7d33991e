// What a prebuilt tunnel header consists of, and what has to be filled in for each packet.

/// The places of a prebuilt tunnel header.
struct TunnelLayout {
  /// Where the outer IP header begins.
  let network: Int
  /// Where UDP or GRE begins.
  let transport: Int
  /// Whether the outer header is IPv6.
  let isIPv6: Bool
  /// Whether the transport is UDP; otherwise it is GRE.
  let isUDP: Bool

  /// Checks that a header is what its kind says.
  init?(_ push: TunnelPush) {
    let bytes = push.header
    guard bytes.count >= 14 else { return nil }
    network = 14
    switch (bytes[12], bytes[13]) {
    case (0x08, 0x00):
      guard bytes.count >= 34, bytes[14] == 0x45 else { return nil }
      isIPv6 = false
      transport = 34
    case (0x86, 0xdd):
      guard bytes.count >= 54, bytes[14] >> 4 == 6 else { return nil }
      isIPv6 = true
      transport = 54
    default: return nil
    }
    let proto = isIPv6 ? bytes[20] : bytes[23]
    switch push.kind {
    case .vxlan, .geneve:
      guard proto == 17, bytes.count >= transport + 16 else { return nil }
      isUDP = true
    case .gre, .ip6gre:
      guard proto == 47, bytes.count >= transport + 4 else { return nil }
      let flags = bytes[transport]
      var needed = 4
      for bit in [UInt8(0x80), 0x20, 0x10] where flags & bit != 0 { needed += 4 }
      guard bytes.count == transport + needed else { return nil }
      isUDP = false
    default: return nil
    }
  }
}
