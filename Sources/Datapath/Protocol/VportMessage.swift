/// Counters of a port (`struct ovs_vport_stats`).
public struct VportStatistics: Equatable, Sendable {
  /// Packets received.
  public var receivedPackets: UInt64 = 0
  /// Packets sent.
  public var sentPackets: UInt64 = 0
  /// Bytes received.
  public var receivedBytes: UInt64 = 0
  /// Bytes sent.
  public var sentBytes: UInt64 = 0
  /// Packets received with an error.
  public var receivedErrors: UInt64 = 0
  /// Packets that could not be sent.
  public var sentErrors: UInt64 = 0
  /// Packets received and dropped.
  public var receivedDropped: UInt64 = 0
  /// Packets dropped in place of being sent.
  public var sentDropped: UInt64 = 0

  /// Makes counters of zero.
  public init() {}
}

/// What a tunnel port is told when it is made (`OVS_TUNNEL_ATTR_*`).
public struct VportOptions: Equatable, Sendable {
  /// The UDP port that tunnel packets are sent to and expected at.
  public var destinationPort: UInt16?
  /// Whether VXLAN's group policy extension is in use.
  public var usesGroupPolicy = false

  /// Makes options that say nothing.
  public init(destinationPort: UInt16? = nil) { self.destinationPort = destinationPort }
}

/// A message about a port (`OVS_VPORT_ATTR_*`).
public struct VportMessage: Equatable, Sendable {
  /// The port's number in its datapath.
  public var number: DatapathPortNumber?
  /// The kind of port.
  public var type: VportType?
  /// The port's name.
  public var name: [UInt8]?
  /// Options of a tunnel port.
  public var options: VportOptions?
  /// The netlink ports that misses go to.
  public var upcallProcessIDs: [UInt32]?
  /// Counters, in answers.
  public var statistics: VportStatistics?
  /// The host's index of the device.
  public var interfaceIndex: UInt32?

  /// Makes a message that says nothing.
  public init() {}

  /// Makes a message that names a port.
  public init(number: DatapathPortNumber? = nil, type: VportType? = nil, name: String? = nil) {
    self.number = number
    self.type = type
    if let name { self.name = Array(name.utf8) }
  }

  func encode(into writer: inout AttributeWriter) {
    if let number { writer.put(1, uint32: number.rawValue) }
    if let type { writer.put(2, uint32: type.rawValue) }
    if let name { writer.put(3, text: name) }
    if let options {
      let start = writer.begin(4)
      if let port = options.destinationPort { writer.put(1, uint16: port) }
      if options.usesGroupPolicy {
        let extensions = writer.begin(2)
        writer.put(flag: 1)
        writer.finish(extensions)
      }
      writer.finish(start)
    }
    if let upcallProcessIDs {
      let start = writer.begin(5)
      for id in upcallProcessIDs { writer.append(littleEndian: UInt64(id), byteCount: 4) }
      writer.finish(start)
    }
    if let statistics {
      let start = writer.begin(6)
      for value in [
        statistics.receivedPackets, statistics.sentPackets, statistics.receivedBytes, statistics.sentBytes,
        statistics.receivedErrors, statistics.sentErrors, statistics.receivedDropped, statistics.sentDropped,
      ] {
        writer.append(littleEndian: value, byteCount: 8)
      }
      writer.finish(start)
    }
    if let interfaceIndex { writer.put(8, uint32: interfaceIndex) }
  }

  init(decoding reader: inout AttributeReader) throws(MessageError) {
    while let attribute = try reader.next() {
      switch attribute.type {
      case 1: number = DatapathPortNumber(try attribute.uint32())
      case 2: type = VportType(rawValue: try attribute.uint32())
      case 3: name = attribute.text()
      case 4: options = try VportOptions(decoding: attribute.nested())
      case 5:
        guard attribute.byteCount & 3 == 0 else {
          throw .wrongLength(attribute: 5, found: attribute.byteCount)
        }
        var ids: [UInt32] = []
        for index in 0..<attribute.byteCount / 4 {
          ids.append(UInt32(truncatingIfNeeded: attribute.littleEndian(at: 4 * index, byteCount: 4)))
        }
        upcallProcessIDs = ids
      case 6: statistics = try VportStatistics(decoding: attribute)
      case 8: interfaceIndex = try attribute.uint32()
      default: break
      }
    }
  }
}

extension VportStatistics {
  init(decoding attribute: Attribute) throws(MessageError) {
    try attribute.require(byteCount: 64)
    receivedPackets = attribute.littleEndian(at: 0, byteCount: 8)
    sentPackets = attribute.littleEndian(at: 8, byteCount: 8)
    receivedBytes = attribute.littleEndian(at: 16, byteCount: 8)
    sentBytes = attribute.littleEndian(at: 24, byteCount: 8)
    receivedErrors = attribute.littleEndian(at: 32, byteCount: 8)
    sentErrors = attribute.littleEndian(at: 40, byteCount: 8)
    receivedDropped = attribute.littleEndian(at: 48, byteCount: 8)
    sentDropped = attribute.littleEndian(at: 56, byteCount: 8)
  }
}

extension VportOptions {
  init(decoding reader: AttributeReader) throws(MessageError) {
    var reader = reader
    while let attribute = try reader.next() {
      switch attribute.type {
      case 1: destinationPort = try attribute.uint16()
      case 2:
        var extensions = try attribute.nested()
        while let entry = try extensions.next() { if entry.type == 1 { usesGroupPolicy = true } }
      default: break
      }
    }
  }
}
