// What: which rows belong to which: what a changed row of the database is about is found without a look at all others.
//
// How: the first time everything is read. After that a changed row leads, by the rows that refer to it, to a port or to a
// bridge, and only these are read again.

import JSON
import OVSDB

/// The rows of bridges and interfaces, by name.
struct RowNames {
  var bridges: [String: UUID] = [:]
  var interfaces: [String: UUID] = [:]
}

/// What rows the configuration was read from.
struct ConfigurationIndex {
  /// A row of Bridge.
  private struct BridgeEntry {
    var name: String
    /// Its ports, in the order of the column.
    var ports: [UUID]
    /// What else it refers to: controllers, mirrors, tables.
    var others: [UUID]
  }
  /// A row of Port.
  private struct PortEntry {
    var name: String
    /// The bridges that refer to it: one, if the database makes sense.
    var bridges: [UUID]
    var interfaces: [UUID]
  }

  private var bridges: [UUID: BridgeEntry] = [:]
  private var ports: [UUID: PortEntry] = [:]
  /// The ports that refer to an interface.
  private var portsOfInterface: [UUID: [UUID]] = [:]
  /// The bridges that refer to a controller, a mirror or a table.
  private var bridgesOfOther: [UUID: [UUID]] = [:]
  /// The rows by name.
  private(set) var names = RowNames()
  private var hasRead = false
  /// How many rows of ports have been read.
  private(set) var readPortCount: UInt64 = 0

  init() {}

  /// Reads what has changed in a replica since its changes were last forgotten; the first time everything.
  mutating func read(_ replica: Replica) -> ConfigurationDelta {
    let reader = ConfigurationReader(replica: replica)
    var delta = ConfigurationDelta()
    let root = replica.onlyRow(of: "Open_vSwitch")
    if let root { reader.readSettings(root, into: &delta) }
    let tables: [Text] = ["Open_vSwitch", "Datapath", "CT_Zone", "CT_Timeout_Policy"]
    if !hasRead || tables.contains(where: { replica.hasChanges(in: $0) }) {
      delta.datapaths = root.map { reader.datapaths($0) } ?? [:]
    }
    var dirtyBridges: Set<UUID> = []
    var dirtyPorts: Set<UUID> = []
    if !hasRead || replica.hasChanges(in: "Open_vSwitch") {
      hasRead = true
      let wanted = Set(root?.references("bridges") ?? [])
      for uuid in bridges.keys.sorted() where !wanted.contains(uuid) { remove(bridge: uuid, &delta) }
      for uuid in wanted where bridges[uuid] == nil { dirtyBridges.insert(uuid) }
    }
    for row in replica.deletedRows(of: "Interface") {
      let name = row.text("name").string
      if names.interfaces[name] == row.uuid { names.interfaces[name] = nil }
    }
    for uuid in replica.changedRows(of: "Bridge") where bridges[uuid] != nil { dirtyBridges.insert(uuid) }
    for uuid in replica.changedRows(of: "Port") where ports[uuid] != nil { dirtyPorts.insert(uuid) }
    for uuid in replica.changedRows(of: "Interface") { dirtyPorts.formUnion(portsOfInterface[uuid] ?? []) }
    for table in ["Controller", "Mirror", "Flow_Table"] as [Text] {
      for uuid in replica.changedRows(of: table) { dirtyBridges.formUnion(bridgesOfOther[uuid] ?? []) }
    }
    for uuid in dirtyBridges.sorted() { read(bridge: uuid, reader, &dirtyPorts, &delta) }
    for uuid in dirtyPorts.sorted() { read(port: uuid, reader, &delta) }
    return delta
  }

  private mutating func remove(bridge uuid: UUID, _ delta: inout ConfigurationDelta) {
    guard let entry = bridges.removeValue(forKey: uuid) else { return }
    for port in entry.ports { forget(port: port, of: uuid) }
    forget(uuid, in: &bridgesOfOther, of: entry.others)
    if names.bridges[entry.name] == uuid {
      names.bridges[entry.name] = nil
      delta.removedBridges.append(entry.name)
    }
  }

  private mutating func read(
    bridge uuid: UUID, _ reader: ConfigurationReader, _ dirtyPorts: inout Set<UUID>,
    _ delta: inout ConfigurationDelta
  ) {
    guard let row = reader.replica.row(uuid, of: "Bridge") else {
      remove(bridge: uuid, &delta)
      return
    }
    let wanted = reader.bridgeWithoutPorts(row)
    delta.bridges.append(wanted)
    let old = bridges[uuid]
    if let old, old.name != wanted.name {
      if names.bridges[old.name] == uuid { names.bridges[old.name] = nil }
      delta.removedBridges.append(old.name)
      dirtyPorts.formUnion(old.ports)
    }
    let portRows = row.references("ports")
    let others = reader.others(row)
    bridges[uuid] = BridgeEntry(name: wanted.name, ports: portRows, others: others)
    names.bridges[wanted.name] = uuid
    forget(uuid, in: &bridgesOfOther, of: old?.others ?? [])
    for other in others { bridgesOfOther[other, default: []].append(uuid) }
    let (gone, come) = Self.differences(old?.ports ?? [], portRows)
    for port in gone {
      if let name = ports[port]?.name { delta.removedPorts.append((wanted.name, name)) }
      forget(port: port, of: uuid)
    }
    for port in come {
      ports[port, default: PortEntry(name: "", bridges: [], interfaces: [])].bridges.append(uuid)
      dirtyPorts.insert(port)
    }
  }

  private mutating func read(
    port uuid: UUID, _ reader: ConfigurationReader, _ delta: inout ConfigurationDelta
  ) {
    guard let entry = ports[uuid] else { return }
    readPortCount &+= 1
    forget(uuid, in: &portsOfInterface, of: entry.interfaces)
    guard let row = reader.replica.row(uuid, of: "Port") else {
      for bridge in entry.bridges {
        if let name = bridges[bridge]?.name { delta.removedPorts.append((name, entry.name)) }
      }
      ports[uuid] = nil
      return
    }
    let wanted = reader.port(row)
    if !entry.name.isEmpty, entry.name != wanted.name {
      for bridge in entry.bridges {
        if let name = bridges[bridge]?.name { delta.removedPorts.append((name, entry.name)) }
      }
    }
    let interfaces = row.references("interfaces")
    ports[uuid] = PortEntry(name: wanted.name, bridges: entry.bridges, interfaces: interfaces)
    for interface in interfaces {
      portsOfInterface[interface, default: []].append(uuid)
      if let row = reader.replica.row(interface, of: "Interface") {
        names.interfaces[row.text("name").string] = interface
      }
    }
    for bridge in entry.bridges {
      if let name = bridges[bridge]?.name { delta.ports.append((name, wanted)) }
    }
  }

  /// A bridge does not refer to a port any more.
  private mutating func forget(port uuid: UUID, of bridge: UUID) {
    ports[uuid]?.bridges.removeAll { $0 == bridge }
    guard let entry = ports[uuid], entry.bridges.isEmpty else { return }
    ports[uuid] = nil
    forget(uuid, in: &portsOfInterface, of: entry.interfaces)
  }

  /// Takes a row out of those that refer to others.
  private func forget(_ uuid: UUID, in table: inout [UUID: [UUID]], of others: [UUID]) {
    for other in others {
      table[other]?.removeAll { $0 == uuid }
      if table[other]?.isEmpty == true { table[other] = nil }
    }
  }

  /// What is in one ordered list of rows and not in another.
  private static func differences(_ old: [UUID], _ new: [UUID]) -> (gone: [UUID], come: [UUID]) {
    var gone: [UUID] = []
    var come: [UUID] = []
    var (left, right) = (0, 0)
    while left < old.count || right < new.count {
      if left < old.count, right < new.count, old[left] == new[right] {
        left += 1
        right += 1
      } else if right == new.count || left < old.count && old[left] < new[right] {
        gone.append(old[left])
        left += 1
      } else {
        come.append(new[right])
        right += 1
      }
    }
    return (gone, come)
  }
}
