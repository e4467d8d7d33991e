// Instructions of OpenFlow 1.1 and later (OpenFlow 1.3.1, section 7.2.4). The internal form is one list of actions
// in the order in which instructions are executed.

extension ActionReader {
  /// Reads what a flow does: actions in OpenFlow 1.0, instructions later.
  func flowActions(_ reader: inout WireReader) throws(OpenFlowError) -> [Action] {
    version == .v10 ? try list(&reader) : try instructions(&reader)
  }

  /// Reads instructions up to the reader's end.
  private func instructions(_ reader: inout WireReader) throws(OpenFlowError) -> [Action] {
    var found: [UInt16: [Action]] = [:]
    while !reader.isAtEnd {
      guard reader.remaining >= 8 else { throw .badInstructionBadLength }
      let type = try reader.peek16(0)
      let length = try Int(reader.peek16(2))
      guard length >= 8, length & 7 == 0, length <= reader.remaining else { throw .badInstructionBadLength }
      var body = try reader.part(length, error: .badInstructionBadLength)
      try body.skip(4)
      let actions = try instruction(type, &body)
      guard found[type] == nil else { throw .badInstructionDuplicateInstruction }
      found[type] = actions
    }
    var all: [Action] = []
    for type in Self.order { all.append(contentsOf: found[type] ?? []) }
    return all
  }

  /// The types of instructions in the order of execution: meter, apply, clear, write actions, metadata, goto.
  private static var order: [UInt16] { [6, 4, 5, 3, 2, 1] }

  private func instruction(_ type: UInt16, _ body: inout WireReader) throws(OpenFlowError) -> [Action] {
    switch type {
    case 1:
      try exactly(8, body)
      let table = try body.uint8()
      guard table != 0xff else { throw .badInstructionBadTableID }
      return [.gotoTable(table)]
    case 2:
      try exactly(24, body)
      try body.skip(4)
      return try [.writeMetadata(body.uint64(), mask: body.uint64())]
    case 3:
      try body.skip(4)
      var actions = body.throwing(.badActionBadLength)
      let written = try nested(&actions)
      return written.isEmpty ? [] : [.writeActions(written)]
    case 4:
      try body.skip(4)
      var actions = body.throwing(.badActionBadLength)
      return try list(&actions)
    case 5:
      try exactly(8, body)
      return [.clearActions]
    case 6 where version >= .v13 && version < .v15:
      try exactly(8, body)
      return try [.meter(body.uint32())]
    case 0xffff: throw .badInstructionBadExperimenter
    default: throw .badInstructionUnknownInstruction
    }
  }

  /// Throws unless the instruction whose header was read has the right length.
  private func exactly(_ length: Int, _ body: WireReader) throws(OpenFlowError) {
    guard body.remaining == length &- 4 else { throw .badInstructionBadLength }
  }
}

extension ActionWriter {
  /// Writes what a flow does: actions in OpenFlow 1.0, instructions later.
  mutating func flowActions(_ actions: [Action], to writer: inout WireWriter) {
    guard version != .v10 else { return list(actions, to: &writer) }
    var index = 0
    while index < actions.count {
      if writeInstruction(actions[index], to: &writer) {
        index &+= 1
        continue
      }
      let start = begin(4, &writer)
      while index < actions.count, !isInstruction(actions[index]) {
        list([actions[index]], to: &writer)
        index &+= 1
      }
      end(start, &writer)
    }
  }

  /// Whether the version has an instruction, not an action, for this.
  private func isInstruction(_ action: Action) -> Bool {
    switch action {
    case .meter: version < .v15
    case .clearActions, .writeActions, .writeMetadata, .gotoTable: true
    default: false
    }
  }

  /// Writes an action that is an instruction; returns whether it is one.
  private mutating func writeInstruction(_ action: Action, to writer: inout WireWriter) -> Bool {
    guard isInstruction(action) else { return false }
    switch action {
    case .meter(let meter):
      // OpenFlow 1.1 and 1.2 have no meters.
      guard version >= .v13 else { return true }
      let start = begin(6, &writer, padding: 0)
      writer.uint32(meter)
      end(start, &writer)
    case .clearActions: end(begin(5, &writer), &writer)
    case .writeActions(let actions):
      let start = begin(3, &writer)
      list(actions, to: &writer)
      end(start, &writer)
    case .writeMetadata(let value, let mask):
      let start = begin(2, &writer)
      writer.uint64(value)
      writer.uint64(mask)
      end(start, &writer)
    case .gotoTable(let table):
      let start = begin(1, &writer, padding: 0)
      writer.uint8(table)
      writer.zeros(3)
      end(start, &writer)
    default: break
    }
    return true
  }

  private func begin(_ type: UInt16, _ writer: inout WireWriter, padding: Int = 4) -> Int {
    let start = writer.count
    writer.uint16(type)
    writer.uint16(0)
    writer.zeros(padding)
    return start
  }

  private func end(_ start: Int, _ writer: inout WireWriter) {
    writer.patch16(UInt16(truncatingIfNeeded: writer.count &- start), at: start &+ 2)
  }
}
