import Datapath

/// Which actions may stand where.
enum ActionOrder {
  /// What actions stand inside of.
  enum Outer { case nothing, connectionTrack, clone, writeActions }

  /// Instructions in the order in which OpenFlow executes them.
  private enum Instruction: Int, Comparable {
    case meter, applyActions, clearActions, writeActions, writeMetadata, gotoTable

    init(_ action: Action) {
      switch action {
      case .meter: self = .meter
      case .clearActions: self = .clearActions
      case .writeActions: self = .writeActions
      case .writeMetadata: self = .writeMetadata
      case .gotoTable: self = .gotoTable
      default: self = .applyActions
      }
    }

    var name: String {
      switch self {
      case .meter: "meter"
      case .applyActions: "apply_actions"
      case .clearActions: "clear_actions"
      case .writeActions: "write_actions"
      case .writeMetadata: "write_metadata"
      case .gotoTable: "goto_table"
      }
    }

    static func < (left: Instruction, right: Instruction) -> Bool { left.rawValue < right.rawValue }
  }

  static func check(
    _ actions: [Action], inside outer: Outer, allowsInstructions: Bool = true
  ) throws(FlowTextError) {
    var last: Instruction?
    for action in actions {
      if case .conjunction = action { return try checkConjunctions(actions) }
      try checkNesting(action, inside: outer)
      let instruction = Instruction(action)
      if !allowsInstructions && instruction != .applyActions && instruction != .meter {
        throw FlowTextError("\(instruction.name) instruction not allowed here")
      }
      if let last, last > instruction {
        throw FlowTextError(
          "invalid instruction ordering: \(instruction.name) must appear before \(last.name), "
            + "for OpenFlow 1.1+ compatibility")
      }
      if last == instruction && instruction != .applyActions && instruction != .meter {
        throw FlowTextError(
          "duplicate \(instruction.name) instruction not allowed, for OpenFlow 1.1+ compatibility")
      }
      last = instruction
    }
  }

  private static func checkConjunctions(_ actions: [Action]) throws(FlowTextError) {
    for action in actions {
      switch action {
      case .conjunction, .note: continue
      default:
        throw FlowTextError(
          "\"conjunction\" actions may be used along with \"note\" but not any other kind of action "
            + "(such as the \"\(action.name)\" action used here)")
      }
    }
  }

  private static func checkNesting(_ action: Action, inside outer: Outer) throws(FlowTextError) {
    let written = writtenField(action)
    if outer == .connectionTrack {
      switch action {
      case .nat: return
      case .setField, .move:
        guard let written, !isConnectionField(written) else { return }
        throw FlowTextError("ct action doesn't support nested modification of \(written.name)")
      default: throw FlowTextError("ct action doesn't support nested action \(action.name)")
      }
    }
    if let written, isConnectionField(written) {
      throw FlowTextError("cannot set CT fields outside of ct action")
    }
    if case .nat = action { throw FlowTextError("Cannot have NAT action outside of \"ct\" action") }
    if outer == .clone, case .meter = action {
      throw FlowTextError("clone action doesn't support nested action meter")
    }
  }

  private static func writtenField(_ action: Action) -> Field? {
    switch action {
    case .setField(let set): set.field
    case .move(_, let destination): destination.field
    default: nil
    }
  }

  private static func isConnectionField(_ field: Field) -> Bool { field == .ctMark || field == .ctLabel }
}
