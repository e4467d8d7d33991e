/// What a controller connection may do (OpenFlow 1.3.1, section 6.3.4).
public enum ControllerRole: UInt32, Hashable, Sendable {
  /// Keep the role; asked for only (OFPCR12_ROLE_NOCHANGE).
  case noChange = 0
  /// Everything (OFPCR12_ROLE_EQUAL).
  case equal = 1
  /// Everything, and no other connection is primary.
  case primary = 2
  /// Reading only.
  case secondary = 3
}

/// A role request or reply.
public struct RoleMessage: Hashable, Sendable {
  /// The role asked for or held.
  public var role: ControllerRole
  /// Orders requests of competing controllers; nil if the message has none.
  public var generationID: UInt64?

  /// Makes a role message.
  public init(role: ControllerRole, generationID: UInt64? = nil) {
    self.role = role
    self.generationID = generationID
  }

  static func decode(_ reader: inout WireReader) throws(OpenFlowError) -> RoleMessage {
    let number = try reader.uint32()
    try reader.skip(4)
    let generation = try reader.uint64()
    try reader.requireEnd()
    guard let role = ControllerRole(rawValue: number) else { throw .roleRequestFailedBadRole }
    // Only roles that compete are ordered; in a reply all ones stands for "none yet".
    let hasGeneration = role == .primary || role == .secondary
    return RoleMessage(role: role, generationID: hasGeneration && generation != .max ? generation : nil)
  }

  func encode(to writer: inout WireWriter) {
    writer.uint32(role.rawValue)
    writer.zeros(4)
    writer.uint64(generationID ?? .max)
  }

  /// The Nicira form (NXT_ROLE_REQUEST), whose numbers differ.
  static func decodeNicira(_ reader: inout WireReader) throws(OpenFlowError) -> RoleMessage {
    let number = try reader.uint32()
    try reader.requireEnd()
    guard number < 3, let role = ControllerRole(rawValue: number &+ 1) else {
      throw .roleRequestFailedBadRole
    }
    return RoleMessage(role: role)
  }

  func encodeNicira(to writer: inout WireWriter) {
    writer.uint32(role == .noChange ? 0 : role.rawValue &- 1)
  }
}

/// Why a switch tells a controller its role unasked (OpenFlow 1.4, OFPCRR_*).
public enum RoleChangeReason: UInt8, Hashable, Sendable {
  /// Another controller asked to be primary.
  case primaryRequested = 0
  /// The switch's configuration changed.
  case configuration = 1
  /// The experimenter's reasons.
  case experimenter = 2
}

/// A role status message (OpenFlow 1.4 and later).
public struct RoleStatus: Hashable, Sendable {
  /// The role now held.
  public var role: ControllerRole
  /// Why it changed.
  public var reason: RoleChangeReason
  /// The generation in force.
  public var generationID: UInt64

  /// Makes a role status.
  public init(role: ControllerRole, reason: RoleChangeReason, generationID: UInt64) {
    self.role = role
    self.reason = reason
    self.generationID = generationID
  }

  static func decode(_ reader: inout WireReader) throws(OpenFlowError) -> RoleStatus {
    let number = try reader.uint32()
    let reason = try reader.uint8()
    try reader.skip(3)
    let generation = try reader.uint64()
    guard let role = ControllerRole(rawValue: number), role != .noChange else {
      throw .roleRequestFailedBadRole
    }
    guard let reason = RoleChangeReason(rawValue: reason) else { throw .roleRequestFailedBadRole }
    return RoleStatus(role: role, reason: reason, generationID: generation)
  }

  func encode(to writer: inout WireWriter) {
    writer.uint32(role.rawValue)
    writer.uint8(reason.rawValue)
    writer.zeros(3)
    writer.uint64(generationID)
  }
}
