// What: `ct`: sends the packet through connection tracking.
//
// How: what the connection is, only the datapath knows. With a table, a copy of the packet is looked up again there and sees
// `ct_state` and the other fields of the connection; the packet itself goes on without them (ovs-actions(7), "The ct action").

import Datapath
import OpenFlow
import PacketWire

extension Translator {
  /// Tracks the packet's connection.
  func track(_ track: OpenFlow.ConnectionTrackAction) {
    var zone = track.zone
    if let source = track.zoneSource {
      source.unwildcard(in: &wildcards)
      zone = UInt16(truncatingIfNeeded: source.value(in: key))
    }
    // What was written so far is part of what is tracked.
    commit()
    let (translation, mark, label) = connectionChanges(track.actions)
    var action = Datapath.ConnectionTrackAction(zone: zone, commits: track.commits)
    action.forces = track.commits && track.forces
    action.mark = mark
    action.label = label
    action.helper = helper(track.helperPort)
    action.translation = translation.map(Datapath.ConnectionTrackAction.Translation.init)
    if track.commits, let policy = environment.timeouts.policy(zone: zone, key) {
      action.timeout = policy.name
      if policy.isOfOneProtocol { wildcards.fill(.ipProtocol) }
    }
    actions.append(.connectionTrack(action))
    if let table = track.table {
      place.packet.isTracked = true
      if let number = recirculate(.table(table)) {
        var resumed = key
        resumed[.recirculationID] = UInt64(number)
        resumed[.ctZone] = UInt64(zone)
        // It follows from the action set.
        resumed.clear(.actionSetOutput)
        result.resumptions.append(Resumption(number: number, key: resumed, translation: translation))
        note(
          .detail,
          "A clone of the packet is forked to recirculate. The forked pipeline will be resumed at table \(table)."
        )
      }
    }
    place.packet.forgetConnection()
    note(.detail, "Sets the packet to an untracked state, and clears all the conntrack fields.")
  }

  /// Runs the actions inside of `ct`; answers what they want of the connection.
  private func connectionChanges(
    _ inner: [Action]
  ) -> (
    translation: NATAction?, mark: (value: UInt32, mask: UInt32)?, label: (value: UInt128, mask: UInt128)?
  ) {
    // Which bits are written is found as which are looked at meanwhile.
    let seen = wildcards
    wildcards.clear(.ctMark)
    wildcards.clear(.ctLabel)
    var translation: NATAction?
    if inner.isEmpty { note(.action, "drop") }
    for action in inner {
      if case .nat(let nat) = action {
        note(.action, text.action(action))
        translation = nat
      } else {
        run(action)
      }
    }
    let markMask = UInt32(truncatingIfNeeded: wildcards[.ctMark])
    let labelMask = wildcards.wide(.ctLabel)
    let mark = markMask == 0 ? nil : (UInt32(truncatingIfNeeded: key[.ctMark]) & markMask, markMask)
    let label = labelMask == 0 ? nil : (key.wide(.ctLabel) & labelMask, labelMask)
    for place in [KeyPlace.ctMark, .ctLabel] {
      for word in place.words {
        wildcards.words[word] = wildcards.words[word] & ~place.mask | seen.words[word] & place.mask
      }
    }
    return (translation, mark, label)
  }

  /// The name of a helper by the port of its protocol.
  private func helper(_ port: UInt16) -> [UInt8]? {
    switch port {
    case 0: return nil
    case 21: return Array("ftp".utf8)
    case 69: return Array("tftp".utf8)
    default:
      note(.error, "cannot serialize ct_helper \(port)")
      return nil
    }
  }
}

/// The timeout policies of connections, by zone.
final class TimeoutPolicies {
  /// A policy as the datapath knows it.
  struct Policy: Equatable {
    /// Its name.
    var name: [UInt8]
    /// Whether it is for packets of one protocol alone.
    var isOfOneProtocol: Bool
  }

  /// The policies by zone.
  var policies: [UInt16: Policy] = [:] { didSet { if policies != oldValue { generation &+= 1 } } }
  /// Counts the changes.
  private(set) var generation: UInt64 = 0

  init() {}

  /// The policy of a zone for a packet, if there is one.
  func policy(zone: UInt16, _ key: borrowing FlowKey) -> Policy? { policies[zone] }
}

extension PipelinePacket {
  /// Makes the packet one that was never tracked.
  mutating func forgetConnection() {
    isTracked = false
    key.clearConnection()
  }
}

extension FlowKey {
  /// The value of a place of two words.
  fileprivate func wide(_ place: KeyPlace) -> UInt128 {
    UInt128(words[place.word]) << 64 | UInt128(words[place.word + 1])
  }
}

extension Datapath.ConnectionTrackAction.Translation {
  /// What `nat` asks for.
  fileprivate init(_ nat: NATAction) {
    switch nat.direction {
    case .existing:
      self.init()
      return
    case .source: self.init(direction: .source)
    case .destination: self.init(direction: .destination)
    }
    isPersistent = nat.isPersistent
    hashesPorts = nat.selection == .hash
    randomizesPorts = nat.selection == .random
    switch nat.addresses {
    case .none: return
    case .ipv4(let lowest, let highest):
      lowestAddress = Self.bytes(FieldValue(lowest), count: 4)
      if highest > lowest { highestAddress = Self.bytes(FieldValue(highest), count: 4) }
    case .ipv6(let lowest, let highest):
      lowestAddress = Self.bytes(lowest, count: 16)
      if highest > lowest { highestAddress = Self.bytes(highest, count: 16) }
    }
    lowestPort = nat.minimumPort
    if nat.minimumPort != 0, nat.maximumPort > nat.minimumPort { highestPort = nat.maximumPort }
  }

  private static func bytes(_ value: FieldValue, count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> FieldValue(8 * (count - 1 - $0))) }
  }
}
