// Flow keys and masks as `OVS_KEY_ATTR_*` attributes: the writing half. A mask is written in the shape of its
// key, so that both sides agree on which attributes belong to which headers.

/// What stands in a key's Ethernet type for a frame that has none (802.2).
@inlinable
public func missingEtherType() -> UInt16 { 0x05ff }

enum KeyEncoder {
  static func encode(key: FlowKey, into writer: inout AttributeWriter) {
    encode(key, shape: key, isMask: false, into: &writer)
  }

  static func encode(mask: FlowKey, of key: FlowKey, into writer: inout AttributeWriter) {
    encode(mask, shape: key, isMask: true, into: &writer)
  }

  private static func encode(
    _ data: FlowKey, shape: FlowKey, isMask: Bool, into writer: inout AttributeWriter
  ) {
    put32(.priority, data, 8, 0, into: &writer)
    if shape.hasTunnel {
      let start = writer.begin(KeyAttribute.tunnel.rawValue)
      encodeTunnel(data, shape: shape, into: &writer)
      writer.finish(start)
    }
    put32(.mark, data, 7, 0, into: &writer)
    encodeConnection(data, shape: shape, into: &writer)
    put32(.recirculation, data, 0, 0, into: &writer)
    put32(.datapathHash, data, 8, 32, into: &writer)
    if isMask || shape[word: 0, shift: 32, bitCount: 32] != 0xffff_ffff {
      put32(.inPort, data, 0, 32, into: &writer)
    }
    writer.put(
      KeyAttribute.packetType.rawValue, bigEndian: data[word: 9, shift: 32, bitCount: 32], byteCount: 4)
    if shape[word: 9, shift: 32, bitCount: 32] == 0 { put(.ethernet, data, isMask: isMask, into: &writer) }
    encodeTags(data, shape: shape, isMask: isMask, into: &writer)
  }

  private static func put32(
    _ attribute: KeyAttribute, _ data: FlowKey, _ word: Int, _ shift: Int, into writer: inout AttributeWriter
  ) {
    let value = data[word: word, shift: shift, bitCount: 32]
    writer.put(attribute.rawValue, uint32: UInt32(truncatingIfNeeded: value))
  }

  private static func encodeConnection(
    _ data: FlowKey, shape: FlowKey, into writer: inout AttributeWriter
  ) {
    put32(.connectionState, data, 6, 32, into: &writer)
    writer.put(
      KeyAttribute.connectionZone.rawValue, uint16: UInt16(truncatingIfNeeded: data.words[7] >> 48))
    put32(.connectionMark, data, 6, 0, into: &writer)
    let label = writer.begin(KeyAttribute.connectionLabel.rawValue)
    // The kernel's label is a string of bits whose lowest byte comes first.
    writer.append(littleEndian: data.words[23], byteCount: 8)
    writer.append(littleEndian: data.words[22], byteCount: 8)
    writer.finish(label)
    let proto = shape[word: 7, shift: 40, bitCount: 8]
    guard proto != 0 else { return }
    if shape.etherType == 0x0800 {
      let start = writer.begin(KeyAttribute.connectionTuple4.rawValue)
      writer.append(bigEndian: data.words[24], byteCount: 8)
      encodeTupleEnd(data, into: &writer)
      writer.finish(start)
    } else if shape.etherType == 0x86dd {
      let start = writer.begin(KeyAttribute.connectionTuple6.rawValue)
      for word in 26...29 { writer.append(bigEndian: data.words[word], byteCount: 8) }
      encodeTupleEnd(data, into: &writer)
      writer.finish(start)
    }
  }

  private static func encodeTupleEnd(_ data: FlowKey, into writer: inout AttributeWriter) {
    writer.append(bigEndian: data.words[25] >> 32, byteCount: 4)
    writer.append(bigEndian: data[word: 7, shift: 40, bitCount: 8], byteCount: 1)
    writer.append([0, 0, 0])
  }

  private static func encodeTags(
    _ data: FlowKey, shape: FlowKey, isMask: Bool, into writer: inout AttributeWriter
  ) {
    var open: [Int] = []
    let tags = [(word: 2, shift: 0, tpidShift: 32), (word: 5, shift: 16, tpidShift: 0)]
    for tag in tags {
      guard shape[word: tag.word, shift: tag.shift, bitCount: 16] != 0 else { break }
      let tpid = isMask ? 0xffff : data[word: 5, shift: tag.tpidShift, bitCount: 16]
      writer.put(KeyAttribute.etherType.rawValue, bigEndian: tpid, byteCount: 2)
      let tci = data[word: tag.word, shift: tag.shift, bitCount: 16]
      writer.put(KeyAttribute.vlan.rawValue, bigEndian: tci, byteCount: 2)
      open.append(writer.begin(KeyAttribute.encapsulated.rawValue))
    }
    if shape.etherType == missingEtherType() {
      // No attribute says that there is no type; its mask alone says that this matters.
      if isMask { writer.put(KeyAttribute.etherType.rawValue, bigEndian: 0xffff, byteCount: 2) }
    } else {
      writer.put(KeyAttribute.etherType.rawValue, bigEndian: data.words[1] & 0xffff, byteCount: 2)
      encodeNetwork(data, shape: shape, isMask: isMask, into: &writer)
    }
    for start in open.reversed() { writer.finish(start) }
  }

  private static func encodeNetwork(
    _ data: FlowKey, shape: FlowKey, isMask: Bool, into writer: inout AttributeWriter
  ) {
    switch shape.etherType {
    case 0x0800:
      put(.ipv4, data, isMask: isMask, into: &writer)
      encodeTransport(data, shape: shape, isMask: isMask, into: &writer)
    case 0x86dd:
      put(.ipv6, data, isMask: isMask, into: &writer)
      encodeTransport(data, shape: shape, isMask: isMask, into: &writer)
    case 0x0806, 0x8035: put(.arp, data, isMask: isMask, into: &writer)
    case 0x8847, 0x8848:
      let start = writer.begin(KeyAttribute.mpls.rawValue)
      for index in 0..<shape.mplsEntryCount { writer.append(bigEndian: data.mplsEntry(index), byteCount: 4) }
      writer.finish(start)
    case 0x894f: encodeServiceHeader(data, shape: shape, into: &writer)
    default: break
    }
  }

  private static func encodeTransport(
    _ data: FlowKey, shape: FlowKey, isMask: Bool, into writer: inout AttributeWriter
  ) {
    guard shape[word: 4, shift: 32, bitCount: 8] & 2 == 0 else { return }
    switch (shape[word: 4, shift: 56, bitCount: 8], shape.etherType) {
    case (6, _):
      put(.tcp, data, isMask: isMask, into: &writer)
      put(.tcpFlags, data, isMask: isMask, into: &writer)
    case (17, _): put(.udp, data, isMask: isMask, into: &writer)
    case (132, _): put(.sctp, data, isMask: isMask, into: &writer)
    case (1, 0x0800): put(.icmp, data, isMask: isMask, into: &writer)
    case (58, 0x86dd):
      put(.icmpv6, data, isMask: isMask, into: &writer)
      let ports = data.words[4] & 0x00ff_00ff
      guard shape.isNeighborDiscovery, !isMask || ports == 0x00ff_00ff else { return }
      put(.neighborDiscovery, data, isMask: isMask, into: &writer)
      guard data.words[19] >> 32 != 0 || data.words[17] & 0xff00 != 0 else { return }
      put(.neighborExtensions, data, isMask: isMask, into: &writer)
    default: break
    }
  }

  private static func put(
    _ attribute: KeyAttribute, _ data: FlowKey, isMask: Bool, into writer: inout AttributeWriter
  ) {
    let start = writer.begin(attribute.rawValue)
    appendValue(of: attribute, data, isMask: isMask, into: &writer)
    writer.finish(start)
  }

  /// Appends the value of an attribute that is a plain structure.
  static func appendValue(
    of attribute: KeyAttribute, _ data: FlowKey, isMask: Bool, into writer: inout AttributeWriter
  ) {
    switch attribute {
    case .ethernet:
      writer.append(bigEndian: data.words[2] >> 16, byteCount: 6)
      writer.append(bigEndian: data.words[1] >> 16, byteCount: 6)
    case .ipv4:
      writer.append(bigEndian: data.words[3], byteCount: 8)
      appendProtocol(data, isMask: isMask, into: &writer)
    case .ipv6:
      for word in 10...13 { writer.append(bigEndian: data.words[word], byteCount: 8) }
      writer.append(bigEndian: data.words[14] >> 32, byteCount: 4)
      appendProtocol(data, isMask: isMask, into: &writer)
    case .arp:
      writer.append(bigEndian: data.words[3], byteCount: 8)
      let operation = data[word: 4, shift: 56, bitCount: 8]
      writer.append(bigEndian: isMask && operation == 0xff ? 0xffff : operation, byteCount: 2)
      writer.append(bigEndian: data.words[17] >> 16, byteCount: 6)
      writer.append(bigEndian: data.words[18] >> 16, byteCount: 6)
      writer.append([0, 0])
    case .tcp, .udp, .sctp: writer.append(bigEndian: data.words[4], byteCount: 4)
    case .tcpFlags: writer.append(bigEndian: data.words[5] >> 48, byteCount: 2)
    case .icmp, .icmpv6:
      writer.append(bigEndian: data.words[4] >> 16, byteCount: 1)
      writer.append(bigEndian: data.words[4], byteCount: 1)
    case .neighborDiscovery:
      writer.append(bigEndian: data.words[15], byteCount: 8)
      writer.append(bigEndian: data.words[16], byteCount: 8)
      writer.append(bigEndian: data.words[17] >> 16, byteCount: 6)
      writer.append(bigEndian: data.words[18] >> 16, byteCount: 6)
    case .neighborExtensions:
      writer.append(bigEndian: data.words[19] >> 32, byteCount: 4)
      writer.append(bigEndian: data.words[17] >> 8, byteCount: 1)
      writer.append([0, 0, 0])
    case .mpls: writer.append(bigEndian: data.mplsEntry(0), byteCount: 4)
    case .mark: writer.append(littleEndian: data.words[7] & 0xffff_ffff, byteCount: 4)
    case .priority: writer.append(littleEndian: data.words[8] & 0xffff_ffff, byteCount: 4)
    case .datapathHash: writer.append(littleEndian: data.words[8] >> 32, byteCount: 4)
    default: break
    }
  }

  private static func appendProtocol(_ data: FlowKey, isMask: Bool, into writer: inout AttributeWriter) {
    writer.append(bigEndian: data.words[4] >> 40, byteCount: 3)
    let fragment = data[word: 4, shift: 32, bitCount: 8]
    // On the wire this is an enumeration, in the key it is two bits.
    let isAny = fragment & 1 != 0
    let value: UInt64 = isMask ? (isAny ? 0xff : 0) : (fragment & 2 != 0 ? 2 : isAny ? 1 : 0)
    writer.append(bigEndian: value, byteCount: 1)
  }

  private static func encodeServiceHeader(
    _ data: FlowKey, shape: FlowKey, into writer: inout AttributeWriter
  ) {
    let start = writer.begin(KeyAttribute.nsh.rawValue)
    let word = data.words[39]
    let base = writer.begin(1)
    writer.append(bigEndian: word >> 56, byteCount: 1)
    writer.append(bigEndian: word >> 32, byteCount: 1)
    writer.append(bigEndian: word >> 48, byteCount: 1)
    writer.append(bigEndian: word >> 40, byteCount: 1)
    writer.append(bigEndian: word, byteCount: 4)
    writer.finish(base)
    if shape[word: 39, shift: 48, bitCount: 8] == 1 {
      let contexts = writer.begin(2)
      writer.append(bigEndian: data.words[40], byteCount: 8)
      writer.append(bigEndian: data.words[41], byteCount: 8)
      writer.finish(contexts)
    }
    writer.finish(start)
  }

  /// Writes the nested attributes of a tunnel key.
  static func encodeTunnel(_ data: FlowKey, into writer: inout AttributeWriter) {
    encodeTunnel(data, shape: data, into: &writer)
  }

  private static func encodeTunnel(_ data: FlowKey, shape: FlowKey, into writer: inout AttributeWriter) {
    let flags = TunnelFlags(rawValue: UInt16(truncatingIfNeeded: data.words[36] >> 48))
    if data.words[35] != 0 || flags.contains(.key) {
      writer.put(0, bigEndian: data.words[35], byteCount: 8)
    }
    if data.words[30] >> 32 != 0 { writer.put(1, bigEndian: data.words[30] >> 32, byteCount: 4) }
    let destination = data.words[30] & 0xffff_ffff
    if destination != 0 { writer.put(2, bigEndian: destination, byteCount: 4) }
    for (attribute, word) in [(UInt16(12), 31), (13, 33)]
    where data.words[word] | data.words[word + 1] != 0 {
      let start = writer.begin(attribute)
      writer.append(bigEndian: data.words[word], byteCount: 8)
      writer.append(bigEndian: data.words[word + 1], byteCount: 8)
      writer.finish(start)
    }
    let tos = data[word: 36, shift: 40, bitCount: 8]
    if tos != 0 { writer.put(3, bigEndian: tos, byteCount: 1) }
    writer.put(4, bigEndian: data[word: 36, shift: 32, bitCount: 8], byteCount: 1)
    if flags.contains(.dontFragment) { writer.put(flag: 5) }
    if flags.contains(.checksum) { writer.put(flag: 6) }
    let source = data[word: 36, shift: 16, bitCount: 16]
    if source != 0 { writer.put(9, bigEndian: source, byteCount: 2) }
    let port = data[word: 36, shift: 0, bitCount: 16]
    if port != 0 { writer.put(10, bigEndian: port, byteCount: 2) }
    if flags.contains(.operations) { writer.put(flag: 7) }
    let policy = data.words[37] >> 40
    if policy != 0 {
      let start = writer.begin(11)
      writer.put(1, uint32: UInt32(truncatingIfNeeded: (policy & 0xff) << 16 | policy >> 8))
      writer.finish(start)
    }
    let options = shape.tunnelOptionByteCount
    guard options > 0 else { return }
    let start = writer.begin(8)
    for index in 0..<options / 4 {
      let shift = index & 1 == 0 ? 32 : 0
      writer.append(bigEndian: data.words[62 + index / 2] >> UInt64(shift), byteCount: 4)
    }
    writer.finish(start)
  }
}

extension FlowKey {
  /// The Ethernet type.
  @inlinable
  public var etherType: UInt16 { UInt16(truncatingIfNeeded: words[1]) }

  /// Whether the packet came through a tunnel.
  @inlinable
  public var hasTunnel: Bool { words[30] & 0xffff_ffff != 0 || words[33] | words[34] != 0 }

  /// Whether the packet is an ICMPv6 neighbour solicitation or advertisement.
  @inlinable
  public var isNeighborDiscovery: Bool {
    let type = (words[4] >> 16) & 0xffff
    return etherType == 0x86dd && words[4] >> 56 == 58 && words[4] & 0xffff == 0
      && (type == 135 || type == 136)
  }

  /// How many bytes of Geneve options the key has, a multiple of four.
  @inlinable
  public var tunnelOptionByteCount: Int { min(256, Int(words[38] & 0xffff_ffff)) & ~3 }

  /// An MPLS label stack entry, 0 to 2.
  public func mplsEntry(_ index: Int) -> UInt64 {
    switch index {
    case 0: words[20] >> 32
    case 1: words[20] & 0xffff_ffff
    default: words[21] >> 32
    }
  }

  /// How many MPLS label stack entries the key holds, up to the one at the bottom of the stack.
  public var mplsEntryCount: Int {
    for index in 0..<3 where mplsEntry(index) & 0x100 != 0 { return index + 1 }
    return 3
  }
}
