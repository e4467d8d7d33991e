// What: all attached virtual switches, and which of their adapters is which port of the datapath.
//
// How names bind: an adapter answers to one or more names; a port of the datapath has one. Whichever comes first, they
// find each other when the other comes, when it is renamed, and lose each other when it goes. If several adapters answer
// to a name, the one that has answered to it longest has it. The external port answers to "external" as a whole, before any
// adapter that is called so (as Hyper-V calls the host's own on a switch of that name). Each physical adapter of it answers
// to its own name besides, which goes before the whole port's for what comes by that adapter.
//
// Every change of who is bound to whom, or of who is connected, is handed out as a list of changes of the port map.

public import Datapath

/// Who answers to a name.
private enum Claimant: Hashable {
  case adapter(AdapterKey)
  /// All physical adapters of an external port.
  case uplink(SwitchID, SwitchPortID)
}

/// A name that somebody answers to now, or in another way, or nobody any more.
struct NameChange: Equatable {
  var name: [UInt8]
  var isPresent: Bool
}

/// All attached virtual switches, and the binding of their adapters to ports of the datapath.
public struct SwitchModel {
  /// The most virtual switches.
  public static var maximumSwitchCount: Int { 64 }
  /// The name that the external port as a whole answers to.
  public static var uplinkName: [UInt8] { Array("external".utf8) }

  /// The attached switches.
  public private(set) var switches: [SwitchID: ExtensibleSwitch] = [:]
  private var refusals: [UInt64] = Array(repeating: 0, count: SwitchRefusal.allCases.count)

  private var names: [Claimant: [[UInt8]]] = [:]
  private var claims: [[UInt8]: [Claimant]] = [:]
  private var portsByName: [[UInt8]: UInt32] = [:]
  private var owners: [UInt32: Claimant] = [:]

  private var publishedArrivals: [AdapterKey: UInt32] = [:]
  private var publishedDestinations: [UInt32: Destination] = [:]
  private var changes: [PortMapChange] = []
  private var nameChanges: [[UInt8]: Bool] = [:]

  /// Makes a model without switches.
  public init() {}

  /// How often something was refused for a reason.
  public func refusalCount(_ refusal: SwitchRefusal) -> UInt64 { refusals[Int(refusal.rawValue)] }

  /// The changes of the port map since this was last asked.
  mutating func takeChanges() -> [PortMapChange] {
    let taken = changes
    changes = []
    return taken
  }

  /// The names that somebody answers to since this was last asked, or nobody any more.
  mutating func takeNameChanges() -> [NameChange] {
    let taken = nameChanges.map { NameChange(name: $0.key, isPresent: $0.value) }
    nameChanges = [:]
    return taken
  }

  // MARK: Events

  /// Notes an event; returns why it did not fit, which is counted too.
  public mutating func perform(_ event: SwitchEvent) -> SwitchRefusal? {
    do throws(SwitchRefusal) {
      try apply(event)
      return nil
    } catch {
      refusals[Int(error.rawValue)] &+= 1
      return error
    }
  }

  private mutating func apply(_ event: SwitchEvent) throws(SwitchRefusal) {
    let id = event.switchID
    if case .attach = event {
      guard switches[id] == nil else { throw .switchExists }
      guard switches.count < SwitchModel.maximumSwitchCount else { throw .tooManySwitches }
      switches[id] = ExtensibleSwitch()
      return
    }
    guard var known = switches.removeValue(forKey: id) else { throw .unknownSwitch }
    var refusal: SwitchRefusal?
    do throws(SwitchRefusal) {
      try SwitchModel.apply(event, to: &known)
    } catch {
      refusal = error
    }
    if case .detach = event { known = ExtensibleSwitch() }
    switches[id] = known
    refresh(event)
    if case .detach = event { switches[id] = nil }
    if let refusal { throw refusal }
  }

  private static func apply(_ event: SwitchEvent, to known: inout ExtensibleSwitch) throws(SwitchRefusal) {
    switch event {
    case .attach, .detach: break
    case .createPort(_, let port, let description): try known.createPort(port, description)
    case .undoPort(_, let port):
      try? known.tearDownPort(port)
      try known.deletePort(port)
    case .learnPort(_, let port, let description):
      if known.ports[port] == nil {
        try known.createPort(port, description)
      } else {
        try known.updatePort(port, name: description.name)
      }
    case .updatePort(_, let port, let name): try known.updatePort(port, name: name)
    case .tearDownPort(_, let port): try known.tearDownPort(port)
    case .deletePort(_, let port): try known.deletePort(port)
    case .createAdapter(let key, let adapter):
      // The list that tells of its port is being read.
      if known.learning.isLearning, known.ports[key.port] == nil {
        try known.createPort(key.port, SwitchPort(kind: adapter.kind, name: []))
      }
      try known.createAdapter(key.port, key.index, adapter)
    case .undoAdapter(let key), .deleteAdapter(let key): try known.deleteAdapter(key.port, key.index)
    case .learnAdapter(let key, let adapter, let isConnected):
      if known.adapter(key.port, key.index) == nil {
        try known.createAdapter(key.port, key.index, adapter)
      } else {
        try known.updateAdapter(key.port, key.index, adapter)
      }
      if isConnected, known.adapter(key.port, key.index)?.state != .connected {
        try known.connectAdapter(key.port, key.index)
      }
    case .updateAdapter(let key, let adapter): try known.updateAdapter(key.port, key.index, adapter)
    case .connectAdapter(let key): try known.connectAdapter(key.port, key.index)
    case .disconnectAdapter(let key): try known.disconnectAdapter(key.port, key.index)
    case .restoreAdapter(let key, let saved):
      guard let name = SavedAdapter.decode(saved) else { throw .unknownSavedState }
      try known.restoreAdapter(key.port, key.index, name: name)
    }
  }

  // MARK: Learning what is there

  /// A list of all ports or adapters of a switch will be asked for, or none will be looked at any more.
  public mutating func setLearning(_ id: SwitchID, _ begins: Bool) {
    if begins { switches[id]?.learning.begin() } else { switches[id]?.learning.end() }
  }

  /// A request that says something of a port, or of the adapter `index` at it, begins or is over.
  public mutating func noteRequest(
    _ id: SwitchID, _ port: SwitchPortID, _ index: SwitchNICIndex?, _ fate: RequestFate, isOver: Bool
  ) {
    switches[id]?.learning.note(port, index, fate, isOver: isOver)
  }

  /// What is to be made of an entry of a list; `isLast` if the list will not be asked for again.
  public mutating func believe(
    _ id: SwitchID, _ port: SwitchPortID, _ index: SwitchNICIndex?, isConnected: Bool, isLast: Bool
  ) -> ListBelief {
    let isKnown = index.flatMap { switches[id]?.adapter(port, $0) } != nil
    return switches[id]?.learning.believe(
      port, index, isConnected: isConnected, isKnown: isKnown, isLast: isLast) ?? .gone
  }

  /// What is saved of an adapter when its machine goes to another host; `nil` if it is not known by any name.
  public func save(_ key: AdapterKey) -> [UInt8]? {
    guard let name = names[.adapter(key)]?.first(where: { portsByName[$0] != nil }) else { return nil }
    return SavedAdapter.encode(name: name)
  }

  // MARK: Ports of the datapath

  /// A port of the datapath is there that packets can come from and go to.
  public mutating func addDatapathPort(_ number: DatapathPortNumber, name: [UInt8]) {
    guard number.rawValue != 0, number.rawValue <= 0xffff, !name.isEmpty else { return }
    if portsByName[name] == number.rawValue { return }
    for (old, known) in portsByName where known == number.rawValue && old != name {
      removeDatapathPort(number)
      break
    }
    portsByName[name] = number.rawValue
    resolve(name)
  }

  /// A port of the datapath is gone.
  public mutating func removeDatapathPort(_ number: DatapathPortNumber) {
    guard let name = portsByName.first(where: { $0.value == number.rawValue })?.key else { return }
    portsByName[name] = nil
    let owner = owners.removeValue(forKey: number.rawValue)
    publishDestination(number.rawValue)
    if let owner { publishArrivals(owner) }
  }

  /// All ports of the datapath are gone.
  public mutating func removeAllDatapathPorts() {
    for number in Array(portsByName.values) { removeDatapathPort(DatapathPortNumber(number)) }
  }

  /// The adapter that a port of the datapath is bound to; one of them, if it is bound to several.
  public func adapter(of number: DatapathPortNumber) -> SwitchAdapter? {
    owners[number.rawValue].flatMap { adapter(of: $0) }
  }

  private func adapter(of claimant: Claimant) -> SwitchAdapter? {
    switch claimant {
    case .adapter(let key): return switches[key.switchID]?.adapter(key.port, key.index)
    case .uplink(let id, let port):
      let indexes = switches[id]?.ports[port]?.adapters ?? []
      guard let index = indexes.filter({ $0.rawValue > 0 }).min(by: { $0.rawValue < $1.rawValue }) else {
        return nil
      }
      return switches[id]?.adapter(port, index)
    }
  }

  /// Every name that somebody answers to, with an adapter that does.
  public var namedAdapters: [(name: [UInt8], adapter: SwitchAdapter)] {
    var result: [(name: [UInt8], adapter: SwitchAdapter)] = []
    for (name, claimants) in claims {
      guard let claimant = claimants.first, let adapter = adapter(of: claimant) else { continue }
      result.append((name, adapter))
    }
    return result
  }

  /// Whether packets for a port of the datapath have somewhere to go.
  public func isConnected(_ number: DatapathPortNumber) -> Bool {
    (publishedDestinations[number.rawValue]?.adapters ?? 0) != 0
  }

  // MARK: Names

  /// Looks again at who answers to which name, after an event.
  private mutating func refresh(_ event: SwitchEvent) {
    switch event {
    case .attach: break
    case .detach(let id):
      for claimant in Array(names.keys) {
        switch claimant {
        case .adapter(let key): if key.switchID == id { refresh(claimant) }
        case .uplink(let owner, _): if owner == id { refresh(claimant) }
        }
      }
    case .createPort(let id, let port, _), .undoPort(let id, let port), .learnPort(let id, let port, _),
      .updatePort(let id, let port, _), .tearDownPort(let id, let port), .deletePort(let id, let port):
      for claimant in Array(names.keys) {
        if case .adapter(let key) = claimant, key.switchID == id, key.port == port { refresh(claimant) }
      }
      // Those that had no name until now.
      for index in switches[id]?.ports[port]?.adapters ?? [] {
        refresh(.adapter(AdapterKey(id, port, index)))
      }
      refreshUplink(id, port)
    case .createAdapter(let key, _), .undoAdapter(let key), .learnAdapter(let key, _, _),
      .updateAdapter(let key, _), .connectAdapter(let key), .disconnectAdapter(let key),
      .deleteAdapter(let key), .restoreAdapter(let key, _):
      refresh(.adapter(key))
      refreshUplink(key.switchID, key.port)
    }
  }

  private mutating func refreshUplink(_ id: SwitchID, _ port: SwitchPortID) {
    let isKnown = switches[id]?.ports[port]?.kind == .external || names[.uplink(id, port)] != nil
    if isKnown { refresh(.uplink(id, port)) }
  }

  private mutating func refresh(_ claimant: Claimant) {
    let old = names[claimant] ?? []
    let new = currentNames(of: claimant)
    names[claimant] = new.isEmpty ? nil : new
    for name in old where !new.contains(name) {
      claims[name]?.removeAll { $0 == claimant }
      if claims[name]?.isEmpty == true { claims[name] = nil }
      nameChanges[name] = claims[name] != nil
      resolve(name)
    }
    for name in new where !old.contains(name) {
      claim(name, claimant)
      resolve(name)
    }
    for name in new {
      nameChanges[name] = true
      if let number = portsByName[name], owners[number] == claimant { publishDestination(number) }
    }
    publishArrivals(claimant)
  }

  /// Puts somebody behind those who have answered to a name longer; only the network outside goes before all others.
  private mutating func claim(_ name: [UInt8], _ claimant: Claimant) {
    var known = claims[name] ?? []
    var place = known.count
    if case .uplink = claimant {
      place = known.firstIndex { if case .adapter = $0 { true } else { false } } ?? known.count
    }
    known.insert(claimant, at: place)
    claims[name] = known
  }

  /// The names that an adapter or a port as a whole answers to, the most telling first.
  private func currentNames(of claimant: Claimant) -> [[UInt8]] {
    var result: [[UInt8]] = []
    func add(_ name: [UInt8]) {
      if !name.isEmpty, !result.contains(name) { result.append(name) }
    }
    switch claimant {
    case .adapter(let key):
      guard let known = switches[key.switchID], let adapter = known.adapter(key.port, key.index),
        let port = known.ports[key.port]
      else { return [] }
      switch adapter.kind {
      case .external:
        guard key.index.rawValue > 0 else { return [] }
        add(adapter.alias)
        add(adapter.name)
      case .internal:
        add(port.name)
        add(adapter.name)
      case .synthetic, .emulated: add(port.name)
      }
      add(adapter.restoredName)
    case .uplink(let id, let port):
      guard let known = switches[id]?.ports[port], known.kind == .external,
        known.adapters.contains(where: { $0.rawValue > 0 })
      else { return [] }
      add(SwitchModel.uplinkName)
    }
    return result
  }

  /// Binds a name's port to whoever has answered to the name longest.
  private mutating func resolve(_ name: [UInt8]) {
    guard let number = portsByName[name] else { return }
    let old = owners[number]
    let new = claims[name]?.first
    owners[number] = new
    publishDestination(number)
    if let old, old != new { publishArrivals(old) }
    if let new { publishArrivals(new) }
  }

  // MARK: What the packet path knows

  private mutating func publishDestination(_ number: UInt32) {
    let destination = owners[number].flatMap { currentDestination(of: $0) }
    guard publishedDestinations[number] != destination else { return }
    publishedDestinations[number] = destination
    changes.append(.destination(number, destination))
  }

  private func currentDestination(of claimant: Claimant) -> Destination? {
    var destination = Destination()
    switch claimant {
    case .adapter(let key):
      guard let adapter = switches[key.switchID]?.adapter(key.port, key.index), adapter.state == .connected
      else { return nil }
      destination.switchID = key.switchID
      destination.port = key.port
      destination.adapters = 1 << UInt64(key.index.rawValue)
      destination.isExternal = adapter.kind == .external
    case .uplink(let id, let port):
      guard let known = switches[id], let indexes = known.ports[port]?.adapters else { return nil }
      destination.switchID = id
      destination.port = port
      destination.isExternal = true
      for index in indexes where index.rawValue > 0 && known.adapter(port, index)?.state == .connected {
        destination.adapters |= 1 << UInt64(index.rawValue)
      }
      if destination.adapters == 0 { return nil }
    }
    return destination
  }

  private mutating func publishArrivals(_ claimant: Claimant) {
    switch claimant {
    case .adapter(let key): publishArrival(key)
    case .uplink(let id, let port):
      for index in switches[id]?.ports[port]?.adapters ?? [] where index.rawValue > 0 {
        publishArrival(AdapterKey(id, port, index))
      }
      // Those of adapters that are gone are withdrawn.
      for key in Array(publishedArrivals.keys) where key.switchID == id && key.port == port {
        publishArrival(key)
      }
    }
  }

  private mutating func publishArrival(_ key: AdapterKey) {
    let number = currentArrival(of: key)
    guard publishedArrivals[key] != number else { return }
    publishedArrivals[key] = number
    let kind = switches[key.switchID]?.adapter(key.port, key.index)?.kind
    changes.append(.arrival(key, number, isExternal: kind == .external))
  }

  private func currentArrival(of key: AdapterKey) -> UInt32? {
    guard switches[key.switchID]?.adapter(key.port, key.index) != nil else { return nil }
    for claimant in [Claimant.adapter(key), .uplink(key.switchID, key.port)] {
      if case .uplink = claimant, key.index.rawValue == 0 { continue }
      for name in names[claimant] ?? [] {
        if let number = portsByName[name], owners[number] == claimant { return number }
      }
    }
    return nil
  }
}
