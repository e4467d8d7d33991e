/// The eight bytes that begin every OpenFlow message.
public struct MessageHeader: Hashable, Sendable {
  /// Length of the header in bytes.
  public static var byteCount: Int { 8 }
  /// The version number, which may be one that this codec does not speak.
  public var version: UInt8
  /// The message's type; its meaning depends on the version.
  public var type: UInt8
  /// Length of the message in bytes, the header included.
  public var length: Int
  /// The transaction that the message belongs to; a reply repeats its request's.
  public var xid: UInt32

  /// Reads a header from the front of `bytes`; nil if fewer than eight bytes are there.
  public init?(_ bytes: [UInt8]) {
    guard bytes.count >= Self.byteCount else { return nil }
    self.init(bytes, at: 0)
  }

  init(_ bytes: [UInt8], at offset: Int) {
    version = bytes[offset]
    type = bytes[offset &+ 1]
    length = Int(bytes[offset &+ 2]) << 8 | Int(bytes[offset &+ 3])
    xid =
      UInt32(bytes[offset &+ 4]) << 24 | UInt32(bytes[offset &+ 5]) << 16
      | UInt32(bytes[offset &+ 6]) << 8 | UInt32(bytes[offset &+ 7])
  }
}

extension WireWriter {
  /// Begins a message; `endMessage` fills in its length.
  mutating func beginMessage(_ version: OpenFlowVersion, type: UInt8, xid: UInt32) -> Int {
    let start = count
    uint8(version.rawValue)
    uint8(type)
    uint16(0)
    uint32(xid)
    return start
  }

  /// Ends the message that began at `start`.
  mutating func endMessage(from start: Int) {
    patch16(UInt16(truncatingIfNeeded: min(count &- start, Int(UInt16.max))), at: start &+ 2)
  }
}
