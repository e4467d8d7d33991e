// What: a meter, as the control side of a datapath gives it and asks about it (OpenFlow 1.5.1, section 5.11).

/// A band of a meter: what is done with packets beyond a rate.
public struct DatapathMeterBand: Equatable, Sendable {
  /// What is done with a packet, by the band types of OpenFlow.
  public enum Kind: UInt8, Sendable {
    /// It is dropped.
    case drop = 1
    /// Its drop precedence is raised (RFC 2597, section 6).
    case remark = 2
  }

  /// What is done.
  public var kind: Kind
  /// Kilobits, or packets, a second.
  public var rate: UInt32
  /// Kilobits, or packets, that may come at once; 0 for what comes in a second.
  public var burst: UInt32
  /// By how much the drop precedence is raised.
  public var precedence: UInt8
  /// The packets that it was applied to.
  public var count: DatapathMeterCount

  /// Makes a band that has counted nothing.
  public init(_ kind: Kind, rate: UInt32, burst: UInt32 = 0, precedence: UInt8 = 0) {
    self.kind = kind
    self.rate = rate
    self.burst = burst
    self.precedence = precedence
    count = DatapathMeterCount()
  }
}

/// Packets and bytes that a meter, or one of its bands, has counted.
public struct DatapathMeterCount: Equatable, Sendable, BitwiseCopyable {
  /// Packets.
  public var packets: UInt64
  /// Their bytes.
  public var bytes: UInt64

  /// Makes counters.
  public init(packets: UInt64 = 0, bytes: UInt64 = 0) {
    self.packets = packets
    self.bytes = bytes
  }

  /// Counts a packet.
  @inline(__always)
  mutating func add(byteCount: Int) {
    packets &+= 1
    bytes &+= UInt64(truncatingIfNeeded: byteCount)
  }
}

/// A meter with its bands.
public struct DatapathMeter: Equatable, Sendable {
  /// Whether rates are in kilobits a second; otherwise in packets.
  public var countsKilobits: Bool
  /// The bands; of those that a packet exceeds, the one with the highest rate is applied.
  public var bands: [DatapathMeterBand]
  /// The packets that came.
  public var count: DatapathMeterCount
  /// When the last one came, in milliseconds.
  public var usedMilliseconds: UInt64

  /// Makes a meter that has counted nothing.
  public init(countsKilobits: Bool, bands: [DatapathMeterBand]) {
    self.countsKilobits = countsKilobits
    self.bands = bands
    count = DatapathMeterCount()
    usedMilliseconds = 0
  }
}

/// What a meter says of a packet.
enum MeterVerdict: Equatable {
  case pass
  case drop
  /// Its drop precedence is raised by so much.
  case remark(UInt8)
}
