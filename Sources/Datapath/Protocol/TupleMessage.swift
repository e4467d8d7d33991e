public import PacketWire

/// One direction of a connection, or what a filter wants of one (`CTA_TUPLE_*` of Linux's `nfnetlink_conntrack.h`).
///
/// What is nil is not said, and in a filter anything will do.
public struct TupleMessage: Equatable, Sendable {
  /// Where packets come from; an IPv4 address is mapped.
  public var source: IPv6Address?
  /// Where packets go to; an IPv4 address is mapped.
  public var destination: IPv6Address?
  /// The protocol above IP.
  public var protocolNumber: UInt8?
  /// The port that packets come from.
  public var sourcePort: UInt16?
  /// The port that packets go to.
  public var destinationPort: UInt16?
  /// The identifier of an ICMP or ICMPv6 query.
  public var messageIdentifier: UInt16?
  /// The type of ICMP or ICMPv6 messages.
  public var messageType: UInt8?
  /// The code of ICMP or ICMPv6 messages.
  public var messageCode: UInt8?

  /// Makes a tuple that says nothing.
  public init() {}

  /// Makes a tuple of addresses and a protocol.
  public init(source: IPv6Address?, destination: IPv6Address?, protocolNumber: UInt8?) {
    self.source = source
    self.destination = destination
    self.protocolNumber = protocolNumber
  }

  /// Whether addresses are IPv4 addresses; nil if there is none.
  public var isIPv4: Bool? { (source ?? destination).map { $0.mappedIPv4 != nil } }

  /// Whether the protocol is ICMP or ICMPv6.
  public var isMessage: Bool { protocolNumber == 1 || protocolNumber == 58 }

  /// Whether addresses and ports, or what ICMP has in their place, are all said.
  public var isComplete: Bool {
    guard source != nil, destination != nil, protocolNumber != nil else { return false }
    return isMessage
      ? messageIdentifier != nil && messageType != nil && messageCode != nil
      : sourcePort != nil && destinationPort != nil
  }

  /// Whether another tuple, which is complete, has all that this one says.
  public func matches(_ other: TupleMessage) -> Bool {
    Self.agree(source, other.source) && Self.agree(destination, other.destination)
      && Self.agree(protocolNumber, other.protocolNumber) && Self.agree(sourcePort, other.sourcePort)
      && Self.agree(destinationPort, other.destinationPort)
      && Self.agree(messageIdentifier, other.messageIdentifier)
      && Self.agree(messageType, other.messageType) && Self.agree(messageCode, other.messageCode)
  }

  private static func agree<Value: Equatable>(_ wanted: Value?, _ found: Value?) -> Bool {
    wanted == nil || wanted == found
  }

  // MARK: Attributes

  func encode(_ type: UInt16, into writer: inout AttributeWriter) {
    let tuple = writer.begin(type)
    let addresses = writer.begin(1)
    if let source { Self.put(source, 1, into: &writer) }
    if let destination { Self.put(destination, 2, into: &writer) }
    writer.finish(addresses)
    if let protocolNumber {
      let start = writer.begin(2)
      writer.put(1, uint8: protocolNumber)
      if let sourcePort { writer.put(2, bigEndian: UInt64(sourcePort), byteCount: 2) }
      if let destinationPort { writer.put(3, bigEndian: UInt64(destinationPort), byteCount: 2) }
      let first: UInt16 = protocolNumber == 58 ? 7 : 4
      if let messageIdentifier { writer.put(first, bigEndian: UInt64(messageIdentifier), byteCount: 2) }
      if let messageType { writer.put(first + 1, uint8: messageType) }
      if let messageCode { writer.put(first + 2, uint8: messageCode) }
      writer.finish(start)
    }
    writer.finish(tuple)
  }

  private static func put(_ address: IPv6Address, _ type: UInt16, into writer: inout AttributeWriter) {
    if let address = address.mappedIPv4 {
      writer.put(type, bigEndian: UInt64(address.rawValue), byteCount: 4)
    } else {
      let start = writer.begin(type + 2)
      writer.append(bigEndian: address.high, byteCount: 8)
      writer.append(bigEndian: address.low, byteCount: 8)
      writer.finish(start)
    }
  }

  init(decoding attribute: Attribute) throws(MessageError) {
    var reader = try attribute.nested()
    while let part = try reader.next() {
      switch part.type {
      case 1: try decode(addresses: part.nested())
      case 2: try decode(transport: part.nested())
      default: break
      }
    }
    // Both are of one family, or the tuple is of none.
    if let source, let destination, (source.mappedIPv4 == nil) != (destination.mappedIPv4 == nil) {
      throw .invalidValue(attribute: attribute.type)
    }
  }

  private mutating func decode(addresses reader: AttributeReader) throws(MessageError) {
    var reader = reader
    while let part = try reader.next() {
      switch part.type {
      case 1, 2:
        try part.require(byteCount: 4)
        let address = IPv4Address(UInt32(truncatingIfNeeded: part.bigEndian(at: 0, byteCount: 4)))
        if part.type == 1 { source = IPv6Address(mapped: address) }
        if part.type == 2 { destination = IPv6Address(mapped: address) }
      case 3, 4:
        try part.require(byteCount: 16)
        let address = IPv6Address(
          high: part.bigEndian(at: 0, byteCount: 8), low: part.bigEndian(at: 8, byteCount: 8))
        if part.type == 3 { source = address } else { destination = address }
      default: break
      }
    }
  }

  private mutating func decode(transport reader: AttributeReader) throws(MessageError) {
    var reader = reader
    while let part = try reader.next() {
      switch part.type {
      case 1:
        try part.require(byteCount: 1)
        protocolNumber = part.byte(at: 0)
      case 2: sourcePort = try part.network16()
      case 3: destinationPort = try part.network16()
      case 4, 7: messageIdentifier = try part.network16()
      case 5, 8:
        try part.require(byteCount: 1)
        messageType = part.byte(at: 0)
      case 6, 9:
        try part.require(byteCount: 1)
        messageCode = part.byte(at: 0)
      default: break
      }
    }
  }
}
