/// A view of an Ethernet header (IEEE 802.3, clause 3).
public struct EthernetHeader: ~Escapable {
  /// Length of the header, in bytes.
  @inlinable
  public static var byteCount: Int { 14 }
  /// Length of the shortest frame without its check sequence, in bytes (IEEE 802.3, clause 4A.4.2).
  @inlinable
  public static var minimumFrameByteCount: Int { 60 }
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
