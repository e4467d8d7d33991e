/// Packets and bytes that something has counted.
public struct PacketCount: Equatable, Sendable {
  /// Packets; all ones if not known.
  public var packets: UInt64
  /// Bytes; all ones if not known.
  public var bytes: UInt64

  /// Makes a count.
  public init(packets: UInt64 = 0, bytes: UInt64 = 0) {
    self.packets = packets
    self.bytes = bytes
  }

  /// Adds packets.
  public mutating func add(packets: UInt64, bytes: UInt64) {
    self.packets &+= packets
    self.bytes &+= bytes
  }

  /// How many bytes a count has on the wire.
  static var byteCount: Int { 16 }

  init(_ reader: inout WireReader) throws(OpenFlowError) {
    packets = try reader.uint64()
    bytes = try reader.uint64()
  }

  func encode(to writer: inout WireWriter) {
    writer.uint64(packets)
    writer.uint64(bytes)
  }
}
