// From the actual switch back to the rows of the database: numbers, addresses, states, statistics.

import Datapath
import JSON
import OVSDB
import OpenFlow
import PacketWire

/// The names of what the database may not say right.
struct StatusChanges {
  /// Bridges.
  var bridges: Set<String> = []
  /// Interfaces whose states have changed.
  var states: Set<String> = []
  /// Interfaces that have counted more.
  var counters: Set<String> = []

  /// Adds others.
  mutating func formUnion(_ others: StatusChanges) {
    bridges.formUnion(others.bridges)
    states.formUnion(others.states)
    counters.formUnion(others.counters)
  }
}

/// Writes what the switch is into an edit of the database; only what differs from what is there.
struct StatusWriter {
  let context: SwitchContext
  let reconciler: Reconciler
  let agents: [String: BridgeAgent]
  var edit: Edit
  /// How many rows were compared with what there is.
  private(set) var comparedRowCount = 0

  /// The columns that the switch writes, table by table.
  static var columns: [(table: Text, columns: [Text])] {
    [
      (
        "Open_vSwitch",
        [
          "cur_cfg", "ovs_version", "datapath_types", "iface_types", "dpdk_initialized", "dpdk_version",
          "datapaths",
        ]
      ),
      ("Bridge", ["datapath_id", "datapath_version", "status"]),
      (
        "Interface",
        [
          "ofport", "ifindex", "mac_in_use", "admin_state", "link_state", "link_resets", "link_speed",
          "duplex", "mtu",
          "error", "status", "statistics",
        ]
      ),
      ("Controller", ["is_connected", "role", "status"]),
      ("Datapath", ["capabilities"]),
    ]
  }

  init(context: SwitchContext, reconciler: Reconciler, agents: [String: BridgeAgent], replica: Replica) {
    self.context = context
    self.reconciler = reconciler
    self.agents = agents
    edit = Edit(replica)
  }

  private mutating func set(_ row: RowHandle, _ column: Text, _ value: Datum) {
    if edit[row, column] != value { edit.set(row, column, value) }
  }

  private mutating func set(_ row: RowHandle, _ column: Text, _ text: String?) {
    set(row, column, text.map { Datum(.string(Text($0))) } ?? .empty)
  }

  private mutating func set(_ row: RowHandle, _ column: Text, _ number: Int64?) {
    set(row, column, number.map { Datum(.integer($0)) } ?? .empty)
  }

  private mutating func set(_ row: RowHandle, _ column: Text, _ pairs: [(name: String, value: String)]) {
    set(row, column, Datum(textPairs: pairs.map { (Text($0.name), Text($0.value)) }))
  }

  /// Writes that the configuration with a number is applied.
  mutating func writeSequence(_ sequence: Int64) {
    for row in edit.rows("Open_vSwitch") { set(row, "cur_cfg", sequence) }
  }

  /// Writes what the switch can do.
  mutating func writeAbilities() {
    for row in edit.rows("Open_vSwitch") {
      set(row, "ovs_version", context.options.version)
      set(row, "dpdk_initialized", Datum(.boolean(false)))
      set(row, "dpdk_version", "none")
      var datapaths: [Text] = ["netdev", "system"]
      var interfaces: [Text] = ["internal", "patch", "system", "tap"]
      interfaces += TunnelKind.allCases.map { Text($0.row.name) }
      if context.options.dummyMode != .none {
        datapaths.append("dummy")
        interfaces.append(contentsOf: ["dummy", "dummy-internal", "dummy-pmd"])
      }
      set(row, "datapath_types", Datum(texts: datapaths))
      set(row, "iface_types", Datum(texts: interfaces))
    }
  }

  /// Writes the states of some bridges and interfaces, and those of all controllers.
  mutating func write(_ changes: StatusChanges, _ rows: RowNames) {
    for name in changes.bridges.sorted() {
      guard let row = rows.bridges[name], let bridge = reconciler.bridges[name] else { continue }
      write(bridge, RowHandle("Bridge", row))
    }
    for name in changes.states.sorted() {
      guard let row = rows.interfaces[name], let interface = reconciler.interface(named: name) else {
        continue
      }
      comparedRowCount += 1
      write(interface, RowHandle("Interface", row))
    }
    for row in edit.rows("Controller") { writeController(row) }
    for row in edit.rows("Open_vSwitch") { writeDatapaths(edit[row, "datapaths"]) }
  }

  /// Writes what the datapaths can do that somebody has made a row for.
  private mutating func writeDatapaths(_ rows: Datum) {
    for (key, value) in zip(rows.keys, rows.values) {
      guard let uuid = value.uuid, let link = key.text.flatMap({ reconciler.datapaths[$0.string] }),
        link.state == .open
      else { continue }
      set(RowHandle("Datapath", uuid), "capabilities", DatapathFeature.capabilities(link.features))
    }
  }

  private mutating func write(_ bridge: Bridge, _ row: RowHandle) {
    let digits = String(bridge.datapathID, radix: 16)
    set(row, "datapath_id", String(repeating: "0", count: 16 - digits.utf8.count) + digits)
    set(row, "datapath_version", "<built-in>")
  }

  private mutating func write(_ interface: Interface, _ row: RowHandle) {
    switch interface.attachment {
    case .attaching, .detached: return
    case .failed(let message):
      set(row, "ofport", -1)
      set(row, "error", message)
      for column in ["mac_in_use", "admin_state", "link_state", "ifindex", "mtu"] as [Text] {
        set(row, column, Datum.empty)
      }
    case .attached:
      set(row, "ofport", interface.number == .local ? Int64(65534) : Int64(interface.number.rawValue))
      set(row, "error", nil as String?)
      set(row, "mac_in_use", interface.ethernetAddress.description)
      set(row, "admin_state", interface.isUp ? "up" : "down")
      set(row, "link_state", interface.hasCarrier ? "up" : "down")
      writeDevice(interface, row)
    }
  }

  private mutating func writeDevice(_ interface: Interface, _ row: RowHandle) {
    switch interface.kind {
    case .system, .internalDevice:
      let device = context.devices[interface.name]
      set(row, "ifindex", device.map { Int64($0.index) })
      set(row, "mtu", device.map { Int64($0.maximumTransmissionUnit) })
      set(row, "link_speed", device?.bitsPerSecond)
      set(row, "duplex", device?.isFullDuplex.map { $0 ? "full" : "half" })
      set(row, "link_resets", Int64(device?.carrierChangeCount ?? 0))
      set(row, "status", device?.status ?? [])
    case .dummy:
      set(row, "mtu", 1500)
      set(row, "ifindex", nil as Int64?)
      set(row, "link_resets", 0)
    case .patch:
      set(row, "mtu", nil as Int64?)
      set(row, "ifindex", nil as Int64?)
      set(row, "link_resets", 0)
    case .tunnel:
      set(row, "ifindex", nil as Int64?)
      set(row, "link_resets", 0)
    }
  }

  private mutating func writeController(_ row: RowHandle) {
    guard let target = edit[row, "target"].text?.string else { return }
    for agent in agents.values {
      guard let link = agent.controllers[target], link.row == row.uuid.text else { continue }
      set(row, "is_connected", Datum(.boolean(link.isConnected)))
      let role: String? =
        switch agent.session(of: link)?.role {
        case .equal?: "other"
        case .primary?: "master"
        case .secondary?: "slave"
        case .noChange?, nil: nil
        }
      set(row, "role", link.isConnected ? role : nil)
      var status: [(name: String, value: String)] = [("state", link.state.name)]
      if let error = link.lastError { status.append(("last_error", error)) }
      if let since = link.connectedMilliseconds {
        status.append(("sec_since_connect", String((context.now - since) / 1000)))
      }
      if let since = link.disconnectedMilliseconds {
        status.append(("sec_since_disconnect", String((context.now - since) / 1000)))
      }
      set(row, "status", status)
    }
  }

  /// Writes the statistics of some interfaces.
  mutating func writeStatistics(_ names: Set<String>, _ rows: RowNames) {
    for name in names.sorted() {
      guard let row = rows.interfaces[name].map({ RowHandle("Interface", $0) }),
        let interface = reconciler.interface(named: name), interface.attachment == .attached
      else { continue }
      comparedRowCount += 1
      let pairs = statistics(interface).map {
        (Atom.string(Text($0.name)), Atom.integer(Int64(clamping: $0.value)))
      }
      set(row, "statistics", Datum(map: pairs))
    }
  }

  private func statistics(_ interface: Interface) -> [(name: String, value: UInt64)] {
    if let device = context.devices[interface.name], !device.statistics.isEmpty, interface.kind == .system {
      return device.statistics
    }
    let counters = interface.counters
    var pairs = [
      ("rx_packets", counters.receivedPackets), ("rx_bytes", counters.receivedBytes),
      ("tx_packets", counters.sentPackets), ("tx_bytes", counters.sentBytes),
    ]
    if interface.kind == .system || interface.kind == .internalDevice {
      pairs += [
        ("rx_dropped", counters.receivedDrops), ("rx_errors", counters.receivedErrors),
        ("tx_dropped", counters.sentDrops), ("tx_errors", counters.sentErrors),
      ]
    }
    return pairs.map { (name: $0.0, value: $0.1) }
  }
}
