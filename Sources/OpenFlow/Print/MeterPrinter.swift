// Messages about meters, as text.

extension MessagePrinter {
  func write(_ change: MeterMod, to writer: inout TextWriter) {
    writer.append(" ")
    writer.append(change.command.printedName)
    writer.append(" ")
    write(change.meter, to: &writer)
  }

  func write(meter: UInt32, to writer: inout TextWriter) {
    writer.append(" ")
    writer.meter(meter, separator: "=")
  }

  func write(_ meters: [MeterConfiguration], to writer: inout TextWriter) {
    for meter in meters {
      writer.append("\n")
      write(meter, to: &writer)
    }
  }

  private func write(_ meter: MeterConfiguration, to writer: inout TextWriter) {
    writer.meter(meter.meter, separator: "=")
    writer.append(" ")
    var rest = meter.flags
    for (flag, name) in MeterFlags.named where meter.flags.contains(flag) {
      writer.append("\(name) ")
      rest.remove(flag)
    }
    if !rest.isEmpty {
      writer.append("flags:")
      writer.hex(rest.rawValue)
      writer.append(" ")
    }
    writer.append("bands=")
    for band in meter.bands {
      writer.append("\ntype=\(band.type.name) rate=")
      writer.decimal(band.rate)
      if meter.flags.contains(.burst) {
        writer.append(" burst_size=")
        writer.decimal(band.burst)
      }
      if band.type == .remark {
        writer.append(" prec_level=")
        writer.decimal(band.precedence)
      }
    }
    writer.append("\n")
  }

  func write(_ meters: [MeterStatistics], to writer: inout TextWriter) {
    for meter in meters {
      writer.append("\n")
      writer.meter(meter.meter, separator: ":")
      writer.append(" flow_count:")
      writer.decimal(meter.flowCount)
      writer.append(" packet_in_count:")
      writer.decimal(meter.count.packets)
      writer.append(" byte_in_count:")
      writer.decimal(meter.count.bytes)
      writer.append(" duration:")
      writer.duration(meter.durationSeconds, meter.durationNanoseconds)
      writer.append(" bands:\n")
      for (index, band) in meter.bands.enumerated() {
        writer.append("\(index): packet_count:")
        writer.decimal(band.packets)
        writer.append(" byte_count:")
        writer.decimal(band.bytes)
        writer.append("\n")
      }
    }
  }

  func write(_ features: MeterFeatures, to writer: inout TextWriter) {
    writer.append("\nmax_meter:")
    writer.decimal(features.meterLimit)
    writer.append(" max_bands:")
    writer.decimal(features.bandLimit)
    writer.append(" max_color:")
    writer.decimal(features.colorLimit)
    writer.append("\nband_types: ")
    let types = MeterBandType.allCases.map { (bit: UInt32(1) << UInt32($0.rawValue), name: $0.name) }
    writer.bits(features.bandTypes, named: types)
    writer.append("\ncapabilities: ")
    writer.bits(
      features.capabilities, named: MeterFlags.named.map { (bit: UInt32($0.flag.rawValue), name: $0.name) })
    writer.append("\n")
  }
}

extension TextWriter {
  fileprivate mutating func meter(_ number: UInt32, separator: String) {
    append("meter\(separator)")
    if number <= MeterNumber.maximum {
      decimal(number)
    } else {
      append(MeterNumber.named.first { $0.number == number }?.name ?? "unknown")
    }
  }

  /// Writes the names of bits, and those that have none as a number.
  fileprivate mutating func bits(_ value: UInt32, named names: [(bit: UInt32, name: String)]) {
    var rest = value
    var separator = ""
    for (bit, name) in names where value & bit != 0 {
      append(separator + name)
      separator = " "
      rest &= ~bit
    }
    if rest != 0 || value == 0 {
      append(separator)
      if value == 0 { append("0") } else { hex(rest) }
    }
  }
}

extension MeterCommand {
  fileprivate var printedName: String {
    switch self {
    case .add: "ADD"
    case .modify: "MOD"
    case .delete: "DEL"
    }
  }
}
