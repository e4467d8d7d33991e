/// The counters of a port.
///
/// A counter that the port does not have is all ones.
public struct PortStatistics: Hashable, Sendable {
  /// The port.
  public var port: OpenFlowPortNumber
  /// Packets received.
  public var receivedPackets: UInt64
  /// Packets sent.
  public var sentPackets: UInt64
  /// Bytes received.
  public var receivedBytes: UInt64
  /// Bytes sent.
  public var sentBytes: UInt64
  /// Packets dropped while receiving.
  public var receiveDrops: UInt64
  /// Packets dropped while sending.
  public var sendDrops: UInt64
  /// Packets received with errors.
  public var receiveErrors: UInt64
  /// Packets not sent because of errors.
  public var sendErrors: UInt64
  /// Frames received with alignment errors.
  public var frameErrors: UInt64
  /// Packets lost to overruns.
  public var overrunErrors: UInt64
  /// Packets received with a wrong check sequence.
  public var checksumErrors: UInt64
  /// Collisions.
  public var collisions: UInt64
  /// How long the port has existed, whole seconds; nil if not known (before OpenFlow 1.3).
  public var durationSeconds: UInt32?
  /// The rest of the time that the port has existed.
  public var durationNanoseconds: UInt32

  /// Makes statistics whose counters are all unknown.
  public init(port: OpenFlowPortNumber) {
    self.port = port
    receivedPackets = .max
    sentPackets = .max
    receivedBytes = .max
    sentBytes = .max
    receiveDrops = .max
    sendDrops = .max
    receiveErrors = .max
    sendErrors = .max
    frameErrors = .max
    overrunErrors = .max
    checksumErrors = .max
    collisions = .max
    durationSeconds = nil
    durationNanoseconds = 0
  }

  static func decode(
    _ reader: inout WireReader, _ version: OpenFlowVersion
  ) throws(OpenFlowError) -> PortStatistics {
    if version >= .v14 { return try decodeWithProperties(&reader, version) }
    var statistics = PortStatistics(port: try reader.portNumber(version))
    try reader.skip(version == .v10 ? 6 : 4)
    try statistics.decodeCommon(&reader)
    try statistics.decodeEthernet(&reader)
    if version == .v13 { try statistics.decodeDuration(&reader) }
    return statistics
  }

  private mutating func decodeCommon(_ reader: inout WireReader) throws(OpenFlowError) {
    receivedPackets = try reader.uint64()
    sentPackets = try reader.uint64()
    receivedBytes = try reader.uint64()
    sentBytes = try reader.uint64()
    receiveDrops = try reader.uint64()
    sendDrops = try reader.uint64()
    receiveErrors = try reader.uint64()
    sendErrors = try reader.uint64()
  }

  private mutating func decodeEthernet(_ reader: inout WireReader) throws(OpenFlowError) {
    frameErrors = try reader.uint64()
    overrunErrors = try reader.uint64()
    checksumErrors = try reader.uint64()
    collisions = try reader.uint64()
  }

  private mutating func decodeDuration(_ reader: inout WireReader) throws(OpenFlowError) {
    let seconds = try reader.uint32()
    durationNanoseconds = try reader.uint32()
    durationSeconds = seconds == .max ? nil : seconds
  }

  private static func decodeWithProperties(
    _ reader: inout WireReader, _ version: OpenFlowVersion
  ) throws(OpenFlowError) -> PortStatistics {
    let length = try Int(reader.peek16(0))
    guard length >= 80 else { throw .badRequestBadLength }
    var body = try reader.part(length)
    try body.skip(4)
    var statistics = PortStatistics(port: try body.portNumber(version))
    try statistics.decodeDuration(&body)
    try statistics.decodeCommon(&body)
    while !body.isAtEnd {
      var property = try Property.next(&body)
      guard property.type == 0 else { continue }
      try property.body.skip(4)
      try statistics.decodeEthernet(&property.body)
    }
    return statistics
  }

  func encode(to writer: inout WireWriter, _ version: OpenFlowVersion) {
    let start = writer.count
    if version >= .v14 {
      writer.uint16(0)
      writer.zeros(2)
      writer.portNumber(port, version)
      encodeDuration(to: &writer)
      encodeCommon(to: &writer)
      let property = writer.beginProperty(0)
      writer.zeros(4)
      encodeEthernet(to: &writer)
      writer.endProperty(from: property)
      writer.patch16(UInt16(truncatingIfNeeded: writer.count &- start), at: start)
      return
    }
    writer.portNumber(port, version)
    writer.zeros(version == .v10 ? 6 : 4)
    encodeCommon(to: &writer)
    encodeEthernet(to: &writer)
    if version == .v13 { encodeDuration(to: &writer) }
  }

  private func encodeCommon(to writer: inout WireWriter) {
    for counter in [
      receivedPackets, sentPackets, receivedBytes, sentBytes, receiveDrops, sendDrops, receiveErrors,
      sendErrors,
    ] {
      writer.uint64(counter)
    }
  }

  private func encodeEthernet(to writer: inout WireWriter) {
    for counter in [frameErrors, overrunErrors, checksumErrors, collisions] { writer.uint64(counter) }
  }

  private func encodeDuration(to writer: inout WireWriter) {
    writer.uint32(durationSeconds ?? .max)
    writer.uint32(durationSeconds == nil ? .max : durationNanoseconds)
  }
}
