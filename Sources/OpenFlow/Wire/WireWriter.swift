/// Appends big-endian fields to a message.
struct WireWriter {
  /// What has been written.
  private(set) var bytes: [UInt8] = []

  init() {}

  init(capacity: Int) { bytes.reserveCapacity(capacity) }

  var count: Int { bytes.count }

  mutating func uint8(_ value: UInt8) { bytes.append(value) }

  mutating func uint16(_ value: UInt16) {
    bytes.append(UInt8(truncatingIfNeeded: value >> 8))
    bytes.append(UInt8(truncatingIfNeeded: value))
  }

  mutating func uint32(_ value: UInt32) {
    uint16(UInt16(truncatingIfNeeded: value >> 16))
    uint16(UInt16(truncatingIfNeeded: value))
  }

  mutating func uint48(_ value: UInt64) {
    uint16(UInt16(truncatingIfNeeded: value >> 32))
    uint32(UInt32(truncatingIfNeeded: value))
  }

  mutating func uint64(_ value: UInt64) {
    uint32(UInt32(truncatingIfNeeded: value >> 32))
    uint32(UInt32(truncatingIfNeeded: value))
  }

  mutating func zeros(_ count: Int) {
    for _ in 0..<max(count, 0) { bytes.append(0) }
  }

  mutating func append(_ more: [UInt8]) { bytes.append(contentsOf: more) }

  mutating func append(_ more: ArraySlice<UInt8>) { bytes.append(contentsOf: more) }

  /// Text in a field of fixed size, cut so that a zero byte follows it, and filled with zeros.
  mutating func text(_ text: String, _ count: Int) {
    let kept = text.utf8.prefix(count &- 1)
    bytes.append(contentsOf: kept)
    zeros(count &- kept.count)
  }

  /// Appends zeros until the length since `start` is a multiple of `unit`.
  mutating func pad(to unit: Int, since start: Int = 0) {
    let excess = (bytes.count &- start) % unit
    if excess != 0 { zeros(unit &- excess) }
  }

  /// Overwrites two bytes that were written before.
  mutating func patch16(_ value: UInt16, at offset: Int) {
    bytes[offset] = UInt8(truncatingIfNeeded: value >> 8)
    bytes[offset &+ 1] = UInt8(truncatingIfNeeded: value)
  }

  /// Overwrites four bytes that were written before.
  mutating func patch32(_ value: UInt32, at offset: Int) {
    patch16(UInt16(truncatingIfNeeded: value >> 16), at: offset)
    patch16(UInt16(truncatingIfNeeded: value), at: offset &+ 2)
  }

  /// Overwrites one byte that was written before.
  mutating func patch8(_ value: UInt8, at offset: Int) { bytes[offset] = value }
}
