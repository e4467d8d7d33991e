// Actions that send a packet somewhere, or choose where.

import Datapath

extension ActionParser {
  func output(_ text: TextBytes) throws(FlowTextError) -> Action {
    if text.firstRange(of: "port") != nil && text.firstRange(of: "max_len") != nil {
      return try outputTruncated(text)
    }
    if let port = names.port(text) { return .output(port) }
    guard let source = parsedSubfield(text) else {
      throw FlowTextError("\(text.string): output to unknown port")
    }
    return .outputField(source, maximumByteCount: 0xffff)
  }

  func parsedSubfield(_ text: TextBytes) -> Subfield? {
    do { return try Subfield.parse(text) } catch { return nil }
  }

  private func outputTruncated(_ text: TextBytes) throws(FlowTextError) -> Action {
    var port = OpenFlowPortNumber.none
    var byteCount: UInt32 = 0
    var reader = KeyValueReader(text)
    while let pair = reader.next() {
      if pair.key.equals("port") {
        guard let found = names.port(pair.value) else {
          throw FlowTextError("output to unknown truncate port: \(pair.value.string)")
        }
        if found >= .unset && found != .local && found != .inPort {
          throw FlowTextError("output to unsupported truncate port: \(pair.value.string)")
        }
        port = found
      } else if pair.key.equals("max_len") {
        byteCount = try parseUInt32(pair.value)
        let least = Action.leastTruncatedByteCount
        guard byteCount >= least else {
          throw FlowTextError("max_len \(byteCount) is less than the minimum value \(least)")
        }
      } else {
        throw FlowTextError("invalid key '\(pair.key.string)' in output_trunc argument")
      }
    }
    return .outputTruncated(port, maximumByteCount: byteCount)
  }

  func controller(_ text: TextBytes) throws(FlowTextError) -> ControllerAction {
    var action = ControllerAction()
    guard !text.isEmpty else { return action }
    if text.allSatisfy(isDigit) {
      action.maximumByteCount = try parseUInt16(text, "max_len")
      return action
    }
    var reader = KeyValueReader(text)
    while let pair = reader.next() {
      if pair.key.equals("reason") {
        guard let reason = ControllerAction.reason(named: pair.value) else {
          throw FlowTextError("unknown reason \"\(pair.value.string)\"")
        }
        action.reason = reason
      } else if pair.key.equals("max_len") {
        action.maximumByteCount = try parseUInt16(pair.value, "max_len")
      } else if pair.key.equals("id") {
        action.controller = try parseUInt16(pair.value, "id")
      } else if pair.key.equals("userdata") {
        guard let bytes = ActionParser.bytes(pair.value) else {
          throw FlowTextError("bad hex digit in `controller' action `userdata'")
        }
        action.userData = bytes
      } else if pair.key.equals("pause") {
        action.isPausing = true
      } else if pair.key.equals("meter_id") {
        action.meter = try parseUInt32(pair.value)
      } else {
        throw FlowTextError("unknown key \"\(pair.key.string)\" parsing controller action")
      }
    }
    return action
  }

  func enqueue(_ text: TextBytes) throws(FlowTextError) -> Action {
    var reader = ArgumentReader(text)
    guard let portText = reader.next(separators: ":q,"), let queueText = reader.next(separators: "") else {
      throw FlowTextError("\"enqueue\" syntax is \"enqueue:PORT:QUEUE\" or \"enqueue(PORT,QUEUE)\"")
    }
    guard let port = names.port(portText) else {
      throw FlowTextError("\(portText.string): enqueue to unknown port")
    }
    return .enqueue(port, queue: try parseUInt32(queueText))
  }

  func resubmit(_ text: TextBytes) throws(FlowTextError) -> ResubmitAction {
    let first = text.optionalSplit(at: UInt8(ascii: ","))
    let second = first.after?.optionalSplit(at: UInt8(ascii: ","))
    var action = ResubmitAction(table: nil)
    if !first.before.isEmpty {
      guard let port = names.port(first.before) else {
        throw FlowTextError("\(first.before.string): resubmit to unknown port")
      }
      action.port = port == .inPort ? nil : port
    }
    if let tableText = second?.before, !tableText.isEmpty {
      guard let table = names.table(tableText) else {
        throw FlowTextError("\(tableText.string): resubmit to unknown table")
      }
      action.table = table == 0xff ? nil : table
    }
    if let option = second?.after {
      guard option.equals("ct") else { throw FlowTextError("\(option.string): unknown parameter") }
      action.usesConnectionTuple = true
    }
    if action.port == nil && action.table == nil {
      throw FlowTextError("at least one \"in_port\" or \"table\" must be specified on resubmit")
    }
    action.isShort = action.table == nil && !action.usesConnectionTuple
    return action
  }

  func multipath(_ text: TextBytes) throws(FlowTextError) -> MultipathAction {
    var reader = ArgumentReader(text)
    guard let fieldsText = reader.next(), let basis = reader.next(), let algorithmText = reader.next(),
      let links = reader.next(), let argument = reader.next(), let destinationText = reader.next()
    else {
      throw FlowTextError("\(text.string): not enough arguments to multipath action")
    }
    let fields = try hashFields(fieldsText, in: text)
    guard let algorithm = MultipathAlgorithm.allCases.first(where: { algorithmText.equals($0.name) }) else {
      throw FlowTextError("\(text.string): unknown algorithm `\(algorithmText.string)'")
    }
    let linkCount = leadingNumber(links)
    guard linkCount >= 1 && linkCount <= 65536 else {
      throw FlowTextError("\(text.string): n_links \(linkCount) is not in valid range 1 to 65536")
    }
    let destination = try Subfield.parse(destinationText)
    if destination.bitCount < 16 && linkCount > 1 << UInt64(destination.bitCount) {
      throw FlowTextError(
        "\(text.string): \(destination.bitCount)-bit destination field has \(1 << destination.bitCount) "
          + "possible values, less than specified n_links \(linkCount)")
    }
    return MultipathAction(
      fields: fields, basis: UInt16(truncatingIfNeeded: leadingNumber(basis)), algorithm: algorithm,
      maximumLink: UInt16(truncatingIfNeeded: linkCount &- 1),
      argument: UInt32(truncatingIfNeeded: leadingNumber(argument)), destination: destination)
  }

  func bundle(_ text: TextBytes, isLoad: Bool) throws(FlowTextError) -> BundleAction {
    let missing = FlowTextError("\(text.string): not enough arguments to bundle action")
    var reader = ArgumentReader(text)
    guard let fieldsText = reader.next(), let basis = reader.next(), let algorithmText = reader.next(),
      let typeText = reader.next()
    else { throw missing }
    let destinationText = isLoad ? reader.next() : nil
    guard let delimiter = reader.next(separators: ": ") else { throw missing }
    guard delimiter.equals("members") || delimiter.equals("slaves") else {
      throw FlowTextError(
        "\(text.string): missing member delimiter, expected `members', got `\(delimiter.string)'")
    }
    let fields = try hashFields(fieldsText, in: text)
    guard let algorithm = BundleAction.Algorithm.allCases.first(where: { algorithmText.equals($0.name) })
    else {
      throw FlowTextError("\(text.string): unknown algorithm `\(algorithmText.string)'")
    }
    guard typeText.equals("ofport") else {
      throw FlowTextError("\(text.string): unknown member_type `\(typeText.string)'")
    }
    var members: [OpenFlowPortNumber] = []
    while let member = reader.next(separators: ", []") {
      guard let port = names.port(member) else { throw FlowTextError("\(member.string): bad port number") }
      members.append(port)
    }
    var destination: Subfield?
    if let destinationText { destination = try Subfield.parse(destinationText) }
    return BundleAction(
      fields: fields, basis: UInt16(truncatingIfNeeded: leadingNumber(basis)), algorithm: algorithm,
      members: members, destination: destination)
  }

  private func hashFields(_ word: TextBytes, in text: TextBytes) throws(FlowTextError) -> HashFields {
    guard let fields = HashFields.allCases.first(where: { word.equals($0.name) }) else {
      throw FlowTextError("\(text.string): unknown fields `\(word.string)'")
    }
    return fields
  }

  /// The decimal number at the start of a text, zero if there is none, as C's atoi.
  func leadingNumber(_ text: TextBytes) -> UInt64 {
    guard case .number(let value, _) = readNumber(text, bitCount: 64, base: 10) else { return 0 }
    return UInt64(truncatingIfNeeded: value)
  }
}

extension HashFields {
  /// The name in flow syntax.
  var name: String {
    switch self {
    case .ethernetSource: "eth_src"
    case .symmetricL4: "symmetric_l4"
    case .symmetricL3L4: "symmetric_l3l4"
    case .symmetricL3L4WithUDP: "symmetric_l3l4+udp"
    case .ipSource: "nw_src"
    case .ipDestination: "nw_dst"
    case .symmetricL3: "symmetric_l3"
    }
  }
}

extension MultipathAlgorithm {
  /// The name in flow syntax.
  var name: String {
    switch self {
    case .modulo: "modulo_n"
    case .hashThreshold: "hash_threshold"
    case .highestRandomWeight: "hrw"
    case .iteratedHash: "iter_hash"
    }
  }
}

extension BundleAction.Algorithm {
  /// The name in flow syntax.
  var name: String {
    switch self {
    case .activeBackup: "active_backup"
    case .highestRandomWeight: "hrw"
    }
  }
}

extension ControllerAction {
  /// The names of reasons of packet-in messages, by number.
  private static let reasons = [
    "no_match", "action", "invalid_ttl", "action_set", "group", "packet_out", "explicit_miss",
    "implicit_miss",
  ]

  static func reason(named name: TextBytes) -> UInt8? {
    reasons.firstIndex { name.equalsIgnoringCase($0) }.map { UInt8($0) }
  }

  /// The name of a reason, or its number if it has none.
  static func reasonName(_ reason: UInt8) -> String {
    Int(reason) < reasons.count ? reasons[Int(reason)] : String(reason)
  }
}
