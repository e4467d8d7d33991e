// Actions on particular headers.

import Datapath
import PacketWire

extension ActionParser {
  func vlanID(_ text: TextBytes) throws(FlowTextError) -> UInt16 {
    let id = try parseUInt16(text, "VLAN VID")
    guard id <= 0xfff else { throw FlowTextError("\(text.string): not a valid VLAN VID") }
    return id
  }

  func vlanPriority(_ text: TextBytes) throws(FlowTextError) -> UInt8 {
    let priority = try parseUInt8(text, "VLAN PCP")
    guard priority <= 7 else { throw FlowTextError("\(text.string): not a valid VLAN PCP") }
    return priority
  }

  func pushVLAN(_ text: TextBytes) throws(FlowTextError) -> Action {
    let type = try parseUInt16(text, "ethertype")
    guard type == 0x8100 || type == 0x88a8 else {
      throw FlowTextError("\(text.string): not a valid VLAN ethertype")
    }
    return .pushVLAN(type)
  }

  func ethernet(_ text: TextBytes) throws(FlowTextError) -> UInt64 {
    guard let address = MACAddress(utf8: text) else {
      throw FlowTextError("invalid mac address \(text.string)")
    }
    return address.rawValue
  }

  func ipv4(_ text: TextBytes) throws(FlowTextError) -> UInt32 {
    guard let address = IPv4Address(utf8: text) else {
      throw FlowTextError("\(text.string): could not convert to IP address")
    }
    return address.rawValue
  }

  func dscp(_ text: TextBytes) throws(FlowTextError) -> UInt8 {
    let tos = try parseUInt8(text, "TOS")
    guard tos & 3 == 0 else { throw FlowTextError("\(text.string): not a valid TOS") }
    return tos
  }

  func ecn(_ text: TextBytes) throws(FlowTextError) -> UInt8 {
    let ecn = try parseUInt8(text, "ECN")
    guard ecn <= 3 else { throw FlowTextError("\(text.string): not a valid ECN") }
    return ecn
  }

  func decrementTTL(_ text: TextBytes) throws(FlowTextError) -> Action {
    guard !text.isEmpty else { return .decrementTTL(controllers: [0]) }
    var controllers: [UInt16] = []
    var reader = ArgumentReader(text)
    while let argument = reader.next() {
      controllers.append(UInt16(truncatingIfNeeded: leadingNumber(argument)))
    }
    guard !controllers.isEmpty else {
      throw FlowTextError("dec_ttl_cnt_ids: expected at least one controller id.")
    }
    return .decrementTTL(controllers: controllers)
  }

  func setMPLSLabel(_ text: TextBytes) throws(FlowTextError) -> Action {
    guard !text.isEmpty else { throw FlowTextError("set_mpls_label: expected label.") }
    let label = try parseUInt32(text)
    guard label <= 0xfffff else { throw FlowTextError("\(text.string): not a valid MPLS label") }
    return .setMPLSLabel(label)
  }

  func setMPLSTrafficClass(_ text: TextBytes) throws(FlowTextError) -> Action {
    guard !text.isEmpty else { throw FlowTextError("set_mpls_tc: expected tc.") }
    let trafficClass = try parseUInt8(text, "MPLS TC")
    guard trafficClass <= 7 else { throw FlowTextError("\(text.string): not a valid MPLS TC") }
    return .setMPLSTrafficClass(trafficClass)
  }

  func setMPLSTTL(_ text: TextBytes) throws(FlowTextError) -> Action {
    guard !text.isEmpty else { throw FlowTextError("set_mpls_ttl: expected ttl.") }
    return .setMPLSTTL(try parseUInt8(text, "MPLS TTL"))
  }

  func decapsulate(_ text: TextBytes) throws(FlowTextError) -> Action {
    var reader = KeyValueReader(text)
    guard let pair = reader.next() else { return .decapsulate(packetType: nil) }
    return .decapsulate(packetType: try packetType(pair))
  }

  func encapsulate(_ text: TextBytes) throws(FlowTextError) -> Action {
    var reader = KeyValueReader(text)
    guard let pair = reader.next() else { throw FlowTextError("Missing encap hdr: ") }
    guard let type = EncapsulateAction.packetTypes.first(where: { pair.key.equals($0.name) })?.type else {
      throw FlowTextError("Encap hdr not supported: \(pair.value.string)")
    }
    let properties = type == EncapsulateAction.networkService ? try nshProperties(pair.value) : []
    return .encapsulate(EncapsulateAction(packetType: type, properties: properties))
  }

  /// Properties of an NSH header: the type of metadata, and TLVs.
  private func nshProperties(_ text: TextBytes) throws(FlowTextError) -> [EncapsulateAction.Property] {
    var properties: [EncapsulateAction.Property] = []
    var reader = KeyValueReader(text)
    while let pair = reader.next() {
      if pair.key.equals("md_type") {
        let type = try parseUInt8(pair.value, "md_type")
        guard type == 1 || type == 2 else { throw FlowTextError("invalid md_type") }
        properties.append(.init(classNumber: 4, type: 1, value: [type]))
      } else if pair.key.equals("tlv") {
        properties.append(.init(classNumber: 4, type: 2, value: try nshTLV(pair.value)))
      } else {
        throw FlowTextError("\(pair.key.string): unknown property")
      }
    }
    return properties
  }

  /// `tlv(0x1000,10,0x12345678)`: class, type, value.
  private func nshTLV(_ text: TextBytes) throws(FlowTextError) -> [UInt8] {
    var reader = ArgumentReader(text)
    guard let classText = reader.next(), let typeText = reader.next(), let valueText = reader.next(),
      reader.next() == nil,
      let value = ActionParser.bytes(valueText.equals("0x") ? [] : hexDigits(valueText)),
      value.count <= 255
    else {
      throw FlowTextError("Invalid NSH TLV header: \(text.string)")
    }
    let classNumber = try parseUInt16(classText, "tlv_class")
    let type = try parseUInt8(typeText, "tlv_type")
    return [
      UInt8(truncatingIfNeeded: classNumber >> 8), UInt8(truncatingIfNeeded: classNumber), type,
      UInt8(truncatingIfNeeded: value.count),
    ] + value
  }

  private func hexDigits(_ text: TextBytes) -> TextBytes {
    let digits = text.starts(with: [0x30, 0x78]) ? text.dropFirst(2) : text
    return digits.count % 2 == 0 ? digits : ([0x30] + digits)[...]
  }

  private func packetType(_ pair: KeyValueReader.Pair) throws(FlowTextError) -> UInt32 {
    guard pair.key.equals("packet_type") else {
      throw FlowTextError("Invalid decap argument: \(pair.key.string)")
    }
    var space: UInt16 = 0
    var type: UInt16?
    var reader = KeyValueReader(pair.value)
    while let part = reader.next() {
      if part.key.equals("ns") {
        space = try parseUInt16(part.value, "namespace")
        guard space <= 1 else {
          throw FlowTextError("Unsupported namespace value: \(part.value.string)")
        }
      } else if part.key.equals("type") {
        type = try parseUInt16(part.value, "type")
      } else if !part.key.equals("id") {
        throw FlowTextError("Unknown packet_type attribute: \(part.key.string)")
      }
    }
    guard let type else { throw FlowTextError("Missing packet_type attribute type") }
    return UInt32(space) << 16 | UInt32(type)
  }
}
