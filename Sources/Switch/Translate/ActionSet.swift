import Datapath
import OpenFlow

/// What `write_actions` collects (OpenFlow 1.5.1, section 5.6): at most one action of each kind, run in a fixed order.
enum ActionSet {
  /// The kinds, in the order in which they run.
  private enum Kind: Int {
    case stripVLAN, popMPLS, decapsulate, encapsulate, pushMPLS, pushVLAN, decrementTTL, decrementMPLSTTL
    case set, setQueue, group, output, connectionTrack, resubmit, other
  }

  private static func kind(_ action: Action) -> Kind {
    switch action {
    case .stripVLAN: .stripVLAN
    case .popMPLS: .popMPLS
    case .decapsulate: .decapsulate
    case .encapsulate: .encapsulate
    case .pushMPLS: .pushMPLS
    case .pushVLAN: .pushVLAN
    case .decrementTTL: .decrementTTL
    case .decrementMPLSTTL: .decrementMPLSTTL
    case .setQueue: .setQueue
    case .group: .group
    case .output, .outputTruncated: .output
    case .connectionTrack: .connectionTrack
    case .resubmit: .resubmit
    case .setField, .move, .setVLANID, .setVLANPriority, .setEthernetSource, .setEthernetDestination,
      .setIPv4Source, .setIPv4Destination, .setIPDSCP, .setIPECN, .setIPTTL, .setTransportSource,
      .setTransportDestination, .setMPLSLabel, .setMPLSTrafficClass, .setMPLSTTL, .setTunnel:
      .set
    default: .other
    }
  }

  /// The collected actions in the order in which they run: the last of each kind, and every set in its own order.
  ///
  /// Of a group, an output, `ct` and `resubmit`, only the first that is there is run.
  static func ordered(_ actions: [Action]) -> [Action] {
    var last: [Kind: Action] = [:]
    var sets: [Action] = []
    for action in actions {
      let kind = kind(action)
      if kind == .set { sets.append(action) } else if kind != .other { last[kind] = action }
    }
    var result: [Action] = []
    for kind in [
      Kind.stripVLAN, .popMPLS, .decapsulate, .encapsulate, .pushMPLS, .pushVLAN, .decrementTTL,
      .decrementMPLSTTL,
    ] {
      if let action = last[kind] { result.append(action) }
    }
    result += sets
    if let queue = last[.setQueue] { result.append(queue) }
    for kind in [Kind.group, .output, .connectionTrack, .resubmit] {
      if let action = last[kind] {
        result.append(action)
        break
      }
    }
    return result
  }
}
