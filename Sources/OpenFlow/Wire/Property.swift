/// One property of a message of OpenFlow 1.4 or later: type, length, and a body padded to eight bytes.
struct Property {
  /// The type; 0xffff and 0xfffe are experimenters'.
  let type: UInt16
  /// The body, without type and length.
  var body: WireReader

  /// Whether the body begins with an experimenter's identifier.
  var isExperimenter: Bool { type >= 0xfffe }

  /// Reads the next property of a list.
  static func next(_ reader: inout WireReader) throws(OpenFlowError) -> Property {
    guard reader.remaining >= 4 else { throw .badPropertyBadLength }
    let type = try reader.peek16(0)
    let length = try Int(reader.peek16(2))
    let padded = (length &+ 7) / 8 &* 8
    guard length >= 4, padded <= reader.remaining else { throw .badPropertyBadLength }
    var body = try reader.part(length, error: .badPropertyBadLength)
    try reader.skip(padded &- length)
    try body.skip(4)
    return Property(type: type, body: body)
  }
}

extension WireWriter {
  /// Begins a property; `endProperty` fills in its length.
  mutating func beginProperty(_ type: UInt16) -> Int {
    let start = count
    uint16(type)
    uint16(0)
    return start
  }

  /// Ends the property that began at `start`, and pads it.
  mutating func endProperty(from start: Int) {
    patch16(UInt16(truncatingIfNeeded: count &- start), at: start &+ 2)
    pad(to: 8, since: start)
  }

  /// A property of one byte.
  ///
  /// Short values are padded within the length of the property.
  mutating func property(_ type: UInt16, _ value: UInt8) {
    uint16(type)
    uint16(8)
    uint8(value)
    zeros(3)
  }

  /// A property of two bytes, padded within its length.
  mutating func property(_ type: UInt16, _ value: UInt16) {
    uint16(type)
    uint16(8)
    uint16(value)
    zeros(2)
  }

  /// A property of four bytes.
  mutating func property(_ type: UInt16, _ value: UInt32) {
    uint16(type)
    uint16(8)
    uint32(value)
  }

  /// A property of eight bytes, which begin at a multiple of eight.
  mutating func property(_ type: UInt16, _ value: UInt64) {
    uint16(type)
    uint16(16)
    zeros(4)
    uint64(value)
  }

  /// A property of bytes, padded beyond its length.
  mutating func property(_ type: UInt16, bytes: [UInt8]) {
    let start = beginProperty(type)
    append(bytes)
    endProperty(from: start)
  }
}
