// What: groups as OpenFlow describes them: lists of buckets, of which a packet takes all, one that is selected, the only one, or
// the first that is live (OpenFlow 1.5.1, section 5.10).
//
// How: one form for every version; `Wire/Groups` has what differs on the wire, `Text/GroupParser.swift` the syntax.

public import Datapath

/// Which of a group's buckets a packet takes.
public enum GroupType: UInt8, CaseIterable, Sendable {
  /// Every bucket.
  case all = 0
  /// One bucket, selected by what the packet is and the buckets' weights.
  case select = 1
  /// The only bucket.
  case indirect = 2
  /// The first bucket that is live.
  case fastFailover = 3

  /// The name in flow syntax.
  public var name: String {
    switch self {
    case .all: "all"
    case .select: "select"
    case .indirect: "indirect"
    case .fastFailover: "ff"
    }
  }
}

/// What to do to the group table.
public enum GroupCommand: CaseIterable, Sendable {
  case add, modify, addOrModify, delete, insertBuckets, removeBuckets
}

/// The identifier of a bucket, or a place among a group's buckets.
public struct BucketID: RawRepresentable, Hashable, Comparable, Sendable {
  /// The number.
  public var rawValue: UInt32

  /// Makes an identifier.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The last identifier that a bucket can have (OFPG_BUCKET_MAX).
  public static var maximum: BucketID { BucketID(rawValue: 0xffff_ff00) }
  /// The first bucket, whatever its identifier.
  public static var first: BucketID { BucketID(rawValue: 0xffff_fffd) }
  /// The last bucket, whatever its identifier.
  public static var last: BucketID { BucketID(rawValue: 0xffff_fffe) }
  /// All buckets; of a bucket, that it has no identifier yet.
  public static var all: BucketID { BucketID(rawValue: 0xffff_ffff) }

  /// Whether the number is smaller than another.
  public static func < (left: BucketID, right: BucketID) -> Bool { left.rawValue < right.rawValue }

  /// Whether a bucket can have it.
  public var isBucket: Bool { self <= .maximum }
  /// Whether it is a bucket, the first or the last.
  public var isOne: Bool { isBucket || self == .first || self == .last }
}

/// A bucket of a group.
public struct GroupBucket: Equatable, Sendable {
  /// What tells it from the group's other buckets.
  public var id: BucketID
  /// Its share of the packets, if the group is a select group.
  public var weight: UInt16
  /// The port whose liveness is the bucket's, or `.none`.
  public var watchPort: OpenFlowPortNumber
  /// The group whose liveness is the bucket's, or `GroupNumber.any`.
  public var watchGroup: UInt32
  /// What is done with a packet: an action set.
  public var actions: [Action]

  /// Makes a bucket.
  public init(
    id: BucketID = .all, weight: UInt16 = 0, watchPort: OpenFlowPortNumber = .none,
    watchGroup: UInt32 = GroupNumber.any, actions: [Action] = []
  ) {
    self.id = id
    self.weight = weight
    self.watchPort = watchPort
    self.watchGroup = watchGroup
    self.actions = actions
  }

  /// Whether it is live or not by what a port or another group is.
  public var watches: Bool { watchPort != .none || watchGroup != GroupNumber.any }

  /// The weight that buckets of a type have unless they say otherwise.
  static func defaultWeight(_ type: GroupType?) -> UInt16 { type == .select ? 1 : 0 }
}

/// How a select group selects, as Netronome's property of a group says it.
public struct GroupSelection: Equatable, Sendable {
  /// What is computed of a packet.
  public enum Method: Equatable, Sendable {
    /// A hash over fields that the group names.
    case fields
    /// A hash that the datapath computes.
    case datapathHash
    /// A method that is not known here, which text can name and a switch refuses.
    case other(String)

    /// The name in flow syntax and on the wire.
    public var name: String {
      switch self {
      case .fields: "hash"
      case .datapathHash: "dp_hash"
      case .other(let name): name
      }
    }

    /// The method with a name.
    public init(name: String) {
      self = .other(name)
      for method in [Method.fields, .datapathHash] where method.name.utf8.elementsEqual(name.utf8) {
        self = method
      }
    }
  }

  /// The method.
  public var method: Method
  /// A number that the method takes into account.
  public var parameter: UInt64
  /// The fields to hash, in the order of the table of fields.
  public var fields: [GroupField]

  /// Makes a selection.
  public init(method: Method, parameter: UInt64 = 0, fields: [GroupField] = []) {
    self.method = method
    self.parameter = parameter
    self.fields = fields
  }
}

/// A field that a select group hashes.
public struct GroupField: Hashable, Sendable {
  /// The field.
  public var field: Field
  /// The bits that are hashed, in the width of the field's whole bytes.
  public var mask: FieldValue

  /// Makes a field.
  public init(_ field: Field, mask: FieldValue) {
    self.field = field
    self.mask = mask
  }

  /// All bits of a field's bytes.
  static func allOnes(_ field: Field) -> FieldValue {
    field.byteCount >= 16 ? ~0 : (1 << FieldValue(field.byteCount * 8)) &- 1
  }

  /// Whether all bits of the field are hashed.
  var isExact: Bool { mask == Self.allOnes(field) }

  /// Whether the mask is one that the field can have.
  var isValid: Bool { field.isMaskable || mask == 0 || isExact }
}

extension GroupSelection {
  /// Adds a field at its place in the order; false if it is there already.
  mutating func insert(_ field: GroupField) -> Bool {
    let place = fields.firstIndex { $0.field.number >= field.field.number } ?? fields.endIndex
    if place < fields.endIndex, fields[place].field == field.field { return false }
    fields.insert(field, at: place)
    return true
  }
}

/// A change to the group table.
public struct GroupMod: Equatable, Sendable {
  /// What to do.
  public var command: GroupCommand
  /// The group, or `GroupNumber.all` for all, if groups are deleted.
  public var group: UInt32
  /// The type; of no meaning for commands on single buckets.
  public var type: GroupType
  /// The buckets: all of the group, or those to be inserted.
  public var buckets: [GroupBucket]
  /// Which bucket to remove, or which one to insert behind.
  public var place: BucketID
  /// How a select group selects; nil for the switch's own way.
  public var selection: GroupSelection?

  /// Makes a change.
  public init(
    _ command: GroupCommand, group: UInt32, type: GroupType = .all, buckets: [GroupBucket] = [],
    place: BucketID = .all, selection: GroupSelection? = nil
  ) {
    self.command = command
    self.group = group
    self.type = type
    self.buckets = buckets
    self.place = place
    self.selection = selection
  }
}

/// A group as a switch describes it.
public struct GroupDescription: Equatable, Sendable {
  /// The group.
  public var group: UInt32
  /// The type.
  public var type: GroupType
  /// The buckets.
  public var buckets: [GroupBucket]
  /// How a select group selects; nil for the switch's own way.
  public var selection: GroupSelection?

  /// Makes a description.
  public init(group: UInt32, type: GroupType, buckets: [GroupBucket], selection: GroupSelection? = nil) {
    self.group = group
    self.type = type
    self.buckets = buckets
    self.selection = selection
  }
}

/// What a group has counted.
public struct GroupStatistics: Equatable, Sendable {
  /// The group.
  public var group: UInt32
  /// How many flows use it.
  public var references: UInt32
  /// What it has counted.
  public var count: PacketCount
  /// How long it has existed, whole seconds; nil if not known.
  public var durationSeconds: UInt32?
  /// The rest of that time.
  public var durationNanoseconds: UInt32
  /// What its buckets have counted, in their order.
  public var buckets: [PacketCount]

  /// Makes statistics.
  public init(
    group: UInt32, references: UInt32 = 0, count: PacketCount = PacketCount(), durationSeconds: UInt32? = nil,
    durationNanoseconds: UInt32 = 0, buckets: [PacketCount] = []
  ) {
    self.group = group
    self.references = references
    self.count = count
    self.durationSeconds = durationSeconds
    self.durationNanoseconds = durationNanoseconds
    self.buckets = buckets
  }
}

/// What a switch can do with groups, type by type.
public struct GroupFeatures: Equatable, Sendable {
  /// Capabilities (OFPGFC_*).
  public struct Capabilities: OptionSet, Hashable, Sendable {
    /// The bits.
    public var rawValue: UInt32
    /// Makes a set from its bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Select groups have weights.
    public static var selectWeight: Capabilities { .init(rawValue: 1 << 0) }
    /// Select groups leave out buckets that are not live.
    public static var selectLiveness: Capabilities { .init(rawValue: 1 << 1) }
    /// Buckets can send to other groups.
    public static var chaining: Capabilities { .init(rawValue: 1 << 2) }
    /// Loops of groups are refused.
    public static var chainingChecks: Capabilities { .init(rawValue: 1 << 3) }
  }

  /// The types that there are, as bits by their numbers.
  public var types: UInt32
  /// What groups can do.
  public var capabilities: Capabilities
  /// How many groups of each type there may be.
  public var limits: [UInt32]
  /// The actions that buckets of each type may have, as bits by the actions' numbers.
  public var actions: [UInt32]

  /// Makes features; limits and actions are by type.
  public init(types: UInt32, capabilities: Capabilities, limits: [UInt32], actions: [UInt32]) {
    self.types = types
    self.capabilities = capabilities
    self.limits = limits
    self.actions = actions
  }

  /// The features of a switch that has all types, with every action that a version has, and so many groups of each.
  public init(capabilities: Capabilities, limit: UInt32, in version: OpenFlowVersion) {
    let count = GroupType.allCases.count
    var actions: UInt32 = 0
    for action in Self.actionBits(version) { actions |= action.bit }
    self.init(
      types: (1 << UInt32(count)) &- 1, capabilities: capabilities,
      limits: Array(repeating: limit, count: count), actions: Array(repeating: actions, count: count))
  }
}
