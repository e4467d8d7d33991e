import Datapath

/// One datapath: its bridges, which share its port numbers, and the way to it.
///
/// Bridges of one `datapath_type` share a datapath, and so may be joined by patch ports.
final class DatapathLink {
  /// The datapath's type ("system", "netdev", "dummy").
  let type: String
  /// Its name ("ovs-system", "ovs-netdev", "ovs-dummy").
  let name: String
  /// Its number in messages (`dp_ifindex`).
  var index: Int32 = 0
  /// Its bridges by name.
  var bridges: [String: Bridge] = [:]
  /// The interfaces that have a port in the datapath.
  ///
  /// A tunnel interface shares the port of its encapsulation.
  var interfaces: [DatapathPortNumber: Interface] = [:]

  init(type: String, name: String) {
    self.type = type
    self.name = name
  }

  /// The interface with a name, in any bridge of the datapath.
  func interface(named name: String) -> Interface? {
    for bridge in bridges.values {
      for port in bridge.ports.values {
        for interface in port.interfaces where interface.name == name { return interface }
      }
    }
    return nil
  }
}
