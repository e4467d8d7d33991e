// What: once a second, the ports that a datapath has are compared with those that the switch believes it has.
//
// Why: a datapath may refuse a port for a reason that passes, may not delete one when it is asked to, and may lose all
// of them, as a driver does that is loaded anew. None of that is said by an event.

import Vlog
import Datapath
import OpenFlow

extension Reconciler {
  /// Takes the ports that a datapath has, with their counters, and asks for what is missing.
  func repairPorts(of link: DatapathLink, seen ports: [VportMessage]) {
    var ownCount = 0
    for port in ports where link.take(port) { ownCount += 1 }
    let openTunnelPorts = link.tunnelPorts.values.filter { $0.isOpen }
    // Only if fewer have been named than there are is it worth knowing which.
    if ownCount < link.interfaces.count || !openTunnelPorts.isEmpty || !link.undeletedPorts.isEmpty {
      let seen = Set(ports.compactMap { $0.number })
      takeBackLost(link, seen)
      for number in link.undeletedPorts.sorted(by: { $0.rawValue < $1.rawValue }) {
        if seen.contains(number) {
          attachments.deletePort(number, link)
        } else {
          link.undeletedPorts.remove(number)
          link.released(number)
        }
      }
    }
    for name in namesToRetry(link) {
      guard let interface = link.refused.removeValue(forKey: name), case .failed = interface.attachment else {
        continue
      }
      link.lastRetried = name
      attachments.retry(interface)
    }
    reconcile()
  }

  /// How many refused ports are asked for again at a time: a full datapath may refuse thousands.
  static var retryCount: Int { 64 }

  /// The refused ports whose turn it is, by the names of their interfaces.
  private func namesToRetry(_ link: DatapathLink) -> [String] {
    guard !link.refused.isEmpty else { return [] }
    let names = link.refused.keys.sorted()
    let start = names.firstIndex { $0 > link.lastRetried } ?? 0
    return Array((names[start...] + names[..<start]).prefix(Self.retryCount))
  }

  /// Whether some port is still to be deleted.
  var hasUndeletedPorts: Bool { datapaths.values.contains { !$0.undeletedPorts.isEmpty } }

  /// Detaches the interfaces whose ports are gone.
  private func takeBackLost(_ link: DatapathLink, _ seen: Set<DatapathPortNumber>) {
    var lost: [Interface] = []
    for (number, interface) in link.interfaces where !seen.contains(number) {
      link.interfaces[number] = nil
      lost.append(interface)
    }
    for (name, shared) in link.tunnelPorts where shared.isOpen && !seen.contains(shared.number) {
      link.tunnelPorts[name] = nil
      lost.append(contentsOf: shared.users.values)
    }
    lost.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    for interface in lost {
      context.turn.log("dpif", .warning, "\(link.name): port \(interface.name) is gone, asking for it again")
      if let number = interface.datapathNumber { link.released(number) }
      interface.datapathNumber = nil
      attachments.detach(interface)
      attachments.retry(interface)
    }
  }
}
