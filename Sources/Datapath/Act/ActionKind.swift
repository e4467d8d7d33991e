// The kinds of datapath action: what each is called on the wire and in text, said here and nowhere else. The codec
// (Protocol/ActionCodec, ActionDecoder) and the text (Text/ActionText, ActionTextReader) go by this table, and none of their
// switches has a default, so that a kind that one of them forgets is not compiled.

/// The kinds of datapath action, by their number as an attribute (`enum ovs_action_attr` of Open vSwitch 3.7).
enum ActionKind: UInt16, CaseIterable, Sendable {
  case output = 1
  case userspace = 2
  case set = 3
  case pushVLAN = 4
  case popVLAN = 5
  case sample = 6
  case recirculate = 7
  case hash = 8
  case pushMPLS = 9
  case popMPLS = 10
  case setMasked = 11
  case connectionTrack = 12
  case truncate = 13
  case pushEthernet = 14
  case popEthernet = 15
  case connectionTrackClear = 16
  case pushNSH = 17
  case popNSH = 18
  case meter = 19
  case clone = 20
  case checkPacketLength = 21
  case addMPLS = 22
  case decrementTTL = 23
  case drop = 24
  case tunnelPush = 26
  case tunnelPop = 27

  /// The name in text; empty for an output, which is written as its port.
  var name: String {
    switch self {
    case .output: ""
    case .userspace: "userspace"
    case .set, .setMasked: "set"
    case .pushVLAN: "push_vlan"
    case .popVLAN: "pop_vlan"
    case .sample: "sample"
    case .recirculate: "recirc"
    case .hash: "hash"
    case .pushMPLS: "push_mpls"
    case .popMPLS: "pop_mpls"
    case .connectionTrack: "ct"
    case .truncate: "trunc"
    case .pushEthernet: "push_eth"
    case .popEthernet: "pop_eth"
    case .connectionTrackClear: "ct_clear"
    case .pushNSH: "push_nsh"
    case .popNSH: "pop_nsh"
    case .meter: "meter"
    case .clone: "clone"
    case .checkPacketLength: "check_pkt_len"
    case .addMPLS: "add_mpls"
    case .decrementTTL: "dec_ttl"
    case .drop: "drop"
    case .tunnelPush: "tnl_push"
    case .tunnelPop: "tnl_pop"
    }
  }

  /// The kind with a name; `nil` for what may be a port.
  init?(name: String) {
    guard !name.isEmpty, let kind = ActionKind.allCases.first(where: { $0.name == name }) else { return nil }
    self = kind
  }
}

extension DatapathAction {
  /// The action's row in the table.
  var kind: ActionKind {
    switch self {
    case .output: .output
    case .userspace: .userspace
    // Tunnel metadata has no masks on the wire, since all of it is replaced.
    case .set(let set): set.attribute == .tunnel ? .set : .setMasked
    case .pushVLAN: .pushVLAN
    case .popVLAN: .popVLAN
    case .sample: .sample
    case .recirculate: .recirculate
    case .hash: .hash
    case .pushMPLS: .pushMPLS
    case .popMPLS: .popMPLS
    case .addMPLS: .addMPLS
    case .connectionTrack: .connectionTrack
    case .connectionTrackClear: .connectionTrackClear
    case .truncate: .truncate
    case .pushEthernet: .pushEthernet
    case .popEthernet: .popEthernet
    case .pushNSH: .pushNSH
    case .popNSH: .popNSH
    case .meter: .meter
    case .clone: .clone
    case .checkPacketLength: .checkPacketLength
    case .decrementTTL: .decrementTTL
    case .tunnelPush: .tunnelPush
    case .tunnelPop: .tunnelPop
    case .drop: .drop
    }
  }
}

// MARK: Attributes within an action

/// What a userspace action holds (`enum ovs_userspace_attr`).
enum UserspaceAttribute {
  static let processID: UInt16 = 1
  static let userData: UInt16 = 2
  static let egressTunnelPort: UInt16 = 3
  static let includesActions: UInt16 = 4
}

/// What a sample holds (`enum ovs_sample_attr`).
enum SampleAttribute {
  static let probability: UInt16 = 1
  static let actions: UInt16 = 2
}

/// What a check of the packet's length holds (`enum ovs_check_pkt_len_attr`).
enum LengthCheckAttribute {
  static let threshold: UInt16 = 1
  static let greater: UInt16 = 2
  static let lessOrEqual: UInt16 = 3
}

/// What a decrement of the TTL holds (`enum ovs_dec_ttl_attr`).
enum DecrementAttribute {
  static let exhausted: UInt16 = 1
}

/// What connection tracking holds (`enum ovs_ct_attr`).
enum TrackAttribute {
  static let commits: UInt16 = 1
  static let zone: UInt16 = 2
  static let mark: UInt16 = 3
  static let label: UInt16 = 4
  static let helper: UInt16 = 5
  static let translation: UInt16 = 6
  static let forces: UInt16 = 7
  static let eventMask: UInt16 = 8
  static let timeout: UInt16 = 9
}

/// What address translation holds (`enum ovs_nat_attr`).
enum TranslationAttribute {
  static let source: UInt16 = 1
  static let destination: UInt16 = 2
  static let lowestAddress: UInt16 = 3
  static let highestAddress: UInt16 = 4
  static let lowestPort: UInt16 = 5
  static let highestPort: UInt16 = 6
  static let isPersistent: UInt16 = 7
  static let hashesPorts: UInt16 = 8
  static let randomizesPorts: UInt16 = 9
}
