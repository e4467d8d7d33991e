import PacketWire

/// The options of a tunnel interface, checked.
struct TunnelSettings: Equatable {
  /// The encapsulation.
  enum Encapsulation: Equatable {
    /// RFC 7348.
    case vxlan
    /// RFC 2784 and 2890 around Ethernet frames (protocol 0x6558).
    case gre
    /// RFC 8926.
    case geneve
  }
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
  var encapsulation: Encapsulation
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
  /// Whether sent GRE packets have a sequence number.
  var hasSequence = false
  /// The UDP port sent to and listened on; 0 for GRE.
  var destinationPort: UInt16 = 0
  /// Whether the VXLAN group policy extension is on.
  var hasGroupPolicy = false
  /// The mark of sent packets, to choose a route by.
  var egressMark: UInt32 = 0
}
