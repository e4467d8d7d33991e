import Datapath

// Actions that set headers. OpenFlow 1.0 and 1.1 have an action for each header; later versions have one for all.

extension ActionWriter {
  func output(_ port: OpenFlowPortNumber, _ maximum: UInt16, to writer: inout WireWriter) {
    standard(0, to: &writer) { body in
      body.portNumber(port, version)
      body.uint16(maximum)
    }
  }

  func enqueue(_ port: OpenFlowPortNumber, _ queue: UInt32, to writer: inout WireWriter) {
    if version == .v10 {
      standard(11, to: &writer) { body in
        body.uint16(port.openFlow10)
        body.zeros(6)
        body.uint32(queue)
      }
    } else {
      standard(21, to: &writer) { $0.uint32(queue) }
      // The length to send to a controller means nothing here; peers write all ones.
      output(port, .max, to: &writer)
      nicira(5, to: &writer) { $0.zeros(6) }
    }
  }

  mutating func setVLANID(_ id: UInt16, _ pushes: Bool, to writer: inout WireWriter) {
    defer { noteVLAN() }
    guard version >= .v12 else {
      pushVLANIfNeeded(pushes && version == .v11, to: &writer)
      return standard(1, to: &writer) { $0.uint16(id) }
    }
    pushVLANIfNeeded(pushes, to: &writer)
    setWholeField(.vlanVID, FieldValue(id) | 0x1000, to: &writer)
  }

  mutating func setVLANPriority(_ priority: UInt8, _ pushes: Bool, to writer: inout WireWriter) {
    defer { noteVLAN() }
    guard version >= .v12 else {
      pushVLANIfNeeded(pushes && version == .v11, to: &writer)
      return standard(2, to: &writer) { $0.uint8(priority) }
    }
    pushVLANIfNeeded(pushes, to: &writer)
    setWholeField(.vlanPCP, FieldValue(priority), to: &writer)
  }

  func setEthernet(_ address: UInt64, _ field: Field, to writer: inout WireWriter) {
    guard version < .v12 else { return setWholeField(field, FieldValue(address), to: &writer) }
    let first: UInt16 = version == .v10 ? 4 : 3
    standard(field == .ethSource ? first : first &+ 1, to: &writer) { $0.uint48(address) }
  }

  func setIPv4(_ address: UInt32, _ field: Field, to writer: inout WireWriter) {
    guard version < .v12 else { return setWholeField(field, FieldValue(address), to: &writer) }
    let first: UInt16 = version == .v10 ? 6 : 5
    standard(field == .ipSource ? first : first &+ 1, to: &writer) { $0.uint32(address) }
  }

  func setIPDSCP(_ tos: UInt8, to writer: inout WireWriter) {
    guard version < .v12 else { return setWholeField(.ipDSCP, FieldValue(tos >> 2), to: &writer) }
    standard(version == .v10 ? 8 : 7, to: &writer) { $0.uint8(tos) }
  }

  func setIPECN(_ ecn: UInt8, to writer: inout WireWriter) {
    switch version {
    case .v10: loadField(.ipECN, FieldValue(ecn), to: &writer)
    case .v11: standard(8, to: &writer) { $0.uint8(ecn) }
    default: setWholeField(.ipECN, FieldValue(ecn), to: &writer)
    }
  }

  func setTransport(_ port: UInt16, isSource: Bool, to writer: inout WireWriter) {
    guard version < .v12 else {
      guard let field = transportField(isSource: isSource) else { return }
      return setWholeField(field, FieldValue(port), to: &writer)
    }
    standard(isSource ? 9 : 10, to: &writer) { $0.uint16(port) }
  }

  func decrementTTL(_ controllers: [UInt16], to writer: inout WireWriter) {
    if controllers == [0] {
      if version == .v10 {
        nicira(18, to: &writer) { $0.zeros(6) }
      } else {
        standard(24, to: &writer) { $0.zeros(4) }
      }
      return
    }
    nicira(21, to: &writer) { body in
      body.uint16(UInt16(truncatingIfNeeded: controllers.count))
      body.zeros(4)
      for controller in controllers { body.uint16(controller) }
    }
  }

  func setMPLSLabel(_ label: UInt32, to writer: inout WireWriter) {
    switch version {
    case .v10:
      nicira(30, to: &writer) { body in
        body.zeros(2)
        body.uint32(label)
      }
    case .v11: standard(13, to: &writer) { $0.uint32(label) }
    default: setWholeField(.mplsLabel, FieldValue(label), to: &writer)
    }
  }

  func setMPLSTrafficClass(_ value: UInt8, to writer: inout WireWriter) {
    switch version {
    case .v10: nicira(31, to: &writer) { $0.uint8(value) }
    case .v11: standard(14, to: &writer) { $0.uint8(value) }
    default: setWholeField(.mplsTC, FieldValue(value), to: &writer)
    }
  }

  func setTunnel(_ id: UInt64, _ isWide: Bool, to writer: inout WireWriter) {
    guard version < .v12 else { return setWholeField(.tunnelID, FieldValue(id), to: &writer) }
    if id <= UInt64(UInt32.max), !isWide {
      nicira(2, to: &writer) { body in
        body.zeros(2)
        body.uint32(UInt32(truncatingIfNeeded: id))
      }
    } else {
      nicira(9, to: &writer) { body in
        body.zeros(6)
        body.uint64(id)
      }
    }
  }

  // MARK: Set-field

  mutating func setField(_ set: SetFieldAction, to writer: inout WireWriter) {
    let bits = FieldEntry.wireBits(set.field)
    let isWhole =
      set.option.map { option in option.mask.allSatisfy { $0 == 0xff } } ?? (set.mask & bits == bits)
    if version >= .v15 {
      setEntry(set.entry, to: &writer)
    } else if set.isLoad {
      load(set, to: &writer)
    } else if version < .v12 {
      setFieldLegacy(set, to: &writer)
    } else if isWhole {
      setEntry(set.entry, to: &writer)
    } else {
      load(set, to: &writer)
    }
  }

  /// Writes set-field as OpenFlow 1.0 and 1.1 can: by a header's own action, else by loading.
  private mutating func setFieldLegacy(_ set: SetFieldAction, to writer: inout WireWriter) {
    let value = set.value
    switch set.field {
    case .vlanTCI:
      if value & 0x1000 == 0 {
        standard(version == .v10 ? 3 : 18, to: &writer) { $0.zeros(4) }
      } else {
        standard(1, to: &writer) { $0.uint16(UInt16(value & 0x0fff)) }
        standard(2, to: &writer) { $0.uint8(UInt8(value >> 13 & 7)) }
      }
    case .dlVLAN, .vlanVID: standard(1, to: &writer) { $0.uint16(UInt16(value & 0x0fff)) }
    case .dlVLANPCP, .vlanPCP: standard(2, to: &writer) { $0.uint8(UInt8(value & 7)) }
    case .ethSource, .ethDestination: setEthernet(UInt64(truncatingIfNeeded: value), set.field, to: &writer)
    case .ipSource, .ipDestination: setIPv4(UInt32(truncatingIfNeeded: value), set.field, to: &writer)
    case .ipTOS: setIPDSCP(UInt8(value & 0xfc), to: &writer)
    case .ipDSCP: setIPDSCP(UInt8(value & 0x3f) << 2, to: &writer)
    case .ipECN: setIPECN(UInt8(value & 3), to: &writer)
    case .tcpSource, .udpSource:
      setTransport(UInt16(truncatingIfNeeded: value), isSource: true, to: &writer)
    case .tcpDestination, .udpDestination:
      setTransport(UInt16(truncatingIfNeeded: value), isSource: false, to: &writer)
    default: load(set, to: &writer)
    }
  }

  func setWholeField(_ field: Field, _ value: FieldValue, to writer: inout WireWriter) {
    setEntry(FieldEntry(field: field, value: value, mask: FieldEntry.wireBits(field)), to: &writer)
  }

  private func setEntry(_ entry: FieldEntry, to writer: inout WireWriter) {
    standard(25, to: &writer) { entry.write(to: &$0, version) }
  }

  /// Loads a whole field.
  func loadField(_ field: Field, _ value: FieldValue, to writer: inout WireWriter) {
    load(SetFieldAction(field, value: value, mask: field.validBits, isLoad: true), to: &writer)
  }

  /// Writes loads of each run of ones in the mask, at most 64 bits at a time, from the lowest.
  private func load(_ set: SetFieldAction, to writer: inout WireWriter) {
    guard set.option == nil else {
      return nicira(33, to: &writer) { set.entry.write(to: &$0, .v10) }
    }
    var offset = 0
    while offset < 128, set.mask >> FieldValue(offset) != 0 {
      let rest = set.mask >> FieldValue(offset)
      if rest & 1 == 0 {
        offset &+= rest.trailingZeroBitCount
        continue
      }
      let bits = min((~rest).trailingZeroBitCount, 64)
      let value = UInt64(truncatingIfNeeded: set.value >> FieldValue(offset)) & FlowKey.lowBits(bits)
      nicira(7, to: &writer) { body in
        body.uint16(UInt16(offset << 6 | bits &- 1))
        FieldEntryHeader.write(set.field, to: &body, .v10)
        body.uint64(value)
      }
      offset &+= bits
    }
  }
}
