// Actions on the processing of a packet, as OVS's tools print them.

import Datapath

extension ActionFormatter {
  func writeMetadata(_ value: UInt64, _ mask: UInt64, to writer: inout TextWriter) {
    start(.writeMetadata, to: &writer)
    writer.alternateHex(value)
    if mask != ~0 {
      writer.append("/")
      writer.alternateHex(mask)
    }
  }

  func finTimeout(_ idle: UInt16, _ hard: UInt16, to writer: inout TextWriter) {
    begin(.finTimeout, to: &writer)
    if idle != 0 {
      writer.append("idle_timeout=")
      writer.decimal(idle)
      writer.append(",")
    }
    if hard != 0 {
      writer.append("hard_timeout=")
      writer.decimal(hard)
      writer.append(",")
    }
    writer.dropComma()
    writer.append(")")
  }

  func write(_ action: ConjunctionAction, to writer: inout TextWriter) {
    begin(.conjunction, to: &writer)
    writer.decimal(action.id)
    writer.append(",")
    writer.decimal(UInt16(action.clause) + 1)
    writer.append("/")
    writer.decimal(action.clauseCount)
    writer.append(")")
  }

  func write(_ action: SampleAction, to writer: inout TextWriter) {
    begin(.sample, to: &writer)
    writer.append("probability=")
    writer.decimal(action.probability)
    writer.append(",collector_set_id=")
    writer.decimal(action.collectorSet)
    writer.append(",obs_domain_id=")
    writer.decimal(action.observationDomain)
    writer.append(",obs_point_id=")
    writer.decimal(action.observationPoint)
    if action.samplingPort != .none {
      writer.append(",sampling_port=")
      names.write(action.samplingPort, to: &writer)
    }
    switch action.direction {
    case .unspecified: break
    case .ingress: writer.append(",ingress")
    case .egress: writer.append(",egress")
    }
    writer.append(")")
  }

  // MARK: Connection tracking

  func write(_ action: ConnectionTrackAction, to writer: inout TextWriter) {
    begin(.connectionTrack, to: &writer)
    if action.commits { writer.append("commit,") }
    if action.forces { writer.append("force,") }
    if let table = action.table {
      writer.append("table=")
      names.write(table: table, to: &writer)
      writer.append(",")
    }
    if let source = action.zoneSource {
      writer.append("zone=")
      source.write(to: &writer)
      writer.append(",")
    } else if action.zone != 0 {
      writer.append("zone=")
      writer.decimal(action.zone)
      writer.append(",")
    }
    var executed = action.actions[...]
    if case .nat(let nat)? = executed.first {
      write(nat, to: &writer)
      writer.append(",")
      executed = executed.dropFirst()
    }
    if !executed.isEmpty {
      writer.append("exec(")
      write(Array(executed), to: &writer)
      writer.append("),")
    }
    switch action.helperPort {
    case 0: break
    case 21: writer.append("alg=ftp,")
    case 69: writer.append("alg=tftp,")
    default:
      writer.append("alg=")
      writer.decimal(action.helperPort)
      writer.append(",")
    }
    writer.dropComma()
    writer.append(")")
  }

  func write(_ action: NATAction, to writer: inout TextWriter) {
    writer.append(ActionTable.row(.nat).name)
    guard action.direction != .existing else { return }
    writer.append(action.direction == .source ? "(src" : "(dst")
    switch action.addresses {
    case .none: break
    case .ipv4(let first, let last):
      writer.append("=")
      writer.ipv4(first)
      if last != first {
        writer.append("-")
        writer.ipv4(last)
      }
    case .ipv6(let first, let last):
      writer.append("=")
      write(first, last, hasPorts: action.minimumPort != 0, to: &writer)
    }
    if action.addresses != .none && action.minimumPort != 0 {
      writer.append(":")
      writer.decimal(action.minimumPort)
      if action.maximumPort != 0 && action.maximumPort != action.minimumPort {
        writer.append("-")
        writer.decimal(action.maximumPort)
      }
    }
    if action.isPersistent { writer.append(",persistent") }
    switch action.selection {
    case .unspecified: break
    case .hash: writer.append(",hash")
    case .random: writer.append(",random")
    }
    writer.append(")")
  }

  /// IPv6 addresses, in brackets if ports follow.
  private func write(_ first: FieldValue, _ last: FieldValue, hasPorts: Bool, to writer: inout TextWriter) {
    let addresses = first == last ? [first] : [first, last]
    for (index, address) in addresses.enumerated() {
      if index > 0 { writer.append("-") }
      if hasPorts { writer.append("[") }
      writer.ipv6(address)
      if hasPorts { writer.append("]") }
    }
  }

  // MARK: Learning

  func write(_ action: LearnAction, to writer: inout TextWriter) {
    begin(.learn, to: &writer)
    writer.append("table=")
    names.write(table: action.table, to: &writer)
    number("idle_timeout", action.idleTimeoutSeconds, to: &writer)
    number("hard_timeout", action.hardTimeoutSeconds, to: &writer)
    number("fin_idle_timeout", action.finIdleTimeoutSeconds, to: &writer)
    number("fin_hard_timeout", action.finHardTimeoutSeconds, to: &writer)
    if action.priority != 0x8000 {
      writer.append(",priority=")
      writer.decimal(action.priority)
    }
    if action.sendsFlowRemoved { writer.append(",send_flow_rem") }
    if action.deletesLearned { writer.append(",delete_learned") }
    if action.cookie != 0 {
      writer.append(",cookie=")
      writer.hex(action.cookie)
    }
    number("limit", action.limit, to: &writer)
    if let result = action.result {
      writer.append(",result_dst=")
      result.write(to: &writer)
    }
    for specification in action.specifications {
      writer.append(",")
      write(specification, to: &writer)
    }
    writer.append(")")
  }

  /// A property, unless it is zero.
  private func number(
    _ name: String, _ value: some UnsignedInteger & FixedWidthInteger, to writer: inout TextWriter
  ) {
    guard value != 0 else { return }
    writer.append(",")
    writer.append(name)
    writer.append("=")
    writer.decimal(value)
  }

  private func write(_ specification: LearnSpecification, to writer: inout TextWriter) {
    switch (specification.source, specification.destination) {
    case (.value(let value), .match(let destination)):
      if destination.isWholeField {
        writer.append(destination.field.name)
        writer.append("=")
        let field = destination.field
        field.write(value, mask: field.validBits, names: names, to: &writer)
      } else {
        destination.write(to: &writer)
        writer.append("=")
        writer.alternateHex(wide: value)
      }
    case (.field(let source), .match(let destination)):
      destination.write(to: &writer)
      guard source != destination else { return }
      writer.append("=")
      source.write(to: &writer)
    case (.value(let value), .load(let destination)):
      writer.append(ActionTable.row(.setField).secondWord)
      writer.append(":")
      writer.alternateHex(wide: value)
      writer.append("->")
      destination.write(to: &writer)
    case (.field(let source), .load(let destination)):
      writer.append(ActionTable.row(.setField).secondWord)
      writer.append(":")
      source.write(to: &writer)
      writer.append("->")
      destination.write(to: &writer)
    case (.field(let source), .output):
      start(.output, to: &writer)
      source.write(to: &writer)
    case (.value(let value), .output):
      start(.output, to: &writer)
      writer.alternateHex(wide: value)
    }
  }
}
