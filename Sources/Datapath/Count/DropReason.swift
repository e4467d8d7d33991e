/// Why a packet was dropped; each reason has a counter that a user can read.
public enum DropReason: Int, CaseIterable, Sendable {
  /// The frame is shorter than an Ethernet header, or longer than a slot.
  case invalidLength
  /// It came by a port that the datapath does not have.
  case unknownPortIn
  /// The actions are empty or end in a drop.
  case flowAction
  /// An explicit drop action of the translator.
  case explicitDrop
  /// The flow's output port does not exist any more.
  case unknownPortOut
  /// No packet buffer was free.
  case noBuffer
  /// A port's output queue was full.
  case outputQueueFull
  /// The upcall queue was full, so that the daemon does not see it.
  case upcallQueueFull
  /// It was looked up again more often than allowed.
  case recirculationTooDeep
  /// Too many packets of the batch had to be looked up again.
  case recirculationFull
  /// The offload information does not fit the packet.
  case invalidOffload
  /// A segment could not be cut as its port out needs it.
  case segmentationFailed
  /// There was no room for a header to be put before it.
  case noHeadroom
  /// Its tunnel headers are malformed.
  case invalidTunnelHeader
  /// The tunnel port it was addressed to does not exist.
  case unknownTunnelPort
  /// An action needs a header that the packet does not have.
  case actionMismatch
  /// Its TTL or hop limit was exhausted.
  case ttlExhausted
  /// Actions nest deeper than allowed.
  case actionsTooDeep
  /// Nobody takes what is sent to the port out.
  case noAdapter
  /// It came by an adapter that is no port of the datapath.
  case unboundAdapter
  /// Too much of what its adapter sent, or of what goes to a switch, is still on its way.
  case inFlightLimit
  /// It could not be handed over to whoever sends it.
  case notSent
  /// It came faster than its meter lets packets through.
  case meterExceeded

  /// The name of the counter, as `coverage/show` and `dpctl` print it.
  public var name: StaticString {
    switch self {
    case .invalidLength: "datapath_drop_rx_invalid_packet"
    case .unknownPortIn: "drop_unknown_port_in"
    case .flowAction: "drop_action_of_pipeline"
    case .explicitDrop: "datapath_drop_explicit"
    case .unknownPortOut: "datapath_drop_invalid_port"
    case .noBuffer: "datapath_drop_no_buffer"
    case .outputQueueFull: "datapath_drop_output_queue"
    case .upcallQueueFull: "datapath_drop_upcall_error"
    case .recirculationTooDeep: "datapath_drop_recirc_error"
    case .recirculationFull: "datapath_drop_recirc_full"
    case .invalidOffload: "datapath_drop_invalid_offload"
    case .segmentationFailed: "datapath_drop_segmentation"
    case .noHeadroom: "datapath_drop_no_headroom"
    case .invalidTunnelHeader: "datapath_drop_tunnel_pop_error"
    case .unknownTunnelPort: "datapath_drop_invalid_tnl_port"
    case .actionMismatch: "datapath_drop_action_mismatch"
    case .ttlExhausted: "datapath_drop_ttl_exhausted"
    case .actionsTooDeep: "datapath_drop_actions_too_deep"
    case .noAdapter: "datapath_drop_no_adapter"
    case .unboundAdapter: "datapath_drop_unbound_adapter"
    case .inFlightLimit: "datapath_drop_in_flight_limit"
    case .notSent: "datapath_drop_not_sent"
    case .meterExceeded: "datapath_drop_meter"
    }
  }
}
