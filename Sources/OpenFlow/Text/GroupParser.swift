// What: the syntax of groups, ovs-ofctl(8), "Group Syntax".
//
// How: buckets come last, since what they may have depends on the group's type. The text is cut before each `bucket=`; what
// stands before the first is a list of keys and values, and so is each bucket, whose unknown keys are actions.

import Datapath

/// A change to the group table as read from text, and the OpenFlow forms that can carry it.
public struct ParsedGroup: Equatable, Sendable {
  /// What to do.
  public var change: GroupMod
  /// The forms that can carry it.
  public var formats: FlowFormats
}

extension FlowParser {
  /// Reads a group for a command, as the argument of `ovs-ofctl add-group` and its like.
  @export(interface)
  public func group(_ text: String, _ command: GroupCommand) throws(FlowTextError) -> ParsedGroup {
    try group(Array(text.utf8)[...], command)
  }

  /// Reads a group for a command.
  @export(interface)
  public func group(_ text: ArraySlice<UInt8>, _ command: GroupCommand) throws(FlowTextError) -> ParsedGroup {
    var reader = GroupModReader(names: names, command: command)
    return try reader.read(text)
  }

  /// The group with a number or a name of all groups; nil if there is none.
  public static func group(_ text: String) -> UInt32? { FlowModReader.group(Array(text.utf8)[...]) }

  /// Reads a line of a file of groups, which may begin with a command; without, it is taken for `add`.
  @export(interface)
  public func groupLine(_ text: ArraySlice<UInt8>) throws(FlowTextError) -> ParsedGroup {
    let start = text.firstIndex { !isSpace($0) } ?? text.endIndex
    let line = text[start...]
    let end = line.firstIndex { isSpace($0) || $0 == UInt8(ascii: ",") } ?? line.endIndex
    let word = line[start..<end]
    // A command may be cut short, as with Open vSwitch.
    for (name, command) in GroupModReader.commands where !word.isEmpty && name.utf8.starts(with: word) {
      return try group(line[end...], command)
    }
    return try group(line, .add)
  }
}

struct GroupModReader {
  static let commands: [(String, GroupCommand)] = [
    ("add", .add), ("delete", .delete), ("modify", .modify), ("add_or_mod", .addOrModify),
    ("insert_bucket", .insertBuckets), ("remove_bucket", .removeBuckets),
  ]

  private let names: FlowNames
  private var change: GroupMod
  private var formats: FlowFormats = .any
  private var type: GroupType?
  private var hasPlace = false
  private var method: GroupSelection.Method?
  private var selection = GroupSelection(method: .fields)

  init(names: FlowNames, command: GroupCommand) {
    self.names = names
    change = GroupMod(command, group: GroupNumber.any)
  }

  /// The forms with identifiers of buckets and properties of groups.
  private static var withBucketIDs: FlowFormats { [.openFlow10Standard, .nxmAny, .openFlow15Up] }

  /// Whether the command makes a group, so that the text says of what type it is and how it selects.
  private var makesGroup: Bool {
    switch change.command {
    case .add, .modify, .addOrModify: true
    case .delete, .insertBuckets, .removeBuckets: false
    }
  }

  private var isAboutBuckets: Bool {
    change.command == .insertBuckets || change.command == .removeBuckets
  }

  mutating func read(_ text: TextBytes) throws(FlowTextError) -> ParsedGroup {
    if isAboutBuckets { formats.formIntersection(Self.withBucketIDs) }
    if change.command == .delete, text.isEmpty {
      change.group = GroupNumber.all
      return ParsedGroup(change: change, formats: formats)
    }
    let first = text.firstRange(of: "bucket=")
    if first != nil, !makesGroup, change.command != .insertBuckets {
      throw FlowTextError("bucket is not needed")
    }
    var reader = KeyValueReader(text[text.startIndex..<(first?.lowerBound ?? text.endIndex)])
    while let pair = reader.next() { try take(pair) }
    try finishHead()
    var next = first
    while let place = next {
      let rest = text[place.upperBound...]
      next = rest.firstRange(of: "bucket=")
      try takeBucket(rest[rest.startIndex..<(next?.lowerBound ?? rest.endIndex)])
    }
    if change.type == .indirect, change.buckets.count > 1 {
      throw FlowTextError("Indirect groups can have at most one bucket.")
    }
    return ParsedGroup(change: change, formats: formats)
  }

  private mutating func take(_ pair: KeyValueReader.Pair) throws(FlowTextError) {
    switch pair.key.string {
    case "command_bucket_id": try takePlace(pair.value)
    case "group_id":
      change.group = pair.value.equals("all") ? GroupNumber.all : try parseUInt32(pair.value)
      guard change.group <= GroupNumber.maximum || change.group == GroupNumber.all else {
        throw FlowTextError("invalid group id \(change.group)")
      }
    case "type":
      guard makesGroup else { throw FlowTextError("type is not needed") }
      guard let named = GroupType(text: pair.value) else {
        throw FlowTextError("invalid group type \(pair.value.string)")
      }
      type = named
    case "selection_method":
      guard makesGroup else { throw FlowTextError("selection method is not needed") }
      guard pair.value.count < GroupProperty.methodByteCount else {
        throw FlowTextError("selection method is longer than \(GroupProperty.methodByteCount - 1) bytes long")
      }
      method = pair.value.isEmpty ? nil : GroupSelection.Method(name: pair.value.string)
      formats.formIntersection(Self.withBucketIDs)
    case "selection_method_param":
      guard makesGroup else { throw FlowTextError("selection method param is not needed") }
      selection.parameter = try parseUInt64(pair.value)
      formats.formIntersection(Self.withBucketIDs)
    case "fields":
      guard makesGroup else { throw FlowTextError("fields are not needed") }
      try takeFields(pair.value)
      formats.formIntersection(Self.withBucketIDs)
    default: throw FlowTextError("unknown keyword \(pair.key.string)")
    }
  }

  private mutating func takePlace(_ text: TextBytes) throws(FlowTextError) {
    guard isAboutBuckets else { throw FlowTextError("command bucket id is not needed") }
    switch text.string {
    case "all": change.place = .all
    case "first": change.place = .first
    case "last": change.place = .last
    default:
      change.place = BucketID(rawValue: try parseUInt32(text))
      guard change.place.isOne || change.place == .all else {
        throw FlowTextError("invalid command bucket id \(change.place.rawValue)")
      }
    }
    if change.place == .all, change.command != .removeBuckets {
      throw FlowTextError("command_bucket_id=all is not permitted")
    }
    hasPlace = true
  }

  private mutating func takeFields(_ text: TextBytes) throws(FlowTextError) {
    var reader = KeyValueReader(text)
    while let pair = reader.next() {
      guard let field = Field.named(pair.key.span), field.isStored else {
        throw FlowTextError("\(reader.rest.string): unknown field \(pair.key.string)")
      }
      var entry = GroupField(field, mask: GroupField.allOnes(field))
      let isKnown = selection.fields.contains { $0.field == field }
      if isKnown { throw FlowTextError("\(pair.key.string): duplicate field") }
      if !pair.value.isEmpty {
        entry.mask = try field.parseExact(pair.value, names: names)
        guard entry.mask != 0 else {
          throw FlowTextError(
            "\(reader.rest.string): values are wildcards here and must not be all-zeros")
        }
        guard entry.isValid else {
          throw FlowTextError("\(pair.value.string): invalid mask for field \(field.name)")
        }
      }
      _ = selection.insert(entry)
      formats.formIntersection(.expressing(field, mask: entry.mask))
    }
  }

  /// Checks what stands before the buckets as a whole.
  private mutating func finishHead() throws(FlowTextError) {
    if change.group == GroupNumber.any { throw FlowTextError("must specify a group_id") }
    if makesGroup {
      guard let type else { throw FlowTextError("must specify a type") }
      change.type = type
    }
    if method != .fields, !selection.fields.isEmpty {
      throw FlowTextError("fields may only be specified with \"selection_method=hash\"")
    }
    if let method {
      selection.method = method
      change.selection = selection
    } else if selection.parameter != 0 {
      throw FlowTextError("selection_method_param is only allowed with \"selection_method\"")
    }
    if change.command == .insertBuckets, !hasPlace {
      throw FlowTextError("must specify a command bucket id")
    }
  }

  private mutating func takeBucket(_ text: TextBytes) throws(FlowTextError) {
    var bucket = GroupBucket(weight: GroupBucket.defaultWeight(change.type))
    var actions: [UInt8] = []
    var reader = KeyValueReader(text)
    while let pair = reader.next() {
      if pair.key.equalsIgnoringCase("weight") {
        bucket.weight = try parseUInt16(pair.value, "weight")
      } else if pair.key.equalsIgnoringCase("watch_port") {
        guard let port = names.port(pair.value), port < .maximum || port == .none || port == .controller
        else { throw FlowTextError("\(pair.value.string): invalid watch_port") }
        bucket.watchPort = port
      } else if pair.key.equalsIgnoringCase("watch_group") {
        bucket.watchGroup = try parseUInt32(pair.value)
        guard bucket.watchGroup <= GroupNumber.maximum else {
          throw FlowTextError("invalid watch_group id \(bucket.watchGroup)")
        }
      } else if pair.key.equalsIgnoringCase("bucket_id") {
        bucket.id = BucketID(rawValue: try parseUInt32(pair.value))
        guard bucket.id.isBucket else { throw FlowTextError("invalid bucket_id id \(bucket.id.rawValue)") }
        formats.formIntersection(Self.withBucketIDs)
      } else if pair.key.equalsIgnoringCase("action") || pair.key.equalsIgnoringCase("actions") {
        actions += pair.value
        actions.append(UInt8(ascii: ","))
      } else {
        actions += pair.key
        actions.append(UInt8(ascii: "("))
        actions += pair.value
        actions += [UInt8(ascii: ")"), UInt8(ascii: ",")]
      }
    }
    guard !actions.isEmpty else { throw FlowTextError("bucket must specify actions") }
    if change.type == .fastFailover, !bucket.watches {
      throw FlowTextError("fast failover bucket requires watch_port or watch_group")
    }
    var parser = ActionParser(names: names)
    bucket.actions = try parser.parseActions(actions.dropLast())
    formats.formIntersection(parser.formats)
    if change.command != .insertBuckets, change.type != .select, bucket.weight != 0 {
      throw FlowTextError("Only select groups can have bucket weights.")
    }
    change.buckets.append(bucket)
  }
}

extension GroupType {
  /// The type with a name in flow syntax; nil if there is none.
  init?(text: TextBytes) {
    if text.equals("fast_failover") {
      self = .fastFailover
      return
    }
    for type in GroupType.allCases where text.equals(type.name) {
      self = type
      return
    }
    return nil
  }
}
