import Datapath
import PacketWire

/// The options of a tunnel interface, checked.
struct TunnelSettings: Equatable {
  /// A key or address that is fixed, or that the flow says (`=flow`).
  enum Choice<Value: Equatable>: Equatable {
    /// Not given: any on receive, none on send.
    case absent
    /// This one.
    case fixed(Value)
    /// Whatever the flow's tunnel fields say.
    case flow
  }
  /// The encapsulation.
  var encapsulation: TunnelKind
  /// The other end; IPv4 addresses are in their mapped form.
  var remoteAddress: Choice<IPv6Address> = .absent
  /// This end.
  var localAddress: Choice<IPv6Address> = .absent
  /// The key of received packets.
  var keyIn: Choice<UInt64> = .absent
  /// The key of sent packets.
  var keyOut: Choice<UInt64> = .absent
  /// The type of service of sent packets; nil to copy the inner one (`inherit`).
  var typeOfService: UInt8? = 0
  /// The time to live of sent packets; nil to copy the inner one (`inherit`).
  var timeToLive: UInt8? = 64
  /// Whether the don't-fragment bit is set.
  var doesNotFragment = true
  /// Whether sent packets have a checksum (UDP or GRE).
  var hasChecksum = false
  /// Whether sent packets have a sequence number; only for a kind that has them.
  var hasSequence = false
  /// The UDP port sent to and listened on; unused by a kind that has no UDP header.
  var destinationPort: UInt16 = 0
  /// Whether the group policy extension is on; only for a kind that has it.
  var hasGroupPolicy = false
  /// The mark of sent packets, to choose a route by.
  var egressMark: UInt32 = 0

  /// Makes the settings of a tunnel without options.
  init(encapsulation: TunnelKind) {
    self.encapsulation = encapsulation
    destinationPort = encapsulation.row.carrier.defaultPort
  }

  /// The kind of datapath port.
  var vportType: VportType { encapsulation.row.vportType }

  /// The name of the datapath port that tunnels of this encapsulation and UDP port share.
  var datapathPortName: String {
    let row = encapsulation.row
    return row.carrier.isUDP ? "\(row.portName)_\(destinationPort)" : row.portName
  }

  /// The UDP port that a packet of this tunnel is sent to; zero if it has none.
  var transportPort: UInt16 { encapsulation.row.carrier.isUDP ? destinationPort : 0 }
}
