/// The Internet checksum (RFC 1071), gathered piece by piece.
///
/// Values go in and come out in host order; store the result with `store(bigEndian16:at:)`.
public struct InternetChecksum: Sendable, BitwiseCopyable {
  @usableFromInline var sum: UInt64 = 0
  /// Whether an odd number of bytes was added, so that the next byte is the low half of a word.
  @usableFromInline var isOdd = false

  /// A checksum over nothing yet.
  @inlinable
  public init() {}

  /// Adds a run of bytes, as if it followed the bytes added before it.
  @inlinable
  public mutating func add(_ bytes: RawSpan) {
    let partial = bytes.onesComplementSum
    sum &+= UInt64(isOdd ? partial.byteSwapped : partial)
    if bytes.byteCount & 1 != 0 { isOdd.toggle() }
  }

  /// Adds a 16-bit word.
  @inlinable
  public mutating func add(_ word: UInt16) { sum &+= UInt64(word) }

  /// Adds a 32-bit integer as two words.
  @inlinable
  public mutating func add(_ words: UInt32) { sum &+= UInt64(words >> 16) &+ UInt64(words & 0xffff) }

  /// Adds a 64-bit integer as four words.
  @inlinable
  public mutating func add(_ words: UInt64) {
    add(UInt32(truncatingIfNeeded: words >> 32))
    add(UInt32(truncatingIfNeeded: words))
  }

  /// Adds the pseudo header of a transport protocol over IPv4 (RFC 793, section 3.1).
  ///
  /// `length` counts the bytes of the transport header and payload.
  @inlinable
  public mutating func addPseudoHeader(
    source: IPv4Address, destination: IPv4Address, protocol number: IPProtocol, length: Int
  ) {
    add(source.rawValue)
    add(destination.rawValue)
    add(UInt16(number.rawValue))
    add(UInt16(truncatingIfNeeded: length))
  }

  /// Adds the pseudo header of a transport protocol over IPv6 (RFC 8200, section 8.1).
  ///
  /// `length` counts the bytes of the transport header and payload.
  @inlinable
  public mutating func addPseudoHeader(
    source: IPv6Address, destination: IPv6Address, protocol number: IPProtocol, length: Int
  ) {
    add(source.high)
    add(source.low)
    add(destination.high)
    add(destination.low)
    add(UInt16(number.rawValue))
    add(UInt32(truncatingIfNeeded: length))
  }

  /// The one's complement sum, folded to 16 bits.
  ///
  /// It is 0xffff over data that contains its own, correct checksum. A device that completes a checksum
  /// expects this sum of the pseudo header in the checksum field.
  @inlinable
  public var folded: UInt16 { InternetChecksum.folded(sum) }

  /// A sum of 16-bit words, folded to one word.
  @inlinable
  @inline(__always)
  public static func folded(_ sum: UInt64) -> UInt16 {
    var folded = (sum >> 32) &+ (sum & 0xffff_ffff)
    folded = (folded >> 32) &+ (folded & 0xffff_ffff)
    folded = (folded >> 16) &+ (folded & 0xffff)
    folded = (folded >> 16) &+ (folded & 0xffff)
    folded = (folded >> 16) &+ (folded & 0xffff)
    return UInt16(truncatingIfNeeded: folded)
  }

  /// The checksum: the complement of the sum.
  @inlinable
  public var value: UInt16 { ~folded }

  /// The checksum as UDP carries it, where zero means "none" and is replaced with 0xffff (RFC 768).
  @inlinable
  public var udpValue: UInt16 { value == 0 ? 0xffff : value }

  /// Whether the data added, its checksum included, is intact.
  @inlinable
  public var isValid: Bool { folded == 0xffff }

  /// The checksum over a run of bytes.
  @inlinable
  public static func of(_ bytes: RawSpan) -> UInt16 { ~bytes.onesComplementSum }
}

// Incremental update (RFC 1624, equation 3): HC' = ~(~HC + ~m + m').

extension InternetChecksum {
  /// The checksum after 16-bit words that it covers changed; `old` and `new` are the sums of those words.
  @inlinable
  @inline(__always)
  public static func updated(_ checksum: UInt16, fromSum old: UInt64, toSum new: UInt64) -> UInt16 {
    ~updatedSum(~checksum, fromSum: old, toSum: new)
  }

  /// A folded sum after 16-bit words that it covers changed; `old` and `new` are the sums of those words.
  @inlinable
  @inline(__always)
  public static func updatedSum(_ sum: UInt16, fromSum old: UInt64, toSum new: UInt64) -> UInt16 {
    folded(UInt64(sum) &+ UInt64(~folded(old)) &+ new)
  }
}
