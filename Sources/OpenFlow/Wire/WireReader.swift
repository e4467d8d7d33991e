/// Reads big-endian fields one after another out of a message.
///
/// Every read checks what is left, so that no length that a peer chose can lead outside the message.
struct WireReader {
  /// The message, or a part of it that ends where the reader ends.
  let bytes: [UInt8]
  /// Where the next read begins.
  private(set) var offset: Int
  /// Where the part that may be read ends.
  let end: Int
  /// What a read beyond the end throws.
  let shortError: OpenFlowError

  init(_ bytes: [UInt8], from offset: Int = 0, error: OpenFlowError = .badRequestBadLength) {
    self.bytes = bytes
    self.offset = min(max(offset, 0), bytes.count)
    end = bytes.count
    shortError = error
  }

  private init(_ bytes: [UInt8], _ offset: Int, _ end: Int, _ error: OpenFlowError) {
    self.bytes = bytes
    self.offset = offset
    self.end = end
    shortError = error
  }

  /// How many bytes are left.
  var remaining: Int { end &- offset }

  /// Whether nothing is left.
  var isAtEnd: Bool { offset >= end }

  /// Throws unless `count` more bytes are there.
  func require(_ count: Int) throws(OpenFlowError) {
    guard count >= 0, count <= remaining else { throw shortError }
  }

  /// Throws unless everything has been read.
  func requireEnd() throws(OpenFlowError) {
    guard isAtEnd else { throw shortError }
  }

  mutating func uint8() throws(OpenFlowError) -> UInt8 {
    try require(1)
    defer { offset &+= 1 }
    return bytes[offset]
  }

  mutating func uint16() throws(OpenFlowError) -> UInt16 {
    try require(2)
    defer { offset &+= 2 }
    return UInt16(bytes[offset]) << 8 | UInt16(bytes[offset &+ 1])
  }

  mutating func uint32() throws(OpenFlowError) -> UInt32 {
    try require(4)
    defer { offset &+= 4 }
    return UInt32(bytes[offset]) << 24 | UInt32(bytes[offset &+ 1]) << 16
      | UInt32(bytes[offset &+ 2]) << 8 | UInt32(bytes[offset &+ 3])
  }

  mutating func uint48() throws(OpenFlowError) -> UInt64 {
    let high = try uint16()
    return try UInt64(high) << 32 | UInt64(uint32())
  }

  mutating func uint64() throws(OpenFlowError) -> UInt64 {
    let high = try uint32()
    return try UInt64(high) << 32 | UInt64(uint32())
  }

  mutating func skip(_ count: Int) throws(OpenFlowError) {
    try require(count)
    offset &+= count
  }

  /// Skips bytes that have to be zero.
  mutating func skipZero(_ count: Int, else error: OpenFlowError) throws(OpenFlowError) {
    try require(count)
    for index in offset..<offset &+ count where bytes[index] != 0 { throw error }
    offset &+= count
  }

  mutating func take(_ count: Int) throws(OpenFlowError) -> [UInt8] {
    try require(count)
    defer { offset &+= count }
    return Array(bytes[offset..<offset &+ count])
  }

  /// Everything that is left.
  mutating func rest() -> [UInt8] {
    defer { offset = end }
    return Array(bytes[offset..<end])
  }

  /// A reader of the next `count` bytes, which this reader skips.
  mutating func part(_ count: Int, error: OpenFlowError? = nil) throws(OpenFlowError) -> WireReader {
    try require(count)
    defer { offset &+= count }
    return WireReader(bytes, offset, offset &+ count, error ?? shortError)
  }

  /// This reader, with another error for reads beyond the end.
  func throwing(_ error: OpenFlowError) -> WireReader { WireReader(bytes, offset, end, error) }

  /// The byte `distance` bytes on, without reading it.
  func peek8(_ distance: Int) throws(OpenFlowError) -> UInt8 {
    try require(distance &+ 1)
    return bytes[offset &+ distance]
  }

  /// The 16-bit integer `distance` bytes on, without reading it.
  func peek16(_ distance: Int) throws(OpenFlowError) -> UInt16 {
    try require(distance &+ 2)
    return UInt16(bytes[offset &+ distance]) << 8 | UInt16(bytes[offset &+ distance &+ 1])
  }

  /// The 32-bit integer `distance` bytes on, without reading it.
  func peek32(_ distance: Int) throws(OpenFlowError) -> UInt32 {
    let high = try peek16(distance)
    return try UInt32(high) << 16 | UInt32(peek16(distance &+ 2))
  }

  /// Text in a field of fixed size, which ends at its first zero byte.
  mutating func text(_ count: Int) throws(OpenFlowError) -> String {
    let field = try take(count)
    return String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
  }
}
