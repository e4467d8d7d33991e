// What: the syntax of actions, ovs-actions(7).
//
// How: `ActionParser` takes the list apart and hands each action to the extension that knows its arguments;
// `ActionOrder` then checks what may follow what. Nested lists come back here, one level deeper each.

import Datapath

/// Reads lists of actions.
struct ActionParser {
  /// How deep actions may be nested.
  static var maximumDepth: Int { 100 }

  let names: FlowNames
  /// The OpenFlow forms that can carry what has been read.
  var formats: FlowFormats = .any
  private var depth = 0

  init(names: FlowNames) { self.names = names }

  /// Reads the actions and instructions of a flow.
  mutating func parse(_ text: TextBytes) throws(FlowTextError) -> [Action] {
    let actions = try list(text)
    try ActionOrder.check(actions, inside: .nothing)
    return actions
  }

  /// Reads actions without instructions, as in a packet-out message or a bucket of a group.
  mutating func parseActions(_ text: TextBytes) throws(FlowTextError) -> [Action] {
    let actions = try list(text)
    try ActionOrder.check(actions, inside: .nothing, allowsInstructions: false)
    return actions
  }

  /// Reads the actions inside another.
  mutating func nested(_ text: TextBytes, inside outer: ActionOrder.Outer) throws(FlowTextError) -> [Action] {
    guard depth < ActionParser.maximumDepth else { throw FlowTextError("Action nested too deeply") }
    depth += 1
    let actions = try list(text)
    depth -= 1
    try ActionOrder.check(actions, inside: outer, allowsInstructions: false)
    return actions
  }

  private mutating func list(_ text: TextBytes) throws(FlowTextError) -> [Action] {
    var actions: [Action] = []
    var isDropped = false
    var reader = KeyValueReader(text)
    while let pair = reader.next() {
      if let keyword = ActionKeyword.table.find(pair.key) {
        if keyword == .drop {
          isDropped = true
        } else {
          actions.append(try action(keyword, pair.value))
        }
      } else if let port = names.port(pair.key) {
        actions.append(.output(port))
      } else {
        throw FlowTextError("unknown action \(pair.key.string)")
      }
    }
    if isDropped && !actions.isEmpty {
      throw FlowTextError("\"drop\" must not be accompanied by any other action or instruction")
    }
    return actions
  }

  private mutating func action(_ keyword: ActionKeyword, _ text: TextBytes) throws(FlowTextError) -> Action {
    switch keyword {
    case .output, .group, .controller, .enqueue, .resubmit, .bundle, .bundleLoad, .multipath:
      return try destination(keyword, text)
    case .setField, .load, .move, .push, .pop, .deleteField, .checkPacketLarger:
      return try fields(keyword, text)
    case .setVLANID, .modVLANID, .setVLANPriority, .modVLANPriority, .stripVLAN, .popVLAN, .pushVLAN,
      .modEthernetSource,
      .modEthernetDestination, .modIPSource, .modIPDestination, .modTOS, .modECN, .modTTL,
      .modTransportSource,
      .modTransportDestination, .decrementTTL, .pushMPLS, .popMPLS, .setMPLSLabel, .setMPLSTrafficClass,
      .setMPLSTTL, .decrementMPLSTTL, .decrementNSHTTL, .encap, .decap:
      return try headers(keyword, text)
    case .connectionTrack: return try connectionTrack(text)
    case .connectionTrackClear: return .connectionTrackClear
    case .nat: return .nat(try nat(text))
    case .learn: return .learn(try learn(text))
    case .clone: return .clone(try nested(text, inside: .clone))
    case .writeActions: return .writeActions(try nested(text, inside: .writeActions))
    case .setTunnel, .setTunnel64, .setQueue, .popQueue, .finTimeout, .conjunction, .note, .exit, .sample,
      .debugRecirculate, .debugSlow, .meter, .clearActions, .writeMetadata, .gotoTable:
      return try control(keyword, text)
    case .unroll:
      throw FlowTextError("UNROLL is an internal action that shouldn't be used via OpenFlow")
    case .applyActions: throw FlowTextError("apply_actions is the default instruction")
    case .drop: return .note([])
    }
  }

  /// Splits at `->`.
  func arrow(_ text: TextBytes) throws(FlowTextError) -> (before: TextBytes, after: TextBytes) {
    guard let range = text.firstRange(of: "->") else {
      throw FlowTextError("\(text.string): missing `->'")
    }
    return (text[text.startIndex..<range.lowerBound], text[range.upperBound...])
  }

  /// Bytes in hexadecimal, with dots between them or not; nil if a digit is bad.
  static func bytes(_ text: TextBytes) -> [UInt8]? {
    var bytes: [UInt8] = []
    var index = text.startIndex
    while index < text.endIndex {
      if text[index] == UInt8(ascii: ".") { index &+= 1 }
      guard index < text.endIndex else { break }
      guard index &+ 1 < text.endIndex, let high = hexDigit(text[index]), let low = hexDigit(text[index &+ 1])
      else { return nil }
      bytes.append(high << 4 | low)
      index &+= 2
    }
    return bytes
  }
}

extension FlowParser {
  /// Reads actions without instructions, as in a packet-out message or a bucket of a group.
  public func actions(_ text: String) throws(FlowTextError) -> [Action] {
    var parser = ActionParser(names: names)
    return try parser.parseActions(Array(text.utf8)[...])
  }
}
