/// A flow's unique identifier (`OVS_FLOW_ATTR_UFID`).
public struct FlowIdentifier: Hashable, Sendable {
  /// The first 64 bits as written in text.
  public var high: UInt64
  /// The last 64 bits.
  public var low: UInt64

  /// Makes an identifier.
  @inlinable
  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }
}

/// Counters of a flow.
public struct FlowStatistics: Equatable, Sendable {
  /// Packets that matched.
  public var packets: UInt64 = 0
  /// Bytes of those packets.
  public var bytes: UInt64 = 0
  /// When the last one matched, in milliseconds of the datapath's clock; `nil` for never.
  public var usedMilliseconds: UInt64?
  /// TCP flags seen, all together.
  public var tcpFlags: UInt16 = 0

  /// Makes counters of zero.
  public init() {}
}

/// A message about a flow (`OVS_FLOW_ATTR_*`).
public struct FlowMessage: Equatable, Sendable {
  /// What the flow's packets look like, packed.
  public var packedKey: PackedKey?
  /// Which bits of the key matter, packed; `nil` means all.
  public var packedMask: PackedKey?
  /// What the flow's packets look like.
  public var key: FlowKey? {
    get { packedKey?.key }
    set { packedKey = newValue.map { PackedKey($0) } }
  }
  /// Which bits of the key matter; `nil` means all.
  public var mask: FlowKey? {
    get { packedMask?.key }
    set { packedMask = newValue.map { PackedKey($0) } }
  }
  /// What is done with its packets.
  public var actions: [DatapathAction]?
  /// Counters, in answers.
  public var statistics: FlowStatistics?
  /// Whether a set request zeroes the counters.
  public var clears = false
  /// Whether failures are expected and not worth a log line.
  public var probes = false
  /// The flow's unique identifier.
  public var identifier: FlowIdentifier?
  /// `OVS_UFID_F_*`: 1 omits the key, 2 the mask, 4 the actions from the answer.
  public var identifierFlags: UInt32?
  /// The flags that leave only the identifier and the counters.
  public static var terse: UInt32 { 7 }

  /// Makes a message that says nothing.
  public init() {}

  /// Makes a message that says what a flow is.
  public init(
    key: FlowKey?, mask: FlowKey? = nil, actions: [DatapathAction]? = nil, identifier: FlowIdentifier? = nil
  ) {
    self.key = key
    self.mask = mask
    self.actions = actions
    self.identifier = identifier
  }

  func encode(into writer: inout AttributeWriter) {
    if let identifier {
      let start = writer.begin(9)
      writer.append(bigEndian: identifier.high, byteCount: 8)
      writer.append(bigEndian: identifier.low, byteCount: 8)
      writer.finish(start)
    }
    if let identifierFlags { writer.put(10, uint32: identifierFlags) }
    if let key {
      let start = writer.begin(1)
      KeyEncoder.encode(key: key, into: &writer)
      writer.finish(start)
      if let mask {
        let start = writer.begin(7)
        KeyEncoder.encode(mask: mask, of: key, into: &writer)
        writer.finish(start)
      }
    }
    if let actions {
      let start = writer.begin(2)
      ActionCodec.encode(actions, into: &writer)
      writer.finish(start)
    }
    if let statistics {
      let start = writer.begin(3)
      writer.append(littleEndian: statistics.packets, byteCount: 8)
      writer.append(littleEndian: statistics.bytes, byteCount: 8)
      writer.finish(start)
      if let used = statistics.usedMilliseconds { writer.put(5, uint64: used) }
      // Netlink has room for the eight flags of RFC 793 alone.
      if statistics.tcpFlags != 0 { writer.put(4, uint8: UInt8(truncatingIfNeeded: statistics.tcpFlags)) }
    }
    if clears { writer.put(flag: 6) }
    if probes { writer.put(flag: 8) }
  }

  init(decoding reader: inout AttributeReader) throws(MessageError) {
    var maskAttribute: Attribute?
    while let attribute = try reader.next() {
      switch attribute.type {
      case 1: key = try KeyDecoder.decodeKey(attribute.nested())
      case 2: actions = try ActionCodec.decode(attribute.nested())
      case 3:
        try attribute.require(byteCount: 16)
        var counters = statistics ?? FlowStatistics()
        counters.packets = attribute.littleEndian(at: 0, byteCount: 8)
        counters.bytes = attribute.littleEndian(at: 8, byteCount: 8)
        statistics = counters
      case 4:
        var counters = statistics ?? FlowStatistics()
        counters.tcpFlags = UInt16(attribute.byte(at: 0))
        statistics = counters
      case 5:
        var counters = statistics ?? FlowStatistics()
        counters.usedMilliseconds = try attribute.uint64()
        statistics = counters
      case 6: clears = true
      case 7: maskAttribute = attribute
      case 8: probes = true
      case 9:
        try attribute.require(byteCount: 16)
        identifier = FlowIdentifier(
          high: attribute.bigEndian(at: 0, byteCount: 8), low: attribute.bigEndian(at: 8, byteCount: 8))
      case 10: identifierFlags = try attribute.uint32()
      default: break
      }
    }
    if let maskAttribute {
      guard let key else { throw .missing(attribute: 1) }
      mask = try KeyDecoder.decodeMask(maskAttribute.nested(), over: key)
    }
  }
}
