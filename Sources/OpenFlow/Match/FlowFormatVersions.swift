extension FlowFormats {
  /// The forms that connections of some versions can use.
  public init(versions: OpenFlowVersions) {
    self = []
    for version in OpenFlowVersion.allCases where versions.contains(version) {
      formUnion(FlowFormats(version))
    }
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

  /// The single forms among these, the oldest first.
  public var each: [FlowFormats] {
    (0..<UInt16(9)).map { FlowFormats(rawValue: 1 << $0) }.filter { contains($0) }
  }
}
