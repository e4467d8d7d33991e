import Command
import JSON
import OVSDB

/// Commands for the switch as a whole.
func overviewCommands() -> [SwitchCommand] {
  [
    SwitchCommand(
      "init", 0...0, prepare: { _ throws(ControlError) in }, run: { _ throws(ControlError) in }),
    SwitchCommand(
      "show", 0...0, prepare: prepareShow, run: { context throws(ControlError) in context.show() }),
    SwitchCommand(
      "emer-reset", 0...0, prepare: prepareReset, run: { context throws(ControlError) in context.reset() }),
  ]
}

/// What `show` prints of a table: the column that names a row, and those below it.
private struct Overview {
  let table: Text
  let name: Text?
  let columns: [Text]

  static let all = [
    Overview(table: "Open_vSwitch", name: nil, columns: ["manager_options", "bridges", "ovs_version"]),
    Overview(
      table: "Bridge", name: "name", columns: ["controller", "fail_mode", "datapath_type", "ports"]),
    Overview(table: "Port", name: "name", columns: ["tag", "trunks", "interfaces"]),
    Overview(table: "Interface", name: "name", columns: ["type", "options", "error"]),
    Overview(table: "Controller", name: "target", columns: ["is_connected"]),
    Overview(table: "Manager", name: "target", columns: ["is_connected"]),
  ]

  static func of(_ table: Text) -> Overview? { all.first { $0.table == table } }
}

private func prepareShow(_ preparation: inout ControlPreparation) throws(ControlError) {
  for overview in Overview.all {
    if let name = overview.name { preparation.selection.add(overview.table, name) }
    for column in overview.columns { preparation.selection.add(overview.table, column) }
  }
}

extension TopologyContext {
  fileprivate func show() {
    for row in edit.rows("Open_vSwitch") { show(row, level: 0) }
  }

  /// Prints a row, and below it those that it refers to; tables form a tree, so this ends.
  private func show(_ row: RowHandle, level: Int) {
    guard let overview = Overview.of(row.table), let table = names.schema[row.table],
      edit.exists(row), level < Overview.all.count
    else { return }
    let indentation = String(repeating: " ", count: level * 4)
    if let name = overview.name, let column = table.column(name) {
      printLine("\(indentation)\(row.table) \(edit[row, name].displayText(column.type))")
    } else {
      printLine("\(indentation)\(row.uuid.text)")
    }
    for name in overview.columns {
      guard let column = table.column(name) else { continue }
      let value = edit[row, name]
      if let target = column.type.key.referencedTable, Overview.of(target) != nil {
        for uuid in value.references { show(RowHandle(target, uuid), level: level + 1) }
      } else if value != column.type.defaultDatum {
        printLine("\(indentation)    \(name): \(value.displayText(column.type))")
      }
    }
  }
}

private func prepareReset(_ preparation: inout ControlPreparation) throws(ControlError) {
  preparation.selectTopology()
  let columns: [(table: Text, columns: [Text])] = [
    ("Open_vSwitch", ["manager_options", "ssl", "other_config"]),
    (
      "Bridge",
      [
        "controller", "fail_mode", "mirrors", "netflow", "sflow", "ipfix", "flood_vlans", "other_config",
      ]
    ), ("Port", ["other_config"]),
    ("Interface", ["ingress_policing_rate", "ingress_policing_burst", "other_config"]),
    ("Manager", ["target"]), ("SSL", ["private_key"]),
  ]
  for (table, columns) in columns {
    for column in columns { preparation.selection.add(table, column) }
  }
}

extension TopologyContext {
  fileprivate func reset() {
    for row in edit.rows("Bridge") {
      for column in [
        "controller", "fail_mode", "mirrors", "netflow", "sflow", "ipfix", "flood_vlans",
      ] as [Text] { edit.set(row, column, .empty) }
      // The bridge's address is part of its identity.
      let address = edit[row, "other_config"]["hwaddr"] as Text?
      edit.set(
        row, "other_config", Datum(textPairs: address.map { [(key: "hwaddr" as Text, value: $0)] } ?? []))
    }
    for row in edit.rows("Port") { edit.set(row, "other_config", .empty) }
    for row in edit.rows("Interface") {
      for column in ["ingress_policing_rate", "ingress_policing_burst"] as [Text] {
        edit.set(row, column, Datum(.integer(0)))
      }
    }
    deleteManagers()
    deleteSecurity()
  }
}
