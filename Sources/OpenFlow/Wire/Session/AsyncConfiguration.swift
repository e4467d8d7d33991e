/// The kinds of messages that a switch sends unasked.
public enum AsyncMessageKind: Int, CaseIterable, Hashable, Sendable {
  /// Packets, by reason (`PacketInReason`).
  case packetIn = 0
  /// Port changes, by reason.
  case portStatus = 1
  /// Removed flows, by reason.
  case flowRemoved = 2
  /// Role changes, by reason (OpenFlow 1.4).
  case roleStatus = 3
  /// Table changes, by reason (OpenFlow 1.4).
  case tableStatus = 4
  /// Other controllers' group and meter changes, by reason (OpenFlow 1.4).
  case requestForward = 5
}

/// Which messages a controller wants unasked, for each role that it may hold.
public struct AsyncConfiguration: Hashable, Sendable {
  /// Bit n is set for reason n that is wanted while primary or equal, by `AsyncMessageKind.rawValue`.
  public var primary: [UInt32]
  /// Bit n is set for reason n that is wanted while secondary, by `AsyncMessageKind.rawValue`.
  public var secondary: [UInt32]

  /// Makes a configuration in which nothing is wanted.
  public init() {
    primary = Array(repeating: 0, count: AsyncMessageKind.allCases.count)
    secondary = primary
  }

  /// Whether a message of some kind and reason is wanted.
  public func wants(_ kind: AsyncMessageKind, reason: UInt8, secondary isSecondary: Bool) -> Bool {
    let mask = isSecondary ? secondary[kind.rawValue] : primary[kind.rawValue]
    return reason < 32 && mask & 1 << UInt32(reason) != 0
  }

  /// Reads the fixed form (OpenFlow 1.3, NXT_SET_ASYNC_CONFIG).
  static func decodeFixed(_ reader: inout WireReader) throws(OpenFlowError) -> AsyncConfiguration {
    var configuration = AsyncConfiguration()
    for kind in 0..<3 {
      configuration.primary[kind] = try reader.uint32()
      configuration.secondary[kind] = try reader.uint32()
    }
    try reader.requireEnd()
    return configuration
  }

  /// The reasons that OpenFlow 1.3 knows of each kind of message (sections A.4.1 to A.4.3); later ones have more.
  private static var fixedReasons: [3 of UInt32] { [0b111, 0b111, 0b1111] }

  func encodeFixed(to writer: inout WireWriter) {
    for kind in 0..<3 {
      writer.uint32(primary[kind] & Self.fixedReasons[kind])
      writer.uint32(secondary[kind] & Self.fixedReasons[kind])
    }
  }

  /// Reads the form of properties (OpenFlow 1.4, ONF extension 231), starting from `base` for those not given.
  static func decodeProperties(
    _ reader: inout WireReader, base: AsyncConfiguration = AsyncConfiguration()
  ) throws(OpenFlowError) -> AsyncConfiguration {
    var configuration = base
    while !reader.isAtEnd {
      var property = try Property.next(&reader)
      guard property.type < 12 else {
        if property.isExperimenter { throw .badPropertyBadExperimenter }
        throw .badPropertyBadType
      }
      let mask = try property.body.uint32()
      try property.body.requireEnd()
      // Even types are for a secondary controller, odd ones for a primary.
      let kind = Int(property.type) / 2
      if property.type & 1 == 0 {
        configuration.secondary[kind] = mask
      } else {
        configuration.primary[kind] = mask
      }
    }
    return configuration
  }

  func encodeProperties(to writer: inout WireWriter) {
    for kind in AsyncMessageKind.allCases {
      for (offset, mask) in [secondary[kind.rawValue], primary[kind.rawValue]].enumerated() {
        writer.uint16(UInt16(truncatingIfNeeded: kind.rawValue &* 2 &+ offset))
        writer.uint16(8)
        writer.uint32(mask)
      }
    }
  }
}
