extension FlowDescription {
  /// The flow as `ovs-ofctl dump-flows` prints it, with the space that each line begins with.
  ///
  /// Without statistics, what is zero is left out.
  @export(interface)
  public func text(showsStatistics: Bool = true, names: FlowNames = FlowNames()) -> String {
    var writer = TextWriter()
    write(showsStatistics: showsStatistics, names: names, to: &writer)
    return writer.bytes[...].string
  }

  /// Appends the flow as `ovs-ofctl dump-flows` prints it to UTF-8 text.
  @export(interface)
  public func write(showsStatistics: Bool = true, names: FlowNames = FlowNames(), to text: inout [UInt8]) {
    var writer = TextWriter()
    swap(&writer.bytes, &text)
    write(showsStatistics: showsStatistics, names: names, to: &writer)
    swap(&writer.bytes, &text)
  }

  private func write(showsStatistics: Bool, names: FlowNames, to writer: inout TextWriter) {
    writer.append(UInt8(ascii: " "))
    if showsStatistics || cookie != 0 {
      writer.append("cookie=")
      writer.hex(cookie)
      writer.append(", ")
    }
    if showsStatistics {
      writer.append("duration=")
      writer.duration(durationSeconds, durationNanoseconds)
      writer.append(", ")
    }
    if showsStatistics || table != 0 {
      writer.append("table=")
      names.write(table: table, to: &writer)
      writer.append(", ")
    }
    if showsStatistics {
      number("n_packets=", packetCount, to: &writer)
      number("n_bytes=", byteCount, to: &writer)
    }
    if idleTimeoutSeconds != 0 { number("idle_timeout=", UInt64(idleTimeoutSeconds), to: &writer) }
    if hardTimeoutSeconds != 0 { number("hard_timeout=", UInt64(hardTimeoutSeconds), to: &writer) }
    flags.write(to: &writer)
    if importance != 0 { number("importance=", UInt64(importance), to: &writer) }
    if showsStatistics, let age = idleAgeSeconds { number("idle_age=", UInt64(age), to: &writer) }
    if showsStatistics, let age = hardAgeSeconds, UInt32(age) != durationSeconds {
      number("hard_age=", UInt64(age), to: &writer)
    }
    let start = writer.bytes.count
    match.write(priority: priority, names: names, to: &writer)
    if writer.bytes.count > start { writer.append(UInt8(ascii: " ")) }
    writer.append("actions=")
    ActionFormatter(names: names).write(actions, to: &writer)
  }

  private func number(_ name: String, _ value: UInt64, to writer: inout TextWriter) {
    writer.append(name)
    writer.decimal(value)
    writer.append(", ")
  }
}

extension TextWriter {
  /// Seconds with as many decimals as they need: none, three, or nine.
  mutating func duration(_ seconds: UInt32, _ nanoseconds: UInt32) {
    decimal(seconds)
    if nanoseconds != 0 {
      append(UInt8(ascii: "."))
      let isMilliseconds = nanoseconds % 1_000_000 == 0
      let digits = String(isMilliseconds ? nanoseconds / 1_000_000 : nanoseconds)
      for _ in digits.utf8.count..<max(digits.utf8.count, isMilliseconds ? 3 : 9) {
        append(UInt8(ascii: "0"))
      }
      append(digits)
    }
    append(UInt8(ascii: "s"))
  }
}
