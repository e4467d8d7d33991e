/// The number that OpenFlow knows a port of a bridge by.
///
/// All versions are held in the 32-bit form of OpenFlow 1.1 and later; OpenFlow 1.0 sends the low 16 bits.
public struct OpenFlowPortNumber: RawRepresentable, Hashable, Comparable, Sendable {
  /// The 32-bit number.
  public var rawValue: UInt32

  /// Makes a port number.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Makes a port number.
  public init(_ value: UInt32) { rawValue = value }

  /// The first number that is not an ordinary port's (OFPP_MAX).
  public static var maximum: OpenFlowPortNumber { .init(0xff00) }
  /// Output not yet set in an action set (OFPP_UNSET).
  public static var unset: OpenFlowPortNumber { .init(0xffff_fff7) }
  /// The port that the packet came in by (OFPP_IN_PORT).
  public static var inPort: OpenFlowPortNumber { .init(0xffff_fff8) }
  /// The flow table, in packet-out messages (OFPP_TABLE).
  public static var table: OpenFlowPortNumber { .init(0xffff_fff9) }
  /// Forwarding as an ordinary switch does (OFPP_NORMAL).
  public static var normal: OpenFlowPortNumber { .init(0xffff_fffa) }
  /// All ports but the input port and those that do not flood (OFPP_FLOOD).
  public static var flood: OpenFlowPortNumber { .init(0xffff_fffb) }
  /// All ports but the input port (OFPP_ALL).
  public static var all: OpenFlowPortNumber { .init(0xffff_fffc) }
  /// The controller (OFPP_CONTROLLER).
  public static var controller: OpenFlowPortNumber { .init(0xffff_fffd) }
  /// The bridge's own port (OFPP_LOCAL).
  public static var local: OpenFlowPortNumber { .init(0xffff_fffe) }
  /// No port, or in requests any port (OFPP_NONE, OFPP_ANY).
  public static var none: OpenFlowPortNumber { .init(0xffff_ffff) }

  /// Whether one number is smaller than another.
  public static func < (left: OpenFlowPortNumber, right: OpenFlowPortNumber) -> Bool {
    left.rawValue < right.rawValue
  }

  /// Whether the number stands for something other than a port of its own.
  public var isReserved: Bool { rawValue >= Self.unset.rawValue }

  /// The port that OpenFlow 1.0 calls `number`.
  public init(openFlow10 number: UInt16) {
    rawValue = number >= 0xff00 ? UInt32(number) | 0xffff_0000 : UInt32(number)
  }

  /// The number in OpenFlow 1.0.
  public var openFlow10: UInt16 { UInt16(truncatingIfNeeded: rawValue) }

  /// The port that OpenFlow 1.1 and later call `number`.
  ///
  /// Numbers that OpenFlow 1.0 cannot express are refused, so that every version sees the same ports.
  public init(openFlow11 number: UInt32) throws(OpenFlowError) {
    guard number < 0xff00 || number >= 0xffff_ff00 else { throw .badActionBadOutPort }
    rawValue = number
  }

  /// The reserved name in capitals, as in `LOCAL`; nil for an ordinary port.
  public var reservedName: String? {
    switch self {
    case .unset: "UNSET"
    case .inPort: "IN_PORT"
    case .table: "TABLE"
    case .normal: "NORMAL"
    case .flood: "FLOOD"
    case .all: "ALL"
    case .controller: "CONTROLLER"
    case .local: "LOCAL"
    case .none: "ANY"
    default: nil
    }
  }
}
