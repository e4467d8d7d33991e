// What: the bridges, ports and interfaces that the database describes, as users see them.
//
// Why: a VLAN may be made to look like a bridge of its own (a "fake" bridge). In the database there is only a
// port of the parent bridge, marked as such and tagged with the VLAN; that bridge's ports with the same tag
// count as ports of the fake bridge.

import JSON
import OVSDB

/// The bridges, ports and interfaces that a transaction sees.
final class Topology {
  /// A bridge, real or fake.
  final class Bridge {
    let name: Text
    /// The Bridge row; for a fake bridge its parent's.
    let row: RowHandle
    /// The bridge of which a fake one is a part.
    let parent: Bridge?
    /// The VLAN of a fake bridge, 0 for a real one.
    let vlan: Int64
    /// The Port row that stands for a fake bridge.
    let fakePort: RowHandle?
    var ports: [Port] = []
    var children: [Bridge] = []

    init(
      _ name: Text, row: RowHandle, parent: Bridge? = nil, vlan: Int64 = 0, fakePort: RowHandle? = nil
    ) {
      self.name = name
      self.row = row
      self.parent = parent
      self.vlan = vlan
      self.fakePort = fakePort
    }

    /// The bridge itself if it is real, else its parent.
    var real: Bridge { parent ?? self }

    /// The part of a bridge that carries a VLAN, if there is one.
    func child(vlan: Int64) -> Bridge? { children.first { $0.vlan == vlan } }
  }

  /// A port, which may be a bond of several interfaces.
  final class Port {
    let name: Text
    let row: RowHandle
    /// The bridge that it is on, the fake one where there is one for its VLAN.
    let bridge: Bridge
    var interfaces: [Interface] = []

    init(_ name: Text, row: RowHandle, bridge: Bridge) {
      self.name = name
      self.row = row
      self.bridge = bridge
    }
  }

  /// An interface.
  final class Interface {
    let name: Text
    let row: RowHandle
    let port: Port

    init(_ name: Text, row: RowHandle, port: Port) {
      self.name = name
      self.row = row
      self.port = port
    }
  }

  private(set) var bridges: [Text: Bridge] = [:]
  private var ports: [Text: Port] = [:]
  private var interfaces: [Text: Interface] = [:]

  /// Reads the rows that a transaction sees.
  init(_ edit: Edit) {
    let rows = edit.rows("Bridge")
    for row in rows { addBridges(of: row, edit) }
    for row in rows { addPorts(of: row, edit) }
  }

  private func addBridges(of row: RowHandle, _ edit: Edit) {
    let name = edit[row, "name"].text ?? ""
    guard bridges[name] == nil else { return }
    let bridge = Bridge(name, row: row)
    bridges[name] = bridge
    for port in Self.portRows(of: row, edit) {
      guard let vlan = Self.fakeBridgeVLAN(of: port, edit) else { continue }
      let fakeName = edit[port, "name"].text ?? ""
      guard bridges[fakeName] == nil else { continue }
      let fake = Bridge(fakeName, row: row, parent: bridge, vlan: vlan, fakePort: port)
      bridge.children.append(fake)
      bridges[fakeName] = fake
    }
  }

  private func addPorts(of row: RowHandle, _ edit: Edit) {
    guard let bridge = bridges[edit[row, "name"].text ?? ""], bridge.row == row else { return }
    for port in Self.portRows(of: row, edit) { addPort(port, to: bridge, edit) }
  }

  private static func portRows(of bridge: RowHandle, _ edit: Edit) -> [RowHandle] {
    edit[bridge, "ports"].references.map { RowHandle("Port", $0) }.filter { edit.exists($0) }
  }

  private static func fakeBridgeVLAN(of port: RowHandle, _ edit: Edit) -> Int64? {
    guard edit[port, "fake_bridge"].boolean == true, let tag = edit[port, "tag"].integer,
      (0...4095).contains(tag)
    else { return nil }
    return tag
  }

  // MARK: changes

  /// Notes a port of a real bridge, and its interfaces.
  func addPort(_ row: RowHandle, to bridge: Bridge, _ edit: Edit) {
    let name = edit[row, "name"].text ?? ""
    guard ports[name] == nil else { return }
    var home = bridge
    if let tag = edit[row, "tag"].integer, let child = bridge.child(vlan: tag) { home = child }
    let port = Port(name, row: row, bridge: home)
    ports[name] = port
    home.ports.append(port)
    for uuid in edit[row, "interfaces"].references {
      let interface = RowHandle("Interface", uuid)
      if edit.exists(interface) { addInterface(interface, to: port, edit) }
    }
  }

  /// Notes an interface of a port.
  func addInterface(_ row: RowHandle, to port: Port, _ edit: Edit) {
    let name = edit[row, "name"].text ?? ""
    guard interfaces[name] == nil else { return }
    let interface = Interface(name, row: row, port: port)
    interfaces[name] = interface
    port.interfaces.append(interface)
  }

  /// Notes that a port is gone.
  func removePort(_ port: Port) {
    ports[port.name] = nil
    for interface in port.interfaces { interfaces[interface.name] = nil }
    port.bridge.ports.removeAll { $0 === port }
  }

  /// Notes that an interface is gone.
  func removeInterface(_ interface: Interface) {
    interfaces[interface.name] = nil
    interface.port.interfaces.removeAll { $0 === interface }
  }

  // MARK: look-ups

  /// The bridge of that name, real or fake.
  func bridge(_ name: String) -> Bridge? { bridges[Text(name)] }

  /// The port of that name, unless it is a bridge's local port.
  func port(_ name: String) -> Port? {
    guard let port = ports[Text(name)], port.name != port.bridge.name else { return nil }
    return port
  }

  /// The interface of that name, unless it is a bridge's local interface.
  func interface(_ name: String) -> Interface? {
    guard let interface = interfaces[Text(name)], interface.name != interface.port.bridge.name else {
      return nil
    }
    return interface
  }

  /// What already has a name, as an error message says it.
  func holder(of name: String) -> String? {
    let text = Text(name)
    if bridges[text] != nil { return "a bridge named \(name) already exists" }
    if let port = ports[text] {
      return "a port named \(name) already exists on bridge \(port.bridge.name)"
    }
    if let interface = interfaces[text] {
      return "an interface named \(name) already exists on bridge \(interface.port.bridge.name)"
    }
    return nil
  }
}
