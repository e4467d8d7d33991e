import Datapath
import OpenFlow

/// A meter of a bridge.
final class Meter {
  /// How it measures, and its bands.
  var configuration: MeterConfiguration
  /// Its number in the datapath.
  let datapathNumber: UInt32
  /// When it was made, whatever changed since.
  let createdMilliseconds: Int64

  init(_ configuration: MeterConfiguration, datapathNumber: UInt32, created: Int64) {
    self.configuration = configuration
    self.datapathNumber = datapathNumber
    createdMilliseconds = created
  }

  /// Its number.
  var number: UInt32 { configuration.meter }

  /// The meter as the datapath is given it.
  var inDatapath: DatapathMeter {
    DatapathMeter(
      countsKilobits: configuration.flags.contains(.kilobits),
      bands: configuration.bands.map { band in
        DatapathMeterBand(
          band.type == .drop ? .drop : .remark, rate: band.rate, burst: band.burst,
          precedence: band.precedence)
      })
  }
}

/// The numbers of meters in a datapath, which has those of all its bridges.
struct MeterNumbers {
  private var taken: Set<UInt32> = []
  /// A number below which all are taken.
  private var lowestCandidate: UInt32 = 0

  /// Takes the lowest number that is free; nil if there is none.
  mutating func take() -> UInt32? {
    while taken.contains(lowestCandidate) { lowestCandidate += 1 }
    guard lowestCandidate < UInt32(SharedMeters.limit) else { return nil }
    taken.insert(lowestCandidate)
    return lowestCandidate
  }

  /// Gives a number back.
  mutating func free(_ number: UInt32) {
    if taken.remove(number) != nil { lowestCandidate = min(lowestCandidate, number) }
  }
}
