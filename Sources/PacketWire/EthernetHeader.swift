/// A view of an Ethernet header (IEEE 802.3, clause 3).
public struct EthernetHeader: ~Escapable {
  /// Length of the header, in bytes.
  @inlinable
  public static var byteCount: Int { 14 }
  @usableFromInline let bytes: RawSpan

  /// Views the header at the start of a frame; nil if it is cut short.
  @inlinable
  @_lifetime(copy bytes)
  public init?(_ bytes: RawSpan) {
    guard bytes.byteCount >= Self.byteCount else { return nil }
    self.bytes = bytes
  }

  /// Where the frame goes.
  @inlinable
  public var destination: MACAddress { bytes.macAddress(at: 0) }

  /// Where the frame comes from.
  @inlinable
  public var source: MACAddress { bytes.macAddress(at: 6) }

  /// The type, or for an 802.3 frame the length in bytes, as it stands in the header.
  @inlinable
  public var type: EtherType { EtherType(rawValue: bytes.bigEndian16(at: 12)) }

  /// What follows the header.
  @inlinable
  public var payload: RawSpan {
    @_lifetime(copy self)
    get { bytes.from(Self.byteCount) }
  }

  /// Writes a header.
  ///
  /// - Precondition: `offset + byteCount` lies within the bytes.
  @inlinable
  public static func write(
    destination: MACAddress, source: MACAddress, type: EtherType, to bytes: inout MutableRawSpan,
    at offset: Int = 0
  ) {
    bytes.store(destination, at: offset)
    bytes.store(source, at: offset &+ 6)
    bytes.store(bigEndian16: type.rawValue, at: offset &+ 12)
  }
}

/// A view of the LLC and SNAP headers that follow the length of an 802.3 frame (IEEE 802.2; RFC 1042).
public struct SubnetworkHeader: ~Escapable {
  /// Length of the headers, in bytes.
  @inlinable
  public static var byteCount: Int { 8 }
  @usableFromInline let bytes: RawSpan

  /// Views the headers; nil if they are cut short, or are not LLC with SNAP and the Ethernet organization.
  @inlinable
  @_lifetime(copy bytes)
  public init?(_ bytes: RawSpan) {
    guard bytes.byteCount >= Self.byteCount, bytes.bigEndian48(at: 0) == 0xaaaa_0300_0000 else { return nil }
    self.bytes = bytes
  }

  /// The type of what follows.
  @inlinable
  public var type: EtherType { EtherType(rawValue: bytes.bigEndian16(at: 6)) }

  /// What follows the headers.
  @inlinable
  public var payload: RawSpan {
    @_lifetime(copy self)
    get { bytes.from(Self.byteCount) }
  }
}
