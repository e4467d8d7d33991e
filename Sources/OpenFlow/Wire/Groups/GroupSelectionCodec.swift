import Datapath

// How a select group selects, on the wire: a property of the group that Netronome defined.

extension GroupSelection {
  /// Reads the properties of a group up to the reader's end; nil if it does not say how it selects.
  ///
  /// Commands that don't make a group, and groups of other types, have none.
  static func decodeProperties(
    _ reader: inout WireReader, type: GroupType?, isAllowed: Bool
  ) throws(OpenFlowError) -> GroupSelection? {
    var selection: GroupSelection?
    while !reader.isAtEnd {
      var property = try Property.next(&reader)
      guard property.isSelection else { throw try property.unknownError() }
      guard let type else { throw .groupModFailedBadType }
      guard type == .select, isAllowed else { throw .badPropertyBadValue }
      selection = try decode(&property.body)
    }
    return selection
  }

  private static func decode(_ body: inout WireReader) throws(OpenFlowError) -> GroupSelection {
    try body.skip(12)
    let name = try body.take(GroupProperty.methodByteCount)
    guard name.contains(0) else { throw .badPropertyBadValue }
    let text = String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
    var selection = GroupSelection(method: Method(name: text))
    if case .other = selection.method { throw .badPropertyBadValue }
    selection.parameter = try body.uint64()
    guard !body.isAtEnd else { return selection }
    guard selection.method == .fields else { throw .badPropertyBadValue }
    while !body.isAtEnd {
      let header = try FieldEntryHeader.read(&body, short: .badMatchBadLength)
      guard header.payloadByteCount <= body.remaining else { throw .badMatchBadLength }
      guard !header.isMasked else { throw .badMatchBadMask }
      guard let field = header.field, field.isStored else { throw .badMatchBadField }
      let mask = try body.fieldValue(header.payloadByteCount)
      let entry = GroupField(field, mask: mask)
      guard selection.insert(entry) else { throw .badMatchDuplicateField }
      guard entry.isValid else { throw .badMatchBadMask }
    }
    return selection
  }

  /// Writes the property.
  func encode(to writer: inout WireWriter, _ version: OpenFlowVersion) {
    let start = writer.beginProperty(GroupProperty.experimenter)
    writer.uint32(GroupProperty.selectionVendor)
    writer.uint32(GroupProperty.selection)
    writer.zeros(4)
    writer.text(method.name, GroupProperty.methodByteCount)
    writer.uint64(parameter)
    for entry in fields {
      FieldEntryHeader.write(entry.field, to: &writer, version)
      writer.fieldValue(entry.mask, entry.field.byteCount)
    }
    writer.endProperty(from: start)
  }
}

extension Property {
  /// Whether it says how a group selects.
  fileprivate var isSelection: Bool {
    guard isExperimenter, let vendor = try? body.peek32(0), let number = try? body.peek32(4) else {
      return false
    }
    return number == GroupProperty.selection
      && (vendor == GroupProperty.selectionVendor || vendor == GroupProperty.oldSelectionVendor)
  }
}
