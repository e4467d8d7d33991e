/// The number of a port in a datapath (`odp_port_t`), as in `actions:2` of a datapath flow.
///
/// All bridges of one datapath share its port numbers; a patch port has none.
public struct DatapathPortNumber: Hashable, Comparable, Sendable {
  /// The number as the datapath messages carry it.
  public var rawValue: UInt32

  /// Wraps a number.
  public init(_ rawValue: UInt32) { self.rawValue = rawValue }

  /// No port (`ODPP_NONE`).
  public static var none: DatapathPortNumber { DatapathPortNumber(UInt32.max) }

  /// Numeric order.
  public static func < (left: DatapathPortNumber, right: DatapathPortNumber) -> Bool {
    left.rawValue < right.rawValue
  }
}

/// A byte stream that the switch opened or accepted: an OpenFlow connection.
public struct StreamID: Hashable, Sendable {
  /// A number, never used twice in the life of a switch.
  public var rawValue: UInt64

  init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// A place where the switch accepts byte streams.
public struct ListenerID: Hashable, Sendable {
  /// A number, never used twice in the life of a switch.
  public var rawValue: UInt64

  init(_ rawValue: UInt64) { self.rawValue = rawValue }
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
