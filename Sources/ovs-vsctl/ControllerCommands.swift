import Command
import JSON
import OVSDB

/// Commands for controllers, fail modes and managers.
func controllerCommands() -> [SwitchCommand] {
  [
    SwitchCommand(
      "get-controller", 1...1, syntax: "!BRIDGE", prepare: prepareController,
      run: { context throws(ControlError) in try context.getControllers() }),
    SwitchCommand(
      "del-controller", 1...1, syntax: "!BRIDGE", prepare: prepareController,
      run: { context throws(ControlError) in
        context.deleteControllers(of: try context.realBridge(context.arguments[0]))
      }),
    SwitchCommand(
      "set-controller", 1...Int.max, syntax: "!BRIDGE +TARGET", options: ["--inactivity-probe="],
      prepare: prepareController, run: { context throws(ControlError) in try context.setControllers() }),
    SwitchCommand(
      "get-fail-mode", 1...1, syntax: "!BRIDGE", prepare: prepareTopology(and: "fail_mode"),
      run: { context throws(ControlError) in
        let bridge = try context.bridge(context.arguments[0])
        if let mode = context.edit[bridge.row, "fail_mode"].text { context.printLine(mode.string) }
      }),
    SwitchCommand(
      "del-fail-mode", 1...1, syntax: "!BRIDGE", prepare: prepareTopology(and: "fail_mode"),
      run: { context throws(ControlError) in
        let bridge = try context.realBridge(context.arguments[0])
        context.edit.set(bridge.row, "fail_mode", .empty)
      }),
    SwitchCommand(
      "set-fail-mode", 2...2, syntax: "!BRIDGE !MODE", prepare: prepareTopology(and: "fail_mode"),
      run: { context throws(ControlError) in try context.setFailMode() }),
    SwitchCommand(
      "get-manager", 0...0, prepare: prepareManager,
      run: { context throws(ControlError) in
        context.printSorted(context.managers.map { context.edit[$0, "target"].text ?? "" })
      }),
    SwitchCommand(
      "del-manager", 0...0, prepare: prepareManager,
      run: { context throws(ControlError) in context.deleteManagers() }),
    SwitchCommand(
      "set-manager", 1...Int.max, syntax: "+TARGET", options: ["--inactivity-probe="],
      prepare: prepareManager, run: { context throws(ControlError) in try context.setManagers() }),
  ]
}

private func prepareController(_ preparation: inout ControlPreparation) throws(ControlError) {
  preparation.selectTopology()
  preparation.selection.add("Bridge", "controller")
  preparation.selection.add("Controller", "target")
}

private func prepareManager(_ preparation: inout ControlPreparation) throws(ControlError) {
  preparation.selection.add("Open_vSwitch", "manager_options")
  preparation.selection.add("Manager", "target")
}

extension TopologyContext {
  private func controllers(of bridge: Topology.Bridge) -> [RowHandle] {
    edit[bridge.row, "controller"].references.map { RowHandle("Controller", $0) }
      .filter { edit.exists($0) }
  }

  fileprivate func getControllers() throws(ControlError) {
    let bridge = try bridge(arguments[0])
    printSorted(controllers(of: bridge).map { edit[$0, "target"].text ?? "" })
  }

  fileprivate func deleteControllers(of bridge: Topology.Bridge) {
    edit.verify(bridge.row, "controller")
    for row in controllers(of: bridge) { edit.delete(row) }
    edit.set(bridge.row, "controller", .empty)
  }

  fileprivate func setControllers() throws(ControlError) {
    let bridge = try realBridge(arguments[0])
    deleteControllers(of: bridge)
    let rows = try insertTargets("Controller", arguments.dropFirst())
    edit.set(bridge.row, "controller", Datum(references: rows.map { $0.uuid }))
  }

  /// New rows for connections.
  private func insertTargets(
    _ table: Text, _ targets: ArraySlice<String>
  ) throws(ControlError) -> [RowHandle] {
    var rows: [RowHandle] = []
    for target in targets {
      if !Self.isConnectionMethod(target) {
        warnings.append("target type \"\(target)\" is possibly erroneous")
      }
      let row = insert(table, [("target", Datum(Text(target)))])
      if let probe = invocation.argument(of: "--inactivity-probe") {
        edit.set(row, "inactivity_probe", Datum(.integer(leadingInteger(probe))))
      }
      rows.append(row)
    }
    return rows
  }

  private static func isConnectionMethod(_ target: String) -> Bool {
    let methods = ["tcp:", "unix:", "ssl:", "ptcp:", "punix:", "pssl:"]
    return methods.contains { target.utf8.starts(with: $0.utf8) }
  }

  fileprivate func setFailMode() throws(ControlError) {
    let bridge = try realBridge(arguments[0])
    switch Text(arguments[1]) {
    case "standalone", "secure": edit.set(bridge.row, "fail_mode", Datum(Text(arguments[1])))
    default: throw ControlError("fail-mode must be \"standalone\" or \"secure\"")
    }
  }

  fileprivate var managers: [RowHandle] {
    edit[root, "manager_options"].references.map { RowHandle("Manager", $0) }.filter { edit.exists($0) }
  }

  /// Forgets the managers.
  func deleteManagers() {
    edit.verify(root, "manager_options")
    for row in managers { edit.delete(row) }
    edit.set(root, "manager_options", .empty)
  }

  fileprivate func setManagers() throws(ControlError) {
    deleteManagers()
    let rows = try insertTargets("Manager", arguments[...])
    edit.set(root, "manager_options", Datum(references: rows.map { $0.uuid }))
  }
}
