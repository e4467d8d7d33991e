import TestSupport
import Testing

@testable import Datapath
@testable import OpenFlow

/// A match that has what a field presupposes.
private func match(for field: Field) -> Match {
  var match = Match()
  func ip(_ type: FieldValue, _ proto: FieldValue) {
    match.set(.ethType, type)
    match.set(.ipProtocol, proto)
  }
  switch field.prerequisite {
  case .none: break
  case .ethernet: break
  case .vlan: match.set(.vlanTCI, 0x1000, mask: 0x1000)
  case .arp: match.set(.ethType, 0x0806)
  case .ipv4, .ip: match.set(.ethType, 0x0800)
  case .ipv6: match.set(.ethType, 0x86dd)
  case .mpls: match.set(.ethType, 0x8847)
  case .nsh: match.set(.ethType, 0x894f)
  case .connection:
    match.set(.ethType, field == .ctIPv6Source || field == .ctIPv6Destination ? 0x86dd : 0x0800)
    match.set(.ctState, 0x22, mask: 0x22)
    match.set(.ctProtocol, 6)
  case .tcp: ip(0x0800, 6)
  case .udp: ip(0x0800, 17)
  case .sctp: ip(0x0800, 132)
  case .icmpv4: ip(0x0800, 1)
  case .icmpv6: ip(0x86dd, 58)
  case .neighborDiscovery, .neighborSolicit:
    ip(0x86dd, 58)
    match.set(.icmpv6Type, 135)
    match.set(.icmpv6Code, 0)
  case .neighborAdvert:
    ip(0x86dd, 58)
    match.set(.icmpv6Type, 136)
    match.set(.icmpv6Code, 0)
  }
  return match
}

/// A value and a mask that a rule may ask for.
private func wanted(_ field: Field, _ random: inout some RandomNumberGenerator) -> (FieldValue, FieldValue) {
  var value = (FieldValue(random.next()) << 64 | FieldValue(random.next())) & field.validBits
  var mask = field.validBits
  switch field {
  case .inPort: value &= 0x7fff
  case .inPortOXM, .actionSetOutput: value &= 0x7fff
  case .arpOperation: value &= 0xff
  case .ipFragment: value = [0, 1, 3].randomElement(using: &random) ?? 0
  case .packetType: value = 0x1_0800
  case .ethType: value = 0x88b5
  case .nshMetadataType: value = 1
  case .icmpv6Type: value &= 0x7f
  case .vlanTCI: value |= 0x1000
  case .vlanVID:
    value |= 0x1000
    mask = 0x1fff
  case .ctState: value = 0x22
  default: break
  }
  // Of these some masks alone have a meaning, or, of the policy's flags, no mask is printed.
  let wholly: Set<Field> = [.ipFragment, .vlanTCI, .vlanVID, .ctState, .tunnelGBPFlags]
  if field.isMaskable, !wholly.contains(field), random.next() & 1 == 0 {
    mask &= FieldValue(random.next()) << 64 | FieldValue(random.next())
    mask |= 1
    value &= mask
  }
  return (value, mask)
}

struct MatchRoundTripTests {
  @Test func `every field that has a header goes over the wire and back`() throws {
    var random = SeededRandom(seed: 1)
    for version in [OpenFlowVersion.v10, .v13, .v15] {
      for field in Field.allCases where field.isStored && field.row.nxm ?? field.row.oxm != nil {
        for _ in 0..<20 {
          var match = match(for: field)
          let (value, mask) = wanted(field, &random)
          match.set(field, value, mask: mask)
          var writer = WireWriter()
          match.encodeExtensible(to: &writer, version)
          var reader = WireReader(writer.bytes)
          var cookie: MatchCookie?
          let back = try Match.decodeExtensible(&reader, cookie: &cookie)
          #expect(back.mask(of: field) == match.mask(of: field), "\(field.name) \(version)")
          #expect(back.value(of: field) == match.value(of: field), "\(field.name) \(version)")
        }
      }
    }
  }

  @Test func `every field that flows can name is read as it is written`() throws {
    var random = SeededRandom(seed: 2)
    // OVS prints these fields under names that it does not read.
    let renamed: Set<Field> = [.gtpuFlags, .gtpuMessageType]
    for field in Field.allCases
    where field.isStored && field.row.compatibility != .unsupported && !renamed.contains(field) {
      for _ in 0..<20 {
        var match = match(for: field)
        let (value, mask) = wanted(field, &random)
        match.set(field, value, mask: mask)
        let text = match.text()
        let back = try FlowParser().flow(text + " actions=drop", .add).change.match
        #expect(back.mask(of: field) == match.mask(of: field), "\(field.name) \(text)")
        #expect(back.value(of: field) == match.value(of: field), "\(field.name) \(text)")
      }
    }
  }
}
