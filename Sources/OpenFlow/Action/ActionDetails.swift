// The parts of those actions that have several.

public import Datapath

/// `set_field` and `load`.
public struct SetFieldAction: Hashable, Sendable {
  /// The field.
  public var field: Field
  /// The value, zero where the mask is.
  public var value: FieldValue
  /// Which bits are written.
  public var mask: FieldValue
  /// Whether it was, and is to be printed as, Nicira's `load`.
  public var isLoad: Bool
  /// The bytes for a tunnel option, in place of `value` and `mask`.
  public var option: TunnelMetadataMatch?

  /// Writes the bits of a field where the mask is one.
  public init(_ field: Field, value: FieldValue, mask: FieldValue, isLoad: Bool = false) {
    self.field = field
    self.value = value & mask
    self.mask = mask
    self.isLoad = isLoad
  }
}

/// `controller(…)`.
public struct ControllerAction: Hashable, Sendable {
  /// How many bytes of the packet to send.
  public var maximumByteCount: UInt16 = 0xffff
  /// The controller, by its connection's number.
  public var controller: UInt16 = 0
  /// Why, as in packet-in messages (`OFPR_*`).
  public var reason: UInt8 = 1
  /// Bytes to send along.
  public var userData: [UInt8] = []
  /// Whether the flow waits for the controller to resume it.
  public var isPausing = false
  /// The meter that limits the messages.
  public var meter: UInt32?
  /// Whether the extended form is to be sent, even if the plain one would do.
  public var isExtended = false

  /// A message with the whole packet to controller 0.
  public init() {}
}

/// `resubmit`.
public struct ResubmitAction: Hashable, Sendable {
  /// The input port for the search; the packet's own if nil.
  public var port: OpenFlowPortNumber?
  /// The table to search; the current one if nil.
  public var table: UInt8?
  /// Whether the search sees the connection's original addresses.
  public var usesConnectionTuple: Bool
  /// Whether it was written as `resubmit:port`, which is the older message.
  public var isShort: Bool

  /// Searches a table.
  public init(
    port: OpenFlowPortNumber? = nil, table: UInt8?, usesConnectionTuple: Bool = false, isShort: Bool = false
  ) {
    self.port = port
    self.table = table
    self.usesConnectionTuple = usesConnectionTuple
    self.isShort = isShort
  }
}

/// `conjunction(id, clause/clauseCount)`.
public struct ConjunctionAction: Hashable, Sendable {
  /// The conjunction's number, which `conj_id` matches.
  public var id: UInt32
  /// Which clause, from 0.
  public var clause: UInt8
  /// How many clauses, 2 to 64.
  public var clauseCount: UInt8

  /// One clause of a conjunction.
  public init(id: UInt32, clause: UInt8, clauseCount: UInt8) {
    self.id = id
    self.clause = clause
    self.clauseCount = clauseCount
  }
}

/// `sample`.
public struct SampleAction: Hashable, Sendable {
  /// Which packets of the port are meant.
  public enum Direction: UInt8, Sendable { case unspecified, ingress, egress }

  /// How many of 65,535 packets to sample, 1 to 65535.
  public var probability: UInt16 = 0
  /// The set of collectors.
  public var collectorSet: UInt32 = 0
  /// The observation domain, an IPFIX number.
  public var observationDomain: UInt32 = 0
  /// The observation point, an IPFIX number.
  public var observationPoint: UInt32 = 0
  /// The port to report, if any.
  public var samplingPort: OpenFlowPortNumber = .none
  /// Which packets of the port are meant.
  public var direction: Direction = .unspecified

  /// A sample action yet to be filled.
  public init() {}
}

/// `ct`.
public struct ConnectionTrackAction: Hashable, Sendable {
  /// Whether the connection is remembered.
  public var commits = false
  /// Whether an entry in the other direction is replaced.
  public var forces = false
  /// The zone, if `zoneSource` is nil.
  public var zone: UInt16 = 0
  /// Where the zone is read from.
  public var zoneSource: Subfield?
  /// The table that continues with the tracked packet, if any.
  public var table: UInt8?
  /// The application that a helper watches: 21 for FTP, 69 for TFTP, 0 for none.
  public var helperPort: UInt16 = 0
  /// What is done inside: `nat`, and `set_field` or `move` to `ct_mark` and `ct_label`.
  public var actions: [Action] = []

  /// Tracks in zone 0.
  public init() {}
}

/// `nat`, inside `ct`.
public struct NATAction: Hashable, Sendable {
  /// Which address is translated.
  public enum Direction: UInt8, Sendable { case existing, source, destination }
  /// How a port is chosen.
  public enum Selection: UInt8, Sendable { case unspecified, hash, random }
  /// A range of addresses.
  public enum Addresses: Hashable, Sendable {
    /// None given.
    case none
    /// From the first to the second.
    case ipv4(UInt32, UInt32)
    /// From the first to the second.
    case ipv6(FieldValue, FieldValue)
  }

  /// Which address is translated.
  public var direction: Direction = .existing
  /// How a port is chosen.
  public var selection: Selection = .unspecified
  /// Whether a host keeps its translation across restarts.
  public var isPersistent = false
  /// The addresses to choose from.
  public var addresses: Addresses = .none
  /// The first port to choose from, 0 if none was given.
  public var minimumPort: UInt16 = 0
  /// The last port to choose from, 0 if only one was given.
  public var maximumPort: UInt16 = 0

  /// Translates as the connection's entry says.
  public init() {}
}

/// `multipath`.
public struct MultipathAction: Hashable, Sendable {
  /// Which parts of a packet are hashed.
  public var fields: HashFields
  /// A number that varies the hash.
  public var basis: UInt16
  /// How a link is chosen by the hash.
  public var algorithm: MultipathAlgorithm
  /// How many links, 1 to 65536, less one.
  public var maximumLink: UInt16
  /// The algorithm's argument.
  public var argument: UInt32
  /// Where the link is written.
  public var destination: Subfield

  /// Chooses a link by a hash.
  public init(
    fields: HashFields, basis: UInt16, algorithm: MultipathAlgorithm, maximumLink: UInt16, argument: UInt32,
    destination: Subfield
  ) {
    self.fields = fields
    self.basis = basis
    self.algorithm = algorithm
    self.maximumLink = maximumLink
    self.argument = argument
    self.destination = destination
  }
}

/// Which parts of a packet `multipath` and `bundle` hash (`NX_HASH_FIELDS_*`).
public enum HashFields: UInt16, CaseIterable, Sendable {
  case ethernetSource, symmetricL4, symmetricL3L4, symmetricL3L4WithUDP, ipSource, ipDestination, symmetricL3
}

/// How `multipath` chooses a link (`NX_MP_ALG_*`).
public enum MultipathAlgorithm: UInt16, CaseIterable, Sendable {
  case modulo, hashThreshold, highestRandomWeight, iteratedHash
}

/// `bundle` and `bundle_load`.
public struct BundleAction: Hashable, Sendable {
  /// How a member is chosen (`NX_BD_ALG_*`).
  public enum Algorithm: UInt16, CaseIterable, Sendable { case activeBackup, highestRandomWeight }

  /// Which parts of a packet are hashed.
  public var fields: HashFields
  /// A number that varies the hash.
  public var basis: UInt16
  /// How a member is chosen.
  public var algorithm: Algorithm
  /// The ports to choose from.
  public var members: [OpenFlowPortNumber]
  /// Where the chosen port is written, for `bundle_load`.
  public var destination: Subfield?

  /// Chooses one of several ports.
  public init(
    fields: HashFields, basis: UInt16, algorithm: Algorithm, members: [OpenFlowPortNumber],
    destination: Subfield? = nil
  ) {
    self.fields = fields
    self.basis = basis
    self.algorithm = algorithm
    self.members = members
    self.destination = destination
  }
}

/// `encap`.
public struct EncapsulateAction: Hashable, Sendable {
  /// A property of the new header.
  public struct Property: Hashable, Sendable {
    /// The class of the property, such as 4 for NSH.
    public var classNumber: UInt16
    /// The type within the class.
    public var type: UInt8
    /// The value.
    public var value: [UInt8]

    /// A property of a new header.
    public init(classNumber: UInt16, type: UInt8, value: [UInt8]) {
      self.classNumber = classNumber
      self.type = type
      self.value = value
    }
  }

  /// The packet type of the new header: 0 for Ethernet, 0x1894f for NSH, 0x18847 for MPLS.
  public var packetType: UInt32
  /// The header size, zero for the default.
  public var headerByteCount: UInt16
  /// Properties of the new header.
  public var properties: [Property]

  /// Adds a header.
  public init(packetType: UInt32, headerByteCount: UInt16 = 0, properties: [Property] = []) {
    self.packetType = packetType
    self.headerByteCount = headerByteCount
    self.properties = properties
  }
}

extension EncapsulateAction {
  /// The packet type of NSH.
  static var networkService: UInt32 { 0x1_894f }

  /// The packet types of the headers that `encap` adds, with their words in flow syntax.
  static let packetTypes: [(name: String, type: UInt32)] = [
    ("ethernet", 0), ("mpls", 0x1_8847), ("mpls_mc", 0x1_8848), ("nsh", networkService),
  ]
}
