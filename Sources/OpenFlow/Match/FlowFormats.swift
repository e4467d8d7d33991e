public import Datapath

/// The forms in which flow table changes can be sent: OpenFlow versions, and extensions of OpenFlow 1.0.
public struct FlowFormats: OptionSet, Hashable, Sendable {
  /// One bit for each form.
  public var rawValue: UInt16

  /// Makes a set from its bits.
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// OpenFlow 1.0.
  public static var openFlow10: FlowFormats { FlowFormats(rawValue: 1 << 0) }
  /// OpenFlow 1.0 with Nicira's extension that names a table.
  public static var openFlow10WithTable: FlowFormats { FlowFormats(rawValue: 1 << 1) }
  /// OpenFlow 1.0 with Nicira's extensible match.
  public static var nxm: FlowFormats { FlowFormats(rawValue: 1 << 2) }
  /// OpenFlow 1.0 with both extensions.
  public static var nxmWithTable: FlowFormats { FlowFormats(rawValue: 1 << 3) }
  /// OpenFlow 1.1.
  public static var openFlow11: FlowFormats { FlowFormats(rawValue: 1 << 4) }
  /// OpenFlow 1.2.
  public static var openFlow12: FlowFormats { FlowFormats(rawValue: 1 << 5) }
  /// OpenFlow 1.3.
  public static var openFlow13: FlowFormats { FlowFormats(rawValue: 1 << 6) }
  /// OpenFlow 1.4.
  public static var openFlow14: FlowFormats { FlowFormats(rawValue: 1 << 7) }
  /// OpenFlow 1.5.
  public static var openFlow15: FlowFormats { FlowFormats(rawValue: 1 << 8) }

  /// OpenFlow 1.5 and later.
  public static var openFlow15Up: FlowFormats { .openFlow15 }
  /// OpenFlow 1.4 and later.
  public static var openFlow14Up: FlowFormats { [.openFlow14, .openFlow15] }
  /// OpenFlow 1.3 and later.
  public static var openFlow13Up: FlowFormats { [.openFlow13, .openFlow14Up] }
  /// OpenFlow 1.2 and later: those with OpenFlow's extensible match.
  public static var openFlow12Up: FlowFormats { [.openFlow12, .openFlow13Up] }
  /// OpenFlow 1.1 and later.
  public static var openFlow11Up: FlowFormats { [.openFlow11, .openFlow12Up] }
  /// Plain OpenFlow 1.0, with or without a table.
  public static var openFlow10Standard: FlowFormats { [.openFlow10, .openFlow10WithTable] }
  /// Nicira's extensible match, with or without a table.
  public static var nxmAny: FlowFormats { [.nxm, .nxmWithTable] }
  /// Everything with an extensible match.
  public static var extensible: FlowFormats { [.nxmAny, .openFlow12Up] }
  /// Everything but plain OpenFlow 1.0.
  public static var nxmOrOpenFlow11Up: FlowFormats { [.nxmAny, .openFlow11Up] }
  /// Every form that can name a table.
  public static var withTable: FlowFormats { [.openFlow10WithTable, .nxmWithTable, .openFlow11Up] }
  /// All forms.
  public static var any: FlowFormats { [.openFlow10Standard, .nxmAny, .openFlow11Up] }
}

extension FlowFormats {
  /// The forms that can express a match on a field under a mask.
  public static func expressing(_ field: Field, mask: FieldValue) -> FlowFormats {
    let isExact = mask & field.validBits == field.validBits
    switch field.row.compatibility {
    case .unsupported: return []
    case .extensible: return .extensible
    case .openFlow10: return isExact ? .any : .extensible
    case .openFlow10Ethernet: return isExact ? .any : .nxmOrOpenFlow11Up
    case .openFlow10CIDR: return isExact || isPrefix(mask) ? .any : .nxmOrOpenFlow11Up
    case .openFlow11: return isExact ? .nxmOrOpenFlow11Up : .extensible
    case .openFlow11Masked: return .nxmOrOpenFlow11Up
    }
  }

  /// Whether the ones of a 32-bit mask all stand left of its zeros.
  private static func isPrefix(_ mask: FieldValue) -> Bool {
    let inverse = ~UInt32(truncatingIfNeeded: mask)
    return inverse & (inverse &+ 1) == 0
  }
}
