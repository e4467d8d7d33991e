// What: the kinds of tunnel. Each has a file of its own beside this one, with everything that is particular to it.
//
// How: a kind is a case and two lines here. Its row is what all other code asks: numbers, names, abilities, and the
// functions that write its header and its text. The reader of received packets is called by a switch and not through the
// row, so that the packet path has no indirect call.

public import PacketWire

/// A kind of tunnel.
public enum TunnelKind: UInt8, CaseIterable, Sendable, BitwiseCopyable {
  /// VXLAN (RFC 7348).
  case vxlan
  /// Geneve (RFC 8926).
  case geneve
  /// GRE around Ethernet frames (RFC 2784, RFC 2890).
  case gre

  /// Everything about the kind that does not differ from packet to packet.
  public var row: TunnelRow {
    switch self {
    case .vxlan: VXLANTunnel.row
    case .geneve: GeneveTunnel.row
    case .gre: GRETunnel.row
    }
  }

  /// Reads the tunnel header of a received packet.
  ///
  /// - Returns: The length of the header in bytes, or `nil` if the port does not take such packets.
  @inline(__always)
  func read(
    _ pool: borrowing PacketPool, _ reception: TunnelReception, into fields: inout TunnelFields
  ) -> Int? {
    switch self {
    case .vxlan: VXLANTunnel.read(pool, reception, into: &fields)
    case .geneve: GeneveTunnel.read(pool, reception, into: &fields)
    case .gre: GRETunnel.read(pool, reception, into: &fields)
    }
  }
}

extension TunnelKind {
  /// The kind that an interface type names, if it names one.
  public init?(name: String) {
    for kind in TunnelKind.allCases where kind.row.name.utf8.elementsEqual(name.utf8) {
      self = kind
      return
    }
    return nil
  }

  /// The kind of a datapath port, if it is a tunnel port.
  public init?(_ type: VportType) {
    for kind in TunnelKind.allCases {
      let row = kind.row
      if type == row.vportType || type == row.vportTypeOverIPv6 {
        self = kind
        return
      }
    }
    return nil
  }

  /// A tunnel header with what `fields` say, and with options if the kind has any.
  public func header(_ fields: TunnelFields, options: [UInt8] = []) -> [UInt8] {
    let row = self.row
    var fields = fields
    fields.key &= 1 << UInt64(row.keyBitCount) - 1
    return row.write(fields, row.abilities.contains(.options) ? options : [])
  }
}

/// What a tunnel of some kind can carry beside a key.
public struct TunnelAbilities: OptionSet, Hashable, Sendable {
  /// The bits.
  public var rawValue: UInt8

  /// Makes a set of abilities from its bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The sender's group (draft-smith-vxlan-group-policy).
  public static var groupPolicy: TunnelAbilities { TunnelAbilities(rawValue: 1 << 0) }
  /// Options in the form of Geneve's.
  public static var options: TunnelAbilities { TunnelAbilities(rawValue: 1 << 1) }
  /// Sequence numbers.
  public static var sequence: TunnelAbilities { TunnelAbilities(rawValue: 1 << 2) }
}

/// What carries a kind's header.
public enum TunnelCarrier: Hashable, Sendable {
  /// UDP, and the port that is sent to unless the tunnel's options say another.
  case udp(defaultPort: UInt16)
  /// IP itself.
  case ip(IPProtocol)

  /// The protocol that the outer IP header names.
  public var protocolNumber: IPProtocol {
    switch self {
    case .udp: .udp
    case .ip(let number): number
    }
  }

  /// The UDP port unless options say another; zero if there is no UDP header.
  public var defaultPort: UInt16 {
    switch self {
    case .udp(let port): port
    case .ip: 0
    }
  }

  /// Whether a UDP header stands before that of the tunnel.
  public var isUDP: Bool { protocolNumber == .udp }
}

/// What there is to know about a kind of tunnel.
public struct TunnelRow: Sendable {
  /// The name: an interface's type, and the word for the header in texts.
  public let name: String
  /// The kind of its datapath ports, and the number of a push over IPv4.
  public let vportType: VportType
  /// The number of a push over IPv6.
  public let vportTypeOverIPv6: VportType
  /// What carries its header.
  public let carrier: TunnelCarrier
  /// How the names of its datapath ports begin.
  public let portName: String
  /// How many bits a key has.
  public let keyBitCount: Int
  /// What a packet can carry beside the key.
  public let abilities: TunnelAbilities
  /// The length in bytes of the header at the start of some bytes; `nil` if there is none.
  let byteCount: @Sendable (RawSpan) -> Int?
  /// Writes a header, with options.
  let write: @Sendable (TunnelFields, [UInt8]) -> [UInt8]
  /// The text of a header, without name and closing parenthesis; `nil` if the bytes are none.
  let describe: @Sendable (RawSpan) -> String?
  /// Reads that text.
  let parse: @Sendable (inout TextScanner) throws(DatapathTextError) -> [UInt8]

  /// What `dpctl/show` says of a port of this kind.
  public var description: String { name + ": packet_type=ptap" }
}

/// What a tunnel header says.
public struct TunnelFields: Equatable, Sendable {
  /// The key, or network identifier.
  public var key: UInt64 = 0
  /// Whether there is a key, whether a checksum, and whether the packet is for operations.
  public var flags = TunnelFlags(rawValue: 0)
  /// The sender's group.
  public var groupPolicy: VXLANGroupPolicy?
  /// Whether the packet is numbered.
  public var hasSequence = false
  /// How many bytes of options end the header that was read.
  public var optionByteCount = 0

  /// Makes fields that say nothing.
  public init() {}
}

/// A tunnel header that arrived, and what its reader has to know about the port and the packet.
struct TunnelReception {
  /// Where the header begins in the pool.
  var address: Int
  /// How many bytes there are from there to the end of the packet.
  var byteCount: Int
  /// Whether the port understands VXLAN's group policy.
  var usesGroupPolicy = false
  /// Whether a checksum over header and payload is there to be verified.
  var verifiesChecksum = true
}
