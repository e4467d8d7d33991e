// What: the syntax of meters, ovs-ofctl(8), "Meter Syntax".
//
// How: bands come last. The text is cut at the word that begins with `band`; what stands before is words and pairs, and so is what
// stands behind, where each `type` begins a band.

import Datapath

/// A change to the meter table as read from text, and the OpenFlow forms that can carry it.
public struct ParsedMeter: Equatable, Sendable {
  /// What to do.
  public var change: MeterMod
  /// The forms that can carry it.
  public var formats: FlowFormats
}

extension FlowParser {
  /// Reads a meter for a command, as the argument of `ovs-ofctl add-meter` and its like.
  @export(interface)
  public func meter(_ text: String, _ command: MeterCommand) throws(FlowTextError) -> ParsedMeter {
    var reader = MeterReader(command: command)
    return try reader.read(Array(text.utf8)[...])
  }

  /// Reads which meter a request is about.
  @export(interface)
  public func meterNumber(_ text: String) throws(FlowTextError) -> UInt32 {
    try meter(text, .delete).change.meter.meter
  }
}

/// Cuts a text into words, as the C library's `strtok_r` does.
private struct WordReader {
  private static let blanks: [UInt8] = Array(", \t\r\n".utf8)
  private var rest: TextBytes

  init(_ text: TextBytes) { rest = text }

  /// The next word, which ends at a blank, a comma or an equals sign; nil at the end.
  mutating func name() -> TextBytes? { next(Self.blanks + [UInt8(ascii: "=")]) }

  /// The next word, in which equals signs may stand.
  mutating func value() -> TextBytes? { next(Self.blanks) }

  private mutating func next(_ separators: [UInt8]) -> TextBytes? {
    guard let start = rest.firstIndex(where: { !separators.contains($0) }) else {
      rest = []
      return nil
    }
    let end = rest[start...].firstIndex { separators.contains($0) } ?? rest.endIndex
    let word = rest[start..<end]
    rest = end < rest.endIndex ? rest[(end + 1)...] : []
    return word
  }
}

private struct MeterReader {
  /// Meters are OpenFlow 1.3's.
  private let formats: FlowFormats = .openFlow13Up
  private var change: MeterMod

  init(command: MeterCommand) { change = MeterMod(command, MeterConfiguration(meter: 0)) }

  private var hasBands: Bool { change.command != .delete }

  mutating func read(_ text: TextBytes) throws(FlowTextError) -> ParsedMeter {
    guard hasBands else {
      try readHead(text)
      return ParsedMeter(change: change, formats: formats)
    }
    guard let band = text.firstRange(of: "band"),
      let equals = text[(band.lowerBound + 1)...].firstIndex(of: UInt8(ascii: "="))
    else { throw FlowTextError("must specify bands") }
    try readHead(text[..<band.lowerBound])
    if change.meter.flags.isEmpty {
      throw FlowTextError("meter must specify either 'kbps' or 'pktps'")
    }
    try readBands(text[(equals + 1)...])
    return ParsedMeter(change: change, formats: formats)
  }

  private mutating func readHead(_ text: TextBytes) throws(FlowTextError) {
    var reader = WordReader(text)
    while let name = reader.name() {
      if hasBands, let known = MeterFlags.named.first(where: { name.equals($0.name) }) {
        change.meter.flags.insert(known.flag)
        continue
      }
      guard let value = reader.value() else { throw FlowTextError("field \(name.string) missing value") }
      guard name.equals("meter") else { throw FlowTextError("unknown keyword \(name.string)") }
      try take(meter: value)
    }
    if change.meter.meter == 0 { throw FlowTextError("must specify 'meter'") }
  }

  private mutating func take(meter text: TextBytes) throws(FlowTextError) {
    if let special = MeterNumber.named.first(where: { text.equals($0.name) }) {
      change.meter.meter = special.number
      return
    }
    change.meter.meter = try parseUInt32(text)
    guard change.meter.meter != 0, change.meter.meter <= MeterNumber.maximum else {
      throw FlowTextError("invalid value for meter")
    }
  }

  private mutating func readBands(_ text: TextBytes) throws(FlowTextError) {
    var reader = WordReader(text)
    var bands: [MeterBand] = []
    while let name = reader.name() {
      guard let value = reader.value() else { throw FlowTextError("field \(name.string) missing value") }
      if name.equals("type") {
        guard let type = MeterBandType.allCases.first(where: { value.equals($0.name) }) else {
          throw FlowTextError("field type unknown value \(value.string)")
        }
        bands.append(MeterBand(type, rate: 0))
        continue
      }
      guard let last = bands.indices.last else {
        throw FlowTextError("band must start with the 'type' keyword")
      }
      switch name.string {
      case "rate": bands[last].rate = try parseUInt32(value)
      case "burst_size": bands[last].burst = try parseUInt32(value)
      case "prec_level": bands[last].precedence = try parseUInt8(value, "prec_level")
      default: throw FlowTextError("unknown keyword \(name.string)")
      }
    }
    guard !bands.isEmpty else { throw FlowTextError("meter must have bands") }
    for band in bands { try check(band) }
    change.meter.bands = bands
  }

  private func check(_ band: MeterBand) throws(FlowTextError) {
    if band.type == .remark, band.precedence == 0 {
      throw FlowTextError("'dscp_remark' band must have 'prec_level'")
    }
    if band.type != .remark, band.precedence != 0 {
      throw FlowTextError("Only 'dscp_remark' band may have 'prec_level'")
    }
    if band.rate == 0 { throw FlowTextError("band must have 'rate'") }
    let hasBurst = change.meter.flags.contains(.burst)
    if hasBurst, band.burst == 0 {
      throw FlowTextError("band must have 'burst_size' when 'burst' flag is set")
    }
    if !hasBurst, band.burst != 0 {
      throw FlowTextError("band may have 'burst_size' only when 'burst' flag is set")
    }
  }
}
