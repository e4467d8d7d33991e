import Datapath

// Actions of extensions that read or write fields.

extension ActionReader {
  /// Reads a field's header; the field must be known.
  func fieldHeader(_ body: inout WireReader) throws(OpenFlowError) -> Field {
    let header = try FieldEntryHeader.read(&body, short: .badActionBadLength)
    guard let field = header.field else { throw .badMatchBadField }
    return field
  }

  /// A run of bits of a field, which must lie within it.
  func subfield(_ field: Field, offset: Int, bitCount: Int) throws(OpenFlowError) -> Subfield {
    guard bitCount > 0 else { throw .badActionBadSetLength }
    let width = field.isStored ? field.bitCount : field.byteCount &* 8
    guard offset &+ bitCount <= width else { throw .badActionBadSetLength }
    return Subfield(field, offset: offset, bitCount: bitCount)
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

  func stack(_ subtype: UInt16, _ body: inout WireReader) throws(OpenFlowError) -> Action {
    let offset = try Int(body.uint16())
    let field = try fieldHeader(&body)
    let bits = try Int(body.uint16())
    try body.skipZero(body.remaining, else: .niciraBadRequestMustBeZero)
    if subtype == 27 { return try .stackPush(subfield(field, offset: offset, bitCount: bits)) }
    return try .stackPop(destination(field, offset: offset, bitCount: bits))
  }

  func outputField(_ subtype: UInt16, _ body: inout WireReader) throws(OpenFlowError) -> Action {
    let (offset, bits) = try Self.split(body.uint16())
    if subtype == 32 {
      let maximum = try body.uint16()
      let field = try fieldHeader(&body)
      return try .outputField(subfield(field, offset: offset, bitCount: bits), maximumByteCount: maximum)
    }
    let field = try fieldHeader(&body)
    let maximum = try body.uint16()
    try body.skipZero(6, else: .niciraBadRequestMustBeZero)
    return try .outputField(subfield(field, offset: offset, bitCount: bits), maximumByteCount: maximum)
  }

  func multipath(_ body: inout WireReader) throws(OpenFlowError) -> Action {
    guard let fields = try HashFields(rawValue: body.uint16()) else { throw .badActionBadArgument }
    let basis = try body.uint16()
    try body.skip(2)
    guard let algorithm = try MultipathAlgorithm(rawValue: body.uint16()) else { throw .badActionBadArgument }
    let maximumLink = try body.uint16()
    let argument = try body.uint32()
    try body.skip(2)
    let (offset, bits) = try Self.split(body.uint16())
    let field = try fieldHeader(&body)
    let target = try destination(field, offset: offset, bitCount: bits)
    guard bits >= 16 || Int(maximumLink) < 1 << bits else { throw .badActionBadArgument }
    return .multipath(
      MultipathAction(
        fields: fields, basis: basis, algorithm: algorithm, maximumLink: maximumLink, argument: argument,
        destination: target))
  }

  func bundle(_ subtype: UInt16, _ body: inout WireReader) throws(OpenFlowError) -> Action {
    let algorithmNumber = try body.uint16()
    guard let fields = try HashFields(rawValue: body.uint16()),
      let algorithm = BundleAction.Algorithm(rawValue: algorithmNumber)
    else { throw .badActionBadArgument }
    let basis = try body.uint16()
    // Members are ports, as the header of NXM_OF_IN_PORT says.
    guard try body.uint32() == 0x0000_0002 else { throw .badActionBadArgument }
    let count = try Int(body.uint16())
    guard count <= BundleAction.maximumMemberCount else { throw .badActionBadArgument }
    let offsetAndBits = try body.uint16()
    var target: Subfield?
    if subtype == 13 {
      let (offset, bits) = Self.split(offsetAndBits)
      let field = try fieldHeader(&body)
      target = try destination(field, offset: offset, bitCount: bits)
      guard bits >= 16 else { throw .badActionBadArgument }
    } else {
      let zero = try body.uint32()
      guard offsetAndBits == 0, zero == 0 else { throw .niciraBadRequestMustBeZero }
    }
    try body.skipZero(4, else: .niciraBadRequestMustBeZero)
    var members: [OpenFlowPortNumber] = []
    for _ in 0..<count { members.append(OpenFlowPortNumber(openFlow10: try body.uint16())) }
    return .bundle(
      BundleAction(fields: fields, basis: basis, algorithm: algorithm, members: members, destination: target))
  }

  func checkPacketLarger(_ body: inout WireReader) throws(OpenFlowError) -> Action {
    let byteCount = try body.uint16()
    let offset = try Int(body.uint16())
    let field = try fieldHeader(&body)
    return try .checkPacketLarger(
      byteCount: byteCount, to: destination(field, offset: offset, bitCount: 1))
  }
}

extension BundleAction {
  /// How many members a bundle may have (BUNDLE_MAX_MEMBERS).
  static var maximumMemberCount: Int { 2048 }
}
