/// An operation of ARP (RFC 826; IANA, "Address Resolution Protocol Parameters").
public struct ARPOperation: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  /// The number on the wire, in host order.
  public let rawValue: UInt16

  /// Makes an operation from its number.
  @inlinable
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// Asks for the owner of an address.
  @inlinable
  public static var request: ARPOperation { ARPOperation(rawValue: 1) }
  /// Answers a request.
  @inlinable
  public static var reply: ARPOperation { ARPOperation(rawValue: 2) }
}

/// A view of an ARP packet that maps IPv4 addresses to Ethernet addresses (RFC 826).
public struct ARPPacket: ~Escapable {
  /// Length of the packet, in bytes.
  @inlinable
  public static var byteCount: Int { 28 }
  @usableFromInline let bytes: RawSpan

  /// Views a packet; nil if it is cut short, or is about other addresses than Ethernet and IPv4.
  @inlinable
  @_lifetime(copy bytes)
  public init?(_ bytes: RawSpan) {
    guard bytes.byteCount >= Self.byteCount, bytes.bigEndian48(at: 0) == 0x0001_0800_0604 else { return nil }
    self.bytes = bytes
  }

  /// Whether the packet asks or answers.
  @inlinable
  public var operation: ARPOperation { ARPOperation(rawValue: bytes.bigEndian16(at: 6)) }

  /// The sender's Ethernet address.
  @inlinable
  public var senderHardware: MACAddress { bytes.macAddress(at: 8) }

  /// The sender's IPv4 address.
  @inlinable
  public var senderProtocol: IPv4Address { bytes.ipv4Address(at: 14) }

  /// The target's Ethernet address; zero in a request.
  @inlinable
  public var targetHardware: MACAddress { bytes.macAddress(at: 18) }

  /// The target's IPv4 address.
  @inlinable
  public var targetProtocol: IPv4Address { bytes.ipv4Address(at: 24) }

  /// Writes a packet.
  ///
  /// - Precondition: `offset + byteCount` lies within the bytes.
  @inlinable
  public static func write(
    operation: ARPOperation, senderHardware: MACAddress, senderProtocol: IPv4Address,
    targetHardware: MACAddress, targetProtocol: IPv4Address, to bytes: inout MutableRawSpan,
    at offset: Int = 0
  ) {
    bytes.store(bigEndian48: 0x0001_0800_0604, at: offset)
    bytes.store(bigEndian16: operation.rawValue, at: offset &+ 6)
    bytes.store(senderHardware, at: offset &+ 8)
    bytes.store(senderProtocol, at: offset &+ 14)
    bytes.store(targetHardware, at: offset &+ 18)
    bytes.store(targetProtocol, at: offset &+ 24)
  }
}
