// Actions on the processing of a packet, on the wire.

import Datapath

extension ActionReader {
  func conjunction(_ body: inout WireReader) throws(OpenFlowError) -> Action {
    let clause = try body.uint8()
    let count = try body.uint8()
    guard count >= 2, count <= 64, clause < count else { throw .niciraBadActionBadConjunction }
    return try .conjunction(ConjunctionAction(id: body.uint32(), clause: clause, clauseCount: count))
  }

  func exit(_ body: inout WireReader) throws(OpenFlowError) -> Action {
    try body.skipZero(body.remaining, else: .niciraBadRequestMustBeZero)
    return .exit
  }

  func sample(_ body: inout WireReader) throws(OpenFlowError) -> SampleAction {
    var sample = SampleAction()
    sample.probability = try body.uint16()
    sample.collectorSet = try body.uint32()
    sample.observationDomain = try body.uint32()
    sample.observationPoint = try body.uint32()
    guard sample.probability != 0 else { throw .badActionBadArgument }
    return sample
  }

  func samplePort(_ body: inout WireReader) throws(OpenFlowError) -> SampleAction {
    var sample = try sample(&body)
    sample.samplingPort = try OpenFlowPortNumber(openFlow10: body.uint16())
    return sample
  }

  func sampleDirection(_ body: inout WireReader) throws(OpenFlowError) -> SampleAction {
    var sample = try samplePort(&body)
    guard let direction = try SampleAction.Direction(rawValue: body.uint8()) else {
      throw .badActionBadArgument
    }
    sample.direction = direction
    try body.skipZero(body.remaining, else: .niciraBadRequestMustBeZero)
    return sample
  }
}

extension ActionWriter {
  func setTunnel(_ id: UInt64, _ isWide: Bool, to writer: inout WireWriter) {
    guard !has(.setField) else { return setWholeField(.tunnelID, FieldValue(id), to: &writer) }
    if id <= UInt64(UInt32.max), !isWide {
      frame(.setTunnel, to: &writer) { $0.uint32(UInt32(truncatingIfNeeded: id)) }
    } else {
      frame(.setTunnelWide, to: &writer) { $0.uint64(id) }
    }
  }

  func finTimeout(_ idleSeconds: UInt16, _ hardSeconds: UInt16, to writer: inout WireWriter) {
    frame(.finTimeout, to: &writer) { body in
      body.uint16(idleSeconds)
      body.uint16(hardSeconds)
    }
  }

  func conjunction(_ conjunction: ConjunctionAction, to writer: inout WireWriter) {
    frame(.conjunction, to: &writer) { body in
      body.uint8(conjunction.clause)
      body.uint8(conjunction.clauseCount)
      body.uint32(conjunction.id)
    }
  }

  func sample(_ sample: SampleAction, to writer: inout WireWriter) {
    let isDirected = sample.direction != .unspecified
    let hasPort = sample.samplingPort != .none
    frame(isDirected ? .sampleDirection : hasPort ? .samplePort : .sample, to: &writer) { body in
      body.uint16(sample.probability)
      body.uint32(sample.collectorSet)
      body.uint32(sample.observationDomain)
      body.uint32(sample.observationPoint)
      guard isDirected || hasPort else { return }
      body.uint16(sample.samplingPort.openFlow10)
      body.uint8(sample.direction.rawValue)
    }
  }

  func clone(_ actions: [Action], to writer: inout WireWriter) {
    var nested = self
    frame(.clone, to: &writer) { nested.list(actions, to: &$0) }
  }
}
