/// Counts the changes to all parts of a datapath's bridges after which translations may come out otherwise.
///
/// The parts share one, so that nobody has to ask each of them whether it has changed.
final class ChangeCounter {
  /// How many changes there were.
  private(set) var count: UInt64 = 0

  init() {}

  /// Says that something has changed.
  func note() { count &+= 1 }
}
