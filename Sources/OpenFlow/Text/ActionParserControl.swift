// Actions on the processing of a packet, and instructions.

import Datapath

extension ActionParser {
  func note(_ text: TextBytes) throws(FlowTextError) -> Action {
    guard let bytes = ActionParser.bytes(text) else {
      throw FlowTextError("bad hex digit in `note' argument")
    }
    return .note(bytes)
  }

  func writeMetadata(_ text: TextBytes) throws(FlowTextError) -> Action {
    let parts = text.optionalSplit(at: UInt8(ascii: "/"))
    var mask = UInt64.max
    if let maskText = parts.after { mask = try parseUInt64(maskText) }
    return .writeMetadata(try parseUInt64(parts.before), mask: mask)
  }

  func gotoTable(_ text: TextBytes) throws(FlowTextError) -> Action {
    guard let table = names.table(text) else { throw FlowTextError("unknown table \"\(text.string)\"") }
    return .gotoTable(table)
  }

  func finTimeout(_ text: TextBytes) throws(FlowTextError) -> Action {
    var idle: UInt16 = 0
    var hard: UInt16 = 0
    var reader = KeyValueReader(text)
    while let pair = reader.next() {
      if pair.key.equals("idle_timeout") {
        idle = try parseUInt16(pair.value, "idle_timeout")
      } else if pair.key.equals("hard_timeout") {
        hard = try parseUInt16(pair.value, "hard_timeout")
      } else {
        throw FlowTextError("invalid key '\(pair.key.string)' in 'fin_timeout' argument")
      }
    }
    return .finTimeout(idleSeconds: idle, hardSeconds: hard)
  }

  func conjunction(_ text: TextBytes) throws(FlowTextError) -> ConjunctionAction {
    guard let parts = text.split(at: UInt8(ascii: ",")),
      let clauses = parts.after.split(at: UInt8(ascii: "/")),
      let id = wholeNumber(parts.before.trimmed), id <= 0xffff_ffff,
      let clause = wholeNumber(clauses.before.trimmed, base: 10), clause <= 0xff,
      let count = wholeNumber(clauses.after.trimmed, base: 10), count <= 0xff
    else {
      throw FlowTextError("\"conjunction\" syntax is \"conjunction(id,i/n)\"")
    }
    guard count >= 2 else { throw FlowTextError("conjunction must have at least 2 clauses") }
    guard count <= 64 else { throw FlowTextError("conjunction must have at most 64 clauses") }
    guard clause >= 1 else { throw FlowTextError("clause index must be positive") }
    guard clause <= count else {
      throw FlowTextError("clause index must be less than or equal to number of clauses")
    }
    return ConjunctionAction(id: UInt32(id), clause: UInt8(clause - 1), clauseCount: UInt8(count))
  }

  func sample(_ text: TextBytes) throws(FlowTextError) -> SampleAction {
    var action = SampleAction()
    var reader = KeyValueReader(text)
    while let pair = reader.next() {
      if pair.key.equals("probability") {
        action.probability = try parseUInt16(pair.value, "probability")
        guard action.probability > 0 else {
          throw FlowTextError("invalid probability value \"\(pair.value.string)\"")
        }
      } else if pair.key.equals("collector_set_id") {
        action.collectorSet = try parseUInt32(pair.value)
      } else if pair.key.equals("obs_domain_id") {
        action.observationDomain = try parseUInt32(pair.value)
      } else if pair.key.equals("obs_point_id") {
        action.observationPoint = try parseUInt32(pair.value)
      } else if pair.key.equals("sampling_port") {
        guard let port = names.port(pair.value) else {
          throw FlowTextError("\(pair.value.string): unknown port")
        }
        action.samplingPort = port
      } else if pair.key.equals("ingress") {
        action.direction = .ingress
      } else if pair.key.equals("egress") {
        action.direction = .egress
      } else {
        throw FlowTextError("invalid key \"\(pair.key.string)\" in \"sample\" argument")
      }
    }
    guard action.probability > 0 else {
      throw FlowTextError("non-zero \"probability\" must be specified on sample")
    }
    return action
  }
}
