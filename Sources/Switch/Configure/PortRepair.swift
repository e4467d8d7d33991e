// What: once a second, the ports that a datapath has are compared with those that the switch believes it has.
//
// Why: a datapath may refuse a port for a reason that passes, may not delete one when it is asked to, and may lose all
// of them, as a driver does that is loaded anew. None of that is said by an event.

import Vlog
import Datapath
import OpenFlow

extension Reconciler {
  /// Takes the ports that a datapath has, and asks for what is missing.
  func repairPorts(of link: DatapathLink, seen ports: [VportMessage]) {
    let seen = Set(ports.compactMap { $0.number })
    var mustReconcile = takeBackLost(link, seen)
    for number in link.undeletedPorts.sorted(by: { $0.rawValue < $1.rawValue }) {
      if seen.contains(number) { deletePort(number, link) } else { link.undeletedPorts.remove(number) }
    }
    for name in link.bridges.keys.sorted() {
      for port in link.bridges[name]?.portsInOrder ?? [] {
        for interface in port.interfaces where interface.mayRetry {
          interface.mayRetry = false
          guard case .failed = interface.attachment else { continue }
          interface.attachment = .detached
          mustReconcile = true
        }
      }
    }
    if mustReconcile { reconcile() }
  }

  /// Whether some port is still to be deleted.
  var hasUndeletedPorts: Bool { datapaths.values.contains { !$0.undeletedPorts.isEmpty } }

  /// Detaches the interfaces whose ports are gone; says whether there are any.
  private func takeBackLost(_ link: DatapathLink, _ seen: Set<DatapathPortNumber>) -> Bool {
    var lost: [Interface] = []
    for (number, interface) in link.interfaces where !seen.contains(number) {
      link.interfaces[number] = nil
      lost.append(interface)
    }
    for (name, shared) in link.tunnelPorts where shared.isOpen && !seen.contains(shared.number) {
      link.tunnelPorts[name] = nil
      lost.append(contentsOf: shared.users)
    }
    lost.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    for interface in lost {
      context.turn.log("dpif", .warning, "\(link.name): port \(interface.name) is gone, asking for it again")
      interface.datapathNumber = nil
      detach(interface)
    }
    return !lost.isEmpty
  }
}
