import Datapath

/// What Flows asks a datapath about flows.
enum FlowQuestion: Equatable {
  /// To take a new flow.
  case put(FlowIdentifier)
  /// To change what a flow does.
  case change(FlowIdentifier)
  /// To remove a flow; `isPurge` if all were to go.
  case remove(FlowIdentifier, isPurge: Bool)
  /// To name all flows with their counters, for the time with a number.
  case dump(UInt64)
}

/// What a datapath says to a question of Flows.
enum FlowAnswer {
  /// A flow; there may be more.
  case flow(FlowMessage)
  /// That was all, and it was done.
  case done
  /// It failed, with an `errno` value.
  case failed(UInt32)
}
