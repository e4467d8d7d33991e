// Actions on particular headers, on the wire. OpenFlow 1.0 and 1.1 have an action for each header; later versions have
// one for all.

import Datapath

extension ActionReader {
  func setVLANID(_ body: inout WireReader) throws(OpenFlowError) -> Action {
    let id = try body.uint16()
    guard id < 0x1000 else { throw .badActionBadArgument }
    return .setVLANID(id, pushesIfNeeded: version == .v10)
  }

  func setVLANPriority(_ body: inout WireReader) throws(OpenFlowError) -> Action {
    let priority = try body.uint8()
    guard priority <= 7 else { throw .badActionBadArgument }
    return .setVLANPriority(priority, pushesIfNeeded: version == .v10)
  }

  func pushVLAN(_ body: inout WireReader) throws(OpenFlowError) -> Action {
    let type = try body.uint16()
    guard type == 0x8100 || type == 0x88a8 else { throw .badActionBadArgument }
    return .pushVLAN(type)
  }

  func setIPDSCP(_ body: inout WireReader) throws(OpenFlowError) -> Action {
    let tos = try body.uint8()
    guard tos & 3 == 0 else { throw .badActionBadArgument }
    return .setIPDSCP(tos)
  }

  func setIPECN(_ body: inout WireReader) throws(OpenFlowError) -> Action {
    let ecn = try body.uint8()
    guard ecn & ~3 == 0 else { throw .badActionBadArgument }
    return .setIPECN(ecn)
  }

  func decrementTTL(_ body: inout WireReader) throws(OpenFlowError) -> Action {
    let count = try Int(body.uint16())
    try body.skipZero(4, else: .niciraBadRequestMustBeZero)
    var controllers: [UInt16] = []
    for _ in 0..<count { controllers.append(try body.uint16()) }
    return .decrementTTL(controllers: controllers)
  }

  func pushMPLS(_ body: inout WireReader) throws(OpenFlowError) -> Action {
    let type = try body.uint16()
    guard type == 0x8847 || type == 0x8848 else { throw .badActionBadArgument }
    return .pushMPLS(type)
  }

  func decapsulate(_ body: inout WireReader) throws(OpenFlowError) -> Action {
    let type = try body.uint32()
    return .decapsulate(packetType: type == EncapsulateAction.nextProtocol ? nil : type)
  }

  func encapsulate(_ body: inout WireReader) throws(OpenFlowError) -> Action {
    let headerByteCount = try body.uint16()
    let packetType = try body.uint32()
    guard EncapsulateAction.packetTypes.contains(where: { $0.type == packetType }) else {
      throw .niciraBadActionBadHeaderType
    }
    var action = EncapsulateAction(packetType: packetType, headerByteCount: headerByteCount)
    while !body.isAtEnd {
      guard body.remaining >= 4 else { throw .niciraBadActionBadEncapsulationProperty }
      let start = body.remaining
      let classNumber = try body.uint16()
      let type = try body.uint8()
      let length = try Int(body.uint8())
      let padded = (length &+ 7) / 8 &* 8
      guard length >= 4, padded <= start else { throw .niciraBadActionBadEncapsulationProperty }
      guard classNumber == 4, type == 1 || type == 2 else {
        throw .niciraBadActionUnknownEncapsulationProperty
      }
      let value = try body.take(length &- 4)
      try body.skip(padded &- length)
      action.properties.append(.init(classNumber: classNumber, type: type, value: value))
    }
    return .encapsulate(action)
  }
}

extension ActionWriter {
  mutating func setVLANID(_ id: UInt16, _ pushes: Bool, to writer: inout WireWriter) {
    defer { noteVLAN() }
    pushVLANIfNeeded(pushes, to: &writer)
    guard !has(.setField) else { return setWholeField(.vlanVID, FieldValue(id) | 0x1000, to: &writer) }
    frame(.setVLANID, to: &writer) { $0.uint16(id) }
  }

  mutating func setVLANPriority(_ priority: UInt8, _ pushes: Bool, to writer: inout WireWriter) {
    defer { noteVLAN() }
    pushVLANIfNeeded(pushes, to: &writer)
    guard !has(.setField) else { return setWholeField(.vlanPCP, FieldValue(priority), to: &writer) }
    frame(.setVLANPriority, to: &writer) { $0.uint8(priority) }
  }

  func setEthernet(_ form: ActionForm, _ address: UInt64, _ field: Field, to writer: inout WireWriter) {
    guard !has(.setField) else { return setWholeField(field, FieldValue(address), to: &writer) }
    frame(form, to: &writer) { $0.uint48(address) }
  }

  func setIPv4(_ form: ActionForm, _ address: UInt32, _ field: Field, to writer: inout WireWriter) {
    guard !has(.setField) else { return setWholeField(field, FieldValue(address), to: &writer) }
    frame(form, to: &writer) { $0.uint32(address) }
  }

  func setIPDSCP(_ tos: UInt8, to writer: inout WireWriter) {
    guard !has(.setField) else { return setWholeField(.ipDSCP, FieldValue(tos >> 2), to: &writer) }
    frame(.setIPDSCP, to: &writer) { $0.uint8(tos) }
  }

  func setIPECN(_ ecn: UInt8, to writer: inout WireWriter) {
    guard !has(.setField) else { return setWholeField(.ipECN, FieldValue(ecn), to: &writer) }
    guard has(.setIPECN) else { return loadField(.ipECN, FieldValue(ecn), to: &writer) }
    frame(.setIPECN, to: &writer) { $0.uint8(ecn) }
  }

  func setIPTTL(_ ttl: UInt8, to writer: inout WireWriter) {
    guard has(.setIPTTL) else { return loadField(.ipTTL, FieldValue(ttl), to: &writer) }
    frame(.setIPTTL, to: &writer) { $0.uint8(ttl) }
  }

  func setTransport(_ port: UInt16, isSource: Bool, to writer: inout WireWriter) {
    guard !has(.setField) else {
      guard let field = transportField(isSource: isSource) else { return }
      return setWholeField(field, FieldValue(port), to: &writer)
    }
    frame(isSource ? .setTransportSource : .setTransportDestination, to: &writer) { $0.uint16(port) }
  }

  func decrementTTL(_ controllers: [UInt16], to writer: inout WireWriter) {
    guard controllers != [0] else { return frame(.decrementTTL, to: &writer) }
    frame(.decrementTTLControllers, to: &writer) { body in
      body.uint16(UInt16(truncatingIfNeeded: controllers.count))
      body.zeros(4)
      for controller in controllers { body.uint16(controller) }
    }
  }

  func setMPLSLabel(_ label: UInt32, to writer: inout WireWriter) {
    guard !has(.setField) else { return setWholeField(.mplsLabel, FieldValue(label), to: &writer) }
    frame(.setMPLSLabel, to: &writer) { $0.uint32(label) }
  }

  func setMPLSTrafficClass(_ value: UInt8, to writer: inout WireWriter) {
    guard !has(.setField) else { return setWholeField(.mplsTC, FieldValue(value), to: &writer) }
    frame(.setMPLSTrafficClass, to: &writer) { $0.uint8(value) }
  }

  func encapsulate(_ encapsulate: EncapsulateAction, to writer: inout WireWriter) {
    frame(.encapsulate, to: &writer) { body in
      body.uint16(encapsulate.headerByteCount)
      body.uint32(encapsulate.packetType)
      for property in encapsulate.properties {
        let start = body.count
        body.uint16(property.classNumber)
        body.uint8(property.type)
        body.uint8(UInt8(truncatingIfNeeded: 4 &+ property.value.count))
        body.append(property.value)
        body.pad(to: 8, since: start)
      }
    }
  }

  func decapsulate(_ packetType: UInt32?, to writer: inout WireWriter) {
    frame(.decapsulate, to: &writer) { $0.uint32(packetType ?? EncapsulateAction.nextProtocol) }
  }
}

extension EncapsulateAction {
  /// The packet type by which `decap` says that the header removed names what follows.
  static var nextProtocol: UInt32 { 0xfffe }
}
