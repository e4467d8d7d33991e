// Netlink attributes: a length and a type of 16 bits each in the host's byte order, then the value, padded to
// four bytes (RFC 3549, section 2.3; Linux `struct nlattr`).

/// Why a message could not be understood.
public enum MessageError: Error, Equatable, Sendable {
  /// A header or value ends before it should.
  case truncated(needed: Int, found: Int)
  /// An attribute's value does not have the length of its type.
  case wrongLength(attribute: UInt16, found: Int)
  /// An attribute that the message cannot do without is missing.
  case missing(attribute: UInt16)
  /// The attribute's type is not known here.
  case unknownAttribute(UInt16)
  /// An attribute's value makes no sense.
  case invalidValue(attribute: UInt16)
  /// Nested attributes nest deeper than ``AttributeReader/maximumDepth``.
  case nestingTooDeep
  /// The message's family is not one of the datapath's.
  case unknownFamily(UInt16)
  /// The family does not have this command.
  case unknownCommand(family: UInt16, command: UInt8)
}

/// One netlink attribute of a message.
public struct Attribute: Sendable {
  /// The type, without its flags.
  public let type: UInt16
  private let message: [UInt8]
  private let range: Range<Int>
  private let depth: Int

  init(type: UInt16, message: [UInt8], range: Range<Int>, depth: Int) {
    self.type = type
    self.message = message
    self.range = range
    self.depth = depth
  }

  /// How many bytes the value has.
  public var byteCount: Int { range.count }

  /// The value's bytes.
  public var bytes: [UInt8] { Array(message[range]) }

  /// The value's byte at an offset, zero beyond its end.
  public func byte(at offset: Int) -> UInt8 {
    offset >= 0 && offset < range.count ? message[range.lowerBound + offset] : 0
  }

  /// A big-endian integer of up to eight bytes at an offset; bytes beyond the end read as zero.
  public func bigEndian(at offset: Int, byteCount: Int) -> UInt64 {
    var value: UInt64 = 0
    for index in 0..<byteCount { value = value << 8 | UInt64(byte(at: offset + index)) }
    return value
  }

  /// An integer of up to eight bytes in netlink's byte order, which is little-endian on every host served.
  public func littleEndian(at offset: Int, byteCount: Int) -> UInt64 {
    var value: UInt64 = 0
    for index in 0..<byteCount { value |= UInt64(byte(at: offset + index)) << UInt64(8 * index) }
    return value
  }

  /// Throws ``MessageError/wrongLength(attribute:found:)`` unless the value has the length.
  public func require(byteCount needed: Int) throws(MessageError) {
    if range.count != needed { throw .wrongLength(attribute: type, found: range.count) }
  }

  /// The value as a 16-bit integer in host order.
  public func uint16() throws(MessageError) -> UInt16 {
    try require(byteCount: 2)
    return UInt16(truncatingIfNeeded: littleEndian(at: 0, byteCount: 2))
  }

  /// The value as a 32-bit integer in host order.
  public func uint32() throws(MessageError) -> UInt32 {
    try require(byteCount: 4)
    return UInt32(truncatingIfNeeded: littleEndian(at: 0, byteCount: 4))
  }

  /// The value as a 64-bit integer in host order.
  public func uint64() throws(MessageError) -> UInt64 {
    try require(byteCount: 8)
    return littleEndian(at: 0, byteCount: 8)
  }

  /// The value as a big-endian 16-bit integer.
  public func network16() throws(MessageError) -> UInt16 {
    try require(byteCount: 2)
    return UInt16(truncatingIfNeeded: bigEndian(at: 0, byteCount: 2))
  }

  /// The value as text, up to the first zero byte.
  public func text() -> [UInt8] {
    var end = range.lowerBound
    while end < range.upperBound && message[end] != 0 { end += 1 }
    return Array(message[range.lowerBound..<end])
  }

  /// The first or the second half of the value, as an attribute of the same type.
  func half(_ index: Int) -> Attribute {
    let middle = range.lowerBound + range.count / 2
    let part = index == 0 ? range.lowerBound..<middle : middle..<range.upperBound
    return Attribute(type: type, message: message, range: part, depth: depth)
  }

  /// The attributes nested in the value.
  public func nested() throws(MessageError) -> AttributeReader {
    guard depth < AttributeReader.maximumDepth else { throw .nestingTooDeep }
    return AttributeReader(message: message, range: range, depth: depth + 1)
  }
}

/// Walks over a row of attributes.
public struct AttributeReader: Sendable {
  /// How deep attributes may nest.
  public static var maximumDepth: Int { 16 }

  private let message: [UInt8]
  private var position: Int
  private let end: Int
  private let depth: Int

  init(message: [UInt8], range: Range<Int>, depth: Int) {
    self.message = message
    self.position = range.lowerBound
    self.end = range.upperBound
    self.depth = depth
  }

  /// Walks over bytes that are attributes from first to last.
  public init(_ bytes: [UInt8]) {
    self.init(message: bytes, range: 0..<bytes.count, depth: 0)
  }

  /// The next attribute, or `nil` at the end.
  public mutating func next() throws(MessageError) -> Attribute? {
    let left = end - position
    if left == 0 { return nil }
    guard left >= 4 else { throw .truncated(needed: 4, found: left) }
    let length = Int(message[position]) | Int(message[position + 1]) << 8
    let type = UInt16(message[position + 2]) | UInt16(message[position + 3]) << 8
    guard length >= 4 else { throw .truncated(needed: 4, found: length) }
    guard length <= left else { throw .truncated(needed: length, found: left) }
    let value = (position + 4)..<(position + length)
    // The last attribute of a row may lack its padding.
    position = min(end, position + (length + 3) & ~3)
    return Attribute(type: type & 0x3fff, message: message, range: value, depth: depth)
  }
}

/// Builds a row of attributes.
public struct AttributeWriter: Sendable {
  /// What has been written.
  public private(set) var bytes: [UInt8] = []
  /// Whether a value was longer than an attribute can be, and was left out.
  public private(set) var hasOverflowed = false

  /// Makes an empty row.
  public init() {}

  /// Adds an attribute with the value given.
  public mutating func put(_ type: UInt16, bytes value: [UInt8]) {
    let start = begin(type)
    bytes.append(contentsOf: value)
    finish(start)
  }

  /// Adds an attribute that has no value.
  public mutating func put(flag type: UInt16) { finish(begin(type)) }

  /// Adds an 8-bit attribute.
  public mutating func put(_ type: UInt16, uint8 value: UInt8) { put(type, bytes: [value]) }

  /// Adds a 16-bit attribute in host order.
  public mutating func put(_ type: UInt16, uint16 value: UInt16) {
    put(type, littleEndian: UInt64(value), byteCount: 2)
  }

  /// Adds a 32-bit attribute in host order.
  public mutating func put(_ type: UInt16, uint32 value: UInt32) {
    put(type, littleEndian: UInt64(value), byteCount: 4)
  }

  /// Adds a 64-bit attribute in host order.
  public mutating func put(_ type: UInt16, uint64 value: UInt64) {
    put(type, littleEndian: value, byteCount: 8)
  }

  /// Adds an integer attribute in network order.
  public mutating func put(_ type: UInt16, bigEndian value: UInt64, byteCount: Int) {
    let start = begin(type)
    append(bigEndian: value, byteCount: byteCount)
    finish(start)
  }

  /// Adds text with its closing zero byte.
  public mutating func put(_ type: UInt16, text: [UInt8]) { put(type, bytes: text + [0]) }

  /// Adds an attribute whose value is the attributes that the closure writes.
  public mutating func nest(
    _ type: UInt16, _ body: (inout AttributeWriter) throws(MessageError) -> Void
  ) throws(MessageError) {
    let start = begin(type)
    try body(&self)
    finish(start)
  }

  /// Appends bytes of a structured value; to be used between ``begin(_:)`` and ``finish(_:)``.
  public mutating func append(bigEndian value: UInt64, byteCount: Int) {
    var shift = UInt64(8 * byteCount)
    while shift > 0 {
      shift -= 8
      bytes.append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }

  /// Appends bytes of a structured value in host order.
  public mutating func append(littleEndian value: UInt64, byteCount: Int) {
    for index in 0..<byteCount { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index))) }
  }

  /// Appends bytes as they are.
  public mutating func append(_ more: [UInt8]) { bytes.append(contentsOf: more) }

  /// Opens an attribute and returns its place for ``finish(_:)``.
  public mutating func begin(_ type: UInt16) -> Int {
    let start = bytes.count
    append(littleEndian: 0, byteCount: 2)
    append(littleEndian: UInt64(type), byteCount: 2)
    return start
  }

  /// Closes the attribute that was opened at `start`: writes its length and pads it.
  public mutating func finish(_ start: Int) {
    let length = bytes.count - start
    guard length <= 0xffff else {
      bytes.removeSubrange(start...)
      hasOverflowed = true
      return
    }
    bytes[start] = UInt8(truncatingIfNeeded: length)
    bytes[start + 1] = UInt8(truncatingIfNeeded: length >> 8)
    while bytes.count & 3 != 0 { bytes.append(0) }
  }

  private mutating func put(_ type: UInt16, littleEndian value: UInt64, byteCount: Int) {
    let start = begin(type)
    append(littleEndian: value, byteCount: byteCount)
    finish(start)
  }
}
