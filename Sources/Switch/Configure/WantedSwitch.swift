// The configuration as the reconciler keeps it: like `DesiredSwitch`, but each bridge and port is found by its name, so that one
// of many thousands can be changed by itself.

/// All of the configuration, by names.
struct WantedSwitch {
  /// The number that whoever changed the configuration gave this state (`next_cfg`).
  var sequence: Int64 = 0
  /// `Open_vSwitch.other_config`.
  var otherConfig = Settings()
  /// `Open_vSwitch.external_ids`.
  var externalIDs = Settings()
  /// How connections are tracked, by type of datapath.
  var datapaths: [String: DesiredTracking] = [:]
  /// The bridges.
  private(set) var bridges: [String: Bridge] = [:]

  /// A bridge, with its ports by name.
  struct Bridge {
    /// What its row says; without the ports.
    var row: DesiredBridge
    /// What the rows of its ports say.
    fileprivate(set) var ports: [String: DesiredPort] = [:]

    /// What is wanted of a port; the bridge's own port is there even if no row says so.
    func port(_ name: String) -> DesiredPort? {
      if let port = ports[name] { return port }
      guard name == row.name, !row.controllers.isEmpty else { return nil }
      return DesiredPort(name: name, interfaces: [DesiredInterface(name: name, type: "internal")])
    }

    /// The names of all ports that are wanted.
    var portNames: Set<String> {
      var names = Set(ports.keys)
      if !row.controllers.isEmpty { names.insert(row.name) }
      return names
    }
  }

  /// The whole as a value that lists bridges and ports in the order of their names.
  var desired: DesiredSwitch {
    var desired = DesiredSwitch()
    desired.sequence = sequence
    desired.otherConfig = otherConfig
    desired.externalIDs = externalIDs
    desired.datapaths = datapaths
    for bridge in bridges.values {
      var row = bridge.row
      row.ports = bridge.ports.values.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
      desired.bridges.append(row)
    }
    desired.bridges.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    return desired
  }
}

/// What is wanted otherwise than before.
struct ConfigurationDelta {
  /// The number of the state that this leads to.
  var sequence: Int64 = 0
  /// `other_config` and `external_ids` of the switch.
  var otherConfig = Settings()
  var externalIDs = Settings()
  /// How connections are tracked, if that was read anew.
  var datapaths: [String: DesiredTracking]?
  /// Bridges that have come or changed; without ports.
  var bridges: [DesiredBridge] = []
  /// Bridges that have gone, by name.
  var removedBridges: [String] = []
  /// Ports that have come or changed, with the names of their bridges.
  var ports: [(bridge: String, port: DesiredPort)] = []
  /// Ports that have gone, by the names of their bridges and their own.
  var removedPorts: [(bridge: String, port: String)] = []

  init() {}

  /// What has to change for one configuration to become another.
  init(from old: WantedSwitch, to new: DesiredSwitch) {
    sequence = new.sequence
    otherConfig = new.otherConfig
    externalIDs = new.externalIDs
    datapaths = new.datapaths
    var bridgeNames: Set<String> = []
    for bridge in new.bridges {
      bridgeNames.insert(bridge.name)
      var row = bridge
      row.ports = []
      let known = old.bridges[bridge.name]
      if known?.row != row { bridges.append(row) }
      var portNames: Set<String> = []
      for port in bridge.ports {
        portNames.insert(port.name)
        if known?.ports[port.name] != port { ports.append((bridge.name, port)) }
      }
      for name in known?.ports.keys.sorted() ?? [] where !portNames.contains(name) {
        removedPorts.append((bridge.name, name))
      }
    }
    removedBridges = old.bridges.keys.filter { !bridgeNames.contains($0) }.sorted()
  }
}

/// What is to be compared: the bridges, and the ports of each, that may not be as they are wanted.
struct ReconcilerScope {
  /// The bridges themselves, by name.
  var bridges: Set<String> = []
  /// The names of ports, by the names of their bridges.
  var ports: [String: Set<String>] = [:]

  var isEmpty: Bool { bridges.isEmpty && ports.isEmpty }

  /// Adds a port.
  mutating func insert(port: String, of bridge: String) { ports[bridge, default: []].insert(port) }
}

extension WantedSwitch {
  /// Takes changes in; gives what they are about.
  mutating func apply(_ delta: ConfigurationDelta) -> ReconcilerScope {
    if let found = delta.datapaths { datapaths = found }
    var scope = ReconcilerScope()
    sequence = delta.sequence
    otherConfig = delta.otherConfig
    externalIDs = delta.externalIDs
    for name in delta.removedBridges {
      // Another row may have the same name.
      for port in bridges[name]?.ports.keys.sorted() ?? [] { scope.insert(port: port, of: name) }
      bridges[name] = nil
      scope.bridges.insert(name)
    }
    for row in delta.bridges {
      bridges[row.name, default: Bridge(row: row)].row = row
      scope.bridges.insert(row.name)
      // The bridge's own port is wanted or not by what the bridge says.
      scope.insert(port: row.name, of: row.name)
    }
    // Ports that go go first: others may have got their names.
    for (bridge, port) in delta.removedPorts {
      bridges[bridge]?.ports[port] = nil
      scope.insert(port: port, of: bridge)
    }
    for (bridge, port) in delta.ports {
      bridges[bridge]?.ports[port.name] = port
      scope.insert(port: port.name, of: bridge)
    }
    return scope
  }
}
