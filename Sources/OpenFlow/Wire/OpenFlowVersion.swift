/// A version of the OpenFlow protocol, numbered as in message headers.
public enum OpenFlowVersion: UInt8, CaseIterable, Comparable, Hashable, Sendable {
  /// OpenFlow 1.0.
  case v10 = 1
  /// OpenFlow 1.1.
  case v11 = 2
  /// OpenFlow 1.2.
  case v12 = 3
  /// OpenFlow 1.3.
  case v13 = 4
  /// OpenFlow 1.4.
  case v14 = 5
  /// OpenFlow 1.5.
  case v15 = 6

  /// Whether one version is older than another.
  public static func < (left: OpenFlowVersion, right: OpenFlowVersion) -> Bool {
    left.rawValue < right.rawValue
  }

  /// The name that options and database columns use, such as `OpenFlow13`.
  public var name: String {
    switch self {
    case .v10: "OpenFlow10"
    case .v11: "OpenFlow11"
    case .v12: "OpenFlow12"
    case .v13: "OpenFlow13"
    case .v14: "OpenFlow14"
    case .v15: "OpenFlow15"
    }
  }

  /// The name that printed messages use, such as `OF1.3`.
  public var shortName: String {
    switch self {
    case .v10: "OF1.0"
    case .v11: "OF1.1"
    case .v12: "OF1.2"
    case .v13: "OF1.3"
    case .v14: "OF1.4"
    case .v15: "OF1.5"
    }
  }

  /// The version with a name such as `OpenFlow13`, in any letter case, or `OpenFlow1.3`; nil if there is none.
  public init?(name: String) {
    var folded: [UInt8] = []
    for byte in name.utf8 where byte != UInt8(ascii: ".") {
      folded.append(byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte)
    }
    for version in OpenFlowVersion.allCases {
      var expected: [UInt8] = []
      for byte in version.name.utf8 { expected.append(byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte) }
      if expected == folded {
        self = version
        return
      }
    }
    return nil
  }
}

/// A set of OpenFlow versions, as the bitmap of a hello message: bit n stands for wire version n.
public struct OpenFlowVersions: OptionSet, Hashable, Sendable {
  /// One bit for each wire version.
  public var rawValue: UInt32

  /// Makes a set from its bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Makes a set of some versions.
  public init(_ versions: [OpenFlowVersion]) {
    rawValue = 0
    for version in versions { rawValue |= 1 << UInt32(version.rawValue) }
  }

  /// The set of one version.
  public init(_ version: OpenFlowVersion) { rawValue = 1 << UInt32(version.rawValue) }

  /// The set of a version and of every earlier one.
  public init(through version: OpenFlowVersion) {
    rawValue = ((1 << (UInt32(version.rawValue) + 1)) &- 1) & ~1
  }

  /// Every version that this codec speaks.
  public static var all: OpenFlowVersions { OpenFlowVersions(through: .v15) }

  /// Whether the set has a version.
  public func contains(_ version: OpenFlowVersion) -> Bool { rawValue & 1 << UInt32(version.rawValue) != 0 }

  /// The newest version of the set that this codec speaks; nil if there is none.
  public var newest: OpenFlowVersion? {
    for version in OpenFlowVersion.allCases.reversed() where contains(version) { return version }
    return nil
  }

  /// The version to speak with a peer that announced `peer`: the newest that both have.
  public func negotiated(with peer: OpenFlowVersions) -> OpenFlowVersion? { intersection(peer).newest }
}
