// What: meters as OpenFlow describes them: rates, and what is done with the packets that come faster (OpenFlow 1.5.1,
// section 5.11).
//
// How: one form for every version that has them; `Wire/Meters` has how it is said, `Text/MeterParser.swift` the syntax.

/// What to do to the meter table.
public enum MeterCommand: CaseIterable, Sendable {
  case add, modify, delete
}

/// How a meter measures (OFPMF_*).
public struct MeterFlags: OptionSet, Hashable, Sendable {
  /// The bits.
  public var rawValue: UInt16
  /// Makes a set from its bits.
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// Rates are in kilobits a second.
  public static var kilobits: MeterFlags { .init(rawValue: 1 << 0) }
  /// Rates are in packets a second.
  public static var packets: MeterFlags { .init(rawValue: 1 << 1) }
  /// Bands say how much may come at once.
  public static var burst: MeterFlags { .init(rawValue: 1 << 2) }
  /// Statistics are wanted.
  public static var statistics: MeterFlags { .init(rawValue: 1 << 3) }

  /// The flags that there are, with their names, in the order in which they are printed.
  static var named: [(flag: MeterFlags, name: String)] {
    [(.kilobits, "kbps"), (.packets, "pktps"), (.burst, "burst"), (.statistics, "stats")]
  }
}

/// What a band does with a packet (OFPMBT_*).
public enum MeterBandType: UInt16, CaseIterable, Sendable {
  /// Drops it.
  case drop = 1
  /// Raises its drop precedence.
  case remark = 2

  /// The name in flow syntax.
  public var name: String {
    switch self {
    case .drop: "drop"
    case .remark: "dscp_remark"
    }
  }
}

/// A band of a meter.
public struct MeterBand: Equatable, Sendable {
  /// What it does with a packet.
  public var type: MeterBandType
  /// Kilobits, or packets, a second.
  public var rate: UInt32
  /// Kilobits, or packets, that may come at once, if the meter's flags say that it matters.
  public var burst: UInt32
  /// By how much the drop precedence is raised.
  public var precedence: UInt8

  /// Makes a band.
  public init(_ type: MeterBandType, rate: UInt32, burst: UInt32 = 0, precedence: UInt8 = 0) {
    self.type = type
    self.rate = rate
    self.burst = burst
    self.precedence = precedence
  }
}

/// A meter, as it is set and as a switch describes it.
public struct MeterConfiguration: Equatable, Sendable {
  /// The meter.
  public var meter: UInt32
  /// How it measures.
  public var flags: MeterFlags
  /// Its bands.
  public var bands: [MeterBand]

  /// Makes a meter.
  public init(meter: UInt32, flags: MeterFlags = [], bands: [MeterBand] = []) {
    self.meter = meter
    self.flags = flags
    self.bands = bands
  }
}

/// A change to the meter table.
public struct MeterMod: Equatable, Sendable {
  /// What to do.
  public var command: MeterCommand
  /// The meter; to delete, its number alone matters, which may be `MeterNumber.all`.
  public var meter: MeterConfiguration

  /// Makes a change.
  public init(_ command: MeterCommand, _ meter: MeterConfiguration) {
    self.command = command
    self.meter = meter
  }
}

/// What a meter has counted.
public struct MeterStatistics: Equatable, Sendable {
  /// The meter.
  public var meter: UInt32
  /// How many flows use it.
  public var flowCount: UInt32
  /// The packets that came.
  public var count: PacketCount
  /// How long it has existed, whole seconds.
  public var durationSeconds: UInt32
  /// The rest of that time.
  public var durationNanoseconds: UInt32
  /// The packets that each band was applied to.
  public var bands: [PacketCount]

  /// Makes statistics.
  public init(
    meter: UInt32, flowCount: UInt32 = 0, count: PacketCount = PacketCount(), durationSeconds: UInt32 = 0,
    durationNanoseconds: UInt32 = 0, bands: [PacketCount] = []
  ) {
    self.meter = meter
    self.flowCount = flowCount
    self.count = count
    self.durationSeconds = durationSeconds
    self.durationNanoseconds = durationNanoseconds
    self.bands = bands
  }
}

/// What a switch can do with meters.
public struct MeterFeatures: Equatable, Sendable {
  /// How many meters there may be.
  public var meterLimit: UInt32
  /// The kinds of bands that there are, as bits by their numbers.
  public var bandTypes: UInt32
  /// The flags that there are, as bits.
  public var capabilities: UInt32
  /// How many bands a meter may have.
  public var bandLimit: UInt8
  /// The highest colour.
  public var colorLimit: UInt8

  /// Makes features.
  public init(
    meterLimit: UInt32, bandTypes: UInt32, capabilities: UInt32, bandLimit: UInt8, colorLimit: UInt8
  ) {
    self.meterLimit = meterLimit
    self.bandTypes = bandTypes
    self.capabilities = capabilities
    self.bandLimit = bandLimit
    self.colorLimit = colorLimit
  }

  /// The features of a switch that has every kind of band and every flag.
  public init(meterLimit: UInt32, bandLimit: UInt8) {
    var types: UInt32 = 0
    for type in MeterBandType.allCases { types |= 1 << UInt32(type.rawValue) }
    var flags: MeterFlags = []
    for entry in MeterFlags.named { flags.insert(entry.flag) }
    self.init(
      meterLimit: meterLimit, bandTypes: types, capabilities: UInt32(flags.rawValue), bandLimit: bandLimit,
      colorLimit: 0)
  }
}
