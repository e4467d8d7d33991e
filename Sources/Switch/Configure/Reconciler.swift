// What: makes the bridges and ports that there are agree with those that the configuration wants.
//
// How: level-triggered. `reconcile` compares the wanted with the actual and asks for what is missing; whatever changes either,
// an answer of the datapath, a device that appeared, a row, calls it again. Nothing is remembered between calls but the
// bridges themselves, so no order of events can leave it half-way.

import Vlog
import Datapath
import OpenFlow
import PacketWire

/// Makes the actual bridges agree with the desired ones.
final class Reconciler {
  let context: SwitchContext
  /// What the configuration wants; nil until it is known.
  private(set) var desired: DesiredSwitch?
  /// The datapaths by type.
  private(set) var datapaths: [String: DatapathLink] = [:]
  /// The bridges by name.
  private(set) var bridges: [String: Bridge] = [:]
  /// What has changed since it was last taken, in order.
  private var changes: [ConfigurationChange] = []
  /// Counts the comparisons: something may have come of each.
  private(set) var roundCount: UInt64 = 0
  private var isRunning = false
  private var mustRunAgain = false

  init(context: SwitchContext) { self.context = context }

  /// What has changed since the last call, in order.
  func takeChanges() -> [ConfigurationChange] {
    let taken = changes
    changes = []
    return taken
  }

  /// Notes a change.
  func note(_ change: ConfigurationChange) { changes.append(change) }

  /// Takes a new desired configuration.
  func apply(_ desired: DesiredSwitch) {
    self.desired = desired
    reconcile()
  }

  /// Whether everything that was asked for is done or has failed.
  var isSettled: Bool {
    guard desired != nil else { return false }
    for link in datapaths.values where link.state == .opening { return false }
    for bridge in bridges.values {
      for port in bridge.ports.values {
        for interface in port.interfaces where interface.attachment == .attaching { return false }
      }
    }
    return true
  }

  /// Compares and asks; see the top of this file.
  func reconcile() {
    mustRunAgain = true
    guard !isRunning, desired != nil else { return }
    isRunning = true
    while mustRunAgain {
      mustRunAgain = false
      reconcileOnce()
    }
    isRunning = false
  }

  private func reconcileOnce() {
    guard let desired else { return }
    roundCount &+= 1
    for name in bridges.keys.sorted() {
      guard let bridge = bridges[name] else { continue }
      let wanted = desired.bridges.first { $0.name == name }
      if wanted == nil || wanted.map(datapathType) != bridge.datapath.type { remove(bridge) }
    }
    // What goes goes first, from every bridge: an interface may come to another port, or to another bridge.
    for wanted in desired.bridges {
      if let bridge = bridges[wanted.name] { removePorts(bridge, except: Self.withLocalPort(wanted)) }
    }
    for wanted in desired.bridges {
      let link = datapath(datapathType(wanted))
      open(link)
      guard link.state == .open else { continue }
      let bridge = bridges[wanted.name] ?? add(wanted, link)
      configure(bridge, wanted)
    }
  }

  // MARK: datapaths

  /// The type of datapath that a bridge is in: `--enable-dummy` may replace what the configuration says.
  private func datapathType(_ bridge: DesiredBridge) -> String {
    switch context.options.dummyMode {
    case .replacesAll: "dummy"
    case .replacesSystem where bridge.datapathType == "system": "dummy"
    default: bridge.datapathType
    }
  }

  private func datapath(_ type: String) -> DatapathLink {
    if let link = datapaths[type] { return link }
    let link = DatapathLink(type: type, name: "ovs-\(type)")
    datapaths[type] = link
    return link
  }

  /// Lets datapaths that were not there be opened again; says whether there are any.
  func retryDatapaths() -> Bool {
    var any = false
    for link in datapaths.values where link.isMissing {
      link.state = .absent
      link.isMissing = false
      any = true
    }
    return any
  }

  private func open(_ link: DatapathLink) {
    guard link.state == .absent else { return }
    guard
      ["system", "netdev"].contains(link.type) || link.type == "dummy" && context.options.dummyMode != .none
    else {
      link.state = .failed("unknown datapath type \(link.type)")
      context.turn.log("ofproto", .warning, "could not create datapath of unknown type \(link.type)")
      return
    }
    link.state = .opening
    var message = DatapathMessage(name: link.name)
    message.upcallProcessID = DatapathChannel.processID
    context.channel.request(
      .datapath(.new, message), datapath: 0, flags: .echo, .configuration(.open(datapathType: link.type)))
  }

  /// Takes what a datapath answered.
  func answered(_ question: ConfigurationQuestion, _ answer: DatapathAnswer) {
    switch question {
    case .open(let type): if let link = datapaths[type] { opened(link, answer) }
    case .port(let type, let number): if let link = datapaths[type] { portAnswered(number, link, answer) }
    case .tunnelPort(let type, let name, let number):
      if let link = datapaths[type] { tunnelPortAnswered(name, link, number, answer) }
    case .deletion(let type, let number): if let link = datapaths[type] { deleted(number, link, answer) }
    case .formerPort(let type, let number): if let link = datapaths[type] { restored(number, link, answer) }
    case .formerTunnelPort(let type, let name):
      if let link = datapaths[type] { restored(name, link, answer) }
    }
  }

  private func opened(_ link: DatapathLink, _ answer: DatapathAnswer) {
    switch answer {
    case .done(let messages):
      link.index = messages.first?.header.datapathIndex ?? 0
      if case .datapath(_, let message)? = messages.first?.body { link.take(message) }
      link.state = .open
      link.saidFailure = nil
      restorePorts(link)
    case .failed(let code):
      let text = DatapathErrorCode.text(code)
      link.isMissing = code == DatapathErrorCode.noDevice.rawValue
      link.state = .failed(text)
      // One that was lost is tried again and again; that it is gone was said.
      guard !link.wasLost, link.saidFailure != text else { break }
      link.saidFailure = text
      context.turn.log("ofproto", .error, "failed to create datapath \(link.name): \(text)")
    }
    reconcile()
  }

  // MARK: bridges

  private func add(_ wanted: DesiredBridge, _ link: DatapathLink) -> Bridge {
    let bridge = Bridge(name: wanted.name, datapath: link)
    bridge.defaultAddress = context.randomAddress()
    bridges[wanted.name] = bridge
    link.bridges[wanted.name] = bridge
    note(.bridgeAdded(bridge))
    return bridge
  }

  private func remove(_ bridge: Bridge) {
    for port in bridge.portsInOrder {
      for interface in port.interfaces { detach(interface) }
    }
    bridge.ports = [:]
    note(.bridgeRemoved(bridge))
    bridges[bridge.name] = nil
    bridge.datapath.bridges[bridge.name] = nil
    // The bridge's own counts of changes end here, and the sum of all must not be one that it has been before.
    bridge.datapath.generation &+=
      bridge.generation &+ bridge.tables.generation &+ bridge.addresses.generation &+ 1
  }

  private func configure(_ bridge: Bridge, _ wanted: DesiredBridge) {
    let settings = BridgeSettings(wanted)
    if bridge.settings != settings {
      bridge.settings = settings
      bridge.markChanged()
    }
    let mirrors = wanted.mirrors
    if bridge.mirrors != mirrors {
      bridge.mirrors = mirrors
      bridge.markChanged()
    }
    configurePorts(bridge, Self.withLocalPort(wanted))
    bridge.addresses.limit = settings.addressLimit
    bridge.addresses.agingMilliseconds = Int64(settings.addressAgingSeconds) * 1000
    BridgeIdentity.choose(bridge, wanted, context)
    note(.bridgeConfigured(bridge, wanted))
  }

  /// The ports that a bridge is to have: its own among them even if no row says so.
  private static func withLocalPort(_ bridge: DesiredBridge) -> [DesiredPort] {
    guard !bridge.controllers.isEmpty, !bridge.ports.contains(where: { $0.name == bridge.name }) else {
      return bridge.ports
    }
    return bridge.ports
      + [DesiredPort(name: bridge.name, interfaces: [DesiredInterface(name: bridge.name, type: "internal")])]
  }

  // MARK: ports

  /// Takes out the ports that are not wanted any more, and the interfaces that are not wanted in their ports.
  private func removePorts(_ bridge: Bridge, except wanted: [DesiredPort]) {
    for name in bridge.ports.keys.sorted() where !wanted.contains(where: { $0.name == name }) {
      guard let port = bridge.ports.removeValue(forKey: name) else { continue }
      for interface in port.interfaces { detach(interface) }
      bridge.addresses.remove(port: port)
      bridge.markChanged()
    }
    for wanted in wanted {
      guard let port = bridge.ports[wanted.name] else { continue }
      for interface in port.interfaces
      where !wanted.interfaces.contains(where: { $0.name == interface.name }) {
        detach(interface)
        port.interfaces.removeAll { $0 === interface }
      }
    }
  }

  private func configurePorts(_ bridge: Bridge, _ wanted: [DesiredPort]) {
    // Ports with a number that they ask for come first, so that no other takes it.
    let ordered = wanted.filter { $0.asksForNumber } + wanted.filter { !$0.asksForNumber }
    for wanted in ordered { configure(bridge, wanted) }
  }

  private func configure(_ bridge: Bridge, _ wanted: DesiredPort) {
    let port = bridge.ports[wanted.name] ?? BridgePort(name: wanted.name, bridge: bridge)
    bridge.ports[wanted.name] = port
    let vlan = VLANSettings(wanted)
    if port.vlan != vlan || port.isProtected != wanted.isProtected {
      port.vlan = vlan
      port.isProtected = wanted.isProtected
      bridge.markChanged()
    }
    for wanted in wanted.interfaces { configure(port, wanted) }
  }

  private func configure(_ port: BridgePort, _ wanted: DesiredInterface) {
    let type = wanted.name == port.bridge.name ? "internal" : wanted.type == "" ? "system" : wanted.type
    if let interface = port.interfaces.first(where: { $0.name == wanted.name }) {
      if interface.type == type {
        update(interface, wanted)
        return
      }
      detach(interface)
      port.interfaces.removeAll { $0 === interface }
    }
    for bridge in bridges.values where bridge.interface(named: wanted.name) != nil {
      context.turn.log("bridge", .warning, "interface \(wanted.name) is in more than one port")
      return
    }
    let interface = Interface(name: wanted.name, type: type, kind: .system, port: port)
    interface.createdMilliseconds = context.now
    port.interfaces.append(interface)
    update(interface, wanted)
  }

  private func update(_ interface: Interface, _ wanted: DesiredInterface) {
    interface.requestedNumber = wanted.requestedNumber.flatMap(Self.portNumber)
    interface.previousNumber = wanted.previousNumber.flatMap(Self.portNumber)
    if interface.attachment != .detached, interface.wanted == wanted { return }
    let isNew = interface.wanted == nil
    interface.wanted = wanted
    do throws(TunnelOptionsError) {
      let kind = try kind(of: interface, wanted)
      if isNew || interface.kind != kind || interface.attachment == .detached {
        let old = interface.kind
        interface.kind = kind
        attach(interface, instead: isNew ? nil : old)
      }
    } catch {
      detach(interface)
      fail(interface, error.message)
    }
    renumber(interface)
    setDevice(interface, wanted)
  }

  private static func portNumber(_ value: Int64) -> OpenFlowPortNumber? {
    value > 0 && value < Int64(OpenFlowPortNumber.maximum.rawValue)
      ? OpenFlowPortNumber(UInt32(truncatingIfNeeded: value)) : nil
  }

  /// What an interface is, by its type and options.
  private func kind(
    of interface: Interface, _ wanted: DesiredInterface
  ) throws(TunnelOptionsError) -> Interface.Kind {
    switch interface.type {
    case "patch":
      guard let peer = wanted.options["peer"], !peer.isEmpty else {
        throw TunnelOptionsError(message: "\(interface.name): patch type requires valid 'peer' argument")
      }
      guard peer != interface.name else {
        throw TunnelOptionsError(message: "\(interface.name): patch peer must not be self")
      }
      return .patch(peer: peer)
    case "internal", "tap":
      return interface.bridge.datapath.type == "dummy" ? .dummy(type: "dummy-internal") : .internalDevice
    case "dummy", "dummy-internal", "dummy-pmd":
      guard context.options.dummyMode != .none else { break }
      return .dummy(type: interface.type)
    case "system", "afxdp", "afxdp-nonpmd":
      return interface.bridge.datapath.type == "dummy" ? .dummy(type: "system") : .system
    default:
      if let encapsulation = TunnelKind(name: interface.type) {
        return .tunnel(
          try TunnelSettings(name: interface.name, encapsulation: encapsulation, options: wanted.options))
      }
    }
    context.turn.log(
      "netdev", .warning, "could not create netdev \(interface.name) of unknown type \(interface.type)")
    throw TunnelOptionsError(
      message: "could not open network device \(interface.name) (Address family not supported by protocol)")
  }

  private func setDevice(_ interface: Interface, _ wanted: DesiredInterface) {
    guard interface.kind == .internalDevice, interface.attachment == .attached,
      interface.name != interface.bridge.name
    else { return }
    let address = wanted.ethernetAddress.flatMap { MACAddress($0) }
    let mtu = wanted.requestedMTU.map { Int($0) }
    guard address != nil || mtu != nil else { return }
    context.turn.emit(
      .configureDevice(
        name: interface.name, DeviceChange(ethernetAddress: address, maximumTransmissionUnit: mtu)))
  }
}

extension DesiredPort {
  /// Whether one of its interfaces asks for a number, or had one.
  var asksForNumber: Bool {
    interfaces.contains { $0.requestedNumber != nil || ($0.previousNumber ?? -1) > 0 }
  }
}
