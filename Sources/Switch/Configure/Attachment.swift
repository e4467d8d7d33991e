// How an interface gets a port in the datapath and a number in its bridge, and loses them.

import Vlog
import Datapath
import OpenFlow
import PacketWire

extension Interface {
  /// How far an interface is in becoming part of its bridge.
  enum Attachment: Equatable {
    /// Nothing was asked for yet.
    case detached
    /// The datapath was asked for a port.
    case attaching
    /// It is part of the bridge.
    case attached
    /// It can't be, and why.
    case failed(String)
  }
}

extension Reconciler {
  /// Makes an interface part of its bridge, in place of what it was before.
  func attach(_ interface: Interface, instead old: Interface.Kind?) {
    if case .tunnel(let new) = interface.kind, case .tunnel(let before)? = old,
      interface.attachment == .attached,
      new.datapathPortName == before.datapathPortName
    {
      // The same datapath port serves: only the options changed.
      interface.bridge.datapath.generation &+= 1
      interface.bridge.markChanged()
      return
    }
    if case .patch = interface.kind, case .patch? = old, interface.attachment == .attached {
      interface.bridge.datapath.generation &+= 1
      interface.bridge.markChanged()
      return
    }
    if let old { detach(interface, was: old) }
    guard reserveNumber(interface) else {
      fail(interface, "no free port number")
      return
    }
    switch interface.kind {
    case .patch:
      interface.ethernetAddress = context.randomAddress()
      join(interface)
    case .tunnel(let settings):
      interface.ethernetAddress = context.randomAddress()
      attachTunnel(interface, settings)
    case .system, .internalDevice, .dummy:
      attachDevice(interface)
    }
  }

  private func attachTunnel(_ interface: Interface, _ settings: TunnelSettings) {
    let link = interface.bridge.datapath
    let name = settings.datapathPortName
    if let shared = link.tunnelPorts[name] {
      link.tunnelPorts[name]?.users.append(interface)
      interface.datapathNumber = shared.number
      if shared.isOpen { join(interface) } else { interface.attachment = .attaching }
      return
    }
    let number = link.freePortNumber(name: interface.name, taken: takenNumbers(link))
    let shared = DatapathLink.SharedPort(number: number, type: settings.vportType, users: [interface])
    interface.attachment = .attaching
    interface.datapathNumber = number
    link.tunnelPorts[name] = shared
    let message = tunnelMessage(interface, name, shared)
    context.channel.request(
      .vport(.new, message), datapath: link.index, flags: .echo,
      .configuration(.tunnelPort(datapathType: link.type, name: name, number)))
  }

  /// The request for the port of tunnels that an interface is the first user of.
  func tunnelMessage(_ interface: Interface, _ name: String, _ shared: DatapathLink.SharedPort)
    -> VportMessage
  {
    var message = VportMessage(type: shared.type, name: name)
    if case .tunnel(let settings) = interface.kind {
      if settings.destinationPort > 0 {
        message.options = VportOptions(destinationPort: settings.destinationPort)
      }
      message.options?.usesGroupPolicy = settings.hasGroupPolicy
    }
    message.number = shared.number
    message.upcallProcessIDs = [DatapathChannel.processID]
    return message
  }

  /// Lets the interfaces that waited for a tunnel port join, or says why they can't.
  func tunnelPortAnswered(
    _ name: String, _ link: DatapathLink, _ number: DatapathPortNumber, _ answer: DatapathAnswer
  ) {
    guard let shared = link.tunnelPorts[name], shared.number == number else {
      // Nobody wants it any more.
      if case .done = answer { deletePort(number, link) }
      return
    }
    switch answer {
    case .done:
      link.tunnelPorts[name]?.isOpen = true
      for interface in shared.users { join(interface) }
    case .failed(let code):
      link.tunnelPorts[name] = nil
      for interface in shared.users {
        interface.datapathNumber = nil
        let text = DatapathErrorCode.text(code)
        fail(interface, "could not add network device \(interface.name) to ofproto (\(text))", code: code)
      }
    }
    reconcile()
  }

  private func attachDevice(_ interface: Interface) {
    if case .dummy = interface.kind { interface.ethernetAddress = context.dummyAddress() }
    requestPort(interface, deviceMessage(interface))
  }

  /// The request for an interface's own port, without a number.
  func deviceMessage(_ interface: Interface) -> VportMessage {
    let type: VportType
    switch interface.kind {
    case .internalDevice: type = .internal
    // A datapath for tests gives ports of these types no device.
    case .dummy(let kind): type = kind == "dummy-internal" ? .internal : .netdev
    default: type = .netdev
    }
    var message = VportMessage(type: type, name: interface.name)
    message.upcallProcessIDs = [DatapathChannel.processID]
    return message
  }

  /// Asks the datapath for a port.
  private func requestPort(_ interface: Interface, _ message: VportMessage) {
    let link = interface.bridge.datapath
    var message = message
    let name = message.name.map { String(decoding: $0, as: UTF8.self) } ?? interface.name
    let number = link.freePortNumber(name: name, taken: takenNumbers(link))
    message.number = number
    interface.attachment = .attaching
    interface.datapathNumber = number
    link.attaching[number] = interface
    context.channel.request(
      .vport(.new, message), datapath: link.index, flags: .echo,
      .configuration(.port(datapathType: link.type, number)))
  }

  /// Lets an interface join whose port is there, or says why it can't.
  func portAnswered(_ number: DatapathPortNumber, _ link: DatapathLink, _ answer: DatapathAnswer) {
    guard let interface = link.attaching.removeValue(forKey: number), interface.attachment == .attaching,
      interface.datapathNumber == number
    else {
      // It is not wanted any more.
      if case .done = answer { deletePort(number, link) }
      return
    }
    switch answer {
    case .done(let messages):
      var given = number
      if case .vport(_, let reply)? = messages.first?.body, let number = reply.number { given = number }
      interface.datapathNumber = given
      link.interfaces[given] = interface
      takeDevice(interface)
      join(interface)
    case .failed(let code):
      interface.datapathNumber = nil
      let text = DatapathErrorCode.text(code)
      fail(interface, "could not add network device \(interface.name) to ofproto (\(text))", code: code)
    }
    reconcile()
  }

  private func takenNumbers(_ link: DatapathLink) -> Set<UInt32> {
    var taken = Set(link.undeletedPorts.map { $0.rawValue })
    for number in link.attaching.keys { taken.insert(number.rawValue) }
    for port in link.tunnelPorts.values { taken.insert(port.number.rawValue) }
    for bridge in link.bridges.values {
      for port in bridge.ports.values {
        for interface in port.interfaces {
          if let number = interface.datapathNumber { taken.insert(number.rawValue) }
        }
      }
    }
    return taken
  }

  /// Deletes a port of the datapath; if that fails, it is tried again later.
  func deletePort(_ number: DatapathPortNumber, _ link: DatapathLink) {
    let message = VportMessage(number: number)
    context.channel.request(
      .vport(.delete, message), datapath: link.index,
      .configuration(.deletion(datapathType: link.type, number)))
  }

  /// Notes whether a port has gone.
  func deleted(_ number: DatapathPortNumber, _ link: DatapathLink, _ answer: DatapathAnswer) {
    if case .failed(let code) = answer, code != DatapathErrorCode.noDevice.rawValue {
      link.undeletedPorts.insert(number)
    } else {
      link.undeletedPorts.remove(number)
    }
  }

  /// Gives an interface its number and makes it part of its bridge.
  private func join(_ interface: Interface) {
    let bridge = interface.bridge
    interface.attachment = .attached
    interface.error = nil
    let number = interface.number
    bridge.interfaces[number] = interface
    bridge.markChanged()
    bridge.datapath.generation &+= 1
    context.turn.log(
      "bridge", .information,
      "bridge \(bridge.name): added interface \(interface.name) on port \(Self.text(number))")
    note(interface, .add)
  }

  /// Gives an interface its number in the bridge, before it joins: numbers go by the order of the configuration, not by
  /// that in which the datapath answers.
  private func reserveNumber(_ interface: Interface) -> Bool {
    guard interface.number == .none else { return true }
    if interface.name == interface.bridge.name {
      interface.number = .local
      return true
    }
    let wanted = interface.requestedNumber ?? interface.previousNumber
    guard let number = interface.bridge.portNumbers.allocate(requested: wanted, now: context.now) else {
      return false
    }
    interface.number = number
    return true
  }

  static func text(_ number: OpenFlowPortNumber) -> String {
    number == .local ? "65534" : String(number.rawValue)
  }

  /// Gives an interface the number that it asks for now, if that is another than it has, and is free.
  func renumber(_ interface: Interface) {
    guard interface.attachment == .attached, interface.number != .local,
      let wanted = interface.requestedNumber,
      wanted != interface.number, interface.bridge.interfaces[wanted] == nil
    else { return }
    leave(interface)
    if reserveNumber(interface) { join(interface) }
  }

  private func leave(_ interface: Interface) {
    let bridge = interface.bridge
    guard interface.number != .none else { return }
    if interface.number != .local { bridge.portNumbers.release(interface.number, now: context.now) }
    guard bridge.interfaces[interface.number] === interface else {
      interface.number = .none
      return
    }
    bridge.interfaces[interface.number] = nil
    bridge.markChanged()
    bridge.datapath.generation &+= 1
    context.turn.log(
      "bridge", .information,
      "bridge \(bridge.name): deleted interface \(interface.name) on port \(Self.text(interface.number))")
    note(interface, .delete)
    interface.number = .none
  }

  /// Takes an interface out of its bridge and gives its datapath port back.
  func detach(_ interface: Interface) { detach(interface, was: interface.kind) }

  private func detach(_ interface: Interface, was kind: Interface.Kind) {
    let link = interface.bridge.datapath
    leave(interface)
    interface.attachment = .detached
    guard let number = interface.datapathNumber else { return }
    interface.datapathNumber = nil
    if case .tunnel(let settings) = kind {
      let name = settings.datapathPortName
      guard var shared = link.tunnelPorts[name] else { return }
      shared.users.removeAll { $0 === interface }
      link.tunnelPorts[name] = shared.users.isEmpty ? nil : shared
      if shared.users.isEmpty, shared.isOpen { deletePort(number, link) }
    } else if link.interfaces[number] === interface {
      link.interfaces[number] = nil
      deletePort(number, link)
    }
  }

  /// Notes why an interface can't be part of its bridge.
  func fail(_ interface: Interface, _ message: String, code: UInt32 = 0) {
    // A device that is not there is the usual case, and has words of its own.
    interface.mayRetry = code != 0 && code != DatapathErrorCode.noDevice.rawValue
    let text =
      code == DatapathErrorCode.noDevice.rawValue
      ? "could not open network device \(interface.name) (\(DatapathErrorCode.text(code)))" : message
    if interface.error != text { context.turn.log("bridge", .warning, text) }
    interface.error = text
    interface.attachment = .failed(text)
    leave(interface)
  }

  /// Notes that controllers have to be told of an interface as it is now.
  func note(_ interface: Interface, _ reason: PortStatusReason) {
    let status = PortStatus(reason: reason, port: interface.description(context.devices[interface.name]))
    note(.port(bridge: interface.bridge.name, status))
  }

  // MARK: devices

  /// Takes what the host's devices look like now.
  func devicesChanged(_ devices: [NetworkDevice]) {
    var byName: [String: NetworkDevice] = [:]
    for device in devices { byName[device.name] = device }
    context.devices = byName
    // What was missing when a datapath was to be opened may have come: devices are seen by the same driver.
    var mustReconcile = retryDatapaths()
    for name in bridges.keys.sorted() {
      for port in bridges[name]?.portsInOrder ?? [] {
        for interface in port.interfaces {
          switch interface.attachment {
          case .failed where interface.kind == .system && byName[interface.name] != nil:
            interface.attachment = .detached
            mustReconcile = true
          case .attached:
            if takeDevice(interface) { note(interface, .modify) }
          case .failed, .detached, .attaching: break
          }
        }
      }
    }
    if mustReconcile { reconcile() } else { rechooseIdentities() }
  }

  private func rechooseIdentities() {
    guard let desired else { return }
    for wanted in desired.bridges {
      if let bridge = bridges[wanted.name] { BridgeIdentity.choose(bridge, wanted, context) }
    }
  }

  /// Copies what the host says of an interface's device; says whether controllers care.
  @discardableResult
  private func takeDevice(_ interface: Interface) -> Bool {
    guard let device = context.devices[interface.name] else { return false }
    switch interface.kind {
    case .system, .internalDevice: break
    case .patch, .tunnel, .dummy: return false
    }
    let hasChanged =
      interface.ethernetAddress != device.ethernetAddress || interface.isUp != device.isUp
      || interface.hasCarrier != device.hasCarrier
    interface.ethernetAddress = device.ethernetAddress
    interface.isUp = device.isUp
    interface.hasCarrier = device.hasCarrier
    if hasChanged { interface.bridge.markChanged() }
    return hasChanged
  }
}
