import OpenFlow

// The configuration that the database holds, as values: what Configure reads rows into, and what the reconciler compares with
// the bridges that there are. Tests write it directly.

/// Pairs of a `map` column, in the order of their keys.
struct Settings: Equatable {
  /// The pairs, sorted by key.
  private(set) var pairs: [(key: String, value: String)] = []

  init() {}

  init(_ pairs: [(key: String, value: String)]) {
    for pair in pairs { self[pair.key] = pair.value }
  }

  /// The value of a key.
  subscript(key: String) -> String? {
    get {
      for pair in pairs where pair.key.utf8.elementsEqual(key.utf8) { return pair.value }
      return nil
    }
    set {
      pairs.removeAll { $0.key.utf8.elementsEqual(key.utf8) }
      guard let newValue else { return }
      let place = pairs.firstIndex { key.utf8.lexicographicallyPrecedes($0.key.utf8) } ?? pairs.count
      pairs.insert((key, newValue), at: place)
    }
  }

  /// Whether a key's value is "true"; `fallback` if it is neither that nor "false".
  func boolean(_ key: String, default fallback: Bool = false) -> Bool {
    switch self[key] {
    case "true": true
    case "false": false
    default: fallback
    }
  }

  /// The number that a key's value is; `fallback` if it is none.
  func integer(_ key: String, default fallback: Int) -> Int { self[key].flatMap { Int($0) } ?? fallback }

  static func == (left: Settings, right: Settings) -> Bool {
    left.pairs.elementsEqual(right.pairs) { $0.key == $1.key && $0.value == $1.value }
  }
}

/// All of the configuration.
struct DesiredSwitch: Equatable {
  /// The number that whoever changed the configuration gave this state (`next_cfg`).
  var sequence: Int64 = 0
  /// The bridges, by name.
  var bridges: [DesiredBridge] = []
  /// `Open_vSwitch.other_config`.
  var otherConfig = Settings()
  /// `Open_vSwitch.external_ids`.
  var externalIDs = Settings()
  /// `Open_vSwitch.datapaths`: how connections are tracked.
  var datapaths: [String: DesiredTracking] = [:]
}

/// A row of Bridge.
struct DesiredBridge: Equatable {
  var name: String
  /// `datapath_type`, with "system" for "".
  var datapathType = "system"
  var failMode: FailMode?
  /// `protocols`; empty for the default ones.
  var protocols: OpenFlowVersions = []
  var controllers: [DesiredController] = []
  var ports: [DesiredPort] = []
  var mirrors: [Mirror] = []
  var floodVLANs: [UInt16] = []
  var snoopsMulticast = false
  var otherConfig = Settings()
  var flowTables: [DesiredFlowTable] = []
}

/// A row of Flow_Table.
struct DesiredFlowTable: Equatable {
  var table: UInt8
  var name: String?
  var flowLimit: Int?
  /// `overflow_policy`: whether a full table evicts rules rather than refusing new ones.
  var evicts = false
}

/// A row of Port.
struct DesiredPort: Equatable {
  var name: String
  var interfaces: [DesiredInterface] = []
  /// `vlan_mode`, as it is.
  var vlanMode: String?
  var tag: UInt16?
  var trunks: [UInt16] = []
  var customerVLANs: [UInt16] = []
  var isProtected = false
  var otherConfig = Settings()
}

/// A row of Interface.
struct DesiredInterface: Equatable {
  var name: String
  /// `type`, as it is.
  var type = ""
  var options = Settings()
  var requestedNumber: Int64?
  /// `ofport`: the number that it had before.
  var previousNumber: Int64?
  var ethernetAddress: String?
  var requestedMTU: Int64?
  var otherConfig = Settings()
}

/// A row of Controller.
struct DesiredController: Equatable {
  /// What names the row when its status is written.
  var row: String
  var target: String
  var connectionMode: String?
  var maximumBackoffMilliseconds: Int64?
  var inactivityProbeMilliseconds: Int64?
  var rateLimit: Int64?
  var burstLimit: Int64?
  var enablesAsynchronousMessages = true
  var type: String?
  var otherConfig = Settings()
}
