/// The flags of a TCP header: the low byte is that of RFC 9293, bit 8 is NS or AE (RFC 9768).
public struct TCPFlags: OptionSet, Hashable, Sendable, BitwiseCopyable {
  /// The 12 bits behind the data offset.
  public var rawValue: UInt16

  /// Makes flags from their bits.
  @inlinable
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// No more data from the sender.
  @inlinable
  public static var fin: TCPFlags { TCPFlags(rawValue: 0x001) }
  /// Synchronise sequence numbers.
  @inlinable
  public static var syn: TCPFlags { TCPFlags(rawValue: 0x002) }
  /// Reset the connection.
  @inlinable
  public static var rst: TCPFlags { TCPFlags(rawValue: 0x004) }
  /// Push.
  @inlinable
  public static var psh: TCPFlags { TCPFlags(rawValue: 0x008) }
  /// The acknowledgment number counts.
  @inlinable
  public static var ack: TCPFlags { TCPFlags(rawValue: 0x010) }
  /// The urgent pointer counts.
  @inlinable
  public static var urg: TCPFlags { TCPFlags(rawValue: 0x020) }
  /// Congestion was experienced, echoed.
  @inlinable
  public static var ece: TCPFlags { TCPFlags(rawValue: 0x040) }
  /// The congestion window was reduced.
  @inlinable
  public static var cwr: TCPFlags { TCPFlags(rawValue: 0x080) }
  /// Nonce sum, or accurate congestion notification.
  @inlinable
  public static var ns: TCPFlags { TCPFlags(rawValue: 0x100) }
}

/// A view of a TCP header (RFC 9293, section 3.1).
public struct TCPHeader: ~Escapable {
  /// Length of a header without options, in bytes.
  @inlinable
  public static var minimumByteCount: Int { 20 }
  /// Where the checksum stands in the header.
  @inlinable
  public static var checksumOffset: Int { 16 }
  @usableFromInline let bytes: RawSpan

  /// Views a header; nil if it, with its options, is cut short.
  @inlinable
  @_lifetime(copy bytes)
  public init?(_ bytes: RawSpan) {
    guard bytes.byteCount >= Self.minimumByteCount else { return nil }
    let headerByteCount = Int(bytes.byte(at: 12) >> 4) &* 4
    guard headerByteCount >= Self.minimumByteCount, bytes.byteCount >= headerByteCount else { return nil }
    self.bytes = bytes
  }

  /// The sender's port.
  @inlinable
  public var sourcePort: UInt16 { bytes.bigEndian16(at: 0) }

  /// The receiver's port.
  @inlinable
  public var destinationPort: UInt16 { bytes.bigEndian16(at: 2) }

  /// The sequence number of the first byte of data.
  @inlinable
  public var sequenceNumber: UInt32 { bytes.bigEndian32(at: 4) }

  /// The sequence number that the sender expects next.
  @inlinable
  public var acknowledgmentNumber: UInt32 { bytes.bigEndian32(at: 8) }

  /// Length of the header with its options, in bytes.
  @inlinable
  public var headerByteCount: Int { Int(bytes.byte(at: 12) >> 4) &* 4 }

  /// The 12 bits of flags.
  @inlinable
  public var flags: TCPFlags { TCPFlags(rawValue: bytes.bigEndian16(at: 12) & 0xfff) }

  /// The receive window, not scaled.
  @inlinable
  public var window: UInt16 { bytes.bigEndian16(at: 14) }

  /// The checksum as the header says.
  @inlinable
  public var checksum: UInt16 { bytes.bigEndian16(at: 16) }

  /// Where urgent data ends.
  @inlinable
  public var urgentPointer: UInt16 { bytes.bigEndian16(at: 18) }

  /// The options.
  @inlinable
  public var options: HeaderOptions {
    @_lifetime(copy self)
    get { HeaderOptions(bytes.extracting(Self.minimumByteCount..<headerByteCount)) }
  }

  /// What follows the header.
  @inlinable
  public var payload: RawSpan {
    @_lifetime(copy self)
    get { bytes.from(headerByteCount) }
  }

  /// Writes a header with checksum zero; the caller stores options behind it and completes the checksum.
  ///
  /// - Precondition: `optionByteCount` is a multiple of four, at most 40; the header lies within the bytes.
  @inlinable
  public static func write(
    sourcePort: UInt16, destinationPort: UInt16, sequenceNumber: UInt32, acknowledgmentNumber: UInt32 = 0,
    flags: TCPFlags, window: UInt16 = 0, urgentPointer: UInt16 = 0, optionByteCount: Int = 0,
    to bytes: inout MutableRawSpan, at offset: Int = 0
  ) {
    precondition(optionByteCount >= 0 && optionByteCount <= 40 && optionByteCount & 3 == 0)
    let words = UInt16(truncatingIfNeeded: (minimumByteCount &+ optionByteCount) / 4)
    bytes.store(bigEndian16: sourcePort, at: offset)
    bytes.store(bigEndian16: destinationPort, at: offset &+ 2)
    bytes.store(bigEndian32: sequenceNumber, at: offset &+ 4)
    bytes.store(bigEndian32: acknowledgmentNumber, at: offset &+ 8)
    bytes.store(bigEndian16: words << 12 | flags.rawValue & 0xfff, at: offset &+ 12)
    bytes.store(bigEndian16: window, at: offset &+ 14)
    bytes.store(bigEndian16: 0, at: offset &+ 16)
    bytes.store(bigEndian16: urgentPointer, at: offset &+ 18)
  }
}

extension HeaderOption {
  /// The kind of TCP's window scale option (RFC 7323, section 2.2).
  @inlinable
  public static var windowScaleKind: UInt8 { 3 }
}

extension TCPHeader {
  /// The shift of the window, 0 to 14, if an option names it (RFC 7323, section 2.3).
  public var windowScale: UInt8? {
    var walk = options
    while let option = walk.next() {
      if option.kind == HeaderOption.windowScaleKind, option.value.byteCount == 1 {
        return min(option.value.byte(at: 0), 14)
      }
    }
    return nil
  }
}
