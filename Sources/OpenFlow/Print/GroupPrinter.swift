import Datapath

// Messages about groups, as text.

extension MessagePrinter {
  func write(_ change: GroupMod, _ version: OpenFlowVersion, to writer: inout TextWriter) {
    writer.append("\n ")
    writer.append(change.command.printedName)
    writer.append(" ")
    let isAboutBuckets = change.command == .insertBuckets || change.command == .removeBuckets
    if isAboutBuckets { write("command_bucket_id:", change.place, version, to: &writer) }
    let description = GroupDescription(
      group: change.group, type: change.type, buckets: change.buckets, selection: change.selection)
    write(description, version, hasType: !isAboutBuckets, to: &writer)
  }

  func write(_ groups: [GroupDescription], _ version: OpenFlowVersion, to writer: inout TextWriter) {
    for group in groups {
      writer.append("\n ")
      write(group, version, hasType: true, to: &writer)
    }
  }

  private func write(
    _ group: GroupDescription, _ version: OpenFlowVersion, hasType: Bool, to writer: inout TextWriter
  ) {
    writer.append("group_id=")
    writer.decimal(group.group)
    if hasType { writer.append(",type=\(group.type.name)") }
    if let selection = group.selection { write(selection, to: &writer) }
    for bucket in group.buckets {
      writer.append(",bucket=")
      write("bucket_id:", bucket.id, version, to: &writer)
      if bucket.weight != GroupBucket.defaultWeight(group.type) {
        writer.append("weight:")
        writer.decimal(bucket.weight)
        writer.append(",")
      }
      if bucket.watchPort != .none {
        writer.append("watch_port:")
        names.write(bucket.watchPort, to: &writer)
        writer.append(",")
      }
      if bucket.watchGroup != GroupNumber.any {
        writer.append("watch_group:")
        writer.decimal(bucket.watchGroup)
        writer.append(",")
      }
      writer.append("actions=")
      ActionFormatter(names: names).write(bucket.actions, to: &writer)
    }
  }

  /// Writes an identifier, where the version has it, with a comma behind.
  private func write(
    _ label: String, _ id: BucketID, _ version: OpenFlowVersion, to writer: inout TextWriter
  ) {
    guard version.hasBucketIDs else { return }
    writer.append(label)
    switch id {
    case .first: writer.append("first")
    case .last: writer.append("last")
    case .all: writer.append("all")
    default: writer.decimal(id.rawValue)
    }
    writer.append(",")
  }

  private func write(_ selection: GroupSelection, to writer: inout TextWriter) {
    writer.append(",selection_method=\(selection.method.name)")
    if selection.parameter != 0 {
      writer.append(",selection_method_param=")
      writer.decimal(selection.parameter)
    }
    guard !selection.fields.isEmpty else { return }
    let isList = selection.fields.count > 1
    writer.append(isList ? ",fields(" : ",fields=")
    selection.writeFields(to: &writer)
    if isList { writer.append(")") }
  }

  func write(group: UInt32, to writer: inout TextWriter) {
    writer.append(" group_id=")
    switch group {
    case GroupNumber.all: writer.append("ALL")
    case GroupNumber.any: writer.append("ANY")
    default: writer.decimal(group)
    }
  }

  func write(_ groups: [GroupStatistics], to writer: inout TextWriter) {
    for group in groups {
      writer.append("\n group_id=")
      writer.decimal(group.group)
      if let seconds = group.durationSeconds {
        writer.append(",duration=")
        writer.duration(seconds, group.durationNanoseconds)
      }
      writer.append(",ref_count=")
      writer.decimal(group.references)
      writer.append(",")
      write(group.count, to: &writer)
      for (index, bucket) in group.buckets.enumerated() where bucket.packets != .max {
        writer.append(",bucket\(index):")
        write(bucket, to: &writer)
      }
    }
  }

  private func write(_ count: PacketCount, to writer: inout TextWriter) {
    writer.append("packet_count=")
    writer.decimal(count.packets)
    writer.append(",byte_count=")
    writer.decimal(count.bytes)
  }

  func write(_ features: GroupFeatures, _ version: OpenFlowVersion, to writer: inout TextWriter) {
    writer.append("\n Group table:\n    Types:  ")
    writer.hex(features.types)
    writer.append("\n    Capabilities:  ")
    writer.hex(features.capabilities.rawValue)
    writer.append("\n")
    for type in GroupType.allCases where features.types & 1 << UInt32(type.rawValue) != 0 {
      let index = Int(type.rawValue)
      writer.append("    \(type == .fastFailover ? "fast failover" : type.name) group:\n       max_groups=")
      writer.alternateHex(UInt64(features.limits[index]))
      writer.append("\n       actions:")
      let names = GroupFeatures.actionBits(version).filter { features.actions[index] & $0.bit != 0 }
      if names.isEmpty { writer.append(" <none>") }
      for action in names { writer.append(" \(action.name)") }
      writer.append("\n")
    }
  }

  /// Writes what another controller asked for; bytes that can't be read are an error of the whole message.
  func write(_ forward: RequestForward, to writer: inout TextWriter) {
    guard let request = try? Message.decode(forward.message) else { return }
    writer.append(" reason=")
    switch request.message {
    case .groupModification(let change):
      writer.append("group_mod")
      write(change, request.version, to: &writer)
    case .meterModification(let change):
      writer.append("meter_mod")
      write(change, to: &writer)
    default: break
    }
  }
}

extension GroupSelection {
  /// The fields that are hashed, as they are printed.
  public var fieldText: String {
    var writer = TextWriter()
    writeFields(to: &writer)
    return writer.bytes[...].string
  }

  fileprivate func writeFields(to writer: inout TextWriter) {
    for (index, entry) in fields.enumerated() {
      if index > 0 { writer.append(",") }
      writer.append(entry.field.name)
      guard !entry.isExact else { continue }
      writer.append("=")
      entry.field.write(entry.mask, mask: entry.field.validBits, names: FlowNames(), to: &writer)
    }
  }
}

extension GroupCommand {
  fileprivate var printedName: String {
    switch self {
    case .add: "ADD"
    case .modify: "MOD"
    case .addOrModify: "ADD_OR_MOD"
    case .delete: "DEL"
    case .insertBuckets: "INSERT_BUCKET"
    case .removeBuckets: "REMOVE_BUCKET"
    }
  }
}
