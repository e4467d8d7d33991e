/// Reads lists of actions.
///
/// Each action is a type, a length that is a multiple of eight, and a body; `ActionTable` says what reads the body.
/// `Action`'s cases come out whatever version or extension the action is written in. Which action may stand where is
/// checked by `ActionOrder`, as for flow syntax.
struct ActionReader {
  let version: OpenFlowVersion
  /// How many actions this list lies within.
  private let depth: Int

  init(_ version: OpenFlowVersion) { self.init(version, depth: 0) }

  private init(_ version: OpenFlowVersion, depth: Int) {
    self.version = version
    self.depth = depth
  }

  /// Reads actions without instructions, as in a packet-out message or a bucket of a group.
  func actions(_ reader: inout WireReader) throws(OpenFlowError) -> [Action] {
    try checked(list(&reader), inside: .nothing, allowsInstructions: false)
  }

  /// Checks the order of a list that was read.
  func checked(
    _ actions: [Action], inside outer: ActionOrder.Outer, allowsInstructions: Bool
  ) throws(OpenFlowError) -> [Action] {
    do throws(ActionOrder.Fault) {
      try ActionOrder.check(
        actions, inside: outer, allowsInstructions: allowsInstructions, version: version)
    } catch {
      throw error.error
    }
    return actions
  }

  /// Reads actions up to the reader's end, in whatever order.
  func list(_ reader: inout WireReader) throws(OpenFlowError) -> [Action] {
    var actions: [Action] = []
    while !reader.isAtEnd {
      var body = try Self.part(&reader, error: .badActionBadLength)
      let (form, frame) = try form(&body)
      guard let read = form.read else { throw .badActionBadType }
      try body.skip(frame.paddingByteCount)
      actions.append(try read(self, &body))
    }
    return actions
  }

  /// Reads a list within an action.
  func nested(
    _ reader: inout WireReader, inside outer: ActionOrder.Outer
  ) throws(OpenFlowError) -> [Action] {
    guard depth &+ 1 < ActionTable.maximumListDepth else { throw .badActionTooMany }
    let actions = try ActionReader(version, depth: depth &+ 1).list(&reader)
    return try checked(actions, inside: outer, allowsInstructions: false)
  }

  /// Cuts out the next action or instruction.
  static func part(_ reader: inout WireReader, error: OpenFlowError) throws(OpenFlowError) -> WireReader {
    guard reader.remaining >= 8 else { throw error }
    let length = try Int(reader.peek16(2))
    guard length >= 8, length & 7 == 0, length <= reader.remaining else { throw error }
    return try reader.part(length, error: error)
  }

  /// Reads an action's header.
  private func form(
    _ body: inout WireReader
  ) throws(OpenFlowError) -> (form: ActionRow.Form, frame: ActionFrame) {
    let type = try body.uint16()
    try body.skip(2)
    guard type == ActionNumber.experimenter else {
      guard let found = ActionTable.find(.standard, type, version) else { throw .badActionBadType }
      return found
    }
    let space: ActionNumber.Space
    switch try body.uint32() {
    case ErrorVendor.nicira.rawValue: space = .nicira
    case ErrorVendor.onf.rawValue: space = .onf
    default: throw .badActionBadExperimenter
    }
    guard let found = try ActionTable.find(space, body.uint16(), version) else {
      throw .badActionBadExperimenterType
    }
    return found
  }
}
