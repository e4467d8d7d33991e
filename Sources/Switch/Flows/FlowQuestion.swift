import Datapath

/// What Flows asks a datapath about a flow.
enum FlowQuestion {
  /// To take a new flow.
  case put(FlowIdentifier)
  /// To change what a flow does.
  case change(FlowIdentifier)
  /// To remove a flow, for a user's command that waits for it if there is one.
  case remove(FlowIdentifier, for: CommandID?)
  /// To name all flows with their counters.
  case dump
}
