extension Match {
  /// Reads a match with type, length and padding, as OpenFlow 1.1 and later have it.
  static func decode(
    _ reader: inout WireReader, _ version: OpenFlowVersion, isStrict: Bool = true
  ) throws(OpenFlowError) -> Match {
    guard version != .v10 else { return try decodeOpenFlow10(&reader) }
    guard reader.remaining >= 4 else { throw .badMatchBadLength }
    let type = try reader.peek16(0)
    let length = try Int(reader.peek16(2))
    let padded = (length &+ 7) / 8 &* 8
    switch type {
    case 0:
      guard length == openFlow11ByteCount, reader.remaining >= length else { throw .badMatchBadLength }
      try reader.skip(4)
      return try decodeOpenFlow11(&reader)
    case 1:
      guard length >= 4, reader.remaining >= padded else { throw .badMatchBadLength }
      var entries = try reader.part(length, error: .badMatchBadLength)
      try entries.skip(4)
      try reader.skip(padded &- length)
      var cookie: MatchCookie?
      return try decodeExtensible(&entries, isStrict: isStrict, cookie: &cookie)
    default:
      throw .badMatchBadType
    }
  }

  /// Writes the match with whatever type, length and padding the version has.
  func encode(to writer: inout WireWriter, _ version: OpenFlowVersion) {
    switch version {
    case .v10: encodeOpenFlow10(to: &writer)
    case .v11: encodeOpenFlow11(to: &writer)
    default: encodeOXM(to: &writer, version)
    }
  }

  /// Writes the match in OpenFlow's extensible form, with type, length and padding.
  func encodeOXM(to writer: inout WireWriter, _ version: OpenFlowVersion) {
    let start = writer.count
    writer.uint16(1)
    writer.uint16(0)
    encodeExtensible(to: &writer, version)
    writer.patch16(UInt16(truncatingIfNeeded: writer.count &- start), at: start &+ 2)
    writer.pad(to: 8, since: start)
  }

  /// Reads a Nicira extensible match, whose length comes from elsewhere, and its padding.
  static func decodeNicira(
    _ reader: inout WireReader, byteCount: Int, isStrict: Bool = true, cookie: inout MatchCookie?
  ) throws(OpenFlowError) -> Match {
    let padded = (byteCount &+ 7) / 8 &* 8
    guard reader.remaining >= padded else { throw .badMatchBadLength }
    var entries = try reader.part(byteCount, error: .badMatchBadLength)
    try reader.skip(padded &- byteCount)
    return try decodeExtensible(&entries, isStrict: isStrict, cookie: &cookie)
  }

  /// Writes a Nicira extensible match and its padding; returns its length without padding.
  func encodeNicira(to writer: inout WireWriter, cookie: MatchCookie? = nil) -> Int {
    let start = writer.count
    encodeExtensible(to: &writer, .v10)
    if let cookie, cookie.mask != 0 {
      writer.uint32(cookie.mask == .max ? 0x0001_3c08 : 0x0001_3d10)
      writer.uint64(cookie.value & cookie.mask)
      if cookie.mask != .max { writer.uint64(cookie.mask) }
    }
    let byteCount = writer.count &- start
    writer.pad(to: 8, since: start)
    return byteCount
  }
}
