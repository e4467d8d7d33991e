import PacketWire

extension VportType {
  /// A VXLAN tunnel (`OVS_VPORT_TYPE_VXLAN`).
  public static var vxlan: VportType { VportType(rawValue: 4) }
}

/// VXLAN (RFC 7348, section 5), with the group policy of draft-smith-vxlan-group-policy-05, section 2.1.
enum VXLANTunnel {
  static var row: TunnelRow {
    TunnelRow(
      name: "vxlan", vportType: .vxlan, vportTypeOverIPv6: .vxlan,
      carrier: .udp(defaultPort: VXLANHeader.port), portName: "vxlan_sys", keyBitCount: 24,
      abilities: .groupPolicy, byteCount: byteCount, write: write, describe: describe, parse: parse)
  }

  @inline(__always)
  static func read(
    _ pool: borrowing PacketPool, _ reception: TunnelReception, into fields: inout TunnelFields
  ) -> Int? {
    guard reception.byteCount >= VXLANHeader.byteCount else { return nil }
    let header = VXLANHeader(rawValue: pool.load64(reception.address))
    guard header.hasNetworkIdentifier, header.reserved == 0 else { return nil }
    if let policy = header.groupPolicy {
      guard reception.usesGroupPolicy else { return nil }
      fields.groupPolicy = policy
    } else {
      guard header.isPlain else { return nil }
    }
    fields.key = UInt64(header.networkIdentifier)
    fields.flags.insert(.key)
    return VXLANHeader.byteCount
  }

  @Sendable private static func byteCount(_ bytes: RawSpan) -> Int? {
    bytes.byteCount >= VXLANHeader.byteCount ? VXLANHeader.byteCount : nil
  }

  @Sendable private static func write(_ fields: TunnelFields, _ options: [UInt8]) -> [UInt8] {
    bytes(
      of: VXLANHeader(
        networkIdentifier: UInt32(truncatingIfNeeded: fields.key), groupPolicy: fields.groupPolicy))
  }

  @Sendable private static func describe(_ bytes: RawSpan) -> String? {
    guard let header = VXLANHeader(bytes) else { return nil }
    return "flags=0x" + DatapathText.hexadecimal(UInt64(header.firstWord)) + ",vni=0x"
      + DatapathText.hexadecimal(UInt64(header.networkIdentifier))
  }

  @Sendable private static func parse(_ scanner: inout TextScanner) throws(DatapathTextError) -> [UInt8] {
    try scanner.expect("flags=")
    let first = UInt32(try scanner.number(bits: 32))
    try scanner.expect(",vni=")
    let identifier = UInt32(try scanner.number(bits: 24))
    return bytes(of: VXLANHeader(firstWord: first, networkIdentifier: identifier))
  }

  private static func bytes(of header: VXLANHeader) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: VXLANHeader.byteCount)
    var bytes = result.mutableRawBytes
    header.write(to: &bytes)
    return result
  }
}
