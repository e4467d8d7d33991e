// What: which actions may stand where: instructions in the order of their execution and each once, conjunctions among
// themselves, and inside other actions only what those carry out.
//
// How: flow syntax and the wire check every list here as soon as they have read it. Flow syntax prints what is wrong;
// a peer is sent the error.

import Datapath

/// Which actions may stand where.
enum ActionOrder {
  /// What actions stand inside of.
  enum Outer { case nothing, connectionTrack, clone, writeActions }

  /// Why a list of actions is refused.
  struct Fault: Error {
    /// What a peer is told.
    let error: OpenFlowError
    /// What a user is told.
    let message: String
  }

  /// Checks a list of actions.
  ///
  /// - Parameters:
  ///   - outer: The action or instruction that holds the list.
  ///   - allowsInstructions: Whether the list is a flow's.
  ///   - version: The version in which the list was received, nil in flow syntax: before OpenFlow 1.5, `meter` is an
  ///     instruction.
  /// - Throws: What is wrong.
  static func check(
    _ actions: [Action], inside outer: Outer, allowsInstructions: Bool, version: OpenFlowVersion? = nil
  ) throws(Fault) {
    var last: ActionStage?
    for action in actions {
      if case .conjunction = action { return try checkConjunctions(actions) }
      try checkNesting(action, inside: outer, version)
      // OpenFlow 1.0 has no other way to say `goto_table`.
      if version == .v10, case .resubmit = action { continue }
      let stage = stage(of: action, version)
      if !allowsInstructions && stage != .applyActions && stage != .meter {
        throw Fault(
          error: outer == .writeActions ? .badActionBadType : .badInstructionUnsupportedInstruction,
          message: "\(stage.name) instruction not allowed here")
      }
      if let last, last > stage {
        throw Fault(
          error: .badActionUnsupportedOrder,
          message: "invalid instruction ordering: \(stage.name) must appear before \(last.name), "
            + "for OpenFlow 1.1+ compatibility")
      }
      if last == stage && stage != .applyActions && stage != .meter {
        throw Fault(
          error: .badActionUnsupportedOrder,
          message: "duplicate \(stage.name) instruction not allowed, for OpenFlow 1.1+ compatibility")
      }
      last = stage
    }
  }

  private static func stage(of action: Action, _ version: OpenFlowVersion?) -> ActionStage {
    if case .meter = action, isMeterAction(version) { return .applyActions }
    return ActionTable.row(action.kind).stage
  }

  private static func isMeterAction(_ version: OpenFlowVersion?) -> Bool {
    guard let version, let frame = ActionTable.frame(.meter, version) else { return false }
    return frame.number.space == .standard
  }

  private static func checkConjunctions(_ actions: [Action]) throws(Fault) {
    for action in actions {
      switch action {
      case .conjunction, .note: continue
      default:
        throw Fault(
          error: .niciraBadActionBadConjunction,
          message: "\"conjunction\" actions may be used along with \"note\" but not any other kind of action "
            + "(such as the \"\(action.name)\" action used here)")
      }
    }
  }

  private static func checkNesting(
    _ action: Action, inside outer: Outer, _ version: OpenFlowVersion?
  ) throws(Fault) {
    let written = writtenField(action)
    if outer == .connectionTrack {
      switch action {
      case .nat: return
      case .setField, .move:
        guard let written, !isConnectionField(written) else { return }
        throw Fault(
          error: .badActionBadArgument,
          message: "ct action doesn't support nested modification of \(written.name)")
      default:
        throw Fault(
          error: .badActionBadArgument, message: "ct action doesn't support nested action \(action.name)")
      }
    }
    if let written, isConnectionField(written) {
      throw Fault(error: .badActionBadSetArgument, message: "cannot set CT fields outside of ct action")
    }
    if case .nat = action {
      throw Fault(error: .badActionBadSetArgument, message: "Cannot have NAT action outside of \"ct\" action")
    }
    if outer == .clone, case .meter = action, !isMeterAction(version) {
      throw Fault(
        error: .badActionBadArgument, message: "clone action doesn't support nested action \(action.name)")
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
