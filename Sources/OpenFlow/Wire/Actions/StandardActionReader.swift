import Datapath

extension ActionReader {
  /// Reads an action of OpenFlow 1.0, by its type (OFPAT10_*).
  func standard10(_ type: UInt16, _ body: inout WireReader) throws(OpenFlowError) -> Action {
    switch type {
    case 0:
      let port = try OpenFlowPortNumber(openFlow10: body.uint16())
      return try .output(checked(port), maximumByteCount: body.uint16())
    case 1: return try .setVLANID(vlanID(&body), pushesIfNeeded: true)
    case 2: return try .setVLANPriority(vlanPriority(&body), pushesIfNeeded: true)
    case 3: return .stripVLAN()
    case 4: return try .setEthernetSource(body.uint48())
    case 5: return try .setEthernetDestination(body.uint48())
    case 6: return try .setIPv4Source(body.uint32())
    case 7: return try .setIPv4Destination(body.uint32())
    case 8: return try .setIPDSCP(dscp(&body))
    case 9: return try .setTransportSource(body.uint16())
    case 10: return try .setTransportDestination(body.uint16())
    case 11:
      let port = try OpenFlowPortNumber(openFlow10: body.uint16())
      try body.skip(6)
      let queue = try body.uint32()
      guard port < .maximum || port == .inPort || port == .local else { throw .badActionBadOutPort }
      return .enqueue(port, queue: queue)
    default: throw .badActionBadType
    }
  }

  /// Reads an action of OpenFlow 1.1 or later, by its type (OFPAT_*).
  func standard11(_ type: UInt16, _ body: inout WireReader) throws(OpenFlowError) -> Action {
    switch type {
    case 0:
      let port = try OpenFlowPortNumber(openFlow11: body.uint32())
      return try .output(checked(port), maximumByteCount: body.uint16())
    case 1...10 where version == .v11: return try setting11(type, &body)
    case 13 where version == .v11: return try .setMPLSLabel(body.uint32() & 0xfffff)
    case 14 where version == .v11: return try .setMPLSTrafficClass(body.uint8() & 7)
    case 15: return try .setMPLSTTL(body.uint8())
    case 16: return .decrementMPLSTTL
    case 17:
      let type = try body.uint16()
      guard type == 0x8100 || type == 0x88a8 else { throw .badActionBadArgument }
      return .pushVLAN(type)
    case 18: return .stripVLAN(isPop: true)
    case 19: return try .pushMPLS(mplsType(&body))
    case 20: return try .popMPLS(body.uint16())
    case 21: return try .setQueue(body.uint32())
    case 22: return try .group(body.uint32())
    case 23: return try .setIPTTL(body.uint8())
    case 24: return .decrementTTL(controllers: [0])
    case 25 where version >= .v12: return try setField(&body)
    case 28 where version >= .v15: return try copyField(&body)
    case 29 where version >= .v15: return try .meter(body.uint32())
    default: throw .badActionBadType
    }
  }

  private func setting11(_ type: UInt16, _ body: inout WireReader) throws(OpenFlowError) -> Action {
    switch type {
    case 1: return try .setVLANID(vlanID(&body), pushesIfNeeded: false)
    case 2: return try .setVLANPriority(vlanPriority(&body), pushesIfNeeded: false)
    case 3: return try .setEthernetSource(body.uint48())
    case 4: return try .setEthernetDestination(body.uint48())
    case 5: return try .setIPv4Source(body.uint32())
    case 6: return try .setIPv4Destination(body.uint32())
    case 7: return try .setIPDSCP(dscp(&body))
    case 8:
      let ecn = try body.uint8()
      guard ecn & ~3 == 0 else { throw .badActionBadArgument }
      return .setIPECN(ecn)
    case 9: return try .setTransportSource(body.uint16())
    default: return try .setTransportDestination(body.uint16())
    }
  }

  /// A port that a packet can be sent to.
  private func checked(_ port: OpenFlowPortNumber) throws(OpenFlowError) -> OpenFlowPortNumber {
    switch port {
    case .none, .unset: throw .badActionBadOutPort
    default: return port
    }
  }

  private func vlanID(_ body: inout WireReader) throws(OpenFlowError) -> UInt16 {
    let id = try body.uint16()
    guard id < 0x1000 else { throw .badActionBadArgument }
    return id
  }

  private func vlanPriority(_ body: inout WireReader) throws(OpenFlowError) -> UInt8 {
    let priority = try body.uint8()
    guard priority <= 7 else { throw .badActionBadArgument }
    return priority
  }

  private func dscp(_ body: inout WireReader) throws(OpenFlowError) -> UInt8 {
    let tos = try body.uint8()
    guard tos & 3 == 0 else { throw .badActionBadArgument }
    return tos
  }

  func mplsType(_ body: inout WireReader) throws(OpenFlowError) -> UInt16 {
    let type = try body.uint16()
    guard type == 0x8847 || type == 0x8848 else { throw .badActionBadArgument }
    return type
  }

  /// Reads the operand of `OFPAT_SET_FIELD`.
  private func setField(_ body: inout WireReader) throws(OpenFlowError) -> Action {
    let header = try FieldEntryHeader.read(&body, short: .badActionBadSetLength)
    guard let field = header.field else { throw .badMatchBadField }
    guard !header.isMasked || version >= .v15 else { throw .badActionBadSetMask }
    let entry: FieldEntry
    do throws(OpenFlowError) {
      entry = try FieldEntry.read(header, field, &body)
    } catch {
      switch error {
      case .badMatchBadMask: throw .badActionBadSetMask
      case .badMatchBadValue: throw .badActionBadSetArgument
      default: throw .badActionBadSetLength
      }
    }
    try body.skipZero(body.remaining, else: .badActionBadSetArgument)
    guard field.isWritable else { throw .badActionBadSetArgument }
    return .setField(SetFieldAction(entry, isLoad: false))
  }
}

extension SetFieldAction {
  /// Writes what an entry holds.
  init(_ entry: FieldEntry, isLoad: Bool) {
    self.init(entry.field, value: entry.value, mask: entry.mask, isLoad: isLoad)
    option = entry.option
  }

  /// What the action writes, as an entry.
  var entry: FieldEntry { FieldEntry(field: field, value: value, mask: mask, option: option) }
}
