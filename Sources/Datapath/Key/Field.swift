// What: the one table of the fields of a flow key.
//
// Why: the text syntax, the OpenFlow codecs, translation and tracing all need to know, of each field, what it
// is called, how wide it is, where it lies in the key, what it presupposes and what its header numbers are. They
// all ask here, so that they cannot disagree.
//
// How: a `Field` is a small number; its row in `FieldTable` says the rest. Values travel as integers wide
// enough for an IPv6 address. The few fields that are stored otherwise than as plain bits (OpenFlow 1.0 port
// numbers, VLAN parts that imply a tag, the ARP operation) are told apart by their `FieldPlace`.

/// A value of any field, in host byte order, in the low bits.
public typealias FieldValue = UInt128

/// A field of the flow key: something that a rule can match or an action can change.
public struct Field: Hashable, Sendable {
  /// The row of the field in the table.
  public let number: UInt8

  init(unchecked number: UInt8) { self.number = number }

  /// How many fields there are.
  public static var count: Int { FieldTable.rows.count }

  /// The field with a number below `count`.
  public init?(number: Int) {
    guard number >= 0 && number < FieldTable.rows.count else { return nil }
    self.number = UInt8(truncatingIfNeeded: number)
  }

  /// All there is to know about the field.
  public var row: FieldRow { FieldTable.rows[Int(number)] }
  /// The name in flow syntax.
  public var name: String { FieldTable.rows[Int(number)].name }
  /// How many bits of a value may be non-zero, at least as far as the width goes.
  public var bitCount: Int { Int(FieldTable.rows[Int(number)].bitCount) }
  /// How many bytes a value takes in an NXM or OXM entry.
  public var byteCount: Int { Int(FieldTable.rows[Int(number)].byteCount) }
  /// How a value is written.
  public var format: FieldFormat { FieldTable.rows[Int(number)].format }
  /// What a rule must match before it may match this.
  public var prerequisite: FieldPrerequisite { FieldTable.rows[Int(number)].prerequisite }
  /// Whether a rule may match part of the bits.
  public var isMaskable: Bool { FieldTable.rows[Int(number)].masking == .maskable }
  /// Whether actions may change the field.
  public var isWritable: Bool { FieldTable.rows[Int(number)].access == .readWrite }
  /// Whether the key has a place for the field.
  public var isStored: Bool { FieldTable.rows[Int(number)].place != .tunnelMetadata }

  /// The bits of a value that may be non-zero; as a mask, an exact match.
  public var validBits: FieldValue { layout.validBits }

  /// Where the field lies in the key.
  var layout: FieldLayout { FieldLayout.all[Int(number)] }
}

/// Whether a rule may match part of a field.
public enum FieldMasking: Sendable { case exact, maskable }

/// Whether actions may change a field.
public enum FieldAccess: Sendable { case readOnly, readWrite }

/// How a field's value is written in flow syntax.
public enum FieldFormat: Sendable {
  case decimal, hexadecimal, ethernet, ipv4, ipv6, openFlow10Port, port, fragment, tunnelFlags, tcpFlags
  case connectionState, packetType
}

/// What a rule must match before it may match a field.
public enum FieldPrerequisite: Sendable {
  case none, ethernet, arp, vlan, ipv4, ipv6, ip, nsh, connection, mpls
  case tcp, udp, sctp, icmpv4, icmpv6, neighborDiscovery, neighborSolicit, neighborAdvert
}

/// Which OpenFlow flow formats can express a match on a field.
public enum FieldCompatibility: Sendable {
  /// None; the field is for internal use.
  case unsupported
  /// NXM and OXM alone.
  case extensible
  /// All for an exact match; NXM and OXM for a masked one.
  case openFlow10
  /// All for an exact match; all but plain OpenFlow 1.0 for a masked one.
  case openFlow10Ethernet
  /// All for an exact or CIDR match; all but plain OpenFlow 1.0 for other masks.
  case openFlow10CIDR
  /// All but plain OpenFlow 1.0 for an exact match; NXM and OXM for a masked one.
  case openFlow11
  /// All but plain OpenFlow 1.0.
  case openFlow11Masked
}

/// Where a field lies in the key.
public enum FieldPlace: Equatable, Sendable {
  /// The lowest bit is `shift` bits up in a word; a field of 128 bits fills this word and the next.
  case bits(word: UInt8, shift: UInt8)
  /// The 16-bit OpenFlow 1.0 number of the 32-bit port.
  case legacyPort
  /// The VLAN identifier; to have one is to have a tag.
  case vlanID
  /// The VLAN identifier, and above it the bit that says that there is a tag (OpenFlow's `OFPVID_PRESENT`).
  case vlanTag
  /// The VLAN priority; to have one is to have a tag.
  case vlanPriority
  /// The ARP operation, of which the key holds eight bits.
  case arpOperation
  /// A tunnel option that a switch maps to an index.
  case tunnelMetadata

  static func at(_ word: Int, _ shift: Int) -> FieldPlace {
    .bits(word: UInt8(truncatingIfNeeded: word), shift: UInt8(truncatingIfNeeded: shift))
  }
}

/// A row of the table of fields.
public struct FieldRow: Sendable {
  /// The name in flow syntax.
  public let name: String
  /// A second name in flow syntax.
  public let alias: String?
  /// How many bytes a value takes in an NXM or OXM entry.
  public let byteCount: UInt8
  /// How many low bits of a value may be non-zero.
  public let bitCount: UInt16
  /// Where the field lies in the key.
  public let place: FieldPlace
  /// How a value is written.
  public let format: FieldFormat
  /// Whether a rule may match part of the bits.
  public let masking: FieldMasking
  /// What a rule must match before it may match this.
  public let prerequisite: FieldPrerequisite
  /// Whether actions may change the field.
  public let access: FieldAccess
  /// Which OpenFlow flow formats can express a match on the field.
  public let compatibility: FieldCompatibility
  /// The header in Nicira's extensible match, usable under every OpenFlow version.
  public let nxm: FieldHeader?
  /// The header in OpenFlow's extensible match.
  public let oxm: FieldHeader?
  /// The header that the Open Networking Foundation gave as an extension of OpenFlow 1.3.
  public let onf: FieldHeader?

  init(
    _ name: String, _ alias: String?, _ byteCount: UInt8, _ bitCount: UInt16, _ place: FieldPlace,
    _ format: FieldFormat, _ masking: FieldMasking, _ prerequisite: FieldPrerequisite, _ access: FieldAccess,
    _ compatibility: FieldCompatibility, _ nxm: FieldHeader? = nil, _ oxm: FieldHeader? = nil,
    _ onf: FieldHeader? = nil
  ) {
    self.name = name
    self.alias = alias
    self.byteCount = byteCount
    self.bitCount = bitCount
    self.place = place
    self.format = format
    self.masking = masking
    self.prerequisite = prerequisite
    self.access = access
    self.compatibility = compatibility
    self.nxm = nxm
    self.oxm = oxm
    self.onf = onf
  }
}
