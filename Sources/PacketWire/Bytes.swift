// Checked big-endian access to raw bytes. This is the one place of the module where `unsafe` stands: every
// format above it reads and writes through these functions.

extension RawSpan {
  /// The byte at an offset.
  ///
  /// - Precondition: `offset < byteCount`.
  @inlinable
  public func byte(at offset: Int) -> UInt8 {
    precondition(offset >= 0 && offset < byteCount)
    // SAFETY: the offset was checked against the span's length above.
    return unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt8.self)
  }

  /// The 16-bit big-endian integer at an offset.
  ///
  /// - Precondition: `offset + 2 <= byteCount`.
  @inlinable
  public func bigEndian16(at offset: Int) -> UInt16 {
    precondition(offset >= 0 && offset &+ 2 <= byteCount)
    // SAFETY: the range was checked against the span's length above.
    return unsafe UInt16(bigEndian: unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt16.self))
  }

  /// The 32-bit big-endian integer at an offset.
  ///
  /// - Precondition: `offset + 4 <= byteCount`.
  @inlinable
  public func bigEndian32(at offset: Int) -> UInt32 {
    precondition(offset >= 0 && offset &+ 4 <= byteCount)
    // SAFETY: the range was checked against the span's length above.
    return unsafe UInt32(bigEndian: unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt32.self))
  }

  /// The 48-bit big-endian integer at an offset, in the low bits.
  ///
  /// - Precondition: `offset + 6 <= byteCount`.
  @inlinable
  public func bigEndian48(at offset: Int) -> UInt64 {
    UInt64(bigEndian16(at: offset)) << 32 | UInt64(bigEndian32(at: offset &+ 2))
  }

  /// The 64-bit big-endian integer at an offset.
  ///
  /// - Precondition: `offset + 8 <= byteCount`.
  @inlinable
  public func bigEndian64(at offset: Int) -> UInt64 {
    precondition(offset >= 0 && offset &+ 8 <= byteCount)
    // SAFETY: the range was checked against the span's length above.
    return unsafe UInt64(bigEndian: unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self))
  }
}

extension MutableRawSpan {
  /// Stores one byte at an offset.
  ///
  /// - Precondition: `offset < byteCount`.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func store(byte: UInt8, at offset: Int) {
    precondition(offset >= 0 && offset < byteCount)
    // SAFETY: the offset was checked against the span's length above.
    unsafe storeBytes(of: byte, toUncheckedByteOffset: offset, as: UInt8.self)
  }

  /// Stores a 16-bit integer in big-endian order at an offset.
  ///
  /// - Precondition: `offset + 2 <= byteCount`.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func store(bigEndian16 value: UInt16, at offset: Int) {
    precondition(offset >= 0 && offset &+ 2 <= byteCount)
    // SAFETY: the range was checked against the span's length above.
    unsafe storeBytes(of: value.bigEndian, toUncheckedByteOffset: offset, as: UInt16.self)
  }

  /// Stores a 32-bit integer in big-endian order at an offset.
  ///
  /// - Precondition: `offset + 4 <= byteCount`.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func store(bigEndian32 value: UInt32, at offset: Int) {
    precondition(offset >= 0 && offset &+ 4 <= byteCount)
    // SAFETY: the range was checked against the span's length above.
    unsafe storeBytes(of: value.bigEndian, toUncheckedByteOffset: offset, as: UInt32.self)
  }

  /// Stores the low 48 bits of an integer in big-endian order at an offset.
  ///
  /// - Precondition: `offset + 6 <= byteCount`.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func store(bigEndian48 value: UInt64, at offset: Int) {
    store(bigEndian16: UInt16(truncatingIfNeeded: value >> 32), at: offset)
    store(bigEndian32: UInt32(truncatingIfNeeded: value), at: offset &+ 2)
  }

  /// Stores a 64-bit integer in big-endian order at an offset.
  ///
  /// - Precondition: `offset + 8 <= byteCount`.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func store(bigEndian64 value: UInt64, at offset: Int) {
    precondition(offset >= 0 && offset &+ 8 <= byteCount)
    // SAFETY: the range was checked against the span's length above.
    unsafe storeBytes(of: value.bigEndian, toUncheckedByteOffset: offset, as: UInt64.self)
  }
}

extension Array where Element == UInt8 {
  /// The bytes of the array.
  @inlinable
  public var rawBytes: RawSpan {
    @_lifetime(borrow self)
    get { RawSpan(_elements: span) }
  }

  /// The bytes of the array, to write to.
  @inlinable
  public var mutableRawBytes: MutableRawSpan {
    @_lifetime(&self)
    mutating get {
      // SAFETY: the array's storage is unique after this call and stays where it is while the array is
      // mutably borrowed, which the span's lifetime says it is.
      let storage = unsafe withUnsafeMutableBytes { bytes in unsafe bytes }
      let bytes = unsafe MutableRawSpan(_unsafeBytes: storage)
      return unsafe _overrideLifetime(bytes, mutating: &self)
    }
  }

  /// Adds zero bytes at the end, for a header that is then written there, and returns where they begin.
  @inlinable
  public mutating func appendZeros(_ count: Int) -> Int {
    append(contentsOf: repeatElement(0, count: count))
    return self.count - count
  }

  /// A copy of the bytes of a span.
  @inlinable
  public init(_ bytes: RawSpan) {
    self = unsafe bytes.withUnsafeBytes { buffer in
      // SAFETY: the buffer is copied within the closure.
      unsafe Array(buffer)
    }
  }
}

extension RawSpan {
  /// The bytes from an offset to the end; none if the offset lies beyond it.
  ///
  /// - Precondition: `offset >= 0`.
  @inlinable
  @_lifetime(copy self)
  public func from(_ offset: Int) -> RawSpan { extracting(droppingFirst: offset) }

  /// Whether two spans hold the same bytes.
  @inlinable
  public func hasSameBytes(as other: RawSpan) -> Bool {
    guard byteCount == other.byteCount else { return false }
    for offset in 0..<byteCount where byte(at: offset) != other.byte(at: offset) { return false }
    return true
  }

  /// The one's complement sum of the bytes as big-endian 16-bit words, an odd last byte padded with zero.
  @inlinable
  public var onesComplementSum: UInt16 {
    // SAFETY: the pointer is used within the closure, for as many bytes as it points to.
    unsafe withUnsafeBytes { bytes in unsafe InternetChecksum.sum(of: bytes) }
  }
}

extension InternetChecksum {
  /// The one's complement sum of bytes as big-endian 16-bit words, an odd last byte padded with zero.
  ///
  /// Up to 4 GiB do not overflow the 64-bit accumulator. It is on a pointer because the packet path may make no spans:
  /// the compiler does not prove of them that they take no lock.
  @unsafe
  @inlinable
  public static func sum(of bytes: UnsafeRawBufferPointer) -> UInt16 {
    guard let start = bytes.baseAddress else { return 0 }
    var sum: UInt64 = 0
    var offset = 0
    let count = bytes.count
    let wordsEnd = count & ~3
    while offset < wordsEnd {
      // SAFETY: `offset` is a multiple of four below `wordsEnd`, so four bytes follow it.
      sum &+= unsafe UInt64(start.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
      offset &+= 4
    }
    if count & 2 != 0 {
      // SAFETY: at least two bytes are left.
      sum &+= unsafe UInt64(start.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
      offset &+= 2
    }
    if count & 1 != 0 {
      // SAFETY: one byte is left.
      sum &+= unsafe UInt64(UInt16(littleEndian: UInt16(start.load(fromByteOffset: offset, as: UInt8.self))))
    }
    // Words were added as they lie in memory; the sum of swapped words is the swapped sum (RFC 1071, 2 (B)).
    return UInt16(bigEndian: folded(sum))
  }
}

extension MutableRawSpan {
  /// Stores a run of bytes at an offset.
  ///
  /// - Precondition: `offset + source.byteCount <= byteCount`.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func store(bytes source: RawSpan, at offset: Int) {
    precondition(offset >= 0 && source.byteCount <= byteCount &- offset)
    unsafe source.withUnsafeBytes { from in
      unsafe withUnsafeMutableBytes { to in
        guard let start = to.baseAddress, let origin = from.baseAddress else { return }
        // SAFETY: the range was checked above, and a mutable span is not aliased by another one.
        unsafe (start + offset).copyMemory(from: origin, byteCount: from.count)
      }
    }
  }

  /// Moves bytes within the span; the two ranges may overlap.
  ///
  /// - Precondition: both ranges lie within the span.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func move(from source: Int, to destination: Int, count: Int) {
    precondition(source >= 0 && destination >= 0 && count >= 0)
    precondition(count <= byteCount &- source && count <= byteCount &- destination)
    unsafe withUnsafeMutableBytes { bytes in
      guard let start = bytes.baseAddress else { return }
      // SAFETY: both ranges were checked above; copyMemory allows them to overlap.
      unsafe (start + destination).copyMemory(from: start + source, byteCount: count)
    }
  }

  /// Sets `count` bytes from an offset to zero.
  ///
  /// - Precondition: `offset + count <= byteCount`.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func zero(at offset: Int, count: Int) {
    precondition(offset >= 0 && count >= 0 && count <= byteCount &- offset)
    unsafe withUnsafeMutableBytes { bytes in
      guard let start = bytes.baseAddress else { return }
      // SAFETY: the range was checked above.
      _ = unsafe (start + offset).initializeMemory(as: UInt8.self, repeating: 0, count: count)
    }
  }
}

// Addresses.

extension RawSpan {
  /// The MAC address at an offset.
  @inlinable
  public func macAddress(at offset: Int) -> MACAddress { MACAddress(bigEndian48(at: offset)) }

  /// The IPv4 address at an offset.
  @inlinable
  public func ipv4Address(at offset: Int) -> IPv4Address { IPv4Address(bigEndian32(at: offset)) }

  /// The IPv6 address at an offset.
  @inlinable
  public func ipv6Address(at offset: Int) -> IPv6Address {
    IPv6Address(high: bigEndian64(at: offset), low: bigEndian64(at: offset &+ 8))
  }
}

extension MutableRawSpan {
  /// Stores a MAC address at an offset.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func store(_ address: MACAddress, at offset: Int) {
    store(bigEndian48: address.rawValue, at: offset)
  }

  /// Stores an IPv4 address at an offset.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func store(_ address: IPv4Address, at offset: Int) {
    store(bigEndian32: address.rawValue, at: offset)
  }

  /// Stores an IPv6 address at an offset.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func store(_ address: IPv6Address, at offset: Int) {
    store(bigEndian64: address.high, at: offset)
    store(bigEndian64: address.low, at: offset &+ 8)
  }
}
