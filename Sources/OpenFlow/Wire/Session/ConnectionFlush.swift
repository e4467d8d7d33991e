// `NXT_CT_FLUSH`: which tracked connections are to be forgotten (Open vSwitch's `nicira-ext.h`, `struct nx_ct_flush`).

import Datapath
import PacketWire

/// Numbers of the message's properties.
private enum FlushProperty {
  static let original: UInt16 = 0
  static let reply: UInt16 = 1
  static let zone: UInt16 = 2
  static let mark: UInt16 = 3
  static let markMask: UInt16 = 4
  static let labels: UInt16 = 5
  static let labelsMask: UInt16 = 6
}

/// Numbers of the properties of a tuple.
private enum TupleProperty {
  static let source: UInt16 = 0
  static let destination: UInt16 = 1
  static let sourcePort: UInt16 = 2
  static let destinationPort: UInt16 = 3
  static let messageIdentifier: UInt16 = 4
  static let messageType: UInt16 = 5
  static let messageCode: UInt16 = 6
}

extension ConnectionMessage {
  private var protocolNumber: UInt8 { original?.protocolNumber ?? reply?.protocolNumber ?? 0 }

  /// Writes the body of the message.
  func encodeFlush(to writer: inout WireWriter) {
    writer.uint8(protocolNumber)
    writer.zeros(7)
    if let original { Self.encode(original, FlushProperty.original, to: &writer) }
    if let reply { Self.encode(reply, FlushProperty.reply, to: &writer) }
    if let zone { writer.property(FlushProperty.zone, zone) }
    if let mark { writer.property(FlushProperty.mark, mark) }
    if mark != nil, let markMask { writer.property(FlushProperty.markMask, markMask) }
    if let labels { writer.property(FlushProperty.labels, bytes: Self.bytes(labels)) }
    if labels != nil, let labelsMask {
      writer.property(FlushProperty.labelsMask, bytes: Self.bytes(labelsMask))
    }
  }

  private static func bytes(_ value: IPv6Address) -> [UInt8] {
    [value.high, value.low].flatMap { half in
      (0..<8).map { UInt8(truncatingIfNeeded: half >> UInt64(56 - 8 * $0)) }
    }
  }

  private static func encode(_ tuple: TupleMessage, _ type: UInt16, to writer: inout WireWriter) {
    let start = writer.beginProperty(type)
    writer.zeros(4)
    if let source = tuple.source { writer.property(TupleProperty.source, bytes: bytes(source)) }
    if let destination = tuple.destination {
      writer.property(TupleProperty.destination, bytes: bytes(destination))
    }
    if tuple.isMessage {
      writer.property(TupleProperty.messageIdentifier, tuple.messageIdentifier ?? 0)
      writer.property(TupleProperty.messageType, tuple.messageType ?? 0)
      writer.property(TupleProperty.messageCode, tuple.messageCode ?? 0)
    } else {
      if let port = tuple.sourcePort { writer.property(TupleProperty.sourcePort, port) }
      if let port = tuple.destinationPort { writer.property(TupleProperty.destinationPort, port) }
    }
    writer.endProperty(from: start)
  }

  /// Reads the body of the message.
  static func decodeFlush(_ reader: inout WireReader) throws(OpenFlowError) -> ConnectionMessage {
    var message = ConnectionMessage()
    let number = try reader.uint8()
    try reader.skipZero(7, else: .niciraBadRequestMustBeZero)
    var original = TupleMessage()
    var reply = TupleMessage()
    while reader.remaining > 0 {
      var property = try Property.next(&reader)
      switch property.type {
      case FlushProperty.original: try decode(&property.body, into: &original)
      case FlushProperty.reply: try decode(&property.body, into: &reply)
      case FlushProperty.zone: message.zone = try property.body.value16()
      case FlushProperty.mark: message.mark = try property.body.value32()
      case FlushProperty.markMask: message.markMask = try property.body.value32()
      case FlushProperty.labels: message.labels = try property.body.wide()
      case FlushProperty.labelsMask: message.labelsMask = try property.body.wide()
      default: throw .badPropertyBadType
      }
    }
    let families = [original.source, original.destination, reply.source, reply.destination]
      .compactMap { $0.map { $0.mappedIPv4 != nil } }
    guard Set(families).count <= 1 else { throw .badPropertyBadValue }
    if number != 0 { original.protocolNumber = number }
    fillMessage(number, &original)
    fillMessage(number, &reply)
    if original != TupleMessage() { message.original = original }
    if reply != TupleMessage() {
      if number != 0 { reply.protocolNumber = number }
      message.reply = reply
    }
    if message.mark == nil { message.markMask = nil }
    if message.mark != nil, message.markMask == nil { message.markMask = .max }
    if message.labels == nil { message.labelsMask = nil }
    if message.labels != nil, message.labelsMask == nil { message.labelsMask = .allOnes }
    return message
  }

  /// Of ICMP, what stands in place of ports is compared whenever an address is said; what is not said of it is zero.
  private static func fillMessage(_ number: UInt8, _ tuple: inout TupleMessage) {
    guard number == 1 || number == 58, tuple.source != nil || tuple.destination != nil else { return }
    tuple.messageIdentifier = tuple.messageIdentifier ?? 0
    tuple.messageType = tuple.messageType ?? 0
    tuple.messageCode = tuple.messageCode ?? 0
  }

  private static func decode(
    _ body: inout WireReader, into tuple: inout TupleMessage
  ) throws(OpenFlowError) {
    try body.skip(4)
    while body.remaining > 0 {
      var property = try Property.next(&body)
      switch property.type {
      case TupleProperty.source: tuple.source = try property.body.address()
      case TupleProperty.destination: tuple.destination = try property.body.address()
      case TupleProperty.sourcePort: tuple.sourcePort = try property.body.port()
      case TupleProperty.destinationPort: tuple.destinationPort = try property.body.port()
      case TupleProperty.messageIdentifier: tuple.messageIdentifier = try property.body.value16()
      case TupleProperty.messageType: tuple.messageType = try property.body.uint8()
      case TupleProperty.messageCode: tuple.messageCode = try property.body.uint8()
      default: throw .badPropertyBadType
      }
    }
  }
}

extension WireReader {
  fileprivate mutating func value16() throws(OpenFlowError) -> UInt16 {
    guard remaining >= 2 else { throw .badPropertyBadLength }
    return try uint16()
  }

  fileprivate mutating func value32() throws(OpenFlowError) -> UInt32 {
    guard remaining >= 4 else { throw .badPropertyBadLength }
    return try uint32()
  }

  fileprivate mutating func wide() throws(OpenFlowError) -> IPv6Address {
    guard remaining >= 16 else { throw .badPropertyBadLength }
    return IPv6Address(high: try uint64(), low: try uint64())
  }

  /// An address; zeros are any.
  fileprivate mutating func address() throws(OpenFlowError) -> IPv6Address? {
    let address = try wide()
    return address.isZero ? nil : address
  }

  /// A port; zero is any.
  fileprivate mutating func port() throws(OpenFlowError) -> UInt16? {
    let port = try value16()
    return port == 0 ? nil : port
  }
}

extension ConnectionMessage {
  /// The filter as messages are printed.
  var flushText: String {
    var text = "zone=\(zone ?? 0) "
    if let mark {
      text += "mark=0x" + String(mark, radix: 16)
      if let markMask, markMask != .max { text += "/0x" + String(markMask, radix: 16) }
      text += " "
    }
    if let labels {
      text += "labels=" + ConnectionText.hexadecimal(labels)
      if let labelsMask, labelsMask != .allOnes { text += "/" + ConnectionText.hexadecimal(labelsMask) }
      text += " "
    }
    let isIPv4 = original?.isIPv4 ?? reply?.isIPv4 ?? false
    let prefix = isIPv4 ? "ct_nw" : "ct_ipv6"
    let number = original?.protocolNumber ?? reply?.protocolNumber ?? 0
    let first = Self.text(original, prefix, number)
    return text + "'" + first + ",ct_nw_proto=\(number)' '" + Self.text(reply, prefix, number) + "'"
  }

  private static func text(_ tuple: TupleMessage?, _ prefix: String, _ number: UInt8) -> String {
    func address(_ address: IPv6Address?) -> String {
      guard let address else { return "::" }
      return address.mappedIPv4?.description ?? address.description
    }
    var text =
      prefix + "_src=" + address(tuple?.source) + "," + prefix + "_dst=" + address(tuple?.destination)
    if number == 1 || number == 58 {
      text += ",icmp_id=\(tuple?.messageIdentifier ?? 0),icmp_type=\(tuple?.messageType ?? 0)"
      return text + ",icmp_code=\(tuple?.messageCode ?? 0)"
    }
    return text + ",ct_tp_src=\(tuple?.sourcePort ?? 0),ct_tp_dst=\(tuple?.destinationPort ?? 0)"
  }
}
