import Command
import JSON
import OVSDB

/// What the commands of this program work on.
final class TopologyContext: ControlContext {
  private var knownTopology: Topology?

  /// The bridges, ports and interfaces as they are now.
  var topology: Topology {
    if let knownTopology { return knownTopology }
    let topology = Topology(edit)
    knownTopology = topology
    return topology
  }

  override func rowsChanged() { knownTopology = nil }

  /// Has the topology read anew when it is next asked for.
  func forgetTopology() { knownTopology = nil }

  /// The row of the Open_vSwitch table, made if the database has none.
  var root: RowHandle {
    if let row = edit.rows("Open_vSwitch").first { return row }
    return edit.insert("Open_vSwitch", uuid: newUUID())
  }

  /// The bridge of that name, real or fake, or an error.
  func bridge(_ name: String) throws(ControlError) -> Topology.Bridge {
    guard let bridge = topology.bridge(name) else { throw ControlError("no bridge named \(name)") }
    return bridge
  }

  /// The real bridge of that name, or an error.
  func realBridge(_ name: String) throws(ControlError) -> Topology.Bridge {
    let bridge = try bridge(name)
    if bridge.parent != nil { throw ControlError("\(name) is a fake bridge") }
    return bridge
  }

  /// The port of that name, or an error.
  func port(_ name: String) throws(ControlError) -> Topology.Port {
    guard let port = topology.port(name) else { throw ControlError("no port named \(name)") }
    return port
  }

  /// The interface of that name, or an error.
  func interface(_ name: String) throws(ControlError) -> Topology.Interface {
    guard let interface = topology.interface(name) else {
      throw ControlError("no interface named \(name)")
    }
    return interface
  }

  /// Refuses a name that is taken; `what` says what cannot be done with it.
  func checkConflicts(_ name: String, _ what: String) throws(ControlError) {
    if let holder = topology.holder(of: name) { throw ControlError("\(what) because \(holder)") }
  }

  /// Prints names in order, one a line.
  func printSorted(_ names: [Text]) {
    for name in names.sorted() { printLine(name.string) }
  }

  /// A new row of a table.
  func insert(_ table: Text, _ columns: [(column: Text, value: Datum)]) -> RowHandle {
    let row = edit.insert(table, uuid: newUUID())
    for (column, value) in columns { edit.set(row, column, value) }
    return row
  }
}

extension Datum {
  /// One string.
  init(_ text: Text) { self.init(Atom.string(text)) }

  /// One reference to a row.
  init(_ row: RowHandle) { self.init(Atom.uuid(row.uuid)) }
}

/// The commands of this program have these types.
typealias SwitchCommand = ControlCommand<TopologyContext>

extension ControlPreparation {
  /// Selects what the topology is read from.
  mutating func selectTopology() {
    selection.add("Open_vSwitch", "bridges")
    for column in ["name", "ports"] as [Text] { selection.add("Bridge", column) }
    for column in ["name", "fake_bridge", "tag", "interfaces"] as [Text] { selection.add("Port", column) }
    selection.add("Interface", "name")
  }
}

/// Selects what the topology is read from.
func prepareTopology(_ preparation: inout ControlPreparation) throws(ControlError) {
  preparation.selectTopology()
}

/// Selects the topology and a column of the Bridge table.
func prepareTopology(
  and column: Text
) -> (inout ControlPreparation) throws(ControlError) -> Void {
  { (preparation: inout ControlPreparation) throws(ControlError) in
    preparation.selectTopology()
    preparation.selection.add("Bridge", column)
  }
}

/// Reads a decimal number as C's `atoi` does: what is none counts as 0.
func leadingInteger(_ text: String) -> Int64 {
  var digits: [UInt8] = []
  for byte in text.utf8 {
    let isSign = digits.isEmpty && byte == UInt8(ascii: "-")
    guard isSign || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { break }
    digits.append(byte)
  }
  return Int64(String(decoding: digits, as: UTF8.self)) ?? 0
}
