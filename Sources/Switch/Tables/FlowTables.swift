import Datapath

/// The flow tables of a bridge.
final class FlowTables {
  /// How many tables a bridge has; the last is the switch's own.
  static var count: Int { 255 }
  /// The table of the switch's own rules.
  static var internalTable: UInt8 { 254 }

  private var classifiers: [Classifier]
  /// Counts the changes to rules.
  ///
  /// A translation made at another generation may come out otherwise.
  private(set) var generation: UInt64 = 0

  init() {
    classifiers = []
    for _ in 0..<Self.count { classifiers.append(Classifier()) }
  }

  /// The most important rule of a table that matches a key.
  ///
  /// Into `wildcards` go the bits that were looked at. A table number beyond the last finds nothing. Counts
  /// as a lookup in the table's statistics unless `isCounted` is false.
  func lookup(table: UInt8, _ key: borrowing FlowKey, wildcards: inout FlowKey) -> Rule? {
    guard Int(table) < classifiers.count else { return nil }
    return classifiers[Int(table)].lookup(key, wildcards: &wildcards)
  }
}
