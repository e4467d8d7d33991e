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
