// Flow keys and masks as `OVS_KEY_ATTR_*` attributes: the reading half.

enum KeyDecoder {
  /// Reads a key.
  static func decodeKey(_ reader: AttributeReader) throws(MessageError) -> FlowKey {
    var key = FlowKey()
    key[.inPort] = 0xffff_ffff
    key[.ethType] = UInt64(missingEtherType())
    try decodeLevel(reader, into: &key, isMask: false, tag: 0)
    return key
  }

  /// Reads a mask over `key`.
  ///
  /// Attributes cannot say "tagged or not", so where the key has no tag, that matters.
  static func decodeMask(_ reader: AttributeReader, over key: FlowKey) throws(MessageError) -> FlowKey {
    var mask = FlowKey()
    try decodeLevel(reader, into: &mask, isMask: true, tag: 0)
    if key[.vlanTCI] == 0 { mask.fill(.vlanTCI) }
    if key[.innerVLANTCI] == 0 { mask.fill(.innerVLANTCI) }
    return mask
  }

  private static func decodeLevel(
    _ reader: AttributeReader, into key: inout FlowKey, isMask: Bool, tag: Int
  ) throws(MessageError) {
    var reader = reader
    var etherType: UInt16?
    var control: UInt16?
    var inside: Attribute?
    while let attribute = try reader.next() {
      switch KeyAttribute(rawValue: attribute.type) {
      case .etherType: etherType = try attribute.network16()
      case .vlan: control = try attribute.network16()
      case .encapsulated: inside = attribute
      default: try decode(attribute, into: &key, isMask: isMask)
      }
    }
    guard let control, tag < 2 else {
      if let etherType { key[.ethType] = UInt64(etherType) }
      return
    }
    key[.tagControl(tag)] = UInt64(control)
    key[.tagType(tag)] = UInt64(etherType ?? 0)
    if let inside { try decodeLevel(inside.nested(), into: &key, isMask: isMask, tag: tag + 1) }
  }

  /// Reads one attribute that is neither a tag nor an Ethernet type.
  static func decode(
    _ attribute: Attribute, into key: inout FlowKey, isMask: Bool
  ) throws(MessageError) {
    switch KeyAttribute(rawValue: attribute.type) {
    case .priority: key[.skbPriority] = UInt64(try attribute.uint32())
    case .inPort: key[.inPort] = UInt64(try attribute.uint32())
    case .ethernet:
      try attribute.require(byteCount: 12)
      key[.ethSource] = attribute.bigEndian(at: 0, byteCount: 6)
      key[.ethDestination] = attribute.bigEndian(at: 6, byteCount: 6)
    case .mark: key[.packetMark] = UInt64(try attribute.uint32())
    case .tunnel: try decodeTunnel(attribute.nested(), into: &key, isMask: isMask)
    case .datapathHash: key[.datapathHash] = UInt64(try attribute.uint32())
    case .recirculation: key[.recirculationID] = UInt64(try attribute.uint32())
    case .packetType:
      try attribute.require(byteCount: 4)
      key[.packetType] = attribute.bigEndian(at: 0, byteCount: 4)
    case .connectionState, .connectionZone, .connectionMark, .connectionLabel, .connectionTuple4,
      .connectionTuple6:
      try decodeConnection(attribute, into: &key)
    default: try decodeNetwork(attribute, into: &key, isMask: isMask)
    }
  }

  private static func decodeConnection(
    _ attribute: Attribute, into key: inout FlowKey
  ) throws(MessageError) {
    switch KeyAttribute(rawValue: attribute.type) {
    case .connectionState: key[.ctState] = UInt64(try attribute.uint32())
    case .connectionZone: key[.ctZone] = UInt64(try attribute.uint16())
    case .connectionMark: key[.ctMark] = UInt64(try attribute.uint32())
    case .connectionLabel:
      try attribute.require(byteCount: 16)
      key[wide: .ctLabel] =
        UInt128(attribute.littleEndian(at: 8, byteCount: 8)) << 64
        | UInt128(attribute.littleEndian(at: 0, byteCount: 8))
    case .connectionTuple4:
      guard attribute.byteCount >= 13 else { throw .wrongLength(attribute: 26, found: attribute.byteCount) }
      key[.ctAddresses] = attribute.bigEndian(at: 0, byteCount: 8)
      key[.ctTransportPorts] = attribute.bigEndian(at: 8, byteCount: 4)
      key[.ctProtocol] = attribute.bigEndian(at: 12, byteCount: 1)
    default:
      guard attribute.byteCount >= 37 else { throw .wrongLength(attribute: 27, found: attribute.byteCount) }
      key[wide: .ctIPv6Source] = wide(attribute, at: 0)
      key[wide: .ctIPv6Destination] = wide(attribute, at: 16)
      key[.ctTransportPorts] = attribute.bigEndian(at: 32, byteCount: 4)
      key[.ctProtocol] = attribute.bigEndian(at: 36, byteCount: 1)
    }
  }

  private static func decodeNetwork(
    _ attribute: Attribute, into key: inout FlowKey, isMask: Bool
  ) throws(MessageError) {
    switch KeyAttribute(rawValue: attribute.type) {
    case .ipv4:
      try attribute.require(byteCount: 12)
      key[.ipAddresses] = attribute.bigEndian(at: 0, byteCount: 8)
      decodeProtocol(attribute, at: 8, into: &key, isMask: isMask)
    case .ipv6:
      try attribute.require(byteCount: 40)
      key[wide: .ipv6Source] = wide(attribute, at: 0)
      key[wide: .ipv6Destination] = wide(attribute, at: 16)
      key[.ipv6Label] = attribute.bigEndian(at: 32, byteCount: 4)
      decodeProtocol(attribute, at: 36, into: &key, isMask: isMask)
    case .arp:
      try attribute.require(byteCount: 24)
      key[.ipAddresses] = attribute.bigEndian(at: 0, byteCount: 8)
      let operation = attribute.bigEndian(at: 8, byteCount: 2)
      key[.ipProtocol] = isMask ? operation & 0xff : operation > 0xff ? 0 : operation
      key[.sourceLink] = attribute.bigEndian(at: 10, byteCount: 6)
      key[.targetLink] = attribute.bigEndian(at: 16, byteCount: 6)
    case .mpls:
      guard attribute.byteCount >= 4, attribute.byteCount & 3 == 0 else {
        throw .wrongLength(attribute: attribute.type, found: attribute.byteCount)
      }
      for index in 0..<KeyPlace.mplsEntryCount {
        key[.mplsEntry(index)] = attribute.bigEndian(at: 4 * index, byteCount: 4)
      }
    case .nsh: try decodeServiceHeader(attribute.nested(), into: &key)
    default: try decodeTransport(attribute, into: &key)
    }
  }

  /// 16 bytes as one number.
  private static func wide(_ attribute: Attribute, at offset: Int) -> UInt128 {
    UInt128(attribute.bigEndian(at: offset, byteCount: 8)) << 64
      | UInt128(attribute.bigEndian(at: offset + 8, byteCount: 8))
  }

  private static func decodeProtocol(
    _ attribute: Attribute, at offset: Int, into key: inout FlowKey, isMask: Bool
  ) {
    key[.ipProtocol.through(.ipTTL)] = attribute.bigEndian(at: offset, byteCount: 3)
    let fragment = attribute.byte(at: offset + 3)
    let bits: UInt64 = isMask ? (fragment != 0 ? 3 : 0) : fragment == 2 ? 3 : fragment == 1 ? 1 : 0
    key[.ipFragment] = bits
  }

  private static func decodeTransport(
    _ attribute: Attribute, into key: inout FlowKey
  ) throws(MessageError) {
    switch KeyAttribute(rawValue: attribute.type) {
    case .tcp, .udp, .sctp:
      try attribute.require(byteCount: 4)
      key[.transportPorts] = attribute.bigEndian(at: 0, byteCount: 4)
    case .tcpFlags: key[.tcpFlags] = UInt64(try attribute.network16())
    case .icmp, .icmpv6:
      try attribute.require(byteCount: 2)
      key[.transportSource] = UInt64(attribute.byte(at: 0))
      key[.transportDestination] = UInt64(attribute.byte(at: 1))
    case .neighborDiscovery:
      try attribute.require(byteCount: 28)
      key[wide: .ndTarget] = wide(attribute, at: 0)
      key[.sourceLink] = attribute.bigEndian(at: 16, byteCount: 6)
      key[.targetLink] = attribute.bigEndian(at: 22, byteCount: 6)
    case .neighborExtensions:
      try attribute.require(byteCount: 8)
      key[.ndReserved] = attribute.bigEndian(at: 0, byteCount: 4)
      key[.ndOptionsType] = attribute.bigEndian(at: 4, byteCount: 1)
    default: throw .unknownAttribute(attribute.type)
    }
  }

  private static func decodeServiceHeader(
    _ reader: AttributeReader, into key: inout FlowKey
  ) throws(MessageError) {
    var reader = reader
    while let attribute = try reader.next() {
      switch attribute.type {
      case 1:
        try attribute.require(byteCount: 8)
        key[.nshFlags] = UInt64(attribute.byte(at: 0))
        key[.nshTTL] = UInt64(attribute.byte(at: 1))
        key[.nshMetadataType] = UInt64(attribute.byte(at: 2))
        key[.nshNextProtocol] = UInt64(attribute.byte(at: 3))
        key[.nshPath] = attribute.bigEndian(at: 4, byteCount: 4)
      case 2:
        try attribute.require(byteCount: 16)
        for index in 0..<4 {
          key[KeyPlace.nshContext1.half(index)] = attribute.bigEndian(at: 4 * index, byteCount: 4)
        }
      default: break
      }
    }
  }

  /// Reads the nested attributes of a tunnel key.
  static func decodeTunnel(
    _ reader: AttributeReader, into key: inout FlowKey, isMask: Bool
  ) throws(MessageError) {
    var reader = reader
    var flags: TunnelFlags = []
    while let attribute = try reader.next() {
      switch attribute.type {
      case 0:
        try attribute.require(byteCount: 8)
        key[.tunnelID] = attribute.bigEndian(at: 0, byteCount: 8)
        flags.insert(.key)
      case 1: key[.tunnelSource] = attribute.bigEndian(at: 0, byteCount: 4)
      case 2: key[.tunnelDestination] = attribute.bigEndian(at: 0, byteCount: 4)
      case 3: key[.tunnelTOS] = UInt64(attribute.byte(at: 0))
      case 4: key[.tunnelTTL] = UInt64(attribute.byte(at: 0))
      case 5: flags.insert(.dontFragment)
      case 6: flags.insert(.checksum)
      case 7: flags.insert(.operations)
      case 8: try decodeOptions(attribute, into: &key, isMask: isMask)
      case 9: key[.tunnelTransportSource] = UInt64(try attribute.network16())
      case 10: key[.tunnelTransportDestination] = UInt64(try attribute.network16())
      case 11:
        var extensions = try attribute.nested()
        while let entry = try extensions.next() {
          guard entry.type == 1 else { continue }
          let policy = UInt64(try entry.uint32())
          key[.tunnelPolicy] = (policy & 0xffff) << 8 | (policy >> 16) & 0xff
        }
      case 12, 13:
        try attribute.require(byteCount: 16)
        let place = attribute.type == 12 ? KeyPlace.tunnelIPv6Source : .tunnelIPv6Destination
        key[wide: place] = wide(attribute, at: 0)
      default: break
      }
    }
    key[.tunnelFlags] = UInt64(flags.rawValue)
  }

  private static func decodeOptions(
    _ attribute: Attribute, into key: inout FlowKey, isMask: Bool
  ) throws(MessageError) {
    guard attribute.byteCount <= 252, attribute.byteCount & 3 == 0 else {
      throw .wrongLength(attribute: 8, found: attribute.byteCount)
    }
    key[.tunnelOptionByteCount] = isMask ? 0xffff_ffff : UInt64(attribute.byteCount)
    for index in 0..<attribute.byteCount / 4 {
      key[.tunnelOptions.half(index)] = attribute.bigEndian(at: 4 * index, byteCount: 4)
    }
  }
}
