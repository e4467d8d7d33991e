/// Some of the three standard streams.
public struct StandardStreams: OptionSet, Sendable {
  /// A bit for each, in the order of their numbers.
  public let rawValue: UInt8

  /// Makes a set from its bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The standard output.
  public static let output = StandardStreams(rawValue: 2)
  /// The standard error.
  public static let error = StandardStreams(rawValue: 4)
}
