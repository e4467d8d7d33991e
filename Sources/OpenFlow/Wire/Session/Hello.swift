/// The versions that a peer speaks (OpenFlow 1.3.1, section 7.5.1).
public struct Hello: Hashable, Sendable {
  /// The versions.
  public var versions: OpenFlowVersions

  /// Makes a hello.
  public init(versions: OpenFlowVersions) { self.versions = versions }

  /// Reads the elements after the header.
  ///
  /// Without a version bitmap, the peer speaks the header's version and all earlier ones; elements of other
  /// types are skipped.
  static func decode(_ reader: inout WireReader, headerVersion: UInt8) -> Hello {
    var versions: OpenFlowVersions?
    while reader.remaining >= 4, let type = try? reader.peek16(0), let length = try? reader.peek16(2) {
      let padded = (Int(length) &+ 7) / 8 &* 8
      guard length >= 4, var element = try? reader.part(min(padded, reader.remaining)) else { break }
      if type == 1, length >= 8, (try? element.skip(4)) != nil, let bitmap = try? element.uint32() {
        // Bit 0 would be version 0x00, which does not exist.
        versions = OpenFlowVersions(rawValue: bitmap & ~1)
      }
    }
    if let versions, versions.rawValue != 0 { return Hello(versions: versions) }
    // Versions beyond those of the bitmap all have higher numbers than ours.
    let newest = min(UInt32(headerVersion), 31)
    return Hello(versions: OpenFlowVersions(rawValue: (UInt32.max >> (31 &- newest)) & ~1))
  }

  func encode(to writer: inout WireWriter) {
    // A version and all before it need no bitmap: the header says it all.
    guard let newest = versions.newest, versions != OpenFlowVersions(through: newest) else { return }
    writer.uint16(1)
    writer.uint16(8)
    writer.uint32(versions.rawValue)
  }
}
