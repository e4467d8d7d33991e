import Command
import JSON
import OVSDB

/// Commands for the mappings of Auto-Attach (IEEE 802.1Qcj) from service identifiers to VLANs.
func autoAttachCommands() -> [SwitchCommand] {
  [
    SwitchCommand(
      "add-aa-mapping", 3...3, syntax: "!BRIDGE !ARG !ARG", prepare: prepareAutoAttach,
      run: { context throws(ControlError) in try context.addMapping() }),
    SwitchCommand(
      "del-aa-mapping", 3...3, syntax: "!BRIDGE !ARG !ARG", prepare: prepareAutoAttach,
      run: { context throws(ControlError) in try context.deleteMapping() }),
    SwitchCommand(
      "get-aa-mapping", 1...1, syntax: "!BRIDGE", prepare: prepareAutoAttach,
      run: { context throws(ControlError) in try context.showMappings() }),
  ]
}

private func prepareAutoAttach(_ preparation: inout ControlPreparation) throws(ControlError) {
  preparation.selectTopology()
  preparation.selection.add("Bridge", "auto_attach")
  preparation.selection.add("AutoAttach", "mappings")
}

extension TopologyContext {
  private func autoAttach(of bridge: Topology.Bridge) -> RowHandle? {
    edit[bridge.row, "auto_attach"].references.first.map { RowHandle("AutoAttach", $0) }
  }

  private func pair() throws(ControlError) -> Datum {
    var numbers: [Int64] = []
    for argument in arguments.dropFirst() {
      guard let number = Int64(argument) else { throw ControlError("Invalid argument \(argument)") }
      numbers.append(number)
    }
    return Datum(map: [(.integer(numbers[0]), .integer(numbers[1]))])
  }

  fileprivate func addMapping() throws(ControlError) {
    let bridge = try bridge(arguments[0])
    let mapping = try pair()
    if let row = autoAttach(of: bridge) {
      edit.insert(mapping, into: "mappings", of: row)
    } else {
      let row = insert("AutoAttach", [("mappings", mapping)])
      edit.set(bridge.row, "auto_attach", Datum(row))
    }
  }

  fileprivate func deleteMapping() throws(ControlError) {
    let bridge = try bridge(arguments[0])
    let mapping = try pair()
    if let row = autoAttach(of: bridge) { edit.remove(mapping, from: "mappings", of: row) }
  }

  fileprivate func showMappings() throws(ControlError) {
    guard let row = autoAttach(of: try bridge(arguments[0])) else { return }
    let mappings = edit[row, "mappings"]
    for (key, value) in zip(
      mappings.keys.compactMap { $0.integer }, mappings.values.compactMap { $0.integer })
    {
      printLine("\(key) \(value)")
    }
  }
}
