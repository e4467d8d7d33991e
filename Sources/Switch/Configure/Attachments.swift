// What: gives interfaces their ports in the datapath and their numbers in their bridges, and takes them away.
//
// How: `attach` asks the datapath and `answered` lets the interface join its bridge or says why it can't. An interface whose
// cause of failure may have passed is put back to `detached` and among `retries`: Configure then compares it with what is wanted.

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

/// The attachments of all interfaces to their bridges and datapaths.
final class Attachments {
  let context: SwitchContext
  /// What has changed since it was last taken, in order.
  var changes: [ConfigurationChange] = []
  /// The tunnels that are part of a bridge, by name.
  private(set) var tunnels: [String: Interface] = [:]
  /// Whether tunnels have come, gone or changed.
  var haveTunnelsChanged = false
  /// The bridges whose addresses may have to be others, by name.
  private var readdressed: Set<String> = []
  /// The interfaces that are to be attached once more.
  private var retries: [Interface] = []

  init(context: SwitchContext) { self.context = context }

  /// The interfaces that are to be compared with what is wanted of them since the last call.
  func takeRetries() -> [Interface] {
    let taken = retries
    retries = []
    return taken
  }

  /// The bridges that may have to have another address since the last call, in the order of their names.
  func takeReaddressed() -> [String] {
    defer { readdressed = [] }
    return readdressed.sorted()
  }

  /// Notes that an address has come or gone from which a bridge may take its own.
  func noteAddress(of interface: Interface) {
    if interface.kind == .system || interface.name == interface.bridge.name {
      readdressed.insert(interface.bridge.name)
    }
  }

  /// Lets an interface that failed be attached once more.
  func retry(_ interface: Interface) {
    interface.attachment = .detached
    retries.append(interface)
  }

  // MARK: coming

  /// Makes an interface part of its bridge, in place of what it was before.
  func attach(_ interface: Interface, instead old: Interface.Kind?) {
    if let old, serves(interface, old) {
      // The same datapath port serves: only the options changed.
      interface.bridge.datapath.changes.note()
      interface.bridge.markChanged()
      if case .tunnel = interface.kind { haveTunnelsChanged = true }
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
      if case .dummy = interface.kind { interface.ethernetAddress = context.dummyAddress() }
      requestPort(interface)
    }
  }

  /// Whether the datapath port that an interface had as something else will do.
  private func serves(_ interface: Interface, _ old: Interface.Kind) -> Bool {
    guard interface.attachment == .attached else { return false }
    return switch (interface.kind, old) {
    case (.tunnel(let new), .tunnel(let before)): new.datapathPortName == before.datapathPortName
    case (.patch, .patch): true
    default: false
    }
  }

  private func attachTunnel(_ interface: Interface, _ settings: TunnelSettings) {
    let link = interface.bridge.datapath
    let name = settings.datapathPortName
    if let shared = link.tunnelPorts[name] {
      link.tunnelPorts[name]?.users[interface.name] = interface
      interface.datapathNumber = shared.number
      if shared.isOpen { join(interface) } else { interface.attachment = .attaching }
      return
    }
    let number = link.freePortNumber(name: interface.name)
    let shared = DatapathLink.SharedPort(
      number: number, type: settings.vportType, users: [interface.name: interface])
    interface.attachment = .attaching
    interface.datapathNumber = number
    link.tunnelPorts[name] = shared
    request(
      .vport(.new, tunnelMessage(interface, name, shared)), link, flags: .echo,
      .tunnelPort(datapathType: link.type, name: name, number))
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
      link.released(number)
      return
    }
    switch answer {
    case .done:
      link.tunnelPorts[name]?.isOpen = true
      for interface in shared.usersInOrder { join(interface) }
    case .failed(let code):
      link.tunnelPorts[name] = nil
      link.released(number)
      for interface in shared.usersInOrder {
        interface.datapathNumber = nil
        refuse(interface, code)
      }
    }
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

  /// Asks the datapath for an interface's own port.
  private func requestPort(_ interface: Interface) {
    let link = interface.bridge.datapath
    var message = deviceMessage(interface)
    let number = link.freePortNumber(name: interface.name)
    message.number = number
    interface.attachment = .attaching
    interface.datapathNumber = number
    link.attaching[number] = interface
    interface.boundDeviceIndex = context.devices[interface.name]?.index
    request(.vport(.new, message), link, flags: .echo, .port(datapathType: link.type, number))
  }

  private func request(
    _ body: NetlinkMessage.Body, _ link: DatapathLink, flags: MessageFlags = [],
    _ question: ConfigurationQuestion
  ) {
    context.channel.request(body, datapath: link.index, flags: flags, .configuration(question))
  }

  /// Lets an interface join whose port is there, or says why it can't.
  func portAnswered(_ number: DatapathPortNumber, _ link: DatapathLink, _ answer: DatapathAnswer) {
    guard let interface = link.attaching.removeValue(forKey: number) else {
      // It is not wanted any more.
      link.abandoned.remove(number)
      if case .done = answer { deletePort(number, link) }
      link.released(number)
      return
    }
    switch answer {
    case .done(let messages):
      var given = number
      if case .vport(_, let reply)? = messages.first?.body, let number = reply.number { given = number }
      if given != number { link.released(number) }
      interface.datapathNumber = given
      link.interfaces[given] = interface
      takeDevice(interface)
      join(interface)
    case .failed(let code):
      link.released(number)
      interface.datapathNumber = nil
      refuse(interface, code)
    }
  }

  private func refuse(_ interface: Interface, _ code: UInt32) {
    let text = DatapathErrorCode.text(code)
    fail(interface, "could not add network device \(interface.name) to ofproto (\(text))", code: code)
  }

  /// Gives an interface its number and makes it part of its bridge.
  private func join(_ interface: Interface) {
    let bridge = interface.bridge
    interface.attachment = .attached
    interface.error = nil
    let number = interface.number
    bridge.interfaces[number] = interface
    bridge.markChanged()
    bridge.datapath.changes.note()
    if interface.port.interfaces.count > 1 {
      bridge.lowestDeviceAddress.forget()
    } else if interface.isLender {
      bridge.lowestDeviceAddress.insert(interface.ethernetAddress)
    }
    noteAddress(of: interface)
    if case .tunnel = interface.kind {
      tunnels[interface.name] = interface
      haveTunnelsChanged = true
    }
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

  private static func text(_ number: OpenFlowPortNumber) -> String {
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

  // MARK: going

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
    bridge.datapath.changes.note()
    if interface.kind == .system { bridge.lowestDeviceAddress.remove(interface.ethernetAddress) }
    noteAddress(of: interface)
    if tunnels[interface.name] === interface {
      tunnels[interface.name] = nil
      haveTunnelsChanged = true
    }
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
    link.refused[interface.name] = nil
    guard let number = interface.datapathNumber else { return }
    interface.datapathNumber = nil
    if case .tunnel(let settings) = kind {
      let name = settings.datapathPortName
      guard let shared = link.tunnelPorts[name] else { return }
      link.tunnelPorts[name]?.users[interface.name] = nil
      guard shared.users.count == 1 else { return }
      link.tunnelPorts[name] = nil
      if shared.isOpen { deletePort(number, link) }
    } else if link.interfaces[number] === interface {
      link.interfaces[number] = nil
      deletePort(number, link)
    } else if link.attaching[number] === interface {
      link.attaching[number] = nil
      link.abandoned.insert(number)
    }
  }

  /// Deletes a port of the datapath; if that fails, it is tried again later.
  func deletePort(_ number: DatapathPortNumber, _ link: DatapathLink) {
    request(.vport(.delete, VportMessage(number: number)), link, .deletion(datapathType: link.type, number))
    link.released(number)
  }

  /// Notes whether a port has gone.
  func deleted(_ number: DatapathPortNumber, _ link: DatapathLink, _ answer: DatapathAnswer) {
    if case .failed(let code) = answer, code != DatapathErrorCode.noDevice.rawValue {
      link.undeletedPorts.insert(number)
    } else if link.undeletedPorts.remove(number) != nil {
      link.released(number)
    }
  }

  /// Notes why an interface can't be part of its bridge.
  func fail(_ interface: Interface, _ message: String, code: UInt32 = 0) {
    // A device that is not there is the usual case, and has words of its own.
    let mayPass = code != 0 && code != DatapathErrorCode.noDevice.rawValue
    interface.bridge.datapath.refused[interface.name] = mayPass ? interface : nil
    let text =
      code == DatapathErrorCode.noDevice.rawValue
      ? "could not open network device \(interface.name) (\(DatapathErrorCode.text(code)))" : message
    if interface.error != text { context.turn.log("bridge", .warning, text) }
    interface.error = text
    interface.attachment = .failed(text)
    leave(interface)
  }

  /// Notes that the datapath did not take the port of an interface again.
  func lose(_ interface: Interface, _ code: UInt32) {
    interface.datapathNumber = nil
    refuse(interface, code)
  }

  /// Notes that controllers have to be told of an interface as it is now.
  func note(_ interface: Interface, _ reason: PortStatusReason) {
    let status = PortStatus(reason: reason, port: interface.description(context.devices[interface.name]))
    changes.append(.port(bridge: interface.bridge.name, status))
  }

  // MARK: devices

  /// Takes what the host says of an interface's device, which has come, gone or changed.
  func deviceChanged(_ interface: Interface) {
    switch interface.attachment {
    case .failed where interface.kind == .system && context.devices[interface.name] != nil: retry(interface)
    case .attached:
      interface.noteState()
      interface.noteCounters()
      bindAnew(interface)
      if takeDevice(interface) { note(interface, .modify) }
    case .failed, .detached, .attaching: break
    }
  }

  /// Makes the port of an interface anew if its device is another one of the same name, or has been away: a port keeps to the
  /// device that it was made for.
  private func bindAnew(_ interface: Interface) {
    let link = interface.bridge.datapath
    guard interface.kind == .system, let number = interface.datapathNumber,
      link.interfaces[number] === interface
    else { return }
    let bound = interface.boundDeviceIndex
    interface.boundDeviceIndex = context.devices[interface.name]?.index ?? 0
    guard let bound, let index = context.devices[interface.name]?.index, index != bound else { return }
    context.turn.log(
      "dpif", .information, "\(link.name): device \(interface.name) is a new one, its port is made again")
    var message = deviceMessage(interface)
    message.number = number
    request(
      .vport(.delete, VportMessage(number: number)), link, .deletion(datapathType: link.type, number))
    request(
      .vport(.new, message), link, flags: .echo, .formerPort(datapathType: link.type, number))
  }

  /// Notes that an interface's device has gone, if it was known; says whether controllers care.
  private func takeAbsence(of interface: Interface) -> Bool {
    guard interface.kind == .system, interface.boundDeviceIndex == 0,
      interface.isUp || interface.hasCarrier
    else { return false }
    interface.isUp = false
    interface.hasCarrier = false
    interface.bridge.markChanged()
    return true
  }

  /// Copies what the host says of an interface's device; says whether controllers care.
  @discardableResult
  private func takeDevice(_ interface: Interface) -> Bool {
    switch interface.kind {
    case .system, .internalDevice: break
    case .patch, .tunnel, .dummy: return false
    }
    guard let device = context.devices[interface.name] else { return takeAbsence(of: interface) }
    let hasChanged =
      interface.ethernetAddress != device.ethernetAddress || interface.isUp != device.isUp
      || interface.hasCarrier != device.hasCarrier
    let bridge = interface.bridge
    if interface.ethernetAddress != device.ethernetAddress {
      bridge.lowestDeviceAddress.remove(interface.ethernetAddress)
      interface.ethernetAddress = device.ethernetAddress
      if interface.isLender { bridge.lowestDeviceAddress.insert(interface.ethernetAddress) }
      noteAddress(of: interface)
    }
    interface.isUp = device.isUp
    interface.hasCarrier = device.hasCarrier
    if hasChanged { bridge.markChanged() }
    return hasChanged
  }
}
