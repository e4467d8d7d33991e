// What: a meter as it lies in memory: token buckets, one for each band.
//
// How: a bucket holds thousandths of packets, or bits; so what a rate adds in a millisecond is the rate itself, in both units. A
// packet takes what it counts for out of every bucket that has as much, and exceeds the others.
//
// The largest values: a burst of 2^32-1 makes a bucket of less than 2^42; what comes in is limited to 2^31 milliseconds of a rate
// below 2^32. Both together are less than 2^64.

/// A band and its bucket.
struct MeterBandRecord: BitwiseCopyable {
  var kind: UInt8 = 0
  var precedence: UInt8 = 0
  var rate: UInt32 = 0
  var burst: UInt32 = 0
  /// Thousandths of packets, or bits.
  var bucket: UInt64 = 0
  var count = DatapathMeterCount()

  /// What the bucket holds at most.
  var capacity: UInt64 { UInt64(burst) &* 1000 }
}

/// A meter.
struct MeterRecord: BitwiseCopyable {
  /// The most milliseconds for which a bucket is filled at once; that is enough for any but those that are never full.
  private static var longestFilling: UInt64 { 1 << 31 }

  var isPresent = false
  var countsKilobits = false
  var bandCount: UInt8 = 0
  /// When the buckets were filled last, in milliseconds.
  var filledMilliseconds: UInt64 = 0
  /// When the last packet came, in milliseconds; 0 if none has.
  var usedMilliseconds: UInt64 = 0
  var count = DatapathMeterCount()
  var bands: [8 of MeterBandRecord] = .init(repeating: MeterBandRecord())

  init() {}

  /// A meter whose buckets are full.
  init(_ meter: DatapathMeter, now: UInt64) {
    isPresent = true
    countsKilobits = meter.countsKilobits
    bandCount = UInt8(min(meter.bands.count, SharedMeters.bandLimit))
    filledMilliseconds = now
    for index in 0..<Int(bandCount) {
      let band = meter.bands[index]
      bands[index].kind = band.kind.rawValue
      bands[index].precedence = band.precedence
      bands[index].rate = band.rate
      bands[index].burst = band.burst == 0 ? band.rate : band.burst
      bands[index].bucket = bands[index].capacity
    }
  }

  /// The meter as control sees it.
  var described: DatapathMeter {
    var bands: [DatapathMeterBand] = []
    for index in 0..<Int(bandCount) {
      let record = self.bands[index]
      var band = DatapathMeterBand(
        DatapathMeterBand.Kind(rawValue: record.kind) ?? .drop, rate: record.rate, burst: record.burst,
        precedence: record.precedence)
      band.count = record.count
      bands.append(band)
    }
    var meter = DatapathMeter(countsKilobits: countsKilobits, bands: bands)
    meter.count = count
    meter.usedMilliseconds = usedMilliseconds
    return meter
  }

  /// Counts a packet, and says what becomes of it.
  @inline(__always)
  mutating func take(byteCount: Int, now: UInt64) -> MeterVerdict {
    // Engines may be a batch apart in their time; it goes on with the one that is ahead.
    let elapsed = now > filledMilliseconds ? min(now &- filledMilliseconds, Self.longestFilling) : 0
    filledMilliseconds = max(filledMilliseconds, now)
    usedMilliseconds = filledMilliseconds
    count.add(byteCount: byteCount)
    let cost = countsKilobits ? UInt64(truncatingIfNeeded: byteCount) &* 8 : 1000
    var exceeded = -1
    var exceededRate: UInt32 = 0
    var index = 0
    while index < Int(bandCount) {
      let rate = bands[index].rate
      var bucket = min(bands[index].bucket &+ elapsed &* UInt64(rate), bands[index].capacity)
      if bucket >= cost {
        bucket &-= cost
      } else if exceeded < 0 || rate > exceededRate {
        (exceeded, exceededRate) = (index, rate)
      }
      bands[index].bucket = bucket
      index &+= 1
    }
    guard exceeded >= 0 else { return .pass }
    bands[exceeded].count.add(byteCount: byteCount)
    guard bands[exceeded].kind == DatapathMeterBand.Kind.remark.rawValue else { return .drop }
    return .remark(bands[exceeded].precedence)
  }
}
