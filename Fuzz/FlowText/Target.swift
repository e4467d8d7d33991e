import OpenFlow

/// Reads a flow, a match, actions, a group and a meter from text: whatever it says, nothing traps, and what was read can be printed.
func fuzz(_ input: Span<UInt8>) {
  guard input.count > 0 else { return }
  let bytes = [UInt8](input)
  let command = FlowCommand.allCases[Int(bytes[0]) % FlowCommand.allCases.count]
  let parser = FlowParser()
  if let flow = try? parser.flow(bytes[1...], command) {
    _ = flow.change.text()
    _ = flow.formats.text
    _ = flow.change.match.normalized().text()
  }
  _ = try? parser.line(bytes[...])
  if let group = try? parser.groupLine(bytes[...]) {
    for version in OpenFlowVersion.allCases {
      let message = Message.groupModification(group.change).encode(WireProtocol(version), xid: 1)
      _ = MessagePrinter().textBytes(message)
    }
  }
  let text = String(decoding: bytes, as: UTF8.self)
  if let meter = try? parser.meter(text, .add) {
    let message = Message.meterModification(meter.change).encode(WireProtocol(.v13), xid: 1)
    _ = MessagePrinter().textBytes(message)
  }
  if let request = try? parser.request(text) { _ = request.change.match.key.text() }
  if let actions = try? parser.actions(text) { _ = Action.text(actions) }
}
