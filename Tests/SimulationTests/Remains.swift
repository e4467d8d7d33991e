import OpenFlow

@testable import Switch

/// The objects that a life has seen, without holding them: what is not needed any more has to go.
final class Remains {
  private struct Seen {
    weak var object: AnyObject?
    let name: String
  }
  private var seen: [ObjectIdentifier: Seen] = [:]

  /// Notes what there is now.
  func note(_ host: VirtualSwitch) {
    for bridge in host.reconciler.bridges.values {
      note(bridge, "bridge \(bridge.name)")
      for rule in bridge.tables.rules(RuleFilter(includesHidden: true)) {
        note(rule, "a rule of \(bridge.name)")
      }
      for port in bridge.ports.values {
        note(port, "port \(port.name)")
        for interface in port.interfaces { note(interface, "interface \(interface.name)") }
      }
    }
    for agent in host.agents.values {
      note(agent, "the agent of \(agent.bridge.name)")
      for session in agent.sessions.values { note(session, "connection \(session.id.rawValue)") }
    }
  }

  private func note(_ object: AnyObject, _ name: String) {
    let identity = ObjectIdentifier(object)
    if seen[identity]?.object == nil { seen[identity] = Seen(object: object, name: name) }
  }

  /// What is still there.
  var names: [String] { seen.values.filter { $0.object != nil }.map { $0.name }.sorted() }

  /// How many objects have been seen and are there or gone.
  var count: Int { seen.count }
}
