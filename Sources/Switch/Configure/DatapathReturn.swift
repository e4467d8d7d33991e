// What: a datapath that goes away while it is in use, as the driver's does when it is replaced, and its return.
//
// How: bridges, ports, their numbers and OpenFlow flows stay as they are; what is lost is what the datapath knew. When it is
// open again it gets the same ports under the same numbers; its flows come from its misses, as ever.

import Vlog
import Datapath

extension Reconciler {
  /// Takes note that a datapath is gone; it is opened again when the host's devices are told of again.
  func datapathLost(_ index: Int32) {
    for link in datapaths.values where link.index == index && link.state == .open {
      link.state = .failed(DatapathErrorCode.noDevice.text)
      link.isMissing = true
      link.wasLost = true
      link.changes.note()
      context.turn.log(
        "dpif", .warning,
        "datapath \(link.name) is gone; its ports and flows are set up again when it is back")
      attachments.changes.append(.datapathLost(link))
    }
  }

  /// Gives a datapath that is back the ports that it had.
  func restorePorts(_ link: DatapathLink) {
    guard link.wasLost else { return }
    link.wasLost = false
    context.turn.log("dpif", .information, "datapath \(link.name) is back")
    for name in link.tunnelPorts.keys.sorted() {
      guard let shared = link.tunnelPorts[name], shared.isOpen, let first = shared.usersInOrder.first else {
        continue
      }
      restore(
        attachments.tunnelMessage(first, name, shared), link,
        .formerTunnelPort(datapathType: link.type, name: name))
    }
    for number in link.interfaces.keys.sorted() {
      guard let interface = link.interfaces[number] else { continue }
      var message = attachments.deviceMessage(interface)
      message.number = number
      restore(message, link, .formerPort(datapathType: link.type, number))
    }
    // What could not be had before may be had now.
    for bridge in link.bridges.values {
      for port in bridge.ports.values {
        for interface in port.interfaces {
          if case .failed = interface.attachment { attachments.retry(interface) }
        }
      }
    }
  }

  private func restore(_ message: VportMessage, _ link: DatapathLink, _ question: ConfigurationQuestion) {
    context.channel.request(
      .vport(.new, message), datapath: link.index, flags: .echo, .configuration(question))
  }

  /// Takes what a datapath that is back says to the port of an interface.
  func restored(_ number: DatapathPortNumber, _ link: DatapathLink, _ answer: DatapathAnswer) {
    // Gone once more: everything is done anew when it is back.
    guard case .failed(let code) = answer, link.state == .open,
      let interface = link.interfaces.removeValue(forKey: number)
    else { return }
    attachments.lose(interface, code)
  }

  /// Takes what a datapath that is back says to the port of tunnels.
  func restored(_ name: String, _ link: DatapathLink, _ answer: DatapathAnswer) {
    guard case .failed(let code) = answer, link.state == .open,
      let shared = link.tunnelPorts.removeValue(forKey: name)
    else { return }
    for interface in shared.usersInOrder { attachments.lose(interface, code) }
  }
}
