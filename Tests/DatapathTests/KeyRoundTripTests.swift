import TestSupport
import Testing

@testable import Datapath

/// Fields that no attribute of a datapath carries.
private let withoutAttribute: Set<Field> = [
  // The switch's own.
  .metadata, .conjunctionID, .actionSetOutput,
  // Tunnels that no datapath of ours has.
  .erspanIndex, .erspanVersion, .erspanDirection, .erspanHardwareID, .gtpuFlags, .gtpuMessageType,
]

private func isCarried(_ field: Field) -> Bool {
  field.isStored && !withoutAttribute.contains(field) && field.layout.place.word < KeyPlace.metadata.word
}

/// A key that has what a field presupposes.
private func key(for field: Field) -> FlowKey {
  var key = FlowKey()
  key[.inPort] = 1
  key[.ethType] = UInt64(missingEtherType())
  func ip(_ type: UInt64, _ proto: UInt64) {
    key[.ethType] = type
    key[.ipProtocol] = proto
  }
  switch field.prerequisite {
  case .none, .ethernet: break
  case .vlan: key[.vlanTCI] = 0x1000
  case .arp: key[.ethType] = 0x0806
  case .ipv4, .ip: key[.ethType] = 0x0800
  case .ipv6: key[.ethType] = 0x86dd
  case .mpls:
    key[.ethType] = 0x8847
    key[.mplsEntry0] = 0x1100
  case .nsh:
    key[.ethType] = 0x894f
    key[.nshMetadataType] = 1
  case .connection:
    key[.ethType] = field == .ctIPv6Source || field == .ctIPv6Destination ? 0x86dd : 0x0800
    key[.ctState] = 0x21
    key[.ctProtocol] = 6
  case .tcp: ip(0x0800, 6)
  case .udp: ip(0x0800, 17)
  case .sctp: ip(0x0800, 132)
  case .icmpv4: ip(0x0800, 1)
  case .icmpv6: ip(0x86dd, 58)
  case .neighborDiscovery, .neighborSolicit, .neighborAdvert:
    ip(0x86dd, 58)
    key[.icmpType] = field.prerequisite == .neighborAdvert ? 136 : 135
  }
  if field.name.hasPrefix("tun_") { key[.tunnelDestination] = 0x0a00_0001 }
  // An attribute with an identifier says that there is one.
  if field == .tunnelID { key[.tunnelFlags] = UInt64(TunnelFlags.key.rawValue) }
  if [.vlanTCI, .dlVLAN, .vlanVID, .dlVLANPCP, .vlanPCP].contains(field) {
    key[.vlanTCI] = 0x1000
    key[.vlanTPID] = 0x8100
  }
  return key
}

/// A value that a packet can have.
private func value(of field: Field, _ random: inout some RandomNumberGenerator) -> FieldValue {
  var value = FieldValue(random.next()) << 64 | FieldValue(random.next())
  value &= field.validBits
  switch field {
  case .inPort: return value & 0x7fff
  case .arpOperation: return value & 0xff
  case .ipFragment: return [0, 1, 3].randomElement(using: &random) ?? 0
  case .vlanTCI, .vlanVID: return value | 0x1000
  // A message of another kind has other fields.
  case .icmpv6Type: return value & 0x7f
  // What follows a type depends on it.
  case .ethType: return 0x88b5
  // A packet without an Ethernet header has no tags.
  case .packetType: return 0x1_0800
  case .nshMetadataType: return 1
  // The bits that have names.
  case .ctState: return value & 0xff
  // Without a protocol there is no original tuple; a tunnel's type of service is left out of messages if it is zero.
  case .tunnelDestination, .tunnelTOS, .ctProtocol: return max(1, value)
  default: return value
  }
}

struct KeyRoundTripTests {
  @Test func `every field goes through a datapath's attributes and back`() throws {
    var random = SeededRandom(seed: 1)
    for field in Field.allCases where isCarried(field) {
      for _ in 0..<20 {
        var key = key(for: field)
        let value = value(of: field, &random)
        field.set(value, in: &key)
        var message = FlowMessage(key: key)
        let mask = wholeWords(of: key, and: field)
        message.mask = mask
        let back = try roundTrip(message)
        let backKey = try #require(back.key)
        #expect(field.value(in: backKey) == value, "\(field.name)")
        #expect(backKey == key, "\(field.name)")
        let backMask = try #require(back.mask)
        #expect(field.value(in: backMask) & field.validBits == field.value(in: mask), "\(field.name)")
      }
    }
  }

  @Test func `every field that a datapath's text has is read as it is written`() throws {
    // NSH has attributes, but no text yet.
    var random = SeededRandom(seed: 2)
    for field in Field.allCases where isCarried(field) && field.prerequisite != .nsh {
      for _ in 0..<20 {
        var key = key(for: field)
        let value = value(of: field, &random)
        field.set(value, in: &key)
        let mask = wholeWords(of: key, and: field)
        let text = DatapathText().describe(key, mask: mask)
        guard let (back, backMask) = try? DatapathText.readKey(text) else {
          Issue.record("\(field.name) \(text) is not read")
          continue
        }
        #expect(field.value(in: back) == value, "\(field.name) \(text)")
        #expect(field.value(in: backMask) == field.value(in: mask), "\(field.name) \(text)")
      }
    }
  }

  /// A mask that looks at a field, and at all of whatever stands beside it, so that it is written too.
  private func wholeWords(of key: FlowKey, and field: Field) -> FlowKey {
    var mask = FlowKey()
    for word in 0..<FlowKey.wordCount where key.words[word] != 0 { mask.words[word] = ~0 }
    field.unwildcard(in: &mask)
    return mask
  }

  private func roundTrip(_ message: FlowMessage) throws -> FlowMessage {
    var writer = AttributeWriter()
    message.encode(into: &writer)
    var reader = AttributeReader(writer.bytes)
    return try FlowMessage(decoding: &reader)
  }
}
