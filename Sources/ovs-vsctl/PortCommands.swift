import Command
import JSON
import OVSDB

/// Commands that examine and change ports, bonds and interfaces.
func portCommands() -> [SwitchCommand] {
  [
    SwitchCommand(
      "list-ports", 1...1, syntax: "!BRIDGE", prepare: prepareTopology,
      run: { context throws(ControlError) in try context.listPorts() }),
    SwitchCommand(
      "add-port", 2...Int.max, syntax: "!BRIDGE !NEW-PORT *COLUMN?:KEY=VALUE", options: ["--may-exist"],
      prepare: prepareNewInterface, run: { context throws(ControlError) in try context.addPort() }),
    SwitchCommand(
      "add-bond", 4...Int.max, syntax: "!BRIDGE !BOND +IFACE *COLUMN?:KEY=VALUE",
      options: ["--may-exist", "--fake-iface"], prepare: prepareNewInterface,
      run: { context throws(ControlError) in try context.addBond() }),
    SwitchCommand(
      "add-bond-iface", 2...2, syntax: "!BOND !IFACE", options: ["--may-exist"], prepare: prepareNewInterface,
      run: { context throws(ControlError) in try context.addBondInterface() }),
    SwitchCommand(
      "del-bond-iface", 1...2, syntax: "?BOND !IFACE", options: ["--if-exists"], prepare: prepareTopology,
      run: { context throws(ControlError) in try context.deleteBondInterface() }),
    SwitchCommand(
      "del-port", 1...2, syntax: "?BRIDGE !PORT|IFACE", options: ["--if-exists", "--with-iface"],
      prepare: prepareTopology, run: { context throws(ControlError) in try context.deletePort() }),
    SwitchCommand(
      "port-to-br", 1...1, syntax: "!PORT", prepare: prepareTopology,
      run: { context throws(ControlError) in
        context.printLine(try context.port(context.arguments[0]).bridge.name.string)
      }),
    SwitchCommand(
      "list-ifaces", 1...1, syntax: "!BRIDGE", prepare: prepareTopology,
      run: { context throws(ControlError) in try context.listInterfaces() }),
    SwitchCommand(
      "iface-to-br", 1...1, syntax: "!IFACE", prepare: prepareTopology,
      run: { context throws(ControlError) in
        context.printLine(try context.interface(context.arguments[0]).port.bridge.name.string)
      }),
  ]
}

extension TopologyContext {
  fileprivate func listPorts() throws(ControlError) {
    let bridge = try bridge(arguments[0])
    printSorted(bridge.ports.map { $0.name }.filter { $0 != bridge.name })
  }

  fileprivate func listInterfaces() throws(ControlError) {
    let bridge = try bridge(arguments[0])
    printSorted(bridge.ports.flatMap { $0.interfaces.map { $0.name } }.filter { $0 != bridge.name })
  }

  fileprivate func addPort() throws(ControlError) {
    try addPort(arguments[1], interfaces: [arguments[1]], settings: arguments.dropFirst(2))
  }

  fileprivate func addBond() throws(ControlError) {
    let rest = arguments.dropFirst(2)
    let end = rest.firstIndex { $0.utf8.contains(UInt8(ascii: "=")) } ?? rest.endIndex
    let interfaces = Array(rest[..<end])
    guard interfaces.count >= 2 else {
      throw ControlError(
        "add-bond requires at least 2 interfaces, but only \(interfaces.count) were specified")
    }
    try addPort(arguments[1], interfaces: interfaces, settings: rest[end...])
  }

  private func addPort(
    _ name: String, interfaces: [String], settings: ArraySlice<String>
  ) throws(ControlError) {
    guard hasTopology else {
      let bridge = try bridgeForDirectPort(name, interfaces, bridge: arguments[0])
      insert(try newPort(name, interfaces, vlan: nil, settings), into: bridge)
      return
    }
    if has("--may-exist"), let port = topology.port(name) { return try check(port, interfaces) }
    try checkConflicts(name, "cannot create a port named \(name)")
    for interface in interfaces {
      try checkConflicts(interface, "cannot create an interface named \(interface)")
    }
    let bridge = try bridge(arguments[0])
    let vlan = bridge.parent == nil ? nil : bridge.vlan
    let port = try newPort(name, interfaces, vlan: vlan, settings)
    insert(port, into: bridge.row)
    topology.addPort(port, to: bridge.real, edit)
  }

  private func newPort(
    _ name: String, _ interfaces: [String], vlan: Int64?, _ settings: ArraySlice<String>
  ) throws(ControlError) -> RowHandle {
    let rows = interfaces.map { insert("Interface", [("name", Datum(Text($0)))]) }
    let port = insert(
      "Port", [("name", Datum(Text(name))), ("interfaces", Datum(references: rows.map { $0.uuid }))])
    if has("--fake-iface") { edit.set(port, "bond_fake_iface", Datum(.boolean(true))) }
    if let vlan { edit.set(port, "tag", Datum(.integer(vlan))) }
    if let table = names.schema["Port"] {
      for setting in settings { try assign(setting, to: port, of: table) }
    }
    return port
  }

  /// Checks that a port that may exist is the one that was to be made.
  private func check(_ port: Topology.Port, _ interfaces: [String]) throws(ControlError) {
    if port.bridge.name != Text(arguments[0]) {
      throw ControlError(
        "\"\(invocation.text)\" but \(port.name) is actually attached to bridge \(port.bridge.name)")
    }
    let found = port.interfaces.map { $0.name }.sorted()
    if found != interfaces.map({ Text($0) }).sorted() {
      let list = found.map { $0.string }.joined(separator: ", ")
      throw ControlError("\"\(invocation.text)\" but \(port.name) actually has interface(s) \(list)")
    }
  }

  fileprivate func addBondInterface() throws(ControlError) {
    if !hasTopology { throw needsTopology() }
    let port = try port(arguments[0])
    let name = arguments[1]
    if has("--may-exist"), let interface = topology.interface(name) {
      if interface.port === port { return }
      throw ControlError(
        "\"\(invocation.text)\" but \(name) is actually attached to port \(interface.port.name)")
    }
    try checkConflicts(name, "cannot create an interface named \(name)")
    let row = insert("Interface", [("name", Datum(Text(name)))])
    edit.verify(port.row, "name")
    edit.insert(Datum(row), into: "interfaces", of: port.row)
    topology.addInterface(row, to: port, edit)
  }

  fileprivate func deleteBondInterface() throws(ControlError) {
    let name = arguments[arguments.count - 1]
    let port = arguments.count > 1 ? try self.port(arguments[0]) : nil
    let found = has("--if-exists") ? topology.interface(name) : try interface(name)
    guard let interface = found else { return }
    if let port, port !== interface.port {
      throw ControlError("port \(port.name) does not have an interface \(name)")
    }
    if interface.port.interfaces.count == 1 {
      throw ControlError("cannot delete last interface from port \(interface.port.name)")
    }
    edit.verify(interface.port.row, "interfaces")
    edit.remove(Datum(interface.row), from: "interfaces", of: interface.port.row)
    edit.delete(interface.row)
    topology.removeInterface(interface)
  }

  fileprivate func deletePort() throws(ControlError) {
    let name = arguments[arguments.count - 1]
    guard let port = try portToDelete(name) else { return }
    if arguments.count > 1 {
      let bridge = try bridge(arguments[0])
      if port.bridge !== bridge {
        let message = "bridge \(bridge.name) does not have a port \(name)"
        guard port.bridge.parent === bridge else { throw ControlError(message) }
        throw ControlError("\(message) (although its child bridge \(port.bridge.name) does)")
      }
    }
    delete(port)
  }

  private func portToDelete(_ name: String) throws(ControlError) -> Topology.Port? {
    let mustExist = !has("--if-exists")
    if topology.bridge(name) != nil {
      guard mustExist else { return nil }
      throw ControlError(
        "cannot delete port \(name) because it is the local port for bridge \(name) (deleting this port "
          + "requires deleting the entire bridge)")
    }
    if let port = topology.port(name) { return port }
    if has("--with-iface") {
      if let interface = topology.interface(name) { return interface.port }
      if mustExist { throw ControlError("no port or interface named \(name)") }
      return nil
    }
    if mustExist { throw ControlError("no port named \(name)") }
    return nil
  }
}
