/// A view of the common header of an SCTP packet (RFC 9260, section 3.1).
public struct SCTPHeader: ~Escapable {
  /// Length of the header, in bytes.
  @inlinable
  public static var byteCount: Int { 12 }
  @usableFromInline let bytes: RawSpan

  /// Views a header; nil if it is cut short.
  @inlinable
  @_lifetime(copy bytes)
  public init?(_ bytes: RawSpan) {
    guard bytes.byteCount >= Self.byteCount else { return nil }
    self.bytes = bytes
  }

  /// The sender's port.
  @inlinable
  public var sourcePort: UInt16 { bytes.bigEndian16(at: 0) }

  /// The receiver's port.
  @inlinable
  public var destinationPort: UInt16 { bytes.bigEndian16(at: 2) }

  /// The receiver's tag of the association.
  @inlinable
  public var verificationTag: UInt32 { bytes.bigEndian32(at: 4) }

  /// The CRC-32C as the header says, the one field that goes low byte first (RFC 9260, appendix A).
  @inlinable
  public var checksum: UInt32 { bytes.bigEndian32(at: 8).byteSwapped }

  /// The chunks.
  @inlinable
  public var payload: RawSpan {
    @_lifetime(copy self)
    get { bytes.from(Self.byteCount) }
  }

  /// The type of the first chunk; nil if there is none.
  @inlinable
  public var firstChunkType: UInt8? {
    bytes.byteCount >= Self.byteCount &+ 4 ? bytes.byte(at: Self.byteCount) : nil
  }

  /// Writes a header with a CRC-32C of zero; see `completeChecksum`.
  ///
  /// - Precondition: `offset + byteCount` lies within the bytes.
  @inlinable
  public static func write(
    sourcePort: UInt16, destinationPort: UInt16, verificationTag: UInt32, to bytes: inout MutableRawSpan,
    at offset: Int = 0
  ) {
    bytes.store(bigEndian16: sourcePort, at: offset)
    bytes.store(bigEndian16: destinationPort, at: offset &+ 2)
    bytes.store(bigEndian32: verificationTag, at: offset &+ 4)
    bytes.store(bigEndian32: 0, at: offset &+ 8)
  }

  /// The CRC-32C that a packet, header and chunks, should carry.
  ///
  /// - Precondition: the bytes hold a header.
  public static func expectedChecksum(_ packet: RawSpan) -> UInt32 {
    var sum = CRC32c()
    sum.add(packet.extracting(first: 8))
    sum.addZeros(4)
    sum.add(packet.from(byteCount))
    return sum.value
  }

  /// Stores the CRC-32C into the packet, header and chunks, that starts at an offset and ends with the bytes.
  ///
  /// - Precondition: `offset + byteCount` lies within the bytes.
  public static func completeChecksum(in bytes: inout MutableRawSpan, at offset: Int = 0) {
    let sum = expectedChecksum(bytes.bytes.from(offset))
    bytes.store(bigEndian32: sum.byteSwapped, at: offset &+ 8)
  }
}
