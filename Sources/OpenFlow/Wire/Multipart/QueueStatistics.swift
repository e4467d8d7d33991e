/// Which queues a request is about.
public struct QueueRequest: Hashable, Sendable {
  /// The port, or `.none` for all.
  public var port: OpenFlowPortNumber
  /// The queue, or all ones for all.
  public var queueID: UInt32

  /// Makes a request.
  public init(port: OpenFlowPortNumber = .none, queueID: UInt32 = .max) {
    self.port = port
    self.queueID = queueID
  }

  static func decode(
    _ reader: inout WireReader, _ version: OpenFlowVersion
  ) throws(OpenFlowError) -> QueueRequest {
    var port = try reader.portNumber(version)
    if version == .v10 {
      try reader.skip(2)
      if port == .all { port = .none }
    }
    let queue = try reader.uint32()
    try reader.requireEnd()
    return QueueRequest(port: port, queueID: queue)
  }

  func encode(to writer: inout WireWriter, _ version: OpenFlowVersion) {
    // OpenFlow 1.0 says "all" where later versions say "any".
    writer.portNumber(version == .v10 && port == .none ? .all : port, version)
    if version == .v10 { writer.zeros(2) }
    writer.uint32(queueID)
  }
}

/// The counters of a queue.
///
/// A counter that is not known is all ones.
public struct QueueStatistics: Hashable, Sendable {
  /// The port.
  public var port: OpenFlowPortNumber
  /// The queue.
  public var queueID: UInt32
  /// Bytes sent.
  public var sentBytes: UInt64
  /// Packets sent.
  public var sentPackets: UInt64
  /// Packets dropped because the queue was full.
  public var sendErrors: UInt64
  /// How long the queue has existed, whole seconds; nil if not known (before OpenFlow 1.3).
  public var durationSeconds: UInt32?
  /// The rest of the time that the queue has existed.
  public var durationNanoseconds: UInt32

  /// Makes statistics.
  public init(
    port: OpenFlowPortNumber, queueID: UInt32, sentBytes: UInt64, sentPackets: UInt64, sendErrors: UInt64,
    durationSeconds: UInt32? = nil, durationNanoseconds: UInt32 = 0
  ) {
    self.port = port
    self.queueID = queueID
    self.sentBytes = sentBytes
    self.sentPackets = sentPackets
    self.sendErrors = sendErrors
    self.durationSeconds = durationSeconds
    self.durationNanoseconds = durationNanoseconds
  }

  static func decode(
    _ reader: inout WireReader, _ version: OpenFlowVersion
  ) throws(OpenFlowError) -> QueueStatistics {
    var body = reader
    if version >= .v14 {
      let length = try Int(reader.peek16(0))
      guard length >= 48 else { throw .badRequestBadLength }
      body = try reader.part(length)
      try body.skip(8)
    }
    let port = try body.portNumber(version)
    if version == .v10 { try body.skip(2) }
    let queue = try body.uint32()
    let bytes = try body.uint64()
    let packets = try body.uint64()
    let errors = try body.uint64()
    var statistics = QueueStatistics(
      port: port, queueID: queue, sentBytes: bytes, sentPackets: packets, sendErrors: errors)
    if version >= .v13 {
      let seconds = try body.uint32()
      statistics.durationNanoseconds = try body.uint32()
      statistics.durationSeconds = seconds == .max ? nil : seconds
    }
    if version < .v14 { reader = body }
    return statistics
  }

  func encode(to writer: inout WireWriter, _ version: OpenFlowVersion) {
    if version >= .v14 {
      writer.uint16(48)
      writer.zeros(6)
    }
    writer.portNumber(port, version)
    if version == .v10 { writer.zeros(2) }
    writer.uint32(queueID)
    writer.uint64(sentBytes)
    writer.uint64(sentPackets)
    writer.uint64(sendErrors)
    guard version >= .v13 else { return }
    writer.uint32(durationSeconds ?? .max)
    writer.uint32(durationSeconds == nil ? .max : durationNanoseconds)
  }
}
