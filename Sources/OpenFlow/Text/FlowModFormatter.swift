extension FlowMod {
  /// The change as OVS's tools print it in messages, such as `ADD table:1 ip actions=drop`.
  @export(interface)
  public func text(names: FlowNames = FlowNames()) -> String {
    var writer = TextWriter()
    writer.append(commandName)
    if table != 0 {
      writer.append(" table:")
      if let table { names.write(table: table, to: &writer) } else { writer.append("255") }
    }
    writer.append(" ")
    match.write(priority: priority, names: names, to: &writer)
    if writer.bytes.last != 0x20 { writer.append(" ") }
    if newCookie != 0 && newCookie != ~0 {
      writer.append("cookie:")
      writer.hex(newCookie)
      writer.append(" ")
    }
    if cookieMask != 0 {
      writer.append("cookie:")
      writer.hex(cookie)
      writer.append("/")
      writer.hex(cookieMask)
      writer.append(" ")
    }
    number("idle:", idleTimeoutSeconds, to: &writer)
    number("hard:", hardTimeoutSeconds, to: &writer)
    number("importance:", importance, to: &writer)
    if buffer != ~0 {
      writer.append("buf:")
      writer.hex(buffer)
      writer.append(" ")
    }
    if outPort != .none {
      writer.append("out_port:")
      names.write(outPort, to: &writer)
      writer.append(" ")
    }
    if outGroup != ~0 {
      writer.append("out_group:")
      writer.decimal(outGroup)
      writer.append(" ")
    }
    flags.write(to: &writer)
    writer.append("actions=")
    ActionFormatter(names: names).write(actions, to: &writer)
    return writer.bytes[...].string
  }

  private func number(_ name: String, _ value: UInt16, to writer: inout TextWriter) {
    guard value != 0 else { return }
    writer.append(name)
    writer.decimal(value)
    writer.append(" ")
  }

  private var commandName: String {
    switch command {
    case .add: "ADD"
    case .modify: "MOD"
    case .modifyStrict: "MOD_STRICT"
    case .delete: "DEL"
    case .deleteStrict: "DEL_STRICT"
    }
  }
}

extension FlowFlags {
  /// Writes the names of the flags, each with a space after it.
  func write(to writer: inout TextWriter) {
    if contains(.sendFlowRemoved) { writer.append("send_flow_rem ") }
    if contains(.checkOverlap) { writer.append("check_overlap ") }
    if contains(.resetCounts) { writer.append("reset_counts ") }
    if contains(.noPacketCounts) { writer.append("no_packet_counts ") }
    if contains(.noByteCounts) { writer.append("no_byte_counts ") }
  }
}
