import OpenFlow

/// Chooses OpenFlow port numbers, and is slow to give a number to another port: rules that name the port that had it
/// might still be there.
struct PortNumberAllocator {
  /// The numbers in use.
  private var used: Set<UInt32> = []
  /// When a number that is free now was last in use, in milliseconds.
  private var freed: [UInt32: Int64] = [:]
  /// The number that was chosen last.
  private var last: UInt32 = 0
  /// How long a number rests before it is given to another port.
  static var restMilliseconds: Int64 { 3_600_000 }
  /// The highest number that is chosen.
  ///
  /// Others may be requested.
  private static var highest: UInt32 { OpenFlowPortNumber.maximum.rawValue - 1 }

  init() {}

  /// Gives out the requested number if it is free, else another; nil if none is left.
  mutating func allocate(requested: OpenFlowPortNumber?, now: Int64) -> OpenFlowPortNumber? {
    if let requested, requested.rawValue > 0, requested.rawValue <= Self.highest,
      !used.contains(requested.rawValue)
    {
      take(requested.rawValue)
      return requested
    }
    var oldest: (number: UInt32, freed: Int64)?
    for _ in 0..<Self.highest {
      last = last >= Self.highest ? 1 : last &+ 1
      if used.contains(last) { continue }
      guard let time = freed[last], now &- time < Self.restMilliseconds else {
        take(last)
        return OpenFlowPortNumber(last)
      }
      if time < oldest?.freed ?? Int64.max { oldest = (last, time) }
    }
    guard let oldest else { return nil }
    take(oldest.number)
    return OpenFlowPortNumber(oldest.number)
  }

  private mutating func take(_ number: UInt32) {
    used.insert(number)
    freed[number] = nil
  }

  /// Takes a number back.
  mutating func release(_ number: OpenFlowPortNumber, now: Int64) {
    if used.remove(number.rawValue) != nil { freed[number.rawValue] = now }
  }
}
