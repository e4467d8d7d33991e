/// Numbers that depend on a seed alone (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
///
/// Good enough for hashes, samples and tests; not for secrets.
public struct SplitMix64: RandomNumberGenerator, Sendable {
  /// What the state grows by with each number: 2^64 divided by the golden ratio.
  @inlinable
  public static var increment: UInt64 { 0x9e37_79b9_7f4a_7c15 }

  @usableFromInline
  var state: UInt64

  /// Begins a sequence.
  @inlinable
  public init(seed: UInt64) { state = seed }

  /// The next number of the sequence.
  @inlinable
  public mutating func next() -> UInt64 {
    state &+= SplitMix64.increment
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }
}
