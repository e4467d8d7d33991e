import Datapath
import OpenFlow

/// What a change to the meter table did: to be brought to the datapath, and to be told.
struct MeterEffects {
  /// The meter that was added or changed.
  var set: Meter?
  /// The meters that were removed.
  var removed: [Meter] = []
  /// The flows that went with them.
  var flows: [FlowEffect] = []
}

extension FlowTables {
  /// Carries a change to the meter table out, or throws and has done nothing.
  ///
  /// - Parameter numbers: The numbers of the datapath's meters.
  func apply(
    _ change: MeterMod, numbers: inout MeterNumbers, now: Int64
  ) throws(OpenFlowError) -> MeterEffects {
    let number = change.meter.meter
    guard change.command != .delete else { return deleteMeters(number, &numbers) }
    guard MeterNumber.isMeter(number) else { throw .meterModFailedInvalidMeter }
    guard change.meter.bands.count <= SharedMeters.bandLimit else { throw .meterModFailedOutOfBands }
    let old = meters[number]
    if change.command == .add {
      guard old == nil else { throw .meterModFailedMeterExists }
    } else {
      guard old != nil else { throw .meterModFailedUnknownMeter }
    }
    try Self.check(change.meter)
    if let old {
      old.configuration = change.meter
      return MeterEffects(set: old)
    }
    guard let datapathNumber = numbers.take() else { throw .meterModFailedOutOfMeters }
    let meter = Meter(change.meter, datapathNumber: datapathNumber, created: now)
    addMeter(meter)
    return MeterEffects(set: meter)
  }

  /// Throws what a datapath can't do.
  private static func check(_ meter: MeterConfiguration) throws(OpenFlowError) {
    let known = MeterFlags(rawValue: UInt16(truncatingIfNeeded: MeterTable.features.capabilities))
    guard meter.flags.isSubset(of: known), !meter.flags.isDisjoint(with: [.kilobits, .packets]) else {
      throw .meterModFailedBadFlags
    }
    guard !meter.bands.isEmpty else { throw .meterModFailedOutOfBands }
    for band in meter.bands where band.rate == 0 { throw .meterModFailedBadRate }
  }

  /// Deletes a meter, or all of them, and the flows that use it; one that is not there is gone already.
  private func deleteMeters(_ number: UInt32, _ numbers: inout MeterNumbers) -> MeterEffects {
    var effects = MeterEffects()
    effects.removed = number == MeterNumber.all ? meters.inOrder : meters[number].map { [$0] } ?? []
    for meter in effects.removed {
      for rule in users(ofMeter: meter.number) {
        remove(rule)
        effects.flows.append(.removed(rule, .meterDelete))
      }
      removeMeter(meter)
      numbers.free(meter.datapathNumber)
    }
    return effects
  }
}
