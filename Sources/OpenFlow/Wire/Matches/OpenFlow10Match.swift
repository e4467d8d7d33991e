import Datapath

/// The wildcard bits of an OpenFlow 1.0 match (OpenFlow 1.0, section 5.2.3).
private enum Wildcard10 {
  static let inPort: UInt32 = 1 << 0
  static let vlan: UInt32 = 1 << 1
  static let ethSource: UInt32 = 1 << 2
  static let ethDestination: UInt32 = 1 << 3
  static let ethType: UInt32 = 1 << 4
  static let ipProtocol: UInt32 = 1 << 5
  static let transportSource: UInt32 = 1 << 6
  static let transportDestination: UInt32 = 1 << 7
  static let ipSourceShift: UInt32 = 8
  static let ipDestinationShift: UInt32 = 14
  static let vlanPriority: UInt32 = 1 << 20
  static let ipTOS: UInt32 = 1 << 21
}

extension Match {
  /// Length of an OpenFlow 1.0 match.
  static var openFlow10ByteCount: Int { 40 }

  /// Writes the match as OpenFlow 1.0 has it; what that cannot express is left out.
  func encodeOpenFlow10(to writer: inout WireWriter) {
    let layout = FixedMatch(self)
    var wildcards: UInt32 = 0
    if mask(of: .inPortOXM) == 0 { wildcards |= Wildcard10.inPort }
    if mask(of: .ethSource) == 0 { wildcards |= Wildcard10.ethSource }
    if mask(of: .ethDestination) == 0 { wildcards |= Wildcard10.ethDestination }
    if layout.ethTypeMask == 0 { wildcards |= Wildcard10.ethType }
    if layout.protocolMask == 0 { wildcards |= Wildcard10.ipProtocol }
    if layout.transportSourceMask == 0 { wildcards |= Wildcard10.transportSource }
    if layout.transportDestinationMask == 0 { wildcards |= Wildcard10.transportDestination }
    if layout.dscpMask == 0 { wildcards |= Wildcard10.ipTOS }
    wildcards |= Self.wildBits(layout.sourceMask) << Wildcard10.ipSourceShift
    wildcards |= Self.wildBits(layout.destinationMask) << Wildcard10.ipDestinationShift
    let tci = UInt16(truncatingIfNeeded: value(of: .vlanTCI))
    let tciMask = UInt16(truncatingIfNeeded: mask(of: .vlanTCI))
    var vlan: UInt16 = 0
    var priority: UInt8 = 0
    if tciMask == 0 {
      wildcards |= Wildcard10.vlan | Wildcard10.vlanPriority
    } else if tciMask & 0x1000 != 0, tci & 0x1000 == 0 {
      vlan = 0xffff
    } else {
      if tciMask & 0x0fff == 0 { wildcards |= Wildcard10.vlan }
      if tciMask & 0xe000 == 0 { wildcards |= Wildcard10.vlanPriority }
      vlan = tci & 0x0fff
      priority = UInt8(truncatingIfNeeded: tci >> 13)
    }
    writer.uint32(wildcards)
    writer.uint16(OpenFlowPortNumber(UInt32(truncatingIfNeeded: value(of: .inPortOXM))).openFlow10)
    writer.uint48(UInt64(truncatingIfNeeded: value(of: .ethSource)))
    writer.uint48(UInt64(truncatingIfNeeded: value(of: .ethDestination)))
    writer.uint16(vlan)
    writer.uint8(priority)
    writer.uint8(0)
    writer.uint16(layout.ethType)
    writer.uint8(layout.dscp)
    writer.uint8(layout.ipProtocol)
    writer.zeros(2)
    writer.uint32(layout.source)
    writer.uint32(layout.destination)
    writer.uint16(layout.transportSource)
    writer.uint16(layout.transportDestination)
  }

  /// How many low bits of an address are wild; 32 for all.
  ///
  /// A mask that is not a prefix counts its trailing zeros.
  private static func wildBits(_ mask: UInt32) -> UInt32 {
    mask == 0 ? 32 : UInt32(mask.trailingZeroBitCount)
  }

  private static func prefix(wildBits: UInt32) -> UInt32 {
    wildBits & 0x3f >= 32 ? 0 : ~UInt32(0) << (wildBits & 0x3f)
  }

  /// Reads an OpenFlow 1.0 match.
  ///
  /// Fields whose prerequisites it does not match are ignored, as in OVS.
  static func decodeOpenFlow10(_ reader: inout WireReader) throws(OpenFlowError) -> Match {
    let wildcards = try reader.uint32()
    var match = Match()
    var layout = FixedMatch()
    let inPort = try OpenFlowPortNumber(openFlow10: reader.uint16())
    if wildcards & Wildcard10.inPort == 0 { match.set(.inPortOXM, FieldValue(inPort.rawValue)) }
    let source = try reader.uint48()
    if wildcards & Wildcard10.ethSource == 0 { match.set(.ethSource, FieldValue(source)) }
    let destination = try reader.uint48()
    if wildcards & Wildcard10.ethDestination == 0 { match.set(.ethDestination, FieldValue(destination)) }
    let vlan = try reader.uint16()
    let priority = try reader.uint8()
    try reader.skip(1)
    match.setVLAN10(vlan, priority, wildcards)
    layout.ethType = try reader.uint16()
    layout.ethTypeMask = wildcards & Wildcard10.ethType == 0 ? .max : 0
    layout.dscp = try reader.uint8() & 0xfc
    layout.dscpMask = wildcards & Wildcard10.ipTOS == 0 ? 0xfc : 0
    layout.ipProtocol = try reader.uint8()
    layout.protocolMask = wildcards & Wildcard10.ipProtocol == 0 ? .max : 0
    try reader.skip(2)
    layout.source = try reader.uint32()
    layout.sourceMask = prefix(wildBits: wildcards >> Wildcard10.ipSourceShift)
    layout.destination = try reader.uint32()
    layout.destinationMask = prefix(wildBits: wildcards >> Wildcard10.ipDestinationShift)
    layout.transportSource = try reader.uint16()
    layout.transportSourceMask = wildcards & Wildcard10.transportSource == 0 ? .max : 0
    layout.transportDestination = try reader.uint16()
    layout.transportDestinationMask = wildcards & Wildcard10.transportDestination == 0 ? .max : 0
    layout.apply(to: &match)
    return match
  }

  private mutating func setVLAN10(_ vlan: UInt16, _ priority: UInt8, _ wildcards: UInt32) {
    let hasVLAN = wildcards & Wildcard10.vlan == 0
    let hasPriority = wildcards & Wildcard10.vlanPriority == 0
    if hasVLAN, vlan == 0xffff {
      set(.vlanTCI, 0, mask: 0xffff)
      return
    }
    var tci: FieldValue = 0
    var tciMask: FieldValue = 0
    if hasVLAN {
      tci |= FieldValue(vlan & 0x0fff) | 0x1000
      tciMask |= 0x1fff
    }
    if hasPriority {
      tci |= FieldValue(priority & 7) << 13 | 0x1000
      tciMask |= 0xf000
    }
    set(.vlanTCI, tci, mask: tciMask)
  }
}
