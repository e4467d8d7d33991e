extension FlowFormats {
  /// The names that stand for several forms, tried first.
  private static let abbreviations: [(FlowFormats, String)] = [
    (.any, "any"), (.openFlow10Standard, "OpenFlow10"), (.nxmAny, "NXM"), (.openFlow12Up, "OXM"),
  ]

  /// The names of single forms.
  private static let single: [(FlowFormats, String)] = [
    (.openFlow10, "OpenFlow10-table_id"), (.openFlow10WithTable, "OpenFlow10+table_id"),
    (.nxm, "NXM-table_id"), (.nxmWithTable, "NXM+table_id"), (.openFlow11, "OpenFlow11"),
    (.openFlow12, "OXM-OpenFlow12"), (.openFlow13, "OXM-OpenFlow13"), (.openFlow14, "OXM-OpenFlow14"),
    (.openFlow15, "OXM-OpenFlow15"),
  ]

  /// The names of the forms, as OVS's tools print them.
  public var names: String {
    var rest = self
    var parts: [String] = []
    for (formats, name) in Self.abbreviations where rest.isSuperset(of: formats) {
      parts.append(name)
      rest.subtract(formats)
    }
    for (format, name) in Self.single where rest.contains(format) { parts.append(name) }
    return parts.isEmpty ? "none" : parts.joined(separator: ",")
  }

  /// The forms with a name; nil if there are none.
  public init?(name: String) {
    for (formats, known) in Self.abbreviations + Self.single where Self.isSame(known, name) {
      self = formats
      return
    }
    return nil
  }

  private static func isSame(_ left: String, _ right: String) -> Bool {
    func folded(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte }
    return left.utf8.map(folded) == right.utf8.map(folded)
  }

  /// The forms that connections of some versions can use.
  public init(versions: OpenFlowVersions) {
    self = []
    if versions.contains(.v10) { formUnion([.openFlow10Standard, .nxmAny]) }
    if versions.contains(.v11) { insert(.openFlow11) }
    if versions.contains(.v12) { insert(.openFlow12) }
    if versions.contains(.v13) { insert(.openFlow13) }
    if versions.contains(.v14) { insert(.openFlow14) }
    if versions.contains(.v15) { insert(.openFlow15) }
  }

  /// The versions that have at least one of the forms.
  public var versions: OpenFlowVersions {
    var versions: OpenFlowVersions = []
    for version in OpenFlowVersion.allCases
    where !isDisjoint(with: FlowFormats(versions: OpenFlowVersions(version))) {
      versions.formUnion(OpenFlowVersions(version))
    }
    return versions
  }

  /// How messages in this one form are written.
  public var wireProtocol: WireProtocol {
    switch self {
    case .openFlow10: WireProtocol(.v10)
    case .openFlow10WithTable: WireProtocol(.v10, tableID: true)
    case .nxm: WireProtocol(.v10, niciraFlows: true)
    case .nxmWithTable: WireProtocol(.v10, niciraFlows: true, tableID: true)
    case .openFlow11: WireProtocol(.v11)
    case .openFlow12: WireProtocol(.v12)
    case .openFlow13: WireProtocol(.v13)
    case .openFlow14: WireProtocol(.v14)
    default: WireProtocol(.v15)
    }
  }

  /// The single forms among these, the oldest first.
  public var each: [FlowFormats] { Self.single.map { $0.0 }.filter { contains($0) } }
}
