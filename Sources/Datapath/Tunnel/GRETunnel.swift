import PacketWire

extension VportType {
  /// A GRE tunnel (`OVS_VPORT_TYPE_GRE`).
  public static var gre: VportType { VportType(rawValue: 3) }
  /// A GRE tunnel over IPv6 (`OVS_VPORT_TYPE_IP6GRE`).
  public static var ip6gre: VportType { VportType(rawValue: 109) }
}

/// GRE around Ethernet frames (RFC 2784, section 2), with the key and sequence number of RFC 2890.
enum GRETunnel {
  static var row: TunnelRow {
    TunnelRow(
      name: "gre", vportType: .gre, vportTypeOverIPv6: .ip6gre, carrier: .ip(.gre), portName: "gre_sys",
      keyBitCount: 32, abilities: .sequence, byteCount: byteCount, write: write, describe: describe,
      parse: parse)
  }

  @inline(__always)
  static func read(
    _ pool: borrowing PacketPool, _ reception: TunnelReception, into fields: inout TunnelFields
  ) -> Int? {
    guard reception.byteCount >= GREHeader.minimumByteCount else { return nil }
    let header = GREBase(rawValue: pool.load32(reception.address))
    guard header.isSupported, header.reservedBits == 0, header.type == .ethernet,
      reception.byteCount >= header.headerByteCount
    else { return nil }
    if header.hasChecksum {
      // A sum with a correct checksum in it folds to all ones.
      if reception.verifiesChecksum && pool.sum(reception.address, reception.byteCount) != 0xffff {
        return nil
      }
      fields.flags.insert(.checksum)
    }
    if header.hasKey {
      fields.flags.insert(.key)
      fields.key = UInt64(pool.load32(reception.address &+ header.keyOffset))
    }
    fields.hasSequence = header.hasSequenceNumber
    return header.headerByteCount
  }

  @Sendable private static func byteCount(_ bytes: RawSpan) -> Int? { GREHeader(bytes)?.base.headerByteCount }

  @Sendable private static func write(_ fields: TunnelFields, _ options: [UInt8]) -> [UInt8] {
    header(
      key: fields.flags.contains(.key) ? UInt32(truncatingIfNeeded: fields.key) : nil,
      sequenceNumber: fields.hasSequence ? 0 : nil, checksum: fields.flags.contains(.checksum) ? 0 : nil)
  }

  private static func header(
    type: EtherType = .ethernet, key: UInt32?, sequenceNumber: UInt32?, checksum: UInt16?
  ) -> [UInt8] {
    var header = [UInt8](repeating: 0, count: GREHeader.maximumByteCount)
    var bytes = header.mutableRawBytes
    let count = GREHeader.write(
      type: type, key: key, sequenceNumber: sequenceNumber, checksum: checksum, to: &bytes)
    return Array(header.prefix(count))
  }

  @Sendable private static func describe(_ bytes: RawSpan) -> String? {
    guard let header = GREHeader(bytes) else { return nil }
    var text = "(flags=0x" + DatapathText.hexadecimal(UInt64(header.base.flags))
    text += ",proto=0x" + DatapathText.hexadecimal(UInt64(header.base.type.rawValue)) + ")"
    if let checksum = header.checksum { text += ",csum=0x" + DatapathText.hexadecimal(UInt64(checksum)) }
    if let key = header.key { text += ",key=0x" + DatapathText.hexadecimal(UInt64(key)) }
    if let number = header.sequenceNumber { text += ",seq=0x" + DatapathText.hexadecimal(UInt64(number)) }
    return text
  }

  @Sendable private static func parse(_ scanner: inout TextScanner) throws(DatapathTextError) -> [UInt8] {
    try scanner.expect("(flags=")
    let flags = UInt16(try scanner.number(bits: 16))
    try scanner.expect(",proto=")
    let type = EtherType(rawValue: UInt16(try scanner.number(bits: 16)))
    try scanner.expect(")")
    var checksum: UInt16?
    var key: UInt32?
    var number: UInt32?
    if flags & GREBase.checksumFlag != 0 {
      try scanner.expect(",csum=")
      checksum = UInt16(try scanner.number(bits: 16))
    }
    if flags & GREBase.keyFlag != 0 {
      try scanner.expect(",key=")
      key = UInt32(try scanner.number(bits: 32))
    }
    if flags & GREBase.sequenceFlag != 0 {
      try scanner.expect(",seq=")
      number = UInt32(try scanner.number(bits: 32))
    }
    let bytes = header(type: type, key: key, sequenceNumber: number, checksum: checksum)
    // Other flags change what the header is; the datapath has no use for them.
    guard bytes.rawBytes.bigEndian16(at: 0) == flags else { throw .invalidValue("flags") }
    return bytes
  }
}
