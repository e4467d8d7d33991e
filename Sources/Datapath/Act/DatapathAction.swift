// What: the actions of a datapath flow, as the daemon decides them.
//
// Why: the translator writes them, the netlink codec carries them, the text codec prints them and the engine
// compiles them into a flat program (Program.swift). One type serves all four.

/// A port of a datapath: the number that `dpctl/show` prints.
public struct DatapathPortNumber: RawRepresentable, Hashable, Sendable, Comparable {
  /// The number.
  public var rawValue: UInt32

  /// Makes a port number.
  @inlinable
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Makes a port number.
  @inlinable
  public init(_ rawValue: UInt32) { self.rawValue = rawValue }

  /// The datapath's own internal port (`OVSP_LOCAL`).
  @inlinable
  public static var local: DatapathPortNumber { DatapathPortNumber(0) }
  /// No port at all (`ODPP_NONE`).
  @inlinable
  public static var none: DatapathPortNumber { DatapathPortNumber(0xffff_ffff) }

  /// Orders ports by number.
  @inlinable
  public static func < (left: DatapathPortNumber, right: DatapathPortNumber) -> Bool {
    left.rawValue < right.rawValue
  }
}

/// One action of a datapath flow (`enum ovs_action_attr`).
public indirect enum DatapathAction: Equatable, Sendable {
  /// Sends the packet out of a port.
  case output(DatapathPortNumber)
  /// Sends a copy of the packet to the daemon.
  case userspace(UserspaceAction)
  /// Rewrites header fields or metadata under a mask.
  case set(SetAction)
  /// Adds a VLAN tag; `tci` has bit 0x1000 set.
  case pushVLAN(tpid: UInt16, tci: UInt16)
  /// Removes the outermost VLAN tag.
  case popVLAN
  /// Runs the actions on a copy for a share of the packets, `probability` out of 2^32 - 1.
  case sample(probability: UInt32, actions: [DatapathAction])
  /// Looks the packet up again under another recirculation id.
  case recirculate(UInt32)
  /// Computes `dp_hash` (`OVS_ACTION_ATTR_HASH`).
  case hash(algorithm: UInt32, basis: UInt32)
  /// Adds an MPLS label stack entry after the Ethernet header.
  case pushMPLS(entry: UInt32, etherType: UInt16)
  /// Removes the outermost MPLS label stack entry.
  case popMPLS(etherType: UInt16)
  /// Adds an MPLS label stack entry before or after the Ethernet header.
  case addMPLS(entry: UInt32, etherType: UInt16, flags: UInt16)
  /// Sends the packet through connection tracking.
  case connectionTrack(ConnectionTrackAction)
  /// Forgets the packet's connection state.
  case connectionTrackClear
  /// Cuts the packet at the next output.
  case truncate(maximumByteCount: UInt32)
  /// Adds an Ethernet header to a packet that has none.
  case pushEthernet(source: UInt64, destination: UInt64)
  /// Removes the Ethernet header.
  case popEthernet
  /// Adds a network service header, given as nested `OVS_NSH_KEY_ATTR_*` attributes.
  case pushNSH(attributes: [UInt8])
  /// Removes the network service header.
  case popNSH
  /// Applies a meter.
  case meter(UInt32)
  /// Runs the actions on a copy of the packet.
  case clone([DatapathAction])
  /// Chooses actions by the length of the packet.
  case checkPacketLength(threshold: UInt16, greater: [DatapathAction], lessOrEqual: [DatapathAction])
  /// Decrements the TTL or hop limit; where it is exhausted runs the actions instead of the rest.
  case decrementTTL(exhausted: [DatapathAction])
  /// Puts a tunnel header before the packet and sends it on.
  case tunnelPush(TunnelPush)
  /// Removes the tunnel headers and looks the packet up as coming from the tunnel port.
  case tunnelPop(DatapathPortNumber)
  /// Drops the packet, saying why (`enum xlate_error`).
  case drop(reason: UInt32)
}

/// Asks the daemon to see the packet (`OVS_ACTION_ATTR_USERSPACE`).
public struct UserspaceAction: Equatable, Sendable {
  /// The netlink port that receives the upcall.
  public var processID: UInt32
  /// What the daemon wants to be told with the packet, such as a ``UserspaceCookie``.
  public var userData: [UInt8]?
  /// Whether the flow's actions are sent along.
  public var includesActions: Bool
  /// The tunnel port whose output tunnel key is sent along.
  public var egressTunnelPort: DatapathPortNumber?

  /// Makes a userspace action.
  public init(
    processID: UInt32 = 0, userData: [UInt8]? = nil, includesActions: Bool = false,
    egressTunnelPort: DatapathPortNumber? = nil
  ) {
    self.processID = processID
    self.userData = userData
    self.includesActions = includesActions
    self.egressTunnelPort = egressTunnelPort
  }
}

/// The kinds of datapath port (`enum ovs_vport_type`); those of tunnels are in the files of their kinds.
public struct VportType: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  /// The number on the wire.
  public var rawValue: UInt32

  /// Makes a kind from its number.
  @inlinable
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// No kind.
  public static var unspecified: VportType { VportType(rawValue: 0) }
  /// A network device (`OVS_VPORT_TYPE_NETDEV`).
  public static var netdev: VportType { VportType(rawValue: 1) }
  /// A port of the host's own network stack (`OVS_VPORT_TYPE_INTERNAL`).
  public static var `internal`: VportType { VportType(rawValue: 2) }

  /// Whether ports of this kind encapsulate.
  public var isTunnel: Bool { TunnelKind(self) != nil }
}

/// Encapsulates a packet (`struct ovs_action_push_tnl`).
public struct TunnelPush: Equatable, Sendable {
  /// The most bytes that a prebuilt header may have.
  public static var maximumHeaderByteCount: Int { 256 }

  /// The tunnel port, for statistics.
  public var tunnelPort: DatapathPortNumber
  /// The port that the encapsulated packet leaves by.
  public var outPort: DatapathPortNumber
  /// The kind of tunnel.
  public var kind: VportType
  /// Ethernet, IP, and tunnel headers.
  ///
  /// Lengths, checksums and UDP source port are filled in per packet.
  public var header: [UInt8]

  /// Makes a tunnel push.
  public init(
    tunnelPort: DatapathPortNumber, outPort: DatapathPortNumber, kind: VportType, header: [UInt8]
  ) {
    self.tunnelPort = tunnelPort
    self.outPort = outPort
    self.kind = kind
    self.header = header
  }
}

/// Connection tracking (`OVS_ACTION_ATTR_CT`).
public struct ConnectionTrackAction: Equatable, Sendable {
  /// Whether the connection is entered in the table.
  public var commits: Bool
  /// Whether a connection of the opposite direction is replaced.
  public var forces: Bool
  /// The zone.
  public var zone: UInt16
  /// What to write into the connection's mark, under a mask.
  public var mark: (value: UInt32, mask: UInt32)?
  /// What to write into the connection's label, under a mask; high word first.
  public var label: (value: UInt128, mask: UInt128)?
  /// The application-level gateway, such as `ftp`.
  public var helper: [UInt8]?
  /// The timeout policy's name.
  public var timeout: [UInt8]?
  /// The events that are reported.
  public var eventMask: UInt32?
  /// Address translation.
  public var translation: Translation?

  /// Makes a tracking action that only looks the packet up.
  public init(zone: UInt16 = 0, commits: Bool = false) {
    self.commits = commits
    self.forces = false
    self.zone = zone
  }

  /// Address translation of a connection (`OVS_CT_ATTR_NAT`).
  public struct Translation: Equatable, Sendable {
    /// Which end is translated; `nil` applies what the connection has.
    public var direction: Direction?
    /// The first and last address, 4 or 16 bytes each; empty where not given.
    public var lowestAddress: [UInt8] = []
    /// The last address.
    public var highestAddress: [UInt8] = []
    /// The first transport port, zero where not given.
    public var lowestPort: UInt16 = 0
    /// The last transport port, zero where not given.
    public var highestPort: UInt16 = 0
    /// Whether the choice outlives the connection.
    public var isPersistent = false
    /// Whether ports are chosen by hash.
    public var hashesPorts = false
    /// Whether ports are chosen at random.
    public var randomizesPorts = false

    /// Makes a translation.
    public init(direction: Direction? = nil) { self.direction = direction }

    /// The end of a connection that is translated.
    public enum Direction: Sendable { case source, destination }
  }

  /// Whether two tracking actions are the same.
  public static func == (left: ConnectionTrackAction, right: ConnectionTrackAction) -> Bool {
    left.commits == right.commits && left.forces == right.forces && left.zone == right.zone
      && left.mark?.value == right.mark?.value && left.mark?.mask == right.mark?.mask
      && left.label?.value == right.label?.value && left.label?.mask == right.label?.mask
      && left.helper == right.helper && left.timeout == right.timeout
      && left.eventMask == right.eventMask && left.translation == right.translation
  }
}
