import Datapath
import OpenFlow

/// The meters of a bridge.
struct MeterTable {
  private var meters: [UInt32: Meter] = [:]

  /// The meter with a number; nil if there is none.
  subscript(_ number: UInt32) -> Meter? { meters[number] }

  /// All meters, by number.
  var inOrder: [Meter] { meters.values.sorted { $0.number < $1.number } }

  /// How many meters there are.
  var count: Int { meters.count }

  /// The meter of what goes to controllers, if there is one.
  var controller: Meter? { meters[MeterNumber.controller] }

  /// The meter of what the daemon does with packets, if there is one.
  var slowPath: Meter? { meters[MeterNumber.slowPath] }

  /// What controllers are told of meters.
  static var features: MeterFeatures {
    MeterFeatures(meterLimit: UInt32(SharedMeters.limit), bandLimit: UInt8(SharedMeters.bandLimit))
  }

  /// Adds a meter.
  mutating func add(_ meter: Meter) { meters[meter.number] = meter }

  /// Removes a meter.
  mutating func remove(_ meter: Meter) { meters[meter.number] = nil }
}
