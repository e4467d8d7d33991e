// The `learn` action on the wire (NXAST_LEARN and NXAST_LEARN2).

import Datapath

extension ActionReader {
  func learn(_ body: inout WireReader, isLimited: Bool) throws(OpenFlowError) -> Action {
    var learn = LearnAction()
    learn.idleTimeoutSeconds = try body.uint16()
    learn.hardTimeoutSeconds = try body.uint16()
    learn.priority = try body.uint16()
    learn.cookie = try body.uint64()
    let flags = try body.uint16()
    guard flags & ~(isLimited ? 7 : 3) == 0 else { throw .badActionBadArgument }
    learn.sendsFlowRemoved = flags & 1 != 0
    learn.deletesLearned = flags & 2 != 0
    learn.table = try body.uint8()
    guard learn.table != 0xff else { throw .badActionBadArgument }
    try body.skipZero(1, else: .badActionBadArgument)
    learn.finIdleTimeoutSeconds = try body.uint16()
    learn.finHardTimeoutSeconds = try body.uint16()
    if isLimited {
      learn.limit = try body.uint32()
      let offset = try Int(body.uint16())
      try body.skip(2)
      if flags & 4 != 0 {
        let field = try fieldHeader(&body)
        learn.result = try destination(field, offset: offset, bitCount: 1)
      }
    }
    // A header of zero ends the list: what follows is padding.
    while body.remaining >= 2 {
      let header = try body.uint16()
      if header == 0 { break }
      learn.specifications.append(try specification(header, &body))
    }
    try body.skipZero(body.remaining, else: .badActionBadArgument)
    return .learn(learn)
  }

  private func specification(
    _ header: UInt16, _ body: inout WireReader
  ) throws(OpenFlowError) -> LearnSpecification {
    let bits = Int(header & 0x7ff)
    guard header & ~0x3fff == 0, bits > 0 else { throw .badActionBadArgument }
    let source: LearnSpecification.Source
    if header & 0x2000 != 0 {
      source = try .value(body.fieldValue((bits &+ 15) / 16 &* 2))
    } else {
      let field = try fieldHeader(&body)
      source = try .field(subfield(field, offset: Int(body.uint16()), bitCount: bits))
    }
    let target: LearnSpecification.Destination
    switch header >> 11 & 3 {
    case 0:
      let field = try fieldHeader(&body)
      target = try .match(subfield(field, offset: Int(body.uint16()), bitCount: bits))
    case 1:
      let field = try fieldHeader(&body)
      target = try .load(destination(field, offset: Int(body.uint16()), bitCount: bits))
    case 2:
      guard header & 0x2000 == 0 else { throw .badActionBadArgument }
      target = .output
    default: throw .badActionBadArgument
    }
    return LearnSpecification(bitCount: UInt16(bits), source: source, destination: target)
  }
}

extension ActionWriter {
  func learn(_ learn: LearnAction, to writer: inout WireWriter) {
    let isLimited = learn.limit != 0 || learn.result != nil
    frame(isLimited ? .learnLimited : .learn, to: &writer) { body in
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
      if isLimited {
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
