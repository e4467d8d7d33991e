// The two ends of a connection, as the packets of one direction name them, and the hash by which connections are found.

/// Addresses, ports, protocol and zone of the packets of one direction.
public struct ConnectionTuple: BitwiseCopyable, Equatable, Sendable {
  /// The high half of an IPv6 source address; zero for IPv4.
  public var sourceHigh: UInt64 = 0
  /// The low half of an IPv6 source address, or an IPv4 one.
  public var sourceLow: UInt64 = 0
  /// The high half of an IPv6 destination address; zero for IPv4.
  public var destinationHigh: UInt64 = 0
  /// The low half of an IPv6 destination address, or an IPv4 one.
  public var destinationLow: UInt64 = 0
  /// The source port, or the identifier of an ICMP query.
  public var sourcePort: UInt16 = 0
  /// The destination port, or type (high byte) and code of an ICMP query.
  public var destinationPort: UInt16 = 0
  /// The zone that the connection is in.
  public var zone: UInt16 = 0
  /// The IP protocol.
  public var protocolNumber: UInt8 = 0
  /// Whether the addresses are IPv6.
  public var isIPv6 = false

  /// A tuple of zeros.
  public init() {}

  /// Whether it is that of ICMP or ICMPv6 queries.
  @inline(__always)
  public var isMessage: Bool { protocolNumber == (isIPv6 ? 58 : 1) }

  /// The source address; an IPv4 one has 32 bits.
  public var source: UInt128 {
    get { UInt128(sourceHigh) << 64 | UInt128(sourceLow) }
    set {
      sourceHigh = UInt64(truncatingIfNeeded: newValue >> 64)
      sourceLow = UInt64(truncatingIfNeeded: newValue)
    }
  }

  /// The destination address; an IPv4 one has 32 bits.
  public var destination: UInt128 {
    get { UInt128(destinationHigh) << 64 | UInt128(destinationLow) }
    set {
      destinationHigh = UInt64(truncatingIfNeeded: newValue >> 64)
      destinationLow = UInt64(truncatingIfNeeded: newValue)
    }
  }

  /// The tuple of the packets that answer.
  @inline(__always)
  public var reversed: ConnectionTuple {
    var other = self
    other.sourceHigh = destinationHigh
    other.sourceLow = destinationLow
    other.destinationHigh = sourceHigh
    other.destinationLow = sourceLow
    if isMessage {
      other.destinationPort =
        UInt16(ConnectionTuple.answer(to: UInt8(destinationPort >> 8), isIPv6: isIPv6)) << 8
        | destinationPort & 0xff
    } else {
      other.sourcePort = destinationPort
      other.destinationPort = sourcePort
    }
    return other
  }

  /// The type of the ICMP message that answers one, or is answered by it (RFC 792; RFC 4443, section 4).
  static func answer(to type: UInt8, isIPv6: Bool) -> UInt8 {
    switch (isIPv6, type) {
    case (false, 8): 0
    case (false, 0): 8
    case (false, 13), (false, 15), (true, 128): type &+ 1
    case (false, 14), (false, 16), (true, 129): type &- 1
    default: type
    }
  }

  /// Whether a packet with this tuple asks, so that it may begin a connection.
  static func isQuery(_ type: UInt8, isIPv6: Bool) -> Bool {
    isIPv6 ? type == 128 : type == 8 || type == 13 || type == 15
  }

  /// Whether a packet with this tuple answers an ICMP query.
  static func isAnswer(_ type: UInt8, isIPv6: Bool) -> Bool {
    isIPv6 ? type == 129 : type == 0 || type == 14 || type == 16
  }

  /// Both ports in one word.
  @inline(__always)
  var ports: UInt32 {
    get { UInt32(sourcePort) << 16 | UInt32(destinationPort) }
    set {
      sourcePort = UInt16(truncatingIfNeeded: newValue >> 16)
      destinationPort = UInt16(truncatingIfNeeded: newValue)
    }
  }

  /// Both IPv4 addresses in one word.
  @inline(__always)
  var addresses: UInt64 { sourceLow << 32 | destinationLow }

  /// Zone, protocol and family in one word.
  @inline(__always)
  var kind: UInt32 { UInt32(zone) << 16 | UInt32(protocolNumber) << 8 | (isIPv6 ? 1 : 0) }

  /// A tuple with the addresses and ports left out.
  @inline(__always)
  init(kind: UInt32) {
    zone = UInt16(truncatingIfNeeded: kind >> 16)
    protocolNumber = UInt8(truncatingIfNeeded: kind >> 8)
    isIPv6 = kind & 1 != 0
  }
}

/// The hash of tuples: the same for both directions of a connection that is not translated, and unknown to peers.
struct TupleHash: BitwiseCopyable {
  private let low: UInt64
  private let high: UInt64
  private let port: UInt64
  private let rest: UInt64

  init(seed: UInt64) {
    var numbers = SplitMix64(seed: seed)
    low = numbers.next() | 1
    high = numbers.next() | 1
    port = numbers.next() | 1
    rest = numbers.next() | 1
  }

  @inline(__always)
  private static func fold(_ word: UInt64, _ factor: UInt64) -> UInt64 {
    let product = word.multipliedFullWidth(by: factor)
    return product.high ^ product.low
  }

  /// The contribution of one end.
  @inline(__always)
  private func end(_ high: UInt64, _ low: UInt64, _ port: UInt16) -> UInt64 {
    var sum = TupleHash.fold(low ^ self.port, self.low) &+ TupleHash.fold(UInt64(port) &+ rest, self.port)
    if high != 0 { sum &+= TupleHash.fold(high, self.high) }
    return KeyHash.finish(sum)
  }

  /// The hash of a tuple.
  @inline(__always)
  func value(_ tuple: ConnectionTuple) -> UInt64 {
    var firstPort = tuple.sourcePort
    var secondPort = tuple.destinationPort
    var more: UInt64 = 0
    if tuple.isMessage {
      let type = UInt8(truncatingIfNeeded: secondPort >> 8)
      more = UInt64(min(type, ConnectionTuple.answer(to: type, isIPv6: tuple.isIPv6))) << 40
      secondPort = firstPort
      firstPort = secondPort
    }
    let sum =
      end(tuple.sourceHigh, tuple.sourceLow, firstPort)
      &+ end(tuple.destinationHigh, tuple.destinationLow, secondPort)
    return KeyHash.finish(sum &+ TupleHash.fold(UInt64(tuple.kind) | more, rest))
  }
}
