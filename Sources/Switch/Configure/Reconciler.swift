// What: makes the bridges and ports that there are agree with those that the configuration wants.
//
// How: level-triggered. `reconcile` compares the wanted with the actual and asks for what is missing. Whatever changes either,
// an answer of the datapath, a device that appeared, a row, names the bridges and ports that it is about, and only these are
// compared. Nothing else is remembered between calls but the bridges themselves, so no order of events can leave it half-way.

import Vlog
import Datapath
import OpenFlow
import PacketWire

/// Makes the actual bridges agree with the desired ones.
final class Reconciler {
  let context: SwitchContext
  let attachments: Attachments
  /// What the configuration wants; nil until it is known.
  private(set) var wanted: WantedSwitch?
  /// The datapaths by type.
  private(set) var datapaths: [String: DatapathLink] = [:]
  /// The bridges by name.
  private(set) var bridges: [String: Bridge] = [:]
  /// Counts the comparisons: something may have come of each.
  private(set) var roundCount: UInt64 = 0
  /// Counts the ports that were compared.
  private(set) var comparedPortCount: UInt64 = 0
  /// What is still to be compared.
  private var scope = ReconcilerScope()
  /// The ports that want an interface which another port has, by the interface's name.
  private var blocked: [String: Set<PortName>] = [:]

  private struct PortName: Hashable {
    var bridge: String
    var port: String
  }

  init(context: SwitchContext) {
    self.context = context
    attachments = Attachments(context: context)
  }

  /// What has changed since the last call, in order.
  func takeChanges() -> [ConfigurationChange] {
    let taken = attachments.changes
    attachments.changes = []
    return taken
  }

  /// Takes a new desired configuration as a whole.
  func apply(_ desired: DesiredSwitch) {
    apply(ConfigurationDelta(from: wanted ?? WantedSwitch(), to: desired))
  }

  /// Takes what is desired otherwise than before.
  func apply(_ all: ConfigurationDelta) {
    var delta = all
    for bridge in all.bridges where !bridge.name.isFileName {
      context.turn.log("bridge", .warning, "ignoring bridge with invalid name \"\(bridge.name)\"")
    }
    // The name becomes that of sockets, which must not lie anywhere else than in their folder.
    delta.bridges.removeAll { !$0.name.isFileName }
    delta.ports.removeAll { !$0.bridge.isFileName }
    var known = wanted ?? WantedSwitch()
    wanted = nil
    if known.otherConfig != delta.otherConfig { attachments.changes.append(.settings(delta.otherConfig)) }
    let changed = known.apply(delta)
    wanted = known
    scope.bridges.formUnion(changed.bridges)
    for (bridge, names) in changed.ports { scope.ports[bridge, default: []].formUnion(names) }
    reconcile()
  }

  /// Whether everything that was asked for is done or has failed.
  var isSettled: Bool { wanted != nil && !datapaths.values.contains { $0.isSettling } }

  /// Compares and asks; see the top of this file.
  func reconcile() {
    roundCount &+= 1
    guard wanted != nil else { return }
    repeat {
      for interface in attachments.takeRetries() {
        scope.insert(port: interface.port.name, of: interface.bridge.name)
      }
      let taken = scope
      scope = ReconcilerScope()
      reconcile(taken)
    } while !scope.isEmpty
    configureTracking()
    for name in attachments.takeReaddressed() {
      if let bridge = bridges[name], let row = wanted?.bridges[name]?.row {
        BridgeIdentity.choose(bridge, row, context)
      }
    }
  }

  private func reconcile(_ scope: ReconcilerScope) {
    guard let wanted else { return }
    var scope = scope
    let names = scope.bridges.sorted()
    for name in names {
      guard let bridge = bridges[name] else { continue }
      let row = wanted.bridges[name]?.row
      if row.map(datapathType) != bridge.datapath.type { remove(bridge) }
    }
    // What goes goes first, from every bridge: an interface may come to another port, or to another bridge.
    for (name, ports) in scope.ports {
      if let bridge = bridges[name] { removePorts(bridge, among: ports, wanted.bridges[name]) }
    }
    for name in names {
      guard let found = wanted.bridges[name] else { continue }
      let link = datapath(datapathType(found.row))
      open(link)
      guard link.state == .open else { continue }
      if bridges[name] == nil {
        add(found.row, link)
        scope.ports[name] = found.portNames
      }
    }
    for name in Set(scope.ports.keys).union(names).sorted() {
      guard let bridge = bridges[name], let found = wanted.bridges[name], bridge.datapath.state == .open
      else {
        continue
      }
      configure(bridge, found, isWhole: scope.bridges.contains(name), scope.ports[name] ?? [])
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

  /// Lets datapaths that were not there be opened again.
  private func retryDatapaths() {
    for link in datapaths.values where link.isMissing {
      link.state = .absent
      link.isMissing = false
      compareBridges(of: link)
    }
  }

  /// Takes what the host's devices look like now.
  func devicesChanged(_ devices: [NetworkDevice]) {
    let changed = context.take(devices)
    // What was missing when a datapath was to be opened may have come: devices are seen by the same driver.
    retryDatapaths()
    for name in changed {
      if let interface = interface(named: name) { attachments.deviceChanged(interface) }
    }
    reconcile()
  }

  /// The interface with a name, of whatever bridge.
  func interface(named name: String) -> Interface? {
    for link in datapaths.values {
      if let interface = link.interfacesByName[name] { return interface }
    }
    return nil
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
    guard let link = datapaths[question.datapathType] else { return }
    switch question {
    case .open: opened(link, answer)
    case .port(_, let number): attachments.portAnswered(number, link, answer)
    case .tunnelPort(_, let name, let number): attachments.tunnelPortAnswered(name, link, number, answer)
    case .deletion(_, let number): attachments.deleted(number, link, answer)
    case .formerPort(_, let number): restored(number, link, answer)
    case .formerTunnelPort(_, let name): restored(name, link, answer)
    case .tracking(_, let what): trackingAnswered(what, answer)
    }
    reconcile()
  }

  private func opened(_ link: DatapathLink, _ answer: DatapathAnswer) {
    switch answer {
    case .done(let messages):
      link.index = messages.first?.header.datapathIndex ?? 0
      if case .datapath(_, let message)? = messages.first?.body { link.take(message) }
      link.state = .open
      link.saidFailure = nil
      forgetTracking(link)
      restorePorts(link)
      context.channel.setMeters(of: link)
      compareBridges(of: link)
    case .failed(let code):
      let text = DatapathErrorCode.text(code)
      link.isMissing = code == DatapathErrorCode.noDevice.rawValue
      link.state = .failed(text)
      // One that was lost is tried again and again; that it is gone was said.
      guard !link.wasLost, link.saidFailure != text else { break }
      link.saidFailure = text
      context.turn.log("ofproto", .error, "failed to create datapath \(link.name): \(text)")
    }
  }

  /// Lets all bridges that are wanted in a datapath be compared.
  private func compareBridges(of link: DatapathLink) {
    for (name, bridge) in wanted?.bridges ?? [:] where datapathType(bridge.row) == link.type {
      scope.bridges.insert(name)
      if bridges[name] != nil { scope.ports[name, default: []].formUnion(bridge.portNames) }
    }
  }

  // MARK: bridges

  private func add(_ wanted: DesiredBridge, _ link: DatapathLink) {
    let bridge = Bridge(name: wanted.name, datapath: link)
    bridge.defaultAddress = context.randomAddress()
    bridges[wanted.name] = bridge
    link.bridges[wanted.name] = bridge
    attachments.changes.append(.bridgeAdded(bridge))
  }

  private func remove(_ bridge: Bridge) {
    for port in bridge.portsInOrder { remove(port) }
    attachments.changes.append(.bridgeRemoved(bridge))
    bridges[bridge.name] = nil
    bridge.datapath.bridges[bridge.name] = nil
    if bridge.datapath.bridges.isEmpty { attachments.haveTunnelsChanged = true }
    bridge.datapath.changes.note()
  }

  private func configure(_ bridge: Bridge, _ wanted: WantedSwitch.Bridge, isWhole: Bool, _ ports: Set<String>)
  {
    if isWhole {
      let settings = BridgeSettings(wanted.row)
      if bridge.settings != settings {
        bridge.settings = settings
        bridge.markChanged()
      }
      if bridge.mirrors != wanted.row.mirrors {
        bridge.mirrors = wanted.row.mirrors
        bridge.markChanged()
      }
      bridge.addresses.limit = settings.addressLimit
      bridge.addresses.agingMilliseconds = Int64(settings.addressAgingSeconds) * 1000
    }
    configurePorts(bridge, ports.sorted().compactMap { wanted.port($0) })
    guard isWhole else { return }
    BridgeIdentity.choose(bridge, wanted.row, context)
    attachments.changes.append(.bridgeConfigured(bridge, wanted.row))
  }

  // MARK: ports

  /// Takes out those of some ports that are not wanted any more, and the interfaces that are not wanted in them.
  private func removePorts(_ bridge: Bridge, among names: Set<String>, _ wanted: WantedSwitch.Bridge?) {
    for name in names.sorted() {
      guard let port = bridge.ports[name] else { continue }
      guard let found = wanted?.port(name) else {
        remove(port)
        bridge.markChanged()
        continue
      }
      for interface in port.interfaces where !found.interfaces.contains(where: { $0.name == interface.name })
      {
        remove(interface)
      }
    }
  }

  private func remove(_ port: BridgePort) {
    for interface in port.interfaces { remove(interface) }
    port.bridge.addresses.remove(port: port)
    port.bridge.removePort(port.name)
  }

  /// Takes an interface out of its port; ports that want it may have it now.
  private func remove(_ interface: Interface) {
    attachments.detach(interface)
    let port = interface.port
    if port.interfaces.count > 1 { port.bridge.lowestDeviceAddress.forget() }
    port.interfaces.removeAll { $0 === interface }
    for waiting in blocked.removeValue(forKey: interface.name) ?? [] {
      scope.insert(port: waiting.port, of: waiting.bridge)
    }
  }

  private func configurePorts(_ bridge: Bridge, _ wanted: [DesiredPort]) {
    comparedPortCount &+= UInt64(wanted.count)
    // Ports with a number that they ask for come first, so that no other takes it.
    for wanted in wanted where wanted.asksForNumber { configure(bridge, wanted) }
    for wanted in wanted where !wanted.asksForNumber { configure(bridge, wanted) }
  }

  private func configure(_ bridge: Bridge, _ wanted: DesiredPort) {
    let port = bridge.ports[wanted.name] ?? BridgePort(name: wanted.name, bridge: bridge)
    bridge.ports[wanted.name] = port
    let vlan = VLANSettings(wanted)
    if port.vlan != vlan || port.isProtected != wanted.isProtected {
      port.vlan = vlan
      port.isProtected = wanted.isProtected
      // What was learned by the port may not be reached by it any more.
      bridge.addresses.remove(port: port)
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
      remove(interface)
    }
    guard interface(named: wanted.name) == nil else {
      context.turn.log("bridge", .warning, "interface \(wanted.name) is in more than one port")
      blocked[wanted.name, default: []].insert(PortName(bridge: port.bridge.name, port: port.name))
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
        attachments.attach(interface, instead: isNew ? nil : old)
      }
    } catch {
      attachments.detach(interface)
      attachments.fail(interface, error.message)
    }
    attachments.renumber(interface)
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

extension String {
  /// Whether it names a file of a folder, rather than a way to elsewhere.
  fileprivate var isFileName: Bool {
    !utf8.isEmpty && !utf8.contains { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") || $0 == 0 }
  }
}

extension DesiredPort {
  /// Whether one of its interfaces asks for a number, or had one.
  var asksForNumber: Bool {
    interfaces.contains { $0.requestedNumber != nil || ($0.previousNumber ?? -1) > 0 }
  }
}
