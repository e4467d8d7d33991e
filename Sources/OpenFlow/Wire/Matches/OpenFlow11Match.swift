import Datapath

/// The wildcard bits of an OpenFlow 1.1 match (OpenFlow 1.1, section A.2.3).
private enum Wildcard11 {
  static let inPort: UInt32 = 1 << 0
  static let vlan: UInt32 = 1 << 1
  static let vlanPriority: UInt32 = 1 << 2
  static let ethType: UInt32 = 1 << 3
  static let ipTOS: UInt32 = 1 << 4
  static let ipProtocol: UInt32 = 1 << 5
  static let transportSource: UInt32 = 1 << 6
  static let transportDestination: UInt32 = 1 << 7
  static let mplsLabel: UInt32 = 1 << 8
  static let mplsTrafficClass: UInt32 = 1 << 9
  static let all: UInt32 = (1 << 10) - 1
}

extension Match {
  /// Length of an OpenFlow 1.1 match, type and length included.
  static var openFlow11ByteCount: Int { 88 }

  /// Writes the match as OpenFlow 1.1 has it; what that cannot express is left out.
  ///
  /// Masks have a one for every bit that does not count.
  func encodeOpenFlow11(to writer: inout WireWriter) {
    let layout = FixedMatch(self)
    let tci = UInt16(truncatingIfNeeded: value(of: .vlanTCI))
    let tciMask = UInt16(truncatingIfNeeded: mask(of: .vlanTCI))
    var wildcards: UInt32 = 0
    var vlan: UInt16 = 0
    if mask(of: .inPortOXM) == 0 { wildcards |= Wildcard11.inPort }
    if tciMask & 0x1000 == 0 {
      wildcards |= Wildcard11.vlan | Wildcard11.vlanPriority
    } else if tci & 0x1000 == 0 {
      vlan = 0xffff
      wildcards |= Wildcard11.vlanPriority
    } else {
      vlan = tciMask & 0x0fff == 0 ? 0xfffe : tci & 0x0fff
      if tciMask & 0xe000 == 0 { wildcards |= Wildcard11.vlanPriority }
    }
    if layout.ethTypeMask == 0 { wildcards |= Wildcard11.ethType }
    if layout.dscpMask == 0 { wildcards |= Wildcard11.ipTOS }
    if layout.protocolMask == 0 { wildcards |= Wildcard11.ipProtocol }
    if layout.transportSourceMask == 0 { wildcards |= Wildcard11.transportSource }
    if layout.transportDestinationMask == 0 { wildcards |= Wildcard11.transportDestination }
    if mask(of: .mplsLabel) == 0 { wildcards |= Wildcard11.mplsLabel }
    if mask(of: .mplsTC) == 0 { wildcards |= Wildcard11.mplsTrafficClass }
    writer.uint16(0)
    writer.uint16(UInt16(Self.openFlow11ByteCount))
    writer.uint32(UInt32(truncatingIfNeeded: value(of: .inPortOXM)))
    writer.uint32(wildcards)
    for field in [Field.ethSource, .ethDestination] {
      writer.uint48(UInt64(truncatingIfNeeded: value(of: field)))
      writer.uint48(UInt64(truncatingIfNeeded: ~mask(of: field)))
    }
    writer.uint16(vlan)
    writer.uint8(tci & 0x1000 == 0 ? 0 : UInt8(truncatingIfNeeded: tci >> 13))
    writer.uint8(0)
    writer.uint16(layout.ethType)
    writer.uint8(layout.dscp)
    writer.uint8(layout.ipProtocol)
    writer.uint32(layout.source)
    writer.uint32(~layout.sourceMask)
    writer.uint32(layout.destination)
    writer.uint32(~layout.destinationMask)
    writer.uint16(layout.transportSource)
    writer.uint16(layout.transportDestination)
    writer.uint32(UInt32(truncatingIfNeeded: value(of: .mplsLabel)))
    writer.uint8(UInt8(truncatingIfNeeded: value(of: .mplsTC)))
    writer.zeros(3)
    writer.uint64(UInt64(truncatingIfNeeded: value(of: .metadata)))
    writer.uint64(UInt64(truncatingIfNeeded: ~mask(of: .metadata)))
  }

  /// Reads what follows type and length of an OpenFlow 1.1 match.
  static func decodeOpenFlow11(_ reader: inout WireReader) throws(OpenFlowError) -> Match {
    var match = Match()
    let inPort = try reader.uint32()
    let wildcards = try reader.uint32()
    if wildcards & Wildcard11.inPort == 0 {
      guard let port = try? OpenFlowPortNumber(openFlow11: inPort) else { throw .badMatchBadValue }
      match.set(.inPortOXM, FieldValue(port.rawValue))
    }
    for field in [Field.ethSource, .ethDestination] {
      let address = try reader.uint48()
      let mask = try ~reader.uint48() & 0xffff_ffff_ffff
      match.set(field, FieldValue(address & mask), mask: FieldValue(mask))
    }
    let vlan = try reader.uint16()
    let priority = try reader.uint8()
    try reader.skip(1)
    try match.setVLAN11(vlan, priority, wildcards)
    var layout = FixedMatch()
    layout.ethType = try reader.uint16()
    layout.ethTypeMask = wildcards & Wildcard11.ethType == 0 ? .max : 0
    layout.dscp = try reader.uint8()
    layout.dscpMask = wildcards & Wildcard11.ipTOS == 0 ? 0xfc : 0
    guard layout.dscpMask == 0 || layout.dscp & 3 == 0 else { throw .badMatchBadValue }
    layout.ipProtocol = try reader.uint8()
    layout.protocolMask = wildcards & Wildcard11.ipProtocol == 0 ? .max : 0
    layout.source = try reader.uint32()
    layout.sourceMask = try ~reader.uint32()
    layout.destination = try reader.uint32()
    layout.destinationMask = try ~reader.uint32()
    layout.transportSource = try reader.uint16()
    layout.transportSourceMask = wildcards & Wildcard11.transportSource == 0 ? .max : 0
    layout.transportDestination = try reader.uint16()
    layout.transportDestinationMask = wildcards & Wildcard11.transportDestination == 0 ? .max : 0
    layout.apply(to: &match)
    try match.decodeMPLSAndMetadata11(&reader, wildcards)
    return match
  }

  private mutating func decodeMPLSAndMetadata11(
    _ reader: inout WireReader, _ wildcards: UInt32
  ) throws(OpenFlowError) {
    let label = try reader.uint32()
    let trafficClass = try reader.uint8()
    try reader.skip(3)
    if FieldPrerequisite.mpls.isSatisfied(byRule: key, mask: mask) {
      if wildcards & Wildcard11.mplsLabel == 0 { set(.mplsLabel, FieldValue(label & 0xfffff)) }
      if wildcards & Wildcard11.mplsTrafficClass == 0 { set(.mplsTC, FieldValue(trafficClass & 7)) }
    }
    let metadata = try reader.uint64()
    let metadataMask = try ~reader.uint64()
    set(.metadata, FieldValue(metadata & metadataMask), mask: FieldValue(metadataMask))
  }

  private mutating func setVLAN11(_ vlan: UInt16, _ priority: UInt8, _ wildcards: UInt32)
    throws(OpenFlowError)
  {
    guard wildcards & Wildcard11.vlan == 0 else { return }
    var tci: FieldValue = 0x1000
    var tciMask: FieldValue = 0x1000
    switch vlan {
    case 0xffff:
      set(.vlanTCI, 0, mask: 0xffff)
      return
    case 0xfffe: break
    default:
      guard vlan < 0x1000 else { throw .badMatchBadValue }
      tci |= FieldValue(vlan)
      tciMask |= 0x0fff
    }
    if wildcards & Wildcard11.vlanPriority == 0 {
      guard priority <= 7 else { throw .badMatchBadValue }
      tci |= FieldValue(priority) << 13
      tciMask |= 0xe000
    }
    set(.vlanTCI, tci, mask: tciMask)
  }
}
