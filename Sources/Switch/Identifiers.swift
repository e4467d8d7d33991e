/// A byte stream that the switch opened or accepted: an OpenFlow connection.
public struct StreamID: Hashable, Comparable, Sendable {
  /// A number, never used twice in the life of a switch.
  public var rawValue: UInt64

  init(_ rawValue: UInt64) { self.rawValue = rawValue }

  /// Older first.
  public static func < (left: StreamID, right: StreamID) -> Bool { left.rawValue < right.rawValue }
}

/// A place where the switch accepts byte streams.
public struct ListenerID: Hashable, Comparable, Sendable {
  /// A number, never used twice in the life of a switch.
  public var rawValue: UInt64

  init(_ rawValue: UInt64) { self.rawValue = rawValue }

  /// Older first.
  public static func < (left: ListenerID, right: ListenerID) -> Bool { left.rawValue < right.rawValue }
}

/// A command of a user (`ovs-appctl`) that waits for its reply.
public struct CommandID: Hashable, Sendable {
  /// A number chosen by whoever brings the command.
  public var rawValue: UInt64

  /// Wraps a number.
  public init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// A point in time: the two clocks that the switch is given.
public struct Moment: Hashable, Sendable {
  /// Milliseconds of a clock that never goes back.
  public var milliseconds: Int64
  /// Milliseconds since 1970, for what people and collectors read.
  public var wallMilliseconds: Int64

  /// Makes a moment.
  public init(milliseconds: Int64, wallMilliseconds: Int64 = 0) {
    self.milliseconds = milliseconds
    self.wallMilliseconds = wallMilliseconds
  }
}
