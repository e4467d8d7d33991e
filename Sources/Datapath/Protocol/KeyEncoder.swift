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
    put32(.priority, data[.skbPriority], into: &writer)
    if shape.hasTunnel {
      let start = writer.begin(KeyAttribute.tunnel.rawValue)
      encodeTunnel(data, shape: shape, into: &writer)
      writer.finish(start)
    }
    put32(.mark, data[.packetMark], into: &writer)
    encodeConnection(data, shape: shape, into: &writer)
    put32(.recirculation, data[.recirculationID], into: &writer)
    put32(.datapathHash, data[.datapathHash], into: &writer)
    if isMask || shape[.inPort] != 0xffff_ffff {
      put32(.inPort, data[.inPort], into: &writer)
    }
    writer.put(
      KeyAttribute.packetType.rawValue, bigEndian: data[.packetType], byteCount: 4)
    if shape[.packetType] == 0 { put(.ethernet, data, isMask: isMask, into: &writer) }
    encodeTags(data, shape: shape, isMask: isMask, into: &writer)
  }

  private static func put32(
    _ attribute: KeyAttribute, _ value: UInt64, into writer: inout AttributeWriter
  ) {
    writer.put(attribute.rawValue, uint32: UInt32(truncatingIfNeeded: value))
  }

  private static func encodeConnection(
    _ data: FlowKey, shape: FlowKey, into writer: inout AttributeWriter
  ) {
    put32(.connectionState, data[.ctState], into: &writer)
    writer.put(
      KeyAttribute.connectionZone.rawValue, uint16: UInt16(truncatingIfNeeded: data[.ctZone]))
    put32(.connectionMark, data[.ctMark], into: &writer)
    let label = writer.begin(KeyAttribute.connectionLabel.rawValue)
    // The kernel's label is a string of bits whose lowest byte comes first.
    for word in KeyPlace.ctLabel.words.reversed() {
      writer.append(littleEndian: data.words[word], byteCount: 8)
    }
    writer.finish(label)
    let proto = shape[.ctProtocol]
    guard proto != 0 else { return }
    if shape.etherType == 0x0800 {
      let start = writer.begin(KeyAttribute.connectionTuple4.rawValue)
      writer.append(bigEndian: data[.ctAddresses], byteCount: 8)
      encodeTupleEnd(data, into: &writer)
      writer.finish(start)
    } else if shape.etherType == 0x86dd {
      let start = writer.begin(KeyAttribute.connectionTuple6.rawValue)
      append(data, .ctIPv6Source, into: &writer)
      append(data, .ctIPv6Destination, into: &writer)
      encodeTupleEnd(data, into: &writer)
      writer.finish(start)
    }
  }

  private static func encodeTupleEnd(_ data: FlowKey, into writer: inout AttributeWriter) {
    writer.append(bigEndian: data[.ctTransportPorts], byteCount: 4)
    writer.append(bigEndian: data[.ctProtocol], byteCount: 1)
    writer.append([0, 0, 0])
  }

  private static func encodeTags(
    _ data: FlowKey, shape: FlowKey, isMask: Bool, into writer: inout AttributeWriter
  ) {
    var open: [Int] = []
    for tag in 0..<2 {
      guard shape[.tagControl(tag)] != 0 else { break }
      let tpid = isMask ? 0xffff : data[.tagType(tag)]
      writer.put(KeyAttribute.etherType.rawValue, bigEndian: tpid, byteCount: 2)
      let tci = data[.tagControl(tag)]
      writer.put(KeyAttribute.vlan.rawValue, bigEndian: tci, byteCount: 2)
      open.append(writer.begin(KeyAttribute.encapsulated.rawValue))
    }
    if shape.etherType == missingEtherType() {
      // No attribute says that there is no type; its mask alone says that this matters.
      if isMask { writer.put(KeyAttribute.etherType.rawValue, bigEndian: 0xffff, byteCount: 2) }
    } else {
      writer.put(KeyAttribute.etherType.rawValue, bigEndian: data[.ethType], byteCount: 2)
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
    guard shape[.ipFragment] & 2 == 0 else { return }
    switch (shape[.ipProtocol], shape.etherType) {
    case (6, _):
      put(.tcp, data, isMask: isMask, into: &writer)
      put(.tcpFlags, data, isMask: isMask, into: &writer)
    case (17, _): put(.udp, data, isMask: isMask, into: &writer)
    case (132, _): put(.sctp, data, isMask: isMask, into: &writer)
    case (1, 0x0800): put(.icmp, data, isMask: isMask, into: &writer)
    case (58, 0x86dd):
      put(.icmpv6, data, isMask: isMask, into: &writer)
      guard shape.isNeighborDiscovery, !isMask || data.hasExactMessage else { return }
      put(.neighborDiscovery, data, isMask: isMask, into: &writer)
      guard data[.ndReserved] != 0 || data[.ndOptionsType] != 0 else { return }
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
      writer.append(bigEndian: data[.ethSource], byteCount: 6)
      writer.append(bigEndian: data[.ethDestination], byteCount: 6)
    case .ipv4:
      writer.append(bigEndian: data[.ipAddresses], byteCount: 8)
      appendProtocol(data, isMask: isMask, into: &writer)
    case .ipv6:
      append(data, .ipv6Source, into: &writer)
      append(data, .ipv6Destination, into: &writer)
      writer.append(bigEndian: data[.ipv6Label], byteCount: 4)
      appendProtocol(data, isMask: isMask, into: &writer)
    case .arp:
      writer.append(bigEndian: data[.ipAddresses], byteCount: 8)
      let operation = data[.ipProtocol]
      writer.append(bigEndian: isMask && operation == 0xff ? 0xffff : operation, byteCount: 2)
      writer.append(bigEndian: data[.sourceLink], byteCount: 6)
      writer.append(bigEndian: data[.targetLink], byteCount: 6)
      writer.append([0, 0])
    case .tcp, .udp, .sctp: writer.append(bigEndian: data[.transportPorts], byteCount: 4)
    case .tcpFlags: writer.append(bigEndian: data[.tcpFlags], byteCount: 2)
    case .icmp, .icmpv6:
      writer.append(bigEndian: data[.icmpType], byteCount: 1)
      writer.append(bigEndian: data[.icmpCode], byteCount: 1)
    case .neighborDiscovery:
      append(data, .ndTarget, into: &writer)
      writer.append(bigEndian: data[.sourceLink], byteCount: 6)
      writer.append(bigEndian: data[.targetLink], byteCount: 6)
    case .neighborExtensions:
      writer.append(bigEndian: data[.ndReserved], byteCount: 4)
      writer.append(bigEndian: data[.ndOptionsType], byteCount: 1)
      writer.append([0, 0, 0])
    case .mpls: writer.append(bigEndian: data.mplsEntry(0), byteCount: 4)
    case .mark: writer.append(littleEndian: data[.packetMark], byteCount: 4)
    case .priority: writer.append(littleEndian: data[.skbPriority], byteCount: 4)
    case .datapathHash: writer.append(littleEndian: data[.datapathHash], byteCount: 4)
    default: break
    }
  }

  /// Appends a place of 128 bits.
  private static func append(_ data: FlowKey, _ place: KeyPlace, into writer: inout AttributeWriter) {
    for word in place.words { writer.append(bigEndian: data.words[word], byteCount: 8) }
  }

  private static func appendProtocol(_ data: FlowKey, isMask: Bool, into writer: inout AttributeWriter) {
    writer.append(bigEndian: data[.ipProtocol.through(.ipTTL)], byteCount: 3)
    let fragment = data[.ipFragment]
    // On the wire this is an enumeration, in the key it is two bits.
    let isAny = fragment & 1 != 0
    let value: UInt64 = isMask ? (isAny ? 0xff : 0) : (fragment & 2 != 0 ? 2 : isAny ? 1 : 0)
    writer.append(bigEndian: value, byteCount: 1)
  }

  private static func encodeServiceHeader(
    _ data: FlowKey, shape: FlowKey, into writer: inout AttributeWriter
  ) {
    let start = writer.begin(KeyAttribute.nsh.rawValue)
    let base = writer.begin(1)
    writer.append(bigEndian: data[.nshFlags], byteCount: 1)
    writer.append(bigEndian: data[.nshTTL], byteCount: 1)
    writer.append(bigEndian: data[.nshMetadataType], byteCount: 1)
    writer.append(bigEndian: data[.nshNextProtocol], byteCount: 1)
    writer.append(bigEndian: data[.nshPath], byteCount: 4)
    writer.finish(base)
    if shape[.nshMetadataType] == 1 {
      let contexts = writer.begin(2)
      for index in 0..<4 {
        writer.append(bigEndian: data[KeyPlace.nshContext1.half(index)], byteCount: 4)
      }
      writer.finish(contexts)
    }
    writer.finish(start)
  }

  /// Writes the nested attributes of a tunnel key.
  static func encodeTunnel(_ data: FlowKey, into writer: inout AttributeWriter) {
    encodeTunnel(data, shape: data, into: &writer)
  }

  private static func encodeTunnel(_ data: FlowKey, shape: FlowKey, into writer: inout AttributeWriter) {
    let flags = TunnelFlags(rawValue: UInt16(truncatingIfNeeded: data[.tunnelFlags]))
    if data[.tunnelID] != 0 || flags.contains(.key) {
      writer.put(0, bigEndian: data[.tunnelID], byteCount: 8)
    }
    if data[.tunnelSource] != 0 { writer.put(1, bigEndian: data[.tunnelSource], byteCount: 4) }
    let destination = data[.tunnelDestination]
    if destination != 0 { writer.put(2, bigEndian: destination, byteCount: 4) }
    for (attribute, place) in [(UInt16(12), KeyPlace.tunnelIPv6Source), (13, .tunnelIPv6Destination)]
    where data[wide: place] != 0 {
      let start = writer.begin(attribute)
      append(data, place, into: &writer)
      writer.finish(start)
    }
    let tos = data[.tunnelTOS]
    if tos != 0 { writer.put(3, bigEndian: tos, byteCount: 1) }
    writer.put(4, bigEndian: data[.tunnelTTL], byteCount: 1)
    if flags.contains(.dontFragment) { writer.put(flag: 5) }
    if flags.contains(.checksum) { writer.put(flag: 6) }
    let source = data[.tunnelTransportSource]
    if source != 0 { writer.put(9, bigEndian: source, byteCount: 2) }
    let port = data[.tunnelTransportDestination]
    if port != 0 { writer.put(10, bigEndian: port, byteCount: 2) }
    if flags.contains(.operations) { writer.put(flag: 7) }
    let policy = data[.tunnelPolicy]
    if policy != 0 {
      let start = writer.begin(11)
      writer.put(1, uint32: UInt32(truncatingIfNeeded: (policy & 0xff) << 16 | policy >> 8))
      writer.finish(start)
    }
    let options = shape.tunnelOptionByteCount
    guard options > 0 else { return }
    let start = writer.begin(8)
    for index in 0..<options / 4 {
      writer.append(bigEndian: data[.tunnelOptions.half(index)], byteCount: 4)
    }
    writer.finish(start)
  }
}

extension FlowKey {
  /// The Ethernet type.
  @inlinable
  public var etherType: UInt16 { UInt16(truncatingIfNeeded: self[.ethType]) }

  /// Whether the packet came through a tunnel.
  @inlinable
  public var hasTunnel: Bool { self[.tunnelDestination] != 0 || self[wide: .tunnelIPv6Destination] != 0 }

  /// Whether the packet is an ICMPv6 neighbour solicitation or advertisement.
  @inlinable
  public var isNeighborDiscovery: Bool {
    let type = self[.transportSource]
    return etherType == 0x86dd && self[.ipProtocol] == 58 && self[.transportDestination] == 0
      && (type == 135 || type == 136)
  }

  /// Whether a mask looks at all bits of an ICMP message's type and code.
  var hasExactMessage: Bool { self[.icmpType] == 0xff && self[.icmpCode] == 0xff }

  /// How many bytes of Geneve options the key has, a multiple of four.
  @inlinable
  public var tunnelOptionByteCount: Int { min(256, Int(self[.tunnelOptionByteCount])) & ~3 }

  /// An MPLS label stack entry, 0 to 2.
  public func mplsEntry(_ index: Int) -> UInt64 { self[.mplsEntry(index)] }

  /// How many MPLS label stack entries the key holds, up to the one at the bottom of the stack.
  public var mplsEntryCount: Int {
    for index in 0..<KeyPlace.mplsEntryCount where mplsEntry(index) & 0x100 != 0 { return index + 1 }
    return KeyPlace.mplsEntryCount
  }
}
