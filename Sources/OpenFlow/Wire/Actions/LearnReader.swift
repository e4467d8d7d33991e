import Datapath

extension ActionReader {
  /// Reads `learn` (NXAST_LEARN and NXAST_LEARN2).
  func learn(_ subtype: UInt16, _ body: inout WireReader) throws(OpenFlowError) -> Action {
    var learn = LearnAction()
    learn.idleTimeoutSeconds = try body.uint16()
    learn.hardTimeoutSeconds = try body.uint16()
    learn.priority = try body.uint16()
    learn.cookie = try body.uint64()
    let flags = try body.uint16()
    guard flags & ~(subtype == 45 ? 7 : 3) == 0 else { throw .badActionBadArgument }
    learn.sendsFlowRemoved = flags & 1 != 0
    learn.deletesLearned = flags & 2 != 0
    learn.table = try body.uint8()
    guard learn.table != 0xff else { throw .badActionBadArgument }
    try body.skipZero(1, else: .badActionBadArgument)
    learn.finIdleTimeoutSeconds = try body.uint16()
    learn.finHardTimeoutSeconds = try body.uint16()
    if subtype == 45 {
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
