// Meters: the family `ovs_meter` of Linux's `openvswitch.h`.

/// Commands about meters (`OVS_METER_CMD_*`).
public enum DatapathMeterCommand: UInt8, Sendable {
  /// Asks what meters there may be.
  case features = 1
  /// Adds or changes a meter.
  case set = 2
  /// Removes one.
  case delete = 3
  /// Asks for one, or with the dump flag for all, which Linux does not know.
  case get = 4
}

/// A message about meters.
public struct MeterMessage: Equatable, Sendable {
  /// The meter's number.
  public var id: UInt32?
  /// The meter, or of features the kinds of bands that there are.
  public var meter: DatapathMeter?
  /// How many meters there may be, in features.
  public var meterLimit: UInt32?
  /// How many bands a meter may have, in features.
  public var bandLimit: UInt32?

  /// Makes a message.
  public init(id: UInt32? = nil, _ meter: DatapathMeter? = nil) {
    self.id = id
    self.meter = meter
  }

  /// What an engine can do.
  static var features: MeterMessage {
    var message = MeterMessage()
    message.meter = DatapathMeter(
      countsKilobits: false,
      bands: [DatapathMeterBand(.drop, rate: 0), DatapathMeterBand(.remark, rate: 0)])
    message.meterLimit = UInt32(SharedMeters.limit)
    message.bandLimit = UInt32(SharedMeters.bandLimit)
    return message
  }

  /// Attributes (`enum ovs_meter_attr`).
  private enum Number {
    static let id: UInt16 = 1
    static let countsKilobits: UInt16 = 2
    static let statistics: UInt16 = 3
    static let bands: UInt16 = 4
    static let used: UInt16 = 5
    static let meterLimit: UInt16 = 7
    static let bandLimit: UInt16 = 8
  }
  /// Attributes of a band (`enum ovs_band_attr`).
  private enum BandNumber {
    static let kind: UInt16 = 1
    static let rate: UInt16 = 2
    static let burst: UInt16 = 3
    static let statistics: UInt16 = 4
    /// By how much a drop precedence is raised; numbers from 64 on are this datapath's own.
    static let precedence: UInt16 = 64
  }
  private static var band: UInt16 { 0 }
  /// Bands of a message that are read at most.
  private static var maximumBandCount: Int { 256 }

  func encode(into writer: inout AttributeWriter) {
    if let id { writer.put(Number.id, uint32: id) }
    if let meter {
      if meter.countsKilobits { writer.put(flag: Number.countsKilobits) }
      meter.count.encode(into: &writer, as: Number.statistics)
      writer.put(Number.used, uint64: meter.usedMilliseconds)
      let start = writer.begin(Number.bands)
      for band in meter.bands { encode(band, into: &writer) }
      writer.finish(start)
    }
    if let meterLimit { writer.put(Number.meterLimit, uint32: meterLimit) }
    if let bandLimit { writer.put(Number.bandLimit, uint32: bandLimit) }
  }

  private func encode(_ band: DatapathMeterBand, into writer: inout AttributeWriter) {
    let start = writer.begin(Self.band)
    writer.put(BandNumber.kind, uint32: UInt32(band.kind.rawValue))
    writer.put(BandNumber.rate, uint32: band.rate)
    writer.put(BandNumber.burst, uint32: band.burst)
    band.count.encode(into: &writer, as: BandNumber.statistics)
    if band.kind == .remark { writer.put(BandNumber.precedence, uint8: band.precedence) }
    writer.finish(start)
  }

  init(decoding reader: inout AttributeReader) throws(MessageError) {
    var read = DatapathMeter(countsKilobits: false, bands: [])
    var hasBands = false
    while let attribute = try reader.next() {
      switch attribute.type {
      case Number.id: id = try attribute.uint32()
      case Number.countsKilobits: read.countsKilobits = true
      case Number.statistics: read.count = try DatapathMeterCount(decoding: attribute)
      case Number.used: read.usedMilliseconds = try attribute.uint64()
      case Number.bands:
        hasBands = true
        var bands = try attribute.nested()
        while let band = try bands.next() {
          guard read.bands.count < Self.maximumBandCount else {
            throw .invalidValue(attribute: attribute.type)
          }
          read.bands.append(try Self.band(band))
        }
      case Number.meterLimit: meterLimit = try attribute.uint32()
      case Number.bandLimit: bandLimit = try attribute.uint32()
      default: break
      }
    }
    if hasBands { meter = read }
  }

  private static func band(_ attribute: Attribute) throws(MessageError) -> DatapathMeterBand {
    var band = DatapathMeterBand(.drop, rate: 0)
    var kind: DatapathMeterBand.Kind?
    var reader = try attribute.nested()
    while let attribute = try reader.next() {
      switch attribute.type {
      case BandNumber.kind:
        kind = DatapathMeterBand.Kind(rawValue: UInt8(clamping: try attribute.uint32()))
        guard kind != nil else { throw .invalidValue(attribute: attribute.type) }
      case BandNumber.rate: band.rate = try attribute.uint32()
      case BandNumber.burst: band.burst = try attribute.uint32()
      case BandNumber.statistics: band.count = try DatapathMeterCount(decoding: attribute)
      case BandNumber.precedence:
        try attribute.require(byteCount: 1)
        band.precedence = attribute.byte(at: 0)
      default: break
      }
    }
    guard let kind else { throw .missing(attribute: BandNumber.kind) }
    band.kind = kind
    return band
  }
}

extension DatapathMeterCount {
  /// Writes the counters as a `struct ovs_flow_stats`.
  fileprivate func encode(into writer: inout AttributeWriter, as type: UInt16) {
    let start = writer.begin(type)
    writer.append(littleEndian: packets, byteCount: 8)
    writer.append(littleEndian: bytes, byteCount: 8)
    writer.finish(start)
  }

  fileprivate init(decoding attribute: Attribute) throws(MessageError) {
    try attribute.require(byteCount: 16)
    self.init(
      packets: attribute.littleEndian(at: 0, byteCount: 8), bytes: attribute.littleEndian(at: 8, byteCount: 8)
    )
  }
}
