// Flow keys and masks as `OVS_KEY_ATTR_*` attributes: the reading half.

enum KeyDecoder {
  /// Reads a key.
  static func decodeKey(_ reader: AttributeReader) throws(MessageError) -> FlowKey {
    var key = FlowKey()
    key[word: 0, shift: 32, bitCount: 32] = 0xffff_ffff
    key[word: 1, shift: 0, bitCount: 16] = UInt64(missingEtherType())
    try decodeLevel(reader, into: &key, isMask: false, tag: 0)
    return key
  }

  /// Reads a mask over `key`.
  ///
  /// Attributes cannot say "tagged or not", so where the key has no tag, that matters.
  static func decodeMask(_ reader: AttributeReader, over key: FlowKey) throws(MessageError) -> FlowKey {
    var mask = FlowKey()
    try decodeLevel(reader, into: &mask, isMask: true, tag: 0)
    if key.words[2] & 0xffff == 0 { mask.words[2] |= 0xffff }
    if (key.words[5] >> 16) & 0xffff == 0 { mask.words[5] |= 0xffff_0000 }
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
      if let etherType { key[word: 1, shift: 0, bitCount: 16] = UInt64(etherType) }
      return
    }
    if tag == 0 {
      key[word: 2, shift: 0, bitCount: 16] = UInt64(control)
      key[word: 5, shift: 32, bitCount: 16] = UInt64(etherType ?? 0)
    } else {
      key[word: 5, shift: 16, bitCount: 16] = UInt64(control)
      key[word: 5, shift: 0, bitCount: 16] = UInt64(etherType ?? 0)
    }
    if let inside { try decodeLevel(inside.nested(), into: &key, isMask: isMask, tag: tag + 1) }
  }

  /// Reads one attribute that is neither a tag nor an Ethernet type.
  static func decode(
    _ attribute: Attribute, into key: inout FlowKey, isMask: Bool
  ) throws(MessageError) {
    switch KeyAttribute(rawValue: attribute.type) {
    case .priority: key[word: 8, shift: 0, bitCount: 32] = UInt64(try attribute.uint32())
    case .inPort: key[word: 0, shift: 32, bitCount: 32] = UInt64(try attribute.uint32())
    case .ethernet:
      try attribute.require(byteCount: 12)
      key[word: 2, shift: 16, bitCount: 48] = attribute.bigEndian(at: 0, byteCount: 6)
      key[word: 1, shift: 16, bitCount: 48] = attribute.bigEndian(at: 6, byteCount: 6)
    case .mark: key[word: 7, shift: 0, bitCount: 32] = UInt64(try attribute.uint32())
    case .tunnel: try decodeTunnel(attribute.nested(), into: &key, isMask: isMask)
    case .datapathHash: key[word: 8, shift: 32, bitCount: 32] = UInt64(try attribute.uint32())
    case .recirculation: key[word: 0, shift: 0, bitCount: 32] = UInt64(try attribute.uint32())
    case .packetType:
      try attribute.require(byteCount: 4)
      key[word: 9, shift: 32, bitCount: 32] = attribute.bigEndian(at: 0, byteCount: 4)
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
    case .connectionState: key[word: 6, shift: 32, bitCount: 32] = UInt64(try attribute.uint32())
    case .connectionZone: key[word: 7, shift: 48, bitCount: 16] = UInt64(try attribute.uint16())
    case .connectionMark: key[word: 6, shift: 0, bitCount: 32] = UInt64(try attribute.uint32())
    case .connectionLabel:
      try attribute.require(byteCount: 16)
      key.words[23] = attribute.littleEndian(at: 0, byteCount: 8)
      key.words[22] = attribute.littleEndian(at: 8, byteCount: 8)
    case .connectionTuple4:
      guard attribute.byteCount >= 13 else { throw .wrongLength(attribute: 26, found: attribute.byteCount) }
      key.words[24] = attribute.bigEndian(at: 0, byteCount: 8)
      key[word: 25, shift: 32, bitCount: 32] = attribute.bigEndian(at: 8, byteCount: 4)
      key[word: 7, shift: 40, bitCount: 8] = attribute.bigEndian(at: 12, byteCount: 1)
    default:
      guard attribute.byteCount >= 37 else { throw .wrongLength(attribute: 27, found: attribute.byteCount) }
      for index in 0..<4 { key.words[26 + index] = attribute.bigEndian(at: 8 * index, byteCount: 8) }
      key[word: 25, shift: 32, bitCount: 32] = attribute.bigEndian(at: 32, byteCount: 4)
      key[word: 7, shift: 40, bitCount: 8] = attribute.bigEndian(at: 36, byteCount: 1)
    }
  }

  private static func decodeNetwork(
    _ attribute: Attribute, into key: inout FlowKey, isMask: Bool
  ) throws(MessageError) {
    switch KeyAttribute(rawValue: attribute.type) {
    case .ipv4:
      try attribute.require(byteCount: 12)
      key.words[3] = attribute.bigEndian(at: 0, byteCount: 8)
      decodeProtocol(attribute, at: 8, into: &key, isMask: isMask)
    case .ipv6:
      try attribute.require(byteCount: 40)
      for index in 0..<4 { key.words[10 + index] = attribute.bigEndian(at: 8 * index, byteCount: 8) }
      key[word: 14, shift: 32, bitCount: 32] = attribute.bigEndian(at: 32, byteCount: 4)
      decodeProtocol(attribute, at: 36, into: &key, isMask: isMask)
    case .arp:
      try attribute.require(byteCount: 24)
      key.words[3] = attribute.bigEndian(at: 0, byteCount: 8)
      let operation = attribute.bigEndian(at: 8, byteCount: 2)
      key[word: 4, shift: 56, bitCount: 8] = isMask ? operation & 0xff : operation > 0xff ? 0 : operation
      key[word: 17, shift: 16, bitCount: 48] = attribute.bigEndian(at: 10, byteCount: 6)
      key[word: 18, shift: 16, bitCount: 48] = attribute.bigEndian(at: 16, byteCount: 6)
    case .mpls:
      guard attribute.byteCount >= 4, attribute.byteCount & 3 == 0 else {
        throw .wrongLength(attribute: attribute.type, found: attribute.byteCount)
      }
      key.words[20] = attribute.bigEndian(at: 0, byteCount: 8)
      key[word: 21, shift: 32, bitCount: 32] = attribute.bigEndian(at: 8, byteCount: 4)
    case .nsh: try decodeServiceHeader(attribute.nested(), into: &key)
    default: try decodeTransport(attribute, into: &key)
    }
  }

  private static func decodeProtocol(
    _ attribute: Attribute, at offset: Int, into key: inout FlowKey, isMask: Bool
  ) {
    key[word: 4, shift: 40, bitCount: 24] = attribute.bigEndian(at: offset, byteCount: 3)
    let fragment = attribute.byte(at: offset + 3)
    let bits: UInt64 = isMask ? (fragment != 0 ? 3 : 0) : fragment == 2 ? 3 : fragment == 1 ? 1 : 0
    key[word: 4, shift: 32, bitCount: 8] = bits
  }

  private static func decodeTransport(
    _ attribute: Attribute, into key: inout FlowKey
  ) throws(MessageError) {
    switch KeyAttribute(rawValue: attribute.type) {
    case .tcp, .udp, .sctp:
      try attribute.require(byteCount: 4)
      key[word: 4, shift: 0, bitCount: 32] = attribute.bigEndian(at: 0, byteCount: 4)
    case .tcpFlags: key[word: 5, shift: 48, bitCount: 16] = UInt64(try attribute.network16())
    case .icmp, .icmpv6:
      try attribute.require(byteCount: 2)
      key[word: 4, shift: 16, bitCount: 16] = UInt64(attribute.byte(at: 0))
      key[word: 4, shift: 0, bitCount: 16] = UInt64(attribute.byte(at: 1))
    case .neighborDiscovery:
      try attribute.require(byteCount: 28)
      key.words[15] = attribute.bigEndian(at: 0, byteCount: 8)
      key.words[16] = attribute.bigEndian(at: 8, byteCount: 8)
      key[word: 17, shift: 16, bitCount: 48] = attribute.bigEndian(at: 16, byteCount: 6)
      key[word: 18, shift: 16, bitCount: 48] = attribute.bigEndian(at: 22, byteCount: 6)
    case .neighborExtensions:
      try attribute.require(byteCount: 8)
      key[word: 19, shift: 32, bitCount: 32] = attribute.bigEndian(at: 0, byteCount: 4)
      key[word: 17, shift: 8, bitCount: 8] = attribute.bigEndian(at: 4, byteCount: 1)
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
        key.words[39] =
          UInt64(attribute.byte(at: 0)) << 56 | UInt64(attribute.byte(at: 2)) << 48
          | UInt64(attribute.byte(at: 3)) << 40 | UInt64(attribute.byte(at: 1)) << 32
          | attribute.bigEndian(at: 4, byteCount: 4)
      case 2:
        try attribute.require(byteCount: 16)
        key.words[40] = attribute.bigEndian(at: 0, byteCount: 8)
        key.words[41] = attribute.bigEndian(at: 8, byteCount: 8)
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
        key.words[35] = attribute.bigEndian(at: 0, byteCount: 8)
        flags.insert(.key)
      case 1: key[word: 30, shift: 32, bitCount: 32] = attribute.bigEndian(at: 0, byteCount: 4)
      case 2: key[word: 30, shift: 0, bitCount: 32] = attribute.bigEndian(at: 0, byteCount: 4)
      case 3: key[word: 36, shift: 40, bitCount: 8] = UInt64(attribute.byte(at: 0))
      case 4: key[word: 36, shift: 32, bitCount: 8] = UInt64(attribute.byte(at: 0))
      case 5: flags.insert(.dontFragment)
      case 6: flags.insert(.checksum)
      case 7: flags.insert(.operations)
      case 8: try decodeOptions(attribute, into: &key, isMask: isMask)
      case 9: key[word: 36, shift: 16, bitCount: 16] = UInt64(try attribute.network16())
      case 10: key[word: 36, shift: 0, bitCount: 16] = UInt64(try attribute.network16())
      case 11:
        var extensions = try attribute.nested()
        while let entry = try extensions.next() {
          guard entry.type == 1 else { continue }
          let policy = UInt64(try entry.uint32())
          key[word: 37, shift: 40, bitCount: 24] = (policy & 0xffff) << 8 | (policy >> 16) & 0xff
        }
      case 12, 13:
        try attribute.require(byteCount: 16)
        let word = attribute.type == 12 ? 31 : 33
        key.words[word] = attribute.bigEndian(at: 0, byteCount: 8)
        key.words[word + 1] = attribute.bigEndian(at: 8, byteCount: 8)
      default: break
      }
    }
    key[word: 36, shift: 48, bitCount: 16] = UInt64(flags.rawValue)
  }

  private static func decodeOptions(
    _ attribute: Attribute, into key: inout FlowKey, isMask: Bool
  ) throws(MessageError) {
    guard attribute.byteCount <= 252, attribute.byteCount & 3 == 0 else {
      throw .wrongLength(attribute: 8, found: attribute.byteCount)
    }
    key[word: 38, shift: 0, bitCount: 32] = isMask ? 0xffff_ffff : UInt64(attribute.byteCount)
    for index in 0..<(attribute.byteCount + 7) / 8 {
      key.words[62 + index] = attribute.bigEndian(at: 8 * index, byteCount: 8)
    }
  }
}
