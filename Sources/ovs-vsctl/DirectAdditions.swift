// What: bridges and ports added by looking at the few rows that bear their names.
//
// Why: to add a port to a bridge that has thousands, the others need not be read.
//
// How: if no bridge, port or interface has one of the new names, and the bridge to which a port goes is a real
// one, then nothing else matters. In every other case, among them every error, the whole topology is asked for.

import Command
import JSON
import OVSDB

/// Selects what `add-br`, `add-port` and the like need, and what the switch says of interfaces that it sets up.
///
/// The arguments that may be names are taken as such; columns that are set on a new row need not be read.
func prepareNewInterface(_ preparation: inout ControlPreparation) throws(ControlError) {
  let reported: [Text] = ["name", "ofport", "error"]
  if preparation.isThorough {
    preparation.selectTopology()
    for column in reported { preparation.selection.add("Interface", column) }
    return
  }
  for argument in preparation.arguments {
    let name = Atom.string(Text(argument))
    preparation.selection.add("Bridge", ["name"], where: "name", is: name)
    preparation.selection.add("Port", ["name"], where: "name", is: name)
    preparation.selection.add("Interface", reported, where: "name", is: name)
  }
}

extension TopologyContext {
  /// Whether the whole topology has been read.
  var hasTopology: Bool {
    let tables = edit.replica.selection.tables
    return tables["Bridge"]?.hasAllRows == true && tables["Bridge"]?.columns.contains("ports") == true
      && tables["Port"]?.hasAllRows == true && tables["Interface"]?.hasAllRows == true
  }

  private func row(_ table: Text, named name: String) -> RowHandle? {
    edit.rows(table, where: "name", is: .string(Text(name))).first
  }

  private func isFree(_ name: String) -> Bool {
    row("Bridge", named: name) == nil && row("Port", named: name) == nil
      && row("Interface", named: name) == nil
  }

  /// Whether there is a real bridge of that name.
  func hasRealBridge(_ name: String) -> Bool { row("Bridge", named: name) != nil }

  /// Checks that a bridge may be made without knowing the topology; else asks for that.
  func checkDirectBridge(_ name: String) throws(ControlError) {
    if !isFree(name) { throw needsTopology() }
  }

  /// The real bridge to which a port can go without knowing the topology; else asks for that.
  func bridgeForDirectPort(
    _ name: String, _ interfaces: [String], bridge: String
  ) throws(ControlError) -> RowHandle {
    guard let row = row("Bridge", named: bridge), isFree(name), interfaces.allSatisfy({ isFree($0) }) else {
      throw needsTopology()
    }
    return row
  }

  /// Has everything run again with the whole topology.
  func needsTopology() -> ControlError {
    needsMore = true
    return ControlError("the whole topology is needed")
  }
}
