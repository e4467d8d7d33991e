// Limits of connections by zone: the family `ovs_ct_limit` of Linux's `openvswitch.h`.

/// Commands about limits (`OVS_CT_LIMIT_CMD_*`).
public enum ConnectionLimitCommand: UInt8, Sendable {
  /// Sets limits.
  case set = 1
  /// Takes limits away, so that the default holds.
  case delete = 2
  /// Asks for limits: those named, or all.
  case get = 3
}

/// A limit of a zone, or the default one (`struct ovs_zone_limit`).
public struct ConnectionLimit: Equatable, Sendable {
  /// The zone; nil is the default of zones without a limit of their own.
  public var zone: UInt16?
  /// How many connections it may have; 0 is any number.
  public var limit: UInt32
  /// How many connections it has, in answers.
  public var count: UInt32

  /// Makes a limit.
  public init(zone: UInt16?, limit: UInt32 = 0, count: UInt32 = 0) {
    self.zone = zone
    self.limit = limit
    self.count = count
  }
}

/// A message about limits.
public struct ConnectionLimitMessage: Equatable, Sendable {
  /// The limits, or the zones that are asked for.
  public var limits: [ConnectionLimit]

  /// Makes a message.
  public init(_ limits: [ConnectionLimit] = []) { self.limits = limits }

  /// A `struct ovs_zone_limit`.
  private static var limitByteCount: Int { 12 }

  func encode(into writer: inout AttributeWriter) {
    let start = writer.begin(1)
    for limit in limits {
      writer.append(littleEndian: UInt64(limit.zone.map { UInt32($0) } ?? .max), byteCount: 4)
      writer.append(littleEndian: UInt64(limit.limit), byteCount: 4)
      writer.append(littleEndian: UInt64(limit.count), byteCount: 4)
    }
    writer.finish(start)
  }

  init(decoding reader: inout AttributeReader) throws(MessageError) {
    limits = []
    while let attribute = try reader.next() {
      guard attribute.type == 1 else { continue }
      // Those who ask for the default alone may send it in a shorter form, as Linux has it: whole rows are read.
      guard attribute.byteCount % Self.limitByteCount == 0 else {
        throw .wrongLength(attribute: 1, found: attribute.byteCount)
      }
      for row in 0..<attribute.byteCount / Self.limitByteCount {
        let place = row * Self.limitByteCount
        let zone = UInt32(truncatingIfNeeded: attribute.littleEndian(at: place, byteCount: 4))
        guard zone <= UInt32(UInt16.max) || zone == .max else { throw .invalidValue(attribute: 1) }
        limits.append(
          ConnectionLimit(
            zone: UInt16(exactly: zone),
            limit: UInt32(truncatingIfNeeded: attribute.littleEndian(at: place + 4, byteCount: 4)),
            count: UInt32(truncatingIfNeeded: attribute.littleEndian(at: place + 8, byteCount: 4))))
      }
    }
  }
}
