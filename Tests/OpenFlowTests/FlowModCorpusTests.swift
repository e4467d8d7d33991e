import Foundation
import TestSupport
import Testing

@testable import OpenFlow

/// Messages recorded between the distribution's ovs-ofctl and its switch.
enum Corpus {
  /// The lines of a file of Tests/Vectors/OpenFlow, split at tabs.
  static func lines(_ name: String) -> [[String]] {
    guard let text = try? String(contentsOf: vector("OpenFlow/\(name)"), encoding: .utf8) else { return [] }
    return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
      line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    }
  }

  static func bytes(hex: String) -> [UInt8] {
    var bytes: [UInt8] = []
    var high: UInt8?
    for character in hex.utf8 {
      let digit = character < 0x3a ? character - 0x30 : character - 0x57
      if let first = high {
        bytes.append(first << 4 | digit)
        high = nil
      } else {
        high = digit
      }
    }
    return bytes
  }

  static func hex(_ bytes: [UInt8]) -> String {
    bytes.map { byte in
      let text = String(byte, radix: 16)
      return byte < 16 ? "0" + text : text
    }.joined()
  }

  /// The form that the first column of flow-mods.tsv names.
  static func form(_ name: String) -> WireProtocol {
    let parts = name.split(separator: "+")
    let version = OpenFlowVersion(name: String(parts[0])) ?? .v10
    return WireProtocol(version, niciraFlows: parts.contains("NXM"), tableID: parts.contains("table_id"))
  }
}

@Suite struct FlowModCorpusTests {
  @Test func `Recorded flow modifications decode, and encode to the same bytes`() {
    let lines = Corpus.lines("flow-mods.tsv")
    #expect(lines.count > 800)
    for line in lines {
      let form = Corpus.form(line[0])
      do throws(OpenFlowError) {
        let received = try Message.decode(Corpus.bytes(hex: line[2]), hasTableID: form.hasTableID)
        let hex = Corpus.hex(received.message.encode(form, xid: received.xid))
        if hex != line[2] { Issue.record("\(line[0]) \(line[1])\n  theirs \(line[2])\n  ours   \(hex)") }
      } catch {
        Issue.record("\(line[0]) \(line[1]): \(error.name)\n  \(line[2])")
      }
    }
  }

  @Test func `Every truncation of a recorded flow modification is an error or a shorter message`() {
    for line in Corpus.lines("flow-mods.tsv") where line[0] != "OpenFlow12" {
      let whole = Corpus.bytes(hex: line[2])
      for count in 8..<whole.count {
        var cut = Array(whole.prefix(count))
        cut[2] = UInt8(count >> 8)
        cut[3] = UInt8(count & 0xff)
        _ = try? Message.decode(cut)
      }
    }
  }
}
