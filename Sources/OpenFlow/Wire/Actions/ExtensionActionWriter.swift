import Datapath

// Actions of the Nicira extensions. They name fields by the headers of OpenFlow 1.0's extension, in every
// version.

extension ActionWriter {
  func writeExtension(_ action: Action, to writer: inout WireWriter) {
    switch action {
    case .popQueue: nicira(5, to: &writer) { $0.zeros(6) }
    case .resubmit(let resubmit): self.resubmit(resubmit, to: &writer)
    case .move(let from, let target): move(from, target, to: &writer)
    case .outputField(let field, let maximum): outputField(field, maximum, to: &writer)
    case .outputTruncated(let port, let maximum):
      nicira(39, to: &writer) { body in
        body.uint16(port.openFlow10)
        body.uint32(maximum)
      }
    case .controller(let controller): self.controller(controller, to: &writer)
    case .stackPush(let field): stack(27, field, to: &writer)
    case .stackPop(let field): stack(28, field, to: &writer)
    case .finTimeout(let idle, let hard):
      nicira(19, to: &writer) { body in
        body.uint16(idle)
        body.uint16(hard)
      }
    case .note(let bytes): nicira(8, to: &writer) { $0.append(bytes) }
    case .exit: nicira(17, to: &writer) { $0.zeros(6) }
    case .conjunction(let conjunction):
      nicira(34, to: &writer) { body in
        body.uint8(conjunction.clause)
        body.uint8(conjunction.clauseCount)
        body.uint32(conjunction.id)
      }
    case .connectionTrackClear: nicira(43, to: &writer) { $0.zeros(6) }
    case .decrementNSHTTL: nicira(48, to: &writer) { $0.zeros(6) }
    case .decapsulate(let packetType):
      nicira(47, to: &writer) { body in
        body.zeros(2)
        body.uint32(packetType ?? ActionReader.nextProtocol)
      }
    case .debugRecirculate: nicira(255, to: &writer) { $0.zeros(6) }
    case .debugSlow: nicira(254, to: &writer) { $0.zeros(6) }
    default: writeLongExtension(action, to: &writer)
    }
  }

  private func writeLongExtension(_ action: Action, to writer: inout WireWriter) {
    switch action {
    case .multipath(let multipath): self.multipath(multipath, to: &writer)
    case .bundle(let bundle): self.bundle(bundle, to: &writer)
    case .sample(let sample): self.sample(sample, to: &writer)
    case .learn(let learn): self.learn(learn, to: &writer)
    case .connectionTrack(let track): connectionTrack(track, to: &writer)
    case .nat(let nat): self.nat(nat, to: &writer)
    case .encapsulate(let encapsulate): self.encapsulate(encapsulate, to: &writer)
    case .clone(let actions):
      var nested = self
      nicira(42, to: &writer) { body in
        body.zeros(6)
        nested.list(actions, to: &body)
      }
    case .checkPacketLarger(let byteCount, let target):
      nicira(49, to: &writer) { body in
        body.uint16(byteCount)
        body.uint16(target.offset)
        // The header of the field has room for an experimenter's number, used or not.
        let start = body.count
        FieldEntryHeader.write(target.field, to: &body, .v10)
        body.zeros(10 &- (body.count &- start))
      }
    case .deleteField(let field):
      nicira(50, to: &writer) { body in
        let start = body.count
        FieldEntryHeader.write(field, byteCount: field.byteCount, to: &body, .v10)
        body.zeros(14 &- (body.count &- start))
      }
    default: break
    }
  }

  func resubmit(_ resubmit: ResubmitAction, to writer: inout WireWriter) {
    let port = (resubmit.port ?? .inPort).openFlow10
    if resubmit.isShort, !resubmit.usesConnectionTuple, resubmit.table == nil {
      return nicira(1, to: &writer) { body in
        body.uint16(port)
        body.zeros(4)
      }
    }
    nicira(resubmit.usesConnectionTuple ? 44 : 14, to: &writer) { body in
      body.uint16(port)
      body.uint8(resubmit.table ?? 0xff)
      body.zeros(3)
    }
  }

  private func move(_ from: Subfield, _ target: Subfield, to writer: inout WireWriter) {
    let isCopy = version >= .v15
    let headers = isCopy ? version : .v10
    let body: (inout WireWriter) -> Void = { body in
      body.uint16(from.bitCount)
      body.uint16(from.offset)
      body.uint16(target.offset)
      if isCopy { body.zeros(2) }
      FieldEntryHeader.write(from.field, to: &body, headers)
      FieldEntryHeader.write(target.field, to: &body, headers)
    }
    if isCopy {
      standard(28, to: &writer, body)
    } else {
      nicira(6, to: &writer, body)
    }
  }

  private func outputField(_ field: Subfield, _ maximum: UInt16, to writer: inout WireWriter) {
    let isExperimenter =
      field.field.header(openFlowVersion: OpenFlowVersion.v10.rawValue)?.isExperimenter ?? false
    let offsetAndBits = field.offset << 6 | (field.bitCount &- 1) & 0x3f
    if isExperimenter {
      nicira(32, to: &writer) { body in
        body.uint16(offsetAndBits)
        body.uint16(maximum)
        FieldEntryHeader.write(field.field, to: &body, .v10)
      }
    } else {
      nicira(15, to: &writer) { body in
        body.uint16(offsetAndBits)
        FieldEntryHeader.write(field.field, to: &body, .v10)
        body.uint16(maximum)
        body.zeros(6)
      }
    }
  }

  private func stack(_ subtype: UInt16, _ field: Subfield, to writer: inout WireWriter) {
    nicira(subtype, to: &writer) { body in
      body.uint16(field.offset)
      FieldEntryHeader.write(field.field, to: &body, .v10)
      body.uint16(field.bitCount)
      // The action has the size it would have with an experimenter's number in the header.
      if body.count & 7 != 0 { body.zeros(6) }
    }
  }

  private func controller(_ controller: ControllerAction, to writer: inout WireWriter) {
    let isExtended =
      controller.isExtended || controller.isPausing || controller.meter != nil || !controller.userData.isEmpty
    guard isExtended else {
      return nicira(20, to: &writer) { body in
        body.uint16(controller.maximumByteCount)
        body.uint16(controller.controller)
        body.uint8(controller.reason)
        body.uint8(0)
      }
    }
    nicira(37, to: &writer) { body in
      body.zeros(6)
      if controller.maximumByteCount != .max { body.property(0, controller.maximumByteCount) }
      if controller.controller != 0 { body.property(1, controller.controller) }
      if controller.reason != 1 { body.property(2, controller.reason) }
      if !controller.userData.isEmpty { body.property(3, bytes: controller.userData) }
      if controller.isPausing { body.property(4, bytes: []) }
      if let meter = controller.meter { body.property(5, meter) }
    }
  }

  private func multipath(_ multipath: MultipathAction, to writer: inout WireWriter) {
    nicira(10, to: &writer) { body in
      body.uint16(multipath.fields.rawValue)
      body.uint16(multipath.basis)
      body.zeros(2)
      body.uint16(multipath.algorithm.rawValue)
      body.uint16(multipath.maximumLink)
      body.uint32(multipath.argument)
      body.zeros(2)
      let target = multipath.destination
      body.uint16(target.offset << 6 | (target.bitCount &- 1) & 0x3f)
      FieldEntryHeader.write(target.field, to: &body, .v10)
    }
  }

  private func bundle(_ bundle: BundleAction, to writer: inout WireWriter) {
    nicira(bundle.destination == nil ? 12 : 13, to: &writer) { body in
      body.uint16(bundle.algorithm.rawValue)
      body.uint16(bundle.fields.rawValue)
      body.uint16(bundle.basis)
      body.uint32(0x0000_0002)
      body.uint16(UInt16(truncatingIfNeeded: bundle.members.count))
      if let target = bundle.destination {
        body.uint16(target.offset << 6 | (target.bitCount &- 1) & 0x3f)
        FieldEntryHeader.write(target.field, to: &body, .v10)
        body.zeros(4)
      } else {
        body.zeros(10)
      }
      for member in bundle.members { body.uint16(member.openFlow10) }
    }
  }

  private func sample(_ sample: SampleAction, to writer: inout WireWriter) {
    let isDirected = sample.direction != .unspecified
    let hasPort = sample.samplingPort != .none
    nicira(isDirected ? 41 : hasPort ? 38 : 29, to: &writer) { body in
      body.uint16(sample.probability)
      body.uint32(sample.collectorSet)
      body.uint32(sample.observationDomain)
      body.uint32(sample.observationPoint)
      guard isDirected || hasPort else { return }
      body.uint16(sample.samplingPort.openFlow10)
      body.uint8(sample.direction.rawValue)
    }
  }

  private func connectionTrack(_ track: ConnectionTrackAction, to writer: inout WireWriter) {
    var nested = self
    nicira(35, to: &writer) { body in
      body.uint16((track.commits ? 1 : 0) | (track.forces ? 2 : 0))
      if let source = track.zoneSource {
        FieldEntryHeader.write(source.field, to: &body, .v10)
        body.uint16(source.offset << 6 | (source.bitCount &- 1) & 0x3f)
      } else {
        body.uint32(0)
        body.uint16(track.zone)
      }
      body.uint8(track.table ?? 0xff)
      body.zeros(3)
      body.uint16(track.helperPort)
      nested.list(track.actions, to: &body)
    }
  }

  private func nat(_ nat: NATAction, to writer: inout WireWriter) {
    var flags: UInt16 = nat.isPersistent ? 4 : 0
    switch nat.direction {
    case .existing: break
    case .source: flags |= 1
    case .destination: flags |= 2
    }
    switch nat.selection {
    case .unspecified: break
    case .hash: flags |= 8
    case .random: flags |= 16
    }
    var present: UInt16 = 0
    var range = WireWriter()
    switch nat.addresses {
    case .none: break
    case .ipv4(let first, let last):
      present |= 0x01
      range.uint32(first)
      if last != first {
        present |= 0x02
        range.uint32(last)
      }
    case .ipv6(let first, let last):
      present |= 0x04
      range.fieldValue(first, 16)
      if last != first {
        present |= 0x08
        range.fieldValue(last, 16)
      }
    }
    if nat.minimumPort != 0 {
      present |= 0x10
      range.uint16(nat.minimumPort)
      if nat.maximumPort != 0, nat.maximumPort != nat.minimumPort {
        present |= 0x20
        range.uint16(nat.maximumPort)
      }
    }
    nicira(36, to: &writer) { body in
      body.zeros(2)
      body.uint16(flags)
      body.uint16(present)
      body.append(range.bytes)
    }
  }

  private func encapsulate(_ encapsulate: EncapsulateAction, to writer: inout WireWriter) {
    nicira(46, to: &writer) { body in
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

  private func learn(_ learn: LearnAction, to writer: inout WireWriter) {
    let isSecond = learn.limit != 0 || learn.result != nil
    nicira(isSecond ? 45 : 16, to: &writer) { body in
      body.uint16(learn.idleTimeoutSeconds)
      body.uint16(learn.hardTimeoutSeconds)
      body.uint16(learn.priority)
      body.uint64(learn.cookie)
      body.uint16(
        (learn.sendsFlowRemoved ? 1 : 0) | (learn.deletesLearned ? 2 : 0) | (learn.result == nil ? 0 : 4))
      body.uint8(learn.table)
      body.uint8(0)
      body.uint16(learn.finIdleTimeoutSeconds)
      body.uint16(learn.finHardTimeoutSeconds)
      if isSecond {
        body.uint32(learn.limit)
        body.uint16(learn.result?.offset ?? 0)
        body.zeros(2)
        if let result = learn.result { FieldEntryHeader.write(result.field, to: &body, .v10) }
      }
      for specification in learn.specifications { self.specification(specification, to: &body) }
    }
  }

  private func specification(_ specification: LearnSpecification, to writer: inout WireWriter) {
    let bits = specification.bitCount
    var header = bits
    if case .value = specification.source { header |= 0x2000 }
    switch specification.destination {
    case .match: break
    case .load: header |= 0x0800
    case .output: header |= 0x1000
    }
    writer.uint16(header)
    switch specification.source {
    case .field(let field):
      FieldEntryHeader.write(field.field, to: &writer, .v10)
      writer.uint16(field.offset)
    case .value(let value): writer.fieldValue(value, (Int(bits) &+ 15) / 16 &* 2)
    }
    switch specification.destination {
    case .match(let field), .load(let field):
      FieldEntryHeader.write(field.field, to: &writer, .v10)
      writer.uint16(field.offset)
    case .output: break
    }
  }
}
