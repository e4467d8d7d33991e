/// A type of ICMP for IPv4 (RFC 792; IANA, "ICMP Type Numbers").
public struct ICMPType: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  /// The number on the wire.
  public let rawValue: UInt8

  /// Makes a type from its number.
  @inlinable
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The answer to an echo request.
  @inlinable
  public static var echoReply: ICMPType { ICMPType(rawValue: 0) }
  /// A packet could not be delivered.
  @inlinable
  public static var destinationUnreachable: ICMPType { ICMPType(rawValue: 3) }
  /// A router is overloaded.
  @inlinable
  public static var sourceQuench: ICMPType { ICMPType(rawValue: 4) }
  /// There is a better first hop.
  @inlinable
  public static var redirect: ICMPType { ICMPType(rawValue: 5) }
  /// Asks for an echo.
  @inlinable
  public static var echoRequest: ICMPType { ICMPType(rawValue: 8) }
  /// A packet took too many hops, or its fragments too long.
  @inlinable
  public static var timeExceeded: ICMPType { ICMPType(rawValue: 11) }
  /// A packet's header is wrong.
  @inlinable
  public static var parameterProblem: ICMPType { ICMPType(rawValue: 12) }
  /// Asks for the time.
  @inlinable
  public static var timestampRequest: ICMPType { ICMPType(rawValue: 13) }
  /// Tells the time.
  @inlinable
  public static var timestampReply: ICMPType { ICMPType(rawValue: 14) }
  /// Asks for the network (obsolete).
  @inlinable
  public static var informationRequest: ICMPType { ICMPType(rawValue: 15) }
  /// Tells the network (obsolete).
  @inlinable
  public static var informationReply: ICMPType { ICMPType(rawValue: 16) }

  /// Whether the message quotes the packet that caused it.
  @inlinable
  public var isError: Bool {
    switch self {
    case .destinationUnreachable, .sourceQuench, .redirect, .timeExceeded, .parameterProblem: true
    default: false
    }
  }
}

/// A type of ICMP for IPv6 (RFC 4443; IANA, "ICMPv6 type Numbers").
public struct ICMPv6Type: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  /// The number on the wire.
  public let rawValue: UInt8

  /// Makes a type from its number.
  @inlinable
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// A packet could not be delivered.
  @inlinable
  public static var destinationUnreachable: ICMPv6Type { ICMPv6Type(rawValue: 1) }
  /// A packet does not fit the next link.
  @inlinable
  public static var packetTooBig: ICMPv6Type { ICMPv6Type(rawValue: 2) }
  /// A packet took too many hops, or its fragments too long.
  @inlinable
  public static var timeExceeded: ICMPv6Type { ICMPv6Type(rawValue: 3) }
  /// A packet's header is wrong.
  @inlinable
  public static var parameterProblem: ICMPv6Type { ICMPv6Type(rawValue: 4) }
  /// Asks for an echo.
  @inlinable
  public static var echoRequest: ICMPv6Type { ICMPv6Type(rawValue: 128) }
  /// The answer to an echo request.
  @inlinable
  public static var echoReply: ICMPv6Type { ICMPv6Type(rawValue: 129) }
  /// Asks who listens to a multicast group.
  @inlinable
  public static var multicastListenerQuery: ICMPv6Type { ICMPv6Type(rawValue: 130) }
  /// Says that the sender listens to a multicast group.
  @inlinable
  public static var multicastListenerReport: ICMPv6Type { ICMPv6Type(rawValue: 131) }
  /// Says that the sender listens no more.
  @inlinable
  public static var multicastListenerDone: ICMPv6Type { ICMPv6Type(rawValue: 132) }
  /// Asks for routers.
  @inlinable
  public static var routerSolicitation: ICMPv6Type { ICMPv6Type(rawValue: 133) }
  /// Announces a router.
  @inlinable
  public static var routerAdvertisement: ICMPv6Type { ICMPv6Type(rawValue: 134) }
  /// Asks for a neighbour's link-layer address.
  @inlinable
  public static var neighborSolicitation: ICMPv6Type { ICMPv6Type(rawValue: 135) }
  /// Tells a link-layer address.
  @inlinable
  public static var neighborAdvertisement: ICMPv6Type { ICMPv6Type(rawValue: 136) }
  /// There is a better first hop.
  @inlinable
  public static var redirect: ICMPv6Type { ICMPv6Type(rawValue: 137) }
  /// Version 2 of the multicast listener report (RFC 3810).
  @inlinable
  public static var multicastListenerReport2: ICMPv6Type { ICMPv6Type(rawValue: 143) }

  /// Whether the message quotes the packet that caused it.
  @inlinable
  public var isError: Bool { rawValue < 128 }

  /// Whether the message is a neighbour solicitation or advertisement.
  @inlinable
  public var isNeighbor: Bool { self == .neighborSolicitation || self == .neighborAdvertisement }
}

/// A view of the header of ICMP for IPv4 (RFC 792) or IPv6 (RFC 4443, section 2.1), which are alike.
public struct ICMPHeader: ~Escapable {
  /// Length of the header with the four bytes whose meaning depends on the type, in bytes.
  @inlinable
  public static var byteCount: Int { 8 }
  /// Where the checksum stands in the header.
  @inlinable
  public static var checksumOffset: Int { 2 }
  @usableFromInline let bytes: RawSpan

  /// Views a header; nil if it is cut short.
  @inlinable
  @_lifetime(copy bytes)
  public init?(_ bytes: RawSpan) {
    guard bytes.byteCount >= Self.byteCount else { return nil }
    self.bytes = bytes
  }

  /// The type, if this is ICMP for IPv4.
  @inlinable
  public var type: ICMPType { ICMPType(rawValue: bytes.byte(at: 0)) }

  /// The type, if this is ICMP for IPv6.
  @inlinable
  public var type6: ICMPv6Type { ICMPv6Type(rawValue: bytes.byte(at: 0)) }

  /// The code, which makes the type more precise.
  @inlinable
  public var code: UInt8 { bytes.byte(at: 1) }

  /// The checksum as the header says.
  @inlinable
  public var checksum: UInt16 { bytes.bigEndian16(at: 2) }

  /// The four bytes whose meaning depends on the type.
  @inlinable
  public var rest: UInt32 { bytes.bigEndian32(at: 4) }

  /// The identifier of an echo message.
  @inlinable
  public var identifier: UInt16 { bytes.bigEndian16(at: 4) }

  /// The sequence number of an echo message.
  @inlinable
  public var sequenceNumber: UInt16 { bytes.bigEndian16(at: 6) }

  /// What follows the header; in an error, the packet that caused it.
  @inlinable
  public var payload: RawSpan {
    @_lifetime(copy self)
    get { bytes.from(Self.byteCount) }
  }

  /// Writes a header with checksum zero.
  ///
  /// - Precondition: `offset + byteCount` lies within the bytes.
  @inlinable
  public static func write(
    type: UInt8, code: UInt8, rest: UInt32 = 0, to bytes: inout MutableRawSpan, at offset: Int = 0
  ) {
    bytes.store(byte: type, at: offset)
    bytes.store(byte: code, at: offset &+ 1)
    bytes.store(bigEndian16: 0, at: offset &+ 2)
    bytes.store(bigEndian32: rest, at: offset &+ 4)
  }
}
