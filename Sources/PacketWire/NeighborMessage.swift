/// The flags of a neighbour advertisement (RFC 4861, section 4.4).
public struct NeighborFlags: OptionSet, Hashable, Sendable, BitwiseCopyable {
  /// The 32 bits in which they stand, 29 of them reserved.
  public var rawValue: UInt32

  /// Makes flags from their bits.
  @inlinable
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The sender is a router.
  @inlinable
  public static var router: NeighborFlags { NeighborFlags(rawValue: 0x8000_0000) }
  /// The advertisement answers a solicitation.
  @inlinable
  public static var solicited: NeighborFlags { NeighborFlags(rawValue: 0x4000_0000) }
  /// The advertisement replaces what the receiver knew.
  @inlinable
  public static var override: NeighborFlags { NeighborFlags(rawValue: 0x2000_0000) }
}

/// A view of a neighbour solicitation or advertisement, ICMPv6 header included (RFC 4861, sections 4.3 and 4.4).
public struct NeighborMessage: ~Escapable {
  /// Length of the message without options, in bytes.
  @inlinable
  public static var byteCount: Int { 24 }
  /// The hop limit that a message has to arrive with, which shows that it comes from the link (RFC 4861, section 7.1).
  @inlinable
  public static var hopLimit: UInt8 { 255 }
  @usableFromInline let bytes: RawSpan

  /// Views a message; nil if it is cut short, or neither a solicitation nor an advertisement of code 0.
  @inlinable
  @_lifetime(copy bytes)
  public init?(_ bytes: RawSpan) {
    guard bytes.byteCount >= Self.byteCount, ICMPv6Type(rawValue: bytes.byte(at: 0)).isNeighbor,
      bytes.byte(at: 1) == 0
    else { return nil }
    self.bytes = bytes
  }

  /// Whether the message asks or tells.
  @inlinable
  public var type: ICMPv6Type { ICMPv6Type(rawValue: bytes.byte(at: 0)) }

  /// The flags of an advertisement, and the reserved bits beside them.
  @inlinable
  public var flags: NeighborFlags { NeighborFlags(rawValue: bytes.bigEndian32(at: 4)) }

  /// The address that is asked for or told.
  @inlinable
  public var target: IPv6Address { bytes.ipv6Address(at: 8) }

  /// The options.
  @inlinable
  public var options: NeighborOptions {
    @_lifetime(copy self)
    get { NeighborOptions(bytes.from(Self.byteCount)) }
  }

  /// Length of a message with one link-layer address option, in bytes.
  @inlinable
  public static var byteCountWithLinkLayer: Int { 32 }

  /// Writes a message with one link-layer address option and a checksum of zero.
  ///
  /// A solicitation carries the source's address, an advertisement the target's.
  ///
  /// - Precondition: `offset + byteCountWithLinkLayer` lies within the bytes.
  @inlinable
  public static func write(
    type: ICMPv6Type, flags: NeighborFlags = [], target: IPv6Address, linkLayer: MACAddress,
    to bytes: inout MutableRawSpan, at offset: Int = 0
  ) {
    ICMPHeader.write(type: type.rawValue, code: 0, rest: flags.rawValue, to: &bytes, at: offset)
    bytes.store(target, at: offset &+ 8)
    let kind =
      type == .neighborSolicitation ? NeighborOption.sourceLinkLayerKind : NeighborOption.targetLinkLayerKind
    bytes.store(byte: kind, at: offset &+ 24)
    bytes.store(byte: 1, at: offset &+ 25)
    bytes.store(linkLayer, at: offset &+ 26)
  }
}

/// An option of a neighbour discovery message (RFC 4861, section 4.6).
public struct NeighborOption: ~Escapable {
  /// The option's type.
  public let kind: UInt8
  /// The bytes behind type and length.
  public let value: RawSpan

  @inlinable
  @_lifetime(copy value)
  init(kind: UInt8, value: RawSpan) {
    self.kind = kind
    self.value = value
  }

  /// The type of the source link-layer address.
  @inlinable
  public static var sourceLinkLayerKind: UInt8 { 1 }
  /// The type of the target link-layer address.
  @inlinable
  public static var targetLinkLayerKind: UInt8 { 2 }

  /// The Ethernet address, if the option is a source or target link-layer address of that length.
  @inlinable
  public var linkLayer: MACAddress? {
    guard kind == Self.sourceLinkLayerKind || kind == Self.targetLinkLayerKind, value.byteCount == 6 else {
      return nil
    }
    return value.macAddress(at: 0)
  }
}

/// Walks over the options of a neighbour discovery message.
public struct NeighborOptions: ~Escapable {
  @usableFromInline var rest: RawSpan
  /// Whether the walk met an option whose length is wrong, and ended there.
  public private(set) var isMalformed = false

  /// Walks over bytes that hold options.
  @inlinable
  @_lifetime(copy bytes)
  public init(_ bytes: RawSpan) { rest = bytes }

  /// Takes the next option; nil at the end of the list.
  @_lifetime(copy self)
  public mutating func next() -> NeighborOption? {
    if rest.isEmpty { return nil }
    guard rest.byteCount >= 8, rest.byte(at: 1) > 0, rest.byteCount >= Int(rest.byte(at: 1)) &* 8 else {
      isMalformed = true
      rest = rest.from(rest.byteCount)
      return nil
    }
    let kind = rest.byte(at: 0)
    let length = Int(rest.byte(at: 1)) &* 8
    let value = rest.extracting(2..<length)
    rest = rest.from(length)
    return NeighborOption(kind: kind, value: value)
  }
}
