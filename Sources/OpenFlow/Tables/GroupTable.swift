// The numbers of groups on the wire: commands, special identifiers, properties (OpenFlow 1.5.1, sections 7.3.4.2 and 7.3.5),
// and the actions that descriptions of features name.

/// The identifiers of groups that stand for something other than one group.
public enum GroupNumber {
  /// The last identifier that a group can have (OFPG_MAX).
  public static var maximum: UInt32 { 0xffff_ff00 }
  /// All groups (OFPG_ALL).
  public static var all: UInt32 { 0xffff_fffc }
  /// No group, or in requests any group (OFPG_ANY).
  public static var any: UInt32 { 0xffff_ffff }
}

extension GroupCommand {
  /// The number on the wire (OFPGC_*); to add or modify is an extension of Open vSwitch.
  var number: UInt16 {
    switch self {
    case .add: 0
    case .modify: 1
    case .delete: 2
    case .insertBuckets: 3
    case .removeBuckets: 5
    case .addOrModify: 0x8000
    }
  }

  /// The command with a number; nil if there is none.
  init?(number: UInt16) {
    for command in GroupCommand.allCases where command.number == number {
      self = command
      return
    }
    return nil
  }
}

/// The properties of buckets (OFPGBPT_*), and the one property of groups that there is.
enum GroupProperty {
  /// The weight of a bucket of a select group.
  static var weight: UInt16 { 0 }
  /// The port whose liveness is the bucket's.
  static var watchPort: UInt16 { 1 }
  /// The group whose liveness is the bucket's.
  static var watchGroup: UInt16 { 2 }
  /// An experimenter's property of a group (OFPGPT_EXPERIMENTER).
  static var experimenter: UInt16 { 0xffff }
  /// Netronome, who defined how a bucket is selected.
  static var selectionVendor: UInt32 { 0x0000_154d }
  /// Netronome, as Open vSwitch 2.4 had it by mistake.
  static var oldSelectionVendor: UInt32 { 0x0000_1540 }
  /// How a bucket is selected (NTRT_SELECTION_METHOD).
  static var selection: UInt32 { 1 }
  /// The room for a method's name with its zero byte, in bytes.
  static var methodByteCount: Int { 16 }
}

extension GroupFeatures {
  /// The actions that descriptions of features name by their numbers, in the order in which they are printed.
  private static let kinds: [Action.Kind] = [
    .output, .group, .enqueue, .setField, .setVLANID, .setVLANPriority, .stripVLAN, .pushVLAN,
    .setEthernetSource, .setEthernetDestination, .setIPv4Source, .setIPv4Destination, .setIPDSCP, .setIPECN,
    .setIPTTL, .setTransportSource, .setTransportDestination, .decrementTTL, .setMPLSLabel,
    .setMPLSTrafficClass, .setMPLSTTL, .decrementMPLSTTL, .pushMPLS, .popMPLS, .setQueue,
  ]

  /// The bits that stand for actions in a version, with the names of the actions.
  static func actionBits(_ version: OpenFlowVersion) -> [(bit: UInt32, name: String)] {
    var bits: [(bit: UInt32, name: String)] = []
    for kind in kinds {
      let row = ActionTable.row(kind)
      for form in row.forms {
        for number in form.numbers where number.space == .standard && number.number < 32 {
          if number.versions.contains(version) { bits.append((1 << UInt32(number.number), row.name)) }
        }
      }
    }
    return bits
  }
}

extension OpenFlowVersion {
  /// Whether messages about groups have identifiers of buckets, properties and commands for single buckets: OpenFlow 1.5,
  /// and Open vSwitch's extension of OpenFlow 1.0.
  public var hasBucketIDs: Bool { self == .v10 || self >= .v15 }

  /// Whether statistics of groups say how long the group has existed.
  var hasGroupDuration: Bool { self == .v10 || self >= .v13 }
}
