// What: one virtual switch as the switch's own requests describe it: its ports, their adapters, and in which state each
// of them is.
//
// The order that Hyper-V promises: port created, adapter created (packets may come from it), adapter connected (packets
// may go to it), disconnected, deleted, port torn down, port deleted. Nothing here relies on the promise: whatever comes
// out of order is a refusal, which the caller counts, and leaves the tables as they can best be understood.

/// Why an event of the life cycle does not fit what is known.
public enum SwitchRefusal: UInt8, Error, CaseIterable, Sendable {
  /// The virtual switch is not attached.
  case unknownSwitch
  /// It is attached already.
  case switchExists
  /// There are as many virtual switches as there may be.
  case tooManySwitches
  /// The port does not exist.
  case unknownPort
  /// The port exists already.
  case portExists
  /// There are as many ports as there may be.
  case tooManyPorts
  /// The port's number does not fit a packet's out-of-band data.
  case portOutOfRange
  /// The port is being torn down.
  case portTornDown
  /// The port still has adapters.
  case portHasAdapters
  /// The port was not torn down before it was deleted.
  case portNotTornDown
  /// The adapter does not exist.
  case unknownAdapter
  /// The adapter exists already.
  case adapterExists
  /// The adapter's index is larger than allowed.
  case adapterOutOfRange
  /// The adapter is connected already.
  case alreadyConnected
  /// The adapter is not connected.
  case notConnected
  /// The adapter was deleted while it was connected.
  case stillConnected
  /// What was saved elsewhere cannot be understood.
  case unknownSavedState
}

/// Where a port is in its life.
public enum SwitchPortState: UInt8, Sendable {
  /// It may have adapters.
  case created
  /// It will be deleted.
  case tornDown
}

/// Where an adapter is in its life.
public enum AdapterState: UInt8, Sendable {
  /// Packets may come from it; none may go to it.
  case created
  /// Packets may come and go.
  case connected
  /// No packet may go to it any more.
  case disconnected
}

/// A port of a virtual switch.
public struct SwitchPort: Sendable {
  /// What it belongs to.
  public var kind: AdapterKind
  /// The name that the administrator gave it, in UTF-8.
  public var name: [UInt8]
  /// Where it is in its life.
  public fileprivate(set) var state: SwitchPortState = .created
  /// The indexes of its adapters.
  public fileprivate(set) var adapters: [SwitchNICIndex] = []

  /// Describes a port.
  public init(kind: AdapterKind, name: [UInt8]) {
    self.kind = kind
    self.name = name
  }
}

/// An adapter at a port.
public struct SwitchAdapter: Sendable {
  /// What it belongs to.
  public var kind: AdapterKind
  /// The name that it has in its machine, in UTF-8.
  public var name: [UInt8]
  /// The name of the interface that a physical adapter is in the management operating system, in UTF-8.
  public var alias: [UInt8]
  /// The name that it had where its machine came from.
  public var restoredName: [UInt8] = []
  /// Its Ethernet address, in the low 48 bits.
  public var address: UInt64 = 0
  /// The largest packet that it takes, in bytes, without the Ethernet header; zero if unknown.
  public var mtu: UInt32 = 0
  /// Where it is in its life.
  public fileprivate(set) var state: AdapterState = .created

  /// Describes an adapter.
  public init(kind: AdapterKind, name: [UInt8], alias: [UInt8] = []) {
    self.kind = kind
    self.name = name
    self.alias = alias
  }
}

/// One virtual switch: its ports and adapters.
public struct ExtensibleSwitch: Sendable {
  /// The most ports of a switch.
  public static var maximumPortCount: Int { 4_096 }

  /// Its ports.
  public private(set) var ports: [SwitchPortID: SwitchPort] = [:]
  private var adapters: [UInt64: SwitchAdapter] = [:]
  /// Which parts of a list of all of them may be believed.
  var learning = Learning()

  /// Makes a switch without ports.
  public init() {}

  private static func place(_ port: SwitchPortID, _ index: SwitchNICIndex) -> UInt64 {
    UInt64(port.rawValue) << 16 | UInt64(index.rawValue)
  }

  /// An adapter.
  public func adapter(_ port: SwitchPortID, _ index: SwitchNICIndex) -> SwitchAdapter? {
    adapters[ExtensibleSwitch.place(port, index)]
  }

  /// How many adapters there are.
  public var adapterCount: Int { adapters.count }

  // MARK: Ports

  /// Adds a port.
  public mutating func createPort(_ id: SwitchPortID, _ port: SwitchPort) throws(SwitchRefusal) {
    guard id.rawValue != 0, id.rawValue <= 0xffff else { throw .portOutOfRange }
    guard ports[id] == nil else { throw .portExists }
    guard ports.count < ExtensibleSwitch.maximumPortCount else { throw .tooManyPorts }
    var port = port
    port.adapters = []
    port.state = .created
    ports[id] = port
  }

  /// Gives a port another name.
  public mutating func updatePort(_ id: SwitchPortID, name: [UInt8]) throws(SwitchRefusal) {
    guard let port = ports[id] else { throw .unknownPort }
    ports[id]?.name = name
    if port.state == .tornDown { throw .portTornDown }
  }

  /// Begins a port's end.
  public mutating func tearDownPort(_ id: SwitchPortID) throws(SwitchRefusal) {
    guard let port = ports[id] else { throw .unknownPort }
    guard port.state == .created else { throw .portTornDown }
    ports[id]?.state = .tornDown
    if port.adapters.isEmpty { return }
    for index in port.adapters where adapter(id, index)?.state == .connected {
      adapters[ExtensibleSwitch.place(id, index)]?.state = .disconnected
    }
    throw .portHasAdapters
  }

  /// Forgets a port with all that is left at it.
  public mutating func deletePort(_ id: SwitchPortID) throws(SwitchRefusal) {
    guard let port = ports.removeValue(forKey: id) else { throw .unknownPort }
    for index in port.adapters { adapters[ExtensibleSwitch.place(id, index)] = nil }
    guard port.adapters.isEmpty else { throw .portHasAdapters }
    guard port.state == .tornDown else { throw .portNotTornDown }
  }

  // MARK: Adapters

  /// Adds an adapter to a port.
  public mutating func createAdapter(
    _ port: SwitchPortID, _ index: SwitchNICIndex, _ adapter: SwitchAdapter
  ) throws(SwitchRefusal) {
    guard let owner = ports[port] else { throw .unknownPort }
    guard owner.state == .created else { throw .portTornDown }
    guard index.rawValue <= SwitchNICIndex.maximum else { throw .adapterOutOfRange }
    guard self.adapter(port, index) == nil else { throw .adapterExists }
    var adapter = adapter
    adapter.state = .created
    adapters[ExtensibleSwitch.place(port, index)] = adapter
    ports[port]?.adapters.append(index)
  }

  /// Gives an adapter other names and properties.
  public mutating func updateAdapter(
    _ port: SwitchPortID, _ index: SwitchNICIndex, _ adapter: SwitchAdapter
  ) throws(SwitchRefusal) {
    let place = ExtensibleSwitch.place(port, index)
    guard let old = adapters[place] else { throw .unknownAdapter }
    var adapter = adapter
    adapter.kind = old.kind
    adapter.state = old.state
    adapter.restoredName = old.restoredName
    adapters[place] = adapter
  }

  /// Remembers the name that an adapter had elsewhere.
  public mutating func restoreAdapter(
    _ port: SwitchPortID, _ index: SwitchNICIndex, name: [UInt8]
  ) throws(SwitchRefusal) {
    let place = ExtensibleSwitch.place(port, index)
    guard adapters[place] != nil else { throw .unknownAdapter }
    adapters[place]?.restoredName = name
  }

  /// Makes an adapter a place that packets may go to.
  public mutating func connectAdapter(
    _ port: SwitchPortID, _ index: SwitchNICIndex
  ) throws(SwitchRefusal) {
    let place = ExtensibleSwitch.place(port, index)
    guard let adapter = adapters[place] else { throw .unknownAdapter }
    guard ports[port]?.state == .created else { throw .portTornDown }
    switch adapter.state {
    case .created, .disconnected: adapters[place]?.state = .connected
    case .connected: throw .alreadyConnected
    }
  }

  /// Makes an adapter a place that packets must not go to.
  public mutating func disconnectAdapter(
    _ port: SwitchPortID, _ index: SwitchNICIndex
  ) throws(SwitchRefusal) {
    let place = ExtensibleSwitch.place(port, index)
    guard let adapter = adapters[place] else { throw .unknownAdapter }
    switch adapter.state {
    case .connected: adapters[place]?.state = .disconnected
    case .created, .disconnected: throw .notConnected
    }
  }

  /// Forgets an adapter.
  public mutating func deleteAdapter(
    _ port: SwitchPortID, _ index: SwitchNICIndex
  ) throws(SwitchRefusal) {
    guard let adapter = adapters.removeValue(forKey: ExtensibleSwitch.place(port, index)) else {
      throw .unknownAdapter
    }
    ports[port]?.adapters.removeAll { $0 == index }
    switch adapter.state {
    case .created, .disconnected: break
    case .connected: throw .stillConnected
    }
  }
}
