import Datapath

extension FlowFlags {
  /// The flags that a version has.
  static func supported(_ version: OpenFlowVersion) -> FlowFlags {
    switch version {
    case .v10, .v11: [.sendFlowRemoved, .checkOverlap]
    case .v12: [.sendFlowRemoved, .checkOverlap, .resetCounts]
    default: [.sendFlowRemoved, .checkOverlap, .resetCounts, .noPacketCounts, .noByteCounts]
    }
  }
}

extension FlowCommand {
  /// The command with a number (OFPFC_*).
  init(number: UInt8) throws(OpenFlowError) {
    guard let command = FlowCommand(rawValue: number) else { throw .flowModFailedBadCommand }
    self = command
  }
}

extension FlowMod {
  /// The flags of a received request, all of which must be known.
  private static func flags(_ bits: UInt16, _ version: OpenFlowVersion) throws(OpenFlowError) -> FlowFlags {
    let emergency: UInt16 = 4
    if version == .v10, bits & emergency != 0 {
      // A flow for when the controller is lost is no longer in any version, and never was in this switch.
      throw .flowModFailedTableFull
    }
    guard bits & ~FlowFlags.supported(version).rawValue == 0 else { throw .flowModFailedBadFlags }
    return FlowFlags(rawValue: bits)
  }

  /// Before OpenFlow 1.2, a flow that replaces another always counts from zero.
  private mutating func implyReset() {
    if command == .add { flags.insert(.resetCounts) }
  }

  // MARK: OpenFlow 1.0

  /// Reads `OFPT_FLOW_MOD` of OpenFlow 1.0.
  static func decode10(_ reader: inout WireReader, hasTableID: Bool) throws(OpenFlowError) -> FlowMod {
    let match = try Match.decodeOpenFlow10(&reader)
    var mod = FlowMod(.add, match: match)
    mod.newCookie = try reader.uint64()
    try mod.decodeCommand10(&reader, hasTableID: hasTableID)
    mod.modifiesCookie = true
    mod.outPort = try OpenFlowPortNumber(openFlow10: reader.uint16())
    mod.flags = try flags(reader.uint16(), .v10)
    mod.implyReset()
    mod.actions = try mod.decodeActions(&reader, .v10)
    return mod
  }

  /// Reads the run of command, timeouts, priority and buffer that both forms of OpenFlow 1.0 share.
  private mutating func decodeCommand10(_ reader: inout WireReader, hasTableID: Bool) throws(OpenFlowError) {
    let number = try reader.uint16()
    if hasTableID {
      command = try FlowCommand(number: UInt8(truncatingIfNeeded: number))
      table = number >> 8 == 0xff ? nil : UInt8(truncatingIfNeeded: number >> 8)
    } else {
      guard number <= 0xff else { throw .flowModFailedBadCommand }
      command = try FlowCommand(number: UInt8(number))
    }
    idleTimeoutSeconds = try reader.uint16()
    hardTimeoutSeconds = try reader.uint16()
    priority = try reader.uint16()
    buffer = try reader.uint32()
  }

  /// Reads `NXT_FLOW_MOD`.
  static func decodeNicira(_ reader: inout WireReader, hasTableID: Bool) throws(OpenFlowError) -> FlowMod {
    var mod = FlowMod(.add)
    mod.newCookie = try reader.uint64()
    try mod.decodeCommand10(&reader, hasTableID: hasTableID)
    mod.outPort = try OpenFlowPortNumber(openFlow10: reader.uint16())
    mod.flags = try flags(reader.uint16(), .v10)
    mod.implyReset()
    let matchByteCount = try Int(reader.uint16())
    try reader.skip(6)
    var cookie: MatchCookie? = MatchCookie()
    mod.match = try Match.decodeNicira(&reader, byteCount: matchByteCount, cookie: &cookie)
    mod.cookie = cookie?.value ?? 0
    mod.cookieMask = cookie?.mask ?? 0
    // A new flow has no cookie yet that could be matched.
    guard mod.command != .add || mod.cookieMask == 0 else { throw .niciraBadRequestNXMInvalid }
    mod.modifiesCookie = mod.newCookie != .max
    mod.actions = try mod.decodeActions(&reader, .v10)
    return mod
  }

  private func decodeActions(
    _ reader: inout WireReader, _ version: OpenFlowVersion
  ) throws(OpenFlowError) -> [Action] {
    let actions = try ActionReader(version).flowActions(&reader)
    return command.isDelete ? [] : actions
  }

  private func command10(hasTableID: Bool) -> UInt16 {
    let number = UInt16(command.rawValue)
    return hasTableID ? UInt16(table ?? 0xff) << 8 | number : number
  }

  /// Writes `OFPT_FLOW_MOD` of OpenFlow 1.0.
  func encode10(to writer: inout WireWriter, hasTableID: Bool) {
    match.encodeOpenFlow10(to: &writer)
    writer.uint64(newCookie)
    writer.uint16(command10(hasTableID: hasTableID))
    writer.uint16(idleTimeoutSeconds)
    writer.uint16(hardTimeoutSeconds)
    writer.uint16(priority)
    writer.uint32(buffer)
    writer.uint16(outPort.openFlow10)
    writer.uint16(flags.intersection(.supported(.v10)).rawValue)
    var actionWriter = ActionWriter(.v10, match: match)
    actionWriter.flowActions(actions, to: &writer)
  }

  /// Writes `NXT_FLOW_MOD`.
  func encodeNicira(to writer: inout WireWriter, hasTableID: Bool) {
    writer.uint64(newCookie)
    writer.uint16(command10(hasTableID: hasTableID))
    writer.uint16(idleTimeoutSeconds)
    writer.uint16(hardTimeoutSeconds)
    writer.uint16(priority)
    writer.uint32(buffer)
    writer.uint16(outPort.openFlow10)
    writer.uint16(flags.intersection(.supported(.v10)).rawValue)
    let matchLength = writer.count
    writer.uint16(0)
    writer.zeros(6)
    let byteCount = match.encodeNicira(to: &writer, cookie: MatchCookie(value: cookie, mask: cookieMask))
    writer.patch16(UInt16(truncatingIfNeeded: byteCount), at: matchLength)
    var actionWriter = ActionWriter(.v10, match: match)
    actionWriter.flowActions(actions, to: &writer)
  }

  // MARK: OpenFlow 1.1 and later

  /// Reads `OFPT_FLOW_MOD` of OpenFlow 1.1 or later.
  static func decode11(
    _ reader: inout WireReader, _ version: OpenFlowVersion
  ) throws(OpenFlowError) -> FlowMod {
    var mod = FlowMod(.add)
    let cookie = try reader.uint64()
    let cookieMask = try reader.uint64()
    let table = try reader.uint8()
    mod.table = table == 0xff ? nil : table
    mod.command = try FlowCommand(number: reader.uint8())
    if mod.command == .add {
      mod.newCookie = cookie
    } else {
      mod.cookie = cookie & cookieMask
      mod.cookieMask = cookieMask
      mod.newCookie = .max
    }
    mod.idleTimeoutSeconds = try reader.uint16()
    mod.hardTimeoutSeconds = try reader.uint16()
    mod.priority = try reader.uint16()
    mod.buffer = try reader.uint32()
    mod.outPort = try OpenFlowPortNumber(openFlow11: reader.uint32())
    mod.outGroup = try reader.uint32()
    mod.flags = try flags(reader.uint16(), version)
    if version == .v11 { mod.implyReset() }
    let importance = try reader.uint16()
    if version >= .v14, mod.command == .add { mod.importance = importance }
    // Only deletions may name all tables.
    guard mod.table != nil || mod.command.isDelete else { throw .flowModFailedBadTableID }
    mod.match = try Match.decode(&reader, version)
    mod.actions = try mod.decodeActions(&reader, version)
    return mod
  }

  /// Writes `OFPT_FLOW_MOD` of OpenFlow 1.1 or later.
  func encode11(to writer: inout WireWriter, _ version: OpenFlowVersion) {
    writer.uint64(command == .add || cookieMask == 0 && newCookie != .max ? newCookie : cookie)
    writer.uint64(command == .add ? 0 : cookieMask)
    // OpenFlow 1.1 has no number for all tables.
    writer.uint8(table ?? (command.isDelete && version >= .v12 ? 0xff : 0))
    writer.uint8(command.rawValue)
    writer.uint16(idleTimeoutSeconds)
    writer.uint16(hardTimeoutSeconds)
    writer.uint16(priority)
    writer.uint32(buffer)
    writer.uint32(outPort.rawValue)
    writer.uint32(outGroup)
    writer.uint16(flags.intersection(.supported(version)).rawValue)
    writer.uint16(version >= .v14 ? importance : 0)
    match.encode(to: &writer, version)
    var actionWriter = ActionWriter(version, match: match)
    actionWriter.flowActions(actions, to: &writer)
  }
}
