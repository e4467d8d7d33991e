import Command
import JSON
import OVSDB

/// Commands that examine and change bridges.
func bridgeCommands() -> [SwitchCommand] {
  [
    SwitchCommand(
      "add-br", 1...3, syntax: "!NEW-BRIDGE ?PARENT ?NEW-VLAN", options: ["--may-exist"],
      prepare: prepareNewInterface, run: { context throws(ControlError) in try context.addBridge() }),
    SwitchCommand(
      "del-br", 1...1, syntax: "!BRIDGE", options: ["--if-exists"],
      prepare: prepareTopology, run: { context throws(ControlError) in try context.deleteBridge() }),
    SwitchCommand(
      "list-br", 0...0, options: ["--real", "--fake"],
      prepare: prepareTopology, run: { context throws(ControlError) in context.listBridges() }),
    SwitchCommand(
      "br-exists", 1...1, syntax: "!BRIDGE", prepare: prepareTopology,
      run: { context throws(ControlError) in
        if context.topology.bridge(context.arguments[0]) == nil { throw ControlError(exitStatus: 2) }
      }),
    SwitchCommand(
      "br-to-vlan", 1...1, syntax: "!BRIDGE", prepare: prepareTopology,
      run: { context throws(ControlError) in
        context.printLine(String(try context.bridge(context.arguments[0]).vlan))
      }),
    SwitchCommand(
      "br-to-parent", 1...1, syntax: "!BRIDGE", prepare: prepareTopology,
      run: { context throws(ControlError) in
        context.printLine(try context.bridge(context.arguments[0]).real.name.string)
      }),
    SwitchCommand(
      "br-set-external-id", 2...3, syntax: "!BRIDGE !KEY ?VALUE", prepare: prepareExternalIDs,
      run: { context throws(ControlError) in try context.setExternalID() }),
    SwitchCommand(
      "br-get-external-id", 1...2, syntax: "!BRIDGE ?KEY", prepare: prepareExternalIDs,
      run: { context throws(ControlError) in try context.getExternalID() }),
  ]
}

private func prepareExternalIDs(_ preparation: inout ControlPreparation) throws(ControlError) {
  preparation.selectTopology()
  preparation.selection.add("Bridge", "external_ids")
  preparation.selection.add("Port", "external_ids")
}

/// What keys of a fake bridge's external IDs begin with in the Port table.
private let fakeBridgePrefix = "fake-bridge-"

extension TopologyContext {
  fileprivate func addBridge() throws(ControlError) {
    let name = arguments[0]
    switch arguments.count {
    case 1 where !hasTopology:
      if has("--may-exist"), hasRealBridge(name) { return }
      try checkDirectBridge(name)
      insertRealBridge(name)
    case 1:
      if has("--may-exist"), let bridge = topology.bridge(name) {
        guard bridge.parent != nil else { return }
        throw ControlError(
          "\"--may-exist add-br \(name)\" but \(name) is a VLAN bridge for VLAN \(bridge.vlan)")
      }
      try addRealBridge(name)
    case 3:
      if !hasTopology { throw needsTopology() }
      let vlan = leadingInteger(arguments[2])
      guard (0...4095).contains(vlan) else {
        throw ControlError("add-br: vlan must be between 0 and 4095")
      }
      if has("--may-exist"), let bridge = topology.bridge(name) {
        return try checkFakeBridge(bridge, parent: arguments[1], vlan: vlan)
      }
      try addFakeBridge(name, parent: arguments[1], vlan: vlan)
    default:
      throw ControlError("'add-br' command takes exactly 1 or 3 arguments")
    }
    forgetTopology()
  }

  private func checkFakeBridge(
    _ bridge: Topology.Bridge, parent: String, vlan: Int64
  ) throws(ControlError) {
    let command = "\"--may-exist add-br \(bridge.name) \(parent) \(vlan)\""
    guard let actual = bridge.parent else {
      throw ControlError("\(command) but \(bridge.name) is not a VLAN bridge")
    }
    if actual.name != Text(parent) {
      throw ControlError("\(command) but \(bridge.name) has the wrong parent \(actual.name)")
    }
    if bridge.vlan != vlan {
      throw ControlError("\(command) but \(bridge.name) is a VLAN bridge for the wrong VLAN \(bridge.vlan)")
    }
  }

  private func addRealBridge(_ name: String) throws(ControlError) {
    try checkConflicts(name, "cannot create a bridge named \(name)")
    insertRealBridge(name)
  }

  private func insertRealBridge(_ name: String) {
    let bridge = insert("Bridge", [("name", Datum(Text(name)))])
    let port = insertLocalPort(name)
    edit.insert(Datum(port), into: "ports", of: bridge)
    edit.insert(Datum(bridge), into: "bridges", of: root)
  }

  private func insertLocalPort(_ name: String) -> RowHandle {
    let interface = insert("Interface", [("name", Datum(Text(name))), ("type", Datum("internal"))])
    return insert("Port", [("name", Datum(Text(name))), ("interfaces", Datum(interface))])
  }

  private func addFakeBridge(_ name: String, parent: String, vlan: Int64) throws(ControlError) {
    try checkConflicts(name, "cannot create a bridge named \(name)")
    guard let parentBridge = topology.bridge(parent) else {
      throw ControlError("parent bridge \(parent) does not exist")
    }
    if parentBridge.parent != nil {
      throw ControlError("cannot create bridge with fake bridge as parent")
    }
    if let other = parentBridge.child(vlan: vlan) {
      throw ControlError("bridge \(parent) already has a child VLAN bridge \(other.name) on VLAN \(vlan)")
    }
    let port = insertLocalPort(name)
    edit.set(port, "fake_bridge", Datum(.boolean(true)))
    edit.set(port, "tag", Datum(.integer(vlan)))
    insert(port, into: parentBridge.row)
  }

  /// Puts a port into a real bridge, which has to be there still when the transaction is carried out.
  func insert(_ port: RowHandle, into bridge: RowHandle) {
    edit.verify(bridge, "name")
    edit.insert(Datum(port), into: "ports", of: bridge)
  }

  fileprivate func deleteBridge() throws(ControlError) {
    guard has("--if-exists") else { return delete(try bridge(arguments[0])) }
    if let bridge = topology.bridge(arguments[0]) { delete(bridge) }
  }

  private func delete(_ bridge: Topology.Bridge) {
    for child in bridge.children { delete(child) }
    for port in bridge.ports { delete(port) }
    if bridge.parent == nil {
      edit.remove(Datum(bridge.row), from: "bridges", of: root)
      edit.delete(bridge.row)
    }
    forgetTopology()
  }

  /// Takes a port out of its bridge, and deletes it with its interfaces.
  func delete(_ port: Topology.Port) {
    edit.remove(Datum(port.row), from: "ports", of: port.bridge.row)
    for interface in port.interfaces { edit.delete(interface.row) }
    edit.delete(port.row)
    topology.removePort(port)
  }

  fileprivate func listBridges() {
    let showsReal = has("--real") || !has("--fake")
    let showsFake = has("--fake") || !has("--real")
    let bridges = topology.bridges.values.filter { $0.parent == nil ? showsReal : showsFake }
    printSorted(bridges.map { $0.name })
  }

  fileprivate func setExternalID() throws(ControlError) {
    let bridge = try bridge(arguments[0])
    let row = bridge.fakePort ?? bridge.row
    let key = Text(bridge.fakePort == nil ? arguments[1] : fakeBridgePrefix + arguments[1])
    if arguments.count > 2 {
      edit.insert(Datum(textPairs: [(key, Text(arguments[2]))]), into: "external_ids", of: row)
    } else {
      edit.remove(keys: Datum(key), from: "external_ids", of: row)
    }
  }

  fileprivate func getExternalID() throws(ControlError) {
    let bridge = try bridge(arguments[0])
    let ids = edit[bridge.fakePort ?? bridge.row, "external_ids"]
    let prefix = bridge.fakePort == nil ? "" : fakeBridgePrefix
    if arguments.count > 1 {
      if let value = ids[Text(prefix + arguments[1])] as Text? { printLine(value.string) }
      return
    }
    var lines: [Text] = []
    for (key, value) in ids.textPairs where key.utf8.starts(with: prefix.utf8) {
      let bare = String(decoding: Array(key.utf8.dropFirst(prefix.utf8.count)), as: UTF8.self)
      lines.append(Text("\(bare)=\(value)"))
    }
    printSorted(lines)
  }
}
