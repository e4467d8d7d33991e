// The numbers of meters on the wire: commands and special identifiers (OpenFlow 1.5.1, section 7.3.4.5).

/// The identifiers of meters that stand for something other than one meter of flows.
public enum MeterNumber {
  /// The last identifier that a meter of flows can have (OFPM_MAX).
  public static var maximum: UInt32 { 0xffff_0000 }
  /// The meter of packets that are handled outside of the fast path (OFPM_SLOWPATH).
  public static var slowPath: UInt32 { 0xffff_fffd }
  /// The meter of packets for controllers (OFPM_CONTROLLER).
  public static var controller: UInt32 { 0xffff_fffe }
  /// All meters (OFPM_ALL).
  public static var all: UInt32 { 0xffff_ffff }

  /// The identifiers that have names.
  static var named: [(number: UInt32, name: String)] {
    [(slowPath, "slowpath"), (controller, "controller"), (all, "all")]
  }

  /// Whether there can be one meter with the identifier.
  public static func isMeter(_ number: UInt32) -> Bool {
    (number != 0 && number <= maximum) || number == slowPath || number == controller
  }
}

extension MeterCommand {
  /// The number on the wire (OFPMC_*).
  var number: UInt16 {
    switch self {
    case .add: 0
    case .modify: 1
    case .delete: 2
    }
  }

  /// The command with a number; nil if there is none.
  init?(number: UInt16) {
    for command in MeterCommand.allCases where command.number == number {
      self = command
      return
    }
    return nil
  }
}
