import PacketWire

extension VportType {
  /// A Geneve tunnel (`OVS_VPORT_TYPE_GENEVE`).
  public static var geneve: VportType { VportType(rawValue: 5) }
}

/// Geneve (RFC 8926, section 3.4).
enum GeneveTunnel {
  static var row: TunnelRow {
    TunnelRow(
      name: "geneve", vportType: .geneve, vportTypeOverIPv6: .geneve,
      carrier: .udp(defaultPort: GeneveHeader.port), portName: "genev_sys", keyBitCount: 24,
      abilities: .options, byteCount: byteCount, write: write, describe: describe, parse: parse)
  }

  @inline(__always)
  static func read(
    _ pool: borrowing PacketPool, _ reception: TunnelReception, into fields: inout TunnelFields
  ) -> Int? {
    guard reception.byteCount >= GeneveHeader.minimumByteCount else { return nil }
    let header = GeneveBase(rawValue: pool.load64(reception.address))
    let byteCount = GeneveHeader.minimumByteCount &+ header.optionByteCount
    guard header.version == 0, header.type == .ethernet, reception.byteCount >= byteCount else { return nil }
    fields.key = UInt64(header.networkIdentifier)
    fields.flags.insert(.key)
    if header.isControl { fields.flags.insert(.operations) }
    fields.optionByteCount = header.optionByteCount
    return byteCount
  }

  @Sendable private static func byteCount(_ bytes: RawSpan) -> Int? { GeneveHeader(bytes)?.headerByteCount }

  @Sendable private static func write(_ fields: TunnelFields, _ options: [UInt8]) -> [UInt8] {
    let count = min(options.count, GeneveHeader.maximumOptionByteCount) & ~3
    return header(fields, options: options[..<count])
  }

  private static func header(
    _ fields: TunnelFields, hasCriticalOption: Bool = false, options: ArraySlice<UInt8>
  ) -> [UInt8] {
    var header = [UInt8](repeating: 0, count: GeneveHeader.minimumByteCount)
    var bytes = header.mutableRawBytes
    GeneveHeader.write(
      GeneveBase(
        networkIdentifier: UInt32(truncatingIfNeeded: fields.key),
        isControl: fields.flags.contains(.operations), hasCriticalOption: hasCriticalOption,
        optionByteCount: options.count), to: &bytes)
    return header + options
  }

  @Sendable private static func describe(_ bytes: RawSpan) -> String? {
    guard let header = GeneveHeader(bytes) else { return nil }
    let base = header.base
    var text = base.isControl ? "oam," : ""
    if base.hasCriticalOption { text += "crit," }
    text += "vni=0x" + DatapathText.hexadecimal(UInt64(base.networkIdentifier))
    guard base.optionByteCount > 0 else { return text }
    text += ",options("
    var options = header.options
    while let option = options.next() { text += describe(option) }
    return text + ")"
  }

  private static func describe(_ option: borrowing GeneveOption) -> String {
    let value = option.value
    var text = "{class=" + DatapathText.prefixed(UInt64(option.optionClass))
    text += ",type=" + DatapathText.prefixed(UInt64(option.type)) + ",len=\(value.byteCount)"
    for offset in stride(from: 0, to: value.byteCount, by: 4) {
      if offset == 0 { text += ",0x" }
      text += DatapathText.hexadecimal(UInt64(value.bigEndian32(at: offset)), digits: offset == 0 ? 1 : 8)
    }
    return text + "}"
  }

  @Sendable private static func parse(_ scanner: inout TextScanner) throws(DatapathTextError) -> [UInt8] {
    var fields = TunnelFields()
    if scanner.skip("oam,") { fields.flags.insert(.operations) }
    let hasCriticalOption = scanner.skip("crit,")
    try scanner.expect("vni=")
    fields.key = try scanner.number(bits: 24)
    var options: [UInt8] = []
    if scanner.skip(",options(") {
      for word in try GeneveOptionReader.read(&scanner).value {
        for shift in stride(from: 24, through: 0, by: -8) {
          options.append(UInt8(truncatingIfNeeded: word >> UInt32(shift)))
        }
      }
      try scanner.expect(")")
    }
    return header(fields, hasCriticalOption: hasCriticalOption, options: options[...])
  }
}
