import Datapath

/// The cookie that Nicira's flow requests carry among the fields of their match.
struct MatchCookie {
  var value: UInt64 = 0
  var mask: UInt64 = 0
}

extension Match {
  /// The fields of an extensible match other than VLAN, register and tunnel option fields, in the order in which
  /// they are written before those.
  private static let firstFields: [Field] = [
    .packetType, .dpHash, .recirculationID, .conjunctionID,
  ]

  /// The fields written after the VLAN.
  private static let headerFields: [Field] = [
    .mplsTC, .mplsBottom, .mplsTTL, .mplsLabel,
    .ipSource, .ipDestination, .ipv6Source, .ipv6Destination, .ipFragment, .ipTOS, .ipDSCP, .ipECN, .ipTTL,
    .ipProtocol, .tcpSource, .tcpDestination, .tcpFlags, .udpSource, .udpDestination, .sctpSource,
    .sctpDestination, .icmpType, .icmpCode, .icmpv6Type, .icmpv6Code, .ndTarget, .ndReserved, .ndOptionsType,
    .ndSourceLink, .ndTargetLink, .ipv6Label,
    .arpOperation, .arpSenderIP, .arpTargetIP, .arpSenderMAC, .arpTargetMAC,
    .tunnelID, .tunnelSource, .tunnelDestination, .tunnelIPv6Source, .tunnelIPv6Destination, .tunnelFlags,
    .tunnelGBPID, .tunnelGBPFlags, .erspanIndex, .erspanVersion, .erspanDirection, .erspanHardwareID,
    .gtpuFlags, .gtpuMessageType,
  ]

  /// The fields written after the tunnel's options.
  private static let serviceFields: [Field] = [
    .nshFlags, .nshTTL, .nshMetadataType, .nshNextProtocol, .nshPathID, .nshServiceIndex, .nshContext1,
    .nshContext2, .nshContext3, .nshContext4,
  ]

  /// The fields written after the registers.
  private static let lastFields: [Field] = [
    .packetMark, .ctState, .ctZone, .ctMark, .ctLabel, .ctSource, .ctDestination, .ctIPv6Source,
    .ctIPv6Destination, .ctProtocol, .ctTransportSource, .ctTransportDestination, .metadata,
  ]

  /// Writes the entries of an extensible match: NXM for OpenFlow 1.0, OXM for 1.2 and later.
  func encodeExtensible(to writer: inout WireWriter, _ version: OpenFlowVersion) {
    for field in Self.firstFields { write(field, to: &writer, version) }
    write(version == .v10 ? .inPort : .inPortOXM, to: &writer, version)
    write(.actionSetOutput, to: &writer, version)
    for field in [Field.ethSource, .ethDestination, .ethType] { write(field, to: &writer, version) }
    encodeVLAN(to: &writer, version)
    for field in Self.headerFields { writeIfMeant(field, to: &writer, version) }
    for option in tunnelMetadata {
      var entry = FieldEntry(field: .tunnelMetadata(Int(option.index & 63)), value: 0, mask: 0)
      entry.option = option
      entry.write(to: &writer, version)
    }
    for field in Self.serviceFields { writeIfMeant(field, to: &writer, version) }
    encodeRegisters(to: &writer, version)
    for field in Self.lastFields { writeIfMeant(field, to: &writer, version) }
  }

  /// Writes a field that matters, unless another field of the list stands for its bits of the key.
  private func writeIfMeant(_ field: Field, to writer: inout WireWriter, _ version: OpenFlowVersion) {
    // Most fields of a match don't matter, which is told faster than what they mean.
    guard mask(of: field) != 0 else { return }
    switch field {
    case .ipTOS: if version != .v10 { return }
    case .ipDSCP: if version == .v10 { return }
    default: break
    }
    guard field.prerequisite.isSatisfied(byRule: key, mask: mask) else { return }
    write(field, to: &writer, version)
  }

  private func write(_ field: Field, to writer: inout WireWriter, _ version: OpenFlowVersion) {
    let fieldMask = mask(of: field)
    guard fieldMask != 0 else { return }
    var entry = FieldEntry(field: field, value: value(of: field), mask: fieldMask)
    if field == .arpOperation { entry.mask = field.validBits }
    // Peers write the mask of the flags always, for there may be more flags than are known.
    entry.write(to: &writer, version, isMasked: field == .tunnelFlags ? true : nil)
  }

  private func encodeVLAN(to writer: inout WireWriter, _ version: OpenFlowVersion) {
    guard version != .v10 else { return write(.vlanTCI, to: &writer, version) }
    let tci = value(of: .vlanTCI)
    let tciMask = mask(of: .vlanTCI)
    if tciMask & 0x1fff != 0 {
      FieldEntry(field: .vlanVID, value: tci & 0x1fff, mask: tciMask & 0x1fff).write(to: &writer, version)
    }
    if tci & 0x1000 != 0, tciMask & 0xe000 != 0 {
      FieldEntry(field: .vlanPCP, value: tci >> 13, mask: Field.vlanPCP.validBits).write(to: &writer, version)
    }
  }

  private func encodeRegisters(to writer: inout WireWriter, _ version: OpenFlowVersion) {
    if version < .v15 {
      for index in 0..<16 { write(.register(index), to: &writer, version) }
    } else {
      for index in 0..<8 { write(.doubleRegister(index), to: &writer, version) }
    }
  }

  /// Reads the entries of an extensible match.
  ///
  /// - Parameters:
  ///   - reader: The entries alone, without type, length and padding.
  ///   - isStrict: Whether a field that is not known is an error; else it is skipped.
  ///   - cookie: Where to put a cookie among the fields; nil if there must be none.
  static func decodeExtensible(
    _ reader: inout WireReader, isStrict: Bool = true, cookie: inout MatchCookie?
  ) throws(OpenFlowError) -> Match {
    var match = Match()
    while !reader.isAtEnd {
      let header = try FieldEntryHeader.read(&reader, short: .badMatchBadLength)
      guard header.payloadByteCount > 0 else { throw .badMatchBadLength }
      guard header.payloadByteCount <= reader.remaining else { throw .badMatchBadLength }
      if header.isMasked, header.payloadByteCount & 1 != 0 { throw .badMatchBadLength }
      if header.isCookie, cookie != nil {
        cookie = try readCookie(header, &reader)
        continue
      }
      guard let field = header.field else {
        if isStrict { throw .badMatchBadField }
        try reader.skip(header.payloadByteCount)
        continue
      }
      let entry = try FieldEntry.read(header, field, &reader)
      try match.insert(entry, isStrict: isStrict)
    }
    return match
  }

  private static func readCookie(
    _ header: FieldEntryHeader, _ reader: inout WireReader
  ) throws(OpenFlowError) -> MatchCookie {
    let value = try reader.uint64()
    let mask = header.isMasked ? try reader.uint64() : .max
    return MatchCookie(value: value & mask, mask: mask)
  }

  /// Adds an entry, which must have its prerequisites before it and must be the first on its field.
  private mutating func insert(_ entry: FieldEntry, isStrict: Bool) throws(OpenFlowError) {
    let field = entry.field
    if let option = entry.option {
      guard !tunnelMetadata.contains(where: { $0.index == option.index }) else {
        throw .badMatchDuplicateField
      }
      set(option)
      return
    }
    // A bit that the mask leaves out has to be zero, since whoever sets it means something else than is done.
    guard entry.value & ~entry.mask == 0 else { throw .badMatchBadWildcards }
    guard !isStrict || field.prerequisite.isSatisfied(byRule: key, mask: mask) else {
      throw .badMatchBadPrerequisite
    }
    switch field {
    case .vlanVID:
      guard mask(of: .vlanTCI) & 0x1fff == 0 else { throw .badMatchDuplicateField }
      let others = mask(of: .vlanTCI)
      set(.vlanTCI, value(of: .vlanTCI) | entry.value & entry.mask, mask: others | entry.mask)
    case .vlanTCI:
      guard mask(of: field) == 0 else { throw .badMatchDuplicateField }
      set(field, entry.value & entry.mask, mask: entry.mask)
    case .inPortOXM:
      guard mask(of: field) == 0 else { throw .badMatchDuplicateField }
      guard (try? OpenFlowPortNumber(openFlow11: UInt32(truncatingIfNeeded: entry.value))) != nil else {
        throw .badMatchBadValue
      }
      set(field, entry.value, mask: entry.mask)
    default:
      guard mask(of: field) == 0 else { throw .badMatchDuplicateField }
      guard field != .arpOperation || entry.value <= 0xff else { throw .badMatchBadValue }
      set(field, entry.value & entry.mask, mask: entry.mask)
    }
  }
}
