// From the rows of the database to the desired switch.

import JSON
import OVSDB
import OpenFlow

/// Reads the configuration out of a copy of the database.
struct ConfigurationReader {
  let replica: Replica

  /// The columns that the switch reads, table by table; those that it writes are in `StatusWriter`.
  static var columns: [(table: Text, columns: [Text])] {
    [
      ("Open_vSwitch", ["bridges", "next_cfg", "other_config", "external_ids", "datapaths"]),
      ("Datapath", ["ct_zones", "ct_zone_default_limit"]),
      ("CT_Zone", ["timeout_policy", "limit"]),
      ("CT_Timeout_Policy", ["timeouts"]),
      (
        "Bridge",
        [
          "name", "datapath_type", "fail_mode", "protocols", "controller", "ports", "mirrors", "flood_vlans",
          "mcast_snooping_enable", "other_config", "flow_tables",
        ]
      ),
      ("Port", ["name", "interfaces", "vlan_mode", "tag", "trunks", "cvlans", "protected", "other_config"]),
      ("Interface", ["name", "type", "options", "ofport_request", "mac", "mtu_request", "other_config"]),
      (
        "Controller",
        [
          "target", "connection_mode", "max_backoff", "inactivity_probe", "controller_rate_limit",
          "controller_burst_limit", "enable_async_messages", "type", "other_config",
        ]
      ),
      (
        "Mirror",
        [
          "name", "select_all", "select_src_port", "select_dst_port", "select_vlan", "output_port",
          "output_vlan",
          "snaplen",
        ]
      ),
      ("Flow_Table", ["name", "flow_limit", "overflow_policy"]),
    ]
  }

  /// The whole configuration.
  var desired: DesiredSwitch {
    var desired = WantedSwitch()
    var index = ConfigurationIndex()
    _ = desired.apply(index.read(replica))
    return desired.desired
  }

  /// Reads what is said of the switch as a whole.
  func readSettings(_ root: ReplicaRow, into delta: inout ConfigurationDelta) {
    delta.sequence = root.integer("next_cfg") ?? 0
    delta.otherConfig = settings(root, "other_config")
    delta.externalIDs = settings(root, "external_ids")
  }

  private func settings(_ row: ReplicaRow, _ column: Text) -> Settings {
    Settings((row[column]?.textPairs ?? []).map { ($0.key.string, $0.value.string) })
  }

  private func numbers(_ row: ReplicaRow, _ column: Text) -> [UInt16] {
    (row[column]?.integers ?? []).compactMap { UInt16(exactly: $0) }.filter { $0 < 4096 }
  }

  /// A bridge, for whose ports the caller has to see.
  func bridgeWithoutPorts(_ row: ReplicaRow) -> DesiredBridge {
    var bridge = DesiredBridge(name: row.text("name").string)
    let type = row.text("datapath_type").string
    bridge.datapathType = type == "" ? "system" : type
    switch row[("fail_mode" as Text)]?.text?.string {
    case "secure": bridge.failMode = .secure
    case "standalone": bridge.failMode = .standalone
    default: bridge.failMode = nil
    }
    for name in row["protocols"]?.texts ?? [] {
      if let version = OpenFlowVersion(name: name.string) {
        bridge.protocols.insert(OpenFlowVersions(version))
      }
    }
    bridge.floodVLANs = numbers(row, "flood_vlans")
    bridge.snoopsMulticast = row.isTrue("mcast_snooping_enable")
    bridge.otherConfig = settings(row, "other_config")
    for uuid in row.references("controller") {
      if let row = replica.row(uuid, of: "Controller") { bridge.controllers.append(controller(row)) }
    }
    for uuid in row.references("mirrors") {
      if let row = replica.row(uuid, of: "Mirror") { bridge.mirrors.append(mirror(row)) }
    }
    bridge.mirrors.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    bridge.flowTables = flowTables(row["flow_tables"])
    return bridge
  }

  /// The rows other than ports that what is said of a bridge is read from.
  func others(_ bridge: ReplicaRow) -> [UUID] {
    bridge.references("controller") + bridge.references("mirrors")
      + (bridge["flow_tables"]?.values.compactMap { $0.uuid } ?? [])
  }

  private func flowTables(_ datum: Datum?) -> [DesiredFlowTable] {
    var tables: [DesiredFlowTable] = []
    guard let datum else { return tables }
    for (key, value) in zip(datum.keys, datum.values) {
      guard let number = key.integer.flatMap({ UInt8(exactly: $0) }), let uuid = value.uuid,
        let row = replica.row(uuid, of: "Flow_Table")
      else { continue }
      var table = DesiredFlowTable(table: number)
      table.name = row["name"]?.text?.string
      table.flowLimit = row.integer("flow_limit").map { Int($0) }
      table.evicts = row.text("overflow_policy").string == "evict"
      tables.append(table)
    }
    return tables
  }

  /// A port, with its interfaces.
  func port(_ row: ReplicaRow) -> DesiredPort {
    var port = DesiredPort(name: row.text("name").string)
    port.vlanMode = row["vlan_mode"]?.text?.string
    port.tag = numbers(row, "tag").first
    port.trunks = numbers(row, "trunks")
    port.customerVLANs = numbers(row, "cvlans")
    port.isProtected = row.isTrue("protected")
    port.otherConfig = settings(row, "other_config")
    for uuid in row.references("interfaces") {
      if let row = replica.row(uuid, of: "Interface") { port.interfaces.append(interface(row)) }
    }
    port.interfaces.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    return port
  }

  private func interface(_ row: ReplicaRow) -> DesiredInterface {
    var interface = DesiredInterface(name: row.text("name").string)
    interface.type = row.text("type").string
    interface.options = settings(row, "options")
    interface.requestedNumber = row.integer("ofport_request")
    interface.previousNumber = row.integer("ofport")
    interface.ethernetAddress = row["mac"]?.text?.string
    interface.requestedMTU = row.integer("mtu_request")
    interface.otherConfig = settings(row, "other_config")
    return interface
  }

  private func controller(_ row: ReplicaRow) -> DesiredController {
    var controller = DesiredController(row: row.uuid.text, target: row.text("target").string)
    controller.connectionMode = row["connection_mode"]?.text?.string
    controller.maximumBackoffMilliseconds = row.integer("max_backoff")
    controller.inactivityProbeMilliseconds = row.integer("inactivity_probe")
    controller.rateLimit = row.integer("controller_rate_limit")
    controller.burstLimit = row.integer("controller_burst_limit")
    controller.enablesAsynchronousMessages = row["enable_async_messages"]?.boolean ?? true
    controller.type = row["type"]?.text?.string
    controller.otherConfig = settings(row, "other_config")
    return controller
  }

  private func mirror(_ row: ReplicaRow) -> Mirror {
    var mirror = Mirror(name: row.text("name").string)
    mirror.selectsAll = row.isTrue("select_all")
    mirror.sourcePorts = portNames(row, "select_src_port")
    mirror.destinationPorts = portNames(row, "select_dst_port")
    let vlans = numbers(row, "select_vlan")
    mirror.vlans = vlans.isEmpty ? nil : Set(vlans)
    mirror.outputPort = portNames(row, "output_port").first
    mirror.outputVLAN = numbers(row, "output_vlan").first
    mirror.snapByteCount = row.integer("snaplen").map { Int($0) }
    return mirror
  }

  private func portNames(_ row: ReplicaRow, _ column: Text) -> Set<String> {
    var names: Set<String> = []
    for uuid in row.references(column) {
      if let port = replica.row(uuid, of: "Port") { names.insert(port.text("name").string) }
    }
    return names
  }
}
