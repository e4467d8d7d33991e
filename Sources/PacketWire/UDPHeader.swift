/// A view of a UDP header (RFC 768, "Format").
public struct UDPHeader: ~Escapable {
  /// Length of the header, in bytes.
  @inlinable
  public static var byteCount: Int { 8 }
  /// Where the checksum stands in the header.
  @inlinable
  public static var checksumOffset: Int { 6 }
  @usableFromInline let bytes: RawSpan

  /// Views a header; nil if it is cut short.
  ///
  /// Whether the datagram is as long as it says is another question: see `hasValidLength`.
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

  /// Length of header and payload, in bytes.
  @inlinable
  public var length: UInt16 { bytes.bigEndian16(at: 4) }

  /// The checksum as the header says; zero means that there is none.
  @inlinable
  public var checksum: UInt16 { bytes.bigEndian16(at: 6) }

  /// Whether the bytes hold the whole datagram, and the datagram its header.
  @inlinable
  public var hasValidLength: Bool { Int(length) >= Self.byteCount && Int(length) <= bytes.byteCount }

  /// What follows the header: up to the length, or to the end of the bytes where that comes first.
  @inlinable
  public var payload: RawSpan {
    @_lifetime(copy self)
    get { bytes.extracting(first: max(Self.byteCount, Int(length))).from(Self.byteCount) }
  }

  /// Writes a header.
  ///
  /// - Precondition: `offset + byteCount` lies within the bytes.
  @inlinable
  public static func write(
    sourcePort: UInt16, destinationPort: UInt16, length: UInt16, checksum: UInt16 = 0,
    to bytes: inout MutableRawSpan, at offset: Int = 0
  ) {
    bytes.store(bigEndian16: sourcePort, at: offset)
    bytes.store(bigEndian16: destinationPort, at: offset &+ 2)
    bytes.store(bigEndian16: length, at: offset &+ 4)
    bytes.store(bigEndian16: checksum, at: offset &+ 6)
  }
}
