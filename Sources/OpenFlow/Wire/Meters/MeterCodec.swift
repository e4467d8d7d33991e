// Meters on the wire (OpenFlow 1.5.1, sections 7.3.4.5 and 7.3.5.12 to 7.3.5.14), the same in every version that has them.

extension MeterBand {
  /// Bands of every kind have the same length, in bytes.
  private static var byteCount: Int { 16 }

  /// Reads bands to the end.
  static func decodeList(_ reader: inout WireReader) throws(OpenFlowError) -> [MeterBand] {
    var bands: [MeterBand] = []
    while !reader.isAtEnd {
      guard reader.remaining >= byteCount, try reader.peek16(2) == byteCount else {
        throw .badRequestBadLength
      }
      guard let type = MeterBandType(rawValue: try reader.uint16()) else { throw .meterModFailedBadBand }
      try reader.skip(2)
      var band = MeterBand(type, rate: try reader.uint32(), burst: try reader.uint32())
      let precedence = try reader.uint8()
      if type == .remark { band.precedence = precedence }
      try reader.skip(3)
      bands.append(band)
    }
    return bands
  }

  func encode(to writer: inout WireWriter) {
    writer.uint16(type.rawValue)
    writer.uint16(UInt16(Self.byteCount))
    writer.uint32(rate)
    writer.uint32(burst)
    writer.uint8(precedence)
    writer.zeros(3)
  }
}

extension MeterMod {
  static func decode(_ reader: inout WireReader) throws(OpenFlowError) -> MeterMod {
    guard let command = MeterCommand(number: try reader.uint16()) else { throw .meterModFailedBadCommand }
    let flags = MeterFlags(rawValue: try reader.uint16())
    var change = MeterMod(command, MeterConfiguration(meter: try reader.uint32()))
    guard command != .delete else {
      try reader.skip(reader.remaining)
      return change
    }
    guard !flags.isSuperset(of: [.kilobits, .packets]) else { throw .meterModFailedBadFlags }
    change.meter.flags = flags
    change.meter.bands = try MeterBand.decodeList(&reader)
    return change
  }

  func encode(to writer: inout WireWriter) {
    writer.uint16(command.number)
    writer.uint16(command == .delete ? 0 : meter.flags.rawValue)
    writer.uint32(meter.meter)
    guard command != .delete else { return }
    for band in meter.bands { band.encode(to: &writer) }
  }
}

extension MeterConfiguration {
  private static var headerByteCount: Int { 8 }

  static func decode(_ reader: inout WireReader) throws(OpenFlowError) -> MeterConfiguration {
    guard reader.remaining >= headerByteCount else { throw .badRequestBadLength }
    let length = try Int(reader.peek16(0))
    guard length >= headerByteCount else { throw .badRequestBadLength }
    var body = try reader.part(length)
    try body.skip(2)
    let flags = MeterFlags(rawValue: try body.uint16())
    return MeterConfiguration(
      meter: try body.uint32(), flags: flags, bands: try MeterBand.decodeList(&body))
  }

  func encode(to writer: inout WireWriter) {
    let start = writer.count
    writer.uint16(0)
    writer.uint16(flags.rawValue)
    writer.uint32(meter)
    for band in bands { band.encode(to: &writer) }
    writer.patch16(UInt16(truncatingIfNeeded: writer.count &- start), at: start)
  }
}

extension MeterStatistics {
  private static var headerByteCount: Int { 40 }

  static func decode(_ reader: inout WireReader) throws(OpenFlowError) -> MeterStatistics {
    guard reader.remaining >= headerByteCount else { throw .badRequestBadLength }
    let length = try Int(reader.peek16(4))
    guard length >= headerByteCount, (length - headerByteCount) % PacketCount.byteCount == 0 else {
      throw .badRequestBadLength
    }
    var body = try reader.part(length)
    var statistics = MeterStatistics(meter: try body.uint32())
    try body.skip(8)
    statistics.flowCount = try body.uint32()
    statistics.count = try PacketCount(&body)
    statistics.durationSeconds = try body.uint32()
    statistics.durationNanoseconds = try body.uint32()
    while !body.isAtEnd { statistics.bands.append(try PacketCount(&body)) }
    return statistics
  }

  func encode(to writer: inout WireWriter) {
    let start = writer.count
    writer.uint32(meter)
    let lengthPlace = writer.count
    writer.zeros(8)
    writer.uint32(flowCount)
    count.encode(to: &writer)
    writer.uint32(durationSeconds)
    writer.uint32(durationNanoseconds)
    for band in bands { band.encode(to: &writer) }
    writer.patch16(UInt16(truncatingIfNeeded: writer.count &- start), at: lengthPlace)
  }
}

extension MeterFeatures {
  static func decode(_ reader: inout WireReader) throws(OpenFlowError) -> MeterFeatures {
    let features = MeterFeatures(
      meterLimit: try reader.uint32(), bandTypes: try reader.uint32(), capabilities: try reader.uint32(),
      bandLimit: try reader.uint8(), colorLimit: try reader.uint8())
    try reader.skip(2)
    return features
  }

  func encode(to writer: inout WireWriter) {
    writer.uint32(meterLimit)
    writer.uint32(bandTypes)
    writer.uint32(capabilities)
    writer.uint8(bandLimit)
    writer.uint8(colorLimit)
    writer.zeros(2)
  }
}
