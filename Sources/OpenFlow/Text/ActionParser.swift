// What: the syntax of actions, ovs-actions(7).
//
// How: `ActionParser` takes the list apart and hands each argument to the function that `ActionTable` has for the
// word; `ActionOrder` then checks what may follow what. Nested lists come back here, one level deeper each.

import Datapath

/// Reads lists of actions.
struct ActionParser {
  let names: FlowNames
  /// The OpenFlow forms that can carry what has been read.
  var formats: FlowFormats = .any
  /// How many lists this list lies within.
  private var depth = 0

  init(names: FlowNames) { self.names = names }

  /// Reads the actions and instructions of a flow.
  mutating func parse(_ text: TextBytes) throws(FlowTextError) -> [Action] {
    try list(text, inside: .nothing, allowsInstructions: true)
  }

  /// Reads actions without instructions, as in a packet-out message or a bucket of a group.
  mutating func parseActions(_ text: TextBytes) throws(FlowTextError) -> [Action] {
    try list(text, inside: .nothing, allowsInstructions: false)
  }

  /// Reads the actions inside another.
  mutating func nested(_ text: TextBytes, inside outer: ActionOrder.Outer) throws(FlowTextError) -> [Action] {
    guard depth &+ 1 < ActionTable.maximumListDepth else { throw FlowTextError("Action nested too deeply") }
    depth += 1
    defer { depth -= 1 }
    return try list(text, inside: outer, allowsInstructions: false)
  }

  private mutating func list(
    _ text: TextBytes, inside outer: ActionOrder.Outer, allowsInstructions: Bool
  ) throws(FlowTextError) -> [Action] {
    let actions = try list(text)
    do throws(ActionOrder.Fault) {
      try ActionOrder.check(actions, inside: outer, allowsInstructions: allowsInstructions)
    } catch {
      throw FlowTextError(error.message)
    }
    return actions
  }

  private mutating func list(_ text: TextBytes) throws(FlowTextError) -> [Action] {
    var actions: [Action] = []
    var isDropped = false
    var reader = KeyValueReader(text)
    while let pair = reader.next() {
      if let word = ActionTable.words.find(pair.key) {
        switch word {
        case .action(let allowed, let parse):
          formats.formIntersection(allowed)
          actions.append(try parse(&self, pair.value))
        case .drop: isDropped = true
        case .refused(let reason): throw FlowTextError(reason)
        }
      } else if let port = names.port(pair.key) {
        actions.append(.output(port))
      } else {
        throw FlowTextError("unknown action \(pair.key.string)")
      }
    }
    if isDropped && !actions.isEmpty {
      throw FlowTextError(
        "\"\(ActionTable.drop)\" must not be accompanied by any other action or instruction")
    }
    return actions
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
  @export(interface)
  public func actions(_ text: String) throws(FlowTextError) -> [Action] {
    var parser = ActionParser(names: names)
    return try parser.parseActions(Array(text.utf8)[...])
  }
}
