// Actions on fields in general, on the wire. Extensions name fields by the headers of OpenFlow 1.0's extension, in
// every version.

import Datapath

extension ActionReader {
  /// Reads a field's header; the field must be known.
  func fieldHeader(_ body: inout WireReader) throws(OpenFlowError) -> Field {
    let header = try FieldEntryHeader.read(&body, short: .badActionBadLength)
    guard let field = header.field else { throw .badMatchBadField }
    return field
  }

  /// A run of bits of a field, which must lie within it.
  func subfield(_ field: Field, offset: Int, bitCount: Int) throws(OpenFlowError) -> Subfield {
    let subfield = Subfield(field, offset: offset, bitCount: bitCount)
    guard subfield.isWithinField else { throw .badActionBadSetLength }
    return subfield
  }

  /// A run of bits that an action writes, which must be writable.
  func destination(_ field: Field, offset: Int, bitCount: Int) throws(OpenFlowError) -> Subfield {
    guard field.isWritable else { throw .badActionBadSetArgument }
    return try subfield(field, offset: offset, bitCount: bitCount)
  }

  /// Splits the 16 bits that hold an offset (10) and a number of bits less one (6).
  static func split(_ offsetAndBits: UInt16) -> (offset: Int, bitCount: Int) {
    (Int(offsetAndBits >> 6), Int(offsetAndBits & 0x3f) &+ 1)
  }

  func move(_ body: inout WireReader) throws(OpenFlowError) -> Action {
    let bits = try Int(body.uint16())
    let sourceOffset = try Int(body.uint16())
    let destinationOffset = try Int(body.uint16())
    return try moveFields(&body, bits, sourceOffset, destinationOffset)
  }

  /// Reads `OFPAT_COPY_FIELD` or its extension to OpenFlow 1.3.
  func copyField(_ body: inout WireReader) throws(OpenFlowError) -> Action {
    let bits = try Int(body.uint16())
    let sourceOffset = try Int(body.uint16())
    let destinationOffset = try Int(body.uint16())
    try body.skip(2)
    return try moveFields(&body, bits, sourceOffset, destinationOffset)
  }

  private func moveFields(
    _ body: inout WireReader, _ bits: Int, _ sourceOffset: Int, _ destinationOffset: Int
  ) throws(OpenFlowError) -> Action {
    let source = try fieldHeader(&body)
    let target = try fieldHeader(&body)
    try body.skipZero(body.remaining, else: .niciraBadRequestMustBeZero)
    return try .move(
      from: subfield(source, offset: sourceOffset, bitCount: bits),
      to: destination(target, offset: destinationOffset, bitCount: bits))
  }

  func load(_ body: inout WireReader) throws(OpenFlowError) -> Action {
    let (offset, bits) = try Self.split(body.uint16())
    let header = try body.part(4)
    var headerReader = header
    let field = try fieldHeader(&headerReader)
    let target = try destination(field, offset: offset, bitCount: bits)
    let value = try body.uint64()
    guard bits >= 64 || value >> UInt64(bits) == 0 else { throw .badActionBadArgument }
    return .setField(
      SetFieldAction(field, value: FieldValue(value) << FieldValue(offset), mask: target.mask, isLoad: true))
  }

  func loadExtended(_ body: inout WireReader) throws(OpenFlowError) -> Action {
    let header = try FieldEntryHeader.read(&body, short: .badActionBadSetLength)
    guard let field = header.field else { throw .badMatchBadField }
    let entry = try FieldEntry.read(header, field, &body)
    try body.skipZero(body.remaining, else: .badActionBadSetArgument)
    guard field.isWritable else { throw .badActionBadSetArgument }
    return .setField(SetFieldAction(entry, isLoad: true))
  }

  func stack(_ body: inout WireReader, isWritten: Bool) throws(OpenFlowError) -> Subfield {
    let offset = try Int(body.uint16())
    let field = try fieldHeader(&body)
    let bits = try Int(body.uint16())
    try body.skipZero(body.remaining, else: .niciraBadRequestMustBeZero)
    return isWritten
      ? try destination(field, offset: offset, bitCount: bits)
      : try subfield(field, offset: offset, bitCount: bits)
  }

  func checkPacketLarger(_ body: inout WireReader) throws(OpenFlowError) -> Action {
    let byteCount = try body.uint16()
    let offset = try Int(body.uint16())
    let field = try fieldHeader(&body)
    return try .checkPacketLarger(
      byteCount: byteCount, to: destination(field, offset: offset, bitCount: 1))
  }

  /// Reads the operand of `OFPAT_SET_FIELD`.
  func setField(_ body: inout WireReader) throws(OpenFlowError) -> Action {
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

extension ActionWriter {
  mutating func setField(_ set: SetFieldAction, to writer: inout WireWriter) {
    let bits = FieldEntry.wireBits(set.field)
    let isWhole =
      set.option.map { option in option.mask.allSatisfy { $0 == 0xff } } ?? (set.mask & bits == bits)
    if version >= .v15 {
      setEntry(set.entry, to: &writer)
    } else if set.isLoad {
      load(set, to: &writer)
    } else if !has(.setField) {
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
        frame(.stripVLAN, to: &writer)
      } else {
        frame(.setVLANID, to: &writer) { $0.uint16(UInt16(value & 0x0fff)) }
        frame(.setVLANPriority, to: &writer) { $0.uint8(UInt8(value >> 13 & 7)) }
      }
    case .dlVLAN, .vlanVID: frame(.setVLANID, to: &writer) { $0.uint16(UInt16(value & 0x0fff)) }
    case .dlVLANPCP, .vlanPCP: frame(.setVLANPriority, to: &writer) { $0.uint8(UInt8(value & 7)) }
    case .ethSource:
      setEthernet(.setEthernetSource, UInt64(truncatingIfNeeded: value), set.field, to: &writer)
    case .ethDestination:
      setEthernet(.setEthernetDestination, UInt64(truncatingIfNeeded: value), set.field, to: &writer)
    case .ipSource: setIPv4(.setIPv4Source, UInt32(truncatingIfNeeded: value), set.field, to: &writer)
    case .ipDestination:
      setIPv4(.setIPv4Destination, UInt32(truncatingIfNeeded: value), set.field, to: &writer)
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
    frame(.setField, to: &writer) { entry.write(to: &$0, version) }
  }

  /// Loads a whole field.
  func loadField(_ field: Field, _ value: FieldValue, to writer: inout WireWriter) {
    load(SetFieldAction(field, value: value, mask: field.validBits, isLoad: true), to: &writer)
  }

  /// Writes loads of each run of ones in the mask.
  private func load(_ set: SetFieldAction, to writer: inout WireWriter) {
    guard set.option == nil else {
      return frame(.loadExtended, to: &writer) { set.entry.write(to: &$0, .v10) }
    }
    for segment in set.loadSegments {
      frame(.load, to: &writer) { body in
        body.offsetAndBits(segment.destination)
        FieldEntryHeader.write(set.field, to: &body, .v10)
        body.uint64(segment.value)
      }
    }
  }

  func move(_ from: Subfield, _ target: Subfield, to writer: inout WireWriter) {
    let isCopy = has(.copyField)
    let headers = isCopy ? version : .v10
    frame(isCopy ? .copyField : .move, to: &writer) { body in
      body.uint16(from.bitCount)
      body.uint16(from.offset)
      body.uint16(target.offset)
      if isCopy { body.zeros(2) }
      FieldEntryHeader.write(from.field, to: &body, headers)
      FieldEntryHeader.write(target.field, to: &body, headers)
    }
  }

  func stack(_ form: ActionForm, _ field: Subfield, to writer: inout WireWriter) {
    frame(form, to: &writer) { body in
      body.uint16(field.offset)
      FieldEntryHeader.write(field.field, to: &body, .v10)
      body.uint16(field.bitCount)
      // The action has the size it would have with an experimenter's number in the header.
      if body.count & 7 != 0 { body.zeros(6) }
    }
  }

  func checkPacketLarger(_ byteCount: UInt16, _ target: Subfield, to writer: inout WireWriter) {
    frame(.checkPacketLarger, to: &writer) { body in
      body.uint16(byteCount)
      body.uint16(target.offset)
      // The header of the field has room for an experimenter's number, used or not.
      let start = body.count
      FieldEntryHeader.write(target.field, to: &body, .v10)
      body.zeros(10 &- (body.count &- start))
    }
  }

  func deleteField(_ field: Field, to writer: inout WireWriter) {
    frame(.deleteField, to: &writer) { body in
      let start = body.count
      FieldEntryHeader.write(field, byteCount: field.byteCount, to: &body, .v10)
      body.zeros(14 &- (body.count &- start))
    }
  }
}

extension WireWriter {
  /// Writes the 16 bits that hold an offset (10) and a number of bits less one (6).
  mutating func offsetAndBits(_ field: Subfield) {
    uint16(field.offset << 6 | (field.bitCount &- 1) & 0x3f)
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
