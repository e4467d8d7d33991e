import Datapath

/// A controller's request to carry out actions on a packet.
public struct PacketOut: Equatable, Sendable {
  /// The packet, unless the switch keeps it.
  public var packet: [UInt8]
  /// Where the switch keeps the packet; all ones for nowhere.
  public var buffer: UInt32 = .max
  /// The pipeline's fields, `in_port` among them; others are sent in OpenFlow 1.5 alone.
  public var metadata = Match()
  /// What to do.
  public var actions: [Action]

  /// Carries out actions on a packet as if it had come in by a port.
  public init(packet: [UInt8], inPort: OpenFlowPortNumber, actions: [Action]) {
    self.packet = packet
    self.actions = actions
    metadata.set(.inPortOXM, FieldValue(inPort.rawValue))
  }

  /// The port that the packet is said to have come in by.
  public var inPort: OpenFlowPortNumber {
    OpenFlowPortNumber(UInt32(truncatingIfNeeded: metadata.value(of: .inPortOXM)))
  }

  static func decode(
    _ reader: inout WireReader, _ version: OpenFlowVersion
  ) throws(OpenFlowError) -> PacketOut {
    var packetOut = PacketOut(packet: [], inPort: .none, actions: [])
    packetOut.buffer = try reader.uint32()
    let actionsByteCount: Int
    switch version {
    case .v15:
      actionsByteCount = try Int(reader.uint16())
      try reader.skip(2)
      packetOut.metadata = try Match.decode(&reader, version)
    case .v10:
      try packetOut.setPort(OpenFlowPortNumber(openFlow10: reader.uint16()))
      actionsByteCount = try Int(reader.uint16())
    default:
      guard let port = try? OpenFlowPortNumber(openFlow11: reader.uint32()) else { throw .badRequestBadPort }
      try packetOut.setPort(port)
      actionsByteCount = try Int(reader.uint16())
      try reader.skip(6)
    }
    var actions = try reader.part(actionsByteCount, error: .badActionBadLength)
    packetOut.actions = try ActionReader(version).actions(&actions)
    packetOut.packet = reader.rest()
    return packetOut
  }

  /// Sets the input port, which must be one that packets can come from.
  private mutating func setPort(_ port: OpenFlowPortNumber) throws(OpenFlowError) {
    guard port < .maximum || port == .local || port == .none || port == .controller else {
      throw .badRequestBadPort
    }
    metadata.set(.inPortOXM, FieldValue(port.rawValue))
  }

  func encode(to writer: inout WireWriter, _ version: OpenFlowVersion) {
    var actionBytes = WireWriter()
    var actionWriter = ActionWriter(version)
    actionWriter.list(actions, to: &actionBytes)
    let actionsByteCount = UInt16(truncatingIfNeeded: actionBytes.count)
    writer.uint32(buffer)
    switch version {
    case .v15:
      writer.uint16(actionsByteCount)
      writer.zeros(2)
      metadata.encode(to: &writer, version)
    case .v10:
      writer.uint16(inPort.openFlow10)
      writer.uint16(actionsByteCount)
    default:
      writer.uint32(inPort.rawValue)
      writer.uint16(actionsByteCount)
      writer.zeros(6)
    }
    writer.append(actionBytes.bytes)
    writer.append(packet)
  }
}
