public import PacketWire

/// How an administrator configured a port.
///
/// The bits are those of OpenFlow 1.0, of which later versions have some.
public struct PortConfiguration: OptionSet, Hashable, Sendable {
  /// The bits.
  public var rawValue: UInt32

  /// Makes a set from its bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The port is down (OFPPC_PORT_DOWN).
  public static var portDown: PortConfiguration { .init(rawValue: 1 << 0) }
  /// No spanning tree on the port; OpenFlow 1.0 only (OFPPC_NO_STP).
  public static var noSpanningTree: PortConfiguration { .init(rawValue: 1 << 1) }
  /// Packets received on the port are dropped (OFPPC_NO_RECV).
  public static var noReceive: PortConfiguration { .init(rawValue: 1 << 2) }
  /// Spanning tree packets received are dropped; OpenFlow 1.0 only (OFPPC_NO_RECV_STP).
  public static var noReceiveSpanningTree: PortConfiguration { .init(rawValue: 1 << 3) }
  /// The port is left out of flooding; OpenFlow 1.0 only (OFPPC_NO_FLOOD).
  public static var noFlood: PortConfiguration { .init(rawValue: 1 << 4) }
  /// Packets sent to the port are dropped (OFPPC_NO_FWD).
  public static var noForward: PortConfiguration { .init(rawValue: 1 << 5) }
  /// No packet of the port goes to the controller (OFPPC_NO_PACKET_IN).
  public static var noPacketIn: PortConfiguration { .init(rawValue: 1 << 6) }

  static func supported(_ version: OpenFlowVersion) -> PortConfiguration {
    if version == .v10 { return PortConfiguration(rawValue: 0x7f) }
    return [.portDown, .noReceive, .noForward, .noPacketIn]
  }
}

/// What a port itself says about its state.
public struct PortState: OptionSet, Hashable, Sendable {
  /// The bits of OpenFlow 1.1 and later; bits 8 and 9 are the spanning tree state of 1.0.
  public var rawValue: UInt32

  /// Makes a set from its bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// There is no carrier (OFPPS_LINK_DOWN).
  public static var linkDown: PortState { .init(rawValue: 1 << 0) }
  /// The port is blocked against loops (OFPPS11_BLOCKED).
  public static var blocked: PortState { .init(rawValue: 1 << 1) }
  /// The port is live for fast failover groups (OFPPS11_LIVE).
  public static var live: PortState { .init(rawValue: 1 << 2) }

  /// The spanning tree state of OpenFlow 1.0: 0 listening, 1 learning, 2 forwarding, 3 blocked.
  public var spanningTree: UInt32 {
    get { rawValue >> 8 & 3 }
    set { rawValue = rawValue & ~0x300 | (newValue & 3) << 8 }
  }

  static func decode(_ bits: UInt32, _ version: OpenFlowVersion) -> PortState {
    PortState(rawValue: bits & (version == .v10 ? 0x301 : 0x7))
  }

  func encoded(_ version: OpenFlowVersion) -> UInt32 { rawValue & (version == .v10 ? 0x301 : 0x7) }
}

/// The speeds and media of a port.
///
/// The bits are those of OpenFlow 1.1 and later.
public struct PortFeatures: OptionSet, Hashable, Sendable {
  /// The bits.
  public var rawValue: UInt32

  /// Makes a set from its bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// 10 Gb/s, full duplex.
  public static var tenGigabitFullDuplex: PortFeatures { .init(rawValue: 1 << 6) }
  /// Copper.
  public static var copper: PortFeatures { .init(rawValue: 1 << 11) }

  /// The speed in kilobits a second of the fastest of these; 0 if none has one.
  public var maximumSpeedKilobits: UInt32 {
    let speeds: [(bits: UInt32, kilobits: UInt32)] = [
      (0x200, 1_000_000_000), (0x100, 100_000_000), (0x80, 40_000_000), (0x40, 10_000_000),
      (0x30, 1_000_000), (0xc, 100_000), (0x3, 10_000),
    ]
    for speed in speeds where rawValue & speed.bits != 0 { return speed.kilobits }
    return 0
  }

  static func decode(_ bits: UInt32, _ version: OpenFlowVersion) -> PortFeatures {
    guard version == .v10 else { return PortFeatures(rawValue: bits & 0xffff) }
    return PortFeatures(rawValue: bits & 0x7f | (bits & 0xf80) << 4)
  }

  func encoded(_ version: OpenFlowVersion) -> UInt32 {
    guard version == .v10 else { return rawValue & 0xffff }
    return rawValue & 0x7f | (rawValue >> 4) & 0xf80
  }
}

/// A port as features replies, port description replies and port status messages describe it.
public struct PortDescription: Hashable, Sendable {
  /// The port's number.
  public var number: OpenFlowPortNumber
  /// The port's Ethernet address.
  public var address: MACAddress
  /// The name of its interface.
  public var name: String
  /// How it was configured.
  public var configuration: PortConfiguration
  /// Its state.
  public var state: PortState
  /// What it does now.
  public var current: PortFeatures
  /// What it offers its neighbour.
  public var advertised: PortFeatures
  /// What it could do.
  public var supported: PortFeatures
  /// What its neighbour offers.
  public var peer: PortFeatures
  /// The speed now, in kilobits a second.
  public var currentSpeedKilobits: UInt32
  /// The greatest speed, in kilobits a second.
  public var maximumSpeedKilobits: UInt32

  /// Makes a description.
  public init(
    number: OpenFlowPortNumber, address: MACAddress, name: String, configuration: PortConfiguration = [],
    state: PortState = [], current: PortFeatures = [], advertised: PortFeatures = [],
    supported: PortFeatures = [], peer: PortFeatures = [], currentSpeedKilobits: UInt32 = 0,
    maximumSpeedKilobits: UInt32 = 0
  ) {
    self.number = number
    self.address = address
    self.name = name
    self.configuration = configuration
    self.state = state
    self.current = current
    self.advertised = advertised
    self.supported = supported
    self.peer = peer
    self.currentSpeedKilobits = currentSpeedKilobits
    self.maximumSpeedKilobits = maximumSpeedKilobits
  }

  /// The size of a port on the wire; for OpenFlow 1.4 and later, as this codec writes it.
  static func fixedByteCount(_ version: OpenFlowVersion) -> Int {
    switch version {
    case .v10: 48
    case .v11, .v12, .v13: 64
    case .v14, .v15: 72
    }
  }

  static func decode(
    _ reader: inout WireReader, _ version: OpenFlowVersion
  ) throws(OpenFlowError) -> PortDescription {
    if version >= .v14 { return try decodeWithProperties(&reader, version) }
    let number = try reader.portNumber(version)
    if version != .v10 { try reader.skip(4) }
    let address = try MACAddress(reader.uint48())
    if version != .v10 { try reader.skip(2) }
    var port = PortDescription(number: number, address: address, name: try reader.text(16))
    port.configuration = try .init(rawValue: reader.uint32()).intersection(.supported(version))
    port.state = try .decode(reader.uint32(), version)
    try port.decodeFeatures(&reader, version)
    return port
  }

  private mutating func decodeFeatures(
    _ reader: inout WireReader, _ version: OpenFlowVersion
  ) throws(OpenFlowError) {
    current = try .decode(reader.uint32(), version)
    advertised = try .decode(reader.uint32(), version)
    supported = try .decode(reader.uint32(), version)
    peer = try .decode(reader.uint32(), version)
    if version == .v10 {
      currentSpeedKilobits = current.maximumSpeedKilobits
      maximumSpeedKilobits = supported.maximumSpeedKilobits
    } else {
      currentSpeedKilobits = try reader.uint32()
      maximumSpeedKilobits = try reader.uint32()
    }
  }

  private static func decodeWithProperties(
    _ reader: inout WireReader, _ version: OpenFlowVersion
  ) throws(OpenFlowError) -> PortDescription {
    let length = try Int(reader.peek16(4))
    guard length >= 40 else { throw .badRequestBadLength }
    var body = try reader.part(length)
    let number = try body.portNumber(version)
    try body.skip(4)
    let address = try MACAddress(body.uint48())
    try body.skip(2)
    var port = PortDescription(number: number, address: address, name: try body.text(16))
    port.configuration = try .init(rawValue: body.uint32()).intersection(.supported(version))
    port.state = try .decode(body.uint32(), version)
    while !body.isAtEnd {
      var property = try Property.next(&body)
      // Optical ports and experimenters' properties say nothing that is kept.
      guard property.type == 0 else { continue }
      try property.body.skip(4)
      try port.decodeFeatures(&property.body, version)
    }
    return port
  }

  func encode(to writer: inout WireWriter, _ version: OpenFlowVersion) {
    let start = writer.count
    writer.portNumber(number, version)
    if version >= .v14 {
      writer.uint16(UInt16(truncatingIfNeeded: Self.fixedByteCount(version)))
      writer.zeros(2)
    } else if version != .v10 {
      writer.zeros(4)
    }
    writer.uint48(address.rawValue)
    if version != .v10 { writer.zeros(2) }
    writer.text(name, 16)
    writer.uint32(configuration.intersection(.supported(version)).rawValue)
    writer.uint32(state.encoded(version))
    if version >= .v14 {
      let property = writer.beginProperty(0)
      writer.zeros(4)
      encodeFeatures(to: &writer, version)
      writer.endProperty(from: property)
    } else {
      encodeFeatures(to: &writer, version)
    }
    assert(writer.count &- start == Self.fixedByteCount(version))
  }

  private func encodeFeatures(to writer: inout WireWriter, _ version: OpenFlowVersion) {
    for features in [current, advertised, supported, peer] { writer.uint32(features.encoded(version)) }
    guard version != .v10 else { return }
    writer.uint32(currentSpeedKilobits)
    writer.uint32(maximumSpeedKilobits)
  }
}

extension WireReader {
  /// A port number in the width that the version uses.
  mutating func portNumber(_ version: OpenFlowVersion) throws(OpenFlowError) -> OpenFlowPortNumber {
    if version == .v10 { return try OpenFlowPortNumber(openFlow10: uint16()) }
    return try OpenFlowPortNumber(openFlow11: uint32())
  }
}

extension WireWriter {
  /// A port number in the width that the version uses.
  mutating func portNumber(_ port: OpenFlowPortNumber, _ version: OpenFlowVersion) {
    if version == .v10 {
      uint16(port.openFlow10)
    } else {
      uint32(port.rawValue)
    }
  }
}
