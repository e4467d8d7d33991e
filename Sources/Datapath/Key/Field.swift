// What: the one table of the fields of a flow key.
//
// Why: the text syntax, the OpenFlow codecs, translation and tracing all need to know, of each field, what it
// is called, how wide it is, where it lies in the key, what it presupposes and what its header numbers are. They
// all ask here, so that they cannot disagree.
//
// How: a `Field` is a small number; its row in `FieldTable` says the rest, and KeyLayout.swift what lies where. Values travel as integers wide
// enough for an IPv6 address. The few fields that are stored otherwise than as plain bits (OpenFlow 1.0 port
// numbers, VLAN parts that imply a tag, the ARP operation) are told apart by their `FieldPlace`.

/// A value of any field, in host byte order, in the low bits.
public typealias FieldValue = UInt128

/// A field of the flow key: something that a rule can match or an action can change.
///
/// The order is that of the rows of `FieldTable`, which say all there is to know about each.
public enum Field: UInt8, Hashable, Sendable, CaseIterable {
  case dpHash, recirculationID, packetType, conjunctionID
  case tunnelID, tunnelSource, tunnelDestination, tunnelIPv6Source, tunnelIPv6Destination,
    tunnelFlags, tunnelTTL, tunnelTOS, tunnelGBPID, tunnelGBPFlags, erspanIndex, erspanVersion,
    erspanDirection, erspanHardwareID, gtpuFlags, gtpuMessageType
  case metadata, inPort, inPortOXM, actionSetOutput, skbPriority, packetMark
  case ctState, ctZone, ctMark, ctLabel, ctProtocol, ctSource, ctDestination, ctIPv6Source,
    ctIPv6Destination, ctTransportSource, ctTransportDestination
  case register0, register1, register2, register3, register4, register5, register6, register7,
    register8, register9, register10, register11, register12, register13, register14, register15
  case doubleRegister0, doubleRegister1, doubleRegister2, doubleRegister3, doubleRegister4,
    doubleRegister5, doubleRegister6, doubleRegister7
  case quadRegister0, quadRegister1, quadRegister2, quadRegister3
  case ethSource, ethDestination, ethType, vlanTCI, dlVLAN, vlanVID, dlVLANPCP, vlanPCP
  case mplsLabel, mplsTC, mplsBottom, mplsTTL
  case ipSource, ipDestination, ipv6Source, ipv6Destination, ipv6Label, ipProtocol, ipTOS, ipDSCP,
    ipECN, ipTTL, ipFragment
  case arpOperation, arpSenderIP, arpTargetIP, arpSenderMAC, arpTargetMAC
  case tcpSource, tcpDestination, tcpFlags, udpSource, udpDestination, sctpSource, sctpDestination
  case icmpType, icmpCode, icmpv6Type, icmpv6Code
  case ndTarget, ndSourceLink, ndTargetLink, ndReserved, ndOptionsType
  case nshFlags, nshMetadataType, nshNextProtocol, nshPathID, nshServiceIndex, nshContext1,
    nshContext2, nshContext3, nshContext4, nshTTL
  case tunnelMetadata0, tunnelMetadata1, tunnelMetadata2, tunnelMetadata3, tunnelMetadata4,
    tunnelMetadata5, tunnelMetadata6, tunnelMetadata7, tunnelMetadata8, tunnelMetadata9,
    tunnelMetadata10, tunnelMetadata11, tunnelMetadata12, tunnelMetadata13, tunnelMetadata14,
    tunnelMetadata15, tunnelMetadata16, tunnelMetadata17, tunnelMetadata18, tunnelMetadata19,
    tunnelMetadata20, tunnelMetadata21, tunnelMetadata22, tunnelMetadata23, tunnelMetadata24,
    tunnelMetadata25, tunnelMetadata26, tunnelMetadata27, tunnelMetadata28, tunnelMetadata29,
    tunnelMetadata30, tunnelMetadata31, tunnelMetadata32, tunnelMetadata33, tunnelMetadata34,
    tunnelMetadata35, tunnelMetadata36, tunnelMetadata37, tunnelMetadata38, tunnelMetadata39,
    tunnelMetadata40, tunnelMetadata41, tunnelMetadata42, tunnelMetadata43, tunnelMetadata44,
    tunnelMetadata45, tunnelMetadata46, tunnelMetadata47, tunnelMetadata48, tunnelMetadata49,
    tunnelMetadata50, tunnelMetadata51, tunnelMetadata52, tunnelMetadata53, tunnelMetadata54,
    tunnelMetadata55, tunnelMetadata56, tunnelMetadata57, tunnelMetadata58, tunnelMetadata59,
    tunnelMetadata60, tunnelMetadata61, tunnelMetadata62, tunnelMetadata63

  /// The number of the field: that of its row in the table.
  public var number: UInt8 { rawValue }

  /// How many fields there are.
  public static var count: Int { allCases.count }

  /// The field with a number below `count`.
  public init?(number: Int) {
    guard let number = UInt8(exactly: number) else { return nil }
    self.init(rawValue: number)
  }

  /// The field a few rows further on, in a row of like ones.
  private func advanced(by distance: Int) -> Field {
    guard let field = Field(number: Int(rawValue) + distance) else { preconditionFailure("no such field") }
    return field
  }

  /// `reg0` to `reg15`.
  ///
  /// - Precondition: `index < 16`.
  public static func register(_ index: Int) -> Field {
    precondition(index >= 0 && index < 16)
    return Field.register0.advanced(by: index)
  }
  /// `xreg0` to `xreg7`, pairs of registers.
  ///
  /// - Precondition: `index < 8`.
  public static func doubleRegister(_ index: Int) -> Field {
    precondition(index >= 0 && index < 8)
    return Field.doubleRegister0.advanced(by: index)
  }
  /// `xxreg0` to `xxreg3`, groups of four registers.
  ///
  /// - Precondition: `index < 4`.
  public static func quadRegister(_ index: Int) -> Field {
    precondition(index >= 0 && index < 4)
    return Field.quadRegister0.advanced(by: index)
  }
  /// `tun_metadata0` to `tun_metadata63`.
  ///
  /// - Precondition: `index < 64`.
  public static func tunnelMetadata(_ index: Int) -> Field {
    precondition(index >= 0 && index < 64)
    return Field.tunnelMetadata0.advanced(by: index)
  }
}

extension Field {
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
  /// Plain bits of the key.
  case at(KeyPlace)
  /// The IP traffic class without its lowest two bits, which are the field `ipECN`.
  case trafficClass
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

  /// How many low bits of a value may be non-zero.
  var bitCount: Int {
    switch self {
    case .at(let place): place.bitCount
    case .trafficClass: KeyPlace.ipTOS.bitCount
    case .legacyPort, .arpOperation: 16
    case .vlanID, .vlanTag: 12
    case .vlanPriority: 3
    case .tunnelMetadata: 992
    }
  }
}

/// A row of the table of fields.
public struct FieldRow: Sendable {
  /// The field.
  public let field: Field
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
    _ field: Field, _ name: String, _ alias: String?, _ byteCount: UInt8, _ place: FieldPlace,
    _ format: FieldFormat, _ masking: FieldMasking, _ prerequisite: FieldPrerequisite, _ access: FieldAccess,
    _ compatibility: FieldCompatibility, _ nxm: FieldHeader? = nil, _ oxm: FieldHeader? = nil,
    _ onf: FieldHeader? = nil
  ) {
    self.field = field
    self.name = name
    self.alias = alias
    self.byteCount = byteCount
    self.bitCount = UInt16(truncatingIfNeeded: place.bitCount)
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
