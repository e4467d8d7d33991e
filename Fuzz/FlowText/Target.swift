import Datapath
import OpenFlow

/// A flow that was read is written and read again as the same match.
func fuzz(_ input: Span<UInt8>) {
  let bytes = Array(input)
  let parser = FlowParser()
  guard let parsed = try? parser.line(bytes[...]) else { return }
  let text = parsed.change.match.text()
  var again = "priority=\(parsed.change.priority)"
  if !text.isEmpty { again += "," + text }
  guard let second = try? parser.request(text) else { return }
  precondition(second.change.match.key == parsed.change.match.key, again)
}
