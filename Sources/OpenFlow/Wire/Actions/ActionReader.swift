/// Reads lists of actions.
///
/// Each action is a type, a length that is a multiple of eight, and a body. `Action`'s cases come out whatever
/// version or extension the action is written in.
struct ActionReader {
  let version: OpenFlowVersion
  /// How many actions this list lies within.
  let depth: Int

  init(_ version: OpenFlowVersion, depth: Int = 0) {
    self.version = version
    self.depth = depth
  }

  /// How deeply actions may be nested.
  ///
  /// A peer could otherwise exhaust the stack.
  static var maximumDepth: Int { 16 }

  /// Reads actions up to the reader's end.
  func list(_ reader: inout WireReader) throws(OpenFlowError) -> [Action] {
    var actions: [Action] = []
    while !reader.isAtEnd {
      guard reader.remaining >= 8 else { throw .badActionBadLength }
      let type = try reader.peek16(0)
      let length = try Int(reader.peek16(2))
      guard length >= 8, length & 7 == 0, length <= reader.remaining else { throw .badActionBadLength }
      var body = try reader.part(length, error: .badActionBadLength)
      try body.skip(4)
      actions.append(try action(type, &body))
    }
    return actions
  }

  /// Reads a list within an action.
  func nested(_ reader: inout WireReader) throws(OpenFlowError) -> [Action] {
    guard depth < Self.maximumDepth else { throw .badActionTooMany }
    return try ActionReader(version, depth: depth &+ 1).list(&reader)
  }

  private func action(_ type: UInt16, _ body: inout WireReader) throws(OpenFlowError) -> Action {
    guard type == 0xffff else {
      return version == .v10 ? try standard10(type, &body) : try standard11(type, &body)
    }
    switch try body.uint32() {
    case ErrorVendor.nicira.rawValue:
      let subtype = try body.uint16()
      return try nicira(subtype, &body)
    case ErrorVendor.onf.rawValue:
      guard try body.uint16() == 3200, version >= .v13 else { throw .badActionBadExperimenterType }
      try body.skip(2)
      return try copyField(&body)
    default:
      throw .badActionBadExperimenter
    }
  }

  /// Reads an action of the Nicira extensions, by its number (NXAST_*).
  private func nicira(_ subtype: UInt16, _ body: inout WireReader) throws(OpenFlowError) -> Action {
    switch subtype {
    case 1, 14, 44: return try resubmit(subtype, &body)
    case 2, 9: return try setTunnel(subtype, &body)
    case 4:
      try body.skip(2)
      return try .setQueue(body.uint32())
    case 5: return .popQueue
    case 6: return try move(&body)
    case 7: return try load(&body)
    case 33: return try loadExtended(&body)
    case 8: return .note(body.rest())
    case 10: return try multipath(&body)
    case 12, 13: return try bundle(subtype, &body)
    case 15, 32: return try outputField(subtype, &body)
    case 16, 45: return try learn(subtype, &body)
    case 17:
      try body.skipZero(body.remaining, else: .niciraBadRequestMustBeZero)
      return .exit
    case 18, 21: return try decrementTTL(subtype, &body)
    case 19: return try .finTimeout(idleSeconds: body.uint16(), hardSeconds: body.uint16())
    case 20, 37: return try controller(subtype, &body)
    case 22:
      try body.skipZero(6, else: .niciraBadRequestMustBeZero)
      return try .writeMetadata(body.uint64(), mask: body.uint64())
    case 23: return try .pushMPLS(mplsType(&body))
    case 24: return try .popMPLS(body.uint16())
    case 25: return try .setMPLSTTL(body.uint8())
    case 26: return .decrementMPLSTTL
    case 27, 28: return try stack(subtype, &body)
    case 29, 38, 41: return try sample(subtype, &body)
    case 30:
      try body.skip(2)
      return try .setMPLSLabel(body.uint32() & 0xfffff)
    case 31: return try .setMPLSTrafficClass(body.uint8() & 7)
    case 34:
      let clause = try body.uint8()
      let count = try body.uint8()
      guard count >= 2, count <= 64, clause < count else { throw .niciraBadActionBadConjunction }
      return try .conjunction(ConjunctionAction(id: body.uint32(), clause: clause, clauseCount: count))
    case 35: return try connectionTrack(&body)
    case 36: return try nat(&body)
    case 39:
      let port = try OpenFlowPortNumber(openFlow10: body.uint16())
      return try .outputTruncated(port, maximumByteCount: body.uint32())
    case 40:
      try body.skip(2)
      return try .group(body.uint32())
    case 42:
      try body.skip(6)
      return try .clone(nested(&body))
    case 43: return .connectionTrackClear
    case 46: return try encapsulate(&body)
    case 47:
      try body.skip(2)
      let type = try body.uint32()
      return .decapsulate(packetType: type == Self.nextProtocol ? nil : type)
    case 48: return .decrementNSHTTL
    case 49: return try checkPacketLarger(&body)
    case 50:
      let field = try fieldHeader(&body)
      return .deleteField(field)
    case 255: return .debugRecirculate
    case 254: return .debugSlow
    default: throw .badActionBadExperimenterType
    }
  }

  /// The packet type by which `decap` says that the header removed names what follows.
  static var nextProtocol: UInt32 { 0xfffe }
}
