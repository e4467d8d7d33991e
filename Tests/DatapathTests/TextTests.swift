import Datapath
import Foundation
import TestSupport
import Testing

/// The lines of `Tests/Vectors/datapath-flows.txt`.
let flowLines: [String] = {
  let text = (try? String(contentsOf: vector("datapath-flows.txt"), encoding: .utf8)) ?? ""
  return text.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("#") }
}()

/// The key and the actions of a line.
func parts(of line: String) -> (key: String, actions: String) {
  let pieces = line.components(separatedBy: ", packets:0, bytes:0, used:never, actions:")
  return (pieces[0], pieces.count > 1 ? pieces[1] : "")
}

@Suite struct TextTests {
  @Test func `there are vectors`() { #expect(flowLines.count >= 15) }

  @Test(arguments: flowLines)
  func `a line is written as it was read`(line: String) throws {
    let (keyText, actionText) = parts(of: line)
    let (key, mask) = try DatapathText.readKey(keyText)
    let actions = try DatapathText.readActions(actionText)
    let flow = FlowMessage(key: key, mask: mask, actions: actions)
    #expect(DatapathText().describe(flow, nowMilliseconds: 0) == line)
  }

  @Test(arguments: flowLines)
  func `a line survives the messages`(line: String) throws {
    let (keyText, actionText) = parts(of: line)
    let (key, mask) = try DatapathText.readKey(keyText)
    let flow = FlowMessage(key: key, mask: mask, actions: try DatapathText.readActions(actionText))
    let decoded = try NetlinkMessage.decode(NetlinkMessage(NetlinkHeader(), .flow(.new, flow)).encode())
    guard case .flow(_, let back)? = decoded.first?.body else { throw Failure() }
    #expect(DatapathText().describe(back, nowMilliseconds: 0) == line)
  }

  @Test(arguments: flowLines)
  func `every truncation and random changes are errors or flows, and never trap`(line: String) throws {
    let (keyText, actionText) = parts(of: line)
    var random = SeededRandom(seed: 21)
    for text in [keyText, actionText] {
      for count in 0..<text.utf8.count {
        let cut = String(decoding: text.utf8.prefix(count), as: UTF8.self)
        _ = try? DatapathText.readKey(cut)
        _ = try? DatapathText.readActions(cut)
        var changed = Array(text.utf8)
        changed[count] = UInt8(random.below(128))
        let other = String(decoding: changed, as: UTF8.self)
        if let (key, mask) = try? DatapathText.readKey(other) {
          _ = DatapathText(isVerbose: true).describe(key, mask: mask)
        }
        if let actions = try? DatapathText.readActions(other) { _ = DatapathText().describe(actions) }
      }
    }
  }

  @Test(arguments: [
    "mpls(label=0/0x0,tc=0/0,ttl=0/0x0,bos=1/1)", "mpls(label=5/0xfffff,tc=3/7,ttl=64/0x0,bos=1/1)",
    "mpls(label=100,tc=0,ttl=64,bos=0,label=7,tc=1,ttl=3,bos=1)",
    "mpls(label=100/0xfffff,tc=0/0,ttl=0/0x0,bos=0/0,label=0/0x0,tc=0/0,ttl=0/0x0,bos=1/1)",
  ])
  func `entries of a label stack are told from each other, whatever the mask sees`(labels: String) throws {
    let text = "recirc_id(0),in_port(1),eth(),eth_type(0x8847)," + labels
    let (key, mask) = try DatapathText.readKey(text)
    #expect(DatapathText().describe(key, mask: mask) == text)
    // A stack whose end nobody said is as deep as can be.
    let (open, openMask) = try DatapathText.readKey("eth(),eth_type(0x8847),mpls(label=0/0x0,bos=0)")
    let (again, mask2) = try DatapathText.readKey(DatapathText().describe(open, mask: openMask))
    #expect(again == open && mask2 == openMask)
  }

  @Test func `statistics say how long ago, and which flags`() {
    var statistics = FlowStatistics()
    statistics.packets = 5
    statistics.bytes = 500
    statistics.usedMilliseconds = 1_000
    statistics.tcpFlags = 0x12
    #expect(
      DatapathText.describe(statistics, nowMilliseconds: 3_045)
        == "packets:5, bytes:500, used:2.045s, flags:S.")
  }

  @Test func `ports may have names`() throws {
    let text = DatapathText(portName: { $0.rawValue == 3 ? "eth0" : nil })
    #expect(text.describe([output(3), output(4)]) == "eth0,4")
    #expect(
      try DatapathText.readActions("eth0") { $0 == "eth0" ? DatapathPortNumber(3) : nil } == [output(3)])
  }

  @Test func `nesting has a limit`() {
    let deep = String(repeating: "clone(", count: 100) + "1" + String(repeating: ")", count: 100)
    #expect(throws: DatapathTextError.nestingTooDeep) { try DatapathText.readActions(deep) }
  }
}
