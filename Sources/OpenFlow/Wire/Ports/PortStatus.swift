/// Why a port status message was sent (OFPPR_*).
public enum PortStatusReason: UInt8, Hashable, Sendable {
  /// The port was added.
  case add = 0
  /// The port was removed.
  case delete = 1
  /// Something about the port changed.
  case modify = 2

  /// The name that commands print.
  public var name: String {
    switch self {
    case .add: "ADD"
    case .delete: "DEL"
    case .modify: "MOD"
    }
  }
}

/// A switch's word to its controllers that a port changed.
public struct PortStatus: Hashable, Sendable {
  /// What happened.
  public var reason: PortStatusReason
  /// The port, as it is now or last was.
  public var port: PortDescription

  /// Makes a port status.
  public init(reason: PortStatusReason, port: PortDescription) {
    self.reason = reason
    self.port = port
  }

  static func decode(
    _ reader: inout WireReader, _ version: OpenFlowVersion
  ) throws(OpenFlowError) -> PortStatus {
    guard let reason = try PortStatusReason(rawValue: reader.uint8()) else {
      throw .niciraBadRequestBadReason
    }
    try reader.skip(7)
    let port = try PortDescription.decode(&reader, version)
    try reader.requireEnd()
    return PortStatus(reason: reason, port: port)
  }

  func encode(to writer: inout WireWriter, _ version: OpenFlowVersion) {
    writer.uint8(reason.rawValue)
    writer.zeros(7)
    port.encode(to: &writer, version)
  }
}
