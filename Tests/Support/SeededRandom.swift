import Datapath

/// Chance that a failing test can be repeated with: the same seed gives the same numbers.
public struct SeededRandom: RandomNumberGenerator {
  private var numbers: SplitMix64

  /// Begins a sequence.
  public init(seed: UInt64) { numbers = SplitMix64(seed: seed) }

  /// The next number of the sequence.
  public mutating func next() -> UInt64 { numbers.next() }

  /// A number from zero on.
  public mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self) }

  /// A byte.
  public mutating func byte() -> UInt8 { UInt8(truncatingIfNeeded: next()) }

  /// Bytes without meaning.
  public mutating func bytes(_ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    for index in bytes.indices { bytes[index] = byte() }
    return bytes
  }
}
