// The `learn` action.

import Datapath

extension ActionParser {
  func learn(_ text: TextBytes) throws(FlowTextError) -> LearnAction {
    var action = LearnAction()
    var reader = KeyValueReader(text)
    while let pair = reader.next() {
      if try property(pair, of: text, &action) { continue }
      action.specifications.append(try specification(pair, of: text))
    }
    return action
  }

  /// Takes a property of the learned flow, its numbers as C's atoi reads them; false if it is not a property.
  private func property(
    _ pair: KeyValueReader.Pair, of text: TextBytes, _ action: inout LearnAction
  ) throws(FlowTextError) -> Bool {
    let number = { UInt16(truncatingIfNeeded: leadingNumber(pair.value)) }
    if pair.key.equals("table") {
      guard let table = names.table(pair.value) else {
        throw FlowTextError("unknown table \"\(pair.value.string)\"")
      }
      guard table != 0xff else {
        throw FlowTextError("\(text.string): table id 255 not valid for `learn' action")
      }
      action.table = table
    } else if pair.key.equals("priority") {
      action.priority = number()
    } else if pair.key.equals("idle_timeout") {
      action.idleTimeoutSeconds = number()
    } else if pair.key.equals("hard_timeout") {
      action.hardTimeoutSeconds = number()
    } else if pair.key.equals("fin_idle_timeout") {
      action.finIdleTimeoutSeconds = number()
    } else if pair.key.equals("fin_hard_timeout") {
      action.finHardTimeoutSeconds = number()
    } else if pair.key.equals("cookie") {
      if case .number(let value, _) = readNumber(pair.value, bitCount: 64) {
        action.cookie = UInt64(truncatingIfNeeded: value)
      }
    } else if pair.key.equals("send_flow_rem") {
      action.sendsFlowRemoved = true
    } else if pair.key.equals("delete_learned") {
      action.deletesLearned = true
    } else if pair.key.equals("limit") {
      action.limit = UInt32(truncatingIfNeeded: leadingNumber(pair.value))
    } else if pair.key.equals("result_dst") {
      let result = try Subfield.parse(pair.value)
      guard result.bitCount == 1 else {
        throw FlowTextError("result_dst in 'learn' action must be a single bit")
      }
      action.result = result
    } else {
      return false
    }
    return true
  }

  private func specification(
    _ pair: KeyValueReader.Pair, of text: TextBytes
  ) throws(FlowTextError) -> LearnSpecification {
    if pair.key.equals("load") { return try load(pair.value) }
    if pair.key.equals("output") {
      let source = try Subfield.parse(pair.value)
      return LearnSpecification(bitCount: source.bitCount, source: .field(source), destination: .output)
    }
    let named = Field.named(pair.key.span)
    if let field = named, !pair.value.isEmpty { return try match(field, pair, of: text) }
    guard let destination = named.map({ Subfield($0) }) ?? parsedSubfield(pair.key) else {
      throw FlowTextError("\(text.string): unknown keyword \(pair.key.string)")
    }
    let same = LearnSpecification(
      bitCount: destination.bitCount, source: .field(destination), destination: .match(destination))
    guard !pair.value.isEmpty else { return same }
    return try match(destination, pair, of: text)
  }

  /// `field=value` or `field=other`, for a whole field.
  private func match(
    _ field: Field, _ pair: KeyValueReader.Pair, of text: TextBytes
  ) throws(FlowTextError) -> LearnSpecification {
    let destination = Subfield(field)
    let subfieldError: FlowTextError
    do {
      let source = try Subfield.parse(pair.value)
      return try match(destination, source, pair, of: text)
    } catch {
      subfieldError = error
    }
    do {
      let value = try field.parseExact(pair.value, names: names)
      return LearnSpecification(
        bitCount: destination.bitCount, source: .value(value & field.validBits),
        destination: .match(destination))
    } catch {
      throw FlowTextError(
        "\(text.string): \(pair.key.string) value \(pair.value.string) cannot be parsed as a subfield "
          + "(\(subfieldError.message)) or an immediate value (\(error.message))")
    }
  }

  /// `field[0..3]=value` or `field[0..3]=other[4..7]`.
  private func match(
    _ destination: Subfield, _ pair: KeyValueReader.Pair, of text: TextBytes
  ) throws(FlowTextError) -> LearnSpecification {
    if case .number(let value, let end) = readNumber(pair.value, bitCount: 128), end == pair.value.endIndex {
      guard fits(value, destination) else {
        throw FlowTextError(
          "\(text.string): value does not fit into \(destination.bitCount) bits")
      }
      return LearnSpecification(
        bitCount: destination.bitCount, source: .value(value), destination: .match(destination))
    }
    return try match(destination, try Subfield.parse(pair.value), pair, of: text)
  }

  private func match(
    _ destination: Subfield, _ source: Subfield, _ pair: KeyValueReader.Pair, of text: TextBytes
  ) throws(FlowTextError) -> LearnSpecification {
    guard source.bitCount == destination.bitCount else {
      // OVS names the widths in this order.
      throw FlowTextError(
        "\(text.string): bit widths of \(pair.key.string) (\(source.bitCount)) and "
          + "\(pair.value.string) (\(destination.bitCount)) differ")
    }
    return LearnSpecification(
      bitCount: source.bitCount, source: .field(source), destination: .match(destination))
  }

  private func load(_ text: TextBytes) throws(FlowTextError) -> LearnSpecification {
    guard let first = text.first, isDigit(first) else {
      let (source, destination) = try sourceAndDestination(text)
      return LearnSpecification(
        bitCount: source.bitCount, source: .field(source), destination: .load(destination))
    }
    let (valueText, destinationText) = try arrow(text)
    let destination = try Subfield.parse(destinationText)
    let value = try integer(valueText, of: text, byteCount: min(destination.field.byteCount, 16))
    guard fits(value, destination) else {
      throw FlowTextError("\(text.string): value does not fit into \(destination.bitCount) bits")
    }
    return LearnSpecification(
      bitCount: destination.bitCount, source: .value(value), destination: .load(destination))
  }
}
