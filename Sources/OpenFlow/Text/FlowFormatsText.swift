extension FlowFormats {
  /// The names of single forms and of groups of them; the first that is all within a set is taken.
  private static let names: [(FlowFormats, String)] = [
    (.any, "any"), (.openFlow10Standard, "OpenFlow10"), (.nxmAny, "NXM"), (.openFlow12Up, "OXM"),
    (.openFlow10, "OpenFlow10-table_id"), (.openFlow10WithTable, "OpenFlow10+table_id"),
    (.nxm, "NXM-table_id"), (.nxmWithTable, "NXM+table_id"), (.openFlow11, "OpenFlow11"),
    (.openFlow12, "OXM-OpenFlow12"), (.openFlow13, "OXM-OpenFlow13"), (.openFlow14, "OXM-OpenFlow14"),
    (.openFlow15, "OXM-OpenFlow15"),
  ]

  /// The forms as `ovs-ofctl` names them, such as `NXM,OXM,OpenFlow11`.
  public var text: String {
    guard !isEmpty else { return "none" }
    var rest = self
    var words: [String] = []
    while !rest.isEmpty {
      for (set, name) in FlowFormats.names where rest.isSuperset(of: set) {
        words.append(name)
        rest.subtract(set)
        break
      }
    }
    return words.joined(separator: ",")
  }

  /// The forms with a name that `ovs-ofctl --flow-format` takes, in any letter case; nil if there are none.
  public init?(name: String) {
    let bytes = Array(name.utf8)[...]
    for (set, word) in FlowFormats.names
    where bytes.elementsEqual(word.utf8, by: { asciiLowercase($0) == asciiLowercase($1) }) {
      self = set
      return
    }
    return nil
  }

  /// The forms of an OpenFlow version.
  public init(_ version: OpenFlowVersion) {
    switch version {
    case .v10: self = [.openFlow10Standard, .nxmAny]
    case .v11: self = .openFlow11
    case .v12: self = .openFlow12
    case .v13: self = .openFlow13
    case .v14: self = .openFlow14
    case .v15: self = .openFlow15
    }
  }

  /// The form that OVS takes of several: the oldest and plainest.
  public var preferred: FlowFormats? {
    guard rawValue != 0 else { return nil }
    return FlowFormats(rawValue: 1 << UInt16(rawValue.trailingZeroBitCount))
  }

  /// How messages in one form are sent.
  public var wireProtocol: WireProtocol? {
    switch self {
    case .openFlow10: WireProtocol(.v10)
    case .openFlow10WithTable: WireProtocol(.v10, tableID: true)
    case .nxm: WireProtocol(.v10, niciraFlows: true)
    case .nxmWithTable: WireProtocol(.v10, niciraFlows: true, tableID: true)
    case .openFlow11: WireProtocol(.v11)
    case .openFlow12: WireProtocol(.v12)
    case .openFlow13: WireProtocol(.v13)
    case .openFlow14: WireProtocol(.v14)
    case .openFlow15: WireProtocol(.v15)
    default: nil
    }
  }
}
