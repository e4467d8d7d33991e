import Datapath
import OpenFlow
import PacketWire

/// A bridge: ports, flow tables and learned addresses under one name.
///
/// Configure makes and changes it, Agent shows it to controllers, Translate reads it, Learn writes its MAC table.
final class Bridge {
  /// The bridge's name.
  let name: String
  /// The datapath that its ports are in.
  let datapath: DatapathLink
  /// What the configuration says of it.
  var settings = BridgeSettings()
  /// A number that no other bridge has, nor this one in another run: what controllers give back has to be of this one.
  var instance: FieldValue = 0
  /// The OpenFlow datapath id.
  var datapathID: UInt64 = 0
  /// The bridge's own Ethernet address.
  var ethernetAddress = MACAddress.zero
  /// The address that it has while no port lends it one.
  var defaultAddress = MACAddress.zero
  /// The OpenFlow port numbers that are taken.
  var portNumbers = PortNumberAllocator()
  /// Its ports by name.
  var ports: [String: BridgePort] = [:]
  /// The lowest address of its system devices, which the bridge takes for its own.
  var lowestDeviceAddress = LowestAddress()
  /// Its interfaces by OpenFlow port number, and no others: an interface without a number is not part of the bridge.
  var interfaces: [OpenFlowPortNumber: Interface] = [:]
  /// Its mirrors.
  var mirrors: [Mirror] = []
  /// Its flow tables.
  let tables: FlowTables
  /// The addresses it has learned.
  let addresses: MACTable
  /// Whether a controller is connected that wants packets.
  var hasControllers = false { didSet { if hasControllers != oldValue { markChanged() } } }
  /// Whether packets that no rule matches go to a controller, as OpenFlow 1.0 to 1.2 have it.
  var sendsMissesToController = false { didSet { if sendsMissesToController != oldValue { markChanged() } } }
  /// How IP fragments are matched.
  var fragmentHandling = FragmentHandling.normal

  init(name: String, datapath: DatapathLink) {
    self.name = name
    self.datapath = datapath
    tables = FlowTables(changes: datapath.changes)
    addresses = MACTable(changes: datapath.changes)
  }

  /// Says that translations may come out otherwise from now on.
  func markChanged() { datapath.changes.note() }

  /// Says that a port may have become live or dead, as groups watch it.
  func livenessChanged(_ port: OpenFlowPortNumber) { if tables.groups.watches(port) { markChanged() } }

  /// Its ports in the order of their names.
  var portsInOrder: [BridgePort] {
    ports.values.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  /// The interface with an OpenFlow port number.
  func interface(_ number: OpenFlowPortNumber) -> Interface? { interfaces[number] }

  /// The interface with a name.
  func interface(named name: String) -> Interface? {
    guard let interface = datapath.interfacesByName[name], interface.bridge === self else { return nil }
    return interface
  }

  /// Takes a port out and lets go of its interfaces, which hold the port as it holds them.
  func removePort(_ name: String) { ports.removeValue(forKey: name)?.interfaces = [] }

  /// The interface that is the bridge's own port.
  var local: Interface? { interfaces[.local] }
}

/// What the configuration says of a bridge, defaults filled in.
struct BridgeSettings: Equatable {
  /// What to do while no controller is connected.
  var failMode = FailMode.standalone
  /// Whether frames to 01:80:c2:00:00:0x are forwarded by NORMAL.
  var forwardsBPDU = false
  /// VLANs in which no address is learned and every frame floods.
  var floodVLANs: Set<UInt16> = []
  /// How many addresses are learned at most.
  var addressLimit = 8192
  /// How long a learned address lives unused, in seconds.
  var addressAgingSeconds = 300
  /// Whether NORMAL with a dest-less multicast table is on; not acted on yet.
  var snoopsMulticast = false
  /// The OpenFlow versions to offer, empty for the default ones.
  var openFlowVersions: OpenFlowVersions = []
  /// The description that controllers see (`other_config:dp-desc`), if one is set.
  var datapathDescription: String?
  /// The serial number that controllers see (`other_config:dp-sn`), if one is set.
  var datapathSerialNumber: String?
  /// How many rules a table takes, by table number; absent if there is no limit.
  var flowLimits: [UInt8: Int] = [:]
}

/// What a bridge does while no controller is connected.
enum FailMode: Equatable {
  /// It switches by itself, as NORMAL does.
  case standalone
  /// It keeps the rules it has and adds none.
  case secure
}

/// A port of a bridge: one interface, or several that act as one.
final class BridgePort {
  /// The port's name.
  let name: String
  /// Its bridge.
  let bridge: Bridge
  /// How it treats VLANs.
  var vlan = VLANSettings()
  /// Whether it is protected: protected ports don't forward to each other.
  var isProtected = false
  /// Its interfaces, by name.
  ///
  /// Each of them holds the port: one that goes has to be taken out of here, or neither is ever freed.
  var interfaces: [Interface] = [] {
    didSet {
      for interface in oldValue where !interfaces.contains(where: { $0 === interface }) {
        bridge.datapath.forget(interface)
      }
      for interface in interfaces { bridge.datapath.interfacesByName[interface.name] = interface }
    }
  }

  init(name: String, bridge: Bridge) {
    self.name = name
    self.bridge = bridge
  }
}

/// How a port treats VLANs (the columns vlan_mode, tag, trunks and cvlans of Port).
struct VLANSettings: Equatable {
  /// How frames are tagged on the wire.
  enum Mode: Equatable {
    /// In one VLAN, untagged on the wire.
    case access
    /// In several VLANs, tagged on the wire.
    case trunk
    /// A trunk that also takes untagged frames into `tag`, and sends those tagged.
    case nativeTagged
    /// A trunk whose frames in `tag` are untagged on the wire.
    case nativeUntagged
    /// An outer tag around whatever comes in.
    case dot1qTunnel
  }
  /// When priority-tagged frames (VLAN 0) are sent.
  enum PriorityTags: Equatable {
    /// Never: such frames leave untagged.
    case never
    /// If the priority is not zero.
    case ifNonzero
    /// Always.
    case always
  }
  /// The mode in effect.
  var mode = Mode.trunk
  /// The VLAN of an access, native or tunnel port.
  var tag: UInt16 = 0
  /// The VLANs that a trunk carries; nil for all of them.
  var trunks: Set<UInt16>?
  /// The customer VLANs that a tunnel port carries; nil for all of them.
  var customerVLANs: Set<UInt16>?
  /// Whether the outer tag of a tunnel port is 802.1ad (0x88a8) rather than 802.1Q.
  var isOuterTag8021ad = true
  /// When priority-tagged frames are sent.
  var priorityTags = PriorityTags.never

  /// Whether the port carries a VLAN.
  func carries(_ vlan: UInt16) -> Bool {
    switch mode {
    case .access, .dot1qTunnel: vlan == tag
    case .nativeTagged, .nativeUntagged: vlan == tag || (trunks?.contains(vlan) ?? true)
    case .trunk: trunks?.contains(vlan) ?? true
    }
  }
}

/// An interface of a bridge: what OpenFlow calls a port.
final class Interface {
  /// What an interface is.
  enum Kind: Equatable {
    /// A network device of the host.
    case system
    /// A device of our own that the host sees, the bridge's own port among them.
    case internalDevice
    /// One half of a pair that joins two bridges; the other half's name.
    case patch(peer: String)
    /// A tunnel.
    case tunnel(TunnelSettings)
    /// A port for tests, of the type given.
    case dummy(type: String)
  }
  /// The interface's name.
  let name: String
  /// Its type, as the configuration has it, with "system" for "".
  var type: String
  /// What it is.
  var kind: Kind
  /// The port it belongs to.
  let port: BridgePort
  /// Its bridge.
  var bridge: Bridge { port.bridge }
  /// Its number in the bridge.
  var number = OpenFlowPortNumber.none { didSet { if number != oldValue { noteState() } } }
  /// Its number in the datapath; a patch port has none.
  var datapathNumber: DatapathPortNumber?
  /// The host's number of the device that its port in the datapath was made for; 0 if that has gone, nil if it is not known.
  var boundDeviceIndex: UInt32?
  /// Its Ethernet address.
  var ethernetAddress = MACAddress.zero { didSet { if ethernetAddress != oldValue { noteState() } } }
  /// What controllers configured (`OFPPC_*`).
  var configuration = PortConfiguration() {
    didSet { if configuration != oldValue { bridge.livenessChanged(number) } }
  }
  /// Whether an administrator has it up.
  var isUp = true { didSet { if isUp != oldValue { noteLiveness() } } }
  /// Whether it has a carrier.
  var hasCarrier = true { didSet { if hasCarrier != oldValue { noteLiveness() } } }
  /// What was received and sent.
  var counters = InterfaceCounters() { didSet { if counters != oldValue { noteCounters() } } }
  /// When it joined the bridge.
  var createdMilliseconds: Int64 = 0
  /// How far it is in becoming part of its bridge.
  var attachment = Attachment.detached {
    didSet {
      guard attachment != oldValue else { return }
      noteState()
      noteCounters()
    }
  }
  /// Why it can't be part of its bridge, as the database says it.
  var error: String?
  /// The number that the configuration asks for, and the one that the database remembers.
  var requestedNumber: OpenFlowPortNumber?
  var previousNumber: OpenFlowPortNumber?
  /// The configuration that was last applied.
  var wanted: DesiredInterface?

  init(name: String, type: String, kind: Kind, port: BridgePort) {
    self.name = name
    self.type = type
    self.kind = kind
    self.port = port
  }

  /// Whether it is live, as groups watch it: up, and with a carrier.
  var isLive: Bool { isUp && hasCarrier && !configuration.contains(.portDown) }

  private func noteLiveness() {
    noteState()
    bridge.livenessChanged(number)
  }

  /// Lets the database be told what the interface is now.
  func noteState() { bridge.datapath.changedStates.insert(name) }

  /// Lets the database be told what the interface has counted.
  func noteCounters() { bridge.datapath.changedCounters.insert(name) }

  /// The other half of a patch port, if it is there and points back.
  func peer(among datapath: DatapathLink) -> Interface? {
    guard case .patch(let peerName) = kind, let peer = datapath.interface(named: peerName),
      case .patch(name) = peer.kind
    else { return nil }
    return peer
  }
}

/// What an interface counted.
struct InterfaceCounters: Equatable {
  var receivedPackets: UInt64 = 0
  var receivedBytes: UInt64 = 0
  var receivedDrops: UInt64 = 0
  var receivedErrors: UInt64 = 0
  var sentPackets: UInt64 = 0
  var sentBytes: UInt64 = 0
  var sentDrops: UInt64 = 0
  var sentErrors: UInt64 = 0
}

/// A port mirror: copies of what chosen ports or VLANs carry.
struct Mirror: Equatable {
  /// The mirror's name.
  var name: String
  /// Whether every packet is copied.
  var selectsAll = false
  /// Ports whose received packets are copied, by name.
  var sourcePorts: Set<String> = []
  /// Ports whose sent packets are copied, by name.
  var destinationPorts: Set<String> = []
  /// VLANs whose packets are copied; nil for all.
  var vlans: Set<UInt16>?
  /// The port that gets the copies, by name.
  var outputPort: String?
  /// The VLAN that gets the copies.
  var outputVLAN: UInt16?
  /// How much of each packet is copied, in bytes; nil for all of it.
  var snapByteCount: Int?
}
