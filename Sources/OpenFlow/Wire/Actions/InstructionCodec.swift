// Instructions of OpenFlow 1.1 and later (OpenFlow 1.3.1, section 7.2.4). The internal form is one list of actions
// in the order in which instructions are executed.

extension ActionReader {
  /// Reads what a flow does: actions in OpenFlow 1.0, instructions later.
  func flowActions(_ reader: inout WireReader) throws(OpenFlowError) -> [Action] {
    let actions = version == .v10 ? try list(&reader) : try instructions(&reader)
    return try checked(actions, inside: .nothing, allowsInstructions: true)
  }

  /// Reads instructions up to the reader's end.
  private func instructions(_ reader: inout WireReader) throws(OpenFlowError) -> [Action] {
    var found: [ActionStage: [Action]] = [:]
    while !reader.isAtEnd {
      var body = try Self.part(&reader, error: .badInstructionBadLength)
      let (stage, actions) = try instruction(&body)
      guard found[stage] == nil else { throw .badInstructionDuplicateInstruction }
      found[stage] = actions
    }
    if found.count == 1, let actions = found[.applyActions] { return actions }
    var all: [Action] = []
    for stage in ActionStage.allCases { all.append(contentsOf: found[stage] ?? []) }
    return all
  }

  private func instruction(
    _ body: inout WireReader
  ) throws(OpenFlowError) -> (stage: ActionStage, actions: [Action]) {
    let byteCount = body.remaining
    let type = try body.uint16()
    try body.skip(2)
    guard let (form, frame) = ActionTable.find(.instruction, type, version) else {
      throw type == ActionNumber.experimenter
        ? .badInstructionBadExperimenter : .badInstructionUnknownInstruction
    }
    guard frame.number.byteCount == 0 || frame.number.byteCount == byteCount else {
      throw .badInstructionBadLength
    }
    try body.skip(frame.paddingByteCount)
    guard let read = form.read else {
      var actions = body.throwing(.badActionBadLength)
      return (.applyActions, try list(&actions))
    }
    let action = try read(self, &body)
    // Nothing to write is nothing to do.
    if case .writeActions(let actions) = action, actions.isEmpty { return (.writeActions, []) }
    return (ActionTable.row(action.kind).stage, [action])
  }

  func writeActions(_ body: inout WireReader) throws(OpenFlowError) -> Action {
    var actions = body.throwing(.badActionBadLength)
    return try .writeActions(nested(&actions, inside: .writeActions))
  }

  func writeMetadataAction(_ body: inout WireReader) throws(OpenFlowError) -> Action {
    try body.skipZero(6, else: .niciraBadRequestMustBeZero)
    return try .writeMetadata(body.uint64(), mask: body.uint64())
  }

  func gotoTable(_ body: inout WireReader) throws(OpenFlowError) -> Action {
    let table = try body.uint8()
    guard table != 0xff else { throw .badInstructionBadTableID }
    return .gotoTable(table)
  }
}

extension ActionWriter {
  /// Writes what a flow does: actions in OpenFlow 1.0, instructions later.
  mutating func flowActions(_ actions: [Action], to writer: inout WireWriter) {
    guard let apply = ActionTable.frame(.applyActions, version) else { return list(actions, to: &writer) }
    var index = 0
    while index < actions.count {
      if isInstruction(actions[index]) {
        instruction(actions[index], to: &writer)
        index &+= 1
        continue
      }
      let start = index
      while index < actions.count, !isInstruction(actions[index]) { index &+= 1 }
      var plain = self
      write(apply, to: &writer) { body in
        for action in actions[start..<index] { plain.list([action], to: &body) }
      }
      self = plain
    }
  }

  /// Whether the version has an instruction, not an action, for this, or neither.
  private func isInstruction(_ action: Action) -> Bool {
    switch action {
    case .meter: ActionTable.frame(.meter, version)?.number.space != .standard
    case .clearActions, .writeActions, .writeMetadata, .gotoTable: true
    default: false
    }
  }

  /// Writes an action that is an instruction.
  private mutating func instruction(_ action: Action, to writer: inout WireWriter) {
    switch action {
    case .meter(let meter): instruction(.meter, to: &writer) { $0.uint32(meter) }
    case .clearActions: instruction(.clearActions, to: &writer) { _ in }
    case .writeActions(let actions):
      var written = self
      instruction(.writeActions, to: &writer) { written.list(actions, to: &$0) }
      self = written
    case .writeMetadata(let value, let mask):
      instruction(.writeMetadata, to: &writer) { body in
        body.uint64(value)
        body.uint64(mask)
      }
    case .gotoTable(let table): instruction(.gotoTable, to: &writer) { $0.uint8(table) }
    default: break
    }
  }

  private func instruction(
    _ form: ActionForm, to writer: inout WireWriter, _ body: (inout WireWriter) -> Void
  ) {
    if let frame = ActionTable.frame(form, version) { write(frame, to: &writer, body) }
  }

  /// Writes metadata by an action, where there is no instruction for that.
  func writeMetadataAction(_ value: UInt64, _ mask: UInt64, to writer: inout WireWriter) {
    guard !has(.writeMetadata) else { return }
    frame(.writeMetadataAction, to: &writer) { body in
      body.zeros(6)
      body.uint64(value)
      body.uint64(mask)
    }
  }
}
