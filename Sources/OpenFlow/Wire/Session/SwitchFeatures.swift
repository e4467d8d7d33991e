/// What a switch can count and do.
public struct SwitchCapabilities: OptionSet, Hashable, Sendable {
  /// The bits of OpenFlow 1.1 and later; bit 16 is the spanning tree protocol, which only 1.0 has.
  public var rawValue: UInt32

  /// Makes a set from its bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Flow statistics.
  public static var flowStatistics: SwitchCapabilities { .init(rawValue: 1 << 0) }
  /// Table statistics.
  public static var tableStatistics: SwitchCapabilities { .init(rawValue: 1 << 1) }
  /// Port statistics.
  public static var portStatistics: SwitchCapabilities { .init(rawValue: 1 << 2) }
  /// Group statistics.
  public static var groupStatistics: SwitchCapabilities { .init(rawValue: 1 << 3) }
  /// Reassembly of IP fragments.
  public static var reassembly: SwitchCapabilities { .init(rawValue: 1 << 5) }
  /// Queue statistics.
  public static var queueStatistics: SwitchCapabilities { .init(rawValue: 1 << 6) }
  /// Matching on addresses in ARP.
  public static var arpMatchIP: SwitchCapabilities { .init(rawValue: 1 << 7) }
  /// Ports blocked against loops.
  public static var portBlocked: SwitchCapabilities { .init(rawValue: 1 << 8) }
  /// Bundles.
  public static var bundles: SwitchCapabilities { .init(rawValue: 1 << 9) }
  /// Flow monitoring.
  public static var flowMonitoring: SwitchCapabilities { .init(rawValue: 1 << 10) }
  /// The spanning tree protocol.
  public static var spanningTree: SwitchCapabilities { .init(rawValue: 1 << 16) }

  static func decode(_ bits: UInt32, _ version: OpenFlowVersion) -> SwitchCapabilities {
    var set = SwitchCapabilities(rawValue: bits & supported(version).rawValue)
    if version == .v10, bits & 8 != 0 { set.insert(.spanningTree) }
    return set
  }

  func encoded(_ version: OpenFlowVersion) -> UInt32 {
    var bits = rawValue & Self.supported(version).rawValue
    if version == .v10, contains(.spanningTree) { bits |= 8 }
    return bits
  }

  private static func supported(_ version: OpenFlowVersion) -> SwitchCapabilities {
    let common: SwitchCapabilities = [
      .flowStatistics, .tableStatistics, .portStatistics, .reassembly, .queueStatistics,
    ]
    switch version {
    case .v10: return common.union(.arpMatchIP)
    case .v11: return common.union([.groupStatistics, .arpMatchIP])
    case .v12, .v13: return common.union([.groupStatistics, .portBlocked])
    case .v14, .v15: return common.union([.groupStatistics, .portBlocked, .bundles, .flowMonitoring])
    }
  }
}

/// A switch's answer to a features request.
public struct SwitchFeatures: Hashable, Sendable {
  /// The datapath identifier.
  public var datapathID: UInt64
  /// How many packets the switch can hold for the controller.
  public var bufferCount: UInt32
  /// How many flow tables there are.
  public var tableCount: UInt8
  /// Which connection of several to one controller this is; 0 is the main one.
  public var auxiliaryID: UInt8
  /// What the switch can do.
  public var capabilities: SwitchCapabilities
  /// The actions that the switch supports, as bits of OpenFlow 1.0 action types; sent in 1.0 only.
  public var actions: UInt32
  /// The ports; sent before OpenFlow 1.3 only.
  ///
  /// See `isPortListComplete`.
  public var ports: [PortDescription]

  /// Makes a features reply.
  public init(
    datapathID: UInt64, bufferCount: UInt32 = 0, tableCount: UInt8, auxiliaryID: UInt8 = 0,
    capabilities: SwitchCapabilities, actions: UInt32 = SwitchFeatures.allActions,
    ports: [PortDescription] = []
  ) {
    self.datapathID = datapathID
    self.bufferCount = bufferCount
    self.tableCount = tableCount
    self.auxiliaryID = auxiliaryID
    self.capabilities = capabilities
    self.actions = actions
    self.ports = ports
  }

  /// Every action of OpenFlow 1.0.
  public static var allActions: UInt32 { 0xfff }

  /// Whether the version's features reply lists ports at all.
  public static func listsPorts(_ version: OpenFlowVersion) -> Bool { version < .v13 }

  /// Whether the list of ports is whole.
  ///
  /// A list that fills the message may have been cut, and a port description request has to be made.
  public func isPortListComplete(in version: OpenFlowVersion) -> Bool {
    Self.listsPorts(version) && ports.count < Self.maximumPortCount(version)
  }

  static func maximumPortCount(_ version: OpenFlowVersion) -> Int {
    (Int(UInt16.max) &- 32) / PortDescription.fixedByteCount(version)
  }

  static func decode(
    _ reader: inout WireReader, _ version: OpenFlowVersion
  ) throws(OpenFlowError) -> SwitchFeatures {
    let datapathID = try reader.uint64()
    let bufferCount = try reader.uint32()
    let tableCount = try reader.uint8()
    let auxiliaryID = try reader.uint8()
    try reader.skip(2)
    let capabilities = try reader.uint32()
    let actions = try reader.uint32()
    var features = SwitchFeatures(
      datapathID: datapathID, bufferCount: bufferCount, tableCount: tableCount,
      auxiliaryID: version >= .v13 ? auxiliaryID : 0,
      capabilities: .decode(capabilities, version), actions: version == .v10 ? actions & Self.allActions : 0)
    guard listsPorts(version) else {
      try reader.requireEnd()
      return features
    }
    while !reader.isAtEnd { features.ports.append(try PortDescription.decode(&reader, version)) }
    return features
  }

  func encode(to writer: inout WireWriter, _ version: OpenFlowVersion) {
    writer.uint64(datapathID)
    writer.uint32(bufferCount)
    writer.uint8(tableCount)
    writer.uint8(version >= .v13 ? auxiliaryID : 0)
    writer.zeros(2)
    writer.uint32(capabilities.encoded(version))
    writer.uint32(version == .v10 ? actions : 0)
    guard Self.listsPorts(version) else { return }
    for port in ports.prefix(Self.maximumPortCount(version)) { port.encode(to: &writer, version) }
  }
}
