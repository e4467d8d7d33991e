public import PacketWire

/// A request to configure a port.
public struct PortModification: Hashable, Sendable {
  /// The port.
  public var port: OpenFlowPortNumber
  /// Its Ethernet address, as a check.
  public var address: MACAddress
  /// The new configuration, where `mask` has a bit.
  public var configuration: PortConfiguration
  /// Which bits of the configuration change.
  public var mask: PortConfiguration
  /// What to offer the neighbour; nothing to leave it as it is.
  public var advertise: PortFeatures

  /// Makes a request.
  public init(
    port: OpenFlowPortNumber, address: MACAddress, configuration: PortConfiguration, mask: PortConfiguration,
    advertise: PortFeatures = []
  ) {
    self.port = port
    self.address = address
    self.configuration = configuration
    self.mask = mask
    self.advertise = advertise
  }

  static func decode(
    _ reader: inout WireReader, _ version: OpenFlowVersion
  ) throws(OpenFlowError) -> PortModification {
    let port = try reader.portNumber(version)
    if version != .v10 { try reader.skip(4) }
    let address = try MACAddress(reader.uint48())
    if version != .v10 { try reader.skip(2) }
    let configuration = try PortConfiguration(rawValue: reader.uint32()).intersection(.supported(version))
    let mask = try PortConfiguration(rawValue: reader.uint32()).intersection(.supported(version))
    var advertise: PortFeatures = []
    if version >= .v14 {
      while !reader.isAtEnd {
        var property = try Property.next(&reader)
        if property.isExperimenter { throw .badPropertyBadExperimenter }
        guard property.type == 0 else { throw .badPropertyBadType }
        advertise = try .decode(property.body.uint32(), version)
        try property.body.requireEnd()
      }
    } else {
      advertise = try .decode(reader.uint32(), version)
      try reader.skip(4)
      try reader.requireEnd()
    }
    return PortModification(
      port: port, address: address, configuration: configuration.intersection(mask), mask: mask,
      advertise: advertise)
  }

  func encode(to writer: inout WireWriter, _ version: OpenFlowVersion) {
    writer.portNumber(port, version)
    if version != .v10 { writer.zeros(4) }
    writer.uint48(address.rawValue)
    if version != .v10 { writer.zeros(2) }
    writer.uint32(configuration.intersection(.supported(version)).rawValue)
    writer.uint32(mask.intersection(.supported(version)).rawValue)
    if version >= .v14 {
      guard !advertise.isEmpty else { return }
      let property = writer.beginProperty(0)
      writer.uint32(advertise.encoded(version))
      writer.endProperty(from: property)
    } else {
      writer.uint32(advertise.encoded(version))
      writer.zeros(4)
    }
  }
}
