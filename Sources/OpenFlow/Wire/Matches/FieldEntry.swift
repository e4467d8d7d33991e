import Datapath

/// The header of an entry of an extensible match, or of a field in an action (OpenFlow 1.3.1, section 7.2.3.2).
struct FieldEntryHeader {
  let classNumber: UInt16
  let number: UInt8
  let isMasked: Bool
  /// The experimenter's number, zero unless the class says that there is one.
  let experimenter: UInt32
  /// Length of value and mask, without an experimenter's number.
  let payloadByteCount: Int

  /// The cookie, which looks like a field in Nicira's flow requests (NXM_NX_COOKIE).
  var isCookie: Bool { classNumber == 1 && number == 30 && payloadByteCount == (isMasked ? 16 : 8) }

  /// The field that the header names; nil if it is not known.
  var field: Field? {
    guard let field = Field.withHeader(classNumber: classNumber, number: number, experimenter: experimenter)
    else { return nil }
    let byteCount = isMasked ? payloadByteCount / 2 : payloadByteCount
    if field.isStored { return byteCount == field.byteCount ? field : nil }
    return byteCount <= field.byteCount ? field : nil
  }

  /// Reads a header.
  static func read(
    _ reader: inout WireReader, short: OpenFlowError
  ) throws(OpenFlowError) -> FieldEntryHeader {
    guard reader.remaining >= 4 else { throw short }
    let word = try reader.uint32()
    let classNumber = UInt16(truncatingIfNeeded: word >> 16)
    var length = Int(word & 0xff)
    var experimenter: UInt32 = 0
    if classNumber == 0xffff {
      guard length >= 4, reader.remaining >= 4 else { throw short }
      experimenter = try reader.uint32()
      length &-= 4
    }
    return FieldEntryHeader(
      classNumber: classNumber, number: UInt8(word >> 9 & 0x7f), isMasked: word & 0x100 != 0,
      experimenter: experimenter, payloadByteCount: length)
  }

  /// Writes the header of a field.
  static func write(
    _ field: Field, isMasked: Bool = false, byteCount: Int? = nil, to writer: inout WireWriter,
    _ version: OpenFlowVersion
  ) {
    guard let header = field.header(openFlowVersion: version.rawValue) else { return }
    writer.uint32(header.wire(byteCount: byteCount ?? field.byteCount, isMasked: isMasked))
    if header.isExperimenter { writer.uint32(header.experimenter) }
  }
}

/// A field with a value and a mask: one entry of an extensible match, or the operand of a set-field action.
struct FieldEntry {
  let field: Field
  let value: FieldValue
  var mask: FieldValue
  /// The bytes for a tunnel option, in place of `value` and `mask`.
  var option: TunnelMetadataMatch?

  /// The bits that a value of the field may have on the wire.
  static func wireBits(_ field: Field) -> FieldValue {
    if field == .vlanVID { return 0x1fff }
    return field.validBits
  }

  /// Reads the payload that follows a header.
  static func read(
    _ header: FieldEntryHeader, _ field: Field, _ reader: inout WireReader
  ) throws(OpenFlowError) -> FieldEntry {
    let byteCount = header.isMasked ? header.payloadByteCount / 2 : header.payloadByteCount
    guard reader.remaining >= header.payloadByteCount else { throw .badMatchBadLength }
    guard field.isStored else { return try readOption(header, field, byteCount, &reader) }
    let value = try reader.fieldValue(byteCount)
    let all = byteCount >= 16 ? FieldValue.max : (1 << FieldValue(byteCount &* 8)) &- 1
    var mask = all
    if header.isMasked {
      mask = try reader.fieldValue(byteCount)
      guard field.isMaskable || mask == all else { throw .badMatchBadMask }
    }
    guard value & ~wireBits(field) == 0 else { throw .badMatchBadValue }
    return FieldEntry(field: field, value: value, mask: mask & wireBits(field))
  }

  private static func readOption(
    _ header: FieldEntryHeader, _ field: Field, _ byteCount: Int, _ reader: inout WireReader
  ) throws(OpenFlowError) -> FieldEntry {
    let value = try reader.take(byteCount)
    let mask = header.isMasked ? try reader.take(byteCount) : Array(repeating: 0xff, count: byteCount)
    var entry = FieldEntry(field: field, value: 0, mask: 0)
    let index = Int(field.number) &- Int(Field.tunnelMetadata(0).number)
    entry.option = TunnelMetadataMatch(
      index: UInt8(truncatingIfNeeded: index), value: value, mask: mask)
    return entry
  }

  /// Writes header, value and, if it is not all ones or if so told, mask.
  func write(to writer: inout WireWriter, _ version: OpenFlowVersion, isMasked forced: Bool? = nil) {
    if let option {
      let isMasked = option.mask.contains { $0 != 0xff }
      FieldEntryHeader.write(
        field, isMasked: isMasked, byteCount: option.value.count, to: &writer, version)
      writer.append(option.value)
      if isMasked { writer.append(option.mask) }
      return
    }
    let bits = Self.wireBits(field)
    let isMasked = forced ?? (mask & bits != bits)
    FieldEntryHeader.write(field, isMasked: isMasked, to: &writer, version)
    writer.fieldValue(value, field.byteCount)
    if isMasked { writer.fieldValue(mask, field.byteCount) }
  }
}

extension WireReader {
  /// A big-endian integer of up to 16 bytes; of a longer one, the last 16.
  mutating func fieldValue(_ byteCount: Int) throws(OpenFlowError) -> FieldValue {
    try require(byteCount)
    var value: FieldValue = 0
    for _ in 0..<byteCount { value = try value << 8 | FieldValue(uint8()) }
    return value
  }
}

extension WireWriter {
  /// The low bytes of an integer, big-endian.
  mutating func fieldValue(_ value: FieldValue, _ byteCount: Int) {
    for index in (0..<byteCount).reversed() {
      uint8(index >= 16 ? 0 : UInt8(truncatingIfNeeded: value >> FieldValue(index &* 8)))
    }
  }
}
